//! Long work.

use crate::page::Page;
use crate::ports::{Result, Standing};
use domain::core::change::Change;
use domain::core::id::JobId;
use domain::core::time::Timestamp;
use domain::everyday::job::Job;
use domain::policy::{Principal, Sealed};
use uuid::Uuid;

/// The present authority of whoever asked for a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Who asked, and for a program what its key may be used for.
    pub principal: Principal,
    /// From then on the key is refused.
    pub expires_at: Option<Timestamp>,
    /// How the account stands, or the one that answers for the key.
    pub standing: Standing,
}

/// Long work. A worker claims a job for a while and renews the claim as it goes; when the claim
/// runs out, another one may take the job up.
pub trait Jobs {
    /// Adds a job with what it works on.
    fn create_job(&mut self, change: Change<Job>, input: &[u8]) -> Result<()>;
    /// One job.
    fn job(&mut self, id: JobId) -> Result<Option<Sealed<Job>>>;
    /// A page of jobs, newest first; of one author, or of all.
    fn jobs(&mut self, author: Option<Uuid>, page: &Page) -> Result<Vec<Sealed<Job>>>;
    /// A job that waits, or whose worker's claim has run out.
    fn next_job(&mut self, now: Timestamp) -> Result<Option<JobId>>;
    /// Claims a job with a new attempt, unless another worker was faster.
    fn claim_job(&mut self, id: JobId, lease_until: Timestamp) -> Result<Option<Job>>;
    /// What the author of a job may do now; none if the account or key is gone.
    fn job_authority(&mut self, job: &Job) -> Result<Option<Authority>>;
    /// What a job works on.
    fn job_input(&mut self, id: JobId) -> Result<Vec<u8>>;
    /// Notes progress and renews the claim; whether the attempt still holds it.
    fn renew_job(
        &mut self,
        id: JobId,
        attempt: i32,
        done: i64,
        lease_until: Timestamp,
    ) -> Result<bool>;
    /// Keeps the end of a job and forgets its input, guarded by the attempt that held it.
    fn finish_job(&mut self, change: Change<Job>) -> Result<()>;
}
