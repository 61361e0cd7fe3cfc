//! Positions.

use crate::page::Page;
use crate::ports::Result;
use domain::core::change::Change;
use domain::core::id::PositionId;
use domain::people::org::Position;
use domain::policy::Sealed;

/// The catalogue of positions.
pub trait Positions {
    /// One position that is not deleted.
    fn position(&mut self, id: PositionId) -> Result<Option<Sealed<Position>>>;
    /// A page of positions, ordered by id, or by last change with tombstones.
    fn positions(&mut self, page: &Page) -> Result<Vec<Position>>;
    /// Adds a position.
    fn create_position(&mut self, change: Change<Position>) -> Result<()>;
    /// Saves a position, guarded by its version; deletion is a change like any other.
    fn update_position(&mut self, change: Change<Position>) -> Result<()>;
    /// Whether any assignment names the position.
    fn position_in_use(&mut self, id: PositionId) -> Result<bool>;
}
