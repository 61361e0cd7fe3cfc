//! Whether the database takes what is written.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, statement};
use crate::ports::{Pulse, Result};
use diesel::prelude::*;
use domain::time::Timestamp;

statement! {
    /// Writes the one row there is.
    struct Beat { at: At }
    "UPDATE pulse SET at = " at
}

impl Pulse for Unit<'_> {
    fn beat(&mut self, at: Timestamp) -> Result<()> {
        Beat { at: At(at) }.execute(self.conn)?;
        Ok(())
    }
}
