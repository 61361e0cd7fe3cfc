//! One person in one cycle, with the data that the launch of the cycle froze.

use crate::core::calendar::Period;
use crate::core::id::{CycleId, EmployeeId, OrgUnitId, ParticipantId};
use crate::core::time::Timestamp;
use crate::core::tree::MAX_DEPTH;
use crate::cycles::cycle::Cycle;
use crate::cycles::performance_policy::{Membership, PolicyRules};
use crate::people::org::OrgUnitKind;
use crate::policy::{Protected, Target};
use crate::scoring::distribution::Standing;
use crate::state::cycle::State;
use crate::text_enum;
use chrono::NaiveDate;
use std::collections::{HashMap, HashSet};

/// A person with less tenure than this, in full months, is not rated.
pub const MIN_TENURE_MONTHS: u32 = 3;

text_enum! {
    /// Why a person in the population is not evaluated.
    pub enum ExclusionReason {
        /// Less than three months of tenure at the end of the period.
        TooNew = "too_new",
        /// No population of the policy includes the person.
        NoPopulation = "no_population",
        /// HR excluded the person, with a reason on record.
        ByHr = "by_hr",
    }
}

/// One person in one cycle. Unit, department, responsible manager and population are those of the
/// launch: a later move of the person does not change them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Id of the participant.
    pub id: ParticipantId,
    /// Id of the cycle.
    pub cycle_id: CycleId,
    /// Id of the employee.
    pub employee_id: EmployeeId,
    /// The unit in which the person worked.
    pub org_unit_id: Option<OrgUnitId>,
    /// The department in whose distribution the grade counts: the nearest department at or above
    /// that unit, else the division or company.
    pub department_id: Option<OrgUnitId>,
    /// The manager who is responsible for the review; changes only by an explicit handover.
    pub manager_id: Option<EmployeeId>,
    /// Code of the policy's population, which decides the dimensions; `None` where no population
    /// includes the person.
    pub population: Option<String>,
    /// Why the person is not evaluated; `None` for a person who is evaluated.
    pub exclusion: Option<ExclusionReason>,
    /// Whether the person counts towards the quotas of the distribution (E.1), by the roles at the
    /// launch. A person who later gets a role that reads all other grades no longer counts either.
    pub counts_for_quota: bool,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

text_enum! {
    /// What can be done to a participant; paths of the API use these names.
    pub enum ParticipantAction {
        /// Make another manager responsible for the review.
        Handover = "handover",
        /// Exclude the person from the evaluation.
        Exclusion = "exclusion",
        /// Include the person in the evaluation again.
        Inclusion = "inclusion",
    }
}

impl Participant {
    /// What can be done while the cycle is in this state. The responsible manager may change until
    /// the results are published; who is evaluated is fixed when calibration begins.
    pub fn possible_actions(&self, cycle: State) -> Vec<ParticipantAction> {
        use ParticipantAction::{Exclusion, Handover, Inclusion};
        let change = if self.exclusion.is_some() { Inclusion } else { Exclusion };
        match cycle {
            State::GoalSetting | State::Executing | State::Evaluating => vec![Handover, change],
            State::Calibrating | State::Confirmed => vec![Handover],
            State::Draft
            | State::Published
            | State::Closed
            | State::Archived
            | State::Cancelled => Vec::new(),
        }
    }
}

/// Whether an evaluated person counts towards the quotas (E.1). A person who `oversees` the others,
/// as senior management or by a role that reads all their grades, does not. Days of leave are not
/// known here and count as 0.
pub fn counts_for_quota(hired: NaiveDate, period: Period, oversees: bool) -> bool {
    let standing = Standing {
        tenure_months: tenure_months(hired, period.end()).into(),
        leave_share: 0.into(),
        executive: oversees,
    };
    standing.exclusions().is_ok_and(|reasons| reasons.is_empty())
}

impl Protected for Participant {
    fn target(&self, _: NaiveDate) -> Target {
        Target {
            id: self.id.uuid(),
            about: Some(self.employee_id),
            responsible: self.manager_id,
            ..Target::default()
        }
    }
}

/// Full months from the day of hiring to the end of a period, `end` included.
pub fn tenure_months(hired: NaiveDate, end: NaiveDate) -> u32 {
    end.checked_add_days(chrono::Days::new(1))
        .and_then(|after| {
            use chrono::Datelike;
            let months = (after.year() - hired.year()) * 12 + after.month() as i32
                - hired.month() as i32
                - i32::from(after.day() < hired.day());
            u32::try_from(months).ok()
        })
        .unwrap_or_default()
}

/// The day on which a launch on `today` looks at units, managers and jobs: `today`, or the nearer
/// end of the period if `today` lies outside it.
pub fn day_of_record(period: Period, today: NaiveDate) -> NaiveDate {
    today.clamp(period.start(), period.end())
}

/// What is known about a person on the day of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Id of the employee.
    pub employee_id: EmployeeId,
    /// Since which day the person has worked here without a break.
    pub employed_since: NaiveDate,
    /// The unit in which the person works.
    pub org_unit_id: Option<OrgUnitId>,
    /// The line manager.
    pub manager_id: Option<EmployeeId>,
    /// Code of the position.
    pub position_code: Option<String>,
}

/// The tree of units on the day of record: kind and parent of each unit.
#[derive(Clone, Debug, Default)]
pub struct UnitTree(HashMap<OrgUnitId, (OrgUnitKind, Option<OrgUnitId>)>);

impl FromIterator<(OrgUnitId, OrgUnitKind, Option<OrgUnitId>)> for UnitTree {
    fn from_iter<I: IntoIterator<Item = (OrgUnitId, OrgUnitKind, Option<OrgUnitId>)>>(
        units: I,
    ) -> Self {
        Self(units.into_iter().map(|(id, kind, parent)| (id, (kind, parent))).collect())
    }
}

impl UnitTree {
    /// A unit and all units above it, from the bottom up.
    fn upward(&self, unit: OrgUnitId) -> impl Iterator<Item = (OrgUnitId, OrgUnitKind)> + '_ {
        let known = move |id: OrgUnitId| self.0.get(&id).map(|(kind, parent)| (id, *kind, *parent));
        std::iter::successors(known(unit), move |(_, _, parent)| parent.and_then(known))
            .take(MAX_DEPTH)
            .map(|(id, kind, _)| (id, kind))
    }

    /// The nearest department at or above a unit, else its division, else the company.
    pub fn department_of(&self, unit: OrgUnitId) -> Option<OrgUnitId> {
        use OrgUnitKind::{Company, Department, Division};
        [Department, Division, Company].into_iter().find_map(|wanted| {
            self.upward(unit).find(|(_, kind)| *kind == wanted).map(|(id, _)| id)
        })
    }

    /// Whether a unit is one of `units` or below one of them.
    pub fn is_within(&self, unit: OrgUnitId, units: &HashSet<OrgUnitId>) -> bool {
        self.upward(unit).any(|(id, _)| units.contains(&id))
    }
}

/// Everybody who takes part in a cycle, as frozen on the day of record. `candidates` holds all
/// people who work here then or later in the period, including those outside the units of the
/// cycle, because their reporting lines show who has a team. Employees in `overseers` count towards
/// no quota.
pub fn enrol(
    cycle: &Cycle,
    rules: &PolicyRules,
    tree: &UnitTree,
    candidates: Vec<Candidate>,
    overseers: &HashSet<EmployeeId>,
    now: Timestamp,
    new_id: &mut dyn FnMut() -> ParticipantId,
) -> Vec<Participant> {
    let managers: HashSet<EmployeeId> = candidates.iter().filter_map(|it| it.manager_id).collect();
    let units: HashSet<OrgUnitId> = cycle.org_unit_ids.iter().copied().collect();
    let belongs = |candidate: &Candidate| {
        units.is_empty() || candidate.org_unit_id.is_some_and(|unit| tree.is_within(unit, &units))
    };
    let mut enrol_one = |candidate: Candidate| {
        let tenure_months = tenure_months(candidate.employed_since, cycle.period.end());
        let membership = Membership {
            is_manager: managers.contains(&candidate.employee_id),
            position_code: candidate.position_code.as_deref(),
        };
        let population = rules.population_of(membership).map(|found| found.code.clone());
        let exclusion = if tenure_months < MIN_TENURE_MONTHS {
            Some(ExclusionReason::TooNew)
        } else {
            population.is_none().then_some(ExclusionReason::NoPopulation)
        };
        Participant {
            id: new_id(),
            cycle_id: cycle.id,
            employee_id: candidate.employee_id,
            org_unit_id: candidate.org_unit_id,
            department_id: candidate.org_unit_id.and_then(|unit| tree.department_of(unit)),
            manager_id: candidate.manager_id,
            population,
            exclusion,
            counts_for_quota: exclusion.is_none()
                && counts_for_quota(
                    candidate.employed_since,
                    cycle.period,
                    overseers.contains(&candidate.employee_id),
                ),
            version: 1,
            created_at: now,
            updated_at: now,
        }
    };
    candidates.into_iter().filter(belongs).map(&mut enrol_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn unit(number: u128) -> OrgUnitId {
        Uuid::from_u128(number).into()
    }

    #[test]
    fn grades_are_distributed_in_the_nearest_department() {
        use OrgUnitKind::{Company, Department, Division, Team};
        let tree: UnitTree = [
            (unit(1), Company, None),
            (unit(2), Division, Some(unit(1))),
            (unit(3), Department, Some(unit(2))),
            (unit(4), Department, Some(unit(3))),
            (unit(5), Team, Some(unit(4))),
            (unit(6), Team, Some(unit(2))),
            (unit(7), Team, Some(unit(1))),
        ]
        .into_iter()
        .collect();
        for (at, department) in [(5, 4), (4, 4), (3, 3), (6, 2), (2, 2), (7, 1), (1, 1)] {
            assert_eq!(tree.department_of(unit(at)), Some(unit(department)), "{at}");
        }
        assert_eq!(tree.department_of(unit(9)), None);
        let within = HashSet::from([unit(3)]);
        let inside = [1, 2, 3, 4, 5, 6, 7].map(|at| tree.is_within(unit(at), &within));
        assert_eq!(inside, [false, false, true, true, true, false, false]);
    }

    #[test]
    fn the_day_of_record_lies_in_the_period() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let period = Period::new(day("2026-01-01"), day("2026-12-31")).unwrap();
        for (today, record) in [
            ("2025-12-01", "2026-01-01"),
            ("2026-03-01", "2026-03-01"),
            ("2027-01-05", "2026-12-31"),
        ] {
            assert_eq!(day_of_record(period, day(today)), day(record));
        }
    }

    #[test]
    fn a_month_is_full_on_the_eve_of_its_day() {
        let months =
            |hired: &str, end: &str| tenure_months(hired.parse().unwrap(), end.parse().unwrap());
        assert_eq!(months("2026-01-01", "2026-03-31"), 3);
        assert_eq!(months("2026-01-02", "2026-03-31"), 2);
        assert_eq!(months("2025-11-15", "2026-02-14"), 3);
        assert_eq!(months("2026-05-01", "2026-03-31"), 0);
    }
}
