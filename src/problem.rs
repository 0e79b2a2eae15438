//! Problems: what limited the analysis. A problem is carried as data next to values and shown in every
//! format; it is neither an error (which stops the run) nor a finding (which is a claim about the code).

/// What kind of limit a [`Problem`] describes. The kebab-case name is part of the wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// A source file with a syntax error: the whole file is missing from the analysis.
    UnparsedFile,
    /// A file that is not UTF-8.
    NotUtf8,
    /// A file that exists but could not be read.
    UnreadableFile,
    /// A file larger than the limit.
    FileTooLarge,
    /// Nesting deeper than the parser can follow.
    TooDeeplyNested,
    /// A manifest that cannot be read or understood.
    BadManifest,
    /// A workspace member that does not exist.
    MissingMember,
    /// `mod name;` without a file.
    MissingModuleFile,
    /// `mod name;` for which both `name.rs` and `name/mod.rs` exist.
    AmbiguousModuleFile,
    /// A module file that lies outside the workspace.
    ModuleOutsideWorkspace,
    /// Modules that include each other through `#[path]`.
    ModuleCycle,
    /// A folder reached again through a symbolic link.
    LinkCycle,
    /// The catalog extension or configuration named something that does not exist.
    BadCatalog,
    /// The configuration declares something about a resource that nothing opens, or a phase of something that is not there. Does not make a run incomplete.
    UnknownResource,
    /// The configuration says something of a package, of files or of a route that is not there. Does not make a run incomplete.
    UnknownName,
    /// A rule stopped with a bug of its own; the other rules still ran.
    RuleFailed,
    /// Cargo could not answer and manifests were read instead. Does not make a run incomplete.
    CargoUnavailable,
    /// A deployment file whose probes are not known. Does not make a run incomplete.
    UnreadDeployment,
    /// SQL that a migrator runs and of which it is not known what tables it defines. Does not make a run incomplete.
    UnreadSql,
    /// There was nothing to analyse.
    NothingToAnalyse,
}

impl ProblemKind {
    /// The name used in every output format.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnparsedFile => "unparsed-file",
            Self::NotUtf8 => "not-utf8",
            Self::UnreadableFile => "unreadable-file",
            Self::FileTooLarge => "file-too-large",
            Self::TooDeeplyNested => "too-deeply-nested",
            Self::BadManifest => "bad-manifest",
            Self::MissingMember => "missing-member",
            Self::MissingModuleFile => "missing-module-file",
            Self::AmbiguousModuleFile => "ambiguous-module-file",
            Self::ModuleOutsideWorkspace => "module-outside-workspace",
            Self::ModuleCycle => "module-cycle",
            Self::LinkCycle => "link-cycle",
            Self::BadCatalog => "bad-catalog",
            Self::UnknownResource => "unknown-resource",
            Self::UnknownName => "unknown-name",
            Self::RuleFailed => "rule-failed",
            Self::CargoUnavailable => "cargo-unavailable",
            Self::UnreadDeployment => "unread-deployment",
            Self::UnreadSql => "unread-sql",
            Self::NothingToAnalyse => "nothing-to-analyse",
        }
    }

    /// Whether a problem of this kind means that code which should have been analysed was not.
    /// Such a run ends with exit code 2 unless the user asked to keep going.
    pub fn makes_incomplete(self) -> bool {
        !matches!(
            self,
            Self::CargoUnavailable
                | Self::UnknownResource
                | Self::UnknownName
                | Self::UnreadDeployment
                | Self::UnreadSql
        )
    }
}

/// One limit of the analysis, with the place where it was met.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Path relative to the workspace root, forward slashes; empty when the problem has no file.
    pub file: String,
    /// 1-based line, 0 when unknown.
    pub line: u32,
    /// 1-based column in characters, 0 when unknown.
    pub column: u32,
    /// What kind of limit.
    pub kind: ProblemKind,
    /// One sentence for a person.
    pub message: String,
}
