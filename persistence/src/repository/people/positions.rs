//! The catalogue of positions.

use super::Db;
use super::engine::Unit;
use crate::column::Key;
use crate::page::{Page, keyset};
use crate::ports::{Positions, Result};
use crate::record::{creates, finds, updates};
use crate::schema::{PositionRow, assignment, position};
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::PositionId;
use domain::people::org::Position;
use domain::policy::Sealed;

finds!(PositionRow of position by PositionId, Position, if deleted_at.is_null());
creates!(PositionRow of position, Position);
updates!(PositionRow of position, Position);

impl Positions for Unit<'_> {
    fn positions(&mut self, page: &Page) -> Result<Vec<Position>> {
        let mut query = position::table
            .filter(position::tenant_id.eq(self.scope()))
            .select(PositionRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if page.updated_since.is_none() {
            query = query.filter(position::deleted_at.is_null());
        }
        let rows = keyset!(query, position, page).load(self.conn)?;
        rows.into_iter().map(PositionRow::record).collect()
    }

    fn position_in_use(&mut self, id: PositionId) -> Result<bool> {
        let holders = assignment::table
            .filter(assignment::tenant_id.eq(self.scope()))
            .filter(assignment::position_id.eq(Key(id.uuid())));
        Ok(select(exists(holders)).get_result(self.conn)?)
    }
}
