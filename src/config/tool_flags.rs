//! The flags of Go's linker, compiler and assembler, and which of them a sealed build takes.
//!
//! Source: `go tool link -h`, `go tool compile -h` and `go tool asm -h` of Go 1.24 to 1.26. A test holds the tables
//! against the SDK at hand.

/// What takes the flags of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// `ldflags`.
    Link,
    /// `gcflags`.
    Compile,
    /// `asmflags`.
    Assemble,
}

/// What is to be done with a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may stand, and has its value in the same word if any.
    Alone,
    /// It may stand, and takes the next word where it has no `=`.
    WithValue,
    /// It names a file, a directory or a program.
    Names,
    /// It asks for the external linker.
    External,
    /// `go build` gives it, to all tools alike.
    GoSets,
    /// It is a flag of `go build` and none of the tool.
    OfGoBuild,
    /// No tool has it.
    Unknown,
}

const LINK_ALONE: &str = "\
    a aslr bindnow c checklinkname compressdwarf d debugnosplit dumpdep e f g h n pruneweakmap s v w";
const LINK_WITH_VALUE: &str = "\
    B D E H R T X benchmark buildid debugtextsize debugtramp funcalign linkmode memprofilerate \
    randlayout strictdups";
const LINK_NAMES: &str = "\
    I L benchmarkprofile capturehostobjs cpuprofile fipso importcfg k libgcc memprofile o pluginpath r \
    tmpdir";
const LINK_GO_SETS: &str = "V asan buildmode installsuffix linkshared msan race";

const COMPILE_ALONE: &str = "\
    % B C E K L N S W clobberdead clobberdeadreg dwarf dwarfbasentries dwarflocationlists e errorurl h j \
    l live m r smallframes t v w wb";
const COMPILE_WITH_VALUE: &str = "c d gendwarfinl lang memprofilerate spectre";
const COMPILE_NAMES: &str = "\
    D I asmhdr bench blockprofile coveragecfg cpuprofile embedcfg importcfg json linkobj memprofile \
    mutexprofile o pgoprofile symabis traceprofile";
const COMPILE_GO_SETS: &str = "\
    + V asan buildid complete dynlink env goversion installsuffix linkshared msan nolocalimports p pack \
    race shared std trimpath";

const ASSEMBLE_ALONE: &str = "S debug e v";
const ASSEMBLE_WITH_VALUE: &str = "D d spectre";
const ASSEMBLE_NAMES: &str = "I o";
const ASSEMBLE_GO_SETS: &str = "V dynlink gensymabis linkshared p shared trimpath";

/// Source: `go help build`.
const GO_BUILD: &str = "\
    C a asan asmflags buildmode buildvcs compiler cover covermode coverpkg exec gccgoflags gcflags \
    installsuffix json ldflags linkshared mod modcacherw modfile msan n o overlay p pgo pkgdir race tags \
    toolexec trimpath work x";

impl Tool {
    /// The key of targets.toml.
    pub(super) fn key(self) -> &'static str {
        match self {
            Tool::Link => "ldflags",
            Tool::Compile => "gcflags",
            Tool::Assemble => "asmflags",
        }
    }

    /// Its name, for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Tool::Link => "linker",
            Tool::Compile => "compiler",
            Tool::Assemble => "assembler",
        }
    }

    /// A flag that many give.
    pub(super) fn example(self) -> &'static str {
        match self {
            Tool::Link => "-s",
            Tool::Compile => "-N",
            Tool::Assemble => "-S",
        }
    }

    /// Its name below `go tool`.
    pub(super) fn command(self) -> &'static str {
        match self {
            Tool::Link => "link",
            Tool::Compile => "compile",
            Tool::Assemble => "asm",
        }
    }

    /// What is to be done with the flag of this name, written without dashes.
    pub(super) fn verdict(self, name: &str) -> Verdict {
        let (alone, with_value, names, go_sets) = match self {
            Tool::Link => (LINK_ALONE, LINK_WITH_VALUE, LINK_NAMES, LINK_GO_SETS),
            Tool::Compile => (COMPILE_ALONE, COMPILE_WITH_VALUE, COMPILE_NAMES, COMPILE_GO_SETS),
            Tool::Assemble => (ASSEMBLE_ALONE, ASSEMBLE_WITH_VALUE, ASSEMBLE_NAMES, ASSEMBLE_GO_SETS),
        };
        match name {
            "extld" | "extldflags" | "extar" => Verdict::External,
            _ if holds(alone, name) => Verdict::Alone,
            _ if holds(with_value, name) => Verdict::WithValue,
            _ if holds(names, name) => Verdict::Names,
            _ if holds(go_sets, name) => Verdict::GoSets,
            _ if holds(GO_BUILD, name) => Verdict::OfGoBuild,
            _ => Verdict::Unknown,
        }
    }
}

fn holds(names: &str, name: &str) -> bool {
    names.split_whitespace().any(|other| other == name)
}

/// Whether a compiler's debug setting (`-d=one,two=value`) writes a file.
pub(super) fn debug_setting_writes(value: &str) -> bool {
    value.split(',').any(|setting| {
        let key = setting.split(['=', ':']).next().unwrap_or_default();
        key == "dumpinlfuncprops" || key.starts_with("ssa/") && key.ends_with("/dump")
    })
}
