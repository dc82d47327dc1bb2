//! One question over several participants: the same figures as over all rows in one place, and never silently fewer.

use harness::city::City;
use harness::league::League;
use harness::play::{ALL, PURPOSE, number, text};
use serde_json::Value;
use std::fmt::Write as _;

/// One city's counts: a row each for site, hour and bikes. Made by the test, so that it can compute the figures itself.
#[derive(Clone)]
struct Counts {
    city: &'static str,
    rows: Vec<(String, u32, u32, Option<i64>)>,
}

impl Counts {
    fn of(city: &'static str, sites: u32, days: u32, seed: u64) -> Self {
        let mut state = seed;
        let mut rows = Vec::new();
        for site in 0..sites {
            for day in 1..=days {
                for hour in [6, 7, 16] {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    let drawn = i64::try_from(state >> 52).unwrap();
                    rows.push((
                        format!("{city}{site}"),
                        day,
                        hour,
                        (drawn % 11 != 0).then_some(drawn),
                    ));
                }
            }
        }
        Self { city, rows }
    }

    fn csv(&self) -> String {
        let mut csv = String::from("at,site,bikes\n");
        for (site, day, hour, bikes) in &self.rows {
            let bikes = bikes.map(|bikes| bikes.to_string()).unwrap_or_default();
            writeln!(csv, "2026-05-{day:02} {hour:02}:00,{site},{bikes}").unwrap();
        }
        csv
    }

    fn values(&self) -> impl Iterator<Item = i64> + '_ {
        self.rows.iter().filter_map(|(_, _, _, bikes)| *bikes)
    }
}

const MODEL: &str = r#"
[[dataset]]
name = "counts"
title = "Bicycle counts"
licence = "proprietary"
model = "bicycle_counts"
zone = "Europe/Berlin"
unit_column = "site"

[dataset.source]
kind = "text"
path = "data/counts.csv"

[[dataset.column]]
name = "observed_at"
from = "at"
type = "instant"
format = "%Y-%m-%d %H:%M"
zone = "Europe/Berlin"
required = true

[[dataset.column]]
name = "interval"
value = "PT1H"

[[dataset.column]]
name = "local_date"
of = "observed_at"
required = true

[[dataset.column]]
name = "site"
required = true

[[dataset.column]]
name = "site_name"
from = "site"

[[dataset.column]]
name = "bikes"
type = "int"
unit = "{bicycle}"

[dataset.grid]
dimensions = ["site", "local_date"]
bucket = "day"
zone = "Europe/Berlin"
"#;

fn city(league: &League, counts: &Counts, terms: &str, to: &str) -> City {
    let city = league.city(counts.city);
    city.write("data/counts.csv", &counts.csv());
    city.configure(MODEL);
    city.publishes();
    city.offers("counts", "terms", terms, to, "auto");
    city
}

/// Three cities that serve and a firm with a contract at each.
fn three(counts: &[Counts; 3]) -> (League, Vec<City>, City) {
    let league = League::new(super::binary());
    let mut cities: Vec<City> = counts
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

fn samples() -> [Counts; 3] {
    [
        Counts::of("lindau", 5, 9, 7),
        Counts::of("speyer", 3, 14, 11),
        Counts::of("worms", 8, 4, 13),
    ]
}

#[test]
fn one_question_over_three_cities_gives_the_pooled_figures() {
    let counts = samples();
    let (_league, mut cities, acme) = three(&counts);
    let sql = "SELECT count(*) AS n, count(bikes) AS known, sum(bikes) AS total, min(bikes) AS least, max(bikes) AS most, \
        avg(bikes) AS mean FROM model.bicycle_counts";
    let answer = acme.ask(sql).must().lines();
    let pooled: Vec<i64> = counts.iter().flat_map(Counts::values).collect();
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
    let mut expected: std::collections::BTreeMap<String, i64> = std::collections::BTreeMap::new();
    for (site, day, _, bikes) in counts.iter().flat_map(|counts| &counts.rows) {
        if *day >= 3 {
            *expected.entry(site.clone()).or_default() += bikes.unwrap_or(0);
        }
    }
    let got: std::collections::BTreeMap<String, i64> = answer[..answer.len() - 1]
        .iter()
        .map(|row| (text(row, "site"), number(row, "total")))
        .collect();
    assert_eq!(got, expected);

    a_city_that_is_down_is_named(&counts, &mut cities, &acme);
}

/// Goes on with the same league, since three starts cost more than all questions.
fn a_city_that_is_down_is_named(counts: &[Counts; 3], cities: &mut [City], acme: &City) {
    cities[1].kill();
    let sql = "SELECT sum(bikes) AS total FROM model.bicycle_counts";
    let failed = acme.ask(sql).ends(5);
    assert!(failed.err.contains("speyer.example"), "{}", failed.err);
    assert!(!failed.out.contains("total"), "no figure: {}", failed.out);

    let partial = ["--json", "sql", sql, "--purpose", PURPOSE, "--partial"];
    let answer = acme.hansa(&partial).must().lines();
    let rest: i64 = [&counts[0], &counts[2]]
        .into_iter()
        .flat_map(Counts::values)
        .sum();
    assert_eq!(number(&answer[0], "total"), rest);
    let report = &answer[1]["hansa"];
    assert_eq!(report["complete"], false);
    assert_eq!(text(&report["missing"][0], "participant"), "speyer.example");
    let said = acme.hansa(&partial[1..]).must();
    assert!(
        said.out
            .contains("INCOMPLETE: the answer lacks speyer.example"),
        "{}",
        said.out
    );
    // Formats of rows alone say it beside the rows.
    let mut csv = partial[1..].to_vec();
    csv.extend(["--format", "csv"]);
    let said = acme.hansa(&csv).must();
    assert!(said.err.contains("INCOMPLETE"), "{}", said.err);
    // So does whoever wants to hear little, and a file that can.
    let said = acme.hansa(&[&csv[..], &["-q"]].concat()).must();
    assert!(said.err.contains("INCOMPLETE"), "{}", said.err);
    let mut parquet = partial[1..].to_vec();
    parquet.extend(["-o", "rest.parquet"]);
    acme.hansa(&parquet).must();
    let file = std::fs::read(acme.folder().join("rest.parquet")).unwrap();
    let footer = String::from_utf8_lossy(&file);
    assert!(footer.contains("\"complete\":false"), "{footer}");
    // Who does not ask for that city does not need it.
    acme.ask("SELECT count(*) FROM worms.counts").must();
}

#[test]
fn a_public_view_needs_no_contract() {
    let league = League::new(super::binary());
    let counts = Counts::of("lindau", 2, 3, 5);
    let terms =
        "columns = [\"site\", \"bikes\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }";
    let mut lindau = city(&league, &counts, terms, "\"public\"");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let answer = acme
        .hansa(&[
            "--json",
            "sql",
            "SELECT sum(bikes) AS total FROM lindau.counts",
        ])
        .must()
        .lines();
    assert_eq!(number(&answer[0], "total"), counts.values().sum::<i64>());
    assert!(
        acme.hansa(&["--json", "contract", "list"])
            .must()
            .out
            .is_empty()
    );
    acme.ask("SELECT count(local_date) FROM lindau.counts")
        .refused("COLUMN_UNKNOWN", 2);
}

#[test]
fn small_groups_are_absent_and_totals_do_not_give_them_back() {
    let league = League::new(super::binary());
    let mut counts = Counts::of("lindau", 3, 5, 21);
    // A day with one row at one site: below the threshold of two.
    counts.rows.push(("lindau0".to_owned(), 20, 6, Some(777)));
    let terms = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"local_date\", \"bikes\"]\n\
        aggregate = { by = [\"site\", \"local_date\"], functions = [\"sum\", \"count\"], min_rows = 2 }\n\
        valid = { from = 2026-01-01, until = 2029-12-31 }";
    let mut lindau = city(&league, &counts, terms, "\"league\"");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.counts");

    let mut cells: std::collections::BTreeMap<(String, u32), Vec<i64>> =
        std::collections::BTreeMap::new();
    for (site, day, _, bikes) in &counts.rows {
        cells.entry((site.clone(), *day)).or_default().extend(bikes);
    }
    // A measure of a cell is published if at least two rows carry it.
    cells.retain(|_, bikes| bikes.len() >= 2);
    let answer = acme
        .ask("SELECT site, local_date, sum(bikes) AS total FROM lindau.counts GROUP BY site, local_date")
        .must()
        .lines();
    let got: std::collections::BTreeMap<(String, u32), i64> = answer[..answer.len() - 1]
        .iter()
        .filter(|row| !row["total"].is_null())
        .map(|row| {
            let day = text(row, "local_date")[8..10].parse().unwrap();
            ((text(row, "site"), day), number(row, "total"))
        })
        .collect();
    let expected: std::collections::BTreeMap<(String, u32), i64> = cells
        .iter()
        .map(|(cell, bikes)| (cell.clone(), bikes.iter().sum()))
        .collect();
    assert_eq!(got, expected);
    let rows = &answer[..answer.len() - 1];
    assert!(
        !rows
            .iter()
            .any(|row| row.to_string().contains("2026-05-20")),
        "{rows:?}"
    );

    let answer = acme
        .ask("SELECT sum(bikes) AS total FROM lindau.counts")
        .must()
        .lines();
    let published: i64 = expected.values().sum();
    assert_eq!(number(&answer[0], "total"), published);
    assert_ne!(
        published,
        counts.values().sum::<i64>(),
        "the test shows nothing"
    );
    acme.ask("SELECT site, bikes FROM lindau.counts").ends(3);
}

/// The refusal's text without names that the asker typed.
fn refusal(acme: &City, sql: &str, typed: &str) -> Value {
    let refused = acme.ask(sql);
    assert_ne!(refused.status, Some(0), "{}", refused.out);
    assert!(refused.out.is_empty(), "{}", refused.out);
    serde_json::from_str(&refused.err.replace(typed, "NAME")).unwrap()
}

#[test]
fn what_is_not_permitted_can_not_be_told_from_what_is_not_there() {
    let league = League::new(super::binary());
    let counts = Counts::of("lindau", 2, 2, 3);
    let terms = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }";
    let mut lindau = city(&league, &counts, terms, "\"league\"");
    lindau.holds("salaries", "who,pay\nkarl,3\n", "");
    lindau.publishes();
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.counts");
    for hidden in ["local_date", "site_name", "observed_at"] {
        for sql in [
            "SELECT NAME FROM lindau.counts",
            "SELECT count(*) FROM lindau.counts WHERE NAME IS NULL",
            "SELECT site FROM lindau.counts ORDER BY NAME",
        ] {
            let hidden = refusal(&acme, &sql.replace("NAME", hidden), hidden);
            let absent = refusal(&acme, &sql.replace("NAME", "nonesuch"), "nonesuch");
            assert_eq!(hidden, absent, "{sql}");
        }
    }
    let secret = refusal(&acme, "SELECT count(*) FROM lindau.salaries", "salaries");
    let absent = refusal(&acme, "SELECT count(*) FROM lindau.holidays", "holidays");
    assert_eq!(secret, absent);
    let shown = acme.hansa(&["--json", "catalog", "list"]).must();
    assert!(!shown.out.contains("salaries"), "{}", shown.out);
    for verb in [["catalog", "show"], ["contract", "request"]] {
        let said = |name: &str| {
            let done = acme.hansa(&[verb[0], verb[1], &format!("lindau.{name}")]);
            (done.status, done.out, done.err.replace(name, "NAME"))
        };
        assert_eq!(said("salaries"), said("holidays"));
    }
}

#[test]
fn hidden_rows_change_no_answer() {
    let league = League::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    let seen = "Hafen,310,6\nHafen,502,5\nBahnhof,1204,4\n";
    let table = |hidden: &str| format!("site,bikes,text\n{seen}{hidden}");
    lindau.holds("bikes", &table("Insel,77,9\n"), "");
    let file = lindau.folder().join("hansa.toml");
    let toml = std::fs::read_to_string(&file).unwrap();
    let as_text = "name   = \"text\"\ntype   = \"text\"";
    std::fs::write(
        &file,
        toml.replace("name   = \"text\"\ntype   = \"int\"", as_text),
    )
    .unwrap();
    lindau.publishes();
    lindau.offers(
        "bikes",
        "all",
        &format!("rows = \"site <> 'Insel'\"\n{ALL}"),
        "\"league\"",
        "auto",
    );
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    let questions = [
        "SELECT * FROM lindau.bikes ORDER BY bikes",
        "SELECT count(*) AS n, min(bikes) AS a, max(bikes) AS b, avg(bikes) AS c FROM lindau.bikes",
        "SELECT sum(1000 / (bikes - 77)) AS x FROM lindau.bikes",
        "SELECT sum(CAST(text AS BIGINT)) AS x FROM lindau.bikes",
        "SELECT count(*) AS n FROM lindau.bikes WHERE site = 'Insel' OR bikes = 77",
        "SELECT site, count(*) AS n FROM lindau.bikes GROUP BY site HAVING count(*) > 0 ORDER BY site",
        "SELECT count(*) AS n FROM lindau.bikes WHERE 1 / (bikes - 310) > 5",
        "SELECT (SELECT bikes FROM lindau.bikes) AS one",
        "SELECT bikes FROM lindau.bikes ORDER BY bikes LIMIT 1",
    ];
    let ask = || {
        questions.map(|sql| {
            let done = acme.ask(sql);
            let rows: Vec<&str> = done
                .out
                .lines()
                .filter(|line| !line.starts_with("{\"hansa\""))
                .collect();
            let error = done.err.lines().next().unwrap_or_default();
            // The one thing in a refusal that differs from time to time is the question's own number.
            (done.status, rows.join("\n"), error.to_owned())
        })
    };
    let before = ask();
    assert_eq!(
        number(&serde_json::from_str(&before[1].1).unwrap(), "n"),
        3,
        "{before:?}"
    );
    assert!(
        before[2].0 == Some(0) && before[3].0 == Some(0),
        "{before:?}"
    );
    for hidden in [
        "",
        "Insel,0,none\nInsel,-5,1\nInsel,310,x\n",
        "Insel,9223372036854775807,\nInsel,,\n",
    ] {
        lindau.write("data/bikes.csv", &table(hidden));
        lindau.publishes();
        let after = ask();
        for ((question, before), after) in questions.iter().zip(&before).zip(&after) {
            assert_eq!(before, after, "{question} with `{hidden}`");
        }
    }
}
