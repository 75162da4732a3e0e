//! Bars on a terminal: one line per running target, and one for the whole. The only user of indicatif.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::human::{fetching_words, phase_words};
use crate::event::Event;
use crate::model::Target;
use crate::vendor::Fetching;

/// The bars of a run.
pub(super) struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    running: Mutex<HashMap<Target, ProgressBar>>,
    /// The download, while there is one.
    fetching: Mutex<Option<ProgressBar>>,
    width: Mutex<usize>,
}

impl Bars {
    pub(super) fn new(styled: bool) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let template = if styled {
            "{msg:.bold} [{bar:28.green}] {pos}/{len} targets  {elapsed}"
        } else {
            "{msg} [{bar:28}] {pos}/{len} targets  {elapsed}"
        };
        let total = all.add(ProgressBar::hidden());
        total.set_style(style(template).progress_chars("=> "));
        Bars { all, total, running: Mutex::default(), fetching: Mutex::default(), width: Mutex::default() }
    }

    /// Draws something above the bars.
    pub(super) fn above(&self, draw: impl FnOnce()) {
        self.all.suspend(draw);
    }

    pub(super) fn finish(&self) {
        for (_, bar) in self.running.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            bar.finish_and_clear();
        }
        self.fetched();
        self.total.finish_and_clear();
    }

    fn fetching(&self, fetching: &Fetching<'_>) {
        let Fetching::Ended { done, total, .. } = fetching else { return };
        let mut bar = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bar.get_or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(0));
            bar.set_style(style("fetch [{bar:28}] {wide_msg}").progress_chars("=> "));
            bar
        });
        bar.set_length(*total as u64);
        bar.set_message(fetching_words(fetching));
        bar.set_position(*done as u64);
    }

    fn fetched(&self) {
        if let Some(bar) = self.fetching.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    pub(super) fn event(&self, event: &Event<'_>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Planned(plan) => {
                let names = plan.targets.iter().map(|target| target.target.to_string().len());
                *self.width.lock().unwrap_or_else(PoisonError::into_inner) = names.max().unwrap_or(0);
                self.total.set_length(plan.targets.len() as u64);
                self.total.set_message("build");
                self.total.set_draw_target(ProgressDrawTarget::stderr());
                self.all.add(self.total.clone());
                // The one ticker: it keeps the clock moving while every target compiles one large package.
                self.total.enable_steady_tick(Duration::from_millis(200));
            }
            Event::Started { target, .. } => {
                let bar = self.all.insert_before(&self.total, ProgressBar::new_spinner());
                bar.set_style(style("  {prefix}  {wide_msg}"));
                let width = *self.width.lock().unwrap_or_else(PoisonError::into_inner);
                bar.set_prefix(format!("{:<width$}", target.to_string()));
                running.insert((*target).clone(), bar);
            }
            Event::Phase { target, phase } => {
                if let Some(bar) = running.get(*target) {
                    bar.set_message(phase_words(phase));
                    bar.tick();
                }
            }
            Event::Finished(report) => {
                if let Some(bar) = running.remove(&report.target) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
                self.total.inc(1);
            }
            Event::Published { .. } => self.total.finish_and_clear(),
            Event::Fetching(fetching) => self.fetching(fetching),
            Event::Vendored { .. } | Event::Installed(_) => self.fetched(),
            Event::Note(_)
            | Event::Sealed { .. }
            | Event::SealedBefore(_)
            | Event::Vendoring { .. }
            | Event::Verified(_) => {}
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
