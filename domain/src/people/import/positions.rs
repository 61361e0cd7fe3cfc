//! Imports of many positions.

use super::draft::Draft;
use super::{Node, is_absent};
use crate::core::import::{Fault, Plan, Planned};
use crate::core::time::Timestamp;
use crate::people::org::Position;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// What a row says about a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionRow {
    /// Position of the row in the request, from 0.
    pub row: usize,
    /// Code of the position; the key of the row.
    pub code: String,
    /// Name of the job; needed for a new position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Job level, from 1 to 30; needed for a new position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<i32>,
    /// Properties that could not be read; the row fails, but is planned without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl PositionRow {
    /// The key of the row, if it could be read.
    pub fn key(&self) -> Option<&str> {
        Some(self.code.as_str()).filter(|key| !key.is_empty())
    }
}

/// Positions form a catalogue: none stands under another one.
impl Node for Position {
    const KEY: &'static str = "code";
    const PARENT: &'static str = Self::KEY;
    fn id(&self) -> Uuid {
        self.id.uuid()
    }
    fn key(&self) -> &str {
        &self.code
    }
    fn parent(&self) -> Option<Uuid> {
        None
    }
    fn since(&self) -> NaiveDate {
        NaiveDate::MIN
    }
}

/// Plans an import of positions. `known` are all positions, by code; `new_id` makes ids for new ones.
pub fn plan_positions(
    mut known: HashMap<String, Position>,
    rows: &[PositionRow],
    now: Timestamp,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Plan<Position> {
    let mut ids = HashMap::<&str, Uuid>::with_capacity(rows.len());
    let mut draft = Draft::new(rows.len());
    for row in rows {
        let Some(key) = row.key() else {
            draft.add_keyless(Vec::new());
            continue;
        };
        let before = known.remove(key).map(Arc::new);
        // A key that comes again means the same position, and is refused for that below.
        let known_id = before.as_ref().map(|it| it.id.uuid());
        let id = *ids.entry(key).or_insert_with(|| known_id.unwrap_or_else(&mut *new_id));
        let mut faults = Vec::new();
        let planned = plan_position(id, before, row, now, &mut faults);
        draft.add(planned, row.unread.is_empty(), faults);
    }
    draft.refuse_doubles();
    draft.finish()
}

fn plan_position(
    id: Uuid,
    before: Option<Arc<Position>>,
    row: &PositionRow,
    now: Timestamp,
    faults: &mut Vec<Fault>,
) -> Planned<Position> {
    let given = [("title", row.title.is_some()), ("level", row.level.is_some())];
    for (property, _) in given.into_iter().filter(|(_, is_given)| before.is_none() && !is_given) {
        if is_absent(&row.unread, property) {
            faults.push(Fault::new(row.row, property, "required"));
        }
    }
    let mut after = before.as_deref().cloned().unwrap_or_else(|| Position {
        id: id.into(),
        code: row.code.clone(),
        title: String::new(),
        level: 1,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    });
    if let Some(title) = &row.title {
        after.title.clone_from(title);
    }
    after.level = row.level.unwrap_or(after.level);
    let mut fields = Vec::new();
    if let Some(before) = before.as_deref() {
        let changed =
            [("title", before.title != after.title), ("level", before.level != after.level)];
        fields.extend(changed.into_iter().filter_map(|(name, differs)| differs.then_some(name)));
        if !fields.is_empty() {
            after.version += 1;
            after.updated_at = now;
        }
    }
    Planned { row: row.row, before, after: Arc::new(after), fields }
}

#[cfg(test)]
mod tests {
    use super::super::tests::codes;
    use super::*;
    use crate::core::import::RowOutcome;

    fn row(place: usize, code: &str, title: Option<&str>, level: Option<i32>) -> PositionRow {
        PositionRow {
            row: place,
            code: code.to_owned(),
            title: title.map(str::to_owned),
            level,
            unread: Vec::new(),
        }
    }

    #[test]
    fn a_row_changes_what_it_gives_and_new_positions_need_everything() {
        let mut number = 0;
        let mut new_id = || {
            number += 1;
            Uuid::from_u128(number)
        };
        let now = Timestamp::UNIX_EPOCH;
        let new = [row(0, "REP", Some("Rep"), Some(3)), row(1, "DEV", Some("Dev"), None)];
        let plan = plan_positions(HashMap::new(), &new, now, &mut new_id);
        assert_eq!(codes(&plan), [(1, "required")]);
        let rep = Position::clone(&plan.rows[0].after);
        let known = || [("REP".to_owned(), rep.clone())].into();
        let rows = [row(0, "REP", None, Some(4)), row(1, "rep", Some("Other"), Some(1))];
        let doubled = plan_positions(known(), &rows, now, &mut new_id);
        assert_eq!(codes(&doubled), [(1, "duplicate_in_request")]);
        let changed = &doubled.rows[0];
        assert_eq!((changed.outcome(), &changed.fields[..]), (RowOutcome::Updated, &["level"][..]));
        assert_eq!((changed.after.level, changed.after.version), (4, 2));
        let same = plan_positions(known(), &[row(0, "REP", Some("Rep"), None)], now, &mut new_id);
        assert_eq!(same.rows[0].outcome(), RowOutcome::Unchanged);
    }
}
