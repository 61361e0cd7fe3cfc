//! What the policy must know of people, units and who comes in.

use super::{Protected, Target};
use crate::account::{Account, ApiKey, RoleAssignment};
use crate::employment::EmploymentStatus;
use crate::org::{Employee, OrgUnit, Position};
use crate::tenant::Tenant;
use chrono::NaiveDate;

impl Protected for Employee {
    fn target(&self, today: NaiveDate) -> Target {
        Target {
            id: self.id.uuid(),
            about: Some(self.id),
            departed: self.status(today) != EmploymentStatus::Active,
            ..Target::default()
        }
    }
}

impl Protected for Account {
    fn target(&self, _: NaiveDate) -> Target {
        Target {
            id: self.id.uuid(),
            about: self.employee_id,
            account: Some(self.id),
            ..Target::default()
        }
    }
}

impl Protected for RoleAssignment {
    fn target(&self, _: NaiveDate) -> Target {
        Target { id: self.id.uuid(), account: Some(self.account_id), ..Target::default() }
    }
}

macro_rules! about_nobody {
    ($($noun:ty),*) => {$(
        impl Protected for $noun {
            fn target(&self, _: NaiveDate) -> Target {
                Target { id: self.id.uuid(), ..Target::default() }
            }
        }
    )*};
}

about_nobody!(OrgUnit, Position, Tenant, ApiKey);
