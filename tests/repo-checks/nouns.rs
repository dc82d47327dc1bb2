//! The table of nouns in CONTRIBUTING: the same noun has the same name in each package.

use crate::house;
use std::collections::BTreeSet;

/// The heading of the table in CONTRIBUTING.
const HEADING: &str = "## Where a noun stands";

/// Modules of `hansa-node` that hold no noun.
const NODE: [&str; 4] = ["config", "debug_by_name", "monitoring", "process"];

/// Modules of `hansa-commands` that hold no noun of the table: what carries commands, and verbs about the connector itself.
const COMMANDS: [&str; 10] = [
    "admin",
    "backup",
    "cli",
    "config",
    "conformance",
    "connect",
    "doctor",
    "model",
    "serve",
    "status",
];

/// A row: the paths that it names, each with the folder of its column.
fn rows() -> Vec<Vec<String>> {
    let page = house::read("CONTRIBUTING.md");
    let section = page.split(HEADING).nth(1).expect("the table of nouns");
    let lines: Vec<&str> = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .collect();
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim_matches('|').split('|');
        inner
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    let folders = cells(lines[0]);
    let rows = lines.iter().skip(2).map(|line| {
        let named = cells(line).into_iter().zip(&folders).skip(1);
        named
            .filter(|(path, _)| path != "–")
            .map(|(path, folder)| format!("{folder}/{path}"))
            .collect()
    });
    rows.collect()
}

#[test]
fn each_path_of_the_table_exists() {
    let rows = rows();
    assert!(rows.len() > 15, "the table was not read");
    let paths = rows.into_iter().flatten();
    let wrong: Vec<String> = paths
        .filter(|path| !house::root().join(path).is_file())
        .collect();
    house::none("the table of nouns names a file that is not there", &wrong);
}

#[test]
fn each_module_is_a_noun_of_the_table() {
    let named: BTreeSet<String> = rows().into_iter().flatten().collect();
    let mut wrong = Vec::new();
    let packages = [
        ("connector/node/src", NODE.as_slice()),
        ("connector/commands/src", COMMANDS.as_slice()),
    ];
    for (folder, others) in packages {
        let facade = house::read(&format!("{folder}/lib.rs"));
        let modules = facade.lines().filter_map(|line| {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            line.strip_prefix("mod ")?.strip_suffix(';')
        });
        for module in modules {
            if !others.contains(&module) && !named.contains(&format!("{folder}/{module}.rs")) {
                wrong.push(format!("{folder}/{module}.rs"));
            }
        }
    }
    house::none(
        "a module is no noun of the table in CONTRIBUTING, and none of the few that hold none",
        &wrong,
    );
}
