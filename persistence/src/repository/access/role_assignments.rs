//! Role assignments.

use super::among::one_of;
use super::engine::Unit;
use super::keys::KEYS;
use super::{Conn, Db};
use crate::column::{At, Key, Word, guarded_update, word};
use crate::error::DbError;
use crate::page::{Page, keyset};
use crate::ports::{ReportingLines, Result, RoleAssignments, RoleFilter};
use crate::schema::{account, employment, role_assignment};
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

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = role_assignment, treat_none_as_default_value = false)]
struct Row {
    tenant_id: Key,
    id: Key,
    account_id: Key,
    role: String,
    org_unit_id: Option<Key>,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    version: i32,
    created_at: At,
    updated_at: At,
    deleted_at: Option<At>,
    given_by: Option<Key>,
}

impl TryFrom<Row> for RoleAssignment {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id.0.into(),
            account_id: row.account_id.0.into(),
            role: word(&row.role)?,
            org_unit_id: row.org_unit_id.map(|id| id.0.into()),
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            given_by: row.given_by.map(|id| id.0.into()),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            deleted_at: row.deleted_at.map(|at| at.0),
        })
    }
}

impl Row {
    fn of(tenant: Key, assignment: RoleAssignment) -> Result<Self> {
        Ok(Self {
            tenant_id: tenant,
            id: Key(assignment.id.uuid()),
            account_id: Key(assignment.account_id.uuid()),
            role: assignment.role.to_string(),
            org_unit_id: assignment.org_unit_id.map(|id| Key(id.uuid())),
            valid_from: assignment.valid_from,
            valid_to: assignment.valid_to,
            version: assignment.version,
            created_at: At(assignment.created_at),
            updated_at: At(assignment.updated_at),
            deleted_at: assignment.deleted_at.map(At),
            given_by: assignment.given_by.map(|id| Key(id.uuid())),
        })
    }
}

guarded_update! {
    /// Saves an assignment, guarded by its version.
    struct Update of role_assignment { valid_to, deleted_at }
}

impl RoleAssignments for Unit<'_> {
    fn role_assignment(&mut self, id: RoleAssignmentId) -> Result<Option<Sealed<RoleAssignment>>> {
        let row = role_assignment::table
            .find((self.scope(), Key(id.uuid())))
            .filter(role_assignment::deleted_at.is_null())
            .select(Row::as_select())
            .get_result(self.conn)
            .optional()?;
        row.map(|row| RoleAssignment::try_from(row).map(Sealed::new)).transpose()
    }

    fn role_assignments(&mut self, filter: RoleFilter, page: &Page) -> Result<Vec<RoleAssignment>> {
        let mut query = role_assignment::table
            .filter(role_assignment::tenant_id.eq(self.scope()))
            .select(Row::as_select())
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
        rows.into_iter().map(RoleAssignment::try_from).collect()
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
            let rows: Vec<(Row, Option<Key>)> = role_assignment::table
                .inner_join(
                    account::table.on(account::tenant_id
                        .eq(role_assignment::tenant_id)
                        .and(account::id.eq(role_assignment::account_id))),
                )
                .filter(role_assignment::tenant_id.eq(self.scope()))
                .filter(one_of("account.employee_id", people.iter().copied()))
                .filter(role_assignment::deleted_at.is_null())
                .select((Row::as_select(), account::employee_id))
                .load(self.conn)?;
            for (row, person) in rows {
                let last = person.and_then(|key| last_days.get(&key.0.into()).copied());
                let last = last.filter(|last| row.valid_to.is_none_or(|until| *last < until));
                if let Some(last) = last {
                    found.push((row.try_into()?, last));
                }
            }
        }
        Ok(found)
    }

    fn create_role_assignment(&mut self, change: Change<RoleAssignment>) -> Result<()> {
        diesel::insert_into(role_assignment::table)
            .values(Row::of(self.scope(), change.entity)?)
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn update_role_assignment(&mut self, change: Change<RoleAssignment>) -> Result<()> {
        let saved = Update(Row::of(self.scope(), change.entity)?).execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }
}
