//! Growth of a feed: published rows do not change, and a question can ask for rows since or up to a publication.

use super::{TestPublisher, configured, ints};
use crate::ingest::config::DatasetConfig;
use crate::publication::context::PublicationContext;
use crate::publication::{StagedSnapshot, StagingOutcome, stage_snapshot};
use crate::snapshot::Snapshot;
use crate::snapshot::change::SnapshotChange;
use crate::snapshot::registry::SnapshotRegistry;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

const READINGS: &str = r#"
[[dataset]]
name = "readings"
title = "Readings"
licence = "CC0-1.0"
zone = "Europe/Berlin"
feed = true
[dataset.source]
kind = "text"
path = "data"
[[dataset.column]]
name = "at"
type = "instant"
required = true
[[dataset.column]]
name = "value"
type = "int"
"#;

struct TestFeed {
    publisher: TestPublisher,
    folder: tempfile::TempDir,
    text: String,
    days: u32,
}

impl TestFeed {
    fn new() -> Self {
        Self {
            publisher: TestPublisher::new(),
            folder: tempfile::tempdir().unwrap(),
            text: READINGS.to_owned(),
            days: 0,
        }
    }

    /// Writes a file with one value for each hour, starting at `hour`.
    fn bring(&self, file: &str, hour: u32, values: &[i64]) {
        let lines = values.iter().zip(hour..).map(|(value, hour)| {
            format!(
                "2026-01-{:02}T{:02}:00:00Z,{value}\n",
                1 + hour / 24,
                hour % 24
            )
        });
        let text: String = std::iter::once("at,value\n".to_owned())
            .chain(lines)
            .collect();
        let data = self.folder.path().join("data");
        std::fs::create_dir_all(&data).unwrap();
        std::fs::write(data.join(file), text).unwrap();
    }

    fn config(&self) -> DatasetConfig {
        configured(&self.text, self.folder.path()).remove(0)
    }

    /// Context of a publication one day later.
    fn context(&mut self, anew: bool) -> PublicationContext {
        self.days += 1;
        let now = format!("2026-11-{:02}T12:00:00Z", self.days);
        PublicationContext {
            now: now.parse().unwrap(),
            anew,
            ..self.publisher.context()
        }
    }

    fn try_publish(&mut self, anew: bool) -> Result<StagingOutcome, Refusal> {
        stage_snapshot(&self.config(), &self.context(anew), &|_| {})
    }

    #[track_caller]
    fn staged(&mut self) -> StagedSnapshot {
        match self.try_publish(false) {
            Ok(StagingOutcome::Staged(staged)) => *staged,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn publish(&mut self) -> Snapshot {
        self.staged().commit().unwrap()
    }
}

#[track_caller]
fn grown(snapshot: &Snapshot, label: &str) -> Vec<Option<i64>> {
    match snapshot.compare_with_label(label) {
        SnapshotChange::Grown(grown) => ints(&grown, "value"),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(refusal: &Refusal, code: ErrorCode, part: &str) {
    assert_eq!(refusal.code, code, "{refusal:#?}");
    assert!(refusal.sentence.contains(part), "{refusal:#?}");
}

#[test]
fn new_files_are_segments_and_nothing_else_is_read() {
    let mut feed = TestFeed::new();
    feed.bring("a.csv", 0, &[1, 2]);
    let first = feed.publish();
    let reported = first.dataset.feed.clone().unwrap();
    assert_eq!((reported.segments, reported.newest.unwrap().rows), (1, 2));
    feed.bring("b.csv", 30, &[3]);
    let staged = feed.staged();
    assert_eq!((staged.report.rows, staged.report.arrived), (3, Some(1)));
    assert_eq!((staged.report.files, staged.report.files_read), (1, 1));
    let second = staged.commit().unwrap();
    feed.bring("c.csv", 10, &[4, 5]);
    let third = feed.publish();
    assert_eq!(ints(&third, "value"), [1, 2, 3, 4, 5].map(Some));
    assert_eq!(grown(&third, &first.dataset.version), [3, 4, 5].map(Some));
    assert_eq!(grown(&third, &second.dataset.version), [4, 5].map(Some));
    assert!(matches!(
        third.compare_with_label(&third.dataset.version),
        SnapshotChange::Same
    ));
    assert!(matches!(
        third.compare_with_label("2026-10-31.1"),
        SnapshotChange::Another
    ));
    // The entry describes all segments together, and each segment separately.
    let entry = &third.dataset;
    let span = |from: &str, to: &str| Some((from.parse().unwrap(), to.parse().unwrap()));
    assert_eq!(entry.rows, 5);
    assert_eq!(
        entry.time_span,
        span("2026-01-01T00:00:00Z", "2026-01-02T06:00:00Z")
    );
    let newest = entry.feed.clone().unwrap().newest.unwrap();
    assert_eq!(newest.version, entry.version);
    assert_eq!(newest.arrived, "2026-11-03T12:00:00Z".parse().unwrap());
    assert_eq!(
        newest.time_span,
        span("2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z")
    );
    // The digest covers the files, and the files of earlier segments are equal.
    third.verify().unwrap();
    assert_ne!(third.digest, second.digest);
    // Earlier states stay readable while they are held, and after a restart.
    assert_eq!(ints(&first, "value"), [1, 2].map(Some));
    let owner = feed.publisher.context().owner;
    let (registry, faults) = SnapshotRegistry::open(feed.publisher.state.path(), &owner);
    assert!(faults.is_empty(), "{faults:?}");
    let holdings = registry.holdings();
    let again = holdings.values().next().unwrap();
    assert_eq!(again.dataset, third.dataset);
    assert_eq!(grown(again, &first.dataset.version), [3, 4, 5].map(Some));
    again.verify().unwrap();
}

#[test]
fn as_of_an_instant_is_what_had_come_by_then() {
    let mut feed = TestFeed::new();
    for (file, value) in [("a.csv", 1), ("b.csv", 2), ("c.csv", 3)] {
        feed.bring(file, 0, &[value]);
        feed.publish();
    }
    feed.bring("d.csv", 0, &[4]);
    let last = feed.publish();
    let as_of = |at: &str| {
        let then = last.as_of(at.parse().unwrap())?;
        Some(
            ints(&then, "value")
                .into_iter()
                .flatten()
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(as_of("2026-11-01T11:59:59Z"), None, "there was no dataset");
    assert_eq!(as_of("2026-11-01T12:00:00Z"), Some(vec![1]));
    assert_eq!(as_of("2026-11-03T11:59:59Z"), Some(vec![1, 2]));
    assert_eq!(as_of("2026-11-04T12:00:00Z"), Some(vec![1, 2, 3, 4]));
    assert_eq!(as_of("2027-01-01T00:00:00Z"), Some(vec![1, 2, 3, 4]));
}

#[test]
fn files_that_were_read_may_go_and_titles_may_change() {
    let mut feed = TestFeed::new();
    feed.bring("a.csv", 0, &[1]);
    feed.bring("b.csv", 0, &[2]);
    let first = feed.publish();
    std::fs::remove_file(feed.folder.path().join("data/a.csv")).unwrap();
    assert!(matches!(
        feed.try_publish(false),
        Ok(StagingOutcome::Unchanged(_))
    ));
    feed.text = feed
        .text
        .replace("title = \"Readings\"", "title = \"All readings\"");
    let second = feed.publish();
    assert_eq!(second.dataset.title, "All readings");
    assert_eq!(ints(&second, "value"), [1, 2].map(Some));
    assert_eq!(grown(&second, &first.dataset.version), [None; 0]);
    feed.bring("c.csv", 0, &[3]);
    let third = feed.publish();
    assert_eq!(grown(&third, &first.dataset.version), [Some(3)]);
    assert_eq!(grown(&third, &second.dataset.version), [Some(3)]);
}

#[test]
fn what_was_read_does_not_change() {
    let mut feed = TestFeed::new();
    feed.bring("a.csv", 0, &[1]);
    let first = feed.publish();
    feed.bring("a.csv", 0, &[1, 2]);
    let refusal = feed.try_publish(false).unwrap_err();
    refused(
        &refusal,
        ErrorCode::FeedChanged,
        "`data/a.csv` is another file",
    );
    feed.bring("a.csv", 0, &[1]);
    feed.text = feed.text.replace(
        "feed = true",
        "feed = true\nprepare = \"SELECT at, value * 2 AS value FROM source\"",
    );
    let refusal = feed.try_publish(false).unwrap_err();
    refused(
        &refusal,
        ErrorCode::FeedChanged,
        "read or prepared in another way",
    );
    // The remedy of the refusal works, and afterwards there is no continuation of the earlier feed.
    let Ok(StagingOutcome::Staged(staged)) = feed.try_publish(true) else {
        panic!("not published anew");
    };
    let anew = staged.commit().unwrap();
    assert_eq!(ints(&anew, "value"), [Some(2)]);
    assert!(matches!(
        anew.compare_with_label(&first.dataset.version),
        SnapshotChange::Another
    ));
    assert_eq!(anew.dataset.feed.unwrap().segments, 1);
}

/// A rotated or moved file would be read again. Files without rows are all equal and do not count.
#[test]
fn a_file_under_another_name_is_not_read_twice() {
    let mut feed = TestFeed::new();
    feed.bring("a.csv", 0, &[1]);
    feed.bring("empty-1.csv", 0, &[]);
    feed.publish();
    let data = feed.folder.path().join("data");
    let moves = |from: &str, to: &str| std::fs::rename(data.join(from), data.join(to)).unwrap();
    moves("a.csv", "2026-a.csv");
    let refusal = feed.try_publish(false).unwrap_err();
    refused(&refusal, ErrorCode::FeedChanged, "has read as `data/a.csv`");
    moves("2026-a.csv", "a.csv");
    moves("empty-1.csv", "empty-2.csv");
    feed.bring("b.csv", 0, &[1]);
    assert_eq!(ints(&feed.publish(), "value"), [1, 1].map(Some));
}

#[test]
fn a_preparation_sees_new_rows_alone_and_none_is_no_row() {
    let mut feed = TestFeed::new();
    feed.text = feed.text.replace(
        "feed = true",
        "feed = true\nprepare = \"SELECT max(at) AS at, sum(value) AS value FROM source\"",
    );
    feed.bring("a.csv", 0, &[1, 2]);
    feed.publish();
    feed.bring("b.csv", 0, &[10, 20]);
    assert_eq!(ints(&feed.publish(), "value"), [3, 30].map(Some));
    feed.text = feed
        .text
        .replace("title = \"Readings\"", "title = \"Sums\"");
    assert_eq!(ints(&feed.publish(), "value"), [3, 30].map(Some));
}

#[test]
fn a_damaged_feed_does_not_grow() {
    let mut feed = TestFeed::new();
    feed.bring("a.csv", 0, &[1]);
    let first = feed.publish();
    std::fs::write(&first.files[0], b"cut").unwrap();
    feed.bring("b.csv", 0, &[2]);
    let refusal = feed.try_publish(false).unwrap_err();
    refused(&refusal, ErrorCode::SnapshotDamaged, "are damaged");
}

#[test]
fn a_dataset_becomes_a_feed_with_its_next_publication() {
    let mut feed = TestFeed::new();
    feed.text = feed.text.replace("feed = true\n", "");
    feed.bring("a.csv", 0, &[1]);
    let plain = feed.publish();
    assert_eq!(plain.dataset.feed, None);
    assert!(matches!(
        plain.compare_with_label("2026-01-01.1"),
        SnapshotChange::Another
    ));
    assert!(
        plain
            .as_of("2026-11-01T11:00:00Z".parse().unwrap())
            .is_none()
    );
    feed.text = READINGS.to_owned();
    let first = feed.publish();
    assert!(matches!(
        first.compare_with_label(&plain.dataset.version),
        SnapshotChange::Another
    ));
    feed.bring("b.csv", 0, &[2]);
    assert_eq!(grown(&feed.publish(), &first.dataset.version), [Some(2)]);
}

/// A dataset in place keeps no files in its folder.
#[test]
fn rows_in_place_are_no_feed() {
    let text = "[[dataset]]\nname = \"a\"\ntitle = \"A\"\nlicence = \"CC0-1.0\"\nfeed = true\n\
                [dataset.source]\nkind = \"parquet\"\npath = \"a.parquet\"\nin_place = true\n";
    let problems =
        crate::ingest::config::parser::parse_datasets(text, "hansa.toml", Path::new("."))
            .unwrap_err();
    assert!(
        problems[0].sentence.contains("`feed` keeps"),
        "{problems:?}"
    );
}
