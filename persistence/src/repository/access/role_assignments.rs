//! Role assignments.

use super::Db;
use super::among::one_of;
use super::engine::Unit;
use super::keys::KEYS;
use crate::column::{Key, Word};
use crate::page::{Page, keyset};
use crate::ports::{ReportingLines, Result, RoleAssignments, RoleFilter};
use crate::record::{creates, finds, updates};
use crate::schema::{RoleAssignmentRow, account, employment, role_assignment};
use chrono::NaiveDate;
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use domain::access::account::{AccountStatus, RoleAssignment};
use domain::core::change::Change;
use domain::core::id::{EmployeeId, RoleAssignmentId};
use domain::core::text::TextEnum;
use domain::people::employment::EmploymentStatus;
use domain::policy::Role;
use domain::policy::Sealed;
use std::collections::HashMap;
use uuid::Uuid;

finds!(
    RoleAssignmentRow of role_assignment by RoleAssignmentId, RoleAssignment,
    if deleted_at.is_null()
);
creates!(RoleAssignmentRow of role_assignment, RoleAssignment);
updates!(RoleAssignmentRow of role_assignment, RoleAssignment);

impl RoleAssignments for Unit<'_> {
    fn role_assignments(&mut self, filter: RoleFilter, page: &Page) -> Result<Vec<RoleAssignment>> {
        let mut query = role_assignment::table
            .filter(role_assignment::tenant_id.eq(self.scope()))
            .select(RoleAssignmentRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if page.updated_since.is_none() {
            query = query.filter(role_assignment::deleted_at.is_null());
        }
        if let Some(account) = filter.account_id {
            query = query.filter(role_assignment::account_id.eq(Key(account.uuid())));
        }
        if let Some(role) = filter.role {
            query = query.filter(role_assignment::role.eq(role.as_str()));
        }
        let rows = keyset!(query, role_assignment, page).load(self.conn)?;
        rows.into_iter().map(RoleAssignmentRow::record).collect()
    }

    fn hr_admin_remains(&mut self, day: NaiveDate) -> Result<bool> {
        self.lock_lines()?;
        let employed = self.employed("account.employee_id", EmploymentStatus::Active, day);
        let stays = employment::table
            .filter(employment::tenant_id.eq(self.scope()))
            .filter(employment::employee_id.nullable().eq(account::employee_id))
            .filter(employment::last_day.is_null());
        let admins = role_assignment::table
            .inner_join(
                account::table.on(account::tenant_id
                    .eq(role_assignment::tenant_id)
                    .and(account::id.eq(role_assignment::account_id))),
            )
            .filter(role_assignment::tenant_id.eq(self.scope()))
            .filter(role_assignment::role.eq(Word(Role::HrAdmin)))
            .filter(role_assignment::deleted_at.is_null())
            .filter(role_assignment::valid_from.le(day))
            .filter(role_assignment::valid_to.is_null())
            .filter(account::status.eq(Word(AccountStatus::Active)))
            .filter(account::employee_id.is_null().or(employed.and(exists(stays))));
        Ok(select(exists(admins)).get_result(self.conn)?)
    }

    fn roles_beyond(
        &mut self,
        last_days: &HashMap<EmployeeId, NaiveDate>,
    ) -> Result<Vec<(RoleAssignment, NaiveDate)>> {
        let people: Vec<Uuid> = last_days.keys().map(|id| id.uuid()).collect();
        let mut found = Vec::new();
        for people in people.chunks(KEYS) {
            let rows: Vec<(RoleAssignmentRow, Option<Key>)> = role_assignment::table
                .inner_join(
                    account::table.on(account::tenant_id
                        .eq(role_assignment::tenant_id)
                        .and(account::id.eq(role_assignment::account_id))),
                )
                .filter(role_assignment::tenant_id.eq(self.scope()))
                .filter(one_of("account.employee_id", people.iter().copied()))
                .filter(role_assignment::deleted_at.is_null())
                .select((RoleAssignmentRow::as_select(), account::employee_id))
                .load(self.conn)?;
            for (row, person) in rows {
                let last = person.and_then(|key| last_days.get(&key.0.into()).copied());
                let last = last.filter(|last| row.valid_to.is_none_or(|until| *last < until));
                if let Some(last) = last {
                    found.push((row.record()?, last));
                }
            }
        }
        Ok(found)
    }
}
