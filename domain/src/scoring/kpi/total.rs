//! The performance total of a form, with its bonus and deduction items and vetoes.

use super::limited;
use crate::core::error::{Code, DomainError, Result};
use crate::core::number::Exact;
use crate::scoring::scale::Grade;
use crate::scoring::settings::{GoalSettings, KpiSettings, MissingActual, Settings, VetoEffect};
use crate::scoring::trace::{Record, Rule};
use crate::scoring::weights;
use core::cmp::Ordering;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The score of an item, in one of two units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A score in points of 100; the total uses its weighted mean.
    Score(Exact),
    /// Points of the item's own base, which is also its weight (B.6).
    Points(Exact),
}

/// A weighted item of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Weight in percent.
    pub weight: Exact,
    /// Score of the item; absent while the actual value is missing.
    pub mark: Option<Mark>,
}

/// An item without weight that adds or deducts points (非权重加分/减分项).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// Points, not negative.
    pub points: Exact,
    /// Ids of the evidence; at least one.
    pub evidence: Vec<Uuid>,
    /// Who approved it.
    pub approver: Option<Uuid>,
}

/// The effect of a confirmed veto (一票否决).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Veto {
    /// The grade is at most this one.
    CapGrade(Grade),
    /// The score is at most this one.
    CapScore(Exact),
    /// The item at this position, from 0, scores 0.
    ItemZero(usize),
    /// The total is 0.
    TotalZero,
}

impl Veto {
    /// The effect that the policy gives to a veto on the item at this position.
    pub fn configured(kpi: &KpiSettings, item: usize) -> Veto {
        match kpi.veto_effect {
            VetoEffect::CapGrade => Veto::CapGrade(kpi.veto_grade),
            VetoEffect::CapScore => Veto::CapScore(kpi.veto_score.clone()),
            VetoEffect::ItemZero => Veto::ItemZero(item),
            VetoEffect::TotalZero => Veto::TotalZero,
        }
    }

    /// Checks the veto against the form when it is set.
    ///
    /// # Errors
    /// `NUMBER_INVALID` for a score outside `kpi.floor` to `kpi.cap`, `INPUT_INVALID` for an item
    /// that the form does not have.
    pub fn validate(&self, items: &[Item], kpi: &KpiSettings) -> Result<()> {
        match self {
            Veto::CapScore(score) if *score < kpi.floor || *score > kpi.cap => {
                Err(Code::NumberInvalid.because(format!("a veto cannot cap the score at {score}")))
            }
            Veto::ItemZero(item) if *item >= items.len() => {
                Err(Code::InputInvalid.because(format!("the form has no item {item}")))
            }
            Veto::CapGrade(_) | Veto::CapScore(_) | Veto::ItemZero(_) | Veto::TotalZero => Ok(()),
        }
    }

    /// The best grade that is possible under this veto, where `left` is the grade of the total
    /// that it leaves. Calibration cannot lift a grade above it.
    pub fn ceiling(&self, left: Grade) -> Grade {
        match self {
            Veto::CapGrade(grade) => *grade,
            Veto::CapScore(_) | Veto::ItemZero(_) | Veto::TotalZero => left,
        }
    }
}

/// A veto that somebody has set on a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedVeto {
    /// What it does.
    pub effect: Veto,
    /// Whether HR has confirmed it.
    pub confirmed: bool,
    /// Number of items of evidence.
    pub evidence: u32,
}

impl ClaimedVeto {
    /// The veto if it has an effect; `None` until HR confirms it. Implements B.9.
    ///
    /// # Errors
    /// The errors of [`Veto::validate`]; `EVIDENCE_REQUIRED` for a confirmed veto without evidence.
    pub fn in_force(self, items: &[Item], kpi: &KpiSettings) -> Result<Option<Veto>> {
        self.effect.validate(items, kpi)?;
        if !self.confirmed {
            return Ok(None);
        }
        if self.evidence == 0 {
            return Err(Code::EvidenceRequired.because("a confirmed veto needs evidence"));
        }
        Ok(Some(self.effect))
    }
}

/// The final grade: the calibrated grade, or else the computed one, held down by a veto. Implements
/// steps 7 to 9 of 0.5 for the performance total.
pub fn final_grade(total: &Total, calibrated: Option<Grade>, veto: Option<&Veto>) -> Grade {
    let grade = calibrated.unwrap_or(total.grade);
    veto.map_or(grade, |veto| grade.min(veto.ceiling(total.grade)))
}

/// Everything that changes a performance total besides its weighted items.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adjustments {
    /// Items that add points, together at most `kpi.bonus_max`.
    pub bonuses: Vec<Extra>,
    /// Items that deduct points, together at most `kpi.deduct_max`.
    pub deductions: Vec<Extra>,
    /// Id of HR's approval to leave out items without an actual value
    /// (`kpi.missing_actual=exclude`).
    pub exclusion_approval: Option<Uuid>,
    /// A confirmed veto.
    pub veto: Option<Veto>,
}

/// A performance total with its grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// Score, 2 places.
    pub score: Decimal,
    /// Grade of the score, limited by a veto.
    pub grade: Grade,
}

/// The performance total of a form whose item weights sum to 100. Implements B.9.
///
/// # Errors
/// In this order: `EMPTY_INPUT` without items, `NUMBER_INVALID` for a weight of more than 2 places,
/// `WEIGHTS_NOT_100`, the errors of [`Veto::validate`], `KPI_ACTUAL_MISSING` or `APPROVAL_REQUIRED`
/// depending on `kpi.missing_actual`, `WEIGHTS_NOT_100` when the counted weights sum to 0, `AMOUNT_INVALID`,
/// `EVIDENCE_REQUIRED` or `APPROVAL_REQUIRED` for an item without weight, `NUMBER_OVERFLOW`.
pub fn total(items: &[Item], adjustments: &Adjustments, settings: &Settings) -> Result<Total> {
    check_form(items)?;
    total_recorded(items, adjustments, settings, &mut ())
}

/// Checks that a form has items and that their weights, as people enter them, sum to 100.
///
/// # Errors
/// `EMPTY_INPUT`, `NUMBER_INVALID` for a weight of more than 2 places, `WEIGHTS_NOT_100`.
pub fn check_form(items: &[Item]) -> Result<()> {
    if items.is_empty() {
        return Err(no_items());
    }
    weights::check_sum(items.iter().map(|item| &item.weight))
}

fn no_items() -> DomainError {
    Code::EmptyInput.because("the form has no items")
}

/// Like [`total`], but records every step and takes weights that are fractions of a percent.
pub(crate) fn total_recorded(
    items: &[Item],
    adjustments: &Adjustments,
    settings: &Settings,
    record: &mut impl Record,
) -> Result<Total> {
    if items.is_empty() {
        return Err(no_items());
    }
    weights::check_shares(items.iter().map(|item| &item.weight))?;
    let kpi = &settings.kpi;
    if let Some(veto) = &adjustments.veto {
        veto.validate(items, kpi)?;
    }
    let mean = record.step(Rule::WeightedMean, mean(items, adjustments, kpi)?);
    let bonus = extra_points(&adjustments.bonuses)?.min(kpi.bonus_max.clone());
    let deduction = extra_points(&adjustments.deductions)?.min(kpi.deduct_max.clone());
    let bonus = record.step(Rule::Bonus, bonus);
    let deduction = record.step(Rule::Deduction, deduction);
    let limited = record.step(Rule::Limits, limited(mean + bonus - deduction, settings));
    let score = match &adjustments.veto {
        Some(Veto::TotalZero) => record.step(Rule::Veto, Exact::default()),
        Some(Veto::CapScore(highest)) => record.step(Rule::Veto, limited.min(highest.clone())),
        Some(Veto::CapGrade(_) | Veto::ItemZero(_)) | None => limited,
    };
    let rounding = settings.score.rounding;
    let scale = settings.scale();
    let grade = scale.grade(&score, rounding);
    let ceiling = adjustments.veto.as_ref().map(|veto| veto.ceiling(grade));
    let score = score.round(2, rounding)?;
    record.step(Rule::Rounded, score.into());
    Ok(Total { score, grade: ceiling.map_or(grade, |ceiling| grade.min(ceiling)) })
}

/// The weighted mean of the items that count.
fn mean(items: &[Item], adjustments: &Adjustments, kpi: &KpiSettings) -> Result<Exact> {
    let zeroed = match adjustments.veto {
        Some(Veto::ItemZero(item)) => Some(item),
        _ => None,
    };
    let hundred = Exact::from(100);
    let (mut earned, mut counted) = (Exact::default(), Exact::default());
    for (position, Item { weight, mark }) in items.iter().enumerate() {
        let gain = match mark {
            _ if zeroed == Some(position) => Exact::default(),
            Some(Mark::Score(score)) => weight * score,
            Some(Mark::Points(points)) => &hundred * points,
            None => match kpi.missing_actual {
                MissingActual::Block => return Err(super::missing()),
                MissingActual::Zero => Exact::default(),
                MissingActual::Exclude if adjustments.exclusion_approval.is_some() => continue,
                MissingActual::Exclude => {
                    return Err(Code::ApprovalRequired
                        .because("HR must approve that a missing actual is left out"));
                }
            },
        };
        earned = earned + gain;
        counted = counted + weight;
    }
    earned
        .checked_div(&counted)
        .ok_or_else(|| Code::WeightsNot100.because("the counted weights sum to 0"))
}

fn extra_points(extras: &[Extra]) -> Result<Exact> {
    extras.iter().try_fold(Exact::default(), |sum, Extra { points, evidence, approver }| {
        if points.is_negative() {
            return Err(Code::AmountInvalid.because(format!("{points} points are negative")));
        }
        if evidence.is_empty() {
            return Err(Code::EvidenceRequired.because("an item without weight needs evidence"));
        }
        if approver.is_none() {
            return Err(Code::ApprovalRequired.because("an item without weight needs an approver"));
        }
        Ok(sum + points)
    })
}

/// What is unusual about a form: a warning, never a refusal. Implements the form limits of B.9.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormWarning {
    /// The number of items, which is below `goal.count`.
    CountLow(usize),
    /// The number of items, which is above `goal.count`.
    CountHigh(usize),
    /// The position of an item whose weight is below `goal.weight`.
    WeightLow(usize),
    /// The position of an item whose weight is above `goal.weight`.
    WeightHigh(usize),
}

/// What is unusual about a form: first the number of items, then the items in order.
pub fn form_warnings(items: &[Item], goal: &GoalSettings) -> Vec<FormWarning> {
    let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
    let count = match goal.count.side(&count) {
        Ordering::Less => Some(FormWarning::CountLow(items.len())),
        Ordering::Equal => None,
        Ordering::Greater => Some(FormWarning::CountHigh(items.len())),
    };
    let weights = items.iter().enumerate().filter_map(|(position, item)| {
        match goal.weight.side(&item.weight) {
            Ordering::Less => Some(FormWarning::WeightLow(position)),
            Ordering::Equal => None,
            Ordering::Greater => Some(FormWarning::WeightHigh(position)),
        }
    });
    count.into_iter().chain(weights).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn item(weight: i64, score: Option<&str>) -> Item {
        let mark = score.map(|score| Mark::Score(score.parse().unwrap()));
        Item { weight: weight.into(), mark }
    }

    fn items() -> Vec<Item> {
        [(40, "108.00"), (30, "86.67"), (20, "75.00"), (10, "57.00")]
            .map(|(weight, score)| item(weight, Some(score)))
            .to_vec()
    }

    fn extra(points: i64) -> Extra {
        Extra { points: points.into(), evidence: vec![Uuid::nil()], approver: Some(Uuid::nil()) }
    }

    fn extras(bonuses: &[i64], deductions: &[i64]) -> Adjustments {
        let extras = |points: &[i64]| points.iter().copied().map(extra).collect();
        Adjustments {
            bonuses: extras(bonuses),
            deductions: extras(deductions),
            ..Default::default()
        }
    }

    fn shown(items: &[Item], adjustments: &Adjustments) -> (String, Grade) {
        let Total { score, grade } = total(items, adjustments, &Settings::default()).unwrap();
        (score.to_string(), grade)
    }

    fn code(items: &[Item], adjustments: &Adjustments, settings: &Settings) -> Code {
        total(items, adjustments, settings).unwrap_err().code
    }

    #[test]
    fn items_extras_and_their_limits() {
        for (items, adjustments, score, grade) in [
            (items(), extras(&[], &[]), "89.90", Grade::C),
            (items(), extras(&[6, 7], &[3]), "96.90", Grade::B),
            (items(), extras(&[], &[8, 8]), "79.90", Grade::C),
            (vec![item(100, Some("119"))], extras(&[6], &[]), "120.00", Grade::S),
            (vec![item(100, Some("2"))], extras(&[], &[3]), "0.00", Grade::D),
        ] {
            assert_eq!(shown(&items, &adjustments), (score.into(), grade));
        }
    }

    #[test]
    fn a_base_of_points_counts_as_its_weight() {
        let points = Item { weight: 30.into(), mark: Some(Mark::Points(33.into())) };
        let items = [points, item(70, Some("100"))];
        assert_eq!(shown(&items, &Adjustments::default()), ("103.00".into(), Grade::B));
    }

    #[test]
    fn a_veto_caps() {
        for (veto, score, grade) in [
            (Veto::CapGrade(Grade::D), "96.90", Grade::D),
            (Veto::CapGrade(Grade::A), "96.90", Grade::B),
            (Veto::CapScore(80.into()), "80.00", Grade::C),
            (Veto::CapScore(100.into()), "96.90", Grade::B),
            (Veto::ItemZero(0), "53.70", Grade::D),
            (Veto::TotalZero, "0.00", Grade::D),
        ] {
            let adjustments = Adjustments { veto: Some(veto), ..extras(&[6, 7], &[3]) };
            assert_eq!(shown(&items(), &adjustments), (score.into(), grade));
        }
        let nowhere = Adjustments { veto: Some(Veto::ItemZero(4)), ..Default::default() };
        assert_eq!(code(&items(), &nowhere, &Settings::default()), Code::InputInvalid);
    }

    #[test]
    fn the_policy_chooses_the_veto_and_calibration_cannot_pass_it() {
        for (effect, expected) in [
            (VetoEffect::CapGrade, Grade::D),
            (VetoEffect::CapScore, Grade::D),
            (VetoEffect::ItemZero, Grade::D),
            (VetoEffect::TotalZero, Grade::D),
        ] {
            let kpi = KpiSettings { veto_effect: effect, ..Default::default() };
            let veto = Veto::configured(&kpi, 0);
            let adjustments = Adjustments { veto: Some(veto.clone()), ..Default::default() };
            let total = total(&items(), &adjustments, &Settings::default()).unwrap();
            assert_eq!(final_grade(&total, Some(Grade::S), Some(&veto)), expected, "{effect:?}");
        }
        let total = total(&items(), &Adjustments::default(), &Settings::default()).unwrap();
        let lenient = Veto::CapGrade(Grade::A);
        assert_eq!(final_grade(&total, Some(Grade::S), Some(&lenient)), Grade::A);
        assert_eq!(final_grade(&total, Some(Grade::S), None), Grade::S);
        assert_eq!(final_grade(&total, None, Some(&lenient)), total.grade);
    }

    #[test]
    fn a_veto_is_checked_when_it_is_set_and_counts_once_it_is_confirmed() {
        let kpi = KpiSettings::default();
        let claim = |effect, confirmed, evidence| {
            ClaimedVeto { effect, confirmed, evidence }.in_force(&items(), &kpi)
        };
        let code =
            |effect, confirmed, evidence| claim(effect, confirmed, evidence).unwrap_err().code;
        for beyond in [Exact::from(-5), Exact::scaled(12_001, 2)] {
            assert_eq!(code(Veto::CapScore(beyond), false, 0), Code::NumberInvalid);
        }
        assert_eq!(code(Veto::ItemZero(4), false, 1), Code::InputInvalid);
        assert_eq!(code(Veto::TotalZero, true, 0), Code::EvidenceRequired);
        assert_eq!(claim(Veto::TotalZero, false, 0), Ok(None));
        assert_eq!(claim(Veto::TotalZero, true, 1), Ok(Some(Veto::TotalZero)));
    }

    #[test]
    fn weights_that_people_enter_have_two_places() {
        let weighed = |weights: [&str; 2]| {
            let items = weights
                .map(|weight| Item { weight: weight.parse().unwrap(), ..item(0, Some("90")) });
            total(&items, &Adjustments::default(), &Settings::default()).map_err(|error| error.code)
        };
        assert_eq!(weighed(["33.333", "66.667"]), Err(Code::NumberInvalid));
        assert!(weighed(["33.330", "66.67"]).is_ok());
    }

    #[test]
    fn a_missing_actual_blocks_counts_zero_or_is_left_out() {
        let policy = |missing_actual| {
            let kpi = KpiSettings { missing_actual, ..Default::default() };
            Settings { kpi, ..Default::default() }
        };
        let mut items = items();
        items[3].mark = None;
        let plain = Adjustments::default();
        let block = policy(MissingActual::Block);
        assert_eq!(code(&items, &plain, &block), Code::KpiActualMissing);
        let score = |adjustments: &Adjustments, settings: &Settings| {
            total(&items, adjustments, settings).unwrap().score.to_string()
        };
        assert_eq!(score(&plain, &policy(MissingActual::Zero)), "84.20");
        let exclude = policy(MissingActual::Exclude);
        assert_eq!(code(&items, &plain, &exclude), Code::ApprovalRequired);
        let approved = Adjustments { exclusion_approval: Some(Uuid::nil()), ..plain };
        assert_eq!(score(&approved, &exclude), "93.56");
        assert_eq!(code(&[item(100, None)], &approved, &exclude), Code::WeightsNot100);
    }

    #[test]
    fn forms_and_extras_are_checked() {
        let settings = Settings::default();
        let plain = Adjustments::default();
        assert_eq!(code(&[], &plain, &settings), Code::EmptyInput);
        assert_eq!(code(&[item(90, None)], &plain, &settings), Code::WeightsNot100);
        for (extra, expected) in [
            (extra(-1), Code::AmountInvalid),
            (Extra { evidence: vec![], ..extra(1) }, Code::EvidenceRequired),
            (Extra { approver: None, ..extra(1) }, Code::ApprovalRequired),
        ] {
            let adjustments = Adjustments { bonuses: vec![extra], ..Default::default() };
            assert_eq!(code(&items(), &adjustments, &settings), expected);
        }
    }

    #[test]
    fn unusual_forms_are_hinted_at() {
        let goal = GoalSettings::default();
        assert!(form_warnings(&items(), &goal).is_empty());
        assert_eq!(
            form_warnings(&[item(96, None), item(4, None)], &goal),
            [FormWarning::CountLow(2), FormWarning::WeightHigh(0), FormWarning::WeightLow(1)]
        );
        let many = vec![item(11, None); 9];
        assert_eq!(form_warnings(&many, &goal), [FormWarning::CountHigh(9)]);
    }

    proptest! {
        #[test]
        fn a_total_lies_between_its_items_in_any_order(
            scores in proptest::collection::vec(0..12_000_i64, 4),
        ) {
            let mut items = items();
            for (item, &score) in items.iter_mut().zip(&scores) {
                item.mark = Some(Mark::Score(Exact::scaled(score, 2)));
            }
            let score = |items: &[Item]| {
                total(items, &Adjustments::default(), &Settings::default()).unwrap().score
            };
            let forward = score(&items);
            items.reverse();
            prop_assert_eq!(forward, score(&items));
            let bound = |score: Option<&i64>| Decimal::new(*score.unwrap(), 2);
            prop_assert!(bound(scores.iter().min()) <= forward);
            prop_assert!(forward <= bound(scores.iter().max()));
        }
    }
}
