//! The result of one person from stored records: goals with actuals and check-ins, ratings, team.

use domain::core::calendar::Period;
use domain::core::time::Timestamp;
use domain::cycles::dropped_dimension::DroppedDimension;
use domain::cycles::performance_policy::{PolicyRules, Population};
use domain::goals::goal::{
    Aggregation, CheckIn, Goal, GoalContent, GoalKind, GoalLevel, GoalRevision, Indicator,
    KeyResult, KeyResultReport, Measure, Measurement,
};
use domain::reviews::form::{Rating, Results, ReviewPart};
use domain::reviews::result::{Case, Computed, Faults, GoalRecord};
use domain::scoring::kpi::{Direction, Method, Ratio};
use domain::scoring::okr::objective::Ambition;
use domain::scoring::review::rater::RaterType;
use domain::scoring::settings::{MissingActual, OkrInReview, Settings, TargetChange};
use domain::state::cycle;
use domain::state::goal::State;
use domain::{Exact, Grade};
use rust_decimal::Decimal;
use uuid::Uuid;

/// A goal with its revisions, measurements and check-ins.
#[derive(Clone)]
struct Owned {
    goal: Goal,
    revisions: Vec<GoalRevision>,
    measurements: Vec<Measurement>,
    check_ins: Vec<CheckIn>,
}

fn period() -> Period {
    Period::new("2025-01-01".parse().unwrap(), "2025-12-31".parse().unwrap()).unwrap()
}

fn goal(id: u128, weight: i64, kind: GoalKind) -> Owned {
    let now = Timestamp::UNIX_EPOCH;
    let goal = Goal {
        id: Uuid::from_u128(id).into(),
        cycle_id: Uuid::nil().into(),
        owner_id: Uuid::nil().into(),
        manager_id: None,
        level: GoalLevel::Person,
        parent_id: None,
        state: State::Active,
        revision: 1,
        content: GoalContent {
            title: format!("goal {id}"),
            description: None,
            weight: Decimal::from(weight),
            period: period(),
            theme: None,
            exploratory: false,
            kind,
        },
        progress: None,
        confidence: None,
        checked_in_at: None,
        score: None,
        scored_from: None,
        return_reason: None,
        cycle_state: cycle::State::Evaluating,
        review_state: None,
        review_id: None,
        first_signature: None,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    Owned { goal, revisions: Vec::new(), measurements: Vec::new(), check_ins: Vec::new() }
}

fn target(target: i64) -> GoalKind {
    GoalKind::Indicator(Box::new(Indicator {
        unit: "CNY".into(),
        source: Some("ERP".into()),
        frequency: None,
        baseline: None,
        aggregation: Aggregation::Sum,
        sources: Default::default(),
        method: Method::Ratio(Ratio { target: target.into(), direction: Direction::Up }),
    }))
}

impl Owned {
    /// Adds the value of a month, as the given revision.
    fn measured(mut self, month: u32, revision: i32, value: i64) -> Self {
        let id = Uuid::from_u128(1000 + self.measurements.len() as u128);
        self.measurements.push(Measurement {
            id: id.into(),
            goal_id: self.goal.id,
            period_start: format!("2025-{month:02}-01").parse().unwrap(),
            source: "ERP".into(),
            external_id: format!("m{month}"),
            revision,
            value: value.into(),
            author_id: Uuid::nil(),
            created_at: Timestamp::UNIX_EPOCH,
            withdrawal: None,
        });
        self
    }

    fn revised(mut self, effective_from: &str, kind: GoalKind) -> Self {
        self.revisions.push(GoalRevision {
            goal_id: self.goal.id,
            revision: self.revisions.len() as i32 + 1,
            content: GoalContent { kind, ..self.goal.content.clone() },
            effective_from: effective_from.parse().unwrap(),
            approved_by: Uuid::nil().into(),
            approved_at: Timestamp::UNIX_EPOCH,
        });
        self
    }

    fn checked_in(mut self, value: i64) -> Self {
        let key_result_id = self.goal.content.key_results()[0].id;
        self.check_ins.push(CheckIn {
            id: Uuid::from_u128(2000 + self.check_ins.len() as u128).into(),
            goal_id: self.goal.id,
            author_id: Uuid::nil().into(),
            reports: vec![KeyResultReport {
                key_result_id,
                value: Some(value.into()),
                done: None,
                steps_done: None,
            }],
            confidence: 7,
            blockers: None,
            comment: None,
            progress: None,
            created_at: Timestamp::UNIX_EPOCH,
            withdrawal: None,
        });
        self
    }

    fn record(&self) -> GoalRecord<'_> {
        let Self { goal, revisions, measurements, check_ins } = self;
        GoalRecord { goal, revisions, measurements, check_ins }
    }

    fn in_state(mut self, state: State) -> Self {
        self.goal.state = state;
        self
    }
}

fn objective(ambition: Ambition) -> GoalKind {
    GoalKind::Objective {
        ambition,
        key_results: vec![KeyResult {
            id: Uuid::from_u128(9).into(),
            title: "twenty customers".into(),
            weight: 100.into(),
            measure: Measure::Metric { start: 0.into(), target: 20.into(), unit: "".into() },
        }],
    }
}

/// Performance 60 %, competency and collaboration 20 % each, by manager 90 % and self 10 %.
fn population() -> Population {
    let mut population = PolicyRules::standard().populations.remove(0);
    population.dimensions.remove(2);
    for rule in &mut population.dimensions[1..] {
        rule.weight = 20.into();
        rule.raters = [(RaterType::Oneself, 10.into()), (RaterType::Manager, 90.into())].into();
    }
    population
}

fn part(ratings: &[(&str, i64)]) -> ReviewPart {
    let rating = |&(dimension, rating): &(&str, i64)| Rating {
        dimension: dimension.into(),
        rating: rating.into(),
        comment: String::new(),
        evidence: Vec::new(),
    };
    ReviewPart { ratings: ratings.iter().map(rating).collect(), ..ReviewPart::default() }
}

struct Person {
    settings: Settings,
    population: Population,
    goals: Vec<Owned>,
    own: ReviewPart,
    manager: ReviewPart,
    veto: Option<Grade>,
    dropped: Vec<DroppedDimension>,
    team: Vec<Decimal>,
}

impl Person {
    /// A person who scores 108 of 100 points from two goals of equal weight, with ratings of 4 by
    /// themselves and 3 by the manager.
    fn new() -> Self {
        Self {
            settings: Settings::default(),
            population: population(),
            goals: vec![
                goal(1, 50, target(100)).measured(2, 1, 60).measured(1, 1, 40).measured(2, 2, 76),
                goal(2, 50, target(50)).measured(12, 1, 50),
            ],
            own: part(&[("competency", 4), ("collaboration", 4)]),
            manager: part(&[("competency", 3), ("collaboration", 3)]),
            veto: None,
            dropped: Vec::new(),
            team: Vec::new(),
        }
    }

    fn case(&self) -> Case<'_> {
        Case {
            settings: &self.settings,
            population: &self.population,
            goals: self.goals.iter().map(Owned::record).collect(),
            self_review: &self.own,
            manager_review: &self.manager,
            veto: self.veto,
            dropped: &self.dropped,
            filed: None,
            team: &self.team,
        }
    }

    fn result(&self) -> Result<Computed, Faults> {
        self.case().result()
    }

    fn performance(&self) -> String {
        let computed = self.case().performance().unwrap();
        assert!(computed.trace.replays().unwrap());
        computed.results.performance.unwrap().to_string()
    }

    fn faults(&self) -> Vec<String> {
        let faults = self.result().unwrap_err();
        faults.into_iter().map(|(place, error)| format!("{place} {}", error.code)).collect()
    }
}

#[test]
fn goals_and_ratings_become_one_grade_that_can_be_computed_again() {
    let computed = Person::new().result().unwrap();
    let results = &computed.results;
    // 116 of 100 and 50 of 50; 0.9 * 3 + 0.1 * 4 = 3.1, which is 101 points.
    assert_eq!(results.performance.unwrap().to_string(), "108.00");
    assert_eq!(results.collaboration.unwrap().to_string(), "101.00");
    assert_eq!(results.composite.unwrap().to_string(), "105.20");
    assert_eq!(results.computed_grade, Some(Grade::A));
    assert_eq!((results.calibrated_grade, results.final_grade), (None, None));
    let scores: Vec<_> = computed.goals.iter().map(|(_, score)| score.to_string()).collect();
    assert_eq!(scores, ["116.00", "100.00"]);
    assert!(computed.trace.replays().unwrap());
    let text = computed.trace.canonical().unwrap();
    // Of a corrected value only the last revision counts; months are in order.
    let revisions = [1001, 1002].map(|id| Uuid::from_u128(id).to_string());
    assert!(text.contains(&format!(r#""revisions":["{}","{}"]"#, revisions[0], revisions[1])));
}

#[test]
fn a_dropped_dimension_is_left_out_only_where_too_few_raters_are_there() {
    let mut person = Person::new();
    person.population.dimensions[2].raters =
        [(RaterType::Manager, 20.into()), (RaterType::CrossDept, 80.into())].into();
    let stuck = ["/dimensions/collaboration DIMENSION_INSUFFICIENT"];
    assert_eq!(person.faults(), stuck);
    let population = person.population.code.clone();
    let proposed = DroppedDimension {
        id: Uuid::from_u128(77).into(),
        population,
        dimension: "collaboration".into(),
        reason: "Nobody asks partners".into(),
        proposed_by: Uuid::nil().into(),
        proposed_at: Timestamp::UNIX_EPOCH,
        approved_by: None,
        approved_at: None,
    };
    person.dropped = vec![proposed.clone()];
    assert_eq!(person.faults(), stuck, "a proposal has no effect");
    let approved_at = Some(Timestamp::UNIX_EPOCH);
    person.dropped = vec![DroppedDimension { approved_at, ..proposed }];
    let computed = person.result().unwrap();
    // (60 * 108 + 20 * 101) / 80
    assert_eq!(computed.results.composite.unwrap().to_string(), "106.25");
    assert_eq!(computed.results.collaboration, None);
    assert!(computed.trace.replays().unwrap());
    let text = computed.trace.render(domain::scoring::trace::Locale::En);
    let id = Uuid::from_u128(77);
    let line = format!("[20%] collaboration: left out with approval {id}");
    assert!(text.contains(&line), "{text}");

    // A dimension with enough ratings counts as before.
    let whole = Person { dropped: person.dropped.clone(), ..Person::new() };
    assert_eq!(whole.result().unwrap(), Person::new().result().unwrap());
    // The manager's rating is required in any case.
    person.manager = part(&[("competency", 3)]);
    assert_eq!(person.faults(), ["/dimensions/collaboration MANDATORY_RATER_MISSING"]);
}

#[test]
fn who_has_a_team_shares_in_its_totals() {
    let mut manager = Person::new();
    manager.team = vec![Decimal::from(90), Decimal::from(80)];
    let computed = manager.result().unwrap();
    // 0.8 * 105.2 + 0.2 * 85
    assert_eq!(computed.results.composite.unwrap().to_string(), "101.16");
    assert_eq!(computed.results.computed_grade, Some(Grade::B));
    assert_eq!(computed.results.performance.unwrap().to_string(), "108.00");
    assert!(computed.trace.replays().unwrap());
    manager.settings.manager.team_lambda = Exact::default();
    assert_eq!(manager.result().unwrap(), Person { team: Vec::new(), ..manager }.result().unwrap());
}

#[test]
fn each_dimension_is_scored_as_far_as_it_goes() {
    let so_far = |person: &Person| -> Vec<String> {
        let score = |score: Option<Decimal>| score.map_or("-".to_owned(), |it| it.to_string());
        let all = person.case().so_far().into_iter();
        all.map(|it| format!("{} {}% {}", it.code, it.weight, score(it.score))).collect()
    };
    let mut person = Person::new();
    let whole = so_far(&person);
    assert_eq!(
        whole,
        ["performance 60% 108.00", "competency 20% 101.00", "collaboration 20% 101.00"]
    );
    person.manager.ratings.remove(0);
    person.goals[0].measurements.clear();
    assert!(person.result().is_err());
    assert_eq!(
        so_far(&person),
        ["performance 60% -", "competency 20% -", "collaboration 20% 101.00"]
    );
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let mut person = Person::new();
    person.goals[0].measurements.clear();
    person.goals[1].goal.content.kind = target(0);
    person.manager.ratings.remove(0);
    assert_eq!(
        person.faults(),
        [
            format!("/goals/{} KPI_ACTUAL_MISSING", Uuid::from_u128(1)),
            format!("/goals/{} KPI_TARGET_ZERO", Uuid::from_u128(2)),
            "/dimensions/competency MANDATORY_RATER_MISSING".to_owned(),
        ]
    );
    let mut empty = Person::new();
    empty.goals.clear();
    assert_eq!(empty.faults(), ["/goals EMPTY_INPUT"]);
    let mut light = Person::new();
    light.goals.pop();
    assert_eq!(light.faults(), ["/goals WEIGHTS_NOT_100"]);
    let mut skewed = Person::new();
    skewed.population.dimensions[0].weight = 70.into();
    assert_eq!(skewed.faults(), [" WEIGHTS_NOT_100"]);
    let mut excluding = Person::new();
    excluding.goals[0].measurements.clear();
    excluding.settings.kpi.missing_actual = MissingActual::Exclude;
    assert_eq!(excluding.faults(), ["/goals APPROVAL_REQUIRED"]);
    excluding.settings.kpi.missing_actual = MissingActual::Zero;
    assert_eq!(excluding.performance(), "50.00");
}

#[test]
fn too_few_raters_are_told_of_their_dimension() {
    let mut person = Person::new();
    let raters = [(RaterType::Manager, 20.into()), (RaterType::CrossDept, 80.into())];
    person.population.dimensions[2].raters = raters.into();
    assert_eq!(person.faults(), ["/dimensions/collaboration DIMENSION_INSUFFICIENT"]);
    // The manager's rating is required even if only other raters have a weight.
    person.population.dimensions[1].raters = [(RaterType::Oneself, 100.into())].into();
    person.population.dimensions[2].raters = [(RaterType::Oneself, 100.into())].into();
    let results = person.result().unwrap().results;
    assert_eq!(results.collaboration.unwrap().to_string(), "110.00");
    person.manager.ratings.clear();
    assert_eq!(person.faults().len(), 2);
}

#[test]
fn a_skipped_self_review_rates_nothing() {
    let mut person = Person::new();
    person.own.skipped = true;
    assert_eq!(person.result().unwrap().results.collaboration.unwrap().to_string(), "100.00");
}

#[test]
fn only_goals_in_force_count() {
    let mut person = Person::new();
    for state in [State::Draft, State::Submitted, State::Cancelled] {
        person.goals.push(goal(3, 40, target(1)).in_state(state));
    }
    for states in [[State::ChangePending, State::Completed], [State::Scored, State::Locked]] {
        for (owned, state) in person.goals.iter_mut().zip(states) {
            owned.goal.state = state;
        }
        assert_eq!(person.performance(), "108.00");
    }
}

#[test]
fn the_performance_total_stands_alone() {
    let mut person = Person::new();
    person.manager.ratings.clear();
    let computed = person.case().performance().unwrap();
    let performance = Some(Decimal::new(10_800, 2));
    assert_eq!(computed.results, Results { performance, ..Results::default() });
    assert_eq!(computed.goals.len(), 2);
    assert_eq!(computed.trace.explanation.outcome.grade, Some(Grade::A));
    assert!(person.case().has_performance());
    person.population.dimensions.remove(0);
    assert!(!person.case().has_performance());
}

#[test]
fn objectives_count_where_the_policy_maps_their_progress() {
    let mut person = Person::new();
    person.goals[0].goal.content.weight = Decimal::from(30);
    person.goals[1].goal.content.weight = Decimal::from(45);
    person.goals.push(goal(3, 25, objective(Ambition::Committed)).checked_in(3).checked_in(7));
    // (116 * 40 + 100 * 60) / 100
    assert_eq!(person.performance(), "106.40");
    person.settings.okr.in_review = OkrInReview::Mapped;
    // 0.3 * 116 + 0.45 * 100 + 0.25 * 35
    assert_eq!(person.performance(), "88.55");
    person.goals[2].goal.content.exploratory = true;
    // On the aspirational curve the same progress scores 50.
    assert_eq!(person.performance(), "92.30");
    let trace = person.case().performance().unwrap().trace.canonical().unwrap();
    assert!(trace.contains(&Uuid::from_u128(2001).to_string()), "the last check-in");
    let mut alone = Person::new();
    alone.goals = vec![goal(3, 100, objective(Ambition::Committed))];
    assert_eq!(alone.faults(), ["/goals EMPTY_INPUT"]);
}

#[test]
fn a_changed_target_counts_as_the_policy_says() {
    let mut person = Person::new();
    person.goals.truncate(1);
    person.goals[0].goal.content.weight = Decimal::from(100);
    let owned = person.goals.remove(0);
    let latest = GoalContent { kind: target(200), ..owned.goal.content.clone() };
    let owned = owned.revised("2025-01-01", target(100));
    let changed = |from| {
        let mut changed = owned.clone().revised(from, target(200));
        changed.goal.content = latest.clone();
        vec![changed]
    };
    // 31 days at 116, 334 days at 58 points.
    person.goals = changed("2025-02-01");
    assert_eq!(person.performance(), "58.00");
    person.settings.kpi.target_change = TargetChange::TimeWeighted;
    assert_eq!(person.performance(), "62.93");
    let trace = person.case().performance().unwrap().trace.canonical().unwrap();
    assert!(trace.contains(r#""target":"100""#), "{trace}");
    // A target that was not in force on any day does not count.
    person.goals = changed("2025-01-01");
    assert_eq!(person.performance(), "58.00");
    let trace = person.case().performance().unwrap().trace.canonical().unwrap();
    assert!(!trace.contains(r#""target":"100""#), "{trace}");
}

#[test]
fn a_veto_caps_the_grade_of_the_performance_and_stays_on_record() {
    let mut person = Person::new();
    person.veto = Some(Grade::D);
    let computed = person.case().performance().unwrap();
    assert_eq!(computed.trace.explanation.outcome.grade, Some(Grade::D));
    assert_eq!(computed.results.performance.unwrap().to_string(), "108.00");
    // The veto limits the final grade only after calibration (0.5 step 8).
    assert_eq!(person.result().unwrap().results.computed_grade, Some(Grade::A));
}
