//! Keyset pages: where a list goes on, and how far.

use domain::time::Timestamp;
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

    /// The position to go on behind, from 0.
    pub fn after_position(&self) -> i64 {
        match self.after {
            Some(After::Position(position)) => position,
            _ => 0,
        }
    }
}
