//! What every command has: the environment, the directory, the user's settings, the terminal, the way to stop.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use etcetera::BaseStrategy;

use super::args::GlobalArgs;
use crate::cancel::Cancel;
use crate::config::{Color, FlagLayer, Source, UserFile};
use crate::error::Error;
use crate::event::Listener;
use crate::fs::{self, FsError};
use crate::pipeline::Context;
use crate::report::{Terminal, Verbosity};

/// One call of the program.
pub(super) struct Session {
    cwd: Utf8PathBuf,
    env: BTreeMap<String, String>,
    user: Option<UserFile>,
    default_cache: Option<Utf8PathBuf>,
    cancel: Cancel,
    pub(super) global: GlobalArgs,
    pub(super) terminal: Terminal,
}

impl Session {
    /// Reads the world once. A failure comes with a terminal to report it on.
    pub(super) fn open(global: &GlobalArgs) -> Result<Self, Box<(Error, Terminal)>> {
        // A name or value that is not UTF-8 is none that xbuild reads, and none that a sealed step sees.
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let verbosity = match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let early = global.color.map(|color| color.color());
        let color = early
            .or_else(|| env.get("XBUILD_COLOR").and_then(|text| Color::parse(text)))
            .unwrap_or(Color::Auto);
        let fail = |error: Error| Box::new((error, Terminal::new(color, verbosity)));
        let cwd = current_dir(global.directory.as_deref()).map_err(|error| fail(error.into()))?;
        let strategy = etcetera::choose_base_strategy();
        let base = |dir: std::path::PathBuf| Utf8PathBuf::from_path_buf(dir).ok();
        let (config_dir, cache_dir) = match &strategy {
            Ok(strategy) => (base(strategy.config_dir()), base(strategy.cache_dir())),
            Err(_) => (None, None),
        };
        let default_cache = cache_dir.map(|dir| dir.join("xbuild"));
        let user = user_file(config_dir.map(|dir| dir.join("xbuild/config.toml"))).map_err(fail)?;
        let cancel = Cancel::on_signals().map_err(|source| {
            fail(Error::Fs(FsError { operation: "listen for signals in", path: cwd.clone(), source }))
        })?;
        let settled = color_of(early, &env, user.as_ref());
        Ok(Session {
            cwd,
            env,
            user,
            default_cache,
            cancel,
            global: global.clone(),
            terminal: Terminal::new(settled, verbosity),
        })
    }

    /// The context of a run.
    pub(super) fn context<'s>(&'s self, flags: &'s FlagLayer, listener: &'s dyn Listener) -> Context<'s> {
        Context {
            cwd: &self.cwd,
            env: &self.env,
            flags,
            user: self.user.as_ref(),
            default_cache: self.default_cache.as_deref(),
            cancel: &self.cancel,
            listener,
        }
    }

    /// What to report when a signal has ended the run.
    pub(super) fn interrupted(&self) -> Option<Error> {
        self.cancel.interrupted().map(Error::Cancelled)
    }

    /// The directory that paths are relative to.
    pub(super) fn cwd(&self) -> &Utf8Path {
        &self.cwd
    }
}

fn current_dir(chosen: Option<&Utf8Path>) -> Result<Utf8PathBuf, FsError> {
    let here = fs::context(std::env::current_dir(), "find", Utf8Path::new("."))?;
    let here = fs::utf8(here)?;
    match chosen {
        None => Ok(here),
        Some(dir) => fs::canonical(&here.join(dir)),
    }
}

fn user_file(path: Option<Utf8PathBuf>) -> Result<Option<UserFile>, Error> {
    let Some(path) = path else { return Ok(None) };
    let Some(text) = fs::read_text_if_present(&path)? else { return Ok(None) };
    Ok(Some(UserFile::read(Source { path, text })?))
}

fn color_of(flag: Option<Color>, env: &BTreeMap<String, String>, user: Option<&UserFile>) -> Color {
    flag.or_else(|| env.get("XBUILD_COLOR").and_then(|text| Color::parse(text)))
        .or_else(|| user.and_then(UserFile::color))
        .unwrap_or(Color::Auto)
}
