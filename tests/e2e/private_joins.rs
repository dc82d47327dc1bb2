//! A city joins a list of its own with what another one shares: the keys of the list do not leave.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, PURPOSE, text, wait_for};
use std::time::Duration;

const LISTED: [&str; 3] = ["KL-7", "KL-8", "KL-9"];

const QUESTION: &str = "SELECT l.holder, count(*) AS n, sum(t.fare) AS fare FROM north.listed l \
                        JOIN lindau.trips t ON t.plate = l.plate WHERE t.fare > 1 GROUP BY l.holder ORDER BY l.holder";

#[test]
fn keys_of_a_private_list_do_not_leave() {
    let league = TestLeague::new(binary());
    let (mut lindau, north) = (league.city("lindau"), league.city("north"));
    let trips: Vec<String> = (0..300)
        .map(|trip| {
            format!(
                "{},{}.5",
                LISTED[trip % 3].replace("KL-9", "other"),
                trip % 7
            )
        })
        .collect();
    lindau.holds("trips", &format!("plate,fare\n{}\n", trips.join("\n")), "");
    lindau.publishes();
    lindau.offers("trips", "open", ALL, "\"league\"", "auto");
    let listed: Vec<String> = LISTED
        .iter()
        .map(|plate| format!("{plate},holder of {plate}"))
        .collect();
    north.holds(
        "listed",
        &format!("plate,holder\n{}\n", listed.join("\n")),
        "",
    );
    north.publishes();
    for alias in ["lindau", "north"] {
        league.hand_bundle_to(alias);
    }
    lindau.serve();
    north.knows(&lindau);
    let _ = north.contract("lindau.trips");

    let answer = north.ask(QUESTION).must().lines();
    assert_eq!(answer.len(), 3, "two of the list, and the report");
    assert_eq!((&answer[0]["n"], &answer[1]["n"]), (&85.into(), &86.into()));
    assert_eq!(answer[2]["hansa"]["complete"], true);

    // What the other city was asked says nothing of the list, whatever it brings.
    let permits = lindau.records("permit");
    let ids: Vec<String> = permits
        .iter()
        .map(|record| text(&record["body"], "request_id"))
        .collect();
    assert!(!ids.is_empty());
    for id in ids {
        let sql = wait_for("the text", Duration::from_secs(10), || {
            let shown = lindau
                .hansa(&["--json", "audit", "show", &id])
                .must()
                .lines();
            shown[0]["sql"].as_str().map(str::to_owned)
        });
        assert!(sql.contains("FROM trips"), "{sql}");
        for word in ["KL-", "holder", "listed", " IN "] {
            assert!(!sql.contains(word), "`{word}` left: {sql}");
        }
    }

    // Without the other city there is no answer, nor with `--partial`: what its tables look like is not known then. A
    // question over a model goes without it and says so (federation.rs, `a_city_that_is_down_is_named`).
    lindau.kill();
    let partial = ["sql", QUESTION, "--purpose", PURPOSE, "--partial"];
    for failed in [north.ask(QUESTION), north.hansa(&partial)] {
        let failed = failed.refused("PEER_UNREACHABLE", 5);
        assert!(failed.err.contains("lindau.example"), "{}", failed.err);
        assert!(!failed.out.contains("fare"), "no row: {}", failed.out);
    }
}
