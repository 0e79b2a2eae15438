//! The type between judgement and policy: what a rule claims, with the evidence that makes it true.

use crate::location::Location;

/// What happens when a rule finds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Counted, not shown.
    Allow,
    /// Shown; the exit code stays 0.
    Warn,
    /// Shown; the exit code becomes 1.
    Deny,
}

impl Level {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// How sure a rule is. Each lost piece of proof lowers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A guess worth a look; hidden by default.
    Low,
    /// One piece of the proof is missing.
    Medium,
    /// Every step of the proof was resolved.
    High,
}

impl Confidence {
    /// The name used in every output format and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What part a place plays in a finding. The kebab-case name is part of the wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A call that creates a handle.
    InitSite,
    /// A place that keeps a handle alive.
    Holder,
    /// The test of a check-then-init.
    Check,
    /// The write of a check-then-init.
    Write,
    /// A construct that makes creation happen once.
    Guard,
    /// A call from which outside work is answered.
    ServePoint,
    /// A function that answers outside work.
    Handler,
    /// A call that starts a task or thread.
    Spawn,
    /// A function that hands out a held handle.
    Accessor,
    /// Where an address comes from.
    Config,
    /// A call that changes the schema.
    Migration,
    /// A health endpoint.
    Probe,
}

impl Role {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::InitSite => "init-site",
            Self::Holder => "holder",
            Self::Check => "check",
            Self::Write => "write",
            Self::Guard => "guard",
            Self::ServePoint => "serve-point",
            Self::Handler => "handler",
            Self::Spawn => "spawn",
            Self::Accessor => "accessor",
            Self::Config => "config",
            Self::Migration => "migration",
            Self::Probe => "probe",
        }
    }
}

/// A place that makes a finding true.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// Where.
    pub location: Location,
    /// What part it plays.
    pub role: Role,
    /// A few words for a person.
    pub label: String,
}

/// One hop of the call path from an entry point to the primary place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    /// The function entered (or the library call, for the last hop).
    pub label: String,
    /// For the first hop the entry point's declaration, then the call that enters each next function.
    pub location: Location,
}

/// A rule's claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// One headline sentence.
    pub message: String,
    /// The fix, in one sentence.
    pub help: String,
    /// What would make the rule silent, in one sentence.
    pub silent_if: String,
    /// The primary place, with its label.
    pub primary: Evidence,
    /// The other places.
    pub evidence: Vec<Evidence>,
    /// The call path from the entry point; empty when the rule does not need one.
    pub path: Vec<Hop>,
    /// Why the places belong together (`both run: …`), one line each, for people.
    pub notes: Vec<String>,
    /// Name of the binary it was found in, when it belongs to one.
    pub binary: Option<String>,
    /// Id of the resource at stake, when it is known.
    pub resource: Option<String>,
    /// Parts of the identity after the rule's name: item paths, roles and resources, never lines or columns.
    pub identity: Vec<String>,
}
