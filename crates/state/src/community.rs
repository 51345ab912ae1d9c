//! The community as a whole: what is everybody's has its home at one position of the ring.

use tertulia_types::Position;

/// Where what is the whole community's has its home.
#[must_use]
pub fn position() -> Position {
    Position::of("community", "")
}
