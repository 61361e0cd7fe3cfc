//! Background jobs, with claims that run out.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Key, statement, word};
use crate::error::DbError;
use crate::page::Page;
use crate::ports::{Authority, Jobs, Result};
use crate::schema::{api_key, job, job_input, job_report};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::JobId;
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::everyday::job::{Job, JobState};
use domain::policy::{Principal, Sealed};
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = job)]
struct Row {
    id: Key,
    kind: String,
    state: String,
    done: i64,
    total: Option<i64>,
    result: Option<String>,
    author_kind: String,
    author_id: Key,
    request_id: String,
    attempts: i32,
    version: i32,
    created_at: At,
    updated_at: At,
}

impl TryFrom<Row> for Job {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id.0.into(),
            kind: word(&row.kind)?,
            state: word(&row.state)?,
            done: row.done,
            total: row.total,
            outcome: row.result,
            author_kind: row.author_kind,
            author_id: row.author_id.0,
            request_id: row.request_id,
            attempts: row.attempts,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

statement! {
    /// Saves progress of the attempt that holds the job.
    struct Renew { done: i64, until: At, now: At, tenant: Key, id: Key, attempt: i32 }
    "UPDATE job SET done = " done ", lease_until = " until ", updated_at = " now
    " WHERE tenant_id = " tenant " AND id = " id " AND attempts = " attempt
    " AND state = 'running'"
}

impl Jobs for Unit<'_> {
    fn create_job(&mut self, change: Change<Job>, input: &[u8]) -> Result<()> {
        let Job { id, kind, state, total, author_kind, author_id, request_id, .. } = change.entity;
        diesel::insert_into(job::table)
            .values((
                job::tenant_id.eq(self.scope()),
                job::id.eq(Key(id.uuid())),
                job::kind.eq(kind.as_str()),
                job::state.eq(state.as_str()),
                job::done.eq(0),
                job::total.eq(total),
                job::author_kind.eq(author_kind),
                job::author_id.eq(Key(author_id)),
                job::request_id.eq(request_id),
                job::attempts.eq(0),
                job::version.eq(1),
                job::created_at.eq(At(change.entity.created_at)),
                job::updated_at.eq(At(change.entity.updated_at)),
            ))
            .execute(self.conn)?;
        diesel::insert_into(job_input::table)
            .values((
                job_input::tenant_id.eq(self.scope()),
                job_input::job_id.eq(Key(id.uuid())),
                job_input::content.eq(input),
            ))
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn job(&mut self, id: JobId) -> Result<Option<Sealed<Job>>> {
        let row = job::table
            .find((self.scope(), Key(id.uuid())))
            .select(Row::as_select())
            .get_result(self.conn)
            .optional()?;
        row.map(|row| row.try_into().map(Sealed::new)).transpose()
    }

    fn jobs(&mut self, author: Option<Uuid>, page: &Page) -> Result<Vec<Sealed<Job>>> {
        let mut query = job::table
            .filter(job::tenant_id.eq(self.scope()))
            .order(job::id.desc())
            .select(Row::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(author) = author {
            query = query.filter(job::author_id.eq(Key(author)));
        }
        if let Some(id) = page.after_id() {
            query = query.filter(job::id.lt(Key(id)));
        }
        let rows = query.load(self.conn)?;
        rows.into_iter().map(|row| Ok(Sealed::new(row.try_into()?))).collect()
    }

    fn next_job(&mut self, now: Timestamp) -> Result<Option<JobId>> {
        let waiting = job::state.eq(JobState::Queued.as_str());
        let lost = job::state.eq(JobState::Running.as_str()).and(job::lease_until.lt(At(now)));
        let id: Option<Key> = job::table
            .filter(job::tenant_id.eq(self.scope()))
            .filter(waiting.or(lost.assume_not_null()))
            .order(job::id)
            .select(job::id)
            .limit(1)
            .get_result(self.conn)
            .optional()?;
        Ok(id.map(|id| id.0.into()))
    }

    fn claim_job(&mut self, id: JobId, lease_until: Timestamp) -> Result<Option<Job>> {
        let now = At(self.now());
        let waiting = job::state.eq(JobState::Queued.as_str());
        let lost = job::state.eq(JobState::Running.as_str()).and(job::lease_until.lt(now));
        let row = diesel::update(job::table.find((self.scope(), Key(id.uuid()))))
            .filter(waiting.or(lost.assume_not_null()))
            .set((
                job::state.eq(JobState::Running.as_str()),
                job::attempts.eq(job::attempts + 1),
                job::version.eq(job::version + 1),
                job::lease_until.eq(At(lease_until)),
                job::updated_at.eq(now),
            ))
            .returning(Row::as_select())
            .get_result(self.conn)
            .optional()?;
        row.map(Job::try_from).transpose()
    }

    fn job_authority(&mut self, job: &Job) -> Result<Option<Authority>> {
        let account = Key(job.author_id);
        if job.author_kind != "api_key" {
            let principal = Principal::Person(account.0.into());
            let standing = self.standing_of(account, None)?;
            return Ok(standing.map(|standing| Authority {
                principal,
                expires_at: None,
                standing,
            }));
        }
        type Found = (String, Option<Key>, Key, Option<Key>, Option<At>);
        let found: Option<Found> = api_key::table
            .find((self.scope(), Key(job.author_id)))
            .filter(api_key::deleted_at.is_null())
            .select((
                api_key::scopes,
                api_key::org_unit_id,
                api_key::owner_account_id,
                api_key::made_by,
                api_key::expires_at,
            ))
            .get_result(self.conn)
            .optional()?;
        let Some((scopes, unit, owner, maker, expires_at)) = found else { return Ok(None) };
        let principal = Principal::Service {
            key: job.author_id.into(),
            scopes: scopes.split_whitespace().map(word).collect::<Result<_>>()?,
            unit: unit.map(|id| id.0.into()),
        };
        let expires_at = expires_at.map(|at| at.0);
        let standing = self.standing_of(owner, maker)?;
        Ok(standing.map(|standing| Authority { principal, expires_at, standing }))
    }

    fn job_input(&mut self, id: JobId) -> Result<Vec<u8>> {
        Ok(job_input::table
            .find((self.scope(), Key(id.uuid())))
            .select(job_input::content)
            .get_result(self.conn)?)
    }

    fn renew_job(
        &mut self,
        id: JobId,
        attempt: i32,
        done: i64,
        lease_until: Timestamp,
    ) -> Result<bool> {
        let renew = Renew {
            done,
            until: At(lease_until),
            now: At(self.now()),
            tenant: self.scope(),
            id: Key(id.uuid()),
            attempt,
        };
        Ok(renew.execute(self.conn)? > 0)
    }

    fn finish_job(&mut self, change: Change<Job>, report: Option<&[u8]>) -> Result<()> {
        let Job { id, state, done, outcome, attempts, version, updated_at, .. } = change.entity;
        let saved = diesel::update(job::table.find((self.scope(), Key(id.uuid()))))
            .filter(job::attempts.eq(attempts))
            .filter(job::state.eq(JobState::Running.as_str()))
            .set((
                job::state.eq(state.as_str()),
                job::done.eq(done),
                job::result.eq(outcome),
                job::lease_until.eq(None::<At>),
                job::version.eq(version),
                job::updated_at.eq(At(updated_at)),
            ))
            .execute(self.conn)?;
        self.guard(saved)?;
        diesel::delete(job_input::table.find((self.scope(), Key(id.uuid())))).execute(self.conn)?;
        if let Some(report) = report {
            diesel::insert_into(job_report::table)
                .values((
                    job_report::tenant_id.eq(self.scope()),
                    job_report::job_id.eq(Key(id.uuid())),
                    job_report::made_at.eq(At(updated_at)),
                    job_report::content.eq(report),
                ))
                .execute(self.conn)?;
        }
        self.record(change.record);
        Ok(())
    }

    fn job_report(&mut self, id: JobId) -> Result<Option<Vec<u8>>> {
        Ok(job_report::table
            .find((self.scope(), Key(id.uuid())))
            .select(job_report::content)
            .get_result(self.conn)
            .optional()?)
    }

    fn forget_job_reports(&mut self, before: Timestamp) -> Result<usize> {
        Ok(diesel::delete(job_report::table)
            .filter(job_report::tenant_id.eq(self.scope()))
            .filter(job_report::made_at.lt(At(before)))
            .execute(self.conn)?)
    }
}
