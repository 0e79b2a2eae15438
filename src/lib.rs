//! initpath.
pub mod catalog;
pub mod finding;
pub mod location;
pub mod problem;
