//! Positions.

use crate::page::Page;
use crate::ports::Result;
use domain::core::id::PositionId;
use domain::people::org::Position;

/// The catalogue of positions.
pub trait Positions {
    /// A page of positions, in the order of ids, or of change with tombstones.
    fn positions(&mut self, page: &Page) -> Result<Vec<Position>>;
    /// Whether an assignment still names the position.
    fn position_in_use(&mut self, id: PositionId) -> Result<bool>;
}
