//! Files that verbs name: each argument with the program that opens it, and the refusal for a stranger.

use super::{names_a_file, refuse_stranger};
use crate::admin::connector_verb::ConnectorVerb as _;
use crate::admin::named_file::NamedFile;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::{CommandLine, TopLevelCommand};
use clap::{Parser as _, Subcommand as _};
use std::any::TypeId;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Program that opens a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileOpener {
    /// The command, with the rights of the person.
    Command,
    /// The connector, with its own rights.
    Connector,
}

use FileOpener::{Command, Connector};

/// Each argument that names a file, as it is typed with a file of this folder.
const FILE_ARGUMENTS: &[(&str, &str, FileOpener)] = &[
    ("audit verify Cargo.toml", "file", Command),
    ("audit verify log --head Cargo.toml", "head", Command),
    (
        "audit reconcile --files Cargo.toml Cargo.toml",
        "files",
        Command,
    ),
    ("audit incident --head Cargo.toml", "head", Connector),
    ("audit export -o Cargo.toml", "output", Connector),
    ("audit affected bikes@1 -o Cargo.toml", "output", Connector),
    (
        "audit breach --contract 7f -o Cargo.toml",
        "output",
        Connector,
    ),
    ("audit recipients bikes -o Cargo.toml", "output", Connector),
    ("audit received -o Cargo.toml", "output", Connector),
    ("audit processing -o Cargo.toml", "output", Connector),
    ("backup Cargo.toml", "file", Connector),
    ("restore Cargo.toml", "file", Command),
    ("connect python --test Cargo.toml", "test", Connector),
    (
        "contract request a.b --policy Cargo.toml",
        "policy",
        Command,
    ),
    (
        "contract counter n-3c --policy Cargo.toml",
        "policy",
        Command,
    ),
    (
        "contract sign --offline Cargo.toml --key k",
        "offline",
        Command,
    ),
    ("contract sign --offline d --key Cargo.toml", "key", Command),
    (
        "contract sign --offline d --key k --certificates Cargo.toml",
        "certificates",
        Command,
    ),
    (
        "contract sign --offline d --key k --mandate Cargo.toml",
        "mandate",
        Command,
    ),
    (
        "contract sign --offline d --key k -o Cargo.toml",
        "output",
        Command,
    ),
    ("contract attach n-3c Cargo.toml", "file", Command),
    ("contract usage 7f -o Cargo.toml", "output", Command),
    (
        "contract withdraw --reason r --offline Cargo.toml --key k",
        "offline",
        Command,
    ),
    (
        "contract withdraw --reason r --offline c --key Cargo.toml",
        "key",
        Command,
    ),
    (
        "contract withdraw --reason r --offline c --key k --certificates Cargo.toml",
        "certificates",
        Command,
    ),
    (
        "contract withdraw --reason r --offline c --key k -o Cargo.toml",
        "output",
        Command,
    ),
    ("contract verify Cargo.toml", "file", Command),
    ("contract verify c --bundle Cargo.toml", "bundle", Command),
    ("contract export 7f -o Cargo.toml", "output", Command),
    ("credential add Cargo.toml", "file", Connector),
    ("dataset add Cargo.toml", "files", Connector),
    ("dataset stage Cargo.toml", "file", Connector),
    (
        "dataset add /bikes.csv --offer league --policy Cargo.toml",
        "policy",
        Connector,
    ),
    (
        "dataset restrict bikes --policy Cargo.toml",
        "policy",
        Command,
    ),
    ("get a.b -o Cargo.toml", "output", Command),
    ("sql SELECT -o Cargo.toml", "output", Command),
    (
        "partner fetch firm AGREEMENT -o Cargo.toml",
        "output",
        Connector,
    ),
    ("partner collect PROCESS -o Cargo.toml", "output", Connector),
    ("partner trial Cargo.toml", "table", Command),
    ("policy put bikes Cargo.toml", "file", Command),
    ("policy template Cargo.toml", "file", Command),
    (
        "policy template t --set a=b -o Cargo.toml",
        "output",
        Command,
    ),
    ("policy clone munster t -o Cargo.toml", "output", Command),
    ("rulebook install Cargo.toml", "file", Command),
    ("rulebook accept -o Cargo.toml", "output", Command),
];

/// Policies that are files where a dataset is named beside them; their arguments are no paths.
const DRAFTS: &[&str] = &[
    "policy show Cargo.toml --dataset bikes",
    "policy check Cargo.toml --dataset bikes",
    "policy diff Cargo.toml wider --dataset bikes",
    "policy diff wider Cargo.toml --dataset bikes",
    "simulate --as hansa://a.example --policy Cargo.toml --dataset bikes",
];

fn parse_command(line: &str) -> ConnectorCommand {
    let words = ["hansa"].into_iter().chain(line.split(' '));
    match CommandLine::try_parse_from(words) {
        Ok(CommandLine {
            verb: TopLevelCommand::Connector(command),
            ..
        }) => command,
        Ok(other) => panic!("{line}: {other:?}"),
        Err(wrong) => panic!("{line}: {wrong}"),
    }
}

/// Arguments of type `PathBuf` of all verbs below a command.
fn path_arguments(command: &clap::Command, verb: &str, found: &mut BTreeSet<(String, String)>) {
    for argument in command.get_arguments() {
        if argument.get_value_parser().type_id() == TypeId::of::<PathBuf>() {
            found.insert((verb.to_owned(), argument.get_id().to_string()));
        }
    }
    for inner in command.get_subcommands() {
        let path = format!("{verb} {}", inner.get_name());
        path_arguments(inner, path.trim_start(), found);
    }
}

#[test]
fn each_argument_that_is_a_path_has_its_opener() {
    let mut found = BTreeSet::new();
    let commands = ConnectorCommand::augment_subcommands(clap::Command::new("hansa"));
    path_arguments(&commands, "", &mut found);
    let listed: BTreeSet<(String, String)> = FILE_ARGUMENTS
        .iter()
        .map(|(line, argument, _)| {
            let mut command = &commands;
            let mut verb = Vec::new();
            for word in line.split(' ') {
                let Some(inner) = command.find_subcommand(word) else {
                    break;
                };
                command = inner;
                verb.push(word);
            }
            (verb.join(" "), (*argument).to_owned())
        })
        .collect();
    assert_eq!(found, listed);
}

#[test]
fn a_stranger_names_no_file_to_the_connector() {
    let drafts = DRAFTS.iter().map(|line| (*line, Connector));
    let files = FILE_ARGUMENTS
        .iter()
        .map(|(line, _, opener)| (*line, *opener));
    for (line, opener) in files.chain(drafts) {
        assert_eq!(
            names_a_file(&mut parse_command(line)),
            opener == Connector,
            "{line}"
        );
    }
    for line in [
        "status",
        "policy show mobility",
        "policy check mobility",
        "audit received",
        "connect python",
    ] {
        assert!(!names_a_file(&mut parse_command(line)), "{line}");
    }
    assert_eq!(refuse_stranger(1000, 1000), Ok(()));
    assert_eq!(refuse_stranger(0, 1000), Ok(()));
    let refusal = refuse_stranger(1001, 1000).unwrap_err();
    assert_eq!(refusal.code.as_str(), "USAGE");
}

#[test]
fn a_path_for_the_connector_is_one_of_the_callers_folder() {
    let here = std::path::absolute("Cargo.toml").unwrap();
    let here = format!("\"{}\"", here.display());
    let files = FILE_ARGUMENTS
        .iter()
        .filter(|(_, _, opener)| *opener == Connector);
    for line in files.map(|(line, _, _)| line).chain(DRAFTS) {
        let mut command = parse_command(line);
        command
            .named_files()
            .into_iter()
            .try_for_each(NamedFile::resolve)
            .unwrap();
        let sent = serde_json::to_string(&command).unwrap();
        assert!(sent.contains(&here), "{line}: {sent}");
        assert!(!sent.contains("\"Cargo.toml\""), "{line}: {sent}");
    }
}
