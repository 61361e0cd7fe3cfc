//! Moves of grades in calibration sessions.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Key, Word, guarded_update, json, to_json, word};
use crate::page::{Page, keyset};
use crate::ports::{MoveFilter, Moves, Result};
use crate::schema::{calibration_move, participant, review};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::{CalibrationSessionId, MoveId, ReviewId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::policy::Sealed;
use domain::reviews::calibration_session::{MoveState, SessionMove};
use std::collections::HashSet;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = calibration_move)]
struct Row {
    tenant_id: Key,
    id: Key,
    session_id: Key,
    review_id: Key,
    from_grade: String,
    to_grade: String,
    reasons: String,
    text: String,
    evidence: String,
    state: String,
    proposed_by: Key,
    approved_by: String,
    version: i32,
    created_at: At,
    updated_at: At,
}

fn entity((row, person): (Row, Key)) -> Result<SessionMove> {
    Ok(SessionMove {
        id: row.id.0.into(),
        session_id: row.session_id.0.into(),
        review_id: row.review_id.0.into(),
        employee_id: person.0.into(),
        from: word(&row.from_grade)?,
        to: word(&row.to_grade)?,
        reasons: json(&row.reasons)?,
        text: row.text,
        evidence: json(&row.evidence)?,
        state: word(&row.state)?,
        proposed_by: row.proposed_by.0.into(),
        approved_by: json(&row.approved_by)?,
        version: row.version,
        created_at: row.created_at.0,
        updated_at: row.updated_at.0,
    })
}

impl Row {
    fn of(tenant: Key, moved: SessionMove) -> Result<Self> {
        Ok(Self {
            tenant_id: tenant,
            id: Key(moved.id.uuid()),
            session_id: Key(moved.session_id.uuid()),
            review_id: Key(moved.review_id.uuid()),
            from_grade: moved.from.to_string(),
            to_grade: moved.to.to_string(),
            reasons: to_json(&moved.reasons)?,
            text: moved.text,
            evidence: to_json(&moved.evidence)?,
            state: moved.state.to_string(),
            proposed_by: Key(moved.proposed_by.uuid()),
            approved_by: to_json(&moved.approved_by)?,
            version: moved.version,
            created_at: At(moved.created_at),
            updated_at: At(moved.updated_at),
        })
    }
}

guarded_update! {
    /// Saves the decision on a move, guarded by its version.
    struct Update of calibration_move { state, approved_by }
}

/// Moves, joined with the person reviewed.
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
            .select((Row::as_select(), participant::employee_id))
    };
}

impl Moves for Unit<'_> {
    fn session_move(&mut self, id: MoveId) -> Result<Option<Sealed<SessionMove>>> {
        let row = about!(self)
            .filter(calibration_move::id.eq(Key(id.uuid())))
            .get_result(self.conn)
            .optional()?;
        row.map(|row| entity(row).map(Sealed::new)).transpose()
    }

    fn session_moves(&mut self, filter: &MoveFilter, page: &Page) -> Result<Vec<SessionMove>> {
        let mut query = about!(self)
            .filter(calibration_move::session_id.eq(Key(filter.session_id.uuid())))
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(review) = filter.review_id {
            query = query.filter(calibration_move::review_id.eq(Key(review.uuid())));
        }
        if let Some(state) = filter.state {
            query = query.filter(calibration_move::state.eq(state.as_str()));
        }
        for hidden in &filter.hidden {
            query = query.filter(participant::employee_id.ne(Key(hidden.uuid())));
        }
        let rows = keyset!(query, calibration_move, page).load(self.conn)?;
        rows.into_iter().map(entity).collect()
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

    fn create_move(&mut self, change: Change<SessionMove>) -> Result<()> {
        diesel::insert_into(calibration_move::table)
            .values(Row::of(self.scope(), change.entity)?)
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn update_move(&mut self, change: Change<SessionMove>) -> Result<()> {
        let saved = Update(Row::of(self.scope(), change.entity)?).execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }
}
