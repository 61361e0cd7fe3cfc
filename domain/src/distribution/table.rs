//! The distribution of a whole cycle: everybody, each department, and the groups that share quotas.
//! Implements the pooling, checking and testing of E.1-E.4 for all departments at once.

use super::{Check, Comparison, Counts, check, compare, people, pool_tree, quota, tolerance};
use crate::error::{Code, Result};
use crate::fairness::Figure;
use crate::number::Exact;
use crate::review::form::Results;
use crate::settings::DistributionSettings;
use std::collections::BTreeMap;

/// A distribution with everything there is to say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// People per grade.
    pub counts: Counts,
    /// The whole number of people each grade stands for; none for a group that needs a pool.
    pub quota: Option<Counts>,
    /// By how many people a grade may miss its quota without a warning.
    pub tolerance: Exact,
    /// Against the quotas.
    pub check: Check,
    /// Against chance, or why that cannot be said.
    pub comparison: Figure<Comparison>,
}

/// Says of a distribution all there is to say.
///
/// # Errors
/// `WEIGHTS_NOT_100` for shares that are no distribution, `COUNT_INVALID` for more people than
/// can be counted.
pub fn summarise(counts: Counts, settings: &DistributionSettings) -> Result<Summary> {
    let count = u32::try_from(people(&counts))
        .map_err(|_| Code::CountInvalid.because("there are more people than can be counted"))?;
    Ok(Summary {
        quota: quota(count, &settings.shares, settings.min_group)?,
        tolerance: tolerance(count, &settings.tolerance_pp),
        check: check(&counts, settings)?,
        comparison: compare(&counts, &settings.shares)?,
        counts,
    })
}

/// How the grades of some people are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Computed grades of those who count towards the quotas.
    pub computed: Counts,
    /// The grades of the same people as they stand.
    pub present: Counts,
    /// People with a grade who do not count towards the quotas.
    pub uncounted: u32,
    /// People without a grade so far.
    pub ungraded: u32,
}

impl Tally {
    /// Counts so many people whose results are alike.
    pub fn add(&mut self, results: &Results, counts_for_quota: bool, people: u32) {
        let more = |count: &mut u32| *count = count.saturating_add(people);
        match (results.computed_grade, results.present_grade()) {
            (Some(computed), Some(present)) if counts_for_quota => {
                more(self.computed.get_mut(computed));
                more(self.present.get_mut(present));
            }
            (Some(_), _) => more(&mut self.uncounted),
            (None, _) => more(&mut self.ungraded),
        }
    }

    /// Counts the people of another tally as well.
    pub fn join(&mut self, other: &Tally) {
        let more = |count: &mut u32, people: u32| *count = count.saturating_add(people);
        for grade in crate::scale::Grade::ALL {
            more(self.computed.get_mut(grade), *other.computed.get(grade));
            more(self.present.get_mut(grade), *other.present.get(grade));
        }
        more(&mut self.uncounted, other.uncounted);
        more(&mut self.ungraded, other.ungraded);
    }
}

/// Some people, and what there is to say about their distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// How they are counted.
    pub tally: Tally,
    /// Of the grades as they stand.
    pub summary: Summary,
}

impl Line {
    fn new(tally: Tally, settings: &DistributionSettings) -> Result<Line> {
        Ok(Line { summary: summarise(tally.present.clone(), settings)?, tally })
    }
}

/// The distribution of a cycle.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<Id> {
    /// Everybody.
    pub total: Line,
    /// Each department with people.
    pub departments: BTreeMap<Id, Line>,
    /// The departments that share quotas, each in one pool, and the pool as a whole.
    pub pools: Vec<(Vec<Id>, Line)>,
}

/// The distribution of all departments of a cycle. `units` are all units with their parents, in the
/// order in which siblings count.
///
/// # Errors
/// Those of [`summarise`].
pub fn table<Id: Copy + Ord>(
    tallies: BTreeMap<Id, Tally>,
    units: &[(Id, Option<Id>)],
    settings: &DistributionSettings,
) -> Result<Table<Id>> {
    let joined = |members: &mut dyn Iterator<Item = &Tally>| {
        let mut all = Tally::default();
        members.for_each(|tally| all.join(tally));
        Line::new(all, settings)
    };
    let sizes = tallies
        .iter()
        .map(|(id, tally)| (*id, u32::try_from(people(&tally.present)).unwrap_or(u32::MAX)))
        .collect();
    let pools = pool_tree(units, &sizes, settings.min_group)?
        .into_iter()
        .map(|pool| {
            let line = joined(&mut pool.members.iter().filter_map(|id| tallies.get(id)))?;
            Ok((pool.members, line))
        })
        .collect::<Result<_>>()?;
    Ok(Table {
        total: joined(&mut tallies.values())?,
        pools,
        departments: tallies
            .into_iter()
            .map(|(id, tally)| Ok((id, Line::new(tally, settings)?)))
            .collect::<Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::{Grade, PerGrade};

    fn graded(computed: Grade, calibrated: Option<Grade>) -> Results {
        Results {
            computed_grade: Some(computed),
            calibrated_grade: calibrated,
            ..Results::default()
        }
    }

    #[test]
    fn computed_and_present_grades_are_counted_apart() {
        let mut tally = Tally::default();
        tally.add(&graded(Grade::B, None), true, 3);
        tally.add(&graded(Grade::B, Some(Grade::A)), true, 1);
        tally.add(&graded(Grade::S, None), false, 2);
        tally.add(&Results::default(), true, 5);
        assert_eq!(tally.computed, PerGrade::new([0, 0, 4, 0, 0]));
        assert_eq!(tally.present, PerGrade::new([0, 1, 3, 0, 0]));
        assert_eq!((tally.uncounted, tally.ungraded), (2, 5));
    }

    #[test]
    fn small_departments_are_judged_in_their_pool() {
        let mut tallies = BTreeMap::new();
        for (department, people) in [(2, 6), (3, 6), (4, 12)] {
            let mut tally = Tally::default();
            tally.add(&graded(Grade::B, None), true, people);
            tallies.insert(department, tally);
        }
        let tree = [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(1))];
        let table = table(tallies, &tree, &DistributionSettings::default()).unwrap();
        assert_eq!(table.total.summary.counts.b, 24);
        assert_eq!(table.departments[&2].summary.check, Check::PoolRequired);
        assert_eq!(table.departments[&2].summary.quota, None);
        let pools: Vec<_> = table.pools.iter().map(|(members, _)| members.clone()).collect();
        assert_eq!(pools, [vec![2, 3], vec![4]]);
        let shared = &table.pools[0].1.summary;
        assert_eq!(shared.quota, Some(PerGrade::new([1, 2, 6, 2, 1])));
        assert_eq!(shared.check, Check::Warning(vec![Grade::A, Grade::B, Grade::C]));
    }
}
