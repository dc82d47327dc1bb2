//! Storages and values for the tests of this crate.

use crate::chain::ChainState;
use crate::ledger::{Evidence, Ledger, RecordMetadata};
use crate::record::RecordSalt;
use crate::record::body::RecordBody;
use crate::record::messages::FetchedMessagesRecord;
use crate::storage::{LogStorage, StorageError};
use crate::time::{ClockReading, UtcTimestamp};

/// Origin of the log in all tests.
pub(crate) const LOG: &str = "tallinn.example/hansa/evidence";

/// Storage in memory that fails at append number `fail_at`, after keeping `torn` bytes of it.
#[derive(Debug, Default)]
pub(crate) struct MemoryStorage {
    pub(crate) kept: Vec<u8>,
    pub(crate) appends: usize,
    pub(crate) fail_at: Option<usize>,
    pub(crate) torn: usize,
}

impl LogStorage for MemoryStorage {
    fn append(&mut self, frames: &[u8]) -> Result<(), StorageError> {
        if self.fail_at == Some(self.appends) {
            self.kept.extend(frames.iter().take(self.torn));
            return Err(StorageError {
                reason: "told to fail".to_owned(),
                full: true,
            });
        }
        self.appends += 1;
        self.kept.extend(frames);
        Ok(())
    }
}

/// Value with a number.
#[derive(Debug)]
pub(crate) struct NumberedEvidence(pub(crate) i64);

impl Evidence for NumberedEvidence {
    fn to_record_body(&self) -> RecordBody {
        FetchedMessagesRecord {
            peer: "hansa://acme.example".to_owned(),
            number: self.0.unsigned_abs(),
            carried: false,
            refused: None,
        }
        .into()
    }
}

pub(crate) fn sample_metadata(second: i64) -> RecordMetadata {
    RecordMetadata {
        tick: ClockReading {
            wall: UtcTimestamp::from_micros(1_800_000_000_000_000 + second * 1_000_000).unwrap(),
            mono_ns: second.unsigned_abs() * 1_000_000_000,
        },
        salt: RecordSalt([second.to_be_bytes()[7]; 16]),
    }
}

pub(crate) fn sample_ledger(storage: MemoryStorage) -> Ledger<MemoryStorage> {
    Ledger::open(storage, ChainState::new(LOG), "boot-1")
}

/// Lines of a log with `count` records.
pub(crate) fn some_log(count: i64) -> Vec<Vec<u8>> {
    let mut ledger = sample_ledger(MemoryStorage::default());
    for n in 0..count {
        let _ = ledger
            .record(NumberedEvidence(n), sample_metadata(n))
            .unwrap();
    }
    stored_lines(&ledger.storage_mut().kept)
}

/// Complete lines of a storage.
pub(crate) fn stored_lines(kept: &[u8]) -> Vec<Vec<u8>> {
    kept.split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(<[u8]>::to_vec)
        .collect()
}
