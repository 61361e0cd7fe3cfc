//! Moves of grades in calibration sessions.

use super::Db;
use super::engine::Unit;
use crate::column::{At, Key, Word};
use crate::page::{Page, keyset};
use crate::ports::{MoveFilter, Moves, Result};
use crate::record::{creates, updates};
use crate::schema::{MoveRow, calibration_move, participant, review};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::{CalibrationSessionId, MoveId, ReviewId};
use domain::core::time::Timestamp;
use domain::policy::Sealed;
use domain::reviews::calibration_session::{MoveState, SessionMove};
use std::collections::HashSet;

/// Moves with who is reviewed.
macro_rules! about {
    ($unit:expr) => {
        calibration_move::table
            .inner_join(
                review::table.on(review::tenant_id
                    .eq(calibration_move::tenant_id)
                    .and(review::id.eq(calibration_move::review_id))),
            )
            .inner_join(
                participant::table.on(participant::tenant_id
                    .eq(review::tenant_id)
                    .and(participant::id.eq(review::participant_id))),
            )
            .filter(calibration_move::tenant_id.eq($unit.scope()))
            .select((MoveRow::as_select(), participant::employee_id))
    };
}

creates!(MoveRow of calibration_move, SessionMove);
updates!(MoveRow of calibration_move, SessionMove);

fn moved((row, person): (MoveRow, Key)) -> Result<SessionMove> {
    row.record(person.0.into())
}

impl Moves for Unit<'_> {
    fn session_move(&mut self, id: MoveId) -> Result<Option<Sealed<SessionMove>>> {
        let found = about!(self).filter(calibration_move::id.eq(Key(id.uuid())));
        let row = found.get_result(self.conn).optional()?;
        row.map(|row| moved(row).map(Sealed::new)).transpose()
    }

    fn moves(&mut self, filter: &MoveFilter, page: &Page) -> Result<Vec<Sealed<SessionMove>>> {
        let mut query = about!(self)
            .filter(calibration_move::session_id.eq(Key(filter.session_id.uuid())))
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(review) = filter.review_id {
            query = query.filter(calibration_move::review_id.eq(Key(review.uuid())));
        }
        if let Some(state) = filter.state {
            query = query.filter(calibration_move::state.eq(Word(state)));
        }
        for hidden in &filter.hidden {
            query = query.filter(participant::employee_id.ne(Key(hidden.uuid())));
        }
        let rows = keyset!(query, calibration_move, page).load(self.conn)?;
        rows.into_iter().map(|row| moved(row).map(Sealed::new)).collect()
    }

    fn moves_of(
        &mut self,
        session: CalibrationSessionId,
        review: ReviewId,
    ) -> Result<Vec<SessionMove>> {
        let rows = about!(self)
            .filter(calibration_move::session_id.eq(Key(session.uuid())))
            .filter(calibration_move::review_id.eq(Key(review.uuid())))
            .order(calibration_move::id)
            .load(self.conn)?;
        rows.into_iter().map(moved).collect()
    }

    fn pending_moves(&mut self, session: CalibrationSessionId) -> Result<HashSet<ReviewId>> {
        let reviews: Vec<Key> = calibration_move::table
            .filter(calibration_move::tenant_id.eq(self.scope()))
            .filter(calibration_move::session_id.eq(Key(session.uuid())))
            .filter(calibration_move::state.eq(Word(MoveState::Pending)))
            .select(calibration_move::review_id)
            .load(self.conn)?;
        Ok(reviews.into_iter().map(|id| id.0.into()).collect())
    }

    fn moved_since(&mut self, id: CalibrationSessionId, at: Timestamp) -> Result<Vec<ReviewId>> {
        let reviews: Vec<Key> = calibration_move::table
            .filter(calibration_move::tenant_id.eq(self.scope()))
            .filter(calibration_move::session_id.eq(Key(id.uuid())))
            .filter(calibration_move::state.eq(Word(MoveState::Approved)))
            .filter(calibration_move::updated_at.gt(At(at)))
            .select(calibration_move::review_id)
            .load(self.conn)?;
        Ok(reviews.into_iter().map(|id| id.0.into()).collect())
    }
}
