//! What an owner states of the quality and the service of a dataset is told to those with an offer, and to nobody else.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, PURPOSE, text};

const DESCRIBED: &str = r#"
[[dataset]]
name = "counts"
title = "Bicycle counts"
licence = "CC-BY-4.0"
quality = "98 % of the hours are complete"
uncertainty = "± 5 % of the sum of a day"
collection_method = "induction loops"
service_level = "new rows by 06:00 UTC"
data_subjects = "cyclists"

[dataset.source]
kind = "text"
path = "data/counts.csv"

[[dataset.column]]
name = "site"

[[dataset.column]]
name = "bikes"
type = "int"
uncertainty = "± 3 bicycles"

[[dataset.column]]
name = "lorries"
type = "int"
uncertainty = "± 7 lorries"
"#;

const STATED: [(&str, &str); 4] = [
    ("quality", "98 % of the hours are complete"),
    ("uncertainty", "± 5 % of the sum of a day"),
    ("collectionMethod", "induction loops"),
    ("serviceLevel", "new rows by 06:00 UTC"),
];

#[test]
fn a_description_reaches_those_with_an_offer_and_nobody_else() {
    let league = TestLeague::new(binary());
    let (acme, other) = (league.firm("acme"), league.firm("other"));
    let mut lindau = league.city("lindau");
    league.hand_bundle_to("lindau");
    lindau.write("data/counts.csv", "site,bikes,lorries\nHafen,310,7\n");
    lindau.configure(DESCRIBED);
    lindau.publishes();
    let terms = format!("columns = [\"site\", \"bikes\"]\n{ALL}");
    lindau.offers("counts", "some", &terms, "[\"acme.example\"]", "auto");
    lindau.serve();
    for firm in [&acme, &other] {
        league.hand_bundle_to(firm.domain().split('.').next().unwrap());
        firm.knows(&lindau);
    }

    let own = lindau
        .hansa(&["--json", "dataset", "show", "counts"])
        .must()
        .json();
    let seen = acme
        .hansa(&["--json", "catalog", "show", "lindau.counts"])
        .must()
        .json();
    let people = acme.hansa(&["catalog", "show", "lindau.counts"]).must().out;
    for (key, stated) in STATED {
        assert_eq!(text(&own["description"], key), stated, "{own}");
        assert_eq!(text(&seen["entry"]["description"], key), stated, "{seen}");
        assert!(people.contains(stated), "{people}");
    }
    assert_eq!(
        text(&seen["entry"]["columns"][1], "uncertainty"),
        "± 3 bicycles"
    );
    assert!(people.contains("uncertainty ± 3 bicycles"), "{people}");
    assert_eq!(text(&own["columns"][2], "uncertainty"), "± 7 lorries");

    // A column that the offer does not show is not described either; nor is anything to a participant without an offer.
    let refused = other
        .hansa(&["catalog", "show", "lindau.counts"])
        .refused("DATASET_UNKNOWN", 3);
    let listed = other.hansa(&["--json", "catalog", "list"]).must().out;
    for (who, output) in [
        ("acme", seen.to_string()),
        ("acme", people),
        ("other", format!("{}{}", refused.out, refused.err)),
        ("other", listed),
    ] {
        let secret: &[&str] = match who {
            "acme" => &["lorries", "cyclists"],
            _ => &["lorries", "cyclists", "98 %", "induction", "06:00"],
        };
        for part in secret {
            assert!(!output.contains(part), "`{part}` told to {who}: {output}");
        }
    }

    // Another statement comes with the next publication, and one that is taken back is gone. The contract goes on.
    let _ = acme.contract("lindau.counts");
    let file = lindau.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let config = config
        .replace("98 % of", "99 % of")
        .replace("service_level = \"new rows by 06:00 UTC\"\n", "");
    std::fs::write(&file, config).unwrap();
    lindau.publishes();
    let seen = acme
        .hansa(&["--json", "catalog", "show", "lindau.counts"])
        .must()
        .json();
    assert!(
        text(&seen["entry"]["description"], "quality").starts_with("99 %"),
        "{seen}"
    );
    assert!(
        seen["entry"]["description"]["serviceLevel"].is_null(),
        "{seen}"
    );
    let sql = "SELECT sum(bikes) FROM lindau.counts";
    acme.hansa(&["sql", sql, "--purpose", PURPOSE]).must();
}
