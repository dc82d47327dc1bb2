//! One question over several participants: the same figures as over all rows in one place, and never silently fewer.

use crate::bicycle_counts::{BicycleCounts, city};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, number, text};
use std::collections::BTreeMap;

#[test]
fn one_question_over_three_cities_gives_the_pooled_figures() {
    let counts = samples();
    let (_league, mut cities, acme) = three(&counts);
    let sql = "SELECT count(*) AS n, count(bikes) AS known, sum(bikes) AS total, min(bikes) AS least, max(bikes) AS most, \
        avg(bikes) AS mean FROM model.bicycle_counts";
    let answer = acme.ask(sql).must().lines();
    let pooled: Vec<i64> = counts.iter().flat_map(BicycleCounts::values).collect();
    let rows: usize = counts.iter().map(|counts| counts.rows.len()).sum();
    let total: i64 = pooled.iter().sum();
    let row = &answer[0];
    assert_eq!(number(row, "n"), i64::try_from(rows).unwrap());
    assert_eq!(number(row, "known"), i64::try_from(pooled.len()).unwrap());
    assert_eq!(number(row, "total"), total);
    assert_eq!(number(row, "least"), *pooled.iter().min().unwrap());
    assert_eq!(number(row, "most"), *pooled.iter().max().unwrap());
    let mean = total as f64 / pooled.len() as f64;
    assert!((row["mean"].as_f64().unwrap() - mean).abs() < 1e-9, "{row}");
    let report = &answer[1]["hansa"];
    assert_eq!(report["participants"].as_array().unwrap().len(), 3);
    // Only partial states travel: a row from each.
    assert!(
        report["participants"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| number(one, "rows") == 1),
        "{report}"
    );

    // By hand over the tables of the three, grouped, with a condition.
    let sql = "SELECT site, sum(bikes) AS total FROM (SELECT site, bikes, local_date FROM lindau.counts UNION ALL \
        SELECT site, bikes, local_date FROM speyer.counts UNION ALL SELECT site, bikes, local_date FROM worms.counts) AS u \
        WHERE local_date >= DATE '2026-05-03' GROUP BY site ORDER BY site";
    let answer = acme.ask(sql).must().lines();
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for (site, day, _, bikes) in counts.iter().flat_map(|counts| &counts.rows) {
        if *day >= 3 {
            *expected.entry(site.clone()).or_default() += bikes.unwrap_or(0);
        }
    }
    let got: BTreeMap<String, i64> = answer[..answer.len() - 1]
        .iter()
        .map(|row| (text(row, "site"), number(row, "total")))
        .collect();
    assert_eq!(got, expected);

    a_city_that_is_down_is_named(&counts, &mut cities, &acme);
}

/// Goes on with the same league, since three starts cost more than all questions.
fn a_city_that_is_down_is_named(
    counts: &[BicycleCounts; 3],
    cities: &mut [TestParticipant],
    acme: &TestParticipant,
) {
    cities[1].kill();
    let sql = "SELECT sum(bikes) AS total FROM model.bicycle_counts";
    let failed = acme.ask(sql).ends(5);
    assert!(failed.err.contains("speyer.example"), "{}", failed.err);
    assert!(!failed.out.contains("total"), "no figure: {}", failed.out);

    let partial = ["--json", "sql", sql, "--purpose", PURPOSE, "--partial"];
    let answer = acme.hansa(&partial).must().lines();
    let rest: i64 = [&counts[0], &counts[2]]
        .into_iter()
        .flat_map(BicycleCounts::values)
        .sum();
    assert_eq!(number(&answer[0], "total"), rest);
    let report = &answer[1]["hansa"];
    assert_eq!(report["complete"], false);
    assert_eq!(text(&report["missing"][0], "participant"), "speyer.example");
    let output = acme.hansa(&partial[1..]).must();
    assert!(
        output
            .out
            .contains("INCOMPLETE: the answer lacks speyer.example"),
        "{}",
        output.out
    );
    // Formats of rows alone say it beside the rows.
    let mut csv = partial[1..].to_vec();
    csv.extend(["--format", "csv"]);
    let output = acme.hansa(&csv).must();
    assert!(output.err.contains("INCOMPLETE"), "{}", output.err);
    // So does whoever wants to hear little, and a file that can.
    let output = acme.hansa(&[&csv[..], &["-q"]].concat()).must();
    assert!(output.err.contains("INCOMPLETE"), "{}", output.err);
    let mut parquet = partial[1..].to_vec();
    parquet.extend(["-o", "rest.parquet"]);
    acme.hansa(&parquet).must();
    let file = std::fs::read(acme.folder().join("rest.parquet")).unwrap();
    let footer = String::from_utf8_lossy(&file);
    assert!(footer.contains("\"complete\":false"), "{footer}");
    // What each has brought stands beside what was expected of it, and who is not there is no participant of it.
    let others = format!("{sql} WHERE participant <> 'speyer.example'");
    let analyze = [
        "--json",
        "explain",
        "--analyze",
        &others,
        "--purpose",
        PURPOSE,
    ];
    let reported = &acme.hansa(&analyze).must().lines()[0];
    let came = reported["came"]["remote_queries"].as_array().unwrap();
    assert_eq!(
        (came.len(), &reported["came"]["rows"]),
        (2, &1.into()),
        "{reported}"
    );
    for remote_query in came {
        assert_eq!(
            (
                number(remote_query, "rows"),
                number(remote_query, "most_rows")
            ),
            (1, 1),
            "{reported}"
        );
        let bytes = number(remote_query, "bytes");
        assert!((100..2000).contains(&bytes), "{reported}");
    }
    let message = acme.hansa(&analyze[1..]).must().out;
    assert!(
        message.contains("1 rows (1 at most were expected), "),
        "{message}"
    );
    let analyze = ["explain", "--analyze", sql, "--purpose", PURPOSE];
    acme.hansa(&analyze).refused("PEER_UNREACHABLE", 5);
    // What its own tables look like is not known; no help promises that they can be gone without.
    let named = "SELECT sum(bikes) AS total FROM speyer.counts";
    let failed = acme
        .hansa(&["sql", named, "--purpose", PURPOSE, "--partial"])
        .refused("PEER_UNREACHABLE", 5);
    assert!(failed.err.contains("can't be named"), "{}", failed.err);
    // Who leaves that city out by name does not need it, nor who does not ask for it.
    let others = format!("{sql} WHERE participant <> 'speyer.example'");
    let answer = acme.ask(&others).must().lines();
    assert_eq!(number(&answer[0], "total"), rest);
    assert_eq!(answer[1]["hansa"]["complete"], true);
    acme.ask("SELECT count(*) FROM worms.counts").must();
}

/// Three cities that serve and a firm with a contract at each.
fn three(counts: &[BicycleCounts; 3]) -> (TestLeague, Vec<TestParticipant>, TestParticipant) {
    let league = TestLeague::new(binary());
    let mut cities: Vec<TestParticipant> = counts
        .iter()
        .map(|counts| city(&league, counts, ALL, "\"league\""))
        .collect();
    let acme = league.firm("acme");
    for city in &mut cities {
        league.hand_bundle_to(city.domain().split('.').next().unwrap());
        city.serve();
        acme.knows(city);
        let alias = city.domain().split('.').next().unwrap();
        let _ = acme.contract(&format!("{alias}.counts"));
    }
    (league, cities, acme)
}

fn samples() -> [BicycleCounts; 3] {
    [
        BicycleCounts::of("lindau", 5, 9, 7),
        BicycleCounts::of("speyer", 3, 14, 11),
        BicycleCounts::of("worms", 8, 4, 13),
    ]
}
