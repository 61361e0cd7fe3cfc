//! Transitions of all reviews or goals of a cycle at once, each with its own record.

use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{At, Id, Key, statement};
use crate::ports::{Passages, Result, Settled};
use crate::schema::{participant, review};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::Nullable;
use domain::core::change::Record;
use domain::core::id::{CalibrationSessionId, CycleId, ReviewId};
use domain::core::text::TextEnum;
use domain::goals::goal::GoalChangeState;
use domain::state::{goal, review as reviews};
use std::collections::BTreeMap;
use uuid::Uuid;

statement! {
    /// Moves the reviews of evaluated participants from one state to another.
    struct Move { now: At, tenant: Key, cycle: Key, from: &'static str, to: &'static str } -> (Id,);
    "UPDATE review SET state = " to ", version = version + 1, updated_at = " now
    " WHERE tenant_id = " tenant " AND state = " from
    " AND participant_id IN (SELECT id FROM participant
             WHERE tenant_id = " tenant " AND cycle_id = " cycle " AND exclusion IS NULL)
      RETURNING id"
}

statement! {
    /// Gives reviews in a state their final grade: the calibrated or else the computed grade, but
    /// no better than the veto. S is the best letter; among the others, a later letter of the
    /// alphabet is worse. Version and instant belong to the state, so settling a grade again
    /// changes neither.
    struct Settle { now: At, tenant: Key, cycle: Key, session: Option<Key>, from: &'static str }
        -> (Id, Nullable<Id>);
    "UPDATE review SET state = 'calibrated', graded_at = " now ",
            version = version + CASE WHEN state = 'calibrated' THEN 0 ELSE 1 END,
            updated_at = CASE WHEN state = 'calibrated' THEN updated_at ELSE " now " END,
            final_grade = CASE
                WHEN veto_grade IS NULL OR veto_grade = 'S'
                THEN COALESCE(calibrated_grade, computed_grade)
                WHEN COALESCE(calibrated_grade, computed_grade) = 'S'
                  OR COALESCE(calibrated_grade, computed_grade) < veto_grade THEN veto_grade
                ELSE COALESCE(calibrated_grade, computed_grade) END
      WHERE tenant_id = " tenant " AND state = " from " AND final_grade IS NULL
        AND participant_id IN (SELECT id FROM participant
             WHERE tenant_id = " tenant " AND cycle_id = " cycle " AND exclusion IS NULL)
        AND (" session " IS NULL OR session_id = " session ")
      RETURNING id, session_id"
}

statement! {
    /// Removes the final grades of a session's reviews.
    struct Unsettle { now: At, tenant: Key, session: Key } -> (Id,);
    "UPDATE review SET final_grade = NULL, graded_at = " now
    " WHERE tenant_id = " tenant " AND session_id = " session " AND final_grade IS NOT NULL
      RETURNING id"
}

statement! {
    /// Lets the pending requests to change goals of a cycle lapse.
    struct LapseChanges { now: At, tenant: Key, cycle: Key } -> (Id,);
    "UPDATE goal_change SET state = 'lapsed', decided_at = " now
    " WHERE tenant_id = " tenant " AND state = 'pending'
        AND goal_id IN (SELECT id FROM goal WHERE tenant_id = " tenant " AND cycle_id = " cycle ")
      RETURNING id"
}

statement! {
    /// Moves goals out of `change_pending`: either those that have a score or those that have none.
    struct PutBack { now: At, tenant: Key, cycle: Key, scored: bool, to: &'static str } -> (Id,);
    "UPDATE goal SET state = " to ", version = version + 1, updated_at = " now ",
            scored_from = CASE WHEN score IS NULL THEN scored_from ELSE 'active' END
      WHERE tenant_id = " tenant " AND cycle_id = " cycle " AND state = 'change_pending'
        AND (score IS NOT NULL) = " scored
    " RETURNING id"
}

statement! {
    /// Locks the scored goals of a cycle.
    struct LockGoals { now: At, tenant: Key, cycle: Key } -> (Id,);
    "UPDATE goal SET state = 'locked', version = version + 1, updated_at = " now
    " WHERE tenant_id = " tenant " AND cycle_id = " cycle " AND state = 'scored' RETURNING id"
}

impl Unit<'_> {
    /// Records the same for each of these ids; returns how many there are.
    fn moved(&mut self, record: Record, ids: Vec<(Key,)>) -> usize {
        // The engine returns the ids in any order.
        let mut ids: Vec<Uuid> = ids.into_iter().map(|(id,)| id.0).collect();
        ids.sort_unstable();
        let count = ids.len();
        self.record_each(record, ids);
        count
    }
}

/// A record whose resource id is filled in later, for each resource.
fn record(action: &'static str, rule: &'static str) -> Record {
    Record::new(action, Uuid::nil(), rule)
}

impl Passages for Unit<'_> {
    fn open_reviews(
        &mut self,
        id: CycleId,
        new_id: &mut dyn FnMut() -> ReviewId,
        rule: &'static str,
        progress: &dyn Fn(usize),
    ) -> Result<usize> {
        let has_one = review::table
            .filter(review::tenant_id.eq(participant::tenant_id))
            .filter(review::participant_id.eq(participant::id));
        let people: Vec<Key> = participant::table
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(id.uuid())))
            .filter(participant::exclusion.is_null())
            .filter(not(exists(has_one)))
            .order(participant::id)
            .select(participant::id)
            .load(self.conn)?;
        for (number, chunk) in people.chunks(dialect::BATCH).enumerate() {
            self.insert_reviews(chunk, new_id, rule)?;
            progress(number * dialect::BATCH + chunk.len());
        }
        Ok(people.len())
    }

    fn move_reviews(
        &mut self,
        id: CycleId,
        from: &[reviews::State],
        to: reviews::State,
        action: &'static str,
        rule: &'static str,
    ) -> Result<usize> {
        let (now, tenant, cycle) = (At(self.now()), self.scope(), Key(id.uuid()));
        let mut count = 0;
        for from in from.iter().map(|from| from.as_str()) {
            let step = Move { now, tenant, cycle, from, to: to.as_str() };
            let ids = step.load(self.conn)?;
            count += self.moved(record(action, rule).transition(from, to.as_str()), ids);
        }
        Ok(count)
    }

    fn settle_grades(
        &mut self,
        id: CycleId,
        session: Option<CalibrationSessionId>,
        rule: &'static str,
    ) -> Result<Settled> {
        use reviews::State::{Calibrated, InCalibration};
        let (now, tenant, cycle) = (At(self.now()), self.scope(), Key(id.uuid()));
        let session = session.map(|id| Key(id.uuid()));
        let mut settled = Settled::default();
        for from in [InCalibration, Calibrated] {
            let settle = Settle { now, tenant, cycle, session, from: from.as_str() };
            let rows: Vec<(Key, Option<Key>)> = settle.load(self.conn)?;
            let mut sessions = BTreeMap::<_, Vec<_>>::new();
            for (id, session) in rows {
                sessions.entry(session.map(|id| id.0)).or_default().push((id,));
            }
            for (session, ids) in sessions {
                // A grade that is settled again leaves the state as it is, so that nobody notices.
                let record = match from == Calibrated {
                    true => record("review.grade_settled", rule),
                    false => record("review.calibrated", rule)
                        .transition(from.as_str(), Calibrated.as_str()),
                };
                let compared_by = session.map(|id| id.to_string());
                let count =
                    self.moved(record.field("session_id", None::<String>, compared_by), ids);
                settled.reviews += count;
                settled.uncompared += if session.is_none() { count } else { 0 };
            }
        }
        Ok(settled)
    }

    fn unsettle_grades(
        &mut self,
        session: CalibrationSessionId,
        rule: &'static str,
    ) -> Result<usize> {
        let (now, tenant) = (At(self.now()), self.scope());
        let ids = Unsettle { now, tenant, session: Key(session.uuid()) }.load(self.conn)?;
        Ok(self.moved(record("review.grade_reopened", rule), ids))
    }

    fn lapse_goal_changes(&mut self, id: CycleId, rule: &'static str) -> Result<usize> {
        use GoalChangeState::{Lapsed, Pending};
        use goal::State::{Active, ChangePending, Scored};
        let (now, tenant, cycle) = (At(self.now()), self.scope(), Key(id.uuid()));
        let changes = LapseChanges { now, tenant, cycle }.load(self.conn)?;
        let lapsed =
            record("goal_change.lapsed", rule).transition(Pending.as_str(), Lapsed.as_str());
        let count = self.moved(lapsed, changes);
        for (scored, to) in [(false, Active.as_str()), (true, Scored.as_str())] {
            let goals = PutBack { now, tenant, cycle, scored, to }.load(self.conn)?;
            let record = record("goal.change_lapsed", rule).transition(ChangePending.as_str(), to);
            self.moved(record, goals);
        }
        Ok(count)
    }

    fn lock_goals(&mut self, id: CycleId, rule: &'static str) -> Result<usize> {
        use goal::State::{Locked, Scored};
        let lock = LockGoals { now: At(self.now()), tenant: self.scope(), cycle: Key(id.uuid()) };
        let ids = lock.load(self.conn)?;
        let locked = record("goal.locked", rule).transition(Scored.as_str(), Locked.as_str());
        Ok(self.moved(locked, ids))
    }
}
