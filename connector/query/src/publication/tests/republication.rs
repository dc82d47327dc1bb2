//! Repeated publication: files that are read, snapshots that are replaced, and snapshots that are removed.

mod damaged_files;
mod retained_snapshots;

use super::{TestPublisher, check_code, configured, floats, ints, only};
use crate::ingest::config::DatasetConfig;
use crate::publication::dataset_entry::reconfigure_entry;
use crate::publication::{StagedSnapshot, StagingOutcome};
use crate::snapshot::registry::SnapshotRegistry;
use hansa_catalog::dataset::DatasetDescription;
use hansa_policy::refusal::ErrorCode;
use std::path::Path;

const TRIPS: &str = r#"
[[dataset]]
name = "trips"
title = "Trips"
licence = "CC0-1.0"
zone = "Europe/Berlin"
max_bad_rows = 0.0
[dataset.source]
kind = "text"
path = "data"
[[dataset.column]]
name = "day"
type = "date"
required = true
[[dataset.column]]
name = "trips"
type = "int"
"#;

fn write(folder: &Path, file: &str, text: &str) {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join(file), text).unwrap();
}

#[track_caller]
fn trips(folder: &Path, text: &str) -> DatasetConfig {
    configured(text, folder).remove(0)
}

#[test]
fn only_changed_files_are_read_and_nothing_changed_is_nothing_published() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,1\n");
    write(folder.path(), "b.csv", "day,trips\n2026-01-02,2\n");
    let config = trips(folder.path(), TRIPS);
    let staged = publisher.stage(&config);
    assert_eq!(staged.report.files_read, 2);
    let first = staged.commit().unwrap();
    assert!(matches!(
        publisher.try_stage(&config),
        Ok(StagingOutcome::Unchanged(_))
    ));

    write(folder.path(), "b.csv", "day,trips\n2026-01-02,3\n");
    let staged = publisher.stage(&config);
    assert_eq!((staged.report.files, staged.report.files_read), (2, 1));
    assert_eq!(staged.report.rows_before, Some(2));
    assert!(staged.report.schema_changes.is_empty());
    let second = staged.commit().unwrap();
    assert_eq!(
        (
            first.dataset.version.as_str(),
            second.dataset.version.as_str()
        ),
        ("2026-11-20.1", "2026-11-20.2")
    );
    assert_ne!(first.digest, second.digest);
    assert_eq!(
        first.dataset.schema_digest(),
        second.dataset.schema_digest()
    );
    let listed = first.dataset.shown_digest();
    assert_ne!(first.dataset.schema_digest(), listed, "it can be guessed");
    assert_eq!(ints(&first, "trips"), vec![Some(1), Some(2)]);
    assert_eq!(ints(&second, "trips"), vec![Some(1), Some(3)]);
}

/// A snapshot from before descriptions existed has none; a later description is added without reading rows.
#[test]
fn a_description_is_kept_with_the_snapshot_and_changes_without_its_rows() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,1\n");
    let plain = trips(folder.path(), TRIPS);
    let snapshot = publisher.stage(&plain).commit().unwrap();
    assert_eq!(snapshot.dataset.description, DatasetDescription::default());
    let text = TRIPS
        .replace("zone =", "quality = \"complete\"\nzone =")
        .replace("type = \"int\"", "type = \"int\"\nuncertainty = \"± 1\"");
    let described = trips(folder.path(), &text);
    let now = reconfigure_entry(&described, &snapshot.dataset, "Europe/Berlin").unwrap();
    assert_eq!(now.description.quality.as_deref(), Some("complete"));
    assert_eq!(now.columns, snapshot.dataset.columns);
    write(folder.path(), "b.csv", "day,trips\n2026-01-02,2\n");
    let snapshot = publisher.stage(&described).commit().unwrap();
    let [_, column] = snapshot.dataset.columns.as_slice() else {
        panic!("{snapshot:?}");
    };
    assert_eq!(column.uncertainty.as_deref(), Some("± 1"));
    let reopened = SnapshotRegistry::open(publisher.state.path(), &publisher.context().owner).0;
    assert_eq!(**reopened.holdings().values().next().unwrap(), snapshot);
}

#[test]
fn two_publications_at_once_do_not_share_a_label() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,1\n");
    let config = trips(folder.path(), TRIPS);
    let (first, second) = (publisher.stage(&config), publisher.stage(&config));
    let first = first.commit().unwrap();
    assert_eq!(second.commit().unwrap_err().code, ErrorCode::StateBroken);
    first.verify().unwrap();
    assert_eq!(ints(&first, "trips"), vec![Some(1)]);
}

#[test]
fn a_dataset_without_rows_is_published_as_such() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n");
    let snapshot = publisher
        .stage(&trips(folder.path(), TRIPS))
        .commit()
        .unwrap();
    assert_eq!(
        (snapshot.dataset.rows, snapshot.dataset.time_span),
        (0, None)
    );
    let reopened = SnapshotRegistry::open(publisher.state.path(), &publisher.context().owner).0;
    assert_eq!(**reopened.holdings().values().next().unwrap(), snapshot);
}

/// Distinct counts are powers of two, for columns with many, few and no values.
#[test]
fn different_values_are_counted_over_all_files() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let many = |day: u32| -> String {
        let lines = (0..300).map(|trip| format!("2026-01-0{day},{trip},\n"));
        std::iter::once("day,trips,note\n".to_owned())
            .chain(lines)
            .collect()
    };
    let noted = format!("{TRIPS}[[dataset.column]]\nname = \"note\"\ntype = \"text\"\n");
    let count = |staged: &StagedSnapshot| -> Vec<u64> {
        let columns = staged.entry.columns.iter();
        columns.map(|column| column.distinct).collect()
    };
    for day in [1, 2, 3] {
        write(folder.path(), &format!("{day}.csv"), &many(day));
    }
    let config = trips(folder.path(), &noted);
    let staged = publisher.stage(&config);
    assert_eq!(count(&staged), [4, 512, 0]);
    staged.commit().unwrap();
    // Values of cached files count like those of new files.
    for day in [4, 5] {
        write(folder.path(), &format!("{day}.csv"), &many(day));
    }
    assert_eq!(count(&publisher.stage(&config)), [8, 512, 0]);
    let few = trips(folder.path(), TRIPS);
    write(folder.path(), "1.csv", "day,trips\n2026-01-01,7\n");
    for day in 2..=5 {
        std::fs::remove_file(folder.path().join(format!("data/{day}.csv"))).unwrap();
    }
    assert_eq!(count(&publisher.stage(&few)), [1, 1]);
}

#[test]
fn the_same_rows_have_the_same_digest() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "a.csv",
        "day,trips\n2026-01-01,1\n2026-01-01,2\n",
    );
    let config = trips(folder.path(), TRIPS);
    let digest = |publisher: TestPublisher| publisher.stage(&config).digest;
    assert_eq!(digest(TestPublisher::new()), digest(TestPublisher::new()));
}

#[test]
fn a_changed_schema_is_reported_before_it_is_published() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips,note\n2026-01-01,1,x\n");
    publisher
        .stage(&trips(folder.path(), TRIPS))
        .commit()
        .unwrap();
    let other = TRIPS.replace("type = \"int\"", "type = \"float\"")
        + "[[dataset.column]]\nname = \"note\"\n";
    let staged = publisher.stage(&trips(folder.path(), &other));
    assert_eq!(
        staged.report.schema_changes,
        [
            "column `trips` changes from int to float",
            "column `note` comes, text"
        ]
    );
    // A dry run is no publication.
    drop(staged);
    let registry = SnapshotRegistry::open(publisher.state.path(), &publisher.context().owner).0;
    assert_eq!(
        registry
            .holdings()
            .values()
            .next()
            .unwrap()
            .dataset
            .columns
            .len(),
        2
    );
}

#[test]
fn an_unreadable_value_is_shown_and_stops_the_publication_above_its_share() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let rows: String = (1..=28)
        .map(|day| format!("2026-02-{day:02},{day}\n"))
        .collect();
    write(
        folder.path(),
        "a.csv",
        &format!("day,trips\n{rows}2026-02-30,5\n2026-03-01,many\n"),
    );
    let refusal = publisher.refused(&trips(folder.path(), TRIPS));
    check_code(&refusal, ErrorCode::RowsUnreadable, "data/a.csv", Some(30));
    let help = refusal.help.join("\n");
    assert!(
        help.contains("data/a.csv:30: `day` holds `2026-02-30`: not a date"),
        "{help}"
    );
    assert!(
        help.contains("data/a.csv:31: `trips` holds `many`: not a whole number"),
        "{help}"
    );

    let staged = publisher.stage(&trips(folder.path(), &TRIPS.replace("0.0", "0.1")));
    assert_eq!((staged.report.rows, staged.report.counts.bad_rows), (28, 2));
}

#[test]
fn local_times_that_occur_twice_or_not_at_all_follow_the_declared_rule() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(
        folder.path(),
        "a.csv",
        "at\r\n2026-03-29 02:30\r\n2026-10-25 02:30\r\n2026-10-25 24:00\r\n",
    );
    let text = TRIPS.split("[[dataset.column]]").next().unwrap().to_owned()
        + "[[dataset.column]]\nname = \"at\"\ntype = \"instant\"\n";
    let refusal = publisher.refused(&trips(folder.path(), &text));
    check_code(&refusal, ErrorCode::RowsUnreadable, "data/a.csv", Some(2));
    assert!(
        refusal.help.join("\n").contains("data/a.csv:3: `at` holds"),
        "{refusal:#?}"
    );

    let ruled = text + "ambiguous = \"second\"\ngap = \"forward\"\n";
    let staged = publisher.stage(&trips(folder.path(), &ruled));
    assert_eq!(staged.report.counts.ambiguous, only(&[("at", 1)]));
    assert_eq!(staged.report.counts.gaps, only(&[("at", 1)]));
    let snapshot = staged.commit().unwrap();
    let times: Vec<String> = super::instants(&snapshot, "at")
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(
        times,
        [
            "2026-03-29T01:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T23:00:00Z"
        ]
    );
}

#[test]
fn prepare_fails_with_its_place_and_reaches_nothing_else() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,1\n");
    let check = |sql: &str, part: &str| {
        let text = TRIPS.replace("max_bad_rows = 0.0", &format!("prepare = '''{sql}'''"));
        let refusal = publisher.refused(&trips(folder.path(), &text));
        check_code(&refusal, ErrorCode::PrepareFailed, "hansa.toml", Some(7));
        assert!(refusal.sentence.contains(part), "{refusal:#?}");
    };
    check("SELECT nothing FROM source", "nothing");
    check("SELECT day FROM '/etc/passwd'", "/etc/passwd");
    check(
        "SELECT try_cast(trips AS INT) AS trips FROM source",
        "try_cast",
    );
    check("SELECT day, now() AS at FROM source", "now");
    check("SELECT random() AS r FROM source", "random");
    check("COPY source TO '/tmp/x'", "");
    check(
        "SELECT CAST('x' || trips AS BIGINT) AS trips FROM source",
        "x1",
    );
    check("SELECT 1 AS a; SELECT 2 AS b", "");
}

/// The result of a filter must not depend on the neighbours of a NaN.
#[test]
fn numbers_that_are_none_are_never_published() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(
        folder.path(),
        "a.csv",
        "day,trips\n2026-01-01,4\n2026-01-02,0\n2026-01-03,-1\n2026-01-04,1\n",
    );
    let prepare = "prepare = \"SELECT day, CAST(trips AS DOUBLE) / abs(trips) AS share, ln(trips) AS l FROM source\"";
    let strict = TRIPS.replace("max_bad_rows = 0.0", prepare);
    let refusal = publisher.refused(&trips(folder.path(), &strict));
    check_code(
        &refusal,
        ErrorCode::RowsUnreadable,
        "prepared rows",
        Some(2),
    );
    let help = refusal.help.join("\n");
    for part in [
        "prepared rows:2: `share` holds `NaN`: not a finite number",
        "prepared rows:2: `l` holds `-inf`",
        "prepared rows:3: `l` holds `NaN`",
    ] {
        assert!(help.contains(part), "{part} in {help}");
    }
    let lenient = format!("{prepare}\nmax_bad_rows = 0.5");
    let lenient = TRIPS.replace("max_bad_rows = 0.0", &lenient);
    let staged = publisher.stage(&trips(folder.path(), &lenient));
    assert_eq!(staged.report.counts.bad_rows, 2);
    assert_eq!((staged.report.counts.rows, staged.report.rows), (4, 2));
    let snapshot = staged.commit().unwrap();
    assert_eq!(floats(&snapshot, "share"), [Some(1.0), Some(1.0)]);
}

#[test]
fn a_model_lists_every_difference() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,1\n");
    let text = TRIPS.replace("max_bad_rows = 0.0", "model = \"bicycle_counts\"\nprepare = \"SELECT CAST(day AS VARCHAR) AS local_date, trips AS bikes FROM source\"");
    let refusal = publisher.refused(&trips(folder.path(), &text));
    check_code(&refusal, ErrorCode::ModelMismatch, "hansa.toml", Some(2));
    let help = refusal.help.join("\n");
    for part in [
        "`observed_at` is missing",
        "`site` is missing",
        "`local_date` is text, the model has date",
        "`bikes` has no unit",
    ] {
        assert!(help.contains(part), "{part} in {help}");
    }
}

#[test]
fn a_local_date_of_another_zone_is_a_mismatch() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,1\n");
    let text = TRIPS
        .split("[[dataset.column]]")
        .next()
        .unwrap()
        .replace("max_bad_rows = 0.0", "model = \"bicycle_counts\"")
        + r#"
[[dataset.column]]
name = "observed_at"
from = "day"
type = "instant"
format = "%Y-%m-%d"
zone = "UTC"
[[dataset.column]]
name = "local_date"
from = "day"
type = "date"
[[dataset.column]]
name = "interval"
value = "P1D"
[[dataset.column]]
name = "site"
value = "1"
[[dataset.column]]
name = "site_name"
value = "one"
[[dataset.column]]
name = "bikes"
from = "trips"
type = "int"
unit = "{bicycle}"
"#;
    publisher.stage(&trips(folder.path(), &text));
    let far = text.replace("zone = \"Europe/Berlin\"", "zone = \"America/Toronto\"");
    let refusal = publisher.refused(&trips(folder.path(), &far));
    assert_eq!(refusal.code, ErrorCode::ModelMismatch);
    assert!(
        refusal.help.join("\n").contains("1 of 1 rows"),
        "{refusal:#?}"
    );
}
