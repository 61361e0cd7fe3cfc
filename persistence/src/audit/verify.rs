//! Verifies the chains of a tenant from beginning to end, and against their signed heads.

use super::head::{AuditHead, End, message};
use super::read::digest;
use super::{AuditEntry, ERASED, ERASURE_FIELDS, GENESIS, PUBLISHED, ReadEntry, erasure_message};
use crate::page::{After, Page};
use crate::ports::{AuditFilter, Result, Store};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Entries read at once.
const CHUNK: i64 = 5000;

/// What the verification found to be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Tampering {
    /// An entry is missing, doubled or out of order.
    #[error("{0} entry {1} is missing: found {2} in its place")]
    Gap(Log, i64, i64),
    /// The previous hash of an entry is not the hash of the entry before.
    #[error("{0} entry {1} does not follow from the entry before it")]
    Unlinked(Log, i64),
    /// The content of an entry does not match its hash.
    #[error("{0} entry {1} has been changed")]
    Changed(Log, i64),
    /// The last entry has another position than the tenant's row of ends says.
    #[error("the {log} chain ends at entry {end}, its head says {head}")]
    Truncated {
        /// The chain.
        log: Log,
        /// Position of the last entry found.
        end: i64,
        /// Position of the last entry according to the row of ends.
        head: i64,
    },
    /// The last entry has another hash than the row of ends says.
    #[error("the last {0} entry is not the one its head was made from")]
    End(Log),
    /// An entry is missing or differs from what a signed head says.
    #[error("{0} entry {1} is not the one that was there when head {2} was signed")]
    Rewritten(Log, i64, i64),
    /// The details of an entry do not match their digest.
    #[error("the details of audit entry {0} have been changed")]
    Details(i64),
    /// The details of an entry are missing, and no entry records their erasure.
    #[error("the details of audit entry {0} are gone, and no entry says that they were erased")]
    Erased(i64),
    /// An entry records the erasure of details that are still there.
    #[error("audit entry {0} erases details that are not missing")]
    Unerased(i64),
    /// An erasure without a signature of the installation.
    #[error("audit entry {0} erases details without the signature of this installation")]
    Forged(i64),
    /// The records listed for a read do not match their digest or number.
    #[error("the subjects of read entry {0} have been changed")]
    Subjects(i64),
    /// Rows of details or subjects that belong to no entry.
    #[error("{1} rows beside the {0} chain belong to none of its entries")]
    Stray(Log, i64),
    /// A head is missing; heads are numbered without gaps.
    #[error("head {0} is missing")]
    HeadMissing(i64),
    /// The content of a head does not match its signature.
    #[error("head {0} has been changed: its signature does not hold")]
    HeadChanged(i64),
    /// A head is signed with a key that is not the installation's.
    #[error("head {0} is not signed by the key of this installation")]
    HeadForeign(i64),
    /// No entry of the chain records the publication of this head.
    #[error("head {0} was published by no entry of the chain")]
    HeadUnrecorded(i64),
    /// An entry records the publication of a head that is missing.
    #[error("head {0} is recorded as published, and not there")]
    HeadGone(Uuid),
    /// A head that was kept elsewhere is missing here, or differs.
    #[error("the head of {1} that was kept elsewhere ({0}) is not the one that is here")]
    HeadKept(Uuid, Timestamp),
    /// A head that was kept elsewhere is not signed by the installation.
    #[error(
        "the head of {1} that was kept elsewhere ({0}) is not signed by the key of this installation"
    )]
    KeptForeign(Uuid, Timestamp),
    /// The tenant's row of ends is missing.
    #[error("the row that says where the chains end is gone")]
    EndsGone,
    /// The position of the last event differs from the counter of events.
    #[error("events end at {0}, their counter says {1}")]
    Events(i64, i64),
}

/// One of the two chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// The audit log: what was changed.
    Audit,
    /// The log of reads: who was shown what.
    Read,
}

impl std::fmt::Display for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Audit => "audit",
            Self::Read => "read",
        })
    }
}

/// A head as it was published, kept where nobody who can write to the database can change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHead {
    /// The tenant whose chains it closes.
    pub tenant: TenantId,
    /// Number of the head.
    pub number: i64,
    /// Id of the head.
    pub id: Uuid,
    /// When it was signed.
    pub at: Timestamp,
    /// [`AuditHead::hash`].
    pub hash: Vec<u8>,
    /// The Ed25519 key that verifies the signature, 32 bytes.
    pub public_key: Vec<u8>,
    /// The Ed25519 signature of [`KeptHead::message`], 64 bytes.
    pub signature: Vec<u8>,
}

impl KeptHead {
    /// The message that was signed.
    pub fn message(&self) -> Vec<u8> {
        message(self.tenant, self.number, self.id, self.at, &self.hash)
    }

    fn is(&self, head: &AuditHead) -> bool {
        self.number == head.number && self.at == head.at && self.hash == head.hash()
    }
}

/// The result of verifying the chains of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Number of entries of the audit log.
    pub entries: i64,
    /// Number of entries of the log of reads.
    pub reads: i64,
    /// Number and instant of the newest signed head; none if there is no head.
    pub head: Option<(i64, Timestamp)>,
    /// Everything found to be wrong; empty if the chains hold.
    pub found: Vec<Tampering>,
}

/// How far a chain has been verified.
struct Chain {
    log: Log,
    end: End,
    /// Per position: the hash that heads give for the entry, and the number of the first such head.
    marks: BTreeMap<i64, (Vec<u8>, i64)>,
}

impl Chain {
    fn new(log: Log) -> Self {
        Self { log, end: End::default(), marks: BTreeMap::new() }
    }

    /// Expects the entry at this end to have the hash that the head gives.
    fn mark(&mut self, end: &End, head: i64, found: &mut Vec<Tampering>) {
        let known = self.marks.entry(end.position).or_insert_with(|| (end.hash.clone(), head));
        if known.0 != end.hash || (end.position == 0 && end.hash != GENESIS) {
            found.push(Tampering::Rewritten(self.log, end.position, head));
        }
    }

    /// Position of the next entry.
    fn expected(&self) -> i64 {
        self.end.position.saturating_add(1)
    }

    /// Verifies the next entry; `computed` is the hash of its content.
    fn step(
        &mut self,
        position: i64,
        previous: &[u8],
        hash: &[u8],
        computed: &[u8],
        found: &mut Vec<Tampering>,
    ) {
        let expected = self.expected();
        if position != expected {
            found.push(Tampering::Gap(self.log, expected, position));
        }
        if previous != self.end.hash {
            found.push(Tampering::Unlinked(self.log, position));
        }
        if computed != hash {
            found.push(Tampering::Changed(self.log, position));
        }
        if let Some((marked, head)) = self.marks.remove(&position)
            && marked != hash
        {
            found.push(Tampering::Rewritten(self.log, position, head));
        }
        self.end.position = position;
        self.end.hash.clear();
        self.end.hash.extend_from_slice(hash);
    }

    /// Compares the end of the chain with the end that the tenant's row of ends gives.
    fn finish(mut self, end: &End, found: &mut Vec<Tampering>) {
        self.marks.remove(&0);
        for (position, (_, head)) in self.marks {
            found.push(Tampering::Rewritten(self.log, position, head));
        }
        if self.end.position != end.position {
            let (end, head) = (self.end.position, end.position);
            found.push(Tampering::Truncated { log: self.log, end, head });
        } else if self.end.hash != end.hash {
            found.push(Tampering::End(self.log));
        }
    }
}

/// Verifies both chains of a tenant, in one snapshot and in constant memory, against the heads in
/// the database and against the tenant's heads `kept` elsewhere. `signer` judges the signature of a
/// head.
///
/// # Errors
/// The database cannot be read, or a stored value is corrupt.
pub fn verify(
    store: &mut dyn Store,
    tenant: TenantId,
    kept: &[KeptHead],
    signer: &Signer<'_>,
) -> Result<Report> {
    let mut found = Vec::new();
    let (mut audit, mut reads) = (Chain::new(Log::Audit), Chain::new(Log::Read));
    let mut heads = HashMap::new();
    let mut head = None;
    let (mut number, mut after) = (0_i64, i64::MIN);
    'heads: loop {
        let chunk = store.audit_heads(after, CHUNK)?;
        if chunk.is_empty() {
            break;
        }
        for next in chunk {
            if !goes_on(&mut after, next.number) {
                found.push(Tampering::HeadMissing(number.saturating_add(1)));
                break 'heads;
            }
            if next.number != number + 1 {
                found.push(Tampering::HeadMissing(number + 1));
            }
            number = next.number;
            match signer(&next.public_key, &next.message(tenant), &next.signature) {
                Signature::Ours => {}
                Signature::Foreign => found.push(Tampering::HeadForeign(number)),
                Signature::Broken => found.push(Tampering::HeadChanged(number)),
            }
            audit.mark(&next.audit, number, &mut found);
            reads.mark(&next.reads, number, &mut found);
            head = Some((number, next.at));
            heads.insert(next.id, next);
        }
    }
    for kept in kept {
        if signer(&kept.public_key, &kept.message(), &kept.signature) != Signature::Ours {
            found.push(Tampering::KeptForeign(kept.id, kept.at));
        }
        if !heads.get(&kept.id).is_some_and(|head| kept.is(head)) {
            found.push(Tampering::HeadKept(kept.id, kept.at));
        }
    }
    let is_ours = |entry: &AuditEntry| is_signed(tenant, entry, signer);
    let numbers = heads.into_iter().map(|(id, head)| (id, head.number)).collect();
    let (audit, entries) = follow_audit(store, audit, numbers, &is_ours, &mut found)?;
    let (reads, looks) = follow_reads(store, reads, &mut found)?;
    match store.ends()? {
        None => found.push(Tampering::EndsGone),
        Some(ends) => {
            audit.finish(&ends.audit, &mut found);
            reads.finish(&ends.reads, &mut found);
            let events = store.last_event()?;
            if events != ends.events {
                found.push(Tampering::Events(events, ends.events));
            }
        }
    }
    Ok(Report { entries, reads: looks, head, found })
}

/// Whether the position of a row is greater than that of the row before, `after`. In a file whose
/// tables were created anew a position may be something else than a number. SQLite sorts such a
/// value after every number but reads it as some number, so without this check the loop would never
/// end.
fn goes_on(after: &mut i64, position: i64) -> bool {
    let goes_on = position > *after;
    *after = position;
    goes_on
}

/// Judges a signature, given a key, the message and the signature.
pub type Signer<'s> = dyn Fn(&[u8], &[u8], &[u8]) -> Signature + 's;

/// The value of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// It is valid, and the key is the installation's.
    Ours,
    /// It is valid, but the key is not known.
    Foreign,
    /// It is not valid.
    Broken,
}

/// Verifies the audit log. Remembers only the entries whose details are missing, until an entry
/// records their erasure.
fn follow_audit(
    store: &mut dyn Store,
    mut chain: Chain,
    mut heads: HashMap<Uuid, i64>,
    is_ours: &dyn Fn(&AuditEntry) -> bool,
    found: &mut Vec<Tampering>,
) -> Result<(Chain, i64)> {
    let (mut entries, mut details) = (0, 0);
    let mut gone = HashMap::new();
    let mut after = i64::MIN;
    'chunks: loop {
        let page = Page { limit: CHUNK, after: Some(After::Position(after)), updated_since: None };
        let chunk = store.audit_entries(&AuditFilter::default(), &page)?;
        if chunk.is_empty() {
            break;
        }
        for entry in &chunk {
            if !goes_on(&mut after, entry.position) {
                found.push(Tampering::Gap(chain.log, chain.expected(), entry.position));
                break 'chunks;
            }
            entries += 1;
            let computed = entry.compute_hash();
            chain.step(entry.position, &entry.previous_hash, &entry.hash, &computed, found);
            details += i64::from(entry.details.is_some());
            match entry.details_hold() {
                None => {
                    gone.insert(entry.id, entry.position);
                }
                Some(true) => {}
                Some(false) => found.push(Tampering::Details(entry.position)),
            }
            if entry.action == ERASED && !is_ours(entry) {
                found.push(Tampering::Forged(entry.position));
            }
            note(entry, &mut gone, &mut heads, found);
        }
    }
    found.extend(sorted(gone).map(Tampering::Erased));
    found.extend(sorted(heads).map(Tampering::HeadUnrecorded));
    let stray = store.details_kept()? - details;
    if stray != 0 {
        found.push(Tampering::Stray(Log::Audit, stray));
    }
    Ok((chain, entries))
}

/// Whether an erasure has a signature of the installation.
fn is_signed(tenant: TenantId, entry: &AuditEntry, signer: &Signer<'_>) -> bool {
    let details = entry.details.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let details: serde_json::Value = details.unwrap_or_default();
    let [key, signature] = ERASURE_FIELDS.map(|field| {
        let text = details[field][1].as_str().unwrap_or_default();
        BASE64.decode(text).unwrap_or_default()
    });
    let message = erasure_message(tenant, entry.resource_id);
    signer(&key, &message, &signature) == Signature::Ours
}

fn sorted(numbers: HashMap<Uuid, i64>) -> impl Iterator<Item = i64> {
    let mut numbers: Vec<_> = numbers.into_values().collect();
    numbers.sort_unstable();
    numbers.into_iter()
}

/// Notes the erasure or publication that an entry records.
fn note(
    entry: &AuditEntry,
    gone: &mut HashMap<Uuid, i64>,
    heads: &mut HashMap<Uuid, i64>,
    found: &mut Vec<Tampering>,
) {
    match entry.action.as_str() {
        ERASED if gone.remove(&entry.resource_id).is_none() => {
            found.push(Tampering::Unerased(entry.position));
        }
        PUBLISHED if heads.remove(&entry.resource_id).is_none() => {
            found.push(Tampering::HeadGone(entry.resource_id));
        }
        _ => {}
    }
}

/// Verifies the log of reads.
fn follow_reads(
    store: &mut dyn Store,
    mut chain: Chain,
    found: &mut Vec<Tampering>,
) -> Result<(Chain, i64)> {
    let (mut entries, mut subjects) = (0, 0);
    let mut after = i64::MIN;
    'chunks: loop {
        let chunk: Vec<(ReadEntry, _)> = store.read_entries(after, CHUNK)?;
        if chunk.is_empty() {
            break;
        }
        for (entry, shown) in &chunk {
            if !goes_on(&mut after, entry.position) {
                found.push(Tampering::Gap(chain.log, chain.expected(), entry.position));
                break 'chunks;
            }
            entries += 1;
            let computed = entry.compute_hash();
            chain.step(entry.position, &entry.previous_hash, &entry.hash, &computed, found);
            subjects += shown.len() as i64;
            let held = digest(shown.iter().copied()) == entry.subjects_digest;
            if !held || shown.len() as i64 != entry.subjects {
                found.push(Tampering::Subjects(entry.position));
            }
        }
    }
    let stray = store.subjects_kept()? - subjects;
    if stray != 0 {
        found.push(Tampering::Stray(Log::Read, stray));
    }
    Ok((chain, entries))
}
