//! Org units and their places in the tree.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Key, Word, on_day, statement, word};
use crate::page::{Page, keyset, since};
use crate::ports::{OrgUnitFilter, OrgUnits, Result, UnitUse};
use crate::schema::{org_unit, org_unit_placement};
use chrono::NaiveDate;
use diesel::dsl::{count_star, exists, select};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use domain::core::change::Change;
use domain::core::history::{Insertion, insert_stretch};
use domain::core::id::OrgUnitId;
use domain::core::time::{Period, Timestamp};
use domain::people::org::{OrgUnit, OrgUnitKind, Placement};
use domain::policy::Sealed;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = org_unit, treat_none_as_default_value = false)]
struct Row {
    tenant_id: Key,
    id: Key,
    code: String,
    name: String,
    kind: String,
    version: i32,
    created_at: At,
    updated_at: At,
    deleted_at: Option<At>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = org_unit_placement)]
struct PlacementRow {
    org_unit_id: Key,
    effective_from: NaiveDate,
    effective_to: Option<NaiveDate>,
    parent_id: Option<Key>,
}

impl From<PlacementRow> for Placement {
    fn from(row: PlacementRow) -> Self {
        Self {
            org_unit_id: row.org_unit_id.0.into(),
            period: Period { start: row.effective_from, end: row.effective_to },
            parent_id: row.parent_id.map(|id| id.0.into()),
        }
    }
}

fn org_unit((row, place): (Row, Option<PlacementRow>)) -> Result<OrgUnit> {
    let place = place.map(Placement::from);
    Ok(OrgUnit {
        id: row.id.0.into(),
        code: row.code,
        name: row.name,
        kind: word(&row.kind)?,
        parent_id: place.as_ref().and_then(|place| place.parent_id),
        effective_from: place.map(|place| place.period.start),
        version: row.version,
        created_at: row.created_at.0,
        updated_at: row.updated_at.0,
        deleted_at: row.deleted_at.map(|at| at.0),
    })
}

statement! {
    /// Saves a unit, guarded by its version.
    struct Update {
        code: String,
        name: String,
        version: i32,
        updated_at: At,
        deleted_at: Option<At>,
        tenant: Key,
        id: Key,
        before: i32,
    }
    "UPDATE org_unit SET code = " code ", name = " name ", version = " version
    ", updated_at = " updated_at ", deleted_at = " deleted_at
    " WHERE tenant_id = " tenant " AND id = " id " AND version = " before
}

statement! {
    /// Inserts a placement of a unit; one with the same first day is replaced.
    struct Place {
        tenant: Key,
        id: Key,
        first: NaiveDate,
        last: Option<NaiveDate>,
        parent: Option<Key>,
    }
    "INSERT INTO org_unit_placement \
     (tenant_id, org_unit_id, effective_from, effective_to, parent_id) VALUES ("
    tenant ", " id ", " first ", " last ", " parent
    ") ON CONFLICT (tenant_id, org_unit_id, effective_from) \
     DO UPDATE SET parent_id = excluded.parent_id"
}

statement! {
    /// Makes a placement end on an earlier day.
    struct Shorten { last: NaiveDate, tenant: Key, id: Key, first: NaiveDate }
    "UPDATE org_unit_placement SET effective_to = " last
    " WHERE tenant_id = " tenant " AND org_unit_id = " id " AND effective_from = " first
}

statement! {
    /// Whether employed people, or undeleted units, are in a unit on a day or later.
    struct InUse { tenant: Key, id: Key, day: NaiveDate }
    -> (Bool, Bool);
    "SELECT EXISTS (
       SELECT 1 FROM assignment a
         JOIN employment w ON w.tenant_id = a.tenant_id AND w.employee_id = a.employee_id
        WHERE a.tenant_id = " tenant " AND a.org_unit_id = " id "
          AND (a.effective_to IS NULL OR a.effective_to >= " day ")
          AND (w.last_day IS NULL OR w.last_day >= " day ")
     ), EXISTS (
       SELECT 1 FROM org_unit_placement p
         JOIN org_unit u ON u.tenant_id = p.tenant_id AND u.id = p.org_unit_id
        WHERE p.tenant_id = " tenant " AND p.parent_id = " id " AND u.deleted_at IS NULL
          AND (p.effective_to IS NULL OR p.effective_to >= " day ")
     )"
}

/// Units, joined with their placements on a day.
macro_rules! placed {
    ($day:expr) => {
        org_unit::table.left_join(
            org_unit_placement::table.on(org_unit_placement::tenant_id
                .eq(org_unit::tenant_id)
                .and(org_unit_placement::org_unit_id.eq(org_unit::id))
                .and(on_day!(org_unit_placement, $day))),
        )
    };
}

/// Limits a query of units, joined with their placements, to those that fit a filter. A list of changes
/// shows deleted ones too.
macro_rules! listed {
    ($units:expr, $unit:ident, $filter:expr, $since:expr) => {{
        let filter: &OrgUnitFilter = $filter;
        let mut query = $units.filter(org_unit::tenant_id.eq($unit.scope())).into_boxed::<Db>();
        if $since.is_none() {
            query = query.filter(org_unit::deleted_at.is_null());
        }
        if let Some(parent) = filter.parent_id {
            query = query.filter(org_unit_placement::parent_id.eq(Key(parent.uuid())));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(org_unit::kind.eq(Word(kind)));
        }
        if let Some(code) = &filter.code {
            query = query.filter(org_unit::code.eq(code.clone()));
        }
        query
    }};
}

impl OrgUnits for Unit<'_> {
    fn org_unit(&mut self, id: OrgUnitId, day: NaiveDate) -> Result<Option<Sealed<OrgUnit>>> {
        let row = placed!(day)
            .filter(org_unit::tenant_id.eq(self.scope()))
            .filter(org_unit::id.eq(Key(id.uuid())))
            .filter(org_unit::deleted_at.is_null())
            .select((Row::as_select(), Option::<PlacementRow>::as_select()))
            .get_result(self.conn)
            .optional()?;
        row.map(|row| org_unit(row).map(Sealed::new)).transpose()
    }

    fn org_units(
        &mut self,
        filter: &OrgUnitFilter,
        day: NaiveDate,
        page: &Page,
    ) -> Result<Vec<OrgUnit>> {
        let units = placed!(day)
            .select((Row::as_select(), Option::<PlacementRow>::as_select()))
            .limit(page.limit);
        let query = listed!(units, self, filter, page.updated_since);
        keyset!(query, org_unit, page).load(self.conn)?.into_iter().map(org_unit).collect()
    }

    fn count_org_units(
        &mut self,
        filter: &OrgUnitFilter,
        day: NaiveDate,
        updated_since: Option<Timestamp>,
    ) -> Result<i64> {
        let units = placed!(day).select(count_star());
        let query = listed!(units, self, filter, updated_since);
        Ok(since!(query, org_unit, updated_since).get_result(self.conn)?)
    }

    fn has_company(&mut self) -> Result<bool> {
        let company = org_unit::table
            .filter(org_unit::tenant_id.eq(self.scope()))
            .filter(org_unit::kind.eq(Word(OrgUnitKind::Company)))
            .filter(org_unit::deleted_at.is_null());
        Ok(select(exists(company)).get_result(self.conn)?)
    }

    fn create_org_unit(&mut self, change: Change<OrgUnit>) -> Result<()> {
        let unit = change.entity;
        diesel::insert_into(org_unit::table)
            .values(Row {
                tenant_id: self.scope(),
                id: Key(unit.id.uuid()),
                code: unit.code,
                name: unit.name,
                kind: unit.kind.to_string(),
                version: unit.version,
                created_at: At(unit.created_at),
                updated_at: At(unit.updated_at),
                deleted_at: None,
            })
            .execute(self.conn)?;
        if let Some(first) = unit.effective_from {
            self.place_org_unit(unit.id, unit.parent_id, &insert_stretch([], first))?;
        }
        self.record(change.record);
        Ok(())
    }

    fn update_org_unit(&mut self, change: Change<OrgUnit>) -> Result<()> {
        let OrgUnit { id, code, name, version, updated_at, deleted_at, .. } = change.entity;
        let update = Update {
            code,
            name,
            version,
            updated_at: At(updated_at),
            deleted_at: deleted_at.map(At),
            tenant: self.scope(),
            id: Key(id.uuid()),
            before: version - 1,
        };
        let saved = update.execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }

    fn place_org_unit(
        &mut self,
        id: OrgUnitId,
        parent: Option<OrgUnitId>,
        insertion: &Insertion,
    ) -> Result<()> {
        let (tenant, id) = (self.scope(), Key(id.uuid()));
        if let Some(first) = insertion.shortened {
            Shorten { last: insertion.day_before(), tenant, id, first }.execute(self.conn)?;
        }
        let Period { start: first, end: last } = insertion.period;
        let parent = parent.map(|id| Key(id.uuid()));
        Place { tenant, id, first, last, parent }.execute(self.conn)?;
        Ok(())
    }

    fn placements(&mut self, id: OrgUnitId, page: &Page) -> Result<Vec<Placement>> {
        let mut query = org_unit_placement::table
            .filter(org_unit_placement::tenant_id.eq(self.scope()))
            .filter(org_unit_placement::org_unit_id.eq(Key(id.uuid())))
            .order(org_unit_placement::effective_from)
            .select(PlacementRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(day) = page.after_day() {
            query = query.filter(org_unit_placement::effective_from.gt(day));
        }
        Ok(query.load(self.conn)?.into_iter().map(Placement::from).collect())
    }

    fn org_unit_use(&mut self, id: OrgUnitId, day: NaiveDate) -> Result<UnitUse> {
        let (people, units) =
            InUse { tenant: self.scope(), id: Key(id.uuid()), day }.get_result(self.conn)?;
        Ok(UnitUse { people, units })
    }
}
