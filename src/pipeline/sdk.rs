//! The SDK of a run, by name and by content. One whose files have not changed is not asked again.

use serde::{Deserialize, Serialize};

use super::prepare::{Context, layers};
use crate::cache::Store;
use crate::config::resolve;
use crate::error::Error;
use crate::model::{Blake3, GoVersion, Port, Sdk};
use crate::toolchain::{HostEnvironment, SdkFiles, SdkIdentity, ask, find, find_root};

/// An SDK and what it is.
#[derive(Debug, Clone)]
pub(super) struct KnownSdk {
    pub(super) sdk: Sdk,
    pub(super) identity: SdkIdentity,
}

/// What an SDK answered when it was asked.
#[derive(Serialize, Deserialize)]
struct Answered {
    version: String,
    host_os: String,
    host_arch: String,
    ports: Vec<Port>,
    identity: SdkIdentity,
}

/// What named the SDK, and what of the host matters for that.
fn named<'c>(context: &Context<'c>) -> HostEnvironment<'c> {
    let text = |name: &str| context.env.get(name).map(String::as_str);
    HostEnvironment { goroot: text("GOROOT"), path: text("PATH").unwrap_or_default() }
}

/// The SDK that the settings name. No project has a say in it: what is run is the user's choice.
pub(super) fn sdk(context: &Context<'_>) -> Result<Sdk, Error> {
    let settings = resolve(&layers(None, context.cwd, context))?;
    Ok(find(settings.sdk.value.as_deref(), named(context), context.cancel)?)
}

/// The same with its digests, from the store where its files are those that were hashed.
pub(super) fn known_sdk(store: &Store, context: &Context<'_>) -> Result<KnownSdk, Error> {
    let settings = resolve(&layers(None, context.cwd, context))?;
    let (goroot, origin) = find_root(settings.sdk.value.as_deref(), named(context), context.cancel)?;
    let files = SdkFiles::look(&goroot)?;
    let name = files.glance().fingerprint().map(|fingerprint| {
        Blake3::of(&[b"sdk 0\0", goroot.as_str().as_bytes(), b"\0", fingerprint.bytes()].concat())
    });
    if let Some(known) = name.and_then(|name| store.recall::<Answered>(&name))
        && let Some(version) = GoVersion::parse(&known.version)
    {
        let sdk = Sdk {
            goroot,
            version,
            version_text: known.version,
            host_os: known.host_os,
            host_arch: known.host_arch,
            origin,
            ports: known.ports,
        };
        return Ok(KnownSdk { sdk, identity: known.identity });
    }
    let sdk = ask(goroot, origin, context.cancel)?;
    let identity = files.identify(&sdk)?;
    if let Some(name) = name.filter(|_| files.glance().settled()) {
        let answered = Answered {
            version: sdk.version_text.clone(),
            host_os: sdk.host_os.clone(),
            host_arch: sdk.host_arch.clone(),
            ports: sdk.ports.clone(),
            identity: identity.clone(),
        };
        // Without the memo the next run asks again, and that is all.
        let _ = store.remember(&name, &answered);
    }
    Ok(KnownSdk { sdk, identity })
}
