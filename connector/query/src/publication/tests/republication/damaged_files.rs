//! Damaged files of snapshots and of cached rows.

use super::{TRIPS, TestPublisher, ints, trips, write};
use crate::publication::context::PublicationContext;
use crate::publication::{StagingOutcome, stage_snapshot};
use crate::snapshot::Snapshot;
use crate::snapshot::borrowed_snapshot::open_borrowed_snapshot;
use crate::snapshot::checked_block_cache::CheckedBlockCache;
use crate::snapshot::dataset_dir::DatasetDir;
use crate::snapshot::registry::SnapshotRegistry;
use hansa_policy::refusal::ErrorCode;

#[test]
fn a_damaged_snapshot_is_found() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,1\n");
    let snapshot = publisher
        .stage(&trips(folder.path(), TRIPS))
        .commit()
        .unwrap();
    let file = &snapshot.files[0];
    let mut bytes = std::fs::read(file).unwrap();
    bytes[20] ^= 1;
    std::fs::write(file, &bytes).unwrap();
    assert_eq!(
        snapshot.verify().unwrap_err().code,
        ErrorCode::SnapshotDamaged
    );
    bytes.pop();
    std::fs::write(file, &bytes).unwrap();
    let open = || SnapshotRegistry::open(publisher.state.path(), &publisher.context().owner);
    let (registry, faults) = open();
    assert_eq!(faults[0].code, ErrorCode::SnapshotDamaged);
    assert!(registry.holdings().is_empty());
    assert_eq!(registry.damaged_datasets().len(), 1);
    // The remedy of the refusal works: the dataset is published again although its sources have not changed.
    let config = trips(folder.path(), TRIPS);
    let damaged = PublicationContext {
        damaged: true,
        ..publisher.context()
    };
    let outcome = stage_snapshot(&config, &damaged, &|_| {}).unwrap();
    let StagingOutcome::Staged(staged) = outcome else {
        panic!("unchanged");
    };
    assert_eq!(staged.entry.version, "2026-11-20.2");
    // Removal of the folder by hand has an equal effect.
    std::fs::remove_dir_all(snapshot.folder().unwrap()).unwrap();
    assert!(open().0.holdings().is_empty());
    assert_eq!(publisher.stage(&config).entry.version, "2026-11-20.2");
}

/// A worker checks each byte of the connector's files against the digests in the manifest.
#[test]
fn a_worker_reads_no_other_bytes_than_were_published() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,1\n");
    let own = publisher
        .stage(&trips(folder.path(), TRIPS))
        .commit()
        .unwrap();
    let memory = CheckedBlockCache::default();
    let (id, version) = (&own.dataset.id, &own.dataset.version);
    let there = || {
        open_borrowed_snapshot(publisher.state.path(), id, version, own.digest, &memory).unwrap()
    };
    let file = &own.files[0];
    let first = |snapshot: &Snapshot| snapshot.checked.open_reader(file)?.read(&(0..4));
    assert_eq!(first(&there()).unwrap(), "PAR1");
    let mut bytes = std::fs::read(file).unwrap();
    bytes[0] ^= 1;
    std::fs::write(file, &bytes).unwrap();
    let at = std::time::SystemTime::UNIX_EPOCH;
    let open = std::fs::File::options().write(true).open(file).unwrap();
    open.set_modified(at).unwrap();
    let refusal = first(&there()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SnapshotDamaged);
}

/// Cached rows are read again from the source if they were changed.
#[test]
fn rows_that_were_put_aside_are_held_against_their_digest() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,1\n");
    let config = trips(folder.path(), TRIPS);
    let aside = DatasetDir::new(publisher.state.path(), &config.name).parsed_rows();
    drop(publisher.stage(&config));
    let entries = std::fs::read_dir(&aside).unwrap();
    assert_eq!(entries.count(), 0, "of one file there is nothing to save");
    write(folder.path(), "b.csv", "day,trips\n2026-01-02,2\n");
    drop(publisher.stage(&config));
    assert_eq!(publisher.stage(&config).report.files_read, 0);
    let entries = std::fs::read_dir(aside).unwrap();
    let mut files = entries.map(|entry| entry.unwrap().path());
    let rows = files.find(|path| path.extension().unwrap() == "parquet");
    let rows = rows.unwrap();
    let mut bytes = std::fs::read(&rows).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&rows, bytes).unwrap();
    let staged = publisher.stage(&config);
    assert_eq!(staged.report.files_read, 1);
    let trips = ints(&staged.commit().unwrap(), "trips");
    assert_eq!(trips, vec![Some(1), Some(2)]);
}
