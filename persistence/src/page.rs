//! Keyset pages: where a list goes on, and how far.

use chrono::NaiveDate;
use domain::core::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The key of the last row a client has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// In the order of ids, which is the order of creation.
    Id(Uuid),
    /// In the order of change.
    Updated(Timestamp, Uuid),
    /// In the order of a text key, then of ids.
    Text(String, Uuid),
    /// In the order of days, for histories, which have one entry per day at most.
    Day(NaiveDate),
    /// In the order of a numbered log.
    Position(i64),
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Most rows to return, 1..=200 for clients.
    pub limit: i64,
    /// Go on behind this key.
    pub after: Option<After>,
    /// Only rows changed at or after this instant, in the order of change, deleted ones included.
    pub updated_since: Option<Timestamp>,
}

impl Page {
    /// The whole list.
    pub const ALL: Page = Page { limit: i64::MAX, after: None, updated_since: None };

    /// The id to go on behind, in the order of ids.
    pub fn after_id(&self) -> Option<Uuid> {
        match self.after {
            Some(After::Id(id)) => Some(id),
            _ => None,
        }
    }

    /// The key to go on behind, in the order of change.
    pub fn after_update(&self) -> Option<(Timestamp, Uuid)> {
        match self.after {
            Some(After::Updated(at, id)) => Some((at, id)),
            _ => None,
        }
    }

    /// The key to go on behind, in the order of a text key.
    pub fn after_text(&self) -> Option<(&str, Uuid)> {
        match &self.after {
            Some(After::Text(key, id)) => Some((key, *id)),
            _ => None,
        }
    }

    /// The day to go on behind, in the order of days.
    pub fn after_day(&self) -> Option<NaiveDate> {
        match self.after {
            Some(After::Day(day)) => Some(day),
            _ => None,
        }
    }

    /// The position to go on behind, from 0.
    pub fn after_position(&self) -> i64 {
        match self.after {
            Some(After::Position(position)) => position,
            _ => 0,
        }
    }
}

/// Narrows a query to what lies behind `(key, id)` in the order of two columns. The first condition
/// alone is implied by the second; it is what lets an index scan start at the key.
macro_rules! behind {
    ($query:expr, $columns:expr, $last:expr) => {{
        let ((column, id_column), (key, id)) = ($columns, $last);
        $query.filter(column.ge(key.clone())).filter(column.gt(key).or(id_column.gt(id)))
    }};
}
pub(crate) use behind;
/// Orders a boxed query of a table with `id` and `updated_at` as a page asks, behind its key.
macro_rules! keyset {
    ($query:expr, $table:ident, $page:expr) => {
        match $page.updated_since {
            Some(since) => {
                let query = $query
                    .filter($table::updated_at.ge($crate::column::At(since)))
                    .order(($table::updated_at, $table::id));
                match $page.after_update() {
                    Some((at, id)) => $crate::page::behind!(
                        query,
                        ($table::updated_at, $table::id),
                        ($crate::column::At(at), $crate::column::Key(id))
                    ),
                    None => query,
                }
            }
            None => {
                let query = $query.order($table::id);
                match $page.after_id() {
                    Some(id) => query.filter($table::id.gt($crate::column::Key(id))),
                    None => query,
                }
            }
        }
    };
}
pub(crate) use keyset;
