//! Bad input never panics: every parser of a text that a project brings gets thousands of damaged ones. The sequence
//! is fixed, so a failure repeats.

use std::fs;
use std::path::Path;

use xbuild::config::{Known, ProjectFile, Recipe, Source, TargetPattern, Template, UserFile, expand};
use xbuild::inspect::go_sums;
use xbuild::model::{GoMod, GoVersion, GoWork, Port};
use xbuild::module_set::{Member, ModuleSet};
use xbuild::report::render_config_error;
use xbuild::vendor::{ModulesTxt, VendorLock, disagreements, newest_go};

/// xorshift64*, by Marsaglia and Vigna.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound.max(1)
    }

    /// One to four cuts, repeats, swaps and insertions at character boundaries.
    fn damage(&mut self, text: &str) -> String {
        const PIECES: &[&str] = &[
            "\"",
            "'",
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            "{{",
            "=",
            "=>",
            "\n",
            "\r\n",
            "#",
            "//",
            "/*",
            "\\",
            "\0",
            ",",
            "!",
            "*",
            "ü",
            "\u{202e}",
            "📦",
            "99999999999999999999",
            "-1",
            "true",
            "1.2.3",
            "linux/*",
            "```",
            "(",
            ")",
        ];
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(3) {
            let (from, to) = (self.below(chars.len() + 1), self.below(chars.len() + 1));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
            match self.below(4) {
                0 => drop(chars.drain(from..to)),
                1 => {
                    let piece: Vec<char> = chars[from..to].to_vec();
                    let at = self.below(chars.len() + 1);
                    chars.splice(at..at, piece);
                }
                2 => {
                    let piece = PIECES[self.below(PIECES.len())];
                    chars.splice(from..from, piece.chars());
                }
                _ => chars.truncate(to),
            }
        }
        chars.into_iter().collect()
    }
}

fn seeds(dir: &str, extension: &str) -> Vec<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let mut paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    paths.iter().filter_map(|path| fs::read_to_string(path).ok()).filter(|text| text.len() < 20_000).collect()
}

fn source(text: String) -> Source {
    Source { path: "x.toml".into(), text }
}

#[test]
fn settings_files() {
    let ports: Vec<Port> = [("linux", "amd64"), ("linux", "arm"), ("windows", "amd64"), ("ios", "arm64")]
        .map(|(os, arch)| Port {
            os: os.into(),
            arch: arch.into(),
            first_class: arch == "amd64",
            broken: false,
        })
        .into();
    let recipes = ["archive".to_owned()];
    let mut random = Random(0x5EED);
    let mut files = seeds("tests/bad", "toml");
    files.extend(seeds(".", "toml"));
    let own = seeds("recipes", "toml");
    assert!(files.len() > 30 && own.len() >= 3);
    let (mut read, mut refused) = (0, 0);
    for round in 0..12_000 {
        let text = random.damage(&files[round % files.len()]);
        let known = Known { ports: (round % 3 != 0).then_some(&ports[..]), recipes: &recipes };
        match ProjectFile::read(source(text.clone()), &known) {
            Ok(_) => read += 1,
            Err(error) => {
                refused += 1;
                assert!(!error.problems.is_empty());
                let shown = render_config_error(&error, round % 2 == 0);
                assert!(shown.contains("nothing was built"));
                for problem in &error.problems {
                    assert!(text.get(problem.span.clone()).is_some(), "{:?} in {text:?}", problem.span);
                }
            }
        }
        let _ = UserFile::read(source(text.clone()));
        let _ = Recipe::read("x", source(random.damage(&own[round % own.len()])));
        let _ = Template::parse(&text);
        let words = text.split(['"', ' ', '\n']).take(20);
        let patterns: Vec<TargetPattern> = words.filter_map(|word| TargetPattern::parse(word).ok()).collect();
        let _ = expand(&patterns, &ports);
    }
    assert!(read > 0 && refused > 1_000, "{read} read, {refused} refused");
}

#[test]
fn go_s_own_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample");
    let text = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let (go_mod, go_sum, modules) = (text("go.mod"), text("go.sum"), text("vendor/modules.txt"));
    let full = "module a.test/b\ngo 1.24\ntoolchain go1.25.1\nrequire (\n\t\"c\" v1 // indirect\n)\nreplace c => ./c\n";
    let mut random = Random(0xC0FFEE);
    for round in 0..12_000 {
        let listed = ModulesTxt::parse(&random.damage(&modules));
        let work = GoWork::parse(
            &random.damage("go 1.24\nuse (\n\t./a // one\n\t\"./b\"\n)\nreplace c v1 => ../c\n"),
        );
        if let Ok(go_mod) = GoMod::parse(&random.damage(if round % 2 == 0 { &go_mod } else { full })) {
            let _ = go_mod.short_name().len();
            let members = vec![Member { dir: "a".into(), go_mod }];
            let set = ModuleSet { root: "/root".into(), work: work.ok(), members };
            let _ = (disagreements(&set, &listed), listed.selected(&set), set.patterns("a/b".into()));
        }
        let _ = newest_go(&random.damage(&modules));
        let _ = go_sums(&random.damage(&go_sum));
        let _ = GoVersion::parse(&random.damage("go1.26.8 X:jsonv2"));
    }
}

#[test]
fn vendor_locks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample");
    let lock = fs::read_to_string(root.join("vendor.lock")).unwrap();
    assert_eq!(VendorLock::parse(lock.as_bytes()).unwrap().to_string(), lock);
    // Short, so that damage meets every kind of line.
    let zero = "0".repeat(64);
    let short = format!(
        "xbuild vendor.lock 1\nmodules.txt {zero}\n\nmodule a.test/a v1.0.0\nsum h1:A=\n. {zero}  go.mod\n+ {zero}  a.go\n\n\
         module a.test/b v1.0.0 => ./b\n+ {zero}  b.go\n\nmodule a.test/c v1.0.0 => c.test/c v1.1.0\nsum h1:B=\n+ {zero}  c.go\n"
    );
    let (mut random, mut read, mut refused) = (Random(0x10CC), 0, 0);
    for round in 0..12_000 {
        let text = random.damage(if round % 4 == 0 { &lock } else { &short });
        match VendorLock::parse(text.as_bytes()) {
            Ok(parsed) => {
                read += 1;
                assert_eq!(parsed.to_string(), text, "a lock is written in one way only");
                for module in &parsed.modules {
                    let _ = module.computed_sum();
                }
            }
            Err(error) => {
                refused += 1;
                assert!(error.line >= 1 && error.line <= text.split('\n').count() + 1, "{error} in {text:?}");
            }
        }
    }
    assert!(read > 0 && refused > 1_000, "{read} read, {refused} refused");
}
