//! Days are those of the dataset's zone: trips around midnight in New York, counted by day and beside a count of their local days.

use crate::binary;
use crate::later_withdrawal::set_zone;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;

const ZONE: &str = "America/New_York";

/// The trips: an instant in UTC and a borough each, most of them around a midnight. The clocks go forward on 10 March.
struct Trips(Vec<(jiff::Timestamp, &'static str)>);

impl Trips {
    fn new() -> Self {
        let mut random = StdRng::seed_from_u64(193);
        let zone = jiff::tz::TimeZone::get(ZONE).unwrap();
        let trips = (0..600).map(|_| {
            let day = jiff::civil::date(2019, 3, random.random_range(8..13));
            let midnight = day.to_zoned(zone.clone()).unwrap().timestamp();
            let minutes = match random.random_range(0..4) {
                0 => random.random_range(0..1440),
                _ => random.random_range(-300..300),
            };
            let at = midnight + jiff::Span::new().minutes(minutes);
            (at, ["Manhattan", "Queens"][random.random_range(0..2)])
        });
        Self(trips.collect())
    }

    fn csv(&self) -> String {
        let rows = self.0.iter();
        let rows = rows.map(|(at, borough)| format!("{at},{borough}\n"));
        format!("pickup_at,borough\n{}", rows.collect::<String>())
    }

    /// How many there are on each day of a zone.
    fn by_day(&self, zone: &str) -> BTreeMap<String, i64> {
        let zone = jiff::tz::TimeZone::get(zone).unwrap();
        let mut days = BTreeMap::new();
        for (at, _) in &self.0 {
            *days.entry(local(*at, &zone)).or_default() += 1;
        }
        days
    }
}

fn local(at: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> String {
    at.to_zoned(zone.clone()).date().to_string()
}

/// The answer to a question for a day and a number, by the day of a zone in which the day begins.
fn count_by_day(firm: &TestParticipant, sql: &str, zone: &str) -> BTreeMap<String, i64> {
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    let answer = firm.ask(sql).must();
    let rows = answer
        .lines()
        .into_iter()
        .filter(|row| row.get("d").is_some());
    let day = |told: &str| match told.len() {
        10 => told.to_owned(),
        _ => {
            let begins: jiff::Timestamp = told.parse().unwrap();
            let begins = begins.to_zoned(zone.clone());
            assert_eq!(
                begins.time(),
                jiff::civil::Time::midnight(),
                "{told}: {sql}"
            );
            begins.date().to_string()
        }
    };
    rows.map(|row| (day(&text(&row, "d")), number(&row, "n")))
        .collect()
}

/// lindau in New York, with its trips; `more` is the end of their entry.
fn city(league: &TestLeague, trips: &Trips, more: &str) -> TestParticipant {
    let city = league.city("lindau");
    set_zone(&city, ZONE);
    city.holds("trips", &trips.csv(), more);
    city.publishes();
    city
}

#[test]
fn days_of_rows_are_local() {
    let league = TestLeague::new(binary());
    let trips = Trips::new();
    let mut lindau = city(&league, &trips, "");
    let acme = league.city("acme");
    league.hand_bundle_to("lindau");
    lindau.offers("trips", "all", ALL, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.trips");
    let (days, utc) = (trips.by_day(ZONE), trips.by_day("UTC"));
    assert_ne!(days, utc);
    for sql in [
        "SELECT date_trunc('day', pickup_at) AS d, count(*) AS n FROM lindau.trips GROUP BY 1",
        "SELECT CAST(pickup_at AS DATE) AS d, count(*) AS n FROM lindau.trips GROUP BY 1",
        "SELECT d, count(*) AS n FROM (SELECT date_trunc('day', pickup_at) AS d FROM lindau.trips) t GROUP BY d",
        "WITH t AS (SELECT pickup_at AS p FROM lindau.trips) SELECT date_trunc('day', p) AS d, count(*) AS n FROM t GROUP BY date_trunc('day', p)",
    ] {
        assert_eq!(count_by_day(&acme, sql, ZONE), days, "{sql}");
        assert_eq!(count_by_day(&lindau, sql, ZONE), days, "{sql}");
    }
    // UTC has to be asked for.
    let asked = "SELECT date_trunc('day', pickup_at AT TIME ZONE 'UTC') AS d, count(*) AS n FROM lindau.trips GROUP BY 1";
    assert_eq!(count_by_day(&acme, asked, "UTC"), utc);
    // A day that is written out begins at its midnight.
    for (day, count) in &days {
        let next: jiff::civil::Date = day.parse().unwrap();
        let next = next.tomorrow().unwrap();
        for (from, to) in [
            (format!("'{day}'"), format!("'{next}'")),
            (format!("DATE '{day}'"), format!("DATE '{next}'")),
            (
                format!("TIMESTAMP '{day} 00:00:00'"),
                format!("TIMESTAMP '{next} 00:00:00'"),
            ),
        ] {
            let sql = format!(
                "SELECT count(*) AS n FROM lindau.trips WHERE pickup_at >= {from} AND pickup_at < {to}"
            );
            let answer = acme.ask(&sql).must().lines();
            assert_eq!(number(&answer[0], "n"), *count, "{sql}");
        }
    }
    let hours =
        "SELECT date_part('hour', pickup_at) AS h, count(*) AS n FROM lindau.trips GROUP BY 1";
    let answer = acme.ask(hours).must().lines();
    let midnight = answer.iter().filter(|row| row["h"].as_f64() == Some(0.0));
    let zone = jiff::tz::TimeZone::get(ZONE).unwrap();
    let expected = trips
        .0
        .iter()
        .filter(|(at, _)| at.to_zoned(zone.clone()).hour() == 0);
    assert_eq!(
        midnight.map(|row| number(row, "n")).sum::<i64>(),
        i64::try_from(expected.count()).unwrap()
    );
    let entry = acme.hansa(&["catalog", "show", "lindau.trips"]).must().out;
    assert!(
        entry.contains("its days are those of America/New_York"),
        "{entry}"
    );
}

/// Hours of a clock that is half an hour off begin at its own hours.
#[test]
fn hours_of_a_zone_with_half_hours_are_local() {
    let league = TestLeague::new(binary());
    let trips = Trips::new();
    let lindau = league.city("lindau");
    set_zone(&lindau, "Asia/Kolkata");
    lindau.holds("trips", &trips.csv(), "");
    lindau.publishes();
    let zone = jiff::tz::TimeZone::get("Asia/Kolkata").unwrap();
    let clocks: Vec<_> = trips
        .0
        .iter()
        .map(|(at, _)| at.to_zoned(zone.clone()))
        .collect();
    let count = |sql: &str| number(&lindau.ask(sql).must().lines()[0], "n");
    let first = clocks.iter().min().unwrap();
    let hour = first.round(
        jiff::ZonedRound::new()
            .smallest(jiff::Unit::Hour)
            .mode(jiff::RoundMode::Trunc),
    );
    let hour = hour.unwrap().timestamp();
    let first_hour = clocks
        .iter()
        .filter(|at| (at.timestamp() - hour).total(jiff::Unit::Hour).unwrap() < 1.0);
    let sql = "SELECT count(*) AS n FROM lindau.trips GROUP BY date_trunc('hour', pickup_at) ORDER BY date_trunc('hour', pickup_at) LIMIT 1";
    assert_eq!(count(sql), i64::try_from(first_hour.count()).unwrap());
    let sharp = clocks.iter().filter(|at| at.minute() == 7).count();
    let sql = "SELECT count(*) AS n FROM lindau.trips WHERE date_part('minute', pickup_at) = 7";
    assert_eq!(count(sql), i64::try_from(sharp).unwrap());
}

/// Columns of two zones have their own days each, and none is asked of both at once.
#[test]
fn days_of_two_zones_are_not_mixed() {
    let league = TestLeague::new(binary());
    let trips = Trips::new();
    let mut lindau = city(&league, &trips, "");
    let mut speyer = league.city("speyer");
    set_zone(&speyer, "UTC");
    speyer.holds("trips", &trips.csv(), "");
    speyer.publishes();
    let acme = league.city("acme");
    for (name, one) in [("lindau", &mut lindau), ("speyer", &mut speyer)] {
        league.hand_bundle_to(name);
        one.offers("trips", "all", ALL, "\"league\"", "auto");
        one.serve();
        acme.knows(one);
        let _ = acme.contract(&format!("{name}.trips"));
    }
    let (local, utc) = (trips.by_day(ZONE), trips.by_day("UTC"));
    let pairs = local
        .iter()
        .map(|(day, n)| n * utc.get(day).copied().unwrap_or_default());
    let joined = "SELECT count(*) AS n FROM lindau.trips a JOIN speyer.trips b \
                  ON CAST(a.pickup_at AS DATE) = CAST(b.pickup_at AS DATE)";
    let answer = acme.ask(joined).must().lines();
    assert_eq!(number(&answer[0], "n"), pairs.sum::<i64>());
    for mixed in [
        "SELECT (SELECT count(*) FROM speyer.trips b WHERE CAST(b.pickup_at AS DATE) = CAST(a.pickup_at AS DATE)) AS n \
         FROM lindau.trips a",
        "SELECT CAST(greatest(a.pickup_at, b.pickup_at) AS DATE) AS d FROM lindau.trips a JOIN speyer.trips b ON a.borough = b.borough",
    ] {
        let refused = acme.ask(mixed).refused("SQL_INVALID", 2);
        assert!(
            refused.err.contains("several time zones"),
            "{}",
            refused.err
        );
    }
}

#[test]
fn days_of_cells_are_local() {
    let trips = Trips::new();
    let days = trips.by_day(ZONE);
    for bucket in ["day", "hour"] {
        let league = TestLeague::new(binary());
        let grid = format!("[dataset.grid]\ndimensions = [\"pickup_at\"]\nbucket = \"{bucket}\"\n");
        let mut lindau = city(&league, &trips, &grid);
        let terms = format!(
            "{ALL}\naggregate = {{ by = [\"pickup_at\"], functions = [\"count\"], measures = [], \
             bucket = \"day\", min_rows = 5 }}"
        );
        lindau.offers("trips", "cells", &terms, "\"league\"", "auto");
        let acme = league.city("acme");
        league.hand_bundle_to("lindau");
        lindau.serve();
        acme.knows(&lindau);
        let contract = acme.contract("lindau.trips");
        let page = acme.hansa(&["contract", "show", &contract]).must().out;
        assert!(page.contains("America/New_York"), "{page}");
        let sql =
            "SELECT date_trunc('day', pickup_at) AS d, count(*) AS n FROM lindau.trips GROUP BY 1";
        assert_eq!(count_by_day(&acme, sql, ZONE), days, "{bucket}");
        // Days of UTC are made of no cells.
        let utc = sql.replace("pickup_at)", "pickup_at AT TIME ZONE 'UTC')");
        acme.ask(&utc).ends(3);
    }
}
