//! Ways around the order of the checks: each attempt must fail to compile, with its own error and no other.
//!
//! Compiled against the artefacts beside the running test, since a nested build would build everything again. Each attempt
//! uses one of the crates that the test at hand links: see [`attempts`].

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What all attempts begin with.
const PREAMBLE: &str = "preamble.rs";

/// Runs every attempt that mentions `root`, a crate that the running test links and that depends on the `others`.
pub(crate) fn attempts(root: &str, others: &[&str]) {
    let folder_aside = tempfile::tempdir().unwrap();
    let crates = artefacts(root, others)
        .into_iter()
        .map(|(name, path)| (name, put_aside(&path, folder_aside.path())))
        .collect::<BTreeMap<_, _>>();
    let folder = folder();
    let mut run = 0;
    let mut wrong = Vec::new();
    for name in names(&folder) {
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        if root_of(&text) != root {
            continue;
        }
        run += 1;
        let wanted = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("//! error: "))
            .unwrap_or_else(|| panic!("{name} does not begin with `//! error: E0…`"));
        let preamble = preamble(&crates);
        // In a module of its own, so that its names win over the preamble's.
        let attempt = format!(
            "{preamble}\nmod attempt {{ use super::*;\n{}\n}}",
            body(&text)
        );
        let errors = compile(&attempt, &crates);
        if errors.iter().map(String::as_str).collect::<Vec<_>>() != [wanted] {
            wrong.push(format!("{name}: {errors:?} instead of {wanted}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "a way around is open:\n  {}",
        wrong.join("\n  ")
    );
    assert!(run > 0, "no attempt uses {root}");
    let alone = compile(&preamble(&crates), &crates);
    assert!(alone.is_empty(), "the preamble alone: {alone:?}");
}

/// The crate that an attempt is compiled with: the first of these that it mentions.
fn root_of(text: &str) -> &'static str {
    ["hansa_transport", "hansa_identity", "hansa_enforcement"]
        .into_iter()
        .find(|root| text.contains(&format!("{root}::")))
        .unwrap_or("hansa_proto")
}

/// The preamble, without the imports of crates that are not there.
fn preamble(crates: &BTreeMap<String, PathBuf>) -> String {
    let text = fs::read_to_string(folder().join(PREAMBLE)).unwrap();
    body(&text)
        .lines()
        .filter(|line| {
            let of = line
                .strip_prefix("use ")
                .and_then(|path| path.split("::").next());
            of.is_none_or(|name| crates.contains_key(name))
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .map(|folder| folder.join("tests/repo-checks/cannot"))
        .find(|folder| folder.is_dir())
        .unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".rs") && name != PREAMBLE)
        .collect()
}

/// An attempt without its `//!` lines, which may only stand at the top.
fn body(text: &str) -> String {
    text.lines()
        .filter(|line| !line.starts_with("//!"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The codes of the errors, each once.
fn compile(source: &str, crates: &BTreeMap<String, PathBuf>) -> BTreeSet<String> {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("attempt.rs");
    fs::write(&file, source).unwrap();
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--edition", "2024", "--crate-type", "lib"])
        .args(["--emit", "metadata", "--error-format", "json"])
        .arg("--out-dir")
        .arg(place.path())
        .arg("-L")
        .arg(format!("dependency={}", deps().display()));
    for (name, path) in crates {
        let folder_aside = path.parent().unwrap();
        rustc
            .arg("-L")
            .arg(format!("dependency={}", folder_aside.display()))
            .arg("--extern")
            .arg(format!("{name}={}", path.display()));
    }
    let output = rustc.arg(&file).output().unwrap();
    let reported = String::from_utf8(output.stderr).unwrap();
    let errors = reported
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["level"] == "error")
        .filter_map(|message| {
            let text = message["message"].as_str().unwrap_or_default().to_owned();
            match message["code"]["code"].as_str() {
                Some(code) => Some(code.to_owned()),
                None if text.starts_with("aborting due to") => None,
                None => Some(text),
            }
        })
        .collect::<BTreeSet<_>>();
    assert_eq!(errors.is_empty(), output.status.success(), "{reported}");
    errors
}

/// The folder of artefacts that the running test lies in.
fn deps() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.parent().unwrap().to_path_buf()
}

/// The newest artefact of `root` for which those of the others lie here too: each the one that it was built with.
fn artefacts(root: &str, others: &[&str]) -> BTreeMap<String, PathBuf> {
    let mut roots = built(root);
    roots.sort_by_key(|(_, path)| fs::metadata(path).and_then(|data| data.modified()).ok());
    let complete = roots.into_iter().rev().find_map(|(_, path)| {
        let used = hashes(&fs::read(path.with_extension("rmeta")).ok()?);
        let mut found = BTreeMap::from([(root.to_owned(), path)]);
        for other in others {
            let (_, path) = built(other)
                .into_iter()
                .find(|(hash, _)| used.contains(hash.as_bytes()))?;
            found.insert((*other).to_owned(), path);
        }
        Some(found)
    });
    complete.unwrap_or_else(|| panic!("no artefacts of {root} in {}", deps().display()))
}

/// The same artefact where a build that runs beside does not replace it.
fn put_aside(path: &Path, folder_aside: &Path) -> PathBuf {
    let aside = folder_aside.join(path.file_name().unwrap());
    if fs::hard_link(path, &aside).is_err() {
        fs::copy(path, &aside).unwrap();
    }
    aside
}

/// The libraries of that name, by the hash in their file names.
fn built(name: &str) -> Vec<(String, PathBuf)> {
    fs::read_dir(deps())
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let stem = path.file_name()?.to_str()?.strip_suffix(".rlib")?;
            let hash = stem.strip_prefix(&format!("lib{name}-"))?.to_owned();
            Some((hash, path))
        })
        .collect()
}

/// Everything that looks like the hash of a file name: the metadata of a library names those that it was built with.
fn hashes(metadata: &[u8]) -> BTreeSet<Vec<u8>> {
    metadata
        .split(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        .filter(|run| run.len() >= 16)
        .flat_map(|run| [run[..16].to_vec(), run[run.len() - 16..].to_vec()])
        .collect()
}
