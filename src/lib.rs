//! initpath.
pub mod analysis;
pub mod catalog;
pub mod cli;
pub mod facts;
pub mod finding;
pub mod location;
pub mod problem;
pub mod program;
pub mod report;
pub mod rules;
pub mod settle;
pub mod suggest;
pub mod workspace;
