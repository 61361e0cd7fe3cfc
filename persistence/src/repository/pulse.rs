//! Checks that the database accepts writes.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, statement};
use crate::ports::{Pulse, Result};
use diesel::prelude::*;
use domain::core::time::Timestamp;

/// How often the instant is repeated: 32 KiB, more than a usual unit of work writes. On a full disk
/// a few bytes may still fit where a unit of work does not.
const REPEATED: usize = 4096;

statement! {
    /// Writes the only row of the table.
    struct Beat { at: At, ballast: Vec<u8> }
    "UPDATE pulse SET at = " at ", ballast = " ballast
}

impl Pulse for Unit<'_> {
    fn beat(&mut self, at: Timestamp) -> Result<()> {
        // The bytes differ each time, because SQLite does not write a page that has not changed.
        let ballast = at.timestamp_micros().to_be_bytes().repeat(REPEATED);
        Beat { at: At(at), ballast }.execute(self.conn)?;
        Ok(())
    }
}
