//! Background jobs.

use crate::page::Page;
use crate::ports::{Result, Standing};
use domain::core::change::Change;
use domain::core::id::JobId;
use domain::core::time::Timestamp;
use domain::everyday::job::Job;
use domain::policy::{Principal, Sealed};
use uuid::Uuid;

/// What the author of a job may do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The author: an account, or a key with its scopes.
    pub principal: Principal,
    /// The key is refused from this instant on; none for accounts and for keys without an end.
    pub expires_at: Option<Timestamp>,
    /// State of the author's account or, for a key, of the account that owns it.
    pub standing: Standing,
}

/// Background jobs. A worker claims a job for a limited time and renews the claim while it works;
/// when the claim runs out, another worker may take over the job.
pub trait Jobs {
    /// Adds a job with the input it works on.
    fn create_job(&mut self, change: Change<Job>, input: &[u8]) -> Result<()>;
    /// One job.
    fn job(&mut self, id: JobId) -> Result<Option<Sealed<Job>>>;
    /// A page of jobs, newest first; of one author, or of all.
    fn jobs(&mut self, author: Option<Uuid>, page: &Page) -> Result<Vec<Sealed<Job>>>;
    /// A job that waits, or whose worker's claim has run out.
    fn next_job(&mut self, now: Timestamp) -> Result<Option<JobId>>;
    /// Claims a job until `lease_until` and counts a new attempt; none if another worker was
    /// faster.
    fn claim_job(&mut self, id: JobId, lease_until: Timestamp) -> Result<Option<Job>>;
    /// What the author of a job may do now; none if the account or key no longer exists.
    fn job_authority(&mut self, job: &Job) -> Result<Option<Authority>>;
    /// The input of a job.
    fn job_input(&mut self, id: JobId) -> Result<Vec<u8>>;
    /// Saves progress and renews the claim; returns whether this attempt still held it.
    fn renew_job(
        &mut self,
        id: JobId,
        attempt: i32,
        done: i64,
        lease_until: Timestamp,
    ) -> Result<bool>;
    /// Saves the end of a job, with its report if it has one, and deletes its input, if the attempt
    /// still holds the job.
    fn finish_job(&mut self, change: Change<Job>, report: Option<&[u8]>) -> Result<()>;
    /// The report of a job; none if it has none, or has it no longer.
    fn job_report(&mut self, id: JobId) -> Result<Option<Vec<u8>>>;
    /// Deletes reports made before an instant; returns how many.
    fn forget_job_reports(&mut self, before: Timestamp) -> Result<usize>;
}
