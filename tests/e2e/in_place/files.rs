//! Parquet files of this machine, in place.

use super::{SOME, dataset, parquet, permitted, publishes, rows, sentence_of, totals};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, number, text};

#[test]
fn files_stay_where_they_are_and_are_read_behind_the_same_gate() {
    let league = TestLeague::new(binary());
    let folder = tempfile::tempdir().unwrap();
    let all = rows(0, 20_000);
    let (one, other) = all.split_at(12_000);
    std::fs::write(folder.path().join("a.parquet"), parquet(one)).unwrap();
    std::fs::write(folder.path().join("b.parquet"), parquet(other)).unwrap();
    let source = format!(
        "kind = \"parquet\"\npath = \"{0}/*.parquet\"\nin_place = true\n[sources]\nroots = [\"{0}\"]",
        folder.path().display()
    );
    let (mut lindau, acme) = publishes(&league, &source, SOME);
    assert_eq!(totals(&acme), permitted(&all));
    acme.ask("SELECT max(level) FROM lindau.levels")
        .refused("COLUMN_UNKNOWN", 2);
    // Nothing of the rows was copied.
    let copied = std::process::Command::new("find")
        .arg(lindau.folder().join("state/datasets"))
        .args(["-name", "*.parquet"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&copied.stdout), "");
    // The first rows, as whoever configures it sees them.
    let sample = lindau
        .hansa(&["--json", "dataset", "sample", "levels", "--rows", "2"])
        .must()
        .lines();
    assert_eq!(sample.len(), 2);
    assert_eq!(text(&sample[1]["fields"], "level"), "0.25");

    let shown = lindau
        .hansa(&["--json", "dataset", "show", "levels"])
        .must()
        .json();
    let first = folder.path().canonicalize().unwrap().join("a.parquet");
    assert_eq!(shown["in_place"][0].as_str(), first.to_str(), "{shown}");

    // Another file by the name of a published one: not a row of it, until it is published.
    let changed = rows(0, 9_000);
    std::fs::write(folder.path().join("b.parquet"), parquet(&changed)).unwrap();
    let refused = acme.ask("SELECT count(*) FROM lindau.levels");
    let reported = sentence_of(&refused);
    refused.refused("SOURCE_CHANGED", 3);
    for secret in [folder.path().to_str().unwrap(), "b.parquet"] {
        assert!(!reported.contains(secret), "{reported}");
    }
    lindau.publishes();
    let both: Vec<_> = one.iter().chain(&changed).cloned().collect();
    assert_eq!(totals(&acme), permitted(&both));

    // It holds across a restart, and a missing file holds up nothing else.
    lindau.stop();
    lindau.serve();
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.knows(&lindau);
    assert_eq!(totals(&acme), permitted(&both));
    lindau.stop();
    std::fs::remove_file(folder.path().join("a.parquet")).unwrap();
    lindau.holds("more", "id,site\n1,s1\n", "");
    lindau.offers("more", "more", ALL, "\"league\"", "auto");
    lindau.serve();
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.knows(&lindau);
    lindau.hansa(&["dataset", "publish", "more"]).must();
    let _ = acme.contract("lindau.more");
    acme.ask("SELECT count(*) FROM lindau.levels")
        .refused("SOURCE_CHANGED", 3);
    let more = acme
        .ask("SELECT count(*) AS n FROM lindau.more")
        .must()
        .lines();
    assert_eq!(number(&more[0], "n"), 1);
    lindau.verifies();
}

#[test]
fn what_would_make_other_rows_is_refused() {
    let league = TestLeague::new(binary());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.parquet"), parquet(&rows(0, 10))).unwrap();
    let path = folder.path().join("a.parquet");
    let source = format!(
        "kind = \"parquet\"\npath = \"{}\"\nin_place = true",
        path.display()
    );
    for (at, (more, key)) in [
        ("nulls = [\"-\"]", "nulls"),
        ("region = \"eu\"", "region"),
        ("database = \"x\"", "database"),
    ]
    .into_iter()
    .enumerate()
    {
        let city = league.city(&format!("city{at}"));
        city.configure(&dataset(&format!("{source}\n{more}")));
        let text = sentence_of(&city.hansa(&["check"]).ends(6));
        assert!(text.contains(&format!("`{key}`")), "{text}");
    }
    let city = league.city("sorted");
    city.configure(&dataset(&source).replace(
        "licence = \"proprietary\"",
        "licence = \"proprietary\"\nsort = [\"id\"]",
    ));
    let text = sentence_of(&city.hansa(&["check"]).ends(6));
    assert!(
        text.contains("`sort`") && text.contains("in place"),
        "{text}"
    );
}
