//! Generated code equals a fresh generation, and conversions take messages apart completely.

use crate::house;
use std::fs;

/// The protocol files, and the committed code that is made from each.
const GENERATED: [(&str, &str); 3] = [
    ("hansa/peer/v1/peer.proto", "proto/src/peer/pb.rs"),
    ("hansa/admin/v1/admin.proto", "proto/src/admin/pb.rs"),
    ("hansa/cluster/v1/cluster.proto", "proto/src/cluster/pb.rs"),
];

/// Run with `HANSA_GENERATE=1` to write the code instead of comparing it.
#[test]
fn generated_code_is_fresh() {
    for (source, target) in GENERATED {
        let fresh = generate(source);
        let path = house::root().join(target);
        if std::env::var_os("HANSA_GENERATE").is_some() {
            fs::write(&path, &fresh).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == fresh,
            "{target} is not what {source} makes: run `HANSA_GENERATE=1 cargo light --test repo-checks`"
        );
    }
}

#[test]
fn messages_are_taken_apart_completely() {
    let mut wrong = Vec::new();
    for source in house::sources() {
        let wire = ["peer", "admin", "cluster"]
            .iter()
            .any(|module| source.path.starts_with(&format!("proto/src/{module}")));
        if !wire || source.is_generated() || source.is_test() {
            continue;
        }
        for (number, line) in source.lines() {
            let code = house::code(line).trim();
            if code == ".." || code.contains(", ..") || code.contains("{ ..") {
                wrong.push(format!("{}:{number}: {code}", source.path));
            }
        }
    }
    house::none(
        "a conversion leaves out fields with `..`, so a new one would go unread",
        &wrong,
    );
}

fn generate(source: &str) -> String {
    let proto = house::root().join("proto");
    let set = protox::compile([proto.join(source)], [proto]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    tonic_prost_build::configure()
        .bytes(".")
        .out_dir(folder.path())
        .emit_rerun_if_changed(false)
        .compile_fds(set)
        .unwrap();
    let made = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect::<Vec<_>>();
    assert_eq!(made.len(), 1, "one package makes one file");
    let code = fs::read_to_string(&made[0]).unwrap();
    format!(
        "//! Generated from {source}; the check `wire` compares it with a fresh generation.\n{code}"
    )
}
