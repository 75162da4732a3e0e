//! Many files, several at once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::download::{Downloader, Job, Outcome, Stop};
use super::failure::{Cause, CauseKind, Fetching, Mismatch, ModuleFile, Unfetched};
use super::through_go::{GoClient, Got};
use super::wanted::Sums;
use crate::vendor::error::VendorError;

/// Requests at one time. They wait for servers and not for the CPU.
const THREADS: usize = 8;

/// Fetches every file; returns those that did not come. `zips` are the sums of whole modules: where Go's client
/// fetches a go.mod, the rest of the module comes with it.
pub(super) fn fetch(
    jobs: &[Job],
    zips: &Sums,
    downloader: &Downloader<'_>,
    go: &GoClient<'_>,
) -> Result<Vec<Unfetched>, VendorError> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let ended: Mutex<Vec<(&Job, Outcome)>> = Mutex::default();
    let stopped: Mutex<Option<Stop>> = Mutex::default();
    let tell = |job: &Job, bytes| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        let (module, file, total) = (&job.module, job.file, jobs.len());
        (downloader.tell)(&Fetching::Ended { module, file, done, total, bytes });
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(jobs.len()) {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if lock(&stopped).is_some() {
                        return;
                    }
                    match downloader.fetch(job) {
                        Ok(outcome) => {
                            match &outcome {
                                Outcome::Kept(bytes) => tell(job, Some(*bytes)),
                                Outcome::Failed(_) | Outcome::Mismatch(_) => tell(job, None),
                                Outcome::ThroughGo(..) => {}
                            }
                            lock(&ended).push((job, outcome));
                        }
                        Err(stop) => drop(lock(&stopped).get_or_insert(stop)),
                    }
                }
            });
        }
    });
    if let Some(stop) = lock(&stopped).take() {
        return Err(stop.into());
    }
    let mut ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Threads end in any order; reports do not.
    ended.sort_by(|(one, _), (other, _)| one.module.cmp(&other.module));

    let mut results = Results::default();
    let mut through_go: BTreeMap<String, Vec<(&Job, Vec<Cause>)>> = BTreeMap::new();
    for (job, outcome) in ended {
        match outcome {
            Outcome::Kept(_) => {}
            Outcome::Failed(causes) => results.failed(job, causes),
            Outcome::Mismatch(mismatch) => results.mismatches.push(mismatch),
            Outcome::ThroughGo(goproxy, causes) => through_go.entry(goproxy).or_default().push((job, causes)),
        }
    }
    for (goproxy, jobs) in through_go {
        let modules = jobs.iter().map(|(job, _)| job.module.clone()).collect();
        let mut got = go.download(&goproxy, &modules)?;
        for (job, mut causes) in jobs {
            let kept = match got.remove(&job.module) {
                Some(Ok(got)) => keep(job, &got, zips, downloader, &mut results)?,
                Some(Err(cause)) => {
                    causes.push(cause);
                    results.failed(job, causes);
                    None
                }
                None => None,
            };
            tell(job, kept);
        }
    }
    if !results.mismatches.is_empty() {
        return Err(VendorError::Mismatch { files: results.mismatches });
    }
    Ok(results.unfetched)
}

#[derive(Default)]
struct Results {
    unfetched: Vec<Unfetched>,
    mismatches: Vec<Mismatch>,
}

impl Results {
    fn failed(&mut self, job: &Job, causes: Vec<Cause>) {
        self.unfetched.push(Unfetched { module: job.module.clone(), file: job.file, causes });
    }
}

/// Takes the files of a module that Go's client has fetched; returns the wanted one's length.
fn keep(
    job: &Job,
    got: &Got,
    zips: &Sums,
    downloader: &Downloader<'_>,
    results: &mut Results,
) -> Result<Option<u64>, VendorError> {
    let mut wanted = vec![(job.file, &job.sums)];
    if let (ModuleFile::GoMod, Some(sums)) = (job.file, zips.get(&job.module)) {
        wanted.push((ModuleFile::Zip, sums));
    }
    let mut length = None;
    for (file, sums) in wanted {
        let path = match file {
            ModuleFile::GoMod => &got.go_mod,
            ModuleFile::Zip => &got.zip,
        };
        let Some(path) = path else {
            let text = format!("by way of go: it names no {file}");
            results.failed(job, vec![Cause { kind: CauseKind::Broken, text }]);
            continue;
        };
        let bytes = path.metadata().map_or(0, |data| data.len());
        match downloader.tree.admit(path, &job.module, file, sums, "its repository")? {
            Ok(()) if file == job.file => length = Some(bytes),
            Ok(()) => {}
            Err(mismatch) => results.mismatches.push(mismatch),
        }
    }
    Ok(length)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Stop> for VendorError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Ended => VendorError::Ended,
            Stop::Fs(error) => VendorError::Fs(error),
            Stop::Process(error) => VendorError::Process(error),
        }
    }
}
