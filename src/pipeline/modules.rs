//! `xbuild vendor`: the project's own vendor/, without a plan.

use camino::Utf8PathBuf;

use super::prepare::{Context, modules_here};
use super::sdk::sdk;
use crate::error::Error;
use crate::event::Event;
use crate::model::Sdk;
use crate::vendor::{Installed, VendorRequest, Verified, check, install, lock_only};

/// What is to be done with vendor/.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VendorTask {
    /// Make it and its lock.
    Install,
    /// Make the lock of the one that is there.
    LockOnly,
    /// Hold it against its lock.
    Check,
}

/// What was done.
#[derive(Debug)]
pub enum VendorOutcome {
    /// vendor/, vendor.lock or both are in place.
    Installed(Installed),
    /// They match; `None` where no module is required.
    Checked(Option<Verified>),
}

/// Does it, and returns the directory of vendor/ with what was done.
pub fn vendor_project(
    task: VendorTask,
    context: &Context<'_>,
) -> Result<(Utf8PathBuf, VendorOutcome), Error> {
    // Nothing is run to verify, so that no SDK is needed for it.
    let sdk: Option<Sdk> = if task == VendorTask::Check { None } else { Some(sdk(context)?) };
    let (modules, settings) = modules_here(sdk.as_ref(), context)?;
    let cache_dir = &settings.cache_dir.value;
    crate::cache::open(cache_dir)?;
    let request = VendorRequest {
        modules: &modules,
        cache_dir,
        online: settings.online.value,
        require_lock: true,
        host_env: context.env,
        fetching: &|fetching| context.listener.event(&Event::Fetching(fetching)),
    };
    let outcome = match (task, &sdk) {
        (VendorTask::Install, Some(sdk)) => {
            context.listener.event(&Event::Vendoring { online: request.online });
            VendorOutcome::Installed(install(&request, sdk, context.cancel)?)
        }
        (VendorTask::LockOnly, Some(sdk)) => {
            VendorOutcome::Installed(lock_only(&request, sdk, context.cancel)?)
        }
        _ => VendorOutcome::Checked(check(&request)?),
    };
    match &outcome {
        VendorOutcome::Installed(installed) => {
            super::vendoring::completed(&installed.completed, context);
            context.listener.event(&Event::Installed(installed));
        }
        VendorOutcome::Checked(verified) => context.listener.event(&Event::Verified(verified.as_ref())),
    }
    Ok((modules.root, outcome))
}
