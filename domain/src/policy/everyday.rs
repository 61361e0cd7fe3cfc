//! Who may do what: to-dos and dashboards.

use super::action::Action as A;
use super::rule::{Mask, Noun, Who, to};

/// The nouns of the area.
pub(super) const NOUNS: &[Noun] = &[DASHBOARD_OWN, DASHBOARD_HR, DASHBOARD_EXECUTIVE];

/// What waits for oneself, and dashboards.
const DASHBOARD_OWN: Noun = Noun {
    reading: A::DashboardOwn,
    actions: &[(A::DashboardOwn, &[to("own-work", Who::Colleague, Mask::Full)])],
};

/// How far the people of a cycle are.
const DASHBOARD_HR: Noun = Noun {
    reading: A::DashboardHr,
    actions: &[(
        A::DashboardHr,
        &[to("hr-admin-cycle", Who::HrAdmin, Mask::Full), to("hrbp-cycle", Who::Hrbp, Mask::Full)],
    )],
};

/// How far the goals of the company are.
const DASHBOARD_EXECUTIVE: Noun = Noun {
    reading: A::DashboardExecutive,
    actions: &[(A::DashboardExecutive, &[to("executive-cycle", Who::Executive, Mask::Full)])],
};
