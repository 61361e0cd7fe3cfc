//! Progress of goals combined over the cascade tree. Implements C.3.

use super::round_progress;
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::settings::{OkrSettings, Rollup};
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
    contribution: Exact,
    weighted: Exact,
}

impl Children {
    fn add(&mut self, contribution: &Exact, progress: Option<&Exact>) -> Result<()> {
        if contribution.is_negative() {
            return Err(Code::WeightsNot100.because("a contribution is negative"));
        }
        self.any = true;
        self.contribution = &self.contribution + contribution;
        if let Some(progress) = progress {
            self.weighted = &self.weighted + contribution * progress;
        }
        Ok(())
    }

    fn progress(&self) -> Result<Option<Exact>> {
        if !self.any {
            return Ok(None);
        }
        let mean = self.weighted.checked_div(&self.contribution);
        mean.map(Some).ok_or_else(|| Code::WeightsNot100.because("no child contributes"))
    }
}

/// Combines a goal's own progress with that of its children, given as `(contribution, progress)`. A
/// child without data counts as 0.
///
/// # Errors
/// `WEIGHTS_NOT_100` when a contribution is negative or none is above 0.
pub fn roll_up(
    own: Option<&Exact>,
    children: &[(Exact, Option<Exact>)],
    settings: &OkrSettings,
) -> Result<RolledUp> {
    let mut sum = Children::default();
    for (contribution, progress) in children {
        sum.add(contribution, progress.as_ref())?;
    }
    combine(own, &sum, settings)
}

fn combine(own: Option<&Exact>, children: &Children, settings: &OkrSettings) -> Result<RolledUp> {
    let children = children.progress()?;
    let gap = own.zip(children.as_ref()).map(|(own, children)| own - children);
    let progress = match (settings.rollup, own, children) {
        (Rollup::Own, own, _) => own.cloned(),
        (Rollup::Children, _, children) => children,
        (Rollup::Blend, Some(own), Some(children)) => {
            let alpha = &settings.blend_alpha;
            Some(alpha * own + (Exact::from(1) - alpha) * children)
        }
        (Rollup::Blend, own, children) => own.cloned().or(children),
    };
    Ok(RolledUp {
        progress: progress.as_ref().map(round_progress).transpose()?,
        alignment_gap: gap.as_ref().map(round_progress).transpose()?,
    })
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
/// number of goals. The result is in the order of the input. A parent uses its children's rounded
/// progress, so that the figures people see add up.
///
/// # Errors
/// `NOT_FOUND` for a parent outside the list, `ALIGN_CYCLE` for a loop, and the errors of
/// [`roll_up`].
pub fn roll_up_tree(goals: &[TreeGoal], settings: &OkrSettings) -> Result<Vec<RolledUp>> {
    let mut waiting = vec![0_usize; goals.len()];
    for parent in goals.iter().filter_map(|goal| goal.parent) {
        let children = waiting
            .get_mut(parent)
            .ok_or_else(|| Code::NotFound.because(format!("there is no goal {parent}")))?;
        *children += 1;
    }
    let mut sums = vec![Children::default(); goals.len()];
    let mut rolled = vec![RolledUp::default(); goals.len()];
    let mut ready: Vec<usize> = (0..goals.len()).filter(|&goal| waiting[goal] == 0).collect();
    let mut done = 0;
    while let Some(position) = ready.pop() {
        let goal = &goals[position];
        let result = combine(goal.own.as_ref(), &sums[position], settings)?;
        rolled[position] = result;
        done += 1;
        if let Some(parent) = goal.parent {
            sums[parent].add(&goal.contribution, result.progress.map(Exact::from).as_ref())?;
            waiting[parent] -= 1;
            if waiting[parent] == 0 {
                ready.push(parent);
            }
        }
    }
    if done < goals.len() {
        return Err(Code::AlignCycle.because("the goals do not form a tree"));
    }
    Ok(rolled)
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
            let error = roll_up(None, &children, &OkrSettings::default()).unwrap_err();
            assert_eq!(error.code, Code::WeightsNot100);
        }
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
