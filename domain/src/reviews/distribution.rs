//! The distribution of a whole cycle: of everybody, of each department, and of the groups that
//! share quotas. Implements the pooling, checking and testing of E.1-E.4 for all departments at
//! once, and for the people of one session.

use crate::core::error::{Code, Result};
use crate::core::id::OrgUnitId;
use crate::core::number::Exact;
use crate::reviews::aggregate::Disclosure;
use crate::reviews::form::Results;
use crate::scoring::distribution::{
    Check, Comparison, Counts, check, compare, counted, people, pool_tree, quota, tolerance,
};
use crate::scoring::fairness::Figure;
use crate::scoring::scale::Grade;
use crate::scoring::settings::DistributionSettings;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A distribution of grades with its quotas, check and statistical test.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Number of people by grade.
    pub counts: Counts,
    /// Quotas in whole people, by grade; `None` for a group too small for quotas.
    pub quota: Option<Counts>,
    /// By how many people a grade may differ from its quota without a warning.
    pub tolerance: Exact,
    /// Comparison with the quotas.
    pub check: Check,
    /// Statistical comparison with the target shares, or why it is not possible.
    pub comparison: Figure<Comparison>,
}

/// Compares a distribution of grades with quotas and target shares.
///
/// # Errors
/// `WEIGHTS_NOT_100` if the shares do not sum to 100, `COUNT_INVALID` for more people than can be
/// counted.
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

/// The counts of the grades of a group of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Computed grades of the people who count towards the quotas.
    pub computed: Counts,
    /// Present grades of the same people.
    pub present: Counts,
    /// Number of people with a grade who do not count towards the quotas.
    pub uncounted: u32,
    /// Number of people without a grade so far.
    pub ungraded: u32,
}

impl Tally {
    /// Adds `people` people who all have these results.
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

    /// Adds the counts of another tally.
    pub fn join(&mut self, other: &Tally) {
        let more = |count: &mut u32, people: u32| *count = count.saturating_add(people);
        for grade in Grade::ALL {
            more(self.computed.get_mut(grade), *other.computed.get(grade));
            more(self.present.get_mut(grade), *other.present.get(grade));
        }
        more(&mut self.uncounted, other.uncounted);
        more(&mut self.ungraded, other.ungraded);
    }
}

/// A group of people with their distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Counts of their grades.
    pub tally: Tally,
    /// Distribution of their present grades.
    pub summary: Summary,
}

impl Line {
    fn new(tally: Tally, settings: &DistributionSettings) -> Result<Line> {
        Ok(Line { summary: summarise(tally.present.clone(), settings)?, tally })
    }
}

/// The distributions of a cycle; a withheld one is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Everybody whose grades are shown.
    pub total: Option<Line>,
    /// Each department that has people.
    pub departments: BTreeMap<Option<OrgUnitId>, Option<Line>>,
    /// The pools: groups of departments that share quotas, each with its distribution, which is
    /// shown only if all departments of the pool are shown.
    pub pools: Vec<(Vec<Option<OrgUnitId>>, Option<Line>)>,
}

/// The distributions of all departments of a cycle, from the counts that a reader sees. `units`
/// holds all units with their parents; siblings are pooled in this order.
///
/// # Errors
/// The errors of [`summarise`].
pub fn table(
    shown: Disclosure,
    units: &[(Option<OrgUnitId>, Option<Option<OrgUnitId>>)],
    settings: &DistributionSettings,
) -> Result<Table> {
    let Disclosure { departments, total, sizes } = shown;
    let line = |tally: Option<Tally>| tally.map(|tally| Line::new(tally, settings)).transpose();
    let joined = |members: &[Option<OrgUnitId>]| {
        let mut all = Tally::default();
        for member in members {
            all.join(departments.get(member)?.as_ref()?);
        }
        Some(all)
    };
    let pools = pool_tree(units, &sizes, settings.min_group)?
        .into_iter()
        .map(|pool| {
            let whole = line(joined(&pool.members))?;
            Ok((pool.members, whole))
        })
        .collect::<Result<_>>()?;
    Ok(Table {
        total: line(total)?,
        pools,
        departments: departments
            .into_iter()
            .map(|(id, tally)| Ok((id, line(tally)?)))
            .collect::<Result<_>>()?,
    })
}

/// A review in a session, with its present grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Id of the review.
    pub review: Uuid,
    /// Id of the department.
    pub department: Uuid,
    /// Present grade.
    pub grade: Grade,
    /// The best grade that a confirmed veto allows; `None` without a veto.
    pub veto_cap: Option<Grade>,
}

/// The distributions that a session looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Distribution of all people of the session.
    pub overall: Summary,
    /// Distribution of each department.
    pub departments: BTreeMap<Uuid, Summary>,
}

/// The present distributions of a session.
///
/// # Errors
/// `EMPTY_INPUT` for an empty list of people, `WEIGHTS_NOT_100` if the shares of the settings do
/// not sum to 100.
pub fn picture(people: &[Placed], settings: &DistributionSettings) -> Result<Picture> {
    if people.is_empty() {
        return Err(Code::EmptyInput.because("there is nobody to calibrate"));
    }
    let mut departments: BTreeMap<Uuid, Vec<Grade>> = BTreeMap::new();
    for person in people {
        departments.entry(person.department).or_default().push(person.grade);
    }
    let summarised = |(department, grades): (Uuid, Vec<Grade>)| {
        Ok((department, summarise(counted(grades), settings)?))
    };
    Ok(Picture {
        overall: summarise(counted(people.iter().map(|person| person.grade)), settings)?,
        departments: departments.into_iter().map(summarised).collect::<Result<_>>()?,
    })
}

/// The distributions before and after moves of reviews, each to a grade; no move can lift a grade
/// above a veto cap.
///
/// # Errors
/// `NOT_FOUND` for a review outside the session, and the errors of [`picture`].
pub fn before_and_after(
    people: &[Placed],
    moves: &[(Uuid, Grade)],
    settings: &DistributionSettings,
) -> Result<(Picture, Picture)> {
    let before = picture(people, settings)?;
    let mut moved = people.to_vec();
    for (review, to) in moves {
        let person = moved
            .iter_mut()
            .find(|person| person.review == *review)
            .ok_or_else(|| Code::NotFound.because("the review is not part of the session"))?;
        person.grade = person.veto_cap.map_or(*to, |cap| (*to).min(cap));
    }
    Ok((before, picture(&moved, settings)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::scale::PerGrade;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

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
        let unit = |number: u128| Some(OrgUnitId::from(Uuid::from_u128(number)));
        let mut tallies = BTreeMap::new();
        for (department, people) in [(2, 6), (3, 6), (4, 12)] {
            let mut tally = Tally::default();
            tally.add(&graded(Grade::B, None), true, people);
            tallies.insert(unit(department), tally);
        }
        let tree = [1, 2, 3, 4].map(|number| (unit(number), (number > 1).then_some(unit(1))));
        let settings = DistributionSettings::default();
        let shown = Disclosure::whole(tallies);
        let whole = table(shown.clone(), &tree, &settings).unwrap();
        assert_eq!(whole.total.unwrap().summary.counts.b, 24);
        let small = whole.departments[&unit(2)].clone().unwrap();
        assert_eq!(small.summary.check, Check::PoolRequired);
        assert_eq!(small.summary.quota, None);
        let pools: Vec<_> = whole.pools.iter().map(|(members, _)| members.clone()).collect();
        assert_eq!(pools, [vec![unit(2), unit(3)], vec![unit(4)]]);
        let shared = whole.pools[0].1.clone().unwrap().summary;
        assert_eq!(shared.quota, Some(PerGrade::new([1, 2, 6, 2, 1])));
        assert_eq!(shared.check, Check::Warning(vec![Grade::A, Grade::B, Grade::C]));

        let mut partly = shown;
        partly.departments.insert(unit(3), None);
        let partly = table(partly, &tree, &settings).unwrap();
        assert_eq!(partly.departments[&unit(3)], None);
        assert_eq!(partly.pools[0], (vec![unit(2), unit(3)], None), "no pool with a part withheld");
        assert!(partly.pools[1].1.is_some());
    }

    #[test]
    fn a_move_shows_in_both_tables_and_nowhere_else() {
        let settings = DistributionSettings::default();
        let mut people: Vec<Placed> = (0..12)
            .map(|number| Placed {
                review: id(number),
                department: id(number % 2),
                grade: Grade::B,
                veto_cap: None,
            })
            .collect();
        let (before, after) = before_and_after(&people, &[(id(1), Grade::S)], &settings).unwrap();
        assert_eq!((before.overall.counts.s, after.overall.counts.s), (0, 1));
        assert_eq!(after.departments[&id(1)].counts, PerGrade::new([1, 0, 5, 0, 0]));
        assert_eq!(after.departments[&id(0)], before.departments[&id(0)]);
        assert_eq!(after.departments[&id(0)].check, Check::PoolRequired);

        people[1].veto_cap = Some(Grade::C);
        let both = [(id(1), Grade::S), (id(2), Grade::A)];
        let (_, capped) = before_and_after(&people, &both, &settings).unwrap();
        assert_eq!(capped.overall.counts, PerGrade::new([0, 1, 10, 1, 0]), "one of two is capped");

        let code = |people: &[Placed], review| {
            before_and_after(people, &[(review, Grade::A)], &settings).unwrap_err().code
        };
        assert_eq!(code(&people, id(99)), Code::NotFound);
        assert_eq!(code(&[], id(1)), Code::EmptyInput);
    }
}
