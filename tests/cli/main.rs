//! The command as people and pipelines meet it: through its binary, on the fixtures and on workspaces made for the
//! occasion.

mod acceptance;
mod changes;
mod command;
mod inputs;
mod migration;
mod migration_findings;
mod migration_steps;
mod odd_inputs;
mod output;
mod patch;
mod questions;
mod readiness;
mod same_bytes;
mod same_names;
mod usage;
