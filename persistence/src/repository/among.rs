//! Conditions on people by reporting lines and units. They narrow lists of people and of records
//! about people.

use super::engine::Unit;
use super::{Db, dialect};
use crate::column::{Key, push};
use chrono::NaiveDate;
use diesel::expression::is_aggregate;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Bool;
use domain::core::id::{EmployeeId, OrgUnitId};
use domain::policy::Visibility;
use uuid::Uuid;

impl Unit<'_> {
    /// Whether the person in the column `person` belongs to a group on a day.
    pub(super) fn among(&self, person: &'static str, day: NaiveDate, group: Group) -> Among {
        Among { person, tenant: self.scope(), day, group }
    }

    /// How the subject of a list relates to the person in the column `person`: direct manager,
    /// manager at any level, and whether the person belongs to one of the subject's units.
    pub(super) fn standing(&self, person: &'static str, visible: &Visibility) -> [Among; 3] {
        let (day, me) = (visible.as_of(), visible.myself());
        let groups = [Group::direct(me), Group::under(me), Group::within(visible.units())];
        groups.map(|group| self.among(person, day, group))
    }

    /// Whether a list may show a record about the person in the column `person`, for whose review
    /// the person in the column `manager` answers.
    pub(super) fn shown(
        &self,
        person: &'static str,
        manager: &'static str,
        visible: &Visibility,
    ) -> Shown {
        let (day, key) = (visible.as_of(), |id: EmployeeId| Key(id.uuid()));
        Shown {
            person,
            manager,
            everyone: visible.everyone().is_some(),
            myself: visible.myself().map(key),
            responsible: visible.responsible().map(key),
            hidden: visible.hidden().iter().copied().map(key).collect(),
            under: self.among(person, day, Group::under(visible.subtree_of())),
            within: self.among(person, day, Group::within(visible.units())),
        }
    }
}

/// A group of people.
pub(super) enum Group {
    Nobody,
    /// The direct reports of a manager.
    ReportingTo(Key),
    /// Everybody who reports to a manager, directly or through others.
    Under(Key),
    /// Everybody who works in one of these units or in a unit below.
    In(Vec<Key>),
}

impl Group {
    pub fn direct(manager: Option<EmployeeId>) -> Self {
        manager.map_or(Self::Nobody, |id| Self::ReportingTo(Key(id.uuid())))
    }

    pub fn under(manager: Option<EmployeeId>) -> Self {
        manager.map_or(Self::Nobody, |id| Self::Under(Key(id.uuid())))
    }

    pub fn within(units: &[OrgUnitId]) -> Self {
        match units {
            [] => Self::Nobody,
            units => Self::In(units.iter().map(|unit| Key(unit.uuid())).collect()),
        }
    }
}

/// Whether a person belongs to a group on a day; usable as a filter and as a column.
pub(super) struct Among {
    /// The column of the person, such as `employee.id`.
    person: &'static str,
    tenant: Key,
    day: NaiveDate,
    group: Group,
}

impl Among {
    fn holding<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>, alias: &str) -> QueryResult<()> {
        holding(out, alias, &self.tenant, &self.day)
    }
}

/// Adds ` WHERE`: the line `alias` belongs to the tenant and holds on the day.
pub(super) fn holding<'b>(
    out: &mut AstPass<'_, 'b, Db>,
    alias: &str,
    tenant: &'b Key,
    day: &'b NaiveDate,
) -> QueryResult<()> {
    out.push_sql(" WHERE ");
    out.push_sql(alias);
    out.push_sql(".tenant_id = ");
    push(out, tenant)?;
    out.push_sql(" AND ");
    out.push_sql(alias);
    out.push_sql(".effective_from <= ");
    push(out, day)?;
    out.push_sql(" AND (");
    out.push_sql(alias);
    out.push_sql(".effective_to IS NULL OR ");
    out.push_sql(alias);
    out.push_sql(".effective_to >= ");
    push(out, day)?;
    out.push_sql(")");
    Ok(())
}

impl QueryFragment<Db> for Among {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        match &self.group {
            Group::Nobody => out.push_sql("FALSE"),
            Group::ReportingTo(manager) => {
                out.push_sql(self.person);
                out.push_sql(" IN (SELECT a.employee_id FROM assignment a");
                self.holding(&mut out, "a")?;
                out.push_sql(" AND a.manager_id = ");
                push(&mut out, manager)?;
                out.push_sql(")");
            }
            Group::Under(manager) => {
                out.push_sql(self.person);
                out.push_sql(
                    " IN (WITH RECURSIVE below (id) AS (\
                     SELECT a.employee_id FROM assignment a",
                );
                self.holding(&mut out, "a")?;
                out.push_sql(" AND a.manager_id = ");
                push(&mut out, manager)?;
                out.push_sql(
                    " UNION SELECT a.employee_id FROM below \
                     JOIN assignment a ON a.manager_id = below.id",
                );
                self.holding(&mut out, "a")?;
                out.push_sql(") SELECT id FROM below)");
            }
            Group::In(units) => {
                out.push_sql(self.person);
                out.push_sql(
                    " IN (WITH RECURSIVE inside (id) AS (\
                     SELECT u.id FROM org_unit u WHERE u.tenant_id = ",
                );
                push(&mut out, &self.tenant)?;
                for (number, unit) in units.iter().enumerate() {
                    out.push_sql(if number == 0 { " AND u.id IN (" } else { ", " });
                    push(&mut out, unit)?;
                }
                out.push_sql(
                    ") UNION SELECT p.org_unit_id FROM inside \
                     JOIN org_unit_placement p ON p.parent_id = inside.id",
                );
                self.holding(&mut out, "p")?;
                out.push_sql(
                    ") SELECT a.employee_id FROM inside \
                     JOIN assignment a ON a.org_unit_id = inside.id",
                );
                self.holding(&mut out, "a")?;
                out.push_sql(")");
            }
        }
        Ok(())
    }
}

/// The records about people that a list may show.
pub(super) struct Shown {
    /// The column of the person.
    person: &'static str,
    /// The column of the manager who answers for the person.
    manager: &'static str,
    everyone: bool,
    myself: Option<Key>,
    responsible: Option<Key>,
    hidden: Vec<Key>,
    under: Among,
    within: Among,
}

impl Shown {
    /// Adds the people whom a conflict of interest hides. Only for callers that count records and
    /// keep these people out of the counts until their result is released.
    pub fn despite_conflicts(self) -> Self {
        Self { hidden: Vec::new(), ..self }
    }
}

impl QueryFragment<Db> for Shown {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        for hidden in &self.hidden {
            out.push_sql("NOT ");
            equals(&mut out, self.person, hidden)?;
            out.push_sql(" AND ");
        }
        if self.everyone {
            out.push_sql("TRUE");
            return Ok(());
        }
        out.push_sql("(");
        for (column, key) in [(self.person, &self.myself), (self.manager, &self.responsible)] {
            if let Some(key) = key {
                equals(&mut out, column, key)?;
                out.push_sql(" OR ");
            }
        }
        self.under.walk_ast(out.reborrow())?;
        out.push_sql(" OR ");
        self.within.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

/// Whether a column holds one of some keys. Unlike Diesel's `eq_any`, this stays prepared on both
/// engines.
pub(super) struct OneOf {
    column: &'static str,
    keys: Keys,
}

enum Keys {
    These(Vec<Key>),
    Between([Key; 2]),
}

/// Whether `column`, such as `employee.id`, holds one of `keys`.
pub(super) fn one_of(
    column: &'static str,
    keys: impl IntoIterator<Item = impl Into<Uuid>>,
) -> OneOf {
    let keys = keys.into_iter().map(|id| Key(id.into())).collect();
    OneOf { column, keys: Keys::These(dialect::list_of(keys)) }
}

/// Whether `column` holds a key from `first` to `last`, both included.
pub(super) fn between(column: &'static str, first: Key, last: Key) -> OneOf {
    OneOf { column, keys: Keys::Between([first, last]) }
}

impl QueryFragment<Db> for OneOf {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(self.column);
        match &self.keys {
            Keys::These(keys) => dialect::push_list(&mut out, keys),
            Keys::Between([first, last]) => {
                out.push_sql(" BETWEEN ");
                push(&mut out, first)?;
                out.push_sql(" AND ");
                push(&mut out, last)
            }
        }
    }
}

fn equals<'b>(out: &mut AstPass<'_, 'b, Db>, column: &str, key: &'b Key) -> QueryResult<()> {
    out.push_sql(column);
    out.push_sql(" = ");
    push(out, key)
}

/// Makes a hand-written condition usable in any query, as a filter and as a column.
macro_rules! condition {
    ($name:ident) => {
        impl QueryId for $name {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = false;
        }

        impl Expression for $name {
            type SqlType = Bool;
        }

        impl<QS: ?Sized> AppearsOnTable<QS> for $name {}
        impl<QS: ?Sized> SelectableExpression<QS> for $name {}
        impl<GB> ValidGrouping<GB> for $name {
            type IsAggregate = is_aggregate::No;
        }
    };
}

pub(super) use condition;

condition!(Among);
condition!(OneOf);
condition!(Shown);
