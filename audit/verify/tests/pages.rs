//! Tests of the pages: bundles of two participants, judged by the program as a process, and its folder of pages.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "pages/bundle_pair.rs"]
mod bundle_pair;

use bundle_pair::BundlePair;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// Output of the program, with its exit status.
struct ProgramOutput {
    out: String,
    err: String,
    status: i32,
}

/// Runs the program in a folder, with these values of the environment and no others.
fn run_with(folder: &Path, environment: &[(&str, &str)], args: &[&str]) -> ProgramOutput {
    let output = Command::new(env!("CARGO_BIN_EXE_hansa-verify"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    ProgramOutput {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code().unwrap(),
    }
}

fn run(folder: &Path, args: &[&str]) -> ProgramOutput {
    run_with(folder, &[], args)
}

fn read(folder: &Path, page: &str) -> String {
    std::fs::read_to_string(folder.join(page)).unwrap()
}

/// Names of all files below a folder, as links name them.
fn names_below(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for language in ["en", "de", "pt"] {
        for entry in std::fs::read_dir(folder.join(language)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            names.insert(format!("{language}/{name}"));
        }
    }
    names
}

/// Each link of each page leads to a file, and no page loads or runs anything.
fn check_pages(folder: &Path) {
    let names = names_below(folder);
    for name in &names {
        let page = read(folder, name);
        let language = name.get(..2).unwrap();
        for link in page.split("href=\"").skip(1) {
            let target = link.split('"').next().unwrap();
            let target = target.split('#').next().unwrap();
            let path = match target.strip_prefix("../") {
                _ if target.is_empty() => continue,
                Some(path) => path.to_owned(),
                None => format!("{language}/{target}"),
            };
            assert!(names.contains(&path), "{name}: {target}");
        }
        for word in [
            "<script", "<img", "<link", " style=", " src=", "http:", "https:",
        ] {
            assert!(!page.contains(word), "{name}: {word}");
        }
        assert!(page.contains("Content-Security-Policy\" content=\"default-src 'none';"));
    }
}

#[test]
fn the_pages_of_a_good_pair() {
    let place = tempfile::tempdir().unwrap();
    let pair = BundlePair::make(place.path());
    let output = run(
        place.path(),
        &["check", "lindau.bundle", "firm.bundle", "--html", "pages"],
    );
    assert_eq!(output.status, 0, "{}{}", output.out, output.err);
    assert!(
        output.out.contains("pages: pages/en/index.html"),
        "{}",
        output.out
    );
    let pages = place.path().join("pages");
    let mode = std::fs::metadata(&pages).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    check_pages(&pages);
    let names = names_below(&pages);
    assert_eq!(names.len(), 3 * 7, "{names:?}");
    // The verdict, with the SHA-256 of both files on each page.
    for (language, sentence) in [
        ("en", "✓ Nothing wrong was found"),
        ("de", "✓ Es wurde nichts Falsches gefunden"),
        ("pt", "✓ Não foi encontrado nada de errado"),
    ] {
        for page in [
            "index",
            "findings",
            "recipients",
            "contracts",
            "comparison",
            "limits",
        ] {
            let text = read(&pages, &format!("{language}/{page}.html"));
            assert!(text.contains(sentence), "{language}/{page}");
            for file in ["lindau.bundle", "firm.bundle"] {
                let digest = pair.digest(file);
                assert!(text.contains(&digest), "{language}/{page}: {file}");
            }
        }
    }
    let choice = read(&pages, "index.html");
    assert!(
        choice.contains("href=\"de/index.html\"")
            && choice.contains("Nichts") | choice.contains("nichts")
    );
    // Recipient, dataset, clause, months, and both receipts.
    let recipients = read(&pages, "de/recipients.html");
    for word in [
        "firm.example, von lindau.example",
        "hansa://lindau.example/d/bikes",
        "#c2",
        "Oktober 2026",
        "November 2026",
        "Quittung von beiden Seiten unterschrieben",
        "Quittung des Senders liegt vor",
        "✓ beide Protokolle stimmen überein",
    ] {
        assert!(recipients.contains(word), "{word}");
    }
    // The page that both sides signed.
    let contract = read(&pages, &format!("pt/contract-{}.html", pair.contract));
    assert_eq!(contract.matches("✓ válida").count(), 2);
    assert!(
        contract.contains("<pre class=\"page\" lang=\"en\""),
        "the signed language"
    );
    assert!(contract.contains("hansa://lindau.example/d/bikes"));
    let comparison = read(&pages, "en/comparison.html");
    assert!(comparison.contains("3 of 3 answers"), "{comparison}");
    // The folder is used now.
    let again = run(place.path(), &["check", "lindau.bundle", "--html", "pages"]);
    assert_eq!((again.out.as_str(), again.status), ("", 2));
    assert!(again.err.contains("is not empty"), "{}", again.err);
}

#[test]
fn the_pages_of_an_edited_record() {
    let place = tempfile::tempdir().unwrap();
    let pair = BundlePair::make(place.path());
    pair.edit("lindau.bundle", "2026-10-01.1", "2026-10-01.7");
    std::fs::create_dir(place.path().join("pages")).unwrap();
    let output = run(
        place.path(),
        &[
            "check",
            "lindau.bundle",
            "firm.bundle",
            "--html",
            "pages",
            "--language",
            "de",
        ],
    );
    assert_eq!(output.status, 7, "{}{}", output.out, output.err);
    let pages = place.path().join("pages");
    check_pages(&pages);
    let index = read(&pages, "de/index.html");
    assert!(index.contains("<h1>✗ Etwas stimmt nicht</h1>"));
    let findings = read(&pages, "de/findings.html");
    for word in [
        "Einträge eines Prüfprotokolls",
        "✗ Stimmt nicht",
        "was edited",
        "Bitten Sie den Eigentümer des Protokolls um einen neuen Export.",
    ] {
        assert!(findings.contains(word), "{word}");
    }
    let value: serde_json::Value = {
        let output = run(
            place.path(),
            &["--json", "check", "lindau.bundle", "firm.bundle"],
        );
        serde_json::from_str(&output.out).unwrap()
    };
    let subjects: Vec<_> = value["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| &finding["about"])
        .collect();
    assert!(
        subjects.contains(&&"record".into()) && subjects.contains(&&"receipt".into()),
        "{value}"
    );
    // The cause stands before what follows from it.
    let place = |word: &str| findings.find(word).unwrap();
    assert!(place("Einträge eines Prüfprotokolls (1)") < place("Quittungen (3)"));
}

#[test]
fn the_pages_of_a_missing_receipt() {
    let place = tempfile::tempdir().unwrap();
    let pair = BundlePair::make_without_receipts(place.path());
    let output = run(place.path(), &["check", "firm.bundle", "--html", "pages"]);
    assert_eq!(output.status, 8, "{}{}", output.out, output.err);
    let pages = place.path().join("pages");
    check_pages(&pages);
    let findings = read(&pages, "en/findings.html");
    assert!(
        findings.contains("✗ Missing") && findings.contains("Receipts"),
        "{findings}"
    );
    assert!(findings.contains("Both parties keep contracts and receipts"));
    // Of the sender there is no file: nothing is said to be missing in its log.
    let recipients = read(&pages, "en/recipients.html");
    assert!(recipients.contains("Not in these files"), "{recipients}");
    assert!(!recipients.contains("✗ No record"));
    assert!(recipients.contains("Dataset not named"));
    let limits = read(&pages, "en/limits.html");
    assert!(limits.contains("Whether the other side agrees"));
    drop(pair);
}

#[test]
fn a_browser_shows_a_fresh_private_folder() {
    let place = tempfile::tempdir().unwrap();
    let _pair = BundlePair::make(place.path());
    let temporary = place.path().join("tmp");
    let programs = place.path().join("bin");
    std::fs::create_dir(&temporary).unwrap();
    std::fs::create_dir(&programs).unwrap();
    let opener = programs.join("xdg-open");
    std::fs::write(&opener, "#!/bin/sh\necho \"$1\" > opened\n").unwrap();
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (temporary, programs) = (temporary.to_str().unwrap(), programs.to_str().unwrap());
    let environment = [
        ("TMPDIR", temporary),
        ("PATH", programs),
        ("LANG", "pt_PT.UTF-8"),
    ];
    let args = ["--json", "open", "lindau.bundle", "firm.bundle"];
    // Without a screen the path is said.
    let output = run_with(place.path(), &environment, &args);
    assert_eq!(output.status, 0, "{}{}", output.out, output.err);
    let value: serde_json::Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(value["opened"], false, "{value}");
    let first = Path::new(value["pages"].as_str().unwrap());
    assert!(
        first.starts_with(temporary) && first.ends_with("pt/index.html"),
        "{first:?}"
    );
    let folder = first.parent().unwrap().parent().unwrap();
    let mode = std::fs::metadata(folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    check_pages(folder);
    assert!(!place.path().join("opened").exists());
    // With one, the browser gets the first page.
    let mut with_screen = environment.to_vec();
    with_screen.push(("DISPLAY", ":7"));
    let output = run_with(place.path(), &with_screen, &args[1..]);
    assert_eq!(output.status, 0, "{}{}", output.out, output.err);
    assert!(!output.out.contains("no browser"), "{}", output.out);
    let opened = std::fs::read_to_string(place.path().join("opened")).unwrap();
    assert!(
        output.out.contains(opened.trim()),
        "{} {opened}",
        output.out
    );
    assert!(Path::new(opened.trim()).exists() && !folder.join(opened.trim()).starts_with(folder));
    // A folder that can't be made is an error, and the verdict is told nevertheless.
    let environment = [("TMPDIR", "/proc")];
    let output = run_with(place.path(), &environment, &args[1..]);
    assert_eq!(output.status, 1);
    assert!(output.out.contains("verdict: good"), "{}", output.out);
    assert!(
        output.err.contains("no folder can be made"),
        "{}",
        output.err
    );
}

#[test]
fn a_hostile_name_of_a_file_is_text() {
    let place = tempfile::tempdir().unwrap();
    let _pair = BundlePair::make(place.path());
    let name = "a\"><script>x</script>\u{202e}{}.bundle";
    std::fs::rename(
        place.path().join("lindau.bundle"),
        place.path().join(name.replace('/', "_")),
    )
    .unwrap();
    let name = name.replace('/', "_");
    let output = run(place.path(), &["check", &name, "--html", "pages"]);
    assert_eq!(output.status, 0, "{}{}", output.out, output.err);
    let pages = place.path().join("pages");
    check_pages(&pages);
    let index = read(&pages, "en/index.html");
    assert!(index.contains("&lt;script&gt;") && index.contains("⟨U+202E⟩"));
    assert!(!index.contains('\u{202e}'));
}
