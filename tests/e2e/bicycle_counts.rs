//! Bicycle counts of a city, made by the tests, so that they can compute the figures themselves.

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use std::fmt::Write as _;

/// One city's counts: a row each for site, hour and bikes.
#[derive(Clone)]
pub(crate) struct BicycleCounts {
    pub(crate) city: &'static str,
    pub(crate) rows: Vec<(String, u32, u32, Option<i64>)>,
}

impl BicycleCounts {
    pub(crate) fn of(city: &'static str, sites: u32, days: u32, seed: u64) -> Self {
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

    pub(crate) fn csv(&self) -> String {
        let mut csv = String::from("at,site,bikes\n");
        for (site, day, hour, bikes) in &self.rows {
            let bikes = bikes.map(|bikes| bikes.to_string()).unwrap_or_default();
            writeln!(csv, "2026-05-{day:02} {hour:02}:00,{site},{bikes}").unwrap();
        }
        csv
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = i64> + '_ {
        self.rows.iter().filter_map(|(_, _, _, bikes)| *bikes)
    }
}

/// A city that offers its counts under these terms.
pub(crate) fn city(
    league: &TestLeague,
    counts: &BicycleCounts,
    terms: &str,
    to: &str,
) -> TestParticipant {
    let city = league.city(counts.city);
    city.write("data/counts.csv", &counts.csv());
    city.configure(MODEL);
    city.publishes();
    city.offers("counts", "terms", terms, to, "auto");
    city
}

/// Such a dataset, as the configuration describes it.
pub(crate) const MODEL: &str = r#"
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
