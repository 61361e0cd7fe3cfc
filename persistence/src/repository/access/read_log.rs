//! The tenant's log of reads, chained and numbered without gaps.

use super::among::one_of;
use super::chains::ReadRow;
use super::engine::Unit;
use super::keys::of_key;
use super::{Conn, Db, dialect};
use crate::audit::ReadEntry;
use crate::column::{At, Key, rows_statement, statement};
use crate::database::Context;
use crate::page::Page;
use crate::ports::{ReadLog, Result, SeenEntry};
use crate::schema::{calibration_move, ledger, participant, read_entry, read_subject, review};
use diesel::prelude::*;
use domain::access::look::Look;
use domain::core::id::{EmployeeId, ReviewId, TenantId};
use domain::core::text::TextEnum;
use domain::policy::Stage;
use domain::state::review::State;
use uuid::Uuid;

/// Most subjects in one statement; a page of a list needs only one statement.
const SHOWN: usize = 500;

rows_statement! {
    /// New entries at the end of the chain.
    struct Entries {
        tenant: Key,
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
    "INSERT INTO read_entry (tenant_id, position, id, at, reader_kind, reader_id, employee_id, \
     operation, request_id, subjects, subjects_digest, previous_hash, hash) "
    rows ""
}

rows_statement! {
    /// The records that were shown, with the people they are about.
    struct Subjects { tenant: Key, position: i64, review: Key, person: Key }
    "INSERT INTO read_subject (tenant_id, position, review_id, employee_id) "
    rows ""
}

statement! {
    /// Moves the end of the chain.
    struct MoveHead { position: i64, hash: Vec<u8>, tenant: Key }
    "UPDATE ledger SET read_position = " position ", read_hash = " hash
    " WHERE tenant_id = " tenant
}

impl Entries {
    fn push(&mut self, tenant: Key, entry: ReadEntry) {
        self.tenant.push(tenant);
        self.position.push(entry.position);
        self.id.push(Key(entry.id));
        self.at.push(At(entry.at));
        self.reader_kind.push(entry.reader_kind);
        self.reader_id.push(Key(entry.reader_id));
        self.employee_id.push(entry.employee_id.map(|id| Key(id.uuid())));
        self.operation.push(entry.operation);
        self.request_id.push(entry.request_id);
        self.subjects.push(entry.subjects);
        self.subjects_digest.push(entry.subjects_digest);
        self.previous_hash.push(entry.previous_hash);
        self.hash.push(entry.hash);
    }
}

/// Chains one entry for each look of these units. The head row is locked from here to the commit,
/// which must follow at once.
pub fn append(conn: &mut Conn, tenant: TenantId, units: Vec<(Context, Vec<Look>)>) -> Result<()> {
    let tenant = Key(tenant.uuid());
    let head = ledger::table.find(tenant).select((ledger::read_position, ledger::read_hash));
    let (mut position, mut hash): (i64, Vec<u8>) = dialect::for_update!(head).get_result(conn)?;
    let mut entries = Entries::default();
    let mut shown = Vec::new();
    for (context, looks) in units {
        for (number, look) in (0..).zip(looks) {
            position += 1;
            let entry = ReadEntry::chained(&context, &look, position, &hash, number);
            hash.clone_from(&entry.hash);
            entries.push(tenant, entry);
            shown.extend(
                look.subjects.into_iter().map(|(review, person)| (position, review, person)),
            );
            if entries.id.len() == dialect::BATCH {
                std::mem::take(&mut entries).execute(conn)?;
            }
        }
    }
    if !entries.id.is_empty() {
        entries.execute(conn)?;
    }
    for rows in shown.chunks(SHOWN) {
        let mut subjects = Subjects::default();
        for (position, review, person) in rows {
            subjects.tenant.push(tenant);
            subjects.position.push(*position);
            subjects.review.push(Key(review.uuid()));
            subjects.person.push(Key(person.uuid()));
        }
        subjects.execute(conn)?;
    }
    MoveHead { position, hash, tenant }.execute(conn)?;
    Ok(())
}

/// The states of a review in which its result is released.
fn released() -> Vec<&'static str> {
    let states = State::ALL.iter().filter(|state| state.rating_stage() == Stage::Released);
    states.map(|state| state.as_str()).collect()
}

impl ReadLog for Unit<'_> {
    fn note_look(&mut self, look: Look) -> Result<()> {
        self.look(look);
        Ok(())
    }

    fn looks_at(&mut self, person: EmployeeId, page: &Page) -> Result<Vec<SeenEntry>> {
        let mine = review::table
            .filter(review::tenant_id.eq(read_subject::tenant_id))
            .filter(review::id.eq(read_subject::review_id))
            .filter(review::state.eq_any(released()));
        let told = read_subject::table
            .filter(read_subject::tenant_id.eq(self.scope()))
            .filter(read_subject::employee_id.eq(Key(person.uuid())))
            .filter(diesel::dsl::exists(mine));
        let entries: Vec<ReadRow> = read_entry::table
            .filter(read_entry::tenant_id.eq(self.scope()))
            .filter(
                read_entry::position.eq_any(
                    told.clone()
                        .filter(read_subject::position.gt(page.after_position()))
                        .select(read_subject::position)
                        .distinct()
                        .order(read_subject::position)
                        .limit(page.limit),
                ),
            )
            .order(read_entry::position)
            .select(ReadRow::as_select())
            .load(self.conn)?;
        let entries: Vec<_> = entries.into_iter().map(ReadEntry::from).collect();
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Ok(Vec::new());
        };
        let shown: Vec<(i64, Key)> = told
            .filter(read_subject::position.between(first.position, last.position))
            .order((read_subject::position, read_subject::review_id))
            .select((read_subject::position, read_subject::review_id))
            .load(self.conn)?;
        let mut shown = shown.into_iter().peekable();
        let seen = entries.into_iter().map(|entry| {
            let own = of_key(&mut shown, entry.position, |row| row.0);
            let reviews = own.map(|(_, review)| review.0.into()).collect();
            SeenEntry { entry, reviews }
        });
        Ok(seen.collect())
    }

    fn reviews_moved(&mut self, moves: &[Uuid]) -> Result<Vec<(Uuid, ReviewId, EmployeeId)>> {
        let rows: Vec<(Key, Key, Key)> = calibration_move::table
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
            .filter(calibration_move::tenant_id.eq(self.scope()))
            .filter(one_of("calibration_move.id", moves.iter().copied()))
            .select((calibration_move::id, review::id, participant::employee_id))
            .load(self.conn)?;
        let known =
            |(id, review, person): (Key, Key, Key)| (id.0, review.0.into(), person.0.into());
        Ok(rows.into_iter().map(known).collect())
    }
}
