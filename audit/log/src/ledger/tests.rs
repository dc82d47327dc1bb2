//! Tests: a confirmed record is in the storage; after a failure nothing is confirmed any more.

use super::{Evidence, LedgerError};
use crate::chain::ChainState;
use crate::note::Checkpoint;
use crate::record::Record;
use crate::record::body::RecordBody;
use crate::record::publications::UnpublicationRecord;
use crate::record::upkeep::ClockRecord;
use crate::testing::{
    LOG, MemoryStorage, NumberedEvidence, sample_ledger, sample_metadata, stored_lines,
};
use crate::time::UtcTimestamp;
use crate::tree::{MerkleTree, leaf_hash};

#[test]
fn staged_flushed_confirmed() {
    let mut test_ledger = sample_ledger(MemoryStorage::default());
    let first = test_ledger
        .stage(NumberedEvidence(1), sample_metadata(0))
        .unwrap();
    assert_eq!(test_ledger.durable_head().size, 0);
    let early = test_ledger.flush().unwrap();
    let second = test_ledger
        .stage(NumberedEvidence(2), sample_metadata(1))
        .unwrap();
    let third = test_ledger
        .stage(NumberedEvidence(3), sample_metadata(2))
        .unwrap();
    let second = second.confirm(&early).expect_err("not reached");
    let first = first.confirm(&early).unwrap();
    assert_eq!((first.0, first.receipt().index()), (1, 0));
    let flushed = test_ledger.flush().unwrap();
    assert_eq!((flushed.first_index(), flushed.durable_count()), (1, 3));
    let second = second.confirm(&flushed).unwrap();
    let third = third.confirm(&flushed).unwrap();
    assert_eq!(test_ledger.storage_mut().appends, 2);

    let kept = stored_lines(&test_ledger.storage_mut().kept);
    let leaves: Vec<_> = kept.iter().map(|line| leaf_hash(line)).collect();
    assert_eq!(
        leaves,
        [
            first.receipt().leaf(),
            second.receipt().leaf(),
            third.receipt().leaf()
        ]
    );
    assert_eq!(flushed.leaves()[1].frame, kept[2].len() + 1);
    let root = MerkleTree::of(leaves).root(3).unwrap();
    assert_eq!(
        test_ledger.durable_head(),
        &Checkpoint {
            origin: LOG.to_owned(),
            size: 3,
            root
        }
    );
}

#[test]
fn another_ledger_confirms_nothing() {
    let (mut a, mut b) = (
        sample_ledger(MemoryStorage::default()),
        sample_ledger(MemoryStorage::default()),
    );
    let staged = a.stage(NumberedEvidence(1), sample_metadata(0)).unwrap();
    let _ = b.stage(NumberedEvidence(1), sample_metadata(0)).unwrap();
    let flushed = b.flush().unwrap();
    assert!(staged.confirm(&flushed).is_err());
}

#[test]
fn records_follow_each_other() {
    let mut test_ledger = sample_ledger(MemoryStorage::default());
    // The wall clock goes back by an hour; the times in the log don't.
    let times = [
        sample_metadata(0),
        sample_metadata(3600),
        sample_metadata(5),
        sample_metadata(3601),
    ];
    for (n, stamp) in times.into_iter().enumerate() {
        let _ = test_ledger
            .record(NumberedEvidence(n as i64), stamp)
            .unwrap();
    }
    let mut chain = ChainState::new(LOG);
    let mut at = Vec::new();
    for line in stored_lines(&test_ledger.storage_mut().kept) {
        at.push(chain.accept_record(&line).unwrap().at.micros() / 1_000_000 - 1_800_000_000);
    }
    assert_eq!(at, [0, 3600, 3600, 3601]);
    assert_eq!(&chain.head(), test_ledger.durable_head());
}

#[test]
fn going_on_after_a_restart() {
    let mut test_ledger = sample_ledger(MemoryStorage::default());
    let _ = test_ledger
        .record(NumberedEvidence(0), sample_metadata(10))
        .unwrap();
    let mut chain = ChainState::new(LOG);
    chain
        .accept_record(&stored_lines(&test_ledger.storage_mut().kept)[0])
        .unwrap();
    let mut test_ledger = super::Ledger::open(MemoryStorage::default(), chain.clone(), "boot-2");
    let recorded = test_ledger
        .record(NumberedEvidence(1), sample_metadata(3))
        .unwrap();
    assert_eq!(recorded.receipt().index(), 1);
    assert_eq!(recorded.receipt().time(), sample_metadata(10).tick.wall);
    let line = stored_lines(&test_ledger.storage_mut().kept).remove(0);
    assert_eq!(chain.accept_record(&line).unwrap().boot, "boot-2");
}

#[test]
fn shut_for_good_after_each_crash_point() {
    for fail_at in 0..3 {
        for torn in [0, 1, 100, 10_000] {
            let mut test_ledger = sample_ledger(MemoryStorage {
                fail_at: Some(fail_at),
                torn,
                ..MemoryStorage::default()
            });
            for n in 0..fail_at {
                let _ = test_ledger
                    .record(NumberedEvidence(n as i64), sample_metadata(0))
                    .unwrap();
            }
            let staged = test_ledger
                .stage(NumberedEvidence(7), sample_metadata(0))
                .unwrap();
            let failed = test_ledger.flush().expect_err("told to fail");
            assert!(matches!(&failed, LedgerError::Broken(broken) if broken.full));
            // The storage would work again; the ledger does not try.
            test_ledger.storage_mut().fail_at = None;
            assert_eq!(test_ledger.flush().map(|_| ()), Err(failed.clone()));
            assert_eq!(
                test_ledger
                    .stage(NumberedEvidence(8), sample_metadata(0))
                    .map(|_| ()),
                Err(failed.clone())
            );
            assert_eq!(
                test_ledger
                    .record(NumberedEvidence(8), sample_metadata(0))
                    .map(|_| ()),
                Err(failed)
            );
            assert_eq!(test_ledger.storage_mut().appends, fail_at);
            assert_eq!(test_ledger.durable_head().size, fail_at as u64);
            drop(staged);
            // Confirmed records are there, possibly with others.
            assert!(stored_lines(&test_ledger.storage_mut().kept).len() >= fail_at);
        }
    }
}

/// Removal with a reason of this length.
struct LongEvidence(usize);

impl Evidence for LongEvidence {
    fn to_record_body(&self) -> RecordBody {
        UnpublicationRecord {
            dataset: "bikes".to_owned(),
            version: "2026-06-01.1".to_owned(),
            reason: "x".repeat(self.0),
        }
        .into()
    }
}

/// Step of the clock, microseconds.
struct ClockStep(i64);

impl Evidence for ClockStep {
    fn to_record_body(&self) -> RecordBody {
        ClockRecord {
            step_us: Some(self.0),
            outcome: None,
            acknowledged: None,
            source: "system".to_owned(),
        }
        .into()
    }
}

#[test]
fn one_bad_record_harms_no_other() {
    let mut test_ledger = sample_ledger(MemoryStorage::default());
    assert!(matches!(
        test_ledger
            .record(LongEvidence(66_000), sample_metadata(0))
            .map(|_| ()),
        Err(LedgerError::TooLarge {
            kind: "unpublish",
            bytes: 66_000..
        })
    ));
    // JSON readers need not keep a number with this many digits.
    assert_eq!(
        test_ledger
            .record(ClockStep(i64::MIN), sample_metadata(0))
            .map(|_| ()),
        Err(LedgerError::Unsound { kind: "clock" })
    );
    // The largest record that fits can be read back.
    let empty = test_ledger.record(LongEvidence(0), sample_metadata(0));
    assert_eq!(empty.unwrap().receipt().index(), 0);
    let room = 65_535 - stored_lines(&test_ledger.storage_mut().kept)[0].len();
    assert_eq!(
        test_ledger
            .record(LongEvidence(room), sample_metadata(0))
            .unwrap()
            .receipt()
            .index(),
        1
    );
    let kept = stored_lines(&test_ledger.storage_mut().kept);
    assert_eq!(kept[1].len(), 65_535);
    assert!(Record::from_bytes(&kept[1]).is_ok());
    assert!(Record::from_bytes(&kept[1]).unwrap().at > UtcTimestamp::EARLIEST);
}
