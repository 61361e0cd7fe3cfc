//! Every published code can occur: for each code there is an input that causes it.

use chrono::NaiveDate;
use domain::consequences::bonus::{Department, distribute};
use domain::consequences::merit::compa;
use domain::core::calendar::Period;
use domain::scoring::distribution::{Merits, Pooling, check, rank};
use domain::scoring::kpi::{
    Adjustments, BandOn, Banded, Baseline, Direction, Extra, Interval, Item, Mark, Method,
    Occurrence, Points, Ratio, total,
};
use domain::scoring::okr::alignment::{Alignment, EdgeKind, Goal, Level};
use domain::scoring::okr::feasibility::{Plan, feasibility};
use domain::scoring::okr::objective::override_grade;
use domain::scoring::okr::progress::{KeyResult, progress};
use domain::scoring::okr::rollup::{TreeGoal, roll_up_tree};
use domain::scoring::review::composite::composite;
use domain::scoring::review::dimension::{Dimension, Raters};
use domain::scoring::review::evidence::{Judgement, check_evidence};
use domain::scoring::review::rater::RaterType;
use domain::scoring::risk::staleness::staleness;
use domain::scoring::scale::{PerGrade, Scale};
use domain::scoring::settings::{
    FeasibilitySettings, Maintain, OkrSettings, ReverseVariant, Settings,
};
use domain::scoring::weights::outside_framework;
use domain::state::{Refusal, Versioned, survey};
use domain::{Code, Exact, Grade, Result, Rounding};
use std::collections::BTreeMap;
use uuid::Uuid;

fn score(method: Method, actual: Option<i32>) -> Result<Exact> {
    method.score(actual.map(Exact::from).as_ref(), &Settings::default())
}

fn ratio(target: i32, direction: Direction) -> Method {
    Method::Ratio(Ratio { target: target.into(), direction })
}

fn form(extra: Extra) -> Result<()> {
    let items = [Item { weight: 100.into(), mark: Some(Mark::Score(100.into())) }];
    let adjustments = Adjustments { bonuses: vec![extra], ..Adjustments::default() };
    total(&items, &adjustments, &Settings::default()).map(drop)
}

fn extra(points: i32) -> Extra {
    Extra { points: points.into(), evidence: vec![Uuid::nil()], approver: Some(Uuid::nil()) }
}

fn year(year: i32) -> Result<Period> {
    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a date");
    Period::new(day(1, 1), day(12, 31))
}

/// Tries an alignment in a tree of a company goal, a department goal and a team goal, with another
/// company goal.
fn align(child: &str, parent: &str, kind: EdgeKind, max_depth: usize) -> Result<()> {
    let period = year(2025).expect("a year");
    let goal = |level| Goal { level, period, organisation: "", archived: false };
    let mut graph = Alignment::new([
        ("company", goal(Level::COMPANY)),
        ("other", goal(Level::COMPANY)),
        ("department", goal(Level::DEPARTMENT)),
        ("team", goal(Level::TEAM)),
    ]);
    for (child, parent) in [("department", "company"), ("team", "department")] {
        graph.link(child, parent, EdgeKind::Cascade, 10).expect("a sound edge");
    }
    graph.link(child, parent, kind, max_depth).map_err(|faults| faults[0].clone())
}

fn dimension(weight: i32, ratings: &[i32]) -> Result<()> {
    let raters = |weight: i32, ratings: &[i32]| Raters {
        weight: weight.into(),
        ratings: ratings.iter().copied().map(Exact::from).collect(),
    };
    let raters = [
        (RaterType::Manager, raters(weight, ratings)),
        (RaterType::Peer, raters(100 - weight, &[])),
    ];
    let dimension = Dimension {
        raters: raters.into(),
        mandatory: vec![RaterType::Manager],
        anonymous_customers: false,
        named: Default::default(),
    };
    dimension.result(&Settings::default()).map(drop)
}

fn weights(dimension: &str, weight: i32) -> BTreeMap<String, Exact> {
    [(dimension.to_owned(), Exact::from(weight))].into()
}

/// Opens a survey for answers without any signature; the caller has read version `seen`.
fn open_survey(seen: u64) -> Result<()> {
    let survey = Versioned { state: survey::State::Draft, version: 1 };
    let refused = |refusal: Refusal| refusal.code().because(refusal.to_string());
    survey.fire(seen, survey::Event::Open, &[], &()).map(drop).map_err(refused)
}

fn setting(name: &str, value: serde_json::Value) -> Result<Settings> {
    Settings::from_entries(&[(name.to_owned(), value)].into())
}

/// Calls a function with an input that causes the code. There is no `_` arm: a new code needs an
/// input.
fn provoke(code: Code) -> Result<()> {
    let settings = Settings::default();
    match code {
        Code::KpiTargetZero => score(ratio(0, Direction::Up), Some(1)).map(drop),
        Code::KpiTargetNegative => {
            let mut settings = Settings::default();
            settings.kpi.reverse_variant = ReverseVariant::Inverse;
            ratio(-1, Direction::Down).validate(&settings)
        }
        Code::KpiActualMissing => score(ratio(1, Direction::Up), None).map(drop),
        Code::KpiBaselineEqTarget => {
            let standing = Baseline { baseline: 1.into(), target: 1.into() };
            score(Method::Baseline(standing), Some(1)).map(drop)
        }
        Code::KpiRangeInvalid => {
            let thin = Interval { low: 1.into(), high: 2.into(), tolerance: 0.into() };
            score(Method::Interval(thin), Some(1)).map(drop)
        }
        Code::KpiPointsInvalid => {
            score(Method::Points(Points::at([1, 3, 2].map(Exact::from))), Some(1)).map(drop)
        }
        Code::KpiBandsInvalid => {
            let bounds = vec![1.into()];
            let banded = Banded { bounds, scores: vec![100.into()], on: BandOn::Actual };
            score(Method::Banded(banded), Some(1)).map(drop)
        }
        Code::WeightsNot100 => {
            outside_framework(&weights("a", 100), &weights("a", 99), &1.into()).map(drop)
        }
        Code::RatingOutOfRange => score(Method::Rating, Some(6)).map(drop),
        Code::KrStartEqTarget => {
            let standing = KeyResult::Metric { start: 1.into(), target: 1.into(), current: None };
            progress(&standing, Maintain::default()).map(drop)
        }
        Code::AlignSelf => align("team", "team", EdgeKind::Align, 10),
        Code::AlignCycle => align("company", "team", EdgeKind::Align, 10),
        Code::AlignLevel => align("company", "other", EdgeKind::Cascade, 10),
        Code::AlignSecondParent => align("department", "other", EdgeKind::Cascade, 10),
        Code::AlignDepth => align("department", "other", EdgeKind::Align, 2),
        Code::AlignDuplicate => align("team", "department", EdgeKind::Cascade, 10),
        Code::MandatoryRaterMissing => dimension(100, &[]),
        Code::DimensionInsufficient => dimension(49, &[3]),
        Code::DimensionsDiffer => {
            outside_framework(&weights("a", 100), &weights("b", 100), &1.into()).map(drop)
        }
        Code::PoolRequired => {
            let few = PerGrade::new([0, 0, 9, 0, 0]);
            let mode = domain::scoring::settings::DistributionMode::Forced;
            let pool = Pooling { mode, min_group: 10, people: 10 };
            check(&few, &settings.dist).and_then(|check| check.accepted("", pool))
        }
        Code::QuotaInvalid => {
            let one = Merits { composite: 1.into(), performance: 1.into(), collaboration: None };
            rank(&[one], &PerGrade::default(), &settings.dist).map(drop)
        }
        Code::EvidenceRequired => {
            let top = Judgement::FinalGrade(Grade::S);
            year(2025).and_then(|period| check_evidence(&top, &[], "", period))
        }
        Code::ApprovalRequired => form(Extra { approver: None, ..extra(1) }),
        Code::StateConflict => open_survey(2),
        Code::ForbiddenTransition => open_survey(1),
        Code::GuardFailed => override_grade(&2.into(), "generous").map(drop),
        Code::EmptyInput => composite(&[], &settings).map(drop),
        Code::NumberInvalid => Exact::parse("1e3").map(drop),
        Code::NumberOverflow => {
            Exact::parse(&"9".repeat(40)).and_then(|huge| huge.round(2, Rounding::HalfUp)).map(drop)
        }
        Code::CountInvalid => {
            let accidents = Occurrence { base: 100.into(), penalty: 1.into() };
            score(Method::Occurrence(accidents), Some(-1)).map(drop)
        }
        Code::AmountInvalid => {
            let nobody: [Department; 0] = [];
            distribute(&nobody, &(-1).into(), &settings.bonus).map(drop)
        }
        Code::DateInvalid => {
            year(2025).and_then(|year| Period::new(year.end(), year.start())).map(drop)
        }
        Code::CapacityZero => {
            let plan = Plan { effort: 1.into(), people: 0.into(), workdays: 1.into() };
            feasibility(&plan, &FeasibilitySettings::default()).map(drop)
        }
        Code::CadenceInvalid => staleness(1, 0).map(drop),
        Code::SalaryMidpointInvalid => compa(&1.into(), &0.into()).map(drop),
        Code::ScaleInvalid => {
            let mut scale = Scale::default();
            scale.bands.a = scale.bands.s.clone();
            scale.validate(&Exact::default())
        }
        Code::SettingInvalid => setting("kpi.caps", "120".into()).map(drop),
        Code::InputInvalid => "E".parse::<Grade>().map(drop),
        Code::NotFound => {
            let lost = TreeGoal { parent: Some(7), contribution: 1.into(), own: None };
            roll_up_tree(&[lost], &OkrSettings::default()).map(drop)
        }
    }
}

#[test]
fn every_code_is_produced() {
    for &code in Code::ALL {
        assert_eq!(provoke(code).map_err(|error| error.code), Err(code));
    }
}
