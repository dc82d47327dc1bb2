//! A command judges what is in the files now, says each fault once, and its status says whether it did what it says.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::text;

const ROWS: &str = "id,site\n1,a\n2,a\n3,b\n4,b\n5,a\n6,b\n";

/// Counts by site, which need a grid.
const COUNTS: &str = "columns = [\"site\"]\naggregate = { by = [\"site\"], functions = [\"count\"], measures = [], min_rows = 2 }";

const GRID: &str = "  [dataset.grid]\n  dimensions = [\"site\"]\n";

/// Gives the one dataset of that name a grid.
/// Registers the columns by which groups of a dataset are made.
fn registers_grid(city: &TestParticipant, name: &str) {
    let file = city.folder().join("hansa.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let head = format!("name        = \"{name}\"");
    let (before, after) = text.split_once(&head).unwrap();
    let end = after.find("\n[[").map_or(after.len(), |at| at + 1);
    let (own, rest) = after.split_at(end);
    std::fs::write(&file, format!("{before}{head}{own}\n{GRID}{rest}")).unwrap();
}

#[test]
fn a_policy_is_judged_before_its_dataset_is_published() {
    let league = TestLeague::new(binary());
    let city = league.city("lindau");
    city.holds("counts", ROWS, "");
    city.offers(
        "counts",
        "wrong",
        "colums = [\"site\"]",
        "\"league\"",
        "auto",
    );
    city.hansa(&["check"]).refused("CONFIG_UNKNOWN_KEY", 6);
    city.hansa(&["--json", "policy", "check"])
        .refused("CONFIG_UNKNOWN_KEY", 6);
    city.write(
        "policies/wrong.toml",
        "title = \"right\"\ncolumns = [\"site\"]\n",
    );
    city.hansa(&["check"]).must();
    city.hansa(&["policy", "check"]).must();
    city.publishes();
    city.hansa(&["policy", "check"]).must();
}

/// Gives the grid of the one dataset that has one other dimensions.
fn changes_grid(city: &TestParticipant, from: &str, to: &str) {
    let file = city.folder().join("hansa.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let line = |column: &str| format!("dimensions = [\"{column}\"]\n");
    assert_eq!(text.matches(&line(from)).count(), 1, "{text}");
    std::fs::write(&file, text.replace(&line(from), &line(to))).unwrap();
}

/// Without a connector that runs: each command opens one, and what opening it finds is not told beside what the command judges.
#[test]
fn each_fault_is_told_once_and_the_status_is_true() {
    let league = TestLeague::new(binary());
    let city = league.city("lindau");
    city.holds("counts", ROWS, "");
    registers_grid(&city, "counts");
    city.publishes();
    city.offers("counts", "counts", COUNTS, "\"league\"", "auto");
    city.publishes();
    let conflict = "[GRID_CONFLICT]: `site` is no dimension";
    let told = |args: &[&str], status: i32| {
        let done = city.hansa(args).ends(status);
        assert_eq!(
            done.err.matches(conflict).count(),
            1,
            "{args:?}: {}",
            done.err
        );
        assert_eq!(
            done.err.contains("error["),
            status != 0,
            "{args:?}: {}",
            done.err
        );
        assert_eq!(
            done.err.contains("warning["),
            status == 0,
            "{args:?}: {}",
            done.err
        );
        done
    };

    // The faults of a publication are told before it is done.
    changes_grid(&city, "site", "id");
    told(&["dataset", "publish", "--dry-run"], 6);
    told(&["check"], 6);
    let done = city.hansa(&["reload"]).must();
    assert_eq!(done.err, "", "the offer of what is published is made");
    told(&["dataset", "publish"], 6);
    told(&["dataset", "publish"], 6);
    told(&["reload"], 6);
    city.write("more.csv", ROWS);
    let add = [
        "dataset",
        "add",
        "more.csv",
        "--title",
        "m",
        "--licence",
        "CC0-1.0",
    ];
    told(&[&add[..], &["--publish"]].concat(), 6);
    // Whoever only looks is warned, and did what it says.
    told(&["status"], 0);
    told(&["dataset", "list"], 0);
    told(&["policy", "check"], 6);
    let done = city.hansa(&["--json", "dataset", "list"]).must();
    assert!(done.err.starts_with("{\"warning\":"), "{}", done.err);

    // The file is right again, and what is published is not: that is what is told.
    changes_grid(&city, "id", "site");
    let done = city.hansa(&["policy", "check"]).must();
    assert_eq!(done.err, "");
    let waits = "[DATASET_NOT_PUBLISHED]: `counts` was published before its entry was changed";
    for (args, status, severity) in [(["status"], 0, "warning"), (["reload"], 6, "error")] {
        let done = city.hansa(&args).ends(status);
        let whole = format!("{severity}{waits}");
        assert_eq!(
            done.err.matches(&whole).count(),
            1,
            "{args:?}: {}",
            done.err
        );
        assert!(
            !done.err.contains("GRID_CONFLICT"),
            "{args:?}: {}",
            done.err
        );
        assert!(
            done.err.contains("hansa dataset publish counts"),
            "{}",
            done.err
        );
    }
    for args in [
        &["dataset", "publish", "--dry-run"][..],
        &["dataset", "publish"],
        &["reload"],
    ] {
        assert_eq!(city.hansa(args).must().err, "", "{args:?}");
    }
}

/// A policy by hand names what leaves as well.
#[test]
fn a_policy_file_names_its_columns() {
    let league = TestLeague::new(binary());
    let mut city = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    city.holds("counts", ROWS, "");
    city.publishes();
    city.configure(
        "[[offer]]\ndataset = \"counts\"\npolicy = \"open\"\nto = \"league\"\nsign = \"auto\"\n",
    );
    let policy = |city: &TestParticipant, columns: &str| {
        let valid = "valid = { from = 2026-01-01, until = 2029-12-31 }";
        let text = format!("title = \"open\"\n{columns}\n{valid}\n");
        city.write("policies/open.toml", &text);
    };
    policy(&city, "");
    for args in [
        &["check"][..],
        &["reload"],
        &["dataset", "publish"],
        &["dataset", "publish", "--dry-run"],
    ] {
        let done = city.hansa(args).refused("COLUMNS_UNNAMED", 6);
        for word in ["policies/open.toml", "id, site", "columns = \"all\""] {
            assert!(done.err.contains(word), "{args:?}: {}", done.err);
        }
    }
    city.hansa(&["policy", "check"])
        .refused("COLUMNS_UNNAMED", 6);
    for columns in ["columns = \"all\"", "columns = [\"id\", \"site\"]"] {
        policy(&city, columns);
        city.hansa(&["check"]).must();
        city.hansa(&["dataset", "publish"]).must();
    }
    policy(&city, "columns = \"all\"");
    city.serve();
    acme.knows(&city);
    let _ = acme.contract("lindau.counts");
    let answer = acme
        .hansa(&["sql", "SELECT * FROM lindau.counts", "--format", "csv"])
        .must();
    assert!(answer.out.starts_with("id,site\n"), "{}", answer.out);
    // Whoever takes a policy over by a file takes over what it names.
    let again = [
        "dataset",
        "add",
        "data/counts.csv",
        "--name",
        "again",
        "--licence",
        "CC0-1.0",
        "--offer",
        "league",
    ];
    policy(&city, "");
    let done = city.hansa(&[&again[..], &["--policy", "policies/open.toml"]].concat());
    done.refused("COLUMNS_UNNAMED", 6);
}

#[test]
fn a_grid_that_is_in_the_file_is_registered() {
    let league = TestLeague::new(binary());
    let mut city = league.city("lindau");
    city.holds("counts", ROWS, "");
    city.holds("more", ROWS, "");
    city.publishes();
    for dataset in ["counts", "more"] {
        city.offers(dataset, dataset, COUNTS, "\"league\"", "auto");
    }
    city.hansa(&["check"]).refused("GRID_CONFLICT", 6);

    // What is wrong before is repaired by what is done, and is not told; what is left is told once.
    registers_grid(&city, "counts");
    let done = city.hansa(&["dataset", "publish"]);
    assert_eq!(done.err.matches("GRID_CONFLICT").count(), 1, "{}", done.err);
    registers_grid(&city, "more");
    city.hansa(&["check"]).must();
    city.hansa(&["policy", "check"]).must();
    let done = city.hansa(&["dataset", "publish"]).must();
    assert_eq!(done.err, "", "{}", done.err);

    // Beside a connector that was started with another configuration as well.
    city.serve();
    let file = city.folder().join("hansa.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        before.replace(
            "licence     = ",
            "attribution = \"Stadt Lindau\"\nlicence     = ",
        ),
    )
    .unwrap();
    let done = city
        .hansa(&["--json", "dataset", "publish", "counts"])
        .must()
        .lines();
    assert_eq!(done[0]["changed"], true, "{done:?}");
    let shown = city
        .hansa(&["--json", "dataset", "show", "counts"])
        .must()
        .json();
    assert_eq!(text(&shown, "attribution"), "Stadt Lindau", "{shown}");
    // What can't be read changes nothing, and says so.
    std::fs::write(&file, format!("{before}\n[nothing]\n")).unwrap();
    city.hansa(&["dataset", "publish"])
        .refused("CONFIG_UNKNOWN_KEY", 6);
}
