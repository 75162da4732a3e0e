//! `xbuild init`.

use super::args::InitArgs;
use super::session::Session;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::fs;
use crate::locate::FILE_NAME;
use crate::pipeline::{self, Discovery};
use crate::report::{HumanReporter, Verbosity};

pub(super) fn run(session: &Session, args: &InitArgs) -> Result<ExitCode, Error> {
    let flags = session.global.layer();
    let reporter = HumanReporter::lines(&session.terminal);
    let context = session.context(&flags, &reporter);
    let path = session.cwd().join(FILE_NAME);
    if !args.stdout && path.exists() {
        return Err(Error::Usage {
            message: format!("{path} exists, and `init` never writes over a file"),
            help: "edit it, or print a fresh one with `xbuild init --stdout`".to_owned(),
        });
    }
    let discovery = pipeline::discover(&context)?;
    let text = file(&discovery);
    if args.stdout {
        session.terminal.data(&text);
    } else {
        fs::write_atomic(&path, text.as_bytes())?;
        if session.terminal.verbosity() > Verbosity::Quiet {
            session.terminal.line(&format!("wrote {path}; `xbuild plan` shows what it means"));
        }
    }
    Ok(ExitCode::Success)
}

fn file(discovery: &Discovery) -> String {
    let builds: String = discovery
        .mains
        .iter()
        .map(|(id, main)| {
            format!(
                "\n[[build]]\nid = \"{id}\"\nmain = \"{}\"\nldflags = [\"-s\", \"-w\"]\n\
                 # ldflags = [\"-s\", \"-w\", \"-X main.version={{version}}\"]   # also {{commit}} {{date}} {{os}} {{arch}}\n\
                 # tags = [\"netgo\"]\n",
                main.dir
            )
        })
        .collect();
    format!(
        "# What xbuild builds here. `xbuild plan` shows what it comes to; `xbuild` does it.\n\
         schema = 1\n\
         \n\
         # os/arch, os/arch/variant, a glob, the set first-class, or one of these after ! to leave it out.\n\
         # `xbuild targets` lists every target. This list stands above the first [table].\n\
         targets = [\"first-class\"]\n\
         # targets = [\"linux/*\", \"linux/amd64/v3\", \"linux/arm/7\", \"!linux/s390x\"]\n\
         \n\
         [project]\n\
         name = \"{}\"\n\
         version = \"auto\"   # git describe where there is a repository; or \"git\", \"env:VERSION\", \"1.2.3\"\n\
         {builds}\
         \n\
         # Other flags for some targets.\n\
         # [[override]]\n\
         # targets = [\"windows/*\"]\n\
         # ldflags = [\"-s\", \"-w\", \"-H windowsgui\"]\n\
         \n\
         # How results are packaged: a file of recipes/, built in or your own.\n\
         [[package]]\n\
         recipe = \"archive\"   # tar.gz, zip for windows\n\
         \n\
         # [settings]\n\
         # jobs = 4           # CPU slots over all targets; the number of cores by default\n",
        discovery.name
    )
}
