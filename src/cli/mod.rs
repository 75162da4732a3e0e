//! The command line: reads arguments, environment and directory once, and hands them on as data.

mod args;
mod build;
mod cache;
mod doctor;
mod explain;
mod init;
mod plan;
mod session;
mod targets;
mod vendor;

use std::io::Write;

use clap::{CommandFactory, Parser};

use args::{Arguments, Command};
use session::Session;

use crate::cache::{CALL, serve};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::report::show_error;
use crate::sandbox;

/// Runs the program.
pub fn main() -> ExitCode {
    // Nothing else is read: this process is about to give everything up.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == sandbox::HELPER) {
        return ExitCode::Child(sandbox::helper());
    }
    if std::env::args_os().nth(1).is_some_and(|argument| argument == CALL) {
        return gocache();
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Success };
            // A reader that has gone away is no error of ours.
            let _ = error.print();
            return code;
        }
    };
    let session = match Session::open(&arguments.global) {
        Ok(session) => session,
        Err(failure) => {
            let (error, terminal) = *failure;
            show_error(&error, &terminal);
            return error.exit_code();
        }
    };
    let result = match arguments.command {
        None => build::run(&session, &arguments.build),
        Some(_) if arguments.build != args::BuildArgs::default() => Err(Error::Usage {
            message: "flags of `build` stand before another command".to_owned(),
            help: "write the command first, then its flags: `xbuild plan --target linux/arm64`".to_owned(),
        }),
        Some(Command::Build(args)) => build::run(&session, &args),
        Some(Command::Plan(args)) => plan::run(&session, &args),
        Some(Command::Cache(args)) => cache::run(&session, &args),
        Some(Command::Explain(args)) => explain::run(&session, &args),
        Some(Command::Targets(args)) => targets::run(&session, &args),
        Some(Command::Vendor(args)) => vendor::run(&session, &args),
        Some(Command::Doctor(args)) => doctor::run(&session, &args),
        Some(Command::Init(args)) => init::run(&session, &args),
    };
    // A `go` that a signal ended leaves an error that explains nothing.
    match result.map_err(|error| session.interrupted().unwrap_or(error)) {
        Ok(code) => code,
        Err(error) => {
            show_error(&error, &session.terminal);
            error.exit_code()
        }
    }
}

/// Serves a `go` as its cache: what is said goes to `go`, and from there to whoever runs it.
fn gocache() -> ExitCode {
    let args: Option<Vec<String>> = std::env::args_os().skip(2).map(|arg| arg.into_string().ok()).collect();
    match serve(&args.unwrap_or_default()) {
        Ok(()) => ExitCode::Success,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "xbuild cache: {error}");
            ExitCode::Child(1)
        }
    }
}

/// The command as clap sees it, for documents that are made from it.
pub fn command() -> clap::Command {
    Arguments::command()
}
