//! initpath finds out whether every part of a Rust service reaches its database through one door that is open before
//! anyone knocks. This is its library; the command is a thin shell around [`cli::run`].
//!
//! # The way through
//!
//! A run is a row of plain functions. Each takes the result of the one before, and none looks back.
//!
//! | stage | from | to | where |
//! |---|---|---|---|
//! | configure | arguments, environment | what is wanted | [`cli`] |
//! | load | what is wanted | packages and targets, then source texts | [`workspace`] |
//! | extract | one source text | what this file says | [`facts`] |
//! | link | all facts, the catalog | one program | [`program`], [`catalog`] |
//! | check | the program | findings | [`rules`] |
//! | settle | findings, problems, policy | a report | [`settle`] |
//! | render | the report | text in one format | [`report`] |
//! | exit | the report | 0, 1 or 2 | [`cli`] |
//!
//! The command `report` has a stage more: from doors and the settled report, [`plan`] makes the migration that is rendered.
//!
//! [`analysis`] strings together the pure middle, from extract to check, for the command and for tests alike.
//!
//! # Rooms
//!
//! A room is a module with one kind of knowledge, and most libraries are known in one room only, so that they can be
//! replaced there.
//!
//! - [`cli`] talks to the person. It alone knows clap.
//! - [`workspace`] alone touches the disk and runs cargo. A workspace in memory behaves like one on disk, and that is
//!   how rules are tested.
//! - [`facts`] says what one file says, from its text alone. It alone knows syn, and no syntax tree leaves it: what
//!   leaves is small data with lines and columns that can be sent between threads.
//! - [`catalog`] holds what libraries mean. The knowledge itself is data, one TOML file per library in
//!   `rules/catalog/`; what is not listed there is unknown, never harmless.
//! - [`program`] links: names, types, calls, summaries of what each function does, the identity of resources, order.
//!   Precision is made here and nowhere else. It alone knows petgraph.
//! - [`rules`] judges. One file is one rule is one pure function; its page in `rules/` holds what it is called, how
//!   strict it is, and the examples that are its tests.
//! - [`settle`] is policy: levels, selection, fingerprints, order.
//! - [`plan`] turns doors and settled findings into a migration: which door stays, which go, in which order.
//! - [`report`] is text, one file per format. `human.rs` alone knows miette.
//!
//! Between the rooms stand the types they share: [`location`] (where), [`finding`] (what a rule claims, with its
//! evidence), [`problem`] (what limited the analysis). [`suggest`] finds the name somebody meant.
//!
//! # Words
//!
//! A *resource* is an outside database, identified by where its address comes from. A *handle* is the value through
//! which code talks to it. An *init site* is a call that creates a handle, an *init path* a call path from an entry
//! point to it. A *holder* keeps a handle alive, an *accessor* hands it out, a *guard* makes creation happen at most
//! once. A *door* is a holder with its init paths and accessors: one way to a handle. A *serve point* is the call from
//! which outside work is answered. A *finding* is a claim with *evidence*; a *problem* is a limit of the analysis,
//! neither a claim nor an error.
//!
//! # What always holds
//!
//! - Unknown is not evidence. Where something cannot be resolved, a rule is silent or less confident.
//! - Nothing is lost on the way: a finding is shown or counted, code that could not be read is a problem, and a run
//!   that did not look at everything is never called clean.
//! - The same input gives the same bytes, whatever the order of files and the number of threads.
//! - No input makes it panic. A rule that panics all the same becomes a problem and does not hide the others.
//! - A finding shows the path that makes it true, says what would silence it, and how to fix it.
//! - What is printed for programs has types of its own in [`report`], with a version; inner types can change freely.
//!
//! `tests/tidy` checks what of this can be checked by reading the source.
//!
//! # Where to read on
//!
//! For an overview: `cli/mod.rs` (all stages in one function), then [`analysis`]. To understand a finding: its rule's
//! page, the rule's file, then [`program::Program`] and the questions it answers. To understand why something was not
//! seen: [`program`] bottom-up, in the order its first lines give. To add a rule or a library: `CONTRIBUTING.md`.

pub mod analysis;
pub mod catalog;
pub mod cli;
pub mod facts;
pub mod finding;
pub mod location;
pub mod plan;
pub mod problem;
pub mod program;
pub mod report;
pub mod rules;
pub mod settle;
pub mod suggest;
pub mod workspace;
