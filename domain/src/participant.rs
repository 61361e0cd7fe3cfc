//! One person in one cycle, as frozen when the cycle was launched.

use crate::id::{CycleId, EmployeeId, OrgUnitId, ParticipantId};
use crate::policy::{Protected, Target};
use crate::text_enum;
use crate::time::Timestamp;
use chrono::NaiveDate;

/// Full months with the organisation below which nobody is rated.
pub const MIN_TENURE_MONTHS: u32 = 3;

text_enum! {
    /// Why somebody is in the population but not evaluated.
    pub enum ExclusionReason {
        /// Less than three months of tenure when the period ends.
        TooNew = "too_new",
        /// No population of the policy includes the person.
        NoPopulation = "no_population",
        /// HR took the person out, with a reason on record.
        ByHr = "by_hr",
    }
}

/// One person in one cycle. Unit, department, responsible manager and population are those of the
/// launch: a later move changes people, never documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Its id.
    pub id: ParticipantId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// The person.
    pub employee_id: EmployeeId,
    /// The unit the person worked in.
    pub org_unit_id: Option<OrgUnitId>,
    /// The nearest department at or above that unit, else division or company: the group in which
    /// grades are distributed.
    pub department_id: Option<OrgUnitId>,
    /// Who answers for the review; changes only by an explicit handover.
    pub manager_id: Option<EmployeeId>,
    /// The population of the policy, which settles the dimensions; none when excluded.
    pub population: Option<String>,
    /// Why the person is not evaluated.
    pub exclusion: Option<ExclusionReason>,
    /// Whether the person counts towards the quotas of the distribution (E.1).
    pub counts_for_quota: bool,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
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

/// Full months from the day of hiring to the end of a period.
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

#[cfg(test)]
mod tests {
    use super::*;

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
