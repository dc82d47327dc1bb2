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
    let reports = city.hansa(&["--json", "policy", "check"]).ends(6).lines();
    assert_eq!(
        text(&reports[0], "code"),
        "CONFIG_UNKNOWN_KEY",
        "{reports:?}"
    );
    city.write(
        "policies/wrong.toml",
        "title = \"right\"\ncolumns = [\"site\"]\n",
    );
    city.hansa(&["check"]).must();
    city.hansa(&["policy", "check"]).must();
    city.publishes();
    city.hansa(&["policy", "check"]).must();
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

    // What is wrong before is mended by what is done, and is not told; what is left is told once.
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
