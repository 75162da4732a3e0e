//! The exit codes, each with what it means. README and `--help` are written from this table.

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Everything that was asked for is done.
    Success,
    /// At least one target failed; dist/ holds the others.
    TargetFailed,
    /// The command line cannot be understood.
    Usage,
    /// targets.toml, a recipe, the user's settings, GOPROXY or an `XBUILD_*` variable is wrong.
    Config,
    /// No Go SDK, one that is too old for xbuild or for the project, or one whose go.env steers builds.
    Sdk,
    /// Modules are missing or not what go.sum says, or vendor/, go.mod and go.sum do not agree.
    Modules,
    /// The system refused: a disk, a permission, a program that does not start.
    System,
    /// vendor/, vendor.lock and go.sum do not match, or a lock that is required is missing.
    Changed,
    /// The store held entries that were not what they must be; they were put aside.
    Damaged,
    /// SIGHUP, SIGINT or SIGTERM: 128 and the signal's number.
    Signal(i32),
    /// In the process that sets a sandbox up: what the program behind it ended with. No user sees it.
    Child(u8),
}

impl ExitCode {
    /// Every code but the signals'.
    pub const ALL: &[ExitCode] = &[
        ExitCode::Success,
        ExitCode::TargetFailed,
        ExitCode::Usage,
        ExitCode::Config,
        ExitCode::Sdk,
        ExitCode::Modules,
        ExitCode::System,
        ExitCode::Changed,
        ExitCode::Damaged,
    ];

    /// The number that the process ends with.
    pub fn number(self) -> u8 {
        match self {
            ExitCode::Success => 0,
            ExitCode::TargetFailed => 1,
            ExitCode::Usage => 2,
            ExitCode::Config => 3,
            ExitCode::Sdk => 4,
            ExitCode::Modules => 5,
            ExitCode::System => 6,
            ExitCode::Child(status) => status,
            ExitCode::Changed => 7,
            ExitCode::Damaged => 8,
            ExitCode::Signal(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }

    /// What the number means, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            ExitCode::Success => "everything that was asked for is done",
            ExitCode::TargetFailed => "at least one target failed; dist/ holds the others",
            ExitCode::Usage => "the command line cannot be understood",
            ExitCode::Config => {
                "targets.toml, a recipe, the user's settings, GOPROXY or an XBUILD_ variable is wrong"
            }
            ExitCode::Sdk => {
                "no Go SDK, one too old for xbuild or for the project, or one whose go.env steers builds"
            }
            ExitCode::Modules => {
                "modules are missing or not what go.sum says, or vendor/, go.mod and go.sum do not agree"
            }
            ExitCode::System => "the system refused: a disk, a permission, a program that does not start",
            ExitCode::Child(_) => "as the program in the sandbox ended",
            ExitCode::Changed => {
                "vendor/, vendor.lock and go.sum do not match, or a required vendor.lock is missing"
            }
            ExitCode::Damaged => "`cache verify` found damaged entries in the store and put them aside",
            ExitCode::Signal(_) => "ended by a signal: 128 and its number (130 Ctrl-C, 143 SIGTERM)",
        }
    }

    /// The table as `--help` prints it.
    pub fn table() -> String {
        let mut lines: Vec<String> =
            Self::ALL.iter().map(|code| format!("  {:>3}  {}", code.number(), code.meaning())).collect();
        lines.push(format!("  {:>3}  {}", "129+", ExitCode::Signal(0).meaning()));
        lines.join("\n")
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        std::process::ExitCode::from(code.number())
    }
}
