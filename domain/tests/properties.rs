//! Properties that hold across the modules of the domain, from actual values to payments.

use domain::consequences::bonus::{self, Department};
use domain::core::calendar::Period;
use domain::scoring::distribution::{Check, Merits, Placement, check, compare, quota, rank};
use domain::scoring::fairness::central_tendency::central_tendency;
use domain::scoring::fairness::halo::halo;
use domain::scoring::fairness::mismatch::{Member, mismatch};
use domain::scoring::fairness::recency::recency;
use domain::scoring::kpi::{Adjustments, Direction, Method, Ratio};
use domain::scoring::okr::alignment::{Alignment, EdgeKind, Goal, Level};
use domain::scoring::okr::rollup::{TreeGoal, roll_up_tree};
use domain::scoring::review::dimension::{Dimension, Raters};
use domain::scoring::review::rater::RaterType;
use domain::scoring::scale::PerGrade;
use domain::scoring::settings::{
    BonusSettings, DistributionMode, DistributionSettings, FairSettings, OkrSettings,
    ReverseVariant, Rollup, RoundStage, Settings,
};
use domain::scoring::trace::{Calculation, Locale, Outcome, Part, Trace};
use domain::{Exact, Grade, Rounding};
use proptest::prelude::*;

/// The measurements of one person, as plain numbers.
#[derive(Clone, Debug)]
struct Year {
    sales: i64,
    defects: i64,
    sales_weight: i64,
    manager: i64,
    peers: Vec<i64>,
}

impl Year {
    /// The whole chain: two indicators give the performance score, ratings give the competency
    /// score.
    fn calculation(&self) -> Calculation {
        let raters = |weight: i64, ratings: &[i64]| Raters {
            weight: weight.into(),
            ratings: ratings.iter().copied().map(Exact::from).collect(),
        };
        let competency = Calculation::Dimension(Dimension {
            raters: [
                (RaterType::Manager, raters(60, &[self.manager])),
                (RaterType::Peer, raters(40, &self.peers)),
            ]
            .into(),
            mandatory: vec![RaterType::Manager],
            anonymous_customers: false,
            named: Default::default(),
        });
        let performance = Calculation::Performance {
            items: vec![
                part("sales", self.sales_weight, indicator(1_000, self.sales, Direction::Up)),
                part(
                    "defects",
                    100 - self.sales_weight,
                    indicator(40, self.defects, Direction::Down),
                ),
            ],
            adjustments: Adjustments::default(),
        };
        Calculation::Composite {
            dimensions: vec![
                part("performance", 70, performance),
                part("competency", 30, competency),
            ],
        }
    }

    fn trace(&self, settings: &Settings) -> Trace {
        self.calculation().explain(settings).expect("every input is sound")
    }

    fn score(&self, settings: &Settings) -> Exact {
        self.trace(settings).explanation.outcome.score.expect("nothing is missing")
    }
}

fn indicator(target: i64, actual: i64, direction: Direction) -> Calculation {
    let method = Box::new(Method::Ratio(Ratio { target: target.into(), direction }));
    Calculation::Indicator { method, actual: Some(actual.into()), revisions: Vec::new() }
}

fn part(name: &str, weight: i64, calculation: Calculation) -> Part {
    let calculation = Some(calculation);
    Part { name: name.into(), weight: weight.into(), calculation, approval: None, filing: None }
}

/// The same calculation with the parts of every level in reverse order.
fn reversed(calculation: Calculation) -> Calculation {
    let turned = |parts: Vec<Part>| {
        let turn = |part: Part| Part { calculation: part.calculation.map(reversed), ..part };
        parts.into_iter().rev().map(turn).collect()
    };
    match calculation {
        Calculation::Performance { items, adjustments } => {
            Calculation::Performance { items: turned(items), adjustments }
        }
        Calculation::Composite { dimensions } => {
            Calculation::Composite { dimensions: turned(dimensions) }
        }
        Calculation::Dimension(mut dimension) => {
            dimension.raters.values_mut().for_each(|raters| raters.ratings.reverse());
            Calculation::Dimension(dimension)
        }
        other => other,
    }
}

prop_compose! {
    fn years()(
        sales in -500..2_500_i64,
        defects in -10..120_i64,
        sales_weight in 0..=100_i64,
        manager in 1..=5_i64,
        peers in prop::collection::vec(1..=5_i64, 0..8),
    ) -> Year {
        Year { sales, defects, sales_weight, manager, peers }
    }
}

prop_compose! {
    fn policies()(
        half_even in any::<bool>(),
        total_only in any::<bool>(),
        inverse in any::<bool>(),
        over_rate in 0..=200_i64,
    ) -> Settings {
        let mut settings = Settings::default();
        settings.score.rounding = if half_even { Rounding::HalfEven } else { Rounding::HalfUp };
        settings.score.round_stage =
            if total_only { RoundStage::TotalOnly } else { RoundStage::ItemAndTotal };
        settings.kpi.reverse_variant =
            if inverse { ReverseVariant::Inverse } else { ReverseVariant::Linear };
        settings.kpi.over_rate = Exact::scaled(over_rate, 2);
        settings
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_result_lies_on_the_scale_and_replays_from_its_stored_trace(
        year in years(), settings in policies(),
    ) {
        let trace = year.trace(&settings);
        let Outcome { score, grade } = trace.explanation.outcome.clone();
        let score = score.expect("nothing is missing");
        prop_assert!(!score.is_negative() && score <= settings.scale().cap);
        prop_assert_eq!(&score, &score.rounded(2, settings.score.rounding));
        prop_assert_eq!(grade, Some(settings.scale().grade(&score, settings.score.rounding)));

        let stored: Trace = serde_json::from_str(&trace.canonical().unwrap()).unwrap();
        prop_assert!(stored.replays().unwrap());
        prop_assert_eq!(&stored, &trace);
        prop_assert_ne!(trace.render(Locale::Zh), trace.render(Locale::En));
    }

    #[test]
    fn doing_better_never_scores_worse(
        year in years(), settings in policies(), sold in 0..500_i64, saved in 0..50_i64,
    ) {
        let before = year.score(&settings);
        let more_sales = Year { sales: year.sales + sold, ..year.clone() };
        let fewer_defects = Year { defects: year.defects - saved, ..year.clone() };
        let better_rated = Year { manager: (year.manager + 1).min(5), ..year.clone() };
        for better in [more_sales, fewer_defects, better_rated] {
            prop_assert!(better.score(&settings) >= before, "{:?}", better);
        }
    }

    #[test]
    fn the_order_of_parts_and_raters_does_not_matter(year in years(), settings in policies()) {
        let turned = reversed(year.calculation()).explain(&settings).unwrap();
        prop_assert_eq!(turned.explanation.outcome, year.trace(&settings).explanation.outcome);
    }

    #[test]
    fn a_cycle_grades_everybody_within_the_quotas_and_pays_within_the_pool(
        years in prop::collection::vec(years(), 10..40),
        pool in 0..2_000_000_i64,
    ) {
        let settings = Settings::default();
        let merits: Vec<Merits> = years
            .iter()
            .map(|year| {
                let trace = year.trace(&settings);
                let performance = trace.explanation.parts[0].outcome.score.clone();
                Merits {
                    composite: trace.explanation.outcome.score.expect("nothing is missing"),
                    performance: performance.expect("nothing is missing"),
                    collaboration: None,
                }
            })
            .collect();
        let forced =
            DistributionSettings { mode: DistributionMode::Forced, ..settings.dist.clone() };
        let people = u32::try_from(merits.len()).unwrap();
        let quotas = quota(people, &forced.shares, forced.min_group).unwrap().unwrap();
        prop_assert_eq!(quotas.iter().sum::<u32>(), people);
        prop_assert!(!compare(&quotas, &forced.shares).unwrap().unwrap().differs());

        let placements = rank(&merits, &quotas, &forced).unwrap();
        let best = |placement: &Placement| match placement {
            Placement::Graded(grade) => *grade,
            Placement::Tie { best, .. } => *best,
        };
        let grades: Vec<Grade> = placements.iter().map(best).collect();
        for (merit, grade) in merits.iter().zip(&grades) {
            for (other, lower) in merits.iter().zip(&grades) {
                prop_assert!(merit < other || grade >= lower);
            }
        }
        if placements.iter().all(|placement| matches!(placement, Placement::Graded(_))) {
            let given = |wanted| grades.iter().filter(|grade| **grade == wanted).count() as u32;
            let observed = PerGrade::new(Grade::ALL.map(given));
            prop_assert_eq!(&observed, &quotas);
            prop_assert_eq!(check(&observed, &forced).unwrap(), Check::Ok);
        }

        let people = grades.iter().zip(1..).map(|(grade, number): (_, u32)| bonus::Person {
            number: number.to_string(),
            base: (10_000 + 37 * i64::from(number)).into(),
            grade: *grade,
            proration: 1.into(),
        });
        let department =
            Department { name: "all".into(), k_org: 1.into(), people: people.collect() };
        let paid = bonus::distribute(&[department], &pool.into(), &BonusSettings::default()).unwrap();
        prop_assert!(Exact::from(paid.total) <= Exact::from(pool));
        let unpaid = paid.payments[0].iter().zip(&grades).filter(|(paid, _)| paid.is_zero());
        prop_assert!(pool < 1_000 || unpaid.into_iter().all(|(_, grade)| *grade == Grade::D));
    }

    #[test]
    fn whatever_alignment_admits_can_be_rolled_up(
        edges in prop::collection::vec((0..30_usize, 0..30_usize, any::<bool>()), 0..90),
        own in prop::collection::vec(prop::option::of(0..=10_000_i64), 30),
        rollup in prop::sample::select(vec![Rollup::Own, Rollup::Children, Rollup::Blend]),
    ) {
        let day = |text: &str| text.parse().unwrap();
        let period = Period::new(day("2026-01-01"), day("2026-12-31")).unwrap();
        let goal = |id: usize| Goal { level: Level(id as u8 % 5), period, organisation: 0, archived: false };
        let mut graph = Alignment::new((0..30).map(|id| (id, goal(id))));
        let mut tree: Vec<TreeGoal> = own
            .iter()
            .map(|own| TreeGoal {
                parent: None,
                contribution: 1.into(),
                own: own.map(|own| Exact::scaled(own, 4)),
            })
            .collect();
        for (child, parent, cascades) in edges {
            let kind = if cascades { EdgeKind::Cascade } else { EdgeKind::Align };
            if graph.link(child, parent, kind, 10).is_ok() && cascades {
                tree[child].parent = Some(parent);
            }
        }
        let settings = OkrSettings { rollup, ..OkrSettings::default() };
        for rolled in roll_up_tree(&tree, &settings).unwrap() {
            let progress = rolled.progress.map(Exact::from);
            prop_assert!(progress.is_none_or(|p| !p.is_negative() && p <= Exact::from(1)));
        }
    }

    #[test]
    fn fairness_does_not_depend_on_the_order_of_what_was_observed(
        observed in prop::collection::vec((prop::array::uniform3(1..=5_i64), 60..120_i64, 0..365_u32), 5..20),
        by in 0..20_usize,
    ) {
        let settings = FairSettings::default();
        let figures = |observed: &[([i64; 3], i64, u32)]| {
            let rows: Vec<Vec<Exact>> =
                observed.iter().map(|(row, ..)| row.map(Exact::from).to_vec()).collect();
            let days: Vec<u32> = observed.iter().map(|(.., days)| *days).collect();
            let members: Vec<Member> = observed
                .iter()
                .map(|([rating, ..], kpi_total, _)| Member {
                    kpi_total: (*kpi_total).into(),
                    grade: Grade::ALL[(5 - rating) as usize],
                })
                .collect();
            let ratings: Vec<Exact> = rows.iter().map(|row| row[0].clone()).collect();
            (
                central_tendency(&ratings, &1.into(), &3.into(), &settings),
                halo(&rows, &settings).map(|halo| (halo.uniform_share, halo.flagged)),
                recency(&days, 365, &settings),
                mismatch(&members, &settings),
            )
        };
        let mut turned = observed.clone();
        turned.rotate_left(by % observed.len());
        prop_assert_eq!(figures(&turned), figures(&observed));
    }
}
