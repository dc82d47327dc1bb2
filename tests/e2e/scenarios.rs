//! Four agreements as cities and firms make them, from the offer to what each side gets.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{number, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const ALWAYS: &str = "valid = { from = 2026-01-01, until = 2029-12-31 }";

/// Devices seen at places.
const FOOTFALL: &str = r#"
[[dataset]]
name = "footfall"
title = "Devices seen at places"
licence = "proprietary"
unit_column = "device"

[dataset.source]
kind = "text"
path = "data/footfall.csv"

[[dataset.column]]
name = "device"
required = true

[[dataset.column]]
name = "place"
required = true

[[dataset.column]]
name = "at"
type = "instant"
format = "%Y-%m-%dT%H:%M:%SZ"
zone = "UTC"
required = true

[dataset.grid]
dimensions = ["place", "at"]
bucket = "quarter-hour"
zone = "UTC"
"#;

fn answer(firm: &TestParticipant, sql: &str) -> Vec<Value> {
    let mut lines = firm.hansa(&["--json", "sql", sql]).must().lines();
    lines.pop();
    lines
}

/// A firm buys part of a city: for its sector, an area, and 10,000 rows a day. Row 10,001 is refused, after a restart, too; and a withdrawal
/// ends what runs.
#[test]
fn a_firm_with_a_sector_an_area_and_ten_thousand_rows_a_day() {
    let league = TestLeague::new(binary());
    league.names_issuer("chamber", &["sector"], "-1m");
    let mut lindau = league.city("lindau");
    let mut csv = String::from("id,lon,lat\n");
    for id in 0..12_000 {
        // Every sixth lies outside the box.
        let lon = if id % 6 == 0 { "9.9" } else { "9.68" };
        writeln!(csv, "{id},{lon},47.55").unwrap();
    }
    lindau.holds("points", &csv, "");
    lindau.publishes();
    let terms = format!(
        "{ALWAYS}\narea = {{ lon = \"lon\", lat = \"lat\", box = [9.6, 47.5, 9.75, 47.6] }}\n\
         sectors = [\"nace:H49\", \"nace:O84\"]\nrows_per_day = 10_000\nbytes_per_day = \"50 MB\""
    );
    lindau.offers("points", "area", &terms, "\"league\"", "auto");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.points");
    let take = |rows: u32| {
        let sql = format!("SELECT id FROM lindau.points LIMIT {rows}");
        acme.hansa(&["sql", &sql, "--format", "csv"])
    };
    // A firm of the trade, and only since somebody says so whom the league has named.
    take(1).refused("SECTOR_NOT_ATTESTED", 3);
    let _ = league.attests("acme", "chamber", &["--sector", "nace:H49.41"]);
    acme.hansa(&["credential", "add", "chamber.credential"])
        .must();
    let all = answer(
        &acme,
        "SELECT count(*) AS n, max(lon) AS lon FROM lindau.points",
    );
    assert_eq!(number(&all[0], "n"), 10_000);
    assert_eq!(all[0]["lon"], 9.68);
    // The count was one row of the ten thousand.
    let got = take(9_999).must().out;
    assert_eq!(got.lines().count(), 10_000, "a header and 9,999 rows");
    take(1).refused("QUOTA_ROWS", 3);
    lindau.kill();
    lindau.serve();
    acme.knows(&lindau);
    take(1).refused("QUOTA_ROWS", 3);
    lindau
        .hansa(&[
            "--yes", "contract", "withdraw", &contract, "--reason", "over",
        ])
        .must();
    take(1).refused("WITHDRAWN", 3);
}

/// Footfall by quarter of an hour, fifteen devices at least. No sequence of questions gives back a cell that is withheld.
#[test]
fn footfall_that_a_thousand_questions_do_not_give_back() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let mut csv = String::from("device,place,at\n");
    let mut truth: BTreeMap<(u32, u32), BTreeSet<u32>> = BTreeMap::new();
    for place in 0..4_u32 {
        for quarter in 0..16_u32 {
            // The third place has one quiet quarter with 14 devices; the fourth has a single device all day.
            let devices = match (place, quarter) {
                (2, 5) => 14,
                (3, _) => 1,
                _ => 15 + (place * 7 + quarter * 3) % 20,
            };
            for device in 0..devices {
                let (hour, minute) = (8 + quarter / 4, quarter % 4 * 15 + device % 15);
                writeln!(
                    csv,
                    "p{place}d{device},place{place},2026-05-04T{hour:02}:{minute:02}:00Z"
                )
                .unwrap();
                truth.entry((place, quarter)).or_default().insert(device);
            }
        }
    }
    lindau.write("data/footfall.csv", &csv);
    lindau.configure(FOOTFALL);
    lindau.publishes();
    let terms = format!(
        "{ALWAYS}\naggregate = {{ by = [\"place\", \"at\"], functions = [\"count\"], measures = [], \
         bucket = \"quarter-hour\", zone = \"UTC\", min_contributors = 15 }}"
    );
    lindau.offers("footfall", "cells", &terms, "\"league\"", "auto");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.footfall");

    let cells = answer(
        &acme,
        "SELECT place, at, n FROM lindau.footfall.cube ORDER BY place, at",
    );
    let published: i64 = cells.iter().map(|cell| number(cell, "n")).sum();
    let expect: usize = truth
        .values()
        .filter(|devices| devices.len() >= 15)
        .map(BTreeSet::len)
        .sum();
    assert_eq!(usize::try_from(published).unwrap(), expect);
    assert!(cells.iter().all(|cell| text(cell, "place") != "place3"));
    // Every half-open range of quarters, of each place, of two of them and of all: any two may be subtracted. The rows
    // themselves are counted for the places with withheld cells, the cells are added up for all.
    let edge = |quarter: u32| {
        let (hour, minute) = (8 + quarter / 4, quarter % 4 * 15);
        format!("TIMESTAMP '2026-05-04T{hour:02}:{minute:02}:00Z'")
    };
    let ranges: Vec<(u32, u32)> = (0..16)
        .flat_map(|from| (from + 1..=16).map(move |until| (from, until)))
        .collect();
    let within = |places: &[u32], (from, until): (u32, u32)| {
        let named: Vec<String> = places
            .iter()
            .map(|place| format!("'place{place}'"))
            .collect();
        let (from, until) = (edge(from), edge(until));
        format!(
            "place IN ({}) AND at >= {from} AND at < {until}",
            named.join(", ")
        )
    };
    let expected = |places: &[u32], (from, until): (u32, u32)| -> i64 {
        let cells = truth.iter().filter(|((place, quarter), devices)| {
            places.contains(place) && (from..until).contains(quarter) && devices.len() >= 15
        });
        i64::try_from(cells.map(|(_, devices)| devices.len()).sum::<usize>()).unwrap()
    };
    let mut asked = 0;
    let sets: [&[u32]; 6] = [&[0], &[1], &[2], &[3], &[2, 3], &[0, 1, 2, 3]];
    for places in sets {
        for ranges in ranges.chunks(40) {
            let sums: Vec<String> = ranges
                .iter()
                .enumerate()
                .map(|(index, range)| {
                    format!(
                        "sum(CASE WHEN {} THEN n ELSE 0 END) AS c{index}",
                        within(places, *range)
                    )
                })
                .collect();
            let sql = format!("SELECT {} FROM lindau.footfall.cube", sums.join(", "));
            let row = answer(&acme, &sql).remove(0);
            for (index, range) in ranges.iter().enumerate() {
                let met = number(&row, &format!("c{index}"));
                assert_eq!(met, expected(places, *range), "{places:?} {range:?}");
                asked += 1;
            }
        }
    }
    for places in [&[2][..], &[3]] {
        for ranges in ranges.chunks(6) {
            let parts: Vec<String> = ranges
                .iter()
                .enumerate()
                .map(|(index, range)| {
                    let within = within(places, *range);
                    format!(
                        "SELECT {index} AS k, count(*) AS n FROM lindau.footfall WHERE {within}"
                    )
                })
                .collect();
            let rows = answer(&acme, &parts.join(" UNION ALL "));
            let met: BTreeMap<i64, i64> = rows
                .iter()
                .map(|row| (number(row, "k"), row["n"].as_i64().unwrap_or(0)))
                .collect();
            for (index, range) in (0..).zip(ranges) {
                let met = met.get(&index).copied().unwrap_or(0);
                assert_eq!(met, expected(places, *range), "{places:?} {range:?}");
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 6 * 136 + 2 * 136);
    let count = |rows: &[Value]| rows.first().map_or(0, |row| row["n"].as_i64().unwrap_or(0));
    let whole = count(&answer(&acme, "SELECT count(*) AS n FROM lindau.footfall"));
    assert_eq!(whole, published, "the total is that of what is published");
    // A filter that is finer than a quarter would cut a cell in two.
    acme.hansa(&[
        "sql",
        "SELECT count(*) FROM lindau.footfall WHERE at >= TIMESTAMP '2026-05-04T08:07:00Z'",
    ])
    .refused("FILTER_NOT_ON_GRID", 3);
}

/// Three operators at one table: each sees its own rows, under one offer.
#[test]
fn three_operators_at_one_table() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let mut csv = String::from("trip,operator\n");
    for trip in 0..90 {
        writeln!(csv, "{trip},op{}", trip % 3).unwrap();
    }
    lindau.holds("trips", &csv, "");
    lindau.publishes();
    let operators = ["alpha", "beta", "gamma"];
    for (number, alias) in operators.iter().enumerate() {
        lindau.configure(&format!(
            "[tenant.\"{alias}.example\"]\nvalue = \"op{number}\""
        ));
    }
    let terms = format!("{ALWAYS}\nrows = \"operator = {{{{consumer}}}}\"");
    lindau.offers("trips", "own", &terms, "\"league\"", "auto");
    let firms: Vec<TestParticipant> = operators.iter().map(|alias| league.firm(alias)).collect();
    league.hand_bundle_to("lindau");
    lindau.serve();
    let mut seen = BTreeSet::new();
    for (own, firm) in firms.iter().enumerate() {
        firm.knows(&lindau);
        let _ = firm.contract("lindau.trips");
        let rows = answer(
            firm,
            "SELECT trip, operator FROM lindau.trips ORDER BY trip",
        );
        assert_eq!(rows.len(), 30);
        for row in rows {
            assert_eq!(text(&row, "operator"), format!("op{own}"));
            assert!(seen.insert(number(&row, "trip")), "a trip of two operators");
        }
        // Whatever the question says of others, there are none.
        let others = format!("SELECT count(*) AS n FROM lindau.trips WHERE operator <> 'op{own}'");
        assert_eq!(number(&answer(firm, &others)[0], "n"), 0);
    }
    assert_eq!(seen.len(), 90);
}

/// A public view: whoever is in the league asks, without a contract; whoever is not, learns nothing.
#[test]
fn a_public_view_for_anyone_in_the_league() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    lindau.holds(
        "air",
        "site,no2,staff\nHafen,41.5,anna\nInsel,12.0,ben\n",
        "",
    );
    lindau.holds("payroll", "name,salary\nanna,50000\n", "");
    lindau.publishes();
    let terms = format!("{ALWAYS}\ncolumns = [\"site\", \"no2\"]\nqueries_per_day = 3");
    lindau.offers("air", "open", &terms, "\"public\"", "auto");
    let firms = ["one", "two"].map(|alias| league.firm(alias));
    league.hand_bundle_to("lindau");
    lindau.serve();
    for firm in &firms {
        firm.knows(&lindau);
        let rows = answer(firm, "SELECT site, no2 FROM lindau.air ORDER BY site");
        assert_eq!(rows.len(), 2);
        firm.hansa(&["sql", "SELECT staff FROM lindau.air"])
            .refused("COLUMN_UNKNOWN", 2);
        let hidden = firm.hansa(&["sql", "SELECT * FROM lindau.payroll"]);
        let absent = firm.hansa(&["sql", "SELECT * FROM lindau.nothing"]);
        assert_eq!(
            hidden.err.replace("payroll", "x"),
            absent.err.replace("nothing", "x")
        );
    }
    // Each has a quota of its own.
    for firm in &firms {
        answer(firm, "SELECT count(*) AS n FROM lindau.air");
        answer(firm, "SELECT max(no2) AS n FROM lindau.air");
        firm.hansa(&["sql", "SELECT min(no2) FROM lindau.air"])
            .refused("QUOTA_QUERIES", 3);
    }
    let stranger = league.city("stranger");
    stranger
        .hansa(&["peer", "add", lindau.address(), "--id", "lindau.example"])
        .refused("PEER_NOT_TRUSTED", 4);
}
