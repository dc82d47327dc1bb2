//! Who may depend on whom, from `cargo metadata`, so that indirect ways in are caught too.

use crate::house;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::OnceLock;

/// Our packages, and which of ours each may depend on.
const OURS: [(&str, &[&str]); 24] = [
    ("hansa-audit-log", &[]),
    ("hansa-policy", &["hansa-audit-log"]),
    ("hansa-catalog", &["hansa-policy", "hansa-audit-log"]),
    ("hansa-dataspace", &["hansa-policy", "hansa-audit-log"]),
    ("hansa-portal", &["hansa-catalog", "hansa-audit-log"]),
    ("hansa-enforcement", &["hansa-policy", "hansa-audit-log"]),
    ("hansa-toml-reader", &["hansa-policy"]),
    (
        "hansa-proto",
        &[
            "hansa-audit-log",
            "hansa-policy",
            "hansa-catalog",
            "hansa-toml-reader",
        ],
    ),
    (
        "hansa-query",
        &[
            "hansa-audit-log",
            "hansa-policy",
            "hansa-enforcement",
            "hansa-catalog",
            "hansa-toml-reader",
        ],
    ),
    (
        "hansa-transport",
        &[
            "hansa-audit-log",
            "hansa-policy",
            "hansa-catalog",
            "hansa-proto",
        ],
    ),
    ("hansa-console", &["hansa-policy", "hansa-audit-log"]),
    ("hansa-oidc", &["hansa-policy", "hansa-audit-log"]),
    ("hansa-files", &["hansa-policy"]),
    (
        "hansa-identity",
        &["hansa-audit-log", "hansa-policy", "hansa-files"],
    ),
    (
        "hansa-audit-store",
        &[
            "hansa-audit-log",
            "hansa-policy",
            "hansa-files",
            "hansa-identity",
        ],
    ),
    (
        "hansa-store",
        &[
            "hansa-audit-log",
            "hansa-audit-store",
            "hansa-policy",
            "hansa-files",
        ],
    ),
    (
        "hansa-node",
        &[
            "hansa-audit-log",
            "hansa-policy",
            "hansa-toml-reader",
            "hansa-enforcement",
            "hansa-catalog",
            "hansa-portal",
            "hansa-proto",
            "hansa-query",
            "hansa-transport",
            "hansa-oidc",
            "hansa-audit-store",
            "hansa-files",
            "hansa-identity",
            "hansa-store",
        ],
    ),
    (
        "hansa-programs",
        &[
            "hansa-node",
            "hansa-audit-log",
            "hansa-policy",
            "hansa-catalog",
            "hansa-portal",
            "hansa-proto",
            "hansa-query",
            "hansa-transport",
            "hansa-audit-store",
            "hansa-store",
        ],
    ),
    (
        "hansa-partners",
        &[
            "hansa-node",
            "hansa-programs",
            "hansa-audit-log",
            "hansa-policy",
            "hansa-catalog",
            "hansa-dataspace",
            "hansa-proto",
            "hansa-transport",
            "hansa-files",
        ],
    ),
    (
        "hansa-commands",
        &[
            "hansa-console",
            "hansa-node",
            "hansa-programs",
            "hansa-partners",
            "hansa-audit-log",
            "hansa-policy",
            "hansa-toml-reader",
            "hansa-catalog",
            "hansa-portal",
            "hansa-proto",
            "hansa-query",
            "hansa-transport",
            "hansa-audit-store",
            "hansa-files",
            "hansa-identity",
            "hansa-store",
            "hansa-verify",
        ],
    ),
    (
        "hansa-demo",
        &[
            "hansa-node",
            "hansa-commands",
            "hansa-audit-log",
            "hansa-policy",
        ],
    ),
    ("hansa", &["hansa-commands", "hansa-demo"]),
    (
        "hansa-verify",
        &[
            "hansa-console",
            "hansa-audit-log",
            "hansa-policy",
            "hansa-proto",
            "hansa-audit-store",
            "hansa-identity",
        ],
    ),
    (
        "hansa-test-support",
        &["hansa-audit-log", "hansa-policy", "hansa-proto"],
    ),
];

/// Heavy or dangerous crates, and which of our packages may have them in their closure, however indirectly. `hansa-enforcement` has
/// parquet and tokio through datafusion-common, with whose features the engine builds it; `hansa-query` has tonic through
/// datafusion-distributed, which needs its messages even where it serves nothing. Packages above `hansa-node` have what it has.
const HELD: [(&str, &[&str]); 11] = [
    ("datafusion", &["hansa-query", "hansa-node"]),
    (
        "datafusion-expr",
        &["hansa-enforcement", "hansa-query", "hansa-node"],
    ),
    (
        "datafusion-common",
        &["hansa-enforcement", "hansa-query", "hansa-node"],
    ),
    (
        "parquet",
        &["hansa-enforcement", "hansa-query", "hansa-node"],
    ),
    (
        "josekit",
        &[
            "hansa-identity",
            "hansa-audit-store",
            "hansa-store",
            "hansa-verify",
            "hansa-node",
        ],
    ),
    (
        "openssl",
        &[
            "hansa-identity",
            "hansa-audit-store",
            "hansa-store",
            "hansa-verify",
            "hansa-node",
        ],
    ),
    ("rusqlite", &["hansa-store", "hansa-node"]),
    (
        "clap",
        &["hansa-verify", "hansa-commands", "hansa-demo", "hansa"],
    ),
    (
        "tonic",
        &[
            "hansa-query",
            "hansa-proto",
            "hansa-transport",
            "hansa-verify",
            "hansa-node",
            "hansa-test-support",
        ],
    ),
    (
        "arrow-flight",
        &["hansa-transport", "hansa-node", "hansa-test-support"],
    ),
    (
        "tokio",
        &[
            "hansa-enforcement",
            "hansa-proto",
            "hansa-transport",
            "hansa-oidc",
            "hansa-identity",
            "hansa-audit-store",
            "hansa-store",
            "hansa-verify",
            "hansa-query",
            "hansa-node",
            "hansa-test-support",
        ],
    ),
];

/// What the packages at the floor may name of others.
const FLOOR: [(&str, &[&str]); 5] = [
    (
        "hansa-audit-log",
        &[
            "sha2",
            "thiserror",
            "jiff",
            "serde",
            "serde_json",
            "serde_path_to_error",
        ],
    ),
    (
        "hansa-policy",
        &["thiserror", "strsim", "fluent-bundle", "serde"],
    ),
    ("hansa-catalog", &["arrow-schema", "thiserror", "serde"]),
    ("hansa-toml-reader", &["toml"]),
    (
        "hansa-enforcement",
        &[
            "datafusion-expr",
            "datafusion-common",
            "jiff",
            "hmac",
            "sha2",
            "h3o",
            "num-bigint",
        ],
    ),
];

/// Crates of which the lock holds one version.
const SINGLE: [&str; 10] = [
    "arrow-array",
    "arrow-schema",
    "arrow-ipc",
    "arrow-buffer",
    "datafusion",
    "prost",
    "rustls",
    "tokio",
    "tonic",
    "hyper",
];

struct DependencyGraph {
    /// Package id to name.
    names: BTreeMap<String, String>,
    /// Package id to what it uses outside tests.
    uses: BTreeMap<String, BTreeSet<String>>,
    members: BTreeSet<String>,
    sources: Vec<(String, String)>,
}

fn graph() -> &'static DependencyGraph {
    static GRAPH: OnceLock<DependencyGraph> = OnceLock::new();
    GRAPH.get_or_init(|| {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--offline", "--locked"])
            .args(["--filter-platform", &host()])
            .current_dir(house::root())
            .output()
            .unwrap();
        let problem = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "cargo metadata: {problem}");
        parse(&serde_json::from_slice(&output.stdout).unwrap())
    })
}

/// The platform of this machine: crates for others need not have been fetched.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned()
}

fn parse(metadata: &Value) -> DependencyGraph {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages = list(&metadata["packages"]);
    let uses = list(&metadata["resolve"]["nodes"]).into_iter().map(|node| {
        let used = list(&node["deps"])
            .iter()
            .filter(|dep| {
                list(&dep["dep_kinds"])
                    .iter()
                    .any(|kind| kind["kind"].is_null())
            })
            .map(|dep| text(&dep["pkg"]))
            .collect();
        (text(&node["id"]), used)
    });
    DependencyGraph {
        names: packages
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect(),
        uses: uses.collect(),
        members: list(&metadata["workspace_members"])
            .iter()
            .map(text)
            .collect(),
        sources: packages
            .iter()
            .map(|package| (text(&package["name"]), text(&package["source"])))
            .collect(),
    }
}

impl DependencyGraph {
    fn name(&self, id: &str) -> &str {
        &self.names[id]
    }

    /// Our packages with the names that they use directly.
    fn ours(&self) -> impl Iterator<Item = (&str, BTreeSet<&str>)> {
        self.members.iter().map(|id| {
            let used = self.uses[id].iter().map(|used| self.name(used)).collect();
            (self.name(id), used)
        })
    }

    fn closure(&self, id: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            for used in &self.uses[id] {
                if seen.insert(used.as_str()) {
                    open.push(used);
                }
            }
        }
        seen.into_iter().map(|id| self.name(id)).collect()
    }
}

#[test]
fn lines_point_down() {
    let table: BTreeMap<_, _> = OURS.into_iter().collect();
    let names: BTreeSet<_> = graph().ours().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        table.keys().copied().collect(),
        "the workspace has other packages than the table in tests/repo-checks/deps.rs"
    );
    let mut wrong = Vec::new();
    for (package, used) in graph().ours() {
        for other in used.intersection(&names) {
            if !table[package].contains(other) {
                wrong.push(format!("{package} depends on {other}"));
            }
        }
    }
    house::none(
        "a package depends on one of ours that it may not know",
        &wrong,
    );
}

#[test]
fn heavy_crates_stay_where_they_are() {
    let mut wrong = Vec::new();
    for id in &graph().members {
        let package = graph().name(id);
        let closure = graph().closure(id);
        for (held, holders) in HELD {
            let is_above_node = closure.contains("hansa-node") && holders.contains(&"hansa-node");
            if closure.contains(held) && !holders.contains(&package) && !is_above_node {
                wrong.push(format!("{package} brings in {held}"));
            }
        }
    }
    house::none("a package brings in what is kept from it", &wrong);
}

/// Whoever judges evidence builds neither the query engine nor what it links against.
#[test]
fn the_auditor_builds_without_the_query_engine() {
    let member = |id: &&String| graph().name(id) == "hansa-verify";
    let id = graph().members.iter().find(member).unwrap();
    let closure = graph().closure(id);
    assert!(
        closure.contains("hansa-identity"),
        "the closure was not found"
    );
    let engine = [
        "datafusion",
        "parquet",
        "arrow-array",
        "arrow-flight",
        "sqlparser",
    ];
    let found: Vec<_> = closure
        .iter()
        .filter(|name| engine.iter().any(|part| name.starts_with(part)))
        .map(|name| (*name).to_owned())
        .collect();
    house::none("hansa-verify links the query engine", &found);
}

#[test]
fn the_floor_is_light() {
    let ours: BTreeSet<_> = OURS.into_iter().map(|(name, _)| name).collect();
    let mut wrong = Vec::new();
    for (package, used) in graph().ours() {
        let Some((_, allowed)) = FLOOR.into_iter().find(|(name, _)| *name == package) else {
            continue;
        };
        for other in used.difference(&ours) {
            if !allowed.contains(other) {
                wrong.push(format!("{package} depends on {other}"));
            }
        }
    }
    house::none("a package at the floor takes on weight", &wrong);
}

#[test]
fn openssl_is_under_josekit_alone() {
    let mut wrong = Vec::new();
    for (id, used) in &graph().uses {
        let user = graph().name(id);
        if used.iter().any(|used| graph().name(used) == "openssl") && user != "josekit" {
            wrong.push(format!("{user} uses openssl"));
        }
    }
    house::none("a second crypto stack spreads", &wrong);
}

#[test]
fn one_version_of_what_must_be_one() {
    let mut wrong = Vec::new();
    for single in SINGLE {
        let count = graph()
            .names
            .values()
            .filter(|name| *name == single)
            .count();
        if count != 1 {
            wrong.push(format!("{count} versions of {single}"));
        }
    }
    house::none(
        "types of one crate do not fit those of another version",
        &wrong,
    );
}

#[test]
fn everything_comes_from_the_registry() {
    let wrong: Vec<_> = graph()
        .sources
        .iter()
        .filter(|(_, source)| !source.is_empty() && !source.starts_with("registry+"))
        .map(|(name, source)| format!("{name} comes from {source}"))
        .collect();
    house::none("a dependency is not from the registry", &wrong);
}
