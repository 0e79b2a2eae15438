//! initpath.
pub mod finding;
pub mod location;
pub mod problem;
pub mod suggest;
pub mod workspace;
