//! Of what kind a dataset is, is told in the catalogue and with each answer, and a model takes its own kind unless it is asked for others.

use crate::bicycle_counts::{BicycleCounts, MODEL};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{number, text};

const TOTAL: &str = "SELECT sum(bikes) AS total FROM model.bicycle_counts";

const OPEN: &str = "valid = { from = 2026-01-01, until = 2029-12-31 }";

/// A city with counts of this kind; none says nothing.
fn city(league: &TestLeague, counts: &BicycleCounts, kind: Option<&str>) -> TestParticipant {
    let mut city = league.city(counts.city);
    city.write("data/counts.csv", &counts.csv());
    let text = kind.map_or_else(String::new, |kind| format!("kind = \"{kind}\"\n"));
    let model = "model = \"bicycle_counts\"\n";
    city.configure(&MODEL.replace(model, &format!("{model}{text}")));
    city.publishes();
    city.offers("counts", "terms", OPEN, "\"league\"", "auto");
    league.hand_bundle_to(counts.city);
    city.serve();
    city
}

#[test]
fn a_forecast_is_never_taken_for_a_measurement() {
    let league = TestLeague::new(binary());
    let counts = [
        BicycleCounts::of("lindau", 2, 3, 5),
        BicycleCounts::of("speyer", 3, 2, 9),
        BicycleCounts::of("worms", 1, 2, 3),
    ];
    let acme = league.firm("acme");
    let kinds = [Some("measured"), Some("forecast"), None];
    let cities: Vec<TestParticipant> = (counts.iter().zip(kinds))
        .map(|(counts, kind)| city(&league, counts, kind))
        .collect();
    league.hand_bundle_to("acme");
    for city in &cities {
        acme.knows(city);
    }
    for counts in &counts {
        let _ = acme.contract(&format!("{}.counts", counts.city));
    }
    let sum = |which: &[usize]| -> i64 { which.iter().flat_map(|at| counts[*at].values()).sum() };

    // The catalogue says it, to the owner and to others.
    let report_of = |city: &TestParticipant, verb: &str, name: &str| {
        city.hansa(&["--json", verb, "show", name]).must().json()
    };
    for (counts, kind) in counts.iter().zip(kinds) {
        let shown = report_of(&acme, "catalog", &format!("{}.counts", counts.city));
        assert_eq!(shown["entry"]["kind"].as_str(), kind, "{shown}");
    }
    let own = report_of(&cities[1], "dataset", "counts");
    assert_eq!(own["kind"], "forecast", "{own}");
    let listed = acme.hansa(&["catalog", "list"]).must().out;
    let line = |city: &str| listed.lines().find(|line| line.contains(city)).unwrap();
    assert!(
        listed.contains("KIND") && line("speyer").contains("forecast"),
        "{listed}"
    );

    // The figure of all fails, and says whose dataset is of which kind and what can be done.
    let failed = acme.hansa(&["sql", TOTAL]).refused("KIND_MISMATCH", 6);
    for part in [
        "`speyer.counts` is forecast",
        "--kind measured,forecast",
        "--partial",
    ] {
        assert!(failed.err.contains(part), "`{part}` in {}", failed.err);
    }
    assert!(failed.out.is_empty(), "{}", failed.out);

    let asked = |args: &[&str]| {
        let answer = acme
            .hansa(&[&["--json", "sql"], args].concat())
            .must()
            .lines();
        (number(&answer[0], "total"), answer[1]["hansa"].clone())
    };
    let (total, report) = asked(&[TOTAL, "--kind", "measured,forecast"]);
    assert_eq!(
        (total, &report["complete"]),
        (sum(&[0, 1, 2]), &serde_json::Value::Bool(true))
    );
    let (total, report) = asked(&[TOTAL, "--partial"]);
    assert_eq!(
        (total, &report["complete"]),
        (sum(&[0, 2]), &serde_json::Value::Bool(false))
    );
    assert_eq!(text(&report["missing"][0], "participant"), "speyer.example");
    let others =
        format!("{TOTAL} WHERE NOT (participant = 'speyer.example' AND dataset = 'counts')");
    let (total, report) = asked(&[others.as_str()]);
    assert_eq!(
        (total, &report["complete"]),
        (sum(&[0, 2]), &serde_json::Value::Bool(true))
    );
    // Whoever wants forecasts alone hears of those who measure.
    let failed = acme
        .hansa(&["sql", TOTAL, "--kind", "forecast"])
        .refused("KIND_MISMATCH", 6);
    assert!(
        failed.err.contains("takes forecast alone"),
        "{}",
        failed.err
    );
    let shown = acme.hansa(&["--json", "explain", TOTAL]).must().json();
    assert_eq!(text(&shown["missing"][0], "participant"), "speyer.example");
    let both = ["--json", "explain", TOTAL, "--kind", "forecast,measured"];
    let shown = acme.hansa(&both).must().json();
    assert_eq!(
        shown["missing"].as_array().map(Vec::len),
        Some(0),
        "{shown}"
    );
    acme.hansa(&["sql", TOTAL, "--kind", "guessed"])
        .refused("USAGE", 2);
}
