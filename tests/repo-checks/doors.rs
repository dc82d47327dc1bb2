//! Types can't prove what the world did. Each door that lets it in has one place.

use crate::house::{self, RustSourceFile};

/// A door: what it looks like, and where alone it may be.
struct EffectDoor {
    name: &'static str,
    signs: &'static [&'static str],
    places: &'static [&'static str],
}

const DOORS: [EffectDoor; 5] = [
    EffectDoor {
        name: "who is at the other end of a connection",
        signs: &["PeerCertificate::attest("],
        places: &["connector/identity/src/mtls"],
    },
    EffectDoor {
        name: "for whom a program presents an access token",
        signs: &["PresentedToken::attest("],
        places: &["connector/programs/src/program_handler"],
    },
    EffectDoor {
        name: "what is durable on disk",
        signs: &["LogStorage for "],
        places: &["audit/store/src"],
    },
    EffectDoor {
        name: "whether a signature holds",
        signs: &["SignatureVerifier for "],
        places: &["connector/identity/src/signature"],
    },
    EffectDoor {
        name: "what time it is",
        signs: &[
            "SystemTime::now",
            "Instant::now",
            "Timestamp::now",
            "Zoned::now",
            "OffsetDateTime::now",
        ],
        places: &["connector/node/src/process"],
    },
];

/// `module.rs` or a file in `module/`.
fn within(source: &RustSourceFile, module: &str) -> bool {
    source
        .path
        .strip_prefix(module)
        .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn signs<'a>(source: &'a RustSourceFile, door: &EffectDoor) -> Vec<(usize, &'a str)> {
    source
        .lines()
        .filter(|(_, line)| {
            let code = house::code(line);
            door.signs.iter().any(|sign| code.contains(sign))
        })
        .collect()
}

#[test]
fn each_door_is_in_its_place() {
    let sources = house::sources();
    let mut wrong = Vec::new();
    for door in &DOORS {
        for source in sources.iter().filter(|source| !source.is_test()) {
            if door.places.iter().any(|module| within(source, module)) {
                continue;
            }
            for (number, line) in signs(source, door) {
                let path = &source.path;
                wrong.push(format!("{path}:{number}: {} ({})", line.trim(), door.name));
            }
        }
    }
    house::none(
        "a door stands open elsewhere: take the value as an argument instead",
        &wrong,
    );
}

#[test]
fn each_door_exists_once() {
    let sources = house::sources();
    let mut wrong = Vec::new();
    for door in &DOORS {
        let files = sources
            .iter()
            .filter(|source| !source.is_test() && !signs(source, door).is_empty())
            .filter(|source| door.places.iter().any(|module| within(source, module)))
            .map(|source| source.path.as_str())
            .collect::<Vec<_>>();
        if files.len() != 1 {
            wrong.push(format!("{}: {files:?}", door.name));
        }
    }
    house::none("a door is in exactly one file", &wrong);
}

#[test]
fn one_writer_writes_to_terminals() {
    let signs = ["io::stdout", "io::stderr", "println!", "print!(", "dbg!("];
    // What `hansa-verify` writes is neutral before it comes to its `main`.
    let places = [
        "connector/commands/src/cli/terminal.rs",
        "audit/verify/src/main.rs",
    ];
    let mut wrong = Vec::new();
    for source in house::sources() {
        let product = ["connector/", "audit/", "policy/", "catalog/", "proto/"];
        let is_product = product.iter().any(|folder| source.path.starts_with(folder));
        if source.is_test() || !is_product || places.contains(&source.path.as_str()) {
            continue;
        }
        for (number, line) in source.lines() {
            if signs.iter().any(|sign| house::code(line).contains(sign)) {
                wrong.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    house::none("something goes to a terminal beside the one writer", &wrong);
}
