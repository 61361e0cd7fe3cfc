//! Everything that can be computed can be explained, stored, shown and computed again, under every
//! alternative of the settings.

use core::cell::Cell;
use domain::scoring::kpi::{
    Adjustments, BandOn, Banded, Baseline, Direction, Division, Extra, Interval, Method, Milestone,
    Milestones, Occurrence, Outcome, Points, Ratio, StepUnit, Steps, Veto,
};
use domain::scoring::okr::objective::Ambition;
use domain::scoring::okr::progress::{KeyResult, Milestone as Step};
use domain::scoring::review::dimension::{Dimension, Raters};
use domain::scoring::review::rater::RaterType;
use domain::scoring::scale::Preset;
use domain::scoring::settings::{
    Maintain, MissingActual, NegativeTarget, OkrInReview, ReverseVariant, RoundStage, Settings,
    SmallCategory, StepPartial, TargetChange, ThresholdBelow, Trim,
};
use domain::scoring::trace::{Calculation, Locale, Part, Stretch, Trace, WeightedKeyResult};
use domain::scoring::weights::equal_weights;
use domain::{Exact, Grade, Rounding};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRng, TestRunner};
use uuid::Uuid;

fn number() -> impl Strategy<Value = Exact> {
    (-30_000..30_000_i64, 0..4_u32).prop_map(|(mantissa, scale)| Exact::scaled(mantissa, scale))
}

fn positive() -> impl Strategy<Value = Exact> {
    (1..20_000_i64, 0..4_u32).prop_map(|(mantissa, scale)| Exact::scaled(mantissa, scale))
}

fn rising(count: usize) -> impl Strategy<Value = Vec<Exact>> {
    vec(positive(), count).prop_map(|steps| {
        let climb = |height: &mut Exact, step| {
            *height = &*height + step;
            Some(height.clone())
        };
        steps.into_iter().scan(Exact::from(-50), climb).collect()
    })
}

fn weights(count: usize) -> Vec<Exact> {
    let equal = equal_weights(count.try_into().expect("few")).expect("at least one");
    equal.into_iter().map(Exact::from).collect()
}

/// Values with weights that sum to 100.
fn weighted<T: core::fmt::Debug + Clone>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<(Exact, T)>> {
    vec(value, 1..4).prop_map(|values| weights(values.len()).into_iter().zip(values).collect())
}

fn direction() -> impl Strategy<Value = Direction> {
    select(vec![Direction::Up, Direction::Down])
}

fn ratio() -> impl Strategy<Value = Ratio> {
    (number(), direction()).prop_map(|(target, direction)| Ratio { target, direction })
}

fn method() -> impl Strategy<Value = Method> {
    let outcome = prop_oneof![
        (-5..60_i64).prop_map(|days_late| Outcome::Done { days_late }),
        (0..=100_i64).prop_map(|percent| Outcome::Open { percent: percent.into() }),
    ];
    let milestone = |(weight, outcome)| Milestone { weight, outcome };
    let milestones =
        move |all: Vec<_>| Milestones { milestones: all.into_iter().map(milestone).collect() };
    let band = prop_oneof![Just(BandOn::Actual), ratio().prop_map(BandOn::Achievement)];
    let unit = select(vec![StepUnit::Percent, StepUnit::Absolute]);
    prop_oneof![
        ratio().prop_map(Method::Ratio),
        (number(), number())
            .prop_map(|(baseline, target)| Method::Baseline(Baseline { baseline, target })),
        positive().prop_map(|penalty| Method::Occurrence(Occurrence { base: 100.into(), penalty })),
        (number(), positive(), positive()).prop_map(|(low, width, tolerance)| {
            let high = &low + width;
            Method::Interval(Interval { low, high, tolerance })
        }),
        (rising(3), any::<bool>()).prop_map(|(mut values, falls)| {
            if falls {
                values.reverse();
            }
            Method::Points(Points::at(values.try_into().expect("three")))
        }),
        (rising(2), vec(number(), 3), band)
            .prop_map(|(bounds, scores, on)| Method::Banded(Banded { bounds, scores, on })),
        (number(), positive(), positive(), direction(), unit).prop_map(
            |(target, base, step, direction, unit)| {
                let steps = Steps { direction, unit, ..Steps::of(target, base, step) };
                Method::Steps(Box::new(steps))
            }
        ),
        weighted(outcome).prop_map(move |all| Method::Milestones(milestones(all))),
        Just(Method::Rating),
    ]
}

fn indicator() -> impl Strategy<Value = Calculation> {
    let actual = prop_oneof![4 => number(), 2 => (1..=5_i64).prop_map(Exact::from)];
    (method(), option::weighted(0.95, actual)).prop_map(|(method, actual)| Calculation::Indicator {
        method: Box::new(method),
        actual,
        revisions: vec![Uuid::nil()],
    })
}

fn objective() -> impl Strategy<Value = Calculation> {
    let step = |(weight, done)| Step { weight, done };
    let key_result = prop_oneof![
        (number(), number(), option::of(number()))
            .prop_map(|(start, target, current)| KeyResult::Metric { start, target, current }),
        option::of(any::<bool>()).prop_map(|done| KeyResult::Boolean { done }),
        weighted(any::<bool>()).prop_map(move |all| KeyResult::Milestone {
            milestones: all.into_iter().map(step).collect()
        }),
        vec(any::<bool>(), 0..6).prop_map(|compliance| KeyResult::Maintain { compliance }),
    ];
    let ambition = select(vec![Ambition::Committed, Ambition::Aspirational]);
    let named = |(weight, key_result)| WeightedKeyResult { weight, key_result, revision: None };
    let objective = move |(all, ambition): (Vec<_>, _)| Calculation::Objective {
        key_results: all.into_iter().map(named).collect(),
        ambition,
    };
    (weighted(key_result), ambition).prop_map(objective)
}

fn dimension() -> impl Strategy<Value = Calculation> {
    let rating = (10..=50_i64).prop_map(|rating| Exact::scaled(rating, 1));
    let ratings = [1..3_usize, 0..8, 0..8].map(|count| vec(rating.clone(), count));
    (ratings, any::<bool>()).prop_map(|([manager, peer, subordinate], anonymous_customers)| {
        let raters = [
            (RaterType::Manager, 60, manager),
            (RaterType::Peer, 25, peer),
            (RaterType::Subordinate, 15, subordinate),
        ];
        let raters = raters.into_iter().map(|(rater_type, weight, ratings)| {
            (rater_type, Raters { weight: Exact::from(weight), ratings })
        });
        Calculation::Dimension(Dimension {
            raters: raters.collect(),
            mandatory: vec![RaterType::Manager],
            anonymous_customers,
            named: Default::default(),
        })
    })
}

fn adjustments() -> impl Strategy<Value = Adjustments> {
    let extra = (0..80_i64).prop_map(|tenths| Extra {
        points: Exact::scaled(tenths, 1),
        evidence: vec![Uuid::nil()],
        approver: Some(Uuid::nil()),
    });
    let veto = prop_oneof![
        select(Grade::ALL.to_vec()).prop_map(Veto::CapGrade),
        (0..=120_i64).prop_map(|score| Veto::CapScore(score.into())),
        Just(Veto::ItemZero(0)),
        Just(Veto::TotalZero),
    ];
    (vec(extra.clone(), 0..3), vec(extra, 0..3), option::of(veto)).prop_map(
        |(bonuses, deductions, veto)| Adjustments {
            bonuses,
            deductions,
            exclusion_approval: Some(Uuid::nil()),
            veto,
        },
    )
}

fn calculation() -> impl Strategy<Value = Calculation> {
    let leaf = prop_oneof![6 => indicator(), 2 => objective(), 2 => dimension()];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let part = |(weight, calculation)| Part {
            name: "part".into(),
            weight,
            calculation: Some(calculation),
            approval: None,
            filing: None,
        };
        let parts = move |all: Vec<(Exact, Calculation)>| all.into_iter().map(part).collect();
        let several = || weighted(inner.clone()).prop_map(parts);
        let stretch = (1..200_u32, inner.clone())
            .prop_map(|(days, calculation)| Stretch { days, calculation });
        let division = select(vec![Division::TargetChange, Division::Assignment]);
        let team = vec((0..=120_i64).prop_map(Exact::from), 1..5);
        prop_oneof![
            (several(), adjustments()).prop_map(|(items, adjustments)| {
                Calculation::Performance { items, adjustments }
            }),
            several().prop_map(|dimensions| Calculation::Composite { dimensions }),
            (division, vec(stretch, 1..4)).prop_map(|(division, stretches)| {
                Calculation::TimeWeighted { division, stretches }
            }),
            (inner, team)
                .prop_map(|(own, team_kpi)| Calculation::Manager { own: own.into(), team_kpi }),
        ]
    })
}

/// Settings in which each alternative is drawn independently.
fn settings() -> impl Strategy<Value = Settings> {
    fn any_of<T: Clone + core::fmt::Debug + 'static>(
        values: &[T],
    ) -> impl Strategy<Value = T> + use<T> {
        select(values.to_vec())
    }
    let score = (
        any_of(&[Rounding::HalfUp, Rounding::HalfEven]),
        any_of(&[RoundStage::ItemAndTotal, RoundStage::TotalOnly]),
        any_of(&[Preset::Target100, Preset::HundredPoint]),
    );
    let kpi = (
        any_of(&[0, 50, 100, 200]).prop_map(|percent| Exact::scaled(percent, 2)),
        option::of(any_of(&[60, 100]).prop_map(|start: i64| Exact::from(start))),
        any_of(&[NegativeTarget::Deviation, NegativeTarget::DeviationHalf, NegativeTarget::Reject]),
        any_of(&[ReverseVariant::Linear, ReverseVariant::Inverse]),
        any_of(&[ThresholdBelow::Zero, ThresholdBelow::ThresholdScore]),
        any_of(&[StepPartial::Floor, StepPartial::CeilDeduct, StepPartial::Proportional]),
        any::<bool>(),
        any_of(&[MissingActual::Block, MissingActual::Zero, MissingActual::Exclude]),
        any_of(&[TargetChange::LatestApproved, TargetChange::TimeWeighted]),
    );
    let people = (
        any_of(&[Maintain::ShareOfPeriods, Maintain::LatestOnly]),
        any_of(&[OkrInReview::Off, OkrInReview::Mapped]),
        any_of(&[SmallCategory::Exclude, SmallCategory::MergeOther]),
        any_of(&[Trim::DropExtremes, Trim::None, Trim::Median]),
    );
    (score, kpi, people).prop_map(|(score, kpi, people)| {
        let mut settings = Settings::default();
        (settings.score.rounding, settings.score.round_stage, settings.score.preset) = score;
        settings.kpi.cap = settings.scale().cap;
        (
            settings.kpi.over_rate,
            settings.kpi.min_achievement,
            settings.kpi.negative_target,
            settings.kpi.reverse_variant,
            settings.kpi.threshold_below,
            settings.kpi.step_partial,
            settings.kpi.milestone_partial,
            settings.kpi.missing_actual,
            settings.kpi.target_change,
        ) = kpi;
        (
            settings.okr.maintain,
            settings.okr.in_review,
            settings.review.small_category,
            settings.review.trim,
        ) = people;
        settings
    })
}

#[test]
fn every_calculation_replays_from_its_stored_trace() {
    let explained = Cell::new(0);
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(Default::default()));
    let outcome = runner.run(&(calculation(), settings()), |(calculation, settings)| {
        prop_assert_eq!(Settings::checked(&settings.entries()), Ok(settings.clone()));
        let Ok(trace) = calculation.clone().explain(&settings) else { return Ok(()) };
        explained.set(explained.get() + 1);
        let text = trace.canonical().unwrap();
        let stored: Trace = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&stored, &trace);
        prop_assert_eq!(stored.canonical().unwrap(), text);
        prop_assert!(stored.replays().unwrap());
        prop_assert_ne!(stored.render(Locale::Zh), stored.render(Locale::En));
        let limits = settings.kpi.floor.clone()..=settings.kpi.cap.clone();
        prop_assert!(trace.explanation.outcome.score.is_none_or(|score| limits.contains(&score)));
        Ok(())
    });
    outcome.unwrap();
    assert!(explained.get() > 100, "only {} calculations were sound", explained.get());
}
