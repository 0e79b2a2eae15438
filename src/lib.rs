//! initpath.
pub mod finding;
pub mod location;
pub mod problem;
