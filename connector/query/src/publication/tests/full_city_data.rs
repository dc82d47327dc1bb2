//! Publication of the complete data of the cities. The files are not included: run `HANSA_CITY_DATA=FOLDER cargo heavy -- --ignored
//! all_city_data`. Without the variable the check fails.

use super::{TestPublisher, dataset_of, demo, floats, ints, near, only, sum};
use crate::ingest::config::DatasetConfig;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Folder with a city's configuration and links to its complete data.
fn linked(folder: &Path, city: &str, links: &[(&str, &str)]) -> PathBuf {
    let data = std::env::var("HANSA_CITY_DATA")
        .expect("HANSA_CITY_DATA names the folder of the full data");
    let place = folder.join(city);
    std::fs::create_dir(&place).unwrap();
    for (name, target) in links {
        symlink(Path::new(&data).join(target), place.join(name)).unwrap();
    }
    for file in std::fs::read_dir(demo(city)).unwrap() {
        let file = file.unwrap();
        if file.path().is_file() {
            std::fs::copy(file.path(), place.join(file.file_name())).unwrap();
        }
    }
    place
}

fn config(place: &Path, file: &str, name: &str) -> DatasetConfig {
    dataset_of(&place.join(file), place, name)
}

#[test]
#[ignore = "needs the full published data, see the head of the file"]
fn all_city_data() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = TestPublisher::new();
    let main = "hansa-datasets.toml";

    let place = linked(folder.path(), "munster", &[("data", "munster/bikes")]);
    let staged = publisher.stage(&config(&place, main, "bike_counts"));
    assert_eq!((staged.report.files, staged.report.rows), (216, 618_633));
    assert_eq!(staged.report.counts.ambiguous, only(&[("observed_at", 48)]));
    let snapshot = staged.commit().unwrap();
    assert_eq!(
        ints(&snapshot, "bikes").iter().flatten().sum::<i64>(),
        42_252_715
    );

    let publisher = TestPublisher::new();
    let place = linked(folder.path(), "ottawa", &[("data", "ottawa")]);
    let staged = publisher.stage(&config(&place, main, "bike_counts"));
    assert_eq!(staged.report.rows, 20_689);

    let place = linked(folder.path(), "barcelona", &[("data", "barcelona")]);
    let staged = publisher.stage(&config(&place, main, "air_quality"));
    assert_eq!(staged.report.rows, 242_228);
    assert_eq!(staged.report.counts.ambiguous, only(&[("observed_at", 28)]));
    near(
        sum(&floats(&staged.commit().unwrap(), "value")),
        5_111_717.0,
    );

    let links = [("data", "zurich/air"), ("parking", "parking")];
    let publisher = TestPublisher::new();
    let place = linked(folder.path(), "zurich", &links);
    assert_eq!(
        publisher
            .stage(&config(&place, main, "air_quality"))
            .report
            .rows,
        140_544
    );
    let staged = publisher.stage(&config(&place, main, "station_measurements"));
    assert_eq!((staged.report.files, staged.report.counts.bad_rows), (5, 0));
    // Five files: half-hours x 13, half-hours x 16, half-hours, hours and days of January 2013 x 19, 19 and 70 columns.
    assert_eq!(staged.report.rows, 1_464_322);
    assert_eq!(
        publisher
            .stage(&config(&place, main, "car_parks"))
            .report
            .rows,
        37
    );

    let publisher = TestPublisher::new();
    let place = linked(folder.path(), "uk", &[("data", "uk_aurn")]);
    assert_eq!(
        publisher
            .stage(&config(&place, main, "air_quality"))
            .report
            .rows,
        15_762
    );

    let place = linked(folder.path(), "lisbon", &[("data", "lisbon")]);
    assert_eq!(
        publisher
            .stage(&config(&place, main, "validations"))
            .report
            .rows,
        36_488
    );
    assert_eq!(
        publisher
            .stage(&config(&place, main, "service_level"))
            .report
            .rows,
        53_664
    );
    let staged = publisher.stage(&config(&place, "stops.toml", "stops"));
    assert_eq!(
        (staged.report.rows, staged.report.counts.bad_rows),
        (12_581, 0)
    );
}

/// Peak memory of this process, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// File of 230 MB. Run `cargo heavy -- --ignored large_file` alone, since the test measures the memory of its process.
#[test]
#[ignore = "takes a minute and must run alone, see its head"]
fn a_large_file_is_published_in_bounded_memory() {
    use std::io::Write as _;
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let file = std::fs::File::create(folder.path().join("a.csv")).unwrap();
    let mut file = std::io::BufWriter::new(file);
    writeln!(file, "day,key,n").unwrap();
    for row in 0_u64..4_000_000 {
        let key = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let (month, day) = (1 + key % 12, 1 + key % 28);
        writeln!(
            file,
            "2026-{month:02}-{day:02},key-{key:010}-and-some-more-text-here,{row}"
        )
        .unwrap();
    }
    file.flush().unwrap();
    let text = "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"CC0-1.0\"\nsort = [\"day\", \"key\"]\n\
        [dataset.source]\npath = \"a.csv\"\n[[dataset.column]]\nname = \"day\"\ntype = \"date\"\n\
        [[dataset.column]]\nname = \"key\"\n[[dataset.column]]\nname = \"n\"\ntype = \"int\"\n";
    let before = peak();
    let staged = publisher.stage(&super::configured(text, folder.path()).remove(0));
    let grown = peak() - before;
    assert_eq!(staged.report.rows, 4_000_000);
    assert!(grown < 400, "{grown} MiB more");
    eprintln!("grew by {grown} MiB");
}
