//! Shelves and values for the tests of this crate.

use crate::chain::Chain;
use crate::json::Json;
use crate::ledger::{Entry, Evidence, Ledger, Stamp};
use crate::record::Salt;
use crate::shelf::{Shelf, ShelfBroken};
use crate::time::{Tick, Time};

/// The log of all tests.
pub(crate) const LOG: &str = "tallinn.example/hansa/evidence";

/// Keeps frames in memory and fails at the append with the number `fail_at`, after keeping `torn` bytes of it.
#[derive(Debug, Default)]
pub(crate) struct Ram {
    pub(crate) kept: Vec<u8>,
    pub(crate) appends: usize,
    pub(crate) fail_at: Option<usize>,
    pub(crate) torn: usize,
}

impl Shelf for Ram {
    fn append(&mut self, frames: &[u8]) -> Result<(), ShelfBroken> {
        if self.fail_at == Some(self.appends) {
            self.kept.extend(frames.iter().take(self.torn));
            return Err(ShelfBroken {
                reason: "told to fail".to_owned(),
                full: true,
            });
        }
        self.appends += 1;
        self.kept.extend(frames);
        Ok(())
    }
}

/// A value with a number.
#[derive(Debug)]
pub(crate) struct Said(pub(crate) i64);

impl Evidence for Said {
    fn entry(&self) -> Entry {
        Entry {
            kind: "said",
            body: Json::object([("n", Json::Int(self.0))]),
        }
    }
}

pub(crate) fn stamp(second: i64) -> Stamp {
    Stamp {
        tick: Tick {
            wall: Time::from_micros(1_800_000_000_000_000 + second * 1_000_000).unwrap(),
            mono_ns: second.unsigned_abs() * 1_000_000_000,
        },
        salt: Salt([second.to_be_bytes()[7]; 16]),
    }
}

pub(crate) fn ledger(shelf: Ram) -> Ledger<Ram> {
    Ledger::open(shelf, Chain::new(LOG), "boot-1")
}

/// The lines of a log with `count` records.
pub(crate) fn some_log(count: i64) -> Vec<Vec<u8>> {
    let mut ledger = ledger(Ram::default());
    for n in 0..count {
        let _ = ledger.record(Said(n), stamp(n)).unwrap();
    }
    lines(&ledger.shelf_mut().kept)
}

/// The complete lines.
pub(crate) fn lines(kept: &[u8]) -> Vec<Vec<u8>> {
    kept.split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(<[u8]>::to_vec)
        .collect()
}
