//! What a group withholds is no number: neither 0, nor a part of a total that looks whole.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE};
use serde_json::{Value, json};

const COUNTS: &str = r#"
[[dataset]]
name = "counts"
title = "Bicycles by day"
licence = "proprietary"
zone = "UTC"

[dataset.source]
kind = "text"
path = "data/counts.csv"

[[dataset.column]]
name = "site"

[[dataset.column]]
name = "at"
type = "instant"
format = "%Y-%m-%d %H:%M"

[[dataset.column]]
name = "bikes"
type = "int"

[dataset.grid]
dimensions = ["site", "at"]
bucket = "day"
zone = "UTC"
"#;

/// The bridge has 20, 20 and 9 counts on three days; the quay 20 on one, of which 10 hold a number.
fn counts() -> String {
    let mut csv = "site,at,bikes\n".to_owned();
    let mut day = |site: &str, day: u32, rows: u32, numbers: u32| {
        for row in 0..rows {
            let bikes = match row < numbers {
                true => (row + day).to_string(),
                false => String::new(),
            };
            csv.push_str(&format!("{site},2026-05-{day:02} 10:{row:02},{bikes}\n"));
        }
    };
    day("bridge", 1, 20, 20);
    day("bridge", 2, 20, 20);
    day("bridge", 3, 9, 9);
    day("quay", 1, 20, 10);
    csv
}

/// Groups of at least 15 rows.
pub(crate) fn groups(by: &str, bucket: &str) -> String {
    format!(
        "aggregate = {{ by = [{by}], measures = [\"bikes\"], functions = [\"count\", \"sum\", \"avg\"], \
         bucket = \"{bucket}\", min_rows = 15 }}\n{ALL}"
    )
}

/// A city that offers its counts under these policies to everybody, and firms that know it.
pub(crate) fn lindau<const N: usize>(
    league: &TestLeague,
    policies: &[(&str, String)],
    firms: [&str; N],
) -> (TestParticipant, [TestParticipant; N]) {
    let mut lindau = league.city("lindau");
    let firms = firms.map(|firm| league.firm(firm));
    league.hand_bundle_to("lindau");
    lindau.write("data/counts.csv", &counts());
    lindau.configure(COUNTS);
    for (policy, terms) in policies {
        lindau.offers("counts", policy, terms, "\"league\"", "auto");
    }
    lindau.publishes();
    lindau.serve();
    firms.iter().for_each(|firm| firm.knows(&lindau));
    (lindau, firms)
}

/// The rows of an answer.
pub(crate) fn rows(firm: &TestParticipant, sql: &str) -> Vec<Value> {
    let mut lines = firm.ask(sql).must().lines();
    lines.pop();
    lines
}

#[test]
fn a_withheld_number_is_not_reported_as_0() {
    let league = TestLeague::new(binary());
    let days = groups("\"site\", \"at\"", "day");
    let (_lindau, [acme]) = lindau(&league, &[("days", days)], ["acme"]);
    let _ = acme.contract_on("lindau.counts", "days");
    let sql = "SELECT site, count(*) AS n, count(bikes) AS k, sum(bikes) AS s, avg(bikes) AS a FROM lindau.counts GROUP BY site ORDER BY site";
    let reports = rows(&acme, sql);
    assert_eq!(reports[0]["k"], 40);
    assert_eq!(
        reports[1],
        json!({"site": "quay", "n": 20, "k": null, "s": null, "a": null})
    );
    let total = "SELECT count(*) AS n, count(bikes) AS k FROM lindau.counts WHERE site = 'quay'";
    assert_eq!(rows(&acme, total), [json!({"n": 20, "k": null})]);
    let nothing =
        "SELECT count(*) AS n, count(bikes) AS k FROM lindau.counts WHERE site = 'nowhere'";
    assert_eq!(rows(&acme, nothing), [json!({"n": null, "k": null})]);
    let untold = "SELECT site FROM (SELECT site, count(bikes) AS k FROM lindau.counts GROUP BY site) AS x WHERE k IS NULL";
    assert_eq!(rows(&acme, untold), [json!({"site": "quay"})]);
    let footer = acme.hansa(&["sql", total, "--purpose", PURPOSE]).must();
    let all = format!("{}{}", footer.out, footer.err);
    assert!(all.contains("no total or count has them"), "{all}");
}
