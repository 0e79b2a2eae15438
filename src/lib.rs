//! initpath.
pub mod facts;
pub mod finding;
pub mod location;
pub mod problem;
