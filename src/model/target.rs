//! A target: GOOS/GOARCH, and optionally a micro-architecture variant.

use std::fmt;

use serde::{Serialize, Serializer};

use super::variant::{Variable, variable_of};

/// `linux/amd64`, `linux/amd64/v3`, `linux/arm/7`.
///
/// Whether an SDK knows the pair is for [`super::Sdk`] to say; the variant has been checked here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// GOOS.
    pub os: String,
    /// GOARCH.
    pub arch: String,
    /// The value of the architecture's variable, where the target names one.
    pub variant: Option<String>,
}

/// Why a text is not a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not two or three parts between slashes.
    #[error("a target is written os/arch or os/arch/variant")]
    Shape,
    /// A third part on an architecture that has no variants.
    #[error("{arch} has no variants")]
    NoVariants {
        /// GOARCH.
        arch: String,
    },
    /// A third part that is none of the architecture's values.
    #[error("{value:?} is not a value of {variable}; it takes {accepted}")]
    Variant {
        /// What was written.
        value: String,
        /// `GOAMD64` and the like.
        variable: &'static str,
        /// The values, for people.
        accepted: String,
    },
}

impl Target {
    /// A target without a variant.
    pub fn new(os: impl Into<String>, arch: impl Into<String>) -> Self {
        Target { os: os.into(), arch: arch.into(), variant: None }
    }

    /// Reads `os/arch[/variant]`.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, arch, variant) = match parts[..] {
            [os, arch] => (os, arch, None),
            [os, arch, variant] => (os, arch, Some(variant)),
            _ => return Err(TargetError::Shape),
        };
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plain(os) || !plain(arch) {
            return Err(TargetError::Shape);
        }
        let target = Target::new(os, arch);
        match variant {
            None => Ok(target),
            Some(value) => target.with_variant(value),
        }
    }

    /// The same pair with a variant, which is checked.
    pub fn with_variant(&self, value: &str) -> Result<Self, TargetError> {
        let variable =
            variable_of(&self.arch).ok_or_else(|| TargetError::NoVariants { arch: self.arch.clone() })?;
        if !variable.accepts(value) {
            return Err(TargetError::Variant {
                value: value.to_owned(),
                variable: variable.name,
                accepted: variable.accepted(),
            });
        }
        Ok(Target { variant: Some(value.to_owned()), ..self.clone() })
    }

    /// The `GO<variant>` variable of the architecture and the value that the build pins it to.
    pub fn variant_setting(&self) -> Option<(&'static Variable, &str)> {
        let variable = variable_of(&self.arch)?;
        Some((variable, self.variant.as_deref().unwrap_or(variable.default)))
    }

    /// Whether both would be built with the same environment (`linux/arm` and `linux/arm/7`).
    pub fn builds_like(&self, other: &Target) -> bool {
        self.os == other.os
            && self.arch == other.arch
            && self.variant_setting().map(|(_, value)| value)
                == other.variant_setting().map(|(_, value)| value)
    }

    /// `linux_amd64_v3`: the target as part of a file name.
    pub fn file_stem(&self) -> String {
        self.to_string().replace(['/', ','], "_")
    }

    /// What a package name adds behind the architecture: `armv7`, `amd64v3`, `mips_softfloat`; empty without
    /// a variant.
    pub fn variant_label(&self) -> String {
        match self.variant.as_deref() {
            None => String::new(),
            Some(value) => {
                let value = value.replace(',', "_");
                match self.arch.as_str() {
                    "arm" => format!("v{value}"),
                    "amd64" => value,
                    _ => format!("_{value}"),
                }
            }
        }
    }

    /// What Go appends to programs of this target; `.wasm` where runtimes expect it.
    pub fn executable_suffix(&self) -> &'static str {
        match (self.os.as_str(), self.arch.as_str()) {
            ("windows", _) => ".exe",
            (_, "wasm") => ".wasm",
            _ => "",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.arch)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, TargetError};

    #[test]
    fn text_and_back() {
        for text in ["linux/amd64", "linux/amd64/v3", "linux/arm/7,softfloat", "wasip1/wasm"] {
            assert_eq!(Target::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Target::parse("linux"), Err(TargetError::Shape));
        assert_eq!(Target::parse("linux//"), Err(TargetError::Shape));
        assert_eq!(Target::parse("a/b/c/d"), Err(TargetError::Shape));
        assert!(matches!(Target::parse("linux/s390x/z13"), Err(TargetError::NoVariants { .. })));
        assert!(matches!(Target::parse("linux/amd64/v9"), Err(TargetError::Variant { .. })));
    }

    #[test]
    fn names_in_files() {
        let file = |text: &str| Target::parse(text).unwrap().file_stem();
        assert_eq!(file("linux/arm/7,softfloat"), "linux_arm_7_softfloat");
        let label = |text: &str| Target::parse(text).unwrap().variant_label();
        assert_eq!(label("linux/arm/7"), "v7");
        assert_eq!(label("linux/amd64/v3"), "v3");
        assert_eq!(label("linux/amd64"), "");
    }

    #[test]
    fn a_default_variant_is_the_same_build() {
        let parse = |text: &str| Target::parse(text).unwrap();
        assert!(parse("linux/arm").builds_like(&parse("linux/arm/7")));
        assert!(!parse("linux/arm").builds_like(&parse("linux/arm/6")));
        assert!(!parse("linux/arm").builds_like(&parse("freebsd/arm/7")));
    }
}
