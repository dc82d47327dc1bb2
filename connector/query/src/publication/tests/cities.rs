//! Publication of each city's files.

use super::{
    TestPublisher, configured, dates, demo, floats, instants, ints, near, only, shipped, span, sum,
    texts,
};
use crate::publication::source_check::check_sources;

#[test]
fn every_shipped_configuration_fits_its_files() {
    let mut datasets = 0;
    for city in std::fs::read_dir(demo("")).unwrap() {
        let folder = city.unwrap().path();
        let Ok(text) = std::fs::read_to_string(folder.join("hansa-datasets.toml")) else {
            continue;
        };
        for dataset in configured(&text, &folder) {
            check_sources(&dataset, "UTC").unwrap_or_else(|problems| panic!("{problems:#?}"));
            datasets += 1;
        }
    }
    assert_eq!(datasets, 9);
}

#[test]
fn munster_counts_each_bicycle_once_and_knows_its_clock_changes() {
    let publisher = TestPublisher::new();
    let staged = publisher.stage(&shipped("munster", "bike_counts"));
    // Three sites in 2020, with four slots each in the repeated hour.
    assert_eq!(staged.report.rows, 105_396);
    assert_eq!((staged.report.files, staged.report.files_read), (36, 36));
    assert_eq!(staged.report.counts.bad_rows, 0);
    assert_eq!(staged.report.counts.ambiguous, only(&[("observed_at", 12)]));
    assert!(staged.report.counts.gaps.is_empty());
    let snapshot = staged.commit().unwrap();
    assert_eq!(
        ints(&snapshot, "bikes").iter().flatten().sum::<i64>(),
        9_935_456
    );
    let sites = texts(&snapshot, "site");
    let days = dates(&snapshot, "local_date");
    let slots = |site: &str, day: &str| {
        let rows = sites.iter().zip(&days);
        rows.filter(|(s, d)| s.as_deref() == Some(site) && d.as_deref() == Some(day))
            .count()
    };
    assert_eq!(slots("100031297", "2020-03-29"), 92);
    assert_eq!(slots("100031297", "2020-10-25"), 96);
    assert_eq!(slots("100034980", "2020-07-01"), 96);
    assert_eq!(
        span(&snapshot),
        (
            "2019-12-31T23:00:00Z".to_owned(),
            "2020-12-31T22:45:00Z".to_owned()
        )
    );
    let times = instants(&snapshot, "observed_at");
    assert!(times.is_sorted());
    assert_eq!(snapshot.dataset.version, "2026-11-20.1");
    let bikes = snapshot
        .dataset
        .columns
        .iter()
        .find(|column| column.name.as_str() == "bikes");
    assert_eq!(bikes.unwrap().unit.as_deref(), Some("{bicycle}"));
    assert_eq!(
        texts(&snapshot, "site_name")
            .iter()
            .flatten()
            .filter(|n| *n == "Hammer Straße")
            .count(),
        35_132
    );
}

#[test]
fn ottawa_reads_both_ways_of_dates_and_leaves_pedestrians_out() {
    let publisher = TestPublisher::new();
    let staged = publisher.stage(&shipped("ottawa", "bike_counts"));
    assert_eq!(staged.report.rows, 20_689);
    assert_eq!(staged.report.counts.bad_rows, 0);
    assert_eq!(staged.report.counts.missing, only(&[("bikes", 1_196)]));
    let unused = &staged.report.counts.unused;
    assert!(
        unused.contains("12b^ADAWE") && unused.contains("Portage Bridge"),
        "{unused:?}"
    );
    let snapshot = staged.commit().unwrap();
    let bikes = ints(&snapshot, "bikes");
    assert_eq!(bikes.iter().flatten().sum::<i64>(), 15_701_484);
    let sites = texts(&snapshot, "site");
    let of = |site: &str| -> i64 {
        let rows = sites
            .iter()
            .zip(&bikes)
            .filter(|(s, _)| s.as_deref() == Some(site));
        rows.filter_map(|(_, bikes)| *bikes).sum()
    };
    // Counter 9 is written `9 OYNG 1` and counter 11 is written `11 OBVW`, both without the ^ of the others.
    assert_eq!(
        (of("5"), of("9"), of("11"), of("12a")),
        (2_415_490, 301_913, 1_152_571, 1_749_999)
    );
    let days = dates(&snapshot, "local_date");
    let of_year = |year: &str| -> i64 {
        let rows = days.iter().zip(&bikes);
        let rows = rows.filter(|(day, _)| day.as_deref().is_some_and(|day| day.starts_with(year)));
        rows.filter_map(|(_, bikes)| *bikes).sum()
    };
    assert_eq!(
        (of_year("2016"), of_year("2017"), of_year("2020")),
        (3_410_898, 2_957_303, 1_608_492)
    );
    assert_eq!(
        span(&snapshot),
        (
            "2014-01-01T05:00:00Z".to_owned(),
            "2021-04-30T04:00:00Z".to_owned()
        )
    );
}

#[test]
fn zurich_becomes_micrograms_by_a_declared_factor() {
    let publisher = TestPublisher::new();
    let staged = publisher.stage(&shipped("zurich", "air_quality"));
    // 17,568 half hours at eight stations; the values end on 21 March.
    assert_eq!(staged.report.rows, 140_544);
    assert_eq!(staged.report.counts.missing, only(&[("value", 110_086)]));
    let snapshot = staged.commit().unwrap();
    let values = floats(&snapshot, "value");
    near(sum(&values), 822_305.583_916_689_4);
    let stations = texts(&snapshot, "station");
    let times = instants(&snapshot, "observed_at");
    let last = times
        .iter()
        .zip(&values)
        .filter(|(_, value)| value.is_some())
        .map(|(t, _)| t);
    // 14:30 at UTC+1.
    assert_eq!(last.max().unwrap().as_deref(), Some("2020-03-21T13:30:00Z"));
    let days = dates(&snapshot, "local_date");
    let of_day: Vec<f64> = (0..values.len())
        .filter(|row| stations[*row].as_deref() == Some("Zch_Stampfenbachstrasse"))
        .filter(|row| days[*row].as_deref() == Some("2020-03-16"))
        .filter_map(|row| values[row])
        .collect();
    assert_eq!(of_day.len(), 48);
    near(of_day.iter().sum::<f64>() / 48.0, 48.735_440_625_000_02);
    assert!(
        stations
            .iter()
            .flatten()
            .any(|name| name == "Zch_Heubeeribüel"),
        "latin-1"
    );
    let towns = texts(&snapshot, "town");
    assert_eq!(
        towns
            .iter()
            .flatten()
            .filter(|town| *town == "Zürich")
            .count(),
        70_272
    );
    assert_eq!(
        towns
            .iter()
            .flatten()
            .filter(|town| *town == "Opfikon")
            .count(),
        17_568
    );
    let value = snapshot
        .dataset
        .columns
        .iter()
        .find(|column| column.name.as_str() == "value");
    let value = value.unwrap();
    assert_eq!(value.unit.as_deref(), Some("ug.m-3"));
    let conversion = value.conversion.as_deref().unwrap();
    assert!(
        conversion.starts_with("1 ppb = 1.9125 ug.m-3 (EU convention"),
        "{conversion}"
    );
}

#[test]
fn zurich_has_two_units_side_by_side_under_ten_header_lines() {
    let publisher = TestPublisher::new();
    let staged = publisher.stage(&shipped("zurich", "station_measurements"));
    assert_eq!(staged.report.rows, 28_272);
    assert_eq!(staged.report.counts.missing.get("value"), Some(&38));
    let snapshot = staged.commit().unwrap();
    let values = floats(&snapshot, "value");
    near(sum(&values), 2_194_380.387_419_213_4);
    let (measures, units) = (texts(&snapshot, "measure"), texts(&snapshot, "unit"));
    let mean = |unit: &str| {
        let rows = (0..values.len()).filter(|row| measures[*row].as_deref() == Some("NO2"));
        let rows = rows.filter(|row| units[*row].as_deref() == Some(unit));
        let found: Vec<f64> = rows.filter_map(|row| values[row]).collect();
        assert_eq!(found.len(), 1_484);
        found.iter().sum::<f64>() / 1_484.0
    };
    near(mean("µg/m3"), 40.360_808_269_842_35);
    near(mean("ppb"), 21.106_003_140_835_6);
}

#[test]
fn zurich_counts_car_parks_without_a_place() {
    let publisher = TestPublisher::new();
    let staged = publisher.stage(&shipped("zurich", "car_parks"));
    assert_eq!(staged.report.counts.rows, 38);
    assert_eq!(staged.report.rows, 37);
    // No car park has an address in the file; three have no position.
    assert_eq!(staged.report.nulls.get("lon"), Some(&3));
    assert_eq!(staged.report.nulls.get("name"), None);
    assert_eq!(
        staged.report.counts.met,
        only(&[("feature without a geometry", 3)])
    );
    let snapshot = staged.commit().unwrap();
    assert_eq!(
        ints(&snapshot, "spaces").iter().flatten().sum::<i64>(),
        12_508
    );
    assert_eq!(
        floats(&snapshot, "lon")
            .iter()
            .filter(|lon| lon.is_none())
            .count(),
        3
    );
    assert_eq!(
        snapshot.dataset.area,
        Some([8.505_049, 47.356_073, 8.553_929, 47.415_573])
    );
    let lon = snapshot
        .dataset
        .columns
        .iter()
        .find(|column| column.name.as_str() == "lon");
    assert_eq!(lon.unwrap().crs.as_deref(), Some("OGC:CRS84"));
}

#[test]
fn barcelona_counts_hours_from_1_to_24_by_their_ends() {
    let publisher = TestPublisher::new();
    let staged = publisher.stage(&shipped("barcelona", "air_quality"));
    assert_eq!(staged.report.rows, 119_938);
    assert_eq!(staged.report.counts.bad_rows, 0);
    assert_eq!(staged.report.counts.missing, only(&[("value", 7_146)]));
    // Seven stations measure one or both pollutants: fourteen series have a value in the repeated hour.
    assert_eq!(staged.report.counts.ambiguous, only(&[("observed_at", 14)]));
    let snapshot = staged.commit().unwrap();
    let values = floats(&snapshot, "value");
    near(sum(&values), 2_475_878.0);
    // Hour 1 of 1 January starts at midnight, hour 24 of 31 December at 23:00.
    assert_eq!(
        span(&snapshot),
        (
            "2019-12-31T23:00:00Z".to_owned(),
            "2020-12-31T22:00:00Z".to_owned()
        )
    );
    let days = dates(&snapshot, "local_date");
    let pollutants = texts(&snapshot, "pollutant");
    let of_day: Vec<f64> = (0..values.len())
        .filter(|row| pollutants[*row].as_deref() == Some("NO2"))
        .filter(|row| days[*row].as_deref() == Some("2020-03-16"))
        .filter_map(|row| values[row])
        .collect();
    assert_eq!(of_day.len(), 181);
    near(of_day.iter().sum::<f64>() / 181.0, 10.254_143_646_408_84);
    assert_eq!(
        pollutants
            .iter()
            .flatten()
            .filter(|name| *name == "NO2")
            .count(),
        68_536
    );
    assert_eq!(
        days.iter().flatten().max().map(String::as_str),
        Some("2020-12-31")
    );
    assert_eq!(
        snapshot.dataset.area,
        Some([2.1151, 41.3788, 2.2045, 41.4261])
    );
}

#[test]
fn britain_has_days_in_gmt_and_a_town_for_each_site() {
    let publisher = TestPublisher::new();
    let staged = publisher.stage(&shipped("uk", "air_quality"));
    assert_eq!(staged.report.rows, 15_762);
    let snapshot = staged.commit().unwrap();
    let values = floats(&snapshot, "value");
    near(sum(&values), 238_940.334_529_249_14);
    let towns = texts(&snapshot, "town");
    let london: Vec<f64> = (0..values.len())
        .filter(|row| towns[*row].as_deref() == Some("London"))
        .filter_map(|row| values[row])
        .collect();
    assert_eq!(london.len(), 1_065);
    near(london.iter().sum::<f64>() / 1_065.0, 19.893_799_182_712_595);
    assert_eq!(
        span(&snapshot),
        (
            "2020-02-01T00:00:00Z".to_owned(),
            "2020-08-31T00:00:00Z".to_owned()
        )
    );
}

#[test]
fn lisbon_knows_the_municipality_of_each_stop() {
    let publisher = TestPublisher::new();
    let staged = publisher.stage(&shipped("lisbon", "validations"));
    assert_eq!(staged.report.rows, 36_488);
    let snapshot = staged.commit().unwrap();
    let validations = ints(&snapshot, "validations");
    assert_eq!(validations.iter().flatten().sum::<i64>(), 601_285);
    let of = |column: &str, name: &str| -> i64 {
        let names = texts(&snapshot, column);
        let rows = names
            .iter()
            .zip(&validations)
            .filter(|(n, _)| n.as_deref() == Some(name));
        rows.filter_map(|(_, count)| *count).sum()
    };
    assert_eq!(
        (of("municipality", "Almada"), of("municipality", "Lisboa")),
        (74_265, 73_290)
    );
    assert_eq!(
        (of("operator_id", "44"), of("operator_name", "Alsa Todi")),
        (74_509, 74_509)
    );
    // Prefix 20 stands for four municipalities; a plain join would turn its ten rows into forty.
    let names = texts(&snapshot, "municipality");
    assert_eq!(
        names
            .iter()
            .flatten()
            .filter(|name| *name == "Oeste")
            .count(),
        10
    );
    // Leading zeros are kept.
    assert!(
        texts(&snapshot, "stop_id")
            .iter()
            .flatten()
            .all(|stop| stop.len() == 6)
    );
    assert_eq!(
        span(&snapshot),
        (
            "2023-01-01T00:00:00Z".to_owned(),
            "2023-01-03T00:00:00Z".to_owned()
        )
    );

    let level = publisher
        .stage(&shipped("lisbon", "service_level"))
        .commit()
        .unwrap();
    assert_eq!(level.dataset.rows, 53_664);
    assert_eq!(
        ints(&level, "trips").iter().flatten().sum::<i64>(),
        1_517_200
    );
    assert_eq!(
        ints(&level, "trips_run").iter().flatten().sum::<i64>(),
        1_469_019
    );
    // In summer, 1 July starts at 23:00 UTC of the previous day.
    assert_eq!(span(&level).0, "2024-06-30T23:00:00Z");
}
