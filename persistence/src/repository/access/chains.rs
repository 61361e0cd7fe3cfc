//! The ends of the chains, the rows stored beside them, and their signed heads.

use super::engine::Unit;
use super::keys::of_key;
use crate::audit::{AuditHead, End, Ends, ReadEntry, Subjects};
use crate::column::{At, Key};
use crate::ports::{Chains, Result};
use crate::schema::{audit_detail, audit_head, event, ledger, read_entry, read_subject};
use diesel::dsl::{count_star, max};
use diesel::prelude::*;

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_head)]
struct HeadRow {
    number: i64,
    id: Key,
    at: At,
    audit_position: i64,
    audit_hash: Vec<u8>,
    read_position: i64,
    read_hash: Vec<u8>,
    public_key: Vec<u8>,
    signature: Vec<u8>,
}

impl From<HeadRow> for AuditHead {
    fn from(row: HeadRow) -> Self {
        Self {
            number: row.number,
            id: row.id.0,
            at: row.at.0,
            audit: End { position: row.audit_position, hash: row.audit_hash },
            reads: End { position: row.read_position, hash: row.read_hash },
            public_key: row.public_key,
            signature: row.signature,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = read_entry)]
pub struct ReadRow {
    position: i64,
    id: Key,
    at: At,
    reader_kind: String,
    reader_id: Key,
    employee_id: Option<Key>,
    operation: String,
    request_id: String,
    subjects: i64,
    subjects_digest: Vec<u8>,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl From<ReadRow> for ReadEntry {
    fn from(row: ReadRow) -> Self {
        Self {
            position: row.position,
            id: row.id.0,
            at: row.at.0,
            reader_kind: row.reader_kind,
            reader_id: row.reader_id.0,
            employee_id: row.employee_id.map(|id| id.0.into()),
            operation: row.operation,
            request_id: row.request_id,
            subjects: row.subjects,
            subjects_digest: row.subjects_digest,
            previous_hash: row.previous_hash,
            hash: row.hash,
        }
    }
}

impl Chains for Unit<'_> {
    fn ends(&mut self) -> Result<Option<Ends>> {
        type Row = (i64, Vec<u8>, i64, i64, Vec<u8>);
        let row: Option<Row> = ledger::table
            .find(self.scope())
            .select((
                ledger::audit_position,
                ledger::audit_hash,
                ledger::event_position,
                ledger::read_position,
                ledger::read_hash,
            ))
            .get_result(self.conn)
            .optional()?;
        Ok(row.map(|(audit, audit_hash, events, reads, read_hash)| Ends {
            audit: End { position: audit, hash: audit_hash },
            reads: End { position: reads, hash: read_hash },
            events,
        }))
    }

    fn last_event(&mut self) -> Result<i64> {
        let last: Option<i64> = event::table
            .filter(event::tenant_id.eq(self.scope()))
            .select(max(event::position))
            .get_result(self.conn)?;
        Ok(last.unwrap_or_default())
    }

    fn details_kept(&mut self) -> Result<i64> {
        let kept = audit_detail::table.filter(audit_detail::tenant_id.eq(self.scope()));
        Ok(kept.select(count_star()).get_result(self.conn)?)
    }

    fn subjects_kept(&mut self) -> Result<i64> {
        let kept = read_subject::table.filter(read_subject::tenant_id.eq(self.scope()));
        Ok(kept.select(count_star()).get_result(self.conn)?)
    }

    fn audit_heads(&mut self, after: i64, limit: i64) -> Result<Vec<AuditHead>> {
        let rows: Vec<HeadRow> = audit_head::table
            .filter(audit_head::tenant_id.eq(self.scope()))
            .filter(audit_head::number.gt(after))
            .order(audit_head::number)
            .limit(limit)
            .select(HeadRow::as_select())
            .load(self.conn)?;
        Ok(rows.into_iter().map(AuditHead::from).collect())
    }

    fn last_audit_head(&mut self) -> Result<Option<AuditHead>> {
        let row: Option<HeadRow> = audit_head::table
            .filter(audit_head::tenant_id.eq(self.scope()))
            .order(audit_head::number.desc())
            .select(HeadRow::as_select())
            .first(self.conn)
            .optional()?;
        Ok(row.map(AuditHead::from))
    }

    fn keep_audit_head(&mut self, head: &AuditHead) -> Result<()> {
        diesel::insert_into(audit_head::table)
            .values((
                audit_head::tenant_id.eq(self.scope()),
                audit_head::number.eq(head.number),
                audit_head::id.eq(Key(head.id)),
                audit_head::at.eq(At(head.at)),
                audit_head::audit_position.eq(head.audit.position),
                audit_head::audit_hash.eq(&head.audit.hash),
                audit_head::read_position.eq(head.reads.position),
                audit_head::read_hash.eq(&head.reads.hash),
                audit_head::public_key.eq(&head.public_key),
                audit_head::signature.eq(&head.signature),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    fn read_entries(&mut self, after: i64, limit: i64) -> Result<Vec<(ReadEntry, Subjects)>> {
        let rows: Vec<ReadRow> = read_entry::table
            .filter(read_entry::tenant_id.eq(self.scope()))
            .filter(read_entry::position.gt(after))
            .order(read_entry::position)
            .limit(limit)
            .select(ReadRow::as_select())
            .load(self.conn)?;
        let entries: Vec<_> = rows.into_iter().map(ReadEntry::from).collect();
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Ok(Vec::new());
        };
        let shown: Vec<(i64, Key, Key)> = read_subject::table
            .filter(read_subject::tenant_id.eq(self.scope()))
            .filter(read_subject::position.between(first.position, last.position))
            .order((read_subject::position, read_subject::review_id))
            .select((read_subject::position, read_subject::review_id, read_subject::employee_id))
            .load(self.conn)?;
        let mut shown = shown.into_iter().peekable();
        let with_subjects = entries.into_iter().map(|entry| {
            let own = of_key(&mut shown, entry.position, |row| row.0);
            let subjects = own.map(|(_, review, person)| (review.0.into(), person.0.into()));
            let subjects = subjects.collect();
            (entry, subjects)
        });
        Ok(with_subjects.collect())
    }
}
