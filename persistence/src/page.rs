//! Keyset pages: after which row a page begins, and how many rows it has.

use chrono::NaiveDate;
use domain::core::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The key of the last row that a client has seen, by the order of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// The list is ordered by id, which is the order of creation.
    Id(Uuid),
    /// The list is ordered by last change, then by id.
    Updated(Timestamp, Uuid),
    /// The list is ordered by a text key, then by id.
    Text(String, Uuid),
    /// The list is ordered by day: a history, with at most one entry per day.
    Day(NaiveDate),
    /// The list is a log, ordered by position.
    Position(i64),
}

/// The part of a list that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Most rows to return; clients may ask for 1 to 200.
    pub limit: i64,
    /// Begin after this key; none begins at the start.
    pub after: Option<After>,
    /// Only rows changed at or after this instant, deleted ones included, ordered by last change.
    pub updated_since: Option<Timestamp>,
}

impl Page {
    /// The whole list.
    pub const ALL: Page = Page { limit: i64::MAX, after: None, updated_since: None };

    /// The id after which the page begins, in a list ordered by id.
    pub fn after_id(&self) -> Option<Uuid> {
        match self.after {
            Some(After::Id(id)) => Some(id),
            _ => None,
        }
    }

    /// The key after which the page begins, in a list ordered by last change.
    pub fn after_update(&self) -> Option<(Timestamp, Uuid)> {
        match self.after {
            Some(After::Updated(at, id)) => Some((at, id)),
            _ => None,
        }
    }

    /// The key after which the page begins, in a list ordered by a text key.
    pub fn after_text(&self) -> Option<(&str, Uuid)> {
        match &self.after {
            Some(After::Text(key, id)) => Some((key, *id)),
            _ => None,
        }
    }

    /// The day after which the page begins, in a list ordered by day.
    pub fn after_day(&self) -> Option<NaiveDate> {
        match self.after {
            Some(After::Day(day)) => Some(day),
            _ => None,
        }
    }

    /// The position after which the page begins; 0 for the start.
    pub fn after_position(&self) -> i64 {
        match self.after {
            Some(After::Position(position)) => position,
            _ => 0,
        }
    }
}

/// Limits a query to the rows after `(key, id)` in the order of two columns. The second condition
/// implies the first; the first is there so that an index scan can start at the key.
macro_rules! behind {
    ($query:expr, $columns:expr, $last:expr) => {{
        let ((column, id_column), (key, id)) = ($columns, $last);
        $query.filter(column.ge(key.clone())).filter(column.gt(key).or(id_column.gt(id)))
    }};
}
pub(crate) use behind;

/// Limits a boxed query of a table to rows changed since an instant, if there is one.
macro_rules! since {
    ($query:expr, $table:ident, $since:expr) => {
        match $since {
            Some(since) => $query.filter($table::updated_at.ge($crate::column::At(since))),
            None => $query,
        }
    };
}
pub(crate) use since;

/// Orders a boxed query of a table with `id` and `updated_at` as the page asks, and begins after
/// the page's key.
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
