//! The computations of a performance cycle for an organisation of a given size.
//!
//! Each input is derived from its position, so that every run does the same work.

use divan::black_box;
use domain::scoring::distribution::{compare, quota};
use domain::scoring::fairness::leniency::rater_effects;
use domain::scoring::fairness::mismatch::{Member, link, mismatch};
use domain::scoring::kpi::{Baseline, Direction, Interval, Method, Points, Ratio};
use domain::scoring::okr::rollup::{TreeGoal, roll_up_tree as roll_up};
use domain::scoring::review::composite::{WeightedScore, composite};
use domain::scoring::scale::PerGrade;
use domain::scoring::settings::{Rollup, Settings};
use domain::{Exact, Grade};
use std::collections::BTreeMap;

/// Number of indicators of a large organisation: ten per person.
pub const INDICATORS: usize = 1_000_000;
/// Number of people of a large organisation.
pub const PEOPLE: usize = 100_000;
/// Number of departments of a large organisation.
pub const DEPARTMENTS: usize = 1_000;
/// Number of goals in one tree.
pub const GOALS: usize = 100_000;

/// Number of people in a department.
const DEPARTMENT: usize = 25;

/// Work whose input is already prepared.
pub type Job = Box<dyn Fn()>;

/// Prepares the work for an organisation of a given size.
pub type Prepare = fn(usize) -> Job;

/// Scores indicators of all kinds against their targets.
pub fn score_indicators(size: usize) -> Job {
    let settings = Settings::default();
    let ratio = |direction| Method::Ratio(Ratio { target: Exact::scaled(123_450, 2), direction });
    let methods = [
        ratio(Direction::Up),
        ratio(Direction::Down),
        Method::Baseline(Baseline { baseline: 1_500.into(), target: 1_000.into() }),
        Method::Interval(Interval { low: 1_100.into(), high: 1_300.into(), tolerance: 300.into() }),
        Method::Points(Points::at([1_000.into(), 1_250.into(), 1_600.into()])),
    ];
    Box::new(move || {
        for (index, method) in (0..size).zip(methods.iter().cycle()) {
            let actual = Exact::scaled(varied(index, 100_000, 160_000), 2);
            black_box(method.score(Some(&actual), &settings)).expect("every target is sound");
        }
    })
}

/// Computes the composite score of each person from four dimensions, and its grade.
pub fn composite_and_grade(size: usize) -> Job {
    let settings = Settings::default();
    Box::new(move || {
        for person in 0..size {
            let dimensions = [60, 20, 10, 10].map(|weight| WeightedScore {
                weight: weight.into(),
                score: Some(Exact::scaled(varied(person + weight as usize, 6_000, 12_000), 2)),
            });
            black_box(composite(&dimensions, &settings)).expect("the weights sum to 100");
        }
    })
}

/// Gives each department its quotas and tests its grades against the target shares.
pub fn quotas_and_exact_test(size: usize) -> Job {
    let shares = PerGrade::new([10, 20, 50, 15, 5].map(Exact::from));
    Box::new(move || {
        for department in 0..size {
            let people = u32::try_from(varied(department, 10, 40)).expect("a small department");
            let quotas = black_box(quota(people, &shares, 10)).expect("the shares sum to 100");
            if let Some(quotas) = quotas {
                black_box(compare(&quotas, &shares)).expect("the shares sum to 100").ok();
            }
        }
    })
}

/// Combines progress in a tree in which each goal has ten children.
pub fn roll_up_tree(size: usize) -> Job {
    let settings =
        domain::scoring::settings::OkrSettings { rollup: Rollup::Blend, ..Default::default() };
    let goals: Vec<TreeGoal> = (0..size)
        .map(|goal| TreeGoal {
            parent: goal.checked_sub(1).map(|above| above / 10),
            contribution: varied(goal, 1, 100).into(),
            own: Some(Exact::scaled(varied(goal, 0, 10_000), 4)),
        })
        .collect();
    Box::new(move || {
        black_box(roll_up(&goals, &settings)).expect("the goals form a tree");
    })
}

/// Compares raters with each other, and each department's grades with its results.
pub fn fairness_of_departments(size: usize) -> Job {
    let settings = Settings::default().fair;
    let members: Vec<Member> = (0..size)
        .map(|person| Member {
            kpi_total: Exact::scaled(varied(person, 6_000, 12_000), 2),
            grade: Grade::ALL[person % Grade::ALL.len()],
        })
        .collect();
    let ratings: BTreeMap<usize, Vec<Exact>> = members
        .chunks(DEPARTMENT)
        .map(|members| members.iter().map(|member| member.kpi_total.clone()).collect())
        .enumerate()
        .collect();
    Box::new(move || {
        black_box(rater_effects(&ratings, &settings)).expect("there are many raters");
        for members in members.chunks(DEPARTMENT) {
            let points = |grade: Grade| Exact::from(u32::from(grade.points()));
            let pair = |member: &Member| (member.kpi_total.clone(), points(member.grade));
            let pairs: Vec<(Exact, Exact)> = members.iter().map(pair).collect();
            black_box((mismatch(members, &settings), link(&pairs, &settings))).0.ok();
        }
    })
}

/// A number from `low` up to but excluding `high` that looks random and depends on `index` alone.
fn varied(index: usize, low: i64, high: i64) -> i64 {
    let mixed = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    low + mixed as i64 % (high - low)
}
