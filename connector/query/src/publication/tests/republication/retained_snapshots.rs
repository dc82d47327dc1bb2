//! Snapshots that stay while they have readers or during their retention period.

use super::*;

#[test]
fn running_streams_keep_their_snapshot_and_its_folder_goes_with_the_last() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,1\n");
    let config = trips(folder.path(), TRIPS);
    let registry = SnapshotRegistry::open(publisher.state.path(), &publisher.context().owner).0;
    let first = registry.put_snapshot(publisher.stage(&config).commit().unwrap(), None);
    let pinned = registry.holdings();
    write(folder.path(), "a.csv", "day,trips\n2026-01-01,7\n");
    registry.put_snapshot(publisher.stage(&config).commit().unwrap(), None);
    let old = first.folder().unwrap().to_owned();
    drop(first);
    let held = pinned.values().next().unwrap();
    assert_eq!(ints(held, "trips"), vec![Some(1)]);
    assert!(old.is_dir());
    drop(pinned);
    assert!(!old.exists());
    let now = registry.holdings();
    assert_eq!(ints(now.values().next().unwrap(), "trips"), vec![Some(7)]);

    // After a restart the newest snapshot is available and can be withdrawn.
    let registry = SnapshotRegistry::open(publisher.state.path(), &publisher.context().owner).0;
    let name = "trips".parse().unwrap();
    let refusal = registry.withdraw(&name, "2026-11-20.1").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::DatasetNotPublished);
    let gone = registry.withdraw(&name, "2026-11-20.2").unwrap();
    assert!(registry.holdings().is_empty());
    let path = gone.folder().unwrap().to_owned();
    drop(gone);
    assert!(!path.exists());
    let registry = SnapshotRegistry::open(publisher.state.path(), &publisher.context().owner).0;
    assert!(registry.holdings().is_empty());
    // A label is never reused.
    assert_eq!(publisher.stage(&config).entry.version, "2026-11-20.3");
}

#[test]
fn an_old_snapshot_is_kept_until_it_is_forgotten_and_nobody_reads_it() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let config = trips(folder.path(), TRIPS);
    let name = "trips".parse().unwrap();
    let day = |number: u8| format!("2026-11-2{number}T00:00:00Z").parse().unwrap();
    let open = || {
        let since = |_: &hansa_policy::id::SqlIdentifier| Some(day(7));
        SnapshotRegistry::open_keeping(publisher.state.path(), &publisher.context().owner, &since).0
    };
    let publish = |registry: &SnapshotRegistry, trips: u8, kept| {
        write(
            folder.path(),
            "a.csv",
            &format!("day,trips\n2026-01-01,{trips}\n"),
        );
        registry.put_snapshot(publisher.stage(&config).commit().unwrap(), kept)
    };
    let registry = open();
    let first = publish(&registry, 1, Some(day(1)))
        .folder()
        .unwrap()
        .to_owned();
    let pinned = registry.holdings();
    let second = publish(&registry, 2, Some(day(2)))
        .folder()
        .unwrap()
        .to_owned();
    let third = publish(&registry, 3, Some(day(3)))
        .folder()
        .unwrap()
        .to_owned();
    let versions = |registry: &SnapshotRegistry| {
        let kept = registry.retained_snapshots(&name).into_iter();
        kept.map(|old| (old.version, old.since)).collect::<Vec<_>>()
    };
    let [one, two] = ["2026-11-20.1", "2026-11-20.2"].map(str::to_owned);
    assert_eq!(
        versions(&registry),
        [(one.clone(), day(2)), (two.clone(), day(3))]
    );
    // A reader can read to the end.
    registry.forget(&name, &one).unwrap();
    assert!(first.is_dir());
    let held = pinned.values().next().unwrap();
    assert_eq!(ints(held, "trips"), vec![Some(1)]);
    drop(pinned);
    assert!(!first.exists() && second.is_dir());

    // A retained snapshot survives a restart; the published one is not among them.
    drop(registry);
    let registry = open();
    assert_eq!(versions(&registry), [(two.clone(), day(3))]);
    assert!(third.is_dir());
    // A crash before the record of the replacement: the retention period starts at the restart.
    std::fs::remove_file(second.join("replaced")).unwrap();
    drop(registry);
    let registry = open();
    assert_eq!(versions(&registry), [(two.clone(), day(7))]);
    registry.forget(&name, &two).unwrap();
    assert!(!second.exists() && third.is_dir());
    assert_eq!(registry.names(), [name]);
}
