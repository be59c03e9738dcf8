//! What the screen shows: pure functions from what is known to a buffer of cells.

pub mod format;
pub mod picture;
pub mod widget;
