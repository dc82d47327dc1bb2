//! Files as offices publish them are added, published and asked as they are: no copy is made by hand, and no value of them comes into a
//! configuration.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{number, text};
use std::collections::BTreeMap;

const OPEN: &str = "valid = { from = 2026-01-01, until = 2029-12-31 }";

/// The counters of a city, one column each, of which two are out of order.
const COUNTERS: [&str; 9] = [
    "Berri 1",
    "Brébeuf (données non disponibles)",
    "Côte-Sainte-Catherine",
    "Maisonneuve 1",
    "Maisonneuve 2",
    "du Parc",
    "Pierre-Dupuy",
    "Rachel1",
    "St-Urbain (données non disponibles)",
];

/// The number of a counter on a day; none where it is out of order.
fn counted(day: usize, counter: usize) -> Option<i64> {
    let drawn = i64::try_from(day * 7919 + counter * 104_729 + day * day * 31).unwrap();
    (counter != 1 && counter != 8).then_some(drawn % 4000)
}

/// In the form in which Montréal published its counts of 2012: semicolons, Latin-1, a column for each counter, days before months, and
/// from the sixteenth of 310 rows on the last field is missing.
fn bikes() -> Vec<u8> {
    let mut text = format!("Date;{}\n", COUNTERS.join(";"));
    let first = jiff::civil::date(2012, 1, 1);
    for day in 0..310 {
        let date = first + jiff::Span::new().days(i64::try_from(day).unwrap());
        let shown = (0..COUNTERS.len()).map(|counter| {
            counted(day, counter).map_or_else(String::new, |count| count.to_string())
        });
        let mut fields: Vec<String> = shown.collect();
        if day >= 15 {
            fields.pop();
        }
        text.push_str(&format!(
            "{};{}\n",
            date.strftime("%d/%m/%Y"),
            fields.join(";")
        ));
    }
    let latin = text
        .chars()
        .map(|letter| u8::try_from(u32::from(letter)).unwrap());
    latin.collect()
}

/// A firm that may ask the city for its dataset.
fn asks(league: &TestLeague, city: &mut TestParticipant, dataset: &str) -> TestParticipant {
    let acme = league.firm("acme");
    city.offers(dataset, "all", OPEN, "\"league\"", "auto");
    for alias in [city.domain().trim_end_matches(".example"), "acme"] {
        league.hand_bundle_to(alias);
    }
    city.serve();
    acme.knows(city);
    let _ = acme.contract(&format!(
        "{}.{dataset}",
        city.domain().trim_end_matches(".example")
    ));
    acme
}

fn configuration(city: &TestParticipant) -> String {
    std::fs::read_to_string(city.folder().join("hansa.toml")).unwrap()
}

#[test]
fn a_wide_table_whose_rows_lack_their_last_field_is_asked_as_it_was_published() {
    let league = TestLeague::new(binary());
    let mut city = league.city("montreal");
    std::fs::create_dir_all(city.folder().join("data")).unwrap();
    std::fs::write(city.folder().join("data/bikes.csv"), bikes()).unwrap();
    let before = configuration(&city);
    let add = [
        "--json",
        "dataset",
        "add",
        "data/bikes.csv",
        "--name",
        "bikes",
    ];
    let about = [
        "--title",
        "Bicycle counts",
        "--licence",
        "CC-BY-4.0",
        "--kind",
        "measured",
    ];
    let added = city.hansa(&[&add[..], &about].concat()).must().json();
    assert_eq!(
        (number(&added, "rows_seen"), number(&added, "rows_unread")),
        (310, 0),
        "{added}"
    );
    let names = added["columns"].as_array().unwrap().iter();
    let names: Vec<String> = names.map(|column| text(column, "name")).collect();
    assert_eq!(names, ["date", "station", "value"]);
    let entry = configuration(&city).replace(&before, "");
    for line in [
        "short_rows = \"null\"",
        "encoding  = \"latin-1\"",
        "[dataset.unpivot]",
        "kind        = \"measured\"",
    ] {
        assert!(entry.contains(line), "{line} in\n{entry}");
    }
    for day in (0..310).filter(|day| *day != 0) {
        for count in (0..9)
            .filter_map(|counter| counted(day, counter))
            .filter(|count| *count > 999)
        {
            assert!(!entry.contains(&count.to_string()), "{count} in\n{entry}");
        }
    }
    city.hansa(&["check"]).must();
    let published = city
        .hansa(&["--json", "dataset", "publish", "bikes"])
        .must()
        .json();
    assert_eq!(
        (number(&published, "rows"), number(&published, "bad_rows")),
        (2790, 0),
        "{published}"
    );
    let met = published["met"].as_object().unwrap();
    assert_eq!(
        met.values().next().and_then(serde_json::Value::as_u64),
        Some(295),
        "{published}"
    );

    let acme = asks(&league, &mut city, "bikes");
    let sql = "SELECT station, sum(value) AS n, count(*) AS days, count(value) AS told FROM montreal.bikes GROUP BY station";
    let answer = acme.ask(sql).must().lines();
    let (report, rows) = answer.split_last().unwrap();
    assert_eq!(report["hansa"]["complete"], true, "{report}");
    let found: BTreeMap<String, [i64; 2]> = rows
        .iter()
        .map(|row| {
            assert_eq!(number(row, "days"), 310, "{row}");
            (
                text(row, "station"),
                [row["n"].as_i64().unwrap_or(-1), number(row, "told")],
            )
        })
        .collect();
    let expected: BTreeMap<String, [i64; 2]> = (0..COUNTERS.len())
        .map(|counter| {
            let counts: Vec<i64> = (0..310).filter_map(|day| counted(day, counter)).collect();
            let reported = i64::try_from(counts.len()).unwrap();
            let sum = if reported == 0 {
                -1
            } else {
                counts.iter().sum()
            };
            (COUNTERS[counter].to_owned(), [sum, reported])
        })
        .collect();
    assert_eq!(found, expected);
    let one = acme
        .ask("SELECT value FROM montreal.bikes WHERE \"date\" = DATE '2012-11-05' AND station = 'Berri 1'");
    assert_eq!(one.must().lines()[0]["value"].as_i64(), counted(309, 0));
}

/// Where the source does not say it, each row that lacks a field is one that can't be read, and the refusal says what would take it.
#[test]
fn a_row_that_lacks_its_last_field_is_no_row_unless_the_source_says_so() {
    let league = TestLeague::new(binary());
    let city = league.city("montreal");
    std::fs::create_dir_all(city.folder().join("data")).unwrap();
    std::fs::write(city.folder().join("data/bikes.csv"), bikes()).unwrap();
    let add = [
        "dataset",
        "add",
        "data/bikes.csv",
        "--name",
        "bikes",
        "--licence",
        "CC-BY-4.0",
    ];
    city.hansa(&add).must();
    let strict: Vec<String> = configuration(&city)
        .lines()
        .filter(|line| !line.starts_with("short_rows"))
        .map(str::to_owned)
        .collect();
    city.write("hansa.toml", &strict.join("\n"));
    let failed = city
        .hansa(&["dataset", "publish", "bikes"])
        .refused("ROWS_UNREADABLE", 6);
    for part in [
        "2655 of 2790 rows",
        "data/bikes.csv:17",
        "9 fields and the header 10",
        "short_rows = \"null\"",
    ] {
        assert!(failed.err.contains(part), "`{part}` in {}", failed.err);
    }
}

/// Forecasts of the load of car parks in Dresden: a file for each, without a header.
const FORECASTS: [(&str, &str); 3] = [
    (
        "dresdenaltmarkt",
        include_str!("office_files/dresdenaltmarkt.csv"),
    ),
    (
        "dresdencentrumgalerie",
        include_str!("office_files/dresdencentrumgalerie.csv"),
    ),
    (
        "dresdenkarstadt",
        include_str!("office_files/dresdenkarstadt.csv"),
    ),
];

#[test]
fn a_folder_of_files_without_a_header_is_one_dataset_of_forecasts() {
    let league = TestLeague::new(binary());
    let mut city = league.city("dresden");
    for (name, text) in FORECASTS {
        city.write(&format!("forecast_data/{name}.csv"), text);
    }
    let about = ["--name", "load", "--licence", "MIT", "--kind", "forecast"];
    let dry = ["--json", "--dry-run", "dataset", "add", "forecast_data"];
    let looked = city.hansa(&[&dry[..], &about].concat()).must().json();
    assert_eq!(
        (number(&looked, "files"), &looked["written"]),
        (3, &serde_json::Value::Bool(false)),
        "{looked}"
    );
    // A shell writes the pattern out.
    let named: Vec<String> = FORECASTS
        .map(|(name, _)| format!("forecast_data/{name}.csv"))
        .to_vec();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let may = ["--columns", "column_1,column_2,file"];
    city.hansa(&[&["dataset", "add"][..], &named[..], &about, &may].concat())
        .must();
    let entry = configuration(&city);
    for line in [
        "path      = \"forecast_data/*.csv\"",
        "header_rows = 0",
        "_file_name",
        "kind        = \"forecast\"",
    ] {
        assert!(entry.contains(line), "{line} in\n{entry}");
    }
    assert!(
        !entry.contains("2015-11") && !entry.contains("2019-01"),
        "{entry}"
    );
    let named = entry
        .replace("\"column_1\", \"column_2\"", "\"at\", \"percent\"")
        .replace("\"column_1\"", "\"at\"")
        .replace("\"column_2\"", "\"percent\"");
    city.write("hansa.toml", &named);
    city.publishes();
    let shown = city
        .hansa(&["--json", "dataset", "show", "load"])
        .must()
        .json();
    assert_eq!(
        (shown["kind"].as_str(), number(&shown, "rows")),
        (Some("forecast"), 288),
        "{shown}"
    );

    let acme = asks(&league, &mut city, "load");
    let sql = "SELECT file, count(*) AS n, sum(percent) AS p, max(at) AS last FROM dresden.load GROUP BY file ORDER BY file";
    let answer = acme.ask(sql).must().lines();
    for (row, (name, lines)) in answer.iter().zip(FORECASTS) {
        let values = lines.lines().map(|line| line.split_once(',').unwrap().1);
        let values: Vec<i64> = values.map(|value| value.parse().unwrap()).collect();
        assert_eq!(text(row, "file"), name);
        assert_eq!(
            (number(row, "n"), number(row, "p")),
            (96, values.iter().sum()),
            "{row}"
        );
    }
    // Nobody told the zone of these times but the participant's own.
    assert_eq!(answer.len(), 4, "{answer:?}");
}
