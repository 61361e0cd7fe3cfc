//! Access rules for to-dos and dashboards.

use super::action::Action as A;
use super::rule::{Mask, Noun, Who, to};

/// The nouns of the area.
pub(super) const NOUNS: &[Noun] = &[DASHBOARD_OWN, DASHBOARD_HR, DASHBOARD_EXECUTIVE];

/// A person's own to-dos, and dashboards of their own work and team.
const DASHBOARD_OWN: Noun = Noun {
    reading: A::DashboardOwn,
    records: &[],
    actions: &[(A::DashboardOwn, &[to("own-work", Who::Colleague, Mask::Full)])],
};

/// Dashboard for HR: the progress of the people of a cycle.
const DASHBOARD_HR: Noun = Noun {
    reading: A::DashboardHr,
    records: &[],
    actions: &[(
        A::DashboardHr,
        &[to("hr-admin-cycle", Who::HrAdmin, Mask::Full), to("hrbp-cycle", Who::Hrbp, Mask::Full)],
    )],
};

/// Dashboard for senior management: the progress of the company's goals.
const DASHBOARD_EXECUTIVE: Noun = Noun {
    reading: A::DashboardExecutive,
    records: &[],
    actions: &[(A::DashboardExecutive, &[to("executive-cycle", Who::Executive, Mask::Full)])],
};
