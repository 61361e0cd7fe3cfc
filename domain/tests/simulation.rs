//! Whole cycles on random schedules: people join, leave and change managers, days pass, and
//! everybody tries both allowed and forbidden actions. The promises of a cycle must hold
//! throughout.
//!
//! A failure prints the number of its schedule, which is the seed of the random numbers.

use chrono::{Days, NaiveDate};
use domain::core::calendar::Period;
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::cycles::participant::{MIN_TENURE_MONTHS, tenure_months};
use domain::cycles::performance_policy::PolicyRules;
use domain::reviews::calibration::Reason;
use domain::reviews::calibration_session::{MoveState, SessionMove};
use domain::reviews::distribution::{Placed, picture};
use domain::reviews::form::{EvidenceItem, Results};
use domain::scoring::distribution::Check;
use domain::scoring::kpi;
use domain::scoring::okr::alignment::{Alignment, EdgeKind, Goal as Node, Level, MAX_DEPTH};
use domain::scoring::review::dimension::{Dimension, Raters};
use domain::scoring::review::evidence::{Evidence, EvidenceKind, Judgement, check_evidence};
use domain::scoring::review::rater::RaterType;
use domain::scoring::settings::Settings;
use domain::scoring::trace::{Calculation, Part};
use domain::scoring::weights::equal_weights;
use domain::state::{Machine, Seat, Share, Signature, calibration_session, cycle, goal, review};
use domain::{Exact, Grade};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Number of schedules in one run.
const SCHEDULES: u64 = 10_000;
/// Number of steps in one schedule.
const STEPS: usize = 120;

/// SplitMix64 random numbers: a seed gives the same schedule on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit.max(1) as u64) as usize
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

#[derive(Clone, Debug)]
struct Person {
    hired: NaiveDate,
    left: Option<NaiveDate>,
    manager: Option<usize>,
}

#[derive(Clone, Debug)]
struct Goal {
    owner: usize,
    state: goal::State,
    weight: Exact,
    /// Position of the person who requested the pending change.
    requester: Option<usize>,
    revisions: u32,
}

#[derive(Clone, Debug)]
struct Review {
    person: usize,
    /// The manager at the launch; only a handover changes it.
    manager: Option<usize>,
    state: review::State,
    rated: Option<(Exact, bool)>,
    rated_by: Option<usize>,
    computed: Option<(Exact, Grade)>,
    calibrated: Option<Grade>,
    outcome: Option<Results>,
}

/// A planted fault, which the check of the promises must catch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Planted {
    Nothing,
    MissingReviewsIgnored,
    ResponsibleManagerFollowsLine,
    OwnRatingAccepted,
}

struct World {
    dice: Dice,
    planted: Planted,
    settings: Settings,
    rules: PolicyRules,
    period: Period,
    today: NaiveDate,
    people: Vec<Person>,
    cycle: cycle::State,
    goals: Vec<Goal>,
    reviews: Vec<Review>,
    session: calibration_session::State,
    pending: Vec<SessionMove>,
    handovers: BTreeSet<usize>,
    at_launch: Vec<(usize, Option<usize>)>,
    published_grades: Option<Vec<Grade>>,
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn person_id(person: usize) -> Uuid {
    Uuid::from_u128(person as u128 + 1)
}

fn signed(person: usize, seat: Seat) -> Signature {
    Signature { person: person_id(person), seat }
}

impl World {
    fn new(seed: u64, planted: Planted) -> Self {
        let mut dice = Dice(seed);
        let period = Period::new(day("2026-01-01"), day("2026-06-30")).expect("in order");
        let people = (0..6 + dice.below(20))
            .map(|number| Person {
                hired: day("2020-01-01") + Days::new(dice.below(2300) as u64),
                left: None,
                manager: number.checked_sub(1).map(|above| dice.below(above + 1)),
            })
            .collect();
        Self {
            dice,
            planted,
            settings: Settings::default(),
            rules: PolicyRules::standard(),
            period,
            today: period.start(),
            people,
            cycle: cycle::State::Draft,
            goals: Vec::new(),
            reviews: Vec::new(),
            session: calibration_session::State::Draft,
            pending: Vec::new(),
            handovers: BTreeSet::new(),
            at_launch: Vec::new(),
            published_grades: None,
        }
    }

    fn works(&self, person: usize) -> bool {
        let Person { hired, left, .. } = self.people[person];
        hired <= self.today && left.is_none_or(|left| left >= self.today)
    }

    fn anyone(&mut self) -> usize {
        self.dice.below(self.people.len())
    }

    /// One random step.
    fn step(&mut self) {
        match self.dice.below(18) {
            0 | 16 => self.today = self.today + Days::new(self.dice.below(60) as u64),
            1 => self.somebody_joins(),
            2 => {
                let leaver = self.anyone();
                if leaver > 0 && self.dice.one_in(3) {
                    self.people[leaver].left.get_or_insert(self.today);
                }
            }
            3 => self.somebody_moves(),
            4 => self.somebody_is_handed_over(),
            5..=7 | 17 => self.something_happens_to_the_cycle(),
            8 => self.somebody_writes_goals(),
            9 | 10 => self.something_happens_to_a_goal(),
            11..=13 => self.something_happens_to_a_review(),
            14 => self.something_happens_in_the_session(),
            _ => self.somebody_moves_a_grade(),
        }
    }

    /// Everybody does their work, so that schedules reach late states.
    fn work(&mut self) {
        for person in 0..self.people.len() {
            self.write_goals(person);
        }
        for at in 0..self.goals.len() {
            let owner = self.goals[at].owner;
            self.fire_goal(at, goal::Event::Submit, owner, Seat::Owner);
            if let Some(manager) =
                self.reviews.iter().find(|r| r.person == owner).and_then(|r| r.manager)
            {
                self.fire_goal(at, goal::Event::Approve, manager, Seat::Manager);
            }
        }
        for at in 0..self.reviews.len() {
            let Review { person, manager, .. } = self.reviews[at];
            self.fire_review(at, review::Event::SubmitSelf, person, Seat::Employee);
            self.fire_review(at, review::Event::CloseRaters, 0, Seat::System);
            // Everybody would rate themselves if the rules allowed it.
            self.fire_review(at, review::Event::SubmitManager, person, Seat::Manager);
            let rater = manager.unwrap_or(1);
            self.fire_review(at, review::Event::SubmitManager, rater, Seat::Manager);
            self.fire_review(at, review::Event::SkipSecond, 0, Seat::System);
        }
        self.pending.clear();
        for event in [
            calibration_session::Event::Schedule,
            calibration_session::Event::Open,
            calibration_session::Event::Finalise,
        ] {
            self.fire_session(event, 0, Seat::Hr);
        }
    }

    fn somebody_joins(&mut self) {
        let manager = Some(self.anyone());
        self.people.push(Person { hired: self.today, left: None, manager });
    }

    /// Gives somebody another manager; a change that would close a loop is refused, as on every
    /// write.
    fn somebody_moves(&mut self) {
        let (person, manager) = (self.anyone(), self.anyone());
        let mut above = Some(manager);
        while let Some(next) = above {
            if next == person {
                return;
            }
            above = self.people[next].manager;
        }
        self.people[person].manager = Some(manager);
        if self.planted == Planted::ResponsibleManagerFollowsLine {
            let of = |review: &&mut Review| review.person == person;
            if let Some(review) = self.reviews.iter_mut().find(of) {
                review.manager = Some(manager);
            }
        }
    }

    fn somebody_is_handed_over(&mut self) {
        if self.reviews.is_empty() || self.published_grades.is_some() {
            return;
        }
        let (at, manager) = (self.dice.below(self.reviews.len()), self.anyone());
        if self.reviews[at].person != manager && self.works(manager) {
            self.reviews[at].manager = Some(manager);
            self.handovers.insert(at);
        }
    }

    fn facts(&mut self) -> cycle::Facts {
        let of_cycle = self.goals.iter().filter(|goal| goal.state != goal::State::Cancelled);
        let active = of_cycle
            .clone()
            .filter(|goal| !matches!(goal.state, goal::State::Draft | goal::State::Submitted));
        let missing = self.reviews.iter().filter(|review| {
            use review::State::{PendingManager, PendingRaters, PendingSelf, SecondReview};
            matches!(review.state, PendingSelf | PendingRaters | PendingManager | SecondReview)
        });
        let missing = match self.planted {
            Planted::MissingReviewsIgnored => 0,
            _ => missing.count() as u64,
        };
        let settled = self.session == calibration_session::State::Finalised;
        cycle::Facts {
            policy_published: true,
            raci_complete: !self.dice.one_in(8),
            weights_sum_to_100: self.rules.faults().is_empty(),
            dates_ordered: true,
            kind_fits: true,
            raters_within_reach: true,
            population: (0..self.people.len()).filter(|person| self.works(*person)).count() as u64,
            under_leavers: Some(0),
            goals_active: Share { part: active.count() as u64, whole: of_cycle.count() as u64 },
            evaluation_date_reached: self.today > self.period.end(),
            manager_reviews_missing: Some(missing),
            sessions_unfinished: Some(u64::from(!settled)),
            grades_unfounded: Some(0),
            appeal_window_over: self.today > self.period.end() + Days::new(60),
            open_appeals: Some(0),
            interviews_held: Share::default(),
            retention_reached: self.today > self.period.end() + Days::new(900),
            reason_given: self.dice.one_in(2),
        }
    }

    fn something_happens_to_the_cycle(&mut self) {
        let possible = |event: &cycle::Event| self.cycle.row(*event).is_some();
        let possible: Vec<_> = cycle::Event::ALL.iter().copied().filter(possible).collect();
        let foolish = possible.is_empty() || self.dice.one_in(4);
        let event = self.dice.pick(if foolish { cycle::Event::ALL } else { &possible });
        if event == cycle::Event::Cancel && !self.dice.one_in(40) {
            return;
        }
        let hands: Vec<_> = [Seat::Hr, Seat::Exec]
            .into_iter()
            .map(|fitting| {
                let any = self.dice.pick(&[Seat::Hr, Seat::Exec, Seat::Manager, Seat::System]);
                let seat = if self.dice.one_in(4) { any } else { fitting };
                signed(self.anyone(), seat)
            })
            .collect();
        let before = self.cycle;
        let facts = self.facts();
        let Ok(after) = before.step(event, &hands, &facts) else { return };
        self.cycle = after;
        match event {
            cycle::Event::Launch => self.launch(),
            cycle::Event::Publish => self.publish(&hands),
            _ => {}
        }
    }

    fn launch(&mut self) {
        let working: Vec<_> = (0..self.people.len()).filter(|person| self.works(*person)).collect();
        for person in working {
            let Person { hired, manager, .. } = self.people[person];
            if tenure_months(hired, self.period.end()) < MIN_TENURE_MONTHS {
                continue;
            }
            self.reviews.push(Review {
                person,
                manager,
                state: review::State::PendingSelf,
                rated: None,
                rated_by: None,
                computed: None,
                calibrated: None,
                outcome: None,
            });
        }
        self.at_launch =
            self.reviews.iter().map(|review| (review.person, review.manager)).collect();
    }

    fn publish(&mut self, hands: &[Signature]) {
        let people: BTreeSet<_> = hands.iter().map(|hand| hand.person).collect();
        assert_eq!(people.len(), 2, "a cycle was published by one person");
        for at in 0..self.reviews.len() {
            self.fire_review(at, review::Event::Publish, 0, Seat::System);
        }
        let grades = self.reviews.iter().map(|review| {
            let grade = review.outcome.as_ref().and_then(|results| results.final_grade);
            grade.expect("a result was published without a grade")
        });
        self.published_grades = Some(grades.collect());
    }

    fn somebody_writes_goals(&mut self) {
        let person = self.anyone();
        self.write_goals(person);
    }

    fn write_goals(&mut self, owner: usize) {
        let open = matches!(self.cycle, cycle::State::GoalSetting | cycle::State::Executing);
        let takes_part = self.reviews.iter().any(|review| review.person == owner);
        if !open || !takes_part || self.goals.iter().any(|goal| goal.owner == owner) {
            return;
        }
        let count = 1 + self.dice.below(5) as u32;
        for weight in equal_weights(count).expect("at least one") {
            let state = goal::State::Draft;
            let weight = Exact::from(weight);
            self.goals.push(Goal { owner, state, weight, requester: None, revisions: 0 });
        }
        self.no_loop_can_be_linked();
    }

    /// Tries random edges between goals: edges that the rules allow never close a loop.
    fn no_loop_can_be_linked(&mut self) {
        let count = self.goals.len().min(12);
        let nodes = (0..count).map(|at| {
            let level = Level((at % 5) as u8);
            (at, Node { level, period: self.period, organisation: 0, archived: false })
        });
        let mut graph = Alignment::new(nodes);
        for _ in 0..count {
            let (child, parent) = (self.dice.below(count), self.dice.below(count));
            let kind = self.dice.pick(&[EdgeKind::Cascade, EdgeKind::Align]);
            let _ = graph.link(child, parent, kind, MAX_DEPTH);
        }
        assert!(graph.audit(MAX_DEPTH).is_empty(), "the graph of goals broke its rules");
    }

    fn something_happens_to_a_goal(&mut self) {
        if self.goals.is_empty() {
            return;
        }
        let at = self.dice.below(self.goals.len());
        let event = self.dice.pick(goal::Event::ALL);
        let (person, seat) =
            (self.anyone(), self.dice.pick(&[Seat::Owner, Seat::Manager, Seat::Hr, Seat::System]));
        self.fire_goal(at, event, person, seat);
    }

    /// State of a person's review, if there is one.
    fn result_of(&self, person: usize) -> Option<review::State> {
        self.reviews.iter().find(|review| review.person == person).map(|review| review.state)
    }

    fn fire_goal(&mut self, at: usize, event: goal::Event, person: usize, seat: Seat) {
        let Goal { owner, requester, .. } = self.goals[at];
        // The policy gives the owner's seat only to the owner, and the manager's seat only to the
        // owner's manager.
        if (seat == Seat::Owner) != (person == owner) && seat != Seat::System {
            return;
        }
        let counts = |goal: &&Goal| goal.owner == owner && goal.state != goal::State::Cancelled;
        let sum: Exact = self.goals.iter().filter(counts).map(|goal| &goal.weight).sum();
        let rest = sum.clone() - &self.goals[at].weight;
        let change = goal::Change {
            after_mid_cycle: self.today > self.period.start() + Days::new(90),
            weight: self.dice.one_in(2),
            decided_by_hr: seat == Seat::Hr,
        };
        let facts = goal::Facts {
            smart_checked: true,
            weights_sum_to_100: sum == Exact::from(100),
            reason_given: self.dice.one_in(2),
            alignment_valid: true,
            decided_by_another: person != requester.unwrap_or(owner),
            evidence_attached: true,
            change: Some(change),
            data_present: true,
            weights_redistributed: rest == Exact::from(100),
            result_open: self.result_of(owner).is_none_or(|state| !state.is_finalised()),
            evaluation_open: self.cycle == cycle::State::Evaluating,
            rating_reopened: self.result_of(owner) == Some(review::State::PendingManager),
            cycle_confirmed: self.cycle == cycle::State::Confirmed,
        };
        let hands = [signed(person, seat), signed(owner, Seat::Owner)];
        let hands = if seat == Seat::Manager { &hands[..] } else { &hands[..1] };
        let Ok(after) = self.goals[at].state.step(event, hands, &facts) else { return };
        match event {
            goal::Event::Approve => {
                assert_ne!(person, owner, "somebody approved an own goal");
                self.goals[at].revisions += 1;
            }
            goal::Event::RequestChange => self.goals[at].requester = Some(person),
            goal::Event::ApproveChange => {
                assert_ne!(Some(person), requester, "somebody approved an own request");
                self.goals[at].revisions += 1;
            }
            _ => {}
        }
        self.goals[at].state = after;
    }

    fn something_happens_to_a_review(&mut self) {
        if self.reviews.is_empty() {
            return;
        }
        let at = self.dice.below(self.reviews.len());
        let event = self.dice.pick(review::Event::ALL);
        let person = self.anyone();
        let seats = [Seat::Employee, Seat::Manager, Seat::NextLevel, Seat::Hr, Seat::System];
        let seat = self.dice.pick(&seats);
        self.fire_review(at, event, person, seat);
    }

    fn fire_review(&mut self, at: usize, event: review::Event, person: usize, seat: Seat) {
        let Review { person: ratee, manager, .. } = self.reviews[at];
        let evaluating = self.cycle == cycle::State::Evaluating;
        let in_evaluation = {
            use review::Event::{
                ApproveSecond, CloseRaters, Reopen, ReturnToManager, ReturnToSelf, SkipSecond,
                SkipSelf, SubmitManager, SubmitSelf,
            };
            matches!(
                event,
                SubmitSelf
                    | SkipSelf
                    | CloseRaters
                    | SubmitManager
                    | ApproveSecond
                    | SkipSecond
                    | ReturnToSelf
                    | ReturnToManager
                    | Reopen
            )
        };
        // What the policy decides before the machine is asked.
        let may = match seat {
            Seat::Employee => person == ratee,
            Seat::Manager if self.planted == Planted::OwnRatingAccepted => true,
            Seat::Manager => manager.is_none_or(|manager| manager == person),
            _ => true,
        };
        if !may || (in_evaluation && !evaluating) {
            return;
        }
        let rating = Exact::from(1 + self.dice.below(5) as i32);
        let founded = self.dice.one_in(2) || self.founds(&rating);
        let another = person != ratee || self.planted == Planted::OwnRatingAccepted;
        let facts = review::Facts {
            self_overdue_workdays: self.dice.below(6) as u32,
            person_left: false,
            raters_due: false,
            raters_all_in: true,
            evidence_present: founded && self.is_founded(&rating, founded),
            process_records: true,
            missing_settled: true,
            rated_by_another: another,
            second_review_off: !self.settings.review.second_review,
            reason_given: self.dice.one_in(2),
            grade_unmoved: self.reviews[at].calibrated.is_none(),
            session_finalised: self.session == calibration_session::State::Finalised,
            cycle_published: self.cycle == cycle::State::Published,
            appeal_settled: self.today > self.period.end() + Days::new(30),
        };
        let hands = [signed(person, seat)];
        let Ok(after) = self.reviews[at].state.step(event, &hands, &facts) else { return };
        self.reviews[at].state = after;
        match event {
            review::Event::SubmitManager => {
                self.reviews[at].rated = Some((rating.clone(), facts.evidence_present));
                self.reviews[at].rated_by = Some(person);
                self.reviews[at].computed = Some(self.compute(&rating));
                self.reviews[at].calibrated = None;
            }
            review::Event::Finalise => {
                let (score, computed) = self.reviews[at].computed.clone().expect("rated before");
                let score = score.round(2, domain::Rounding::HalfUp).expect("small");
                let results = Results {
                    composite: Some(score),
                    computed_grade: Some(computed),
                    calibrated_grade: self.reviews[at].calibrated,
                    ..Results::default()
                };
                let final_grade = results.present_grade();
                self.reviews[at].outcome = Some(Results { final_grade, ..results });
            }
            _ => {}
        }
    }

    /// Whether the rater has evidence for the rating.
    fn founds(&mut self, rating: &Exact) -> bool {
        !Judgement::Rating(rating.clone()).needs_evidence() || !self.dice.one_in(4)
    }

    fn is_founded(&self, rating: &Exact, founded: bool) -> bool {
        let evidence = [Evidence { kind: EvidenceKind::Data, date: self.period.start() }];
        let evidence = if founded { &evidence[..] } else { &[] };
        let comment = "As the figures of the period show";
        let judgement = Judgement::Rating(rating.clone());
        check_evidence(&judgement, evidence, comment, self.period).is_ok()
    }

    /// Score and grade of a review, computed twice: the second time from the trace.
    fn compute(&mut self, rating: &Exact) -> (Exact, Grade) {
        let actual = Exact::from(self.dice.below(140) as i32);
        let ratio = kpi::Ratio { target: 100.into(), direction: kpi::Direction::Up };
        let indicator = Calculation::Indicator {
            method: Box::new(kpi::Method::Ratio(ratio)),
            actual: Some(actual),
            revisions: Vec::new(),
        };
        let item = Part {
            name: "sales".into(),
            weight: 100.into(),
            calculation: Some(indicator),
            approval: None,
            filing: None,
        };
        let performance = Calculation::Performance {
            items: vec![item],
            adjustments: kpi::Adjustments::default(),
        };
        let raters = Raters { weight: 100.into(), ratings: vec![rating.clone()] };
        let rated = Calculation::Dimension(Dimension {
            raters: [(RaterType::Manager, raters)].into(),
            mandatory: vec![RaterType::Manager],
            anonymous_customers: false,
            named: Default::default(),
        });
        let part = |name: &str, weight: i32, calculation| Part {
            name: name.into(),
            weight: weight.into(),
            calculation: Some(calculation),
            approval: None,
            filing: None,
        };
        let composite = Calculation::Composite {
            dimensions: vec![part("performance", 60, performance), part("behaviour", 40, rated)],
        };
        let trace = composite.explain(&self.settings).expect("complete");
        assert_eq!(trace.replays(), Ok(true), "a result does not replay");
        let outcome = &trace.explanation.outcome;
        let score = outcome.score.clone().expect("a score");
        assert!(
            score >= Exact::from(0) && score <= self.settings.kpi.cap,
            "{score} is off the scale"
        );
        (score, outcome.grade.expect("a grade"))
    }

    fn session_facts(&mut self) -> calibration_session::Facts {
        let placed: Vec<_> = self
            .reviews
            .iter()
            .enumerate()
            .filter_map(|(at, review)| {
                let grade = review.calibrated.or(review.computed.as_ref().map(|(_, grade)| *grade));
                Some(Placed {
                    review: person_id(at),
                    department: Uuid::nil(),
                    grade: grade?,
                    veto_cap: None,
                })
            })
            .collect();
        let passes = picture(&placed, &self.settings.dist)
            .is_ok_and(|picture| matches!(picture.overall.check, Check::Ok | Check::PoolRequired));
        calibration_session::Facts {
            managers_present: 1 + self.dice.below(3) as u32,
            facilitators_present: 1,
            distribution_ok: passes,
            exec_override: self.dice.one_in(2),
            pending_moves: Some(self.pending.len() as u32),
            undecided_ties: Some(0),
            grades_unfounded: Some(0),
            before_publication: self.published_grades.is_none(),
            reason_given: self.dice.one_in(2),
            ..calibration_session::Facts::default()
        }
    }

    fn something_happens_in_the_session(&mut self) {
        use calibration_session::Event::{Finalise, Open, Reopen, Schedule};
        let event = self.dice.pick(&[Schedule, Open, Finalise, Reopen]);
        let person = self.anyone();
        let seat = self.dice.pick(&[Seat::Hr, Seat::Exec, Seat::Member]);
        self.fire_session(event, person, seat);
    }

    fn fire_session(&mut self, event: calibration_session::Event, person: usize, seat: Seat) {
        if self.cycle != cycle::State::Calibrating && event != calibration_session::Event::Reopen {
            return;
        }
        if self.session.row(event).is_none() {
            return;
        }
        let facts = self.session_facts();
        let Ok(after) = self.session.step(event, &[signed(person, seat)], &facts) else { return };
        self.session = after;
        if event == calibration_session::Event::Finalise {
            for at in 0..self.reviews.len() {
                self.fire_review(at, review::Event::Finalise, 0, Seat::System);
            }
        }
    }

    /// A member proposes another grade and others approve; the move takes effect once enough have
    /// approved.
    fn somebody_moves_a_grade(&mut self) {
        if self.session != calibration_session::State::Opened || self.reviews.is_empty() {
            return;
        }
        let at = self.dice.below(self.reviews.len());
        let review = &self.reviews[at];
        let (ratee, computed) = match &review.computed {
            Some((_, computed)) if review.state == review::State::InCalibration => {
                (review.person, *computed)
            }
            _ => return,
        };
        let from = review.calibrated.unwrap_or(computed);
        let (proposer, approver) = (self.anyone(), self.anyone());
        let (kind, date) = (EvidenceKind::Data, self.period.start());
        let mut moved = SessionMove {
            id: Uuid::nil().into(),
            session_id: Uuid::nil().into(),
            review_id: person_id(at).into(),
            employee_id: person_id(ratee).into(),
            from,
            to: self.dice.pick(&Grade::ALL),
            reasons: [self.dice.pick(&[Reason::DataError, Reason::Distribution])].into(),
            text: "Compared with the work of the other teams".into(),
            evidence: vec![EvidenceItem { kind, date, text: "The figures".into() }],
            sentence: "Your work was compared with that of the other teams".into(),
            veto_cap: None,
            state: MoveState::Pending,
            proposer: person_id(proposer).into(),
            approvers: BTreeSet::new(),
            version: 1,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        };
        if !moved.faults(computed, self.period, self.settings.dist.mode).is_empty() {
            return;
        }
        let facts = calibration_session::Facts {
            acts_on_another: approver != ratee,
            ..moved.approve(person_id(approver).into())
        };
        let approval = calibration_session::Event::ApproveMove;
        if self.session.step(approval, &[signed(approver, Seat::Member)], &facts).is_err() {
            self.pending.push(moved);
            return;
        }
        assert_ne!(proposer, ratee, "somebody moved an own grade");
        assert_ne!(approver, proposer, "a move was approved by its proposer");
        self.reviews[at].calibrated = Some(moved.to);
    }

    /// Checks everything that must hold at any moment.
    fn check(&self) {
        let results_shown = matches!(
            self.cycle,
            cycle::State::Published | cycle::State::Closed | cycle::State::Archived
        );
        for (at, review) in self.reviews.iter().enumerate() {
            use review::State::{
                Acknowledged, Calibrated, Disagreed, Final, InCalibration, Published,
            };
            let shown = matches!(review.state, Published | Acknowledged | Disagreed | Final);
            assert!(!shown || results_shown, "a result is shown before its cycle is published");
            assert!(!results_shown || shown, "a published cycle hides a result");
            let rated = shown || matches!(review.state, InCalibration | Calibrated);
            assert!(!rated || review.computed.is_some(), "an unrated review went on");
            assert_ne!(review.rated_by, Some(review.person), "somebody rated themself");
            if let Some((rating, founded)) = &review.rated {
                let needed = Judgement::Rating(rating.clone()).needs_evidence();
                assert!(!needed || *founded, "an extreme rating has no evidence");
            }
            let launched = self.at_launch[at];
            assert_eq!(review.person, launched.0);
            assert!(
                review.manager == launched.1 || self.handovers.contains(&at),
                "the responsible manager changed without a handover"
            );
            if let Some(Results { computed_grade, calibrated_grade, final_grade, .. }) =
                &review.outcome
            {
                assert!(final_grade.is_some());
                assert_eq!(*final_grade, calibrated_grade.or(*computed_grade));
            }
        }
        if let Some(grades) = &self.published_grades {
            let now = self.reviews.iter().filter_map(|review| review.outcome.as_ref()?.final_grade);
            assert!(now.eq(grades.iter().copied()), "a published grade changed");
        }
        let calibrating = {
            use cycle::State::{Archived, Calibrating, Closed, Confirmed, Published};
            matches!(self.cycle, Calibrating | Confirmed | Published | Closed | Archived)
        };
        if calibrating {
            let waiting = self.reviews.iter().filter(|review| review.computed.is_none()).count();
            assert_eq!(waiting, 0, "calibration began before everybody was rated");
        }
        for goal in &self.goals {
            let unsigned = matches!(goal.state, goal::State::Draft | goal::State::Submitted);
            assert!(unsigned || goal.revisions > 0, "a goal is active that nobody approved");
        }
    }
}

/// Runs one schedule to its end and returns the state that the cycle has reached.
fn run(seed: u64, planted: Planted) -> cycle::State {
    let mut world = World::new(seed, planted);
    for step in 0..STEPS {
        world.step();
        if step % 7 == 0 {
            world.work();
        }
        world.check();
    }
    world.cycle
}

#[test]
fn the_promises_of_a_cycle_hold_on_every_schedule() {
    let reached = |from: u64| {
        let mut far = 0;
        for seed in (from..SCHEDULES).step_by(2) {
            let caught = std::panic::catch_unwind(|| run(seed, Planted::Nothing));
            let state = caught.unwrap_or_else(|_| panic!("a promise broke in schedule {seed}"));
            far += u64::from(matches!(
                state,
                cycle::State::Published | cycle::State::Closed | cycle::State::Archived
            ));
        }
        far
    };
    let far = std::thread::scope(|scope| {
        let other = scope.spawn(|| reached(1));
        reached(0) + other.join().expect("the other half")
    });
    assert!(far > SCHEDULES / 10, "only {far} schedules were published: the walk is too timid");
}

/// Makes sure that a planted fault breaks the promises.
#[test]
fn planted_faults_are_caught() {
    for planted in [
        Planted::MissingReviewsIgnored,
        Planted::ResponsibleManagerFollowsLine,
        Planted::OwnRatingAccepted,
    ] {
        let caught =
            (0..2_000).any(|seed| std::panic::catch_unwind(|| run(seed, planted)).is_err());
        assert!(caught, "a planted fault went unnoticed");
    }
}
