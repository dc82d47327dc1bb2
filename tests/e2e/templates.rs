//! Templates: a city publishes a policy with parameters, another one clones it, fills it and offers on its terms.

use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{PURPOSE, text};

const BASIC: &str = r#"title = "Counts for {{what}}"
purpose = ["dpv:ResearchAndDevelopment"]
columns = "{{columns}}"
rows = "site <> {{hidden}}"
rows_per_day = "{{rows}}"
bytes_per_day = "1 MB"
valid = { from = 2026-01-01, until = "{{until}}" }

[template]
title = "Basic terms for counts"
version = 2

[hole.what]
type = "text"
text = "what it is for"
[hole.columns]
type = "list"
text = "which columns are shown"
[hole.hidden]
type = "text"
text = "the site that nobody sees"
[hole.rows]
type = "integer"
least = 1
most = 100000
text = "rows a day"
[hole.until]
type = "date"
text = "the last day"
"#;

#[test]
fn one_city_clones_and_fills_what_another_one_publishes() {
    let league = TestLeague::new(super::binary());
    let mut munster = league.city("munster");
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    for name in ["munster", "lindau"] {
        league.hand_bundle_to(name);
    }
    munster.write("templates/basic.toml", BASIC);
    munster.write("templates/broken.toml", "title = \"{{what}}\"\n");
    munster.configure(
        "[[template]]\nname = \"basic\"\nfile = \"templates/basic.toml\"\n\
         [[template]]\nname = \"broken\"\nfile = \"templates/broken.toml\"\n",
    );
    munster.serve();
    lindau.knows(&munster);
    let listed = lindau
        .hansa(&["--json", "policy", "clone", "munster"])
        .must()
        .lines();
    assert_eq!(
        listed.len(),
        1,
        "what is no template is not published: {listed:?}"
    );
    assert_eq!(text(&listed[0], "name"), "basic");
    assert_eq!(
        text(&listed[0]["holes"]["rows"], "type"),
        "integer from 1 to 100000"
    );
    lindau
        .hansa(&["policy", "clone", "munster", "premium"])
        .refused("TEMPLATE_UNKNOWN", 3);
    lindau
        .hansa(&["policy", "clone", "munster", "basic"])
        .must();
    let file = lindau.folder().join("templates/basic.toml");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), BASIC);
    lindau
        .hansa(&["policy", "clone", "munster", "basic"])
        .refused("FILE_EXISTS", 6);
    let cloned = lindau.records("template").pop().unwrap();
    let digest = hansa_audit_log::digest::Digest::of(BASIC.as_bytes()).to_string();
    assert_eq!(
        (text(&cloned, "name"), text(&cloned, "sha256")),
        ("basic".to_owned(), digest.clone())
    );

    // Every parameter is filled with a value of its type, or no policy comes of it.
    let fill = |values: &[&str]| {
        let mut args = vec!["policy", "template", "templates/basic.toml"];
        for value in values {
            args.extend(["--set", value]);
        }
        args.extend(["--author", "munster.example"]);
        args.extend(["--output", "policies/counts.toml"]);
        lindau.hansa(&args)
    };
    let parameters = lindau
        .hansa(&["policy", "template", "templates/basic.toml"])
        .must();
    assert!(
        parameters.out.contains("the site that nobody sees"),
        "{}",
        parameters.out
    );
    let unfilled = fill(&["what=planning", "rows=1000"]).refused("HOLE_UNFILLED", 2);
    assert!(unfilled.err.contains("--set until="), "{}", unfilled.err);
    assert!(!lindau.folder().join("policies/counts.toml").exists());
    let hostile = "hidden=Insel' OR '1' = '1";
    let whole = [
        "what=planning",
        "columns=site, bikes",
        hostile,
        "rows=1000",
        "until=2029-12-31",
    ];
    fill(&[&whole[..4], &["until=someday"]].concat()).refused("HOLE_UNFILLED", 2);
    fill(&whole).must();

    lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
    lindau.publishes();
    lindau
        .hansa(&[
            "policy",
            "check",
            "policies/counts.toml",
            "--dataset",
            "bikes",
        ])
        .must();
    lindau.configure(
        "[[offer]]\ndataset = \"bikes\"\npolicy = \"counts\"\nto = \"league\"\nsign = \"auto\"",
    );
    lindau.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.bikes");
    let page = acme
        .hansa(&["--json", "contract", "show", &contract])
        .must()
        .json();
    // Both sides have signed from which template its terms were filled, and the page says so.
    for side in [&acme, &lindau] {
        let report = side
            .hansa(&["--json", "contract", "show", &contract])
            .must()
            .json();
        let template = &report["template"];
        assert_eq!(text(template, "author"), "hansa://munster.example");
        assert_eq!(text(template, "sha256"), digest);
        let line = "“Basic terms for counts”, version 2, of munster.example";
        assert!(text(&report, "page").contains(line), "{report}");
    }
    let terms = page["terms"].to_string();
    assert!(terms.contains("1,000 rows"), "{terms}");
    // What was put into the filter is one value, whatever it says: no site has that name, so none is hidden.
    assert!(terms.contains("'Insel'' OR ''1'' = ''1'"), "{terms}");
    let answer = acme
        .hansa(&[
            "--json",
            "sql",
            "SELECT count(*) AS n FROM lindau.bikes",
            "--purpose",
            PURPOSE,
        ])
        .must()
        .lines();
    assert_eq!(answer[0]["n"], 2);
}
