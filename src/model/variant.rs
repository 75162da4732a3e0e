//! The micro-architecture variables of Go and their values.
//! Source: `cmd/go/internal/help` "Architecture-specific environment variables" and
//! `internal/buildcfg/cfg.go` of Go 1.26.

/// One `GO<variant>` variable.
#[derive(Debug)]
pub struct Variable {
    /// Name in the environment, `GOAMD64`.
    pub name: &'static str,
    /// GOARCH values that it applies to.
    pub arches: &'static [&'static str],
    /// What the variable is pinned to where a target names no variant.
    pub default: &'static str,
    /// Values that a target may name.
    pub values: &'static [&'static str],
    /// Suffixes that may follow a value after a comma.
    pub options: &'static [&'static str],
}

impl Variable {
    /// The values and what may follow them, for people: `5, 6, 7 and then ,softfloat or ,hardfloat`.
    pub fn accepted(&self) -> String {
        let further: Vec<String> = self
            .options
            .iter()
            .filter(|option| !self.values.contains(option))
            .map(|option| format!(",{option}"))
            .collect();
        let values = self.values.join(", ");
        if further.is_empty() { values } else { format!("{values} and then {}", further.join(" or ")) }
    }

    /// Whether `value` is one that Go accepts for this variable.
    pub fn accepts(&self, value: &str) -> bool {
        let mut parts = value.split(',');
        let Some(base) = parts.next() else {
            return false;
        };
        self.values.contains(&base) && parts.all(|part| self.options.contains(&part))
    }
}

/// The variable that varies `arch`, if any does.
pub fn variable_of(arch: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.arches.contains(&arch))
}

const VARIABLES: &[Variable] = &[
    Variable {
        name: "GO386",
        arches: &["386"],
        default: "sse2",
        values: &["sse2", "softfloat"],
        options: &[],
    },
    Variable {
        name: "GOAMD64",
        arches: &["amd64"],
        default: "v1",
        values: &["v1", "v2", "v3", "v4"],
        options: &[],
    },
    Variable {
        name: "GOARM",
        arches: &["arm"],
        default: "7",
        values: &["5", "6", "7"],
        options: &["softfloat", "hardfloat"],
    },
    Variable {
        name: "GOARM64",
        arches: &["arm64"],
        default: "v8.0",
        values: &[
            "v8.0", "v8.1", "v8.2", "v8.3", "v8.4", "v8.5", "v8.6", "v8.7", "v8.8", "v8.9", "v9.0", "v9.1",
            "v9.2", "v9.3", "v9.4", "v9.5",
        ],
        options: &["lse", "crypto"],
    },
    Variable {
        name: "GOMIPS",
        arches: &["mips", "mipsle"],
        default: "hardfloat",
        values: &["hardfloat", "softfloat"],
        options: &[],
    },
    Variable {
        name: "GOMIPS64",
        arches: &["mips64", "mips64le"],
        default: "hardfloat",
        values: &["hardfloat", "softfloat"],
        options: &[],
    },
    Variable {
        name: "GOPPC64",
        arches: &["ppc64", "ppc64le"],
        default: "power8",
        values: &["power8", "power9", "power10"],
        options: &[],
    },
    Variable {
        name: "GORISCV64",
        arches: &["riscv64"],
        default: "rva20u64",
        values: &["rva20u64", "rva22u64", "rva23u64"],
        options: &[],
    },
    Variable {
        name: "GOWASM",
        arches: &["wasm"],
        default: "",
        values: &["satconv", "signext"],
        options: &["satconv", "signext"],
    },
];

#[cfg(test)]
mod tests {
    use super::variable_of;

    #[test]
    fn options_follow_values_only() {
        let arm = variable_of("arm").unwrap();
        assert!(arm.accepts("6"));
        assert!(arm.accepts("7,softfloat"));
        assert!(!arm.accepts("softfloat"));
        assert!(!arm.accepts("7,lse"));
        assert!(!arm.accepts(""));
        assert!(variable_of("s390x").is_none());
    }
}
