//! Files outside the permitted folders are not read, by any kind of path.

use super::SourceRoots;
use crate::ingest::config::parser::parse_datasets;
use crate::publication::input::PublicationInputs;
use crate::publication::source_check::check_sources;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fs::{create_dir_all, hard_link, write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const ROWS: &str = "site,n\nHafen,1\n";

/// Folder with a configuration, its state and keys, and another folder beside it.
struct SourceRootsFixture {
    all: tempfile::TempDir,
}

impl SourceRootsFixture {
    fn new() -> Self {
        let all = tempfile::tempdir().unwrap();
        let fixture = Self { all };
        for folder in [
            "town/data",
            "town/state",
            "town/keys",
            "town/data/more",
            "other",
        ] {
            create_dir_all(fixture.at(folder)).unwrap();
        }
        for file in [
            "town/data/a.csv",
            "town/state/s.csv",
            "town/keys/k.csv",
            "other/o.csv",
            "town/data/more/m.csv",
        ] {
            write(fixture.at(file), ROWS).unwrap();
        }
        fixture
    }

    fn at(&self, path: &str) -> PathBuf {
        self.all.path().join(path)
    }

    fn roots(&self) -> SourceRoots {
        let barred = ["town/state", "town/keys", "town/keys/k.csv"].map(|path| self.at(path));
        SourceRoots::of(&self.at("town")).without_paths(barred)
    }

    /// Checks a source with this path as `check` and a publication do.
    fn looked(&self, roots: SourceRoots, path: &str) -> Result<(), Refusal> {
        let text = format!(
            "[[dataset]]\nname = \"d\"\ntitle = \"d\"\nlicence = \"x\"\n[dataset.source]\nkind = \"text\"\npath = \"{path}\"\n\
             [[dataset.column]]\nname = \"site\"\n[[dataset.column]]\nname = \"n\"\n"
        );
        let mut config = parse_datasets(&text, "hansa.toml", roots)
            .unwrap()
            .remove(0);
        let glanced = check_sources(&config, "UTC");
        let published = PublicationInputs::from_config(&mut config, "UTC").map(drop);
        assert_eq!(
            glanced.is_ok(),
            published.is_ok(),
            "{glanced:?}, {published:?}"
        );
        published
    }

    #[track_caller]
    fn outside(&self, roots: &SourceRoots, path: &str) {
        let refusal = self.looked(roots.clone(), path).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::SourceOutside, "{path}: {refusal}");
    }
}

#[test]
fn only_what_an_allowed_root_holds_is_read() {
    let fixture = SourceRootsFixture::new();
    let roots = fixture.roots();
    for path in [
        "data/a.csv",
        "data",
        "data/*.csv",
        "./data/../data/a.csv",
        "data/**/*.csv",
    ] {
        fixture.looked(roots.clone(), path).unwrap();
    }
    let whole = fixture.at("town/data/a.csv").display().to_string();
    fixture.looked(roots.clone(), &whole).unwrap();
    let other = fixture.at("other").display().to_string();
    for path in [
        "../other/o.csv",
        "../other",
        "../other/*.csv",
        "../*/*.csv",
        &other,
    ] {
        fixture.outside(&roots, path);
    }
    for path in [
        "state/s.csv",
        "state",
        "st*/*.csv",
        "keys/k.csv",
        "keys/*.csv",
        "*/*.csv",
    ] {
        fixture.outside(&roots, path);
    }
    // Links to files and to folders, including one within a permitted folder.
    symlink(fixture.at("other/o.csv"), fixture.at("town/data/link.csv")).unwrap();
    symlink(fixture.at("other"), fixture.at("town/linked")).unwrap();
    symlink(fixture.at("town/keys"), fixture.at("town/data/more/keys")).unwrap();
    symlink(fixture.at("town/data/a.csv"), fixture.at("town/near.csv")).unwrap();
    for path in [
        "data/link.csv",
        "data/*.csv",
        "data",
        "linked/o.csv",
        "linked",
        "linked/*.csv",
        "data/more/keys/k.csv",
    ] {
        fixture.outside(&roots, path);
    }
    fixture.looked(roots.clone(), "near.csv").unwrap();
    // A named folder is read; keys and state are excluded even if they are named.
    let further = roots.with_further([PathBuf::from("../other"), fixture.at("town/keys")]);
    for path in ["../other/o.csv", "linked/o.csv", "data/link.csv"] {
        fixture.looked(further.clone(), path).unwrap();
    }
    for path in ["keys/k.csv", "data/more/keys/k.csv", "state/s.csv"] {
        fixture.outside(&further, path);
    }
}

/// Hard link to an excluded file.
#[test]
fn a_key_by_another_name_is_not_read() {
    let fixture = SourceRootsFixture::new();
    hard_link(
        fixture.at("town/keys/k.csv"),
        fixture.at("town/data/key.csv"),
    )
    .unwrap();
    let refusal = fixture
        .roots()
        .open(&fixture.at("town/data/key.csv"), "data/key.csv")
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SourceOutside);
    fixture.outside(&fixture.roots(), "data/key.csv");
}

/// A link that replaces a file after it was listed.
#[test]
fn it_is_judged_when_it_is_open() {
    let fixture = SourceRootsFixture::new();
    let path = fixture.at("town/data/a.csv");
    fixture.roots().admit(&path, "data/a.csv").unwrap();
    std::fs::remove_file(&path).unwrap();
    symlink(fixture.at("town/state/s.csv"), &path).unwrap();
    let refusal = fixture.roots().open(&path, "data/a.csv").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SourceOutside);
    let text = refusal.to_string();
    assert!(!text.contains("s.csv"), "{text}");
}

#[test]
fn an_empty_folder_is_that_of_the_process() {
    let refusal = SourceRoots::default().open(Path::new("/etc/hostname"), "x");
    let missing = !Path::new("/etc/hostname").exists();
    assert!(missing || refusal.unwrap_err().code == ErrorCode::SourceOutside);
}
