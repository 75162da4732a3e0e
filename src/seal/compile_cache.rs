//! What a step is given so that Go finds what has been compiled before.

use camino::{Utf8Path, Utf8PathBuf};

use crate::model::{Access, Mount, SealLevel};
use crate::sandbox::OwnProgram;

/// The compile cache of a run's steps. Go asks a program for it (GOCACHEPROG): this one, called by another word.
#[derive(Debug, Clone)]
pub struct CompileCache {
    /// This program as the steps run it.
    pub program: OwnProgram,
    /// The word that makes it Go's cache.
    pub call: &'static str,
    /// A GOCACHE in which is nothing, on the host.
    pub empty: Utf8PathBuf,
    /// The index, on the host.
    pub index: Utf8PathBuf,
    /// The blobs, on the host.
    pub blobs: Utf8PathBuf,
    /// The name of the index's part.
    pub space: String,
}

/// The compile cache of one step.
pub(super) struct StepCache {
    /// GOCACHEPROG.
    pub(super) command: String,
    /// GOCACHE, in which Go finds nothing and keeps nothing.
    pub(super) go_cache: Utf8PathBuf,
    /// What the step must see for that.
    pub(super) mounts: Vec<Mount>,
    /// Where on the host the step's own outputs appear.
    pub(super) puts: Utf8PathBuf,
}

impl CompileCache {
    /// For one step, whose outputs go to `puts`. `None` where a path has both kinds of quotes: Go could not read it.
    pub(super) fn step(&self, puts: Utf8PathBuf, level: SealLevel) -> Option<StepCache> {
        let at = |fixed: &str, host: &Utf8Path| match level {
            SealLevel::Strict => Utf8PathBuf::from(fixed),
            SealLevel::Landlock | SealLevel::Env => host.to_owned(),
        };
        let mut mounts = self.program.mounts.clone();
        let mut words = self.program.argv.clone();
        words.push(self.call.to_owned());
        let shown = [
            ("/index", &self.index, Access::Read),
            ("/blobs", &self.blobs, Access::Read),
            ("/puts", &puts, Access::Write),
        ];
        for (fixed, host, access) in shown {
            let place = at(fixed, host);
            words.push(place.to_string());
            mounts.push(Mount::bind(host, place, access));
        }
        words.push(self.space.clone());
        let go_cache = at("/cache", &self.empty);
        mounts.push(Mount::bind(&self.empty, &go_cache, Access::Read));
        Some(StepCache { command: quoted(&words)?, go_cache, mounts, puts })
    }
}

/// Words as `cmd/internal/quoted` splits them: between quotes of either kind everything stands for itself.
fn quoted(words: &[String]) -> Option<String> {
    let quote = |word: &String| match (word.contains('\''), word.contains('"')) {
        (true, true) => None,
        (_, true) => Some(format!("'{word}'")),
        (true, _) => Some(format!("\"{word}\"")),
        _ if word.is_empty() || word.contains([' ', '\t', '\n', '\r']) => Some(format!("'{word}'")),
        _ => Some(word.clone()),
    };
    let words: Option<Vec<String>> = words.iter().map(quote).collect();
    words.map(|words| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_go_needs_it() {
        let of = |words: &[&str]| quoted(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["/a", "b"]).unwrap(), "/a b");
        assert_eq!(of(&["/a b", "", "it's", "\"c\" d"]).unwrap(), "'/a b' '' \"it's\" '\"c\" d'");
        assert_eq!(of(&["a\tb\n"]).unwrap(), "'a\tb\n'");
        assert_eq!(of(&["it's \"c\""]), None);
    }

    #[test]
    fn a_step_can_write_nothing_but_its_own_puts() {
        let cache = CompileCache {
            program: OwnProgram {
                argv: vec!["/xbuild/xbuild".to_owned()],
                mounts: vec![Mount::bind("/host/xbuild".into(), "/xbuild/xbuild", Access::Execute)],
            },
            call: "__call",
            empty: "/store/empty".into(),
            index: "/store/index".into(),
            blobs: "/store/cas".into(),
            space: "strict/x".to_owned(),
        };
        let step = cache.step("/run/puts".into(), SealLevel::Strict).unwrap();
        assert_eq!(step.command, "/xbuild/xbuild __call /index /blobs /puts strict/x");
        let landlock = cache.step("/run/puts".into(), SealLevel::Landlock).unwrap();
        assert_eq!(landlock.command, "/xbuild/xbuild __call /store/index /store/cas /run/puts strict/x");
        for step in [step, landlock] {
            for mount in &step.mounts {
                let Mount::Bind { host, access, .. } = mount else { panic!("{mount:?}") };
                assert_eq!(*access == Access::Write, host == "/run/puts", "{mount:?}");
            }
        }
        let odd = cache.step("/run/it's \"odd\"".into(), SealLevel::Env);
        assert!(odd.is_none());
    }
}
