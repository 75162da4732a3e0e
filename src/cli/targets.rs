//! `xbuild targets`.

use serde_json::{Value, json};

use super::args::JsonArgs;
use super::session::Session;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::model::{Port, Target, variable_of};
use crate::pipeline;
use crate::report::{HumanReporter, Table};

pub(super) fn run(session: &Session, args: &JsonArgs) -> Result<ExitCode, Error> {
    let flags = session.global.layer();
    let reporter = HumanReporter::lines(&session.terminal);
    let context = session.context(&flags, &reporter);
    let (ports, selected) = pipeline::targets(&context)?;
    let text = if args.json { data(&ports, &selected) } else { table(&ports, &selected) };
    session.terminal.data(&text);
    Ok(ExitCode::Success)
}

fn chosen<'s>(port: &Port, selected: &'s [Target]) -> Vec<&'s Target> {
    selected.iter().filter(|target| target.os == port.os && target.arch == port.arch).collect()
}

fn table(ports: &[Port], selected: &[Target]) -> String {
    let mut table = Table::default();
    table.row(["TARGET", "SELECTED", "NOTES", "VARIANTS"]);
    for port in ports {
        let names: Vec<String> = chosen(port, selected).iter().map(ToString::to_string).collect();
        let pair = port.target();
        let selected = if names == [pair.to_string()] { "yes".to_owned() } else { names.join(" ") };
        let notes = if port.first_class {
            "first-class"
        } else if port.broken {
            "broken in this SDK"
        } else if port.needs_c_toolchain() {
            "needs a C toolchain"
        } else {
            ""
        };
        let variants = variable_of(&port.arch).map_or(String::new(), |variable| {
            let options = variable.options.iter().filter(|option| !variable.values.contains(option));
            let options: Vec<String> = options.map(|option| format!("[,{option}]")).collect();
            format!("{} {}", variable.values.join(" "), options.join("")).trim_end().to_owned()
        });
        table.row([pair.to_string(), selected, notes.to_owned(), variants]);
    }
    table.render(&[]).join("\n") + "\n"
}

fn data(ports: &[Port], selected: &[Target]) -> String {
    let list: Vec<Value> = ports
        .iter()
        .map(|port| {
            let variable = variable_of(&port.arch);
            json!({
                "target": port.target(),
                "goos": port.os,
                "goarch": port.arch,
                "first_class": port.first_class,
                "broken": port.broken,
                "buildable": port.buildable(),
                "variable": variable.map(|variable| variable.name),
                "default": variable.map(|variable| variable.default),
                "variants": variable.map_or(&[][..], |variable| variable.values),
                "selected": chosen(port, selected),
            })
        })
        .collect();
    serde_json::to_string_pretty(&list).unwrap_or_default() + "\n"
}
