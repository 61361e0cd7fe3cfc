//! The catalogue of positions.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Key, guarded_update};
use crate::page::{Page, keyset};
use crate::ports::{Positions, Result};
use crate::schema::{assignment, position};
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::PositionId;
use domain::people::org::Position;
use domain::policy::Sealed;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = position, treat_none_as_default_value = false)]
struct Row {
    tenant_id: Key,
    id: Key,
    code: String,
    title: String,
    level: i32,
    version: i32,
    created_at: At,
    updated_at: At,
    deleted_at: Option<At>,
}

impl From<Row> for Position {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0.into(),
            code: row.code,
            title: row.title,
            level: row.level,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            deleted_at: row.deleted_at.map(|at| at.0),
        }
    }
}

impl Row {
    fn of(tenant: Key, position: Position) -> Self {
        Self {
            tenant_id: tenant,
            id: Key(position.id.uuid()),
            code: position.code,
            title: position.title,
            level: position.level,
            version: position.version,
            created_at: At(position.created_at),
            updated_at: At(position.updated_at),
            deleted_at: position.deleted_at.map(At),
        }
    }
}

guarded_update! {
    /// Saves a position, guarded by its version.
    struct Update of position { code, title, level, deleted_at }
}

impl Positions for Unit<'_> {
    fn position(&mut self, id: PositionId) -> Result<Option<Sealed<Position>>> {
        let row = position::table
            .find((self.scope(), Key(id.uuid())))
            .filter(position::deleted_at.is_null())
            .select(Row::as_select())
            .get_result(self.conn)
            .optional()?;
        Ok(row.map(|row| Sealed::new(row.into())))
    }

    fn positions(&mut self, page: &Page) -> Result<Vec<Position>> {
        let mut query = position::table
            .filter(position::tenant_id.eq(self.scope()))
            .select(Row::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if page.updated_since.is_none() {
            query = query.filter(position::deleted_at.is_null());
        }
        let rows = keyset!(query, position, page).load(self.conn)?;
        Ok(rows.into_iter().map(Position::from).collect())
    }

    fn create_position(&mut self, change: Change<Position>) -> Result<()> {
        let row = Row::of(self.scope(), change.entity);
        diesel::insert_into(position::table).values(row).execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn update_position(&mut self, change: Change<Position>) -> Result<()> {
        let update = Update(Row::of(self.scope(), change.entity));
        let saved = update.execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }

    fn position_in_use(&mut self, id: PositionId) -> Result<bool> {
        let holders = assignment::table
            .filter(assignment::tenant_id.eq(self.scope()))
            .filter(assignment::position_id.eq(Key(id.uuid())));
        Ok(select(exists(holders)).get_result(self.conn)?)
    }
}
