//! Many reviews at once: their results and the traces that explain them.

use super::among::one_of;
use super::engine::Unit;
use super::reviews::{
    Found, Frame, Outcome, PLACES, Parts, Person, entity, joined, letter, results, score, whole,
};
use super::{Conn, Db, dialect};
use crate::column::{At, Key, json, rows_statement, to_json};
use crate::database::Context;
use crate::error::DbError;
use crate::ports::{Result, ResultTrace, ReviewResults, ReviewSet, ReviewSets};
use crate::schema::{cycle, participant, result_trace, review};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::{CycleId, EmployeeId, ParticipantId, PolicyId, ReviewId, TenantId};
use domain::core::text::TextEnum;
use domain::reviews::form::{Results, Review};
use domain::scoring::trace::Trace;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

rows_statement! {
    /// States, sessions and results, each guarded by the version before. The version moves only
    /// with the state.
    struct Outcomes {
        tenant: Key,
        id: Key,
        state: String,
        performance: Option<i64>,
        composite: Option<i64>,
        collaboration: Option<i64>,
        computed_grade: Option<String>,
        calibrated_grade: Option<String>,
        final_grade: Option<String>,
        veto_grade: Option<String>,
        session: Option<Key>,
        graded_at: At,
        version: i32,
        updated_at: At,
    }
    "WITH new (tenant_id, id, state, performance, composite, collaboration, computed_grade, \
     calibrated_grade, final_grade, veto_grade, session_id, graded_at, version, updated_at) AS ("
    rows
    ") UPDATE review SET state = new.state, performance = new.performance, \
     composite = new.composite, collaboration = new.collaboration, \
     computed_grade = new.computed_grade, calibrated_grade = new.calibrated_grade, \
     final_grade = new.final_grade, veto_grade = new.veto_grade, session_id = new.session_id, \
     graded_at = new.graded_at, version = new.version, updated_at = new.updated_at \
     FROM new WHERE review.tenant_id = new.tenant_id AND review.id = new.id \
     AND review.version = new.version \
     - CASE WHEN review.state = new.state THEN 0 ELSE 1 END"
}

impl Outcomes {
    fn push(&mut self, tenant: Key, review: ReviewResults, now: At) -> Result<()> {
        let Results {
            performance,
            composite,
            collaboration,
            computed_grade,
            calibrated_grade,
            final_grade,
            veto_grade,
        } = review.results;
        self.tenant.push(tenant);
        self.id.push(Key(review.id.uuid()));
        self.state.push(review.state.as_str().to_owned());
        self.performance.push(score(performance)?);
        self.composite.push(score(composite)?);
        self.collaboration.push(score(collaboration)?);
        self.computed_grade.push(computed_grade.map(letter));
        self.calibrated_grade.push(calibrated_grade.map(letter));
        self.final_grade.push(final_grade.map(letter));
        self.veto_grade.push(veto_grade.map(letter));
        self.session.push(review.session_id.map(|id| Key(id.uuid())));
        self.graded_at.push(now);
        self.version.push(review.version);
        self.updated_at.push(At(review.updated_at));
        Ok(())
    }
}

rows_statement! {
    /// Adds a revision of how each of these results was computed, unless the last revision is the
    /// same.
    struct Traces {
        tenant: Key,
        review_id: Key,
        formula_version: i32,
        policy: Key,
        trace: String,
        digest: Vec<u8>,
        computed_at: At,
    }
    "WITH new (tenant_id, review_id, formula_version, policy_id, trace, digest, computed_at) AS ("
    rows
    ") INSERT INTO result_trace (tenant_id, review_id, revision, formula_version, policy_id, \
     trace, digest, computed_at) SELECT new.tenant_id, new.review_id, \
     COALESCE((SELECT max(r.revision) FROM result_trace r WHERE r.tenant_id = new.tenant_id \
                  AND r.review_id = new.review_id), 0) + 1, \
     new.formula_version, new.policy_id, new.trace, new.digest, new.computed_at \
     FROM new WHERE new.digest IS DISTINCT FROM (SELECT r.digest FROM result_trace r \
     WHERE r.tenant_id = new.tenant_id AND r.review_id = new.review_id \
     ORDER BY r.revision DESC LIMIT 1)"
}

/// The selected reviews, ordered by id.
macro_rules! set {
    ($unit:expr, $set:expr, $columns:expr) => {{
        let mut query = joined!()
            .filter(review::tenant_id.eq($unit.scope()))
            .filter(participant::tenant_id.eq($unit.scope()))
            .filter(participant::cycle_id.eq(Key($set.cycle_id.uuid())))
            .select($columns)
            .into_boxed::<Db>();
        if !$set.department_ids.is_empty() {
            let departments = $set.department_ids.iter().map(|id| Key(id.uuid()));
            query = query.filter(participant::department_id.eq_any(departments));
        }
        if let Some(session) = $set.session_id {
            query = query.filter(review::session_id.eq(Key(session.uuid())));
        }
        query.order(review::id)
    }};
}

/// The reviews of a cycle with everything written in them, not ordered yet.
macro_rules! all {
    ($unit:expr, $cycle:expr) => {
        joined!()
            .filter(review::tenant_id.eq($unit.scope()))
            .filter(participant::tenant_id.eq($unit.scope()))
            .filter(participant::cycle_id.eq(Key($cycle.uuid())))
            .select(whole!())
    };
}

impl ReviewSets for Unit<'_> {
    fn reviews_of(
        &mut self,
        cycle: CycleId,
        after: Option<ParticipantId>,
        limit: i64,
    ) -> Result<Vec<Review>> {
        // This order has an index by cycle, so each call costs only the rows it returns.
        let rows: Vec<Found> = all!(self, cycle)
            .filter(participant::id.gt(Key(after.map_or(Uuid::nil(), ParticipantId::uuid))))
            .order(participant::id)
            .limit(limit)
            .load(self.conn)?;
        rows.into_iter().map(entity).collect()
    }

    fn hold_review(&mut self, cycle: CycleId, person: EmployeeId) -> Result<Option<Review>> {
        let own = participant::employee_id.eq(Key(person.uuid()));
        let held = dialect::hold_review!(all!(self, cycle).filter(own));
        let row: Option<Found> = held.get_result(self.conn).optional()?;
        row.map(entity).transpose()
    }

    fn reviews_about(&mut self, cycle: CycleId, people: &[EmployeeId]) -> Result<Vec<Review>> {
        let about = one_of("participant.employee_id", people.iter().copied());
        let rows: Vec<Found> = all!(self, cycle).filter(about).load(self.conn)?;
        // Sorted here, because for an ordered result SQLite would walk the whole cycle.
        let mut reviews: Vec<_> = rows.into_iter().map(entity).collect::<Result<_>>()?;
        reviews.sort_unstable_by_key(|review: &Review| review.participant_id);
        Ok(reviews)
    }

    fn results_of(&mut self, set: &ReviewSet) -> Result<Vec<ReviewResults>> {
        let columns = (Outcome::as_select(), Person::as_select());
        let rows: Vec<(Outcome, Person)> = set!(self, set, columns).load(self.conn)?;
        rows.into_iter().map(results).collect()
    }

    fn save_results(&mut self, changes: Vec<Change<ReviewResults>>) -> Result<()> {
        let (tenant, now) = (self.scope(), At(self.now()));
        let mut changes = changes.into_iter().peekable();
        while changes.peek().is_some() {
            let mut rows = Outcomes::default();
            let mut records = Vec::new();
            for change in changes.by_ref().take(dialect::BATCH) {
                rows.push(tenant, change.entity, now)?;
                records.push(change.record);
            }
            if rows.execute(self.conn)? < records.len() {
                return Err(DbError::Stale);
            }
            records.into_iter().for_each(|record| self.record(record));
        }
        Ok(())
    }

    fn team_leaders(&mut self, cycle: CycleId) -> Result<HashSet<EmployeeId>> {
        let leaders: Vec<Option<Key>> = participant::table
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(cycle.uuid())))
            .filter(participant::exclusion.is_null())
            .select(participant::manager_id)
            .distinct()
            .load(self.conn)?;
        Ok(leaders.into_iter().flatten().map(|id| id.0.into()).collect())
    }

    fn team_totals(
        &mut self,
        cycle: CycleId,
        managers: &[EmployeeId],
    ) -> Result<HashMap<EmployeeId, Vec<Decimal>>> {
        let rows: Vec<(Option<Key>, Option<i64>)> = joined!()
            .filter(review::tenant_id.eq(self.scope()))
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(cycle.uuid())))
            .filter(one_of("participant.manager_id", managers.iter().copied()))
            .filter(participant::exclusion.is_null())
            .order(review::id)
            .select((participant::manager_id, review::performance))
            .load(self.conn)?;
        let mut totals = HashMap::<EmployeeId, Vec<Decimal>>::new();
        for (manager, performance) in rows {
            if let (Some(manager), Some(units)) = (manager, performance) {
                totals.entry(manager.0.into()).or_default().push(Decimal::new(units, PLACES));
            }
        }
        Ok(totals)
    }

    fn result_trace(&mut self, id: ReviewId) -> Result<Option<ResultTrace>> {
        let row: Option<(i32, Key, String, Vec<u8>, At)> = result_trace::table
            .filter(result_trace::tenant_id.eq(self.scope()))
            .filter(result_trace::review_id.eq(Key(id.uuid())))
            .order(result_trace::revision.desc())
            .limit(1)
            .select((
                result_trace::revision,
                result_trace::policy_id,
                result_trace::trace,
                result_trace::digest,
                result_trace::computed_at,
            ))
            .get_result(self.conn)
            .optional()?;
        let Some((revision, policy_id, text, digest, computed_at)) = row else { return Ok(None) };
        if Sha256::digest(&text)[..] != digest[..] {
            return Err(DbError::Corrupt(format!("the trace of the result {id} was altered")));
        }
        let policy_id = policy_id.0.into();
        let (trace, computed_at) = (json(&text)?, computed_at.0);
        Ok(Some(ResultTrace { revision, policy_id, trace, digest, computed_at }))
    }

    fn add_traces(&mut self, policy: PolicyId, traces: &[(ReviewId, &Trace)]) -> Result<()> {
        for (review, trace) in traces {
            let formula_version = i32::try_from(trace.formula_version).unwrap_or(i32::MAX);
            let (review, text) = (*review, to_json(trace)?);
            self.trace(ComputedTrace { review, policy, formula_version, text });
        }
        Ok(())
    }
}

/// How the result of a review was computed, to be kept.
pub struct ComputedTrace {
    review: ReviewId,
    policy: PolicyId,
    formula_version: i32,
    text: String,
}

/// Stores the traces of the units of a group, in the order in which the units ran.
pub fn append_traces(
    conn: &mut Conn,
    tenant: TenantId,
    units: Vec<(Context, Vec<ComputedTrace>)>,
) -> Result<()> {
    let (mut rows, mut in_rows) = (Traces::default(), HashSet::new());
    for (context, traces) in units {
        for ComputedTrace { review, policy, formula_version, text } in traces {
            // A statement sees the revisions that there were before it.
            if in_rows.len() == dialect::BATCH || in_rows.contains(&review) {
                std::mem::take(&mut rows).execute(conn)?;
                in_rows.clear();
            }
            in_rows.insert(review);
            rows.tenant.push(Key(tenant.uuid()));
            rows.review_id.push(Key(review.uuid()));
            rows.formula_version.push(formula_version);
            rows.policy.push(Key(policy.uuid()));
            rows.digest.push(Sha256::digest(&text).to_vec());
            rows.trace.push(text);
            rows.computed_at.push(At(context.now));
        }
    }
    if !in_rows.is_empty() {
        rows.execute(conn)?;
    }
    Ok(())
}
