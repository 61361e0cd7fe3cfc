//! Progress of goals combined over the cascade tree. Implements C.3.

use super::round_progress;
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::settings::{OkrSettings, Rollup};
use crate::scoring::weights::check_fraction;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Progress of a goal in the tree, 4 places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledUp {
    /// Progress as chosen by `okr.rollup`; `None` means "no data".
    pub progress: Option<Decimal>,
    /// The goal's own progress minus that of its children, if both exist: it shows how far the
    /// outcome and the results below it differ.
    pub alignment_gap: Option<Decimal>,
}

/// The combined progress of the children of one goal.
#[derive(Clone, Debug, Default)]
struct Children {
    any: bool,
    any_negative: bool,
    contribution: Exact,
    weighted: Exact,
}

impl Children {
    fn add(&mut self, contribution: &Exact, progress: Option<&Exact>) {
        self.any = true;
        self.any_negative |= contribution.is_negative();
        self.contribution = &self.contribution + contribution;
        if let Some(progress) = progress {
            self.weighted = &self.weighted + contribution * progress;
        }
    }

    fn progress(&self) -> Result<Option<Exact>> {
        if !self.any {
            return Ok(None);
        }
        if self.any_negative {
            return Err(Code::WeightsNot100.because("a contribution is negative"));
        }
        let mean = self.weighted.checked_div(&self.contribution);
        mean.map(Some).ok_or_else(|| Code::WeightsNot100.because("no child contributes"))
    }
}

/// The mode that decides, after the ends of `blend`: alpha 1 is `own`, alpha 0 is `children`.
///
/// # Errors
/// `NUMBER_INVALID` in `blend` for an alpha outside 0 to 1.
fn deciding_mode(settings: &OkrSettings) -> Result<Rollup> {
    let alpha = &settings.blend_alpha;
    if settings.rollup != Rollup::Blend {
        return Ok(settings.rollup);
    }
    check_fraction("okr.blend_alpha", alpha)?;
    Ok(if alpha.is_zero() {
        Rollup::Children
    } else if *alpha == Exact::from(1) {
        Rollup::Own
    } else {
        Rollup::Blend
    })
}

/// Combines a goal's own progress with that of its children, given as `(contribution, progress)`. A
/// child without data counts as 0. Where the own progress decides, the contributions of the
/// children need not be valid; there is then no alignment gap.
///
/// # Errors
/// `NUMBER_INVALID` in `blend` for an alpha outside 0 to 1; in `children` and `blend`
/// `WEIGHTS_NOT_100` when a contribution is negative or none is above 0.
pub fn roll_up(
    own: Option<&Exact>,
    children: &[(Exact, Option<Exact>)],
    settings: &OkrSettings,
) -> Result<RolledUp> {
    let mut sum = Children::default();
    for (contribution, progress) in children {
        sum.add(contribution, progress.as_ref());
    }
    combine(own, &sum, deciding_mode(settings)?, &settings.blend_alpha)?.rounded()
}

/// Progress and alignment gap before they are rounded.
#[derive(Clone, Debug, Default)]
struct Combined {
    progress: Option<Exact>,
    gap: Option<Exact>,
}

impl Combined {
    fn rounded(&self) -> Result<RolledUp> {
        Ok(RolledUp {
            progress: self.progress.as_ref().map(round_progress).transpose()?,
            alignment_gap: self.gap.as_ref().map(round_progress).transpose()?,
        })
    }
}

fn combine(
    own: Option<&Exact>,
    children: &Children,
    mode: Rollup,
    alpha: &Exact,
) -> Result<Combined> {
    let children = match children.progress() {
        Err(_) if mode == Rollup::Own => None,
        progress => progress?,
    };
    let gap = own.zip(children.as_ref()).map(|(own, children)| own - children);
    let progress = match (mode, own, children) {
        (Rollup::Own, own, _) => own.cloned(),
        (Rollup::Children, _, children) => children,
        (Rollup::Blend, Some(own), Some(children)) => {
            Some(alpha * own + (Exact::from(1) - alpha) * children)
        }
        (Rollup::Blend, own, children) => own.cloned().or(children),
    };
    Ok(Combined { progress, gap })
}

/// A goal in a cascade tree that is given as a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeGoal {
    /// Position of the parent in the list; `None` at the top.
    pub parent: Option<usize>,
    /// Weight among the children of the parent; ignored at the top.
    pub contribution: Exact,
    /// Progress from the goal's own key results.
    pub own: Option<Exact>,
}

/// Combines the progress of all trees in the list, children before parents, in time linear in the
/// number of goals. The result is in the order of the input. A goal without children keeps its own
/// progress in every mode. Values stay exact on the way up and are rounded once, where they are
/// shown.
///
/// # Errors
/// `NOT_FOUND` for a parent outside the list, `ALIGN_CYCLE` for a loop, and the errors of
/// [`roll_up`].
pub fn roll_up_tree(goals: &[TreeGoal], settings: &OkrSettings) -> Result<Vec<RolledUp>> {
    let mode = deciding_mode(settings)?;
    let mut waiting = vec![0_usize; goals.len()];
    for parent in goals.iter().filter_map(|goal| goal.parent) {
        let children = waiting
            .get_mut(parent)
            .ok_or_else(|| Code::NotFound.because(format!("there is no goal {parent}")))?;
        *children += 1;
    }
    let mut sums = vec![Children::default(); goals.len()];
    let mut rolled = vec![Combined::default(); goals.len()];
    let mut ready: Vec<usize> = (0..goals.len()).filter(|&goal| waiting[goal] == 0).collect();
    let mut done = 0;
    while let Some(position) = ready.pop() {
        let goal = &goals[position];
        let mode = if sums[position].any { mode } else { Rollup::Own };
        let result = combine(goal.own.as_ref(), &sums[position], mode, &settings.blend_alpha)?;
        done += 1;
        if let Some(parent) = goal.parent {
            sums[parent].add(&goal.contribution, result.progress.as_ref());
            waiting[parent] -= 1;
            if waiting[parent] == 0 {
                ready.push(parent);
            }
        }
        rolled[position] = result;
    }
    if done < goals.len() {
        return Err(Code::AlignCycle.because("the goals do not form a tree"));
    }
    rolled.iter().map(Combined::rounded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings(rollup: Rollup) -> OkrSettings {
        OkrSettings { rollup, ..OkrSettings::default() }
    }

    fn exact(text: &str) -> Exact {
        text.parse().unwrap()
    }

    fn rolled(own: Option<&str>, children: &[(&str, Option<&str>)], mode: Rollup) -> [String; 2] {
        let children: Vec<_> = children
            .iter()
            .map(|(contribution, progress)| (exact(contribution), progress.map(exact)))
            .collect();
        let result = roll_up(own.map(exact).as_ref(), &children, &settings(mode)).unwrap();
        let shown = |value: Option<Decimal>| value.map_or("null".into(), |v| v.to_string());
        [shown(result.progress), shown(result.alignment_gap)]
    }

    #[test]
    fn each_mode_listens_to_its_own_source() {
        let children = [("60", Some("0.8")), ("40", Some("0.5"))];
        let own = Some("0.6");
        assert_eq!(rolled(own, &children, Rollup::Own), ["0.6000", "-0.0800"]);
        assert_eq!(rolled(own, &children, Rollup::Children), ["0.6800", "-0.0800"]);
        assert_eq!(rolled(own, &children, Rollup::Blend), ["0.6400", "-0.0800"]);
    }

    #[test]
    fn a_missing_side_leaves_the_other() {
        let children = [("1", Some("0.5"))];
        assert_eq!(rolled(Some("0.6"), &[], Rollup::Children), ["null", "null"]);
        assert_eq!(rolled(Some("0.6"), &[], Rollup::Blend), ["0.6000", "null"]);
        assert_eq!(rolled(None, &children, Rollup::Blend), ["0.5000", "null"]);
        assert_eq!(rolled(None, &children, Rollup::Own), ["null", "null"]);
        assert_eq!(rolled(None, &[], Rollup::Blend), ["null", "null"]);
    }

    #[test]
    fn a_child_without_data_counts_zero() {
        let children = [("50", Some("0.5")), ("50", None)];
        assert_eq!(rolled(None, &children, Rollup::Children), ["0.2500", "null"]);
    }

    #[test]
    fn contributions_must_carry_weight() {
        for contributions in [[0, 0], [10, -5]] {
            let children = contributions.map(|c| (Exact::from(c), None));
            for mode in [Rollup::Children, Rollup::Blend] {
                let error = roll_up(None, &children, &settings(mode)).unwrap_err();
                assert_eq!(error.code, Code::WeightsNot100);
            }
            let own = Exact::scaled(5, 1);
            let decided = roll_up(Some(&own), &children, &settings(Rollup::Own)).unwrap();
            assert_eq!(decided.progress.map(Exact::from), Some(own));
            assert_eq!(decided.alignment_gap, None);
        }
    }

    #[test]
    fn the_ends_of_a_blend_are_one_side_alone() {
        let blend = |own: Option<&str>, children: &[(Exact, Option<Exact>)], alpha: i64| {
            let settings =
                OkrSettings { blend_alpha: Exact::scaled(alpha, 1), ..settings(Rollup::Blend) };
            roll_up(own.map(exact).as_ref(), children, &settings).map(|rolled| rolled.progress)
        };
        let child = [(Exact::from(1), Some(Exact::from(1)))];
        let worthless = [(Exact::from(0), Some(Exact::from(1)))];
        assert_eq!(blend(None, &child, 10), Ok(None));
        assert_eq!(blend(Some("0.5"), &worthless, 10), Ok(Some(Decimal::new(5000, 4))));
        assert_eq!(blend(Some("0.5"), &[], 0), Ok(None));
        assert_eq!(blend(Some("0.5"), &child, 0), Ok(Some(Decimal::new(10000, 4))));
        for outside in [-1, 11] {
            assert_eq!(blend(None, &child, outside).unwrap_err().code, Code::NumberInvalid);
        }
    }

    #[test]
    fn a_tree_is_rounded_only_where_it_is_shown() {
        let third = |parent, own| TreeGoal { parent, contribution: 1.into(), own };
        let tree = [
            third(None, None),
            third(Some(0), None),
            third(Some(1), Some(exact("0.00004"))),
            third(Some(0), Some(exact("0.00006"))),
        ];
        let rolled = roll_up_tree(&tree, &settings(Rollup::Children)).unwrap();
        let shown: Vec<_> = rolled.iter().map(|goal| goal.progress.unwrap().to_string()).collect();
        assert_eq!(shown, ["0.0001", "0.0000", "0.0000", "0.0001"]);
    }

    fn goal(parent: Option<usize>, contribution: i32, own: Option<&str>) -> TreeGoal {
        TreeGoal { parent, contribution: contribution.into(), own: own.map(exact) }
    }

    #[test]
    fn a_tree_is_rolled_up_from_its_leaves() {
        let tree = [
            goal(None, 0, None),
            goal(Some(0), 60, None),
            goal(Some(1), 1, Some("0.3")),
            goal(Some(1), 2, Some("0.9")),
            goal(Some(0), 40, Some("0.5")),
            goal(None, 0, None),
        ];
        let blend = roll_up_tree(&tree, &settings(Rollup::Blend)).unwrap();
        let progress: Vec<_> = blend.iter().map(|r| r.progress.map(|p| p.to_string())).collect();
        let expected =
            [Some("0.6200"), Some("0.7000"), Some("0.3000"), Some("0.9000"), Some("0.5000"), None];
        assert_eq!(progress, expected.map(|p| p.map(String::from)));
        assert!(roll_up_tree(&[], &settings(Rollup::Own)).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_a_tree_is_refused() {
        let code =
            |goals: &[TreeGoal]| roll_up_tree(goals, &settings(Rollup::Own)).unwrap_err().code;
        assert_eq!(code(&[goal(Some(0), 1, None)]), Code::AlignCycle);
        assert_eq!(code(&[goal(Some(1), 1, None), goal(Some(0), 1, None)]), Code::AlignCycle);
        assert_eq!(code(&[goal(Some(7), 1, None)]), Code::NotFound);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn progress_stays_within_bounds_in_any_tree(
            goals in proptest::collection::vec((any::<prop::sample::Index>(), 1..100_i64, 0..=100_i64), 1..60),
            mode in prop::sample::select(vec![Rollup::Own, Rollup::Children, Rollup::Blend]),
        ) {
            let tree: Vec<_> = goals
                .iter()
                .enumerate()
                .map(|(position, (above, contribution, own))| TreeGoal {
                    parent: (position > 0).then(|| above.index(position)),
                    contribution: (*contribution).into(),
                    own: Some(Exact::scaled(*own, 2)),
                })
                .collect();
            for result in roll_up_tree(&tree, &settings(mode)).unwrap() {
                let progress = result.progress.unwrap_or_default();
                prop_assert!(Decimal::ZERO <= progress && progress <= Decimal::ONE);
            }
        }
    }
}
