//! The measurements.

use crate::state::{LogFixture, OpenLog, answer};
use hansa_audit_store::{AuditLog, offline};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

/// Callers at a time.
pub(crate) const CALLERS: usize = 64;

/// Records of each round.
const ROUND: usize = 3200;

/// Records of a round with one caller.
const SERIAL: usize = 160;

/// What a round came to.
pub(crate) struct AppendRound {
    /// Durable records.
    pub(crate) records: f64,
    /// Wall time, for each record.
    pub(crate) seconds: f64,
    /// Processor time of the writer.
    pub(crate) cpu_ns: f64,
    /// Syncs.
    pub(crate) syncs: f64,
}

impl AppendRound {
    /// Records a second.
    pub(crate) fn rate(&self) -> f64 {
        1.0 / self.seconds
    }
}

/// Has so many callers, which are tasks as in a connector, record, each waiting for its own record before the next.
pub(crate) fn append(open: &OpenLog, callers: usize) -> AppendRound {
    let each = if callers == 1 {
        SERIAL
    } else {
        ROUND / callers
    };
    let (syncs, cpu) = (open.log.sync_counts(), on_cpu(&open.writer));
    let started = Instant::now();
    open.runtime.block_on(async {
        let callers: Vec<_> = (0..callers)
            .map(|_| {
                let log = open.log.clone();
                open.runtime.spawn(async move {
                    let answer = answer();
                    for number in 0..each {
                        let record = answer[number % 3].clone();
                        let _ = log.record(record).await.expect("it is durable");
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.expect("a caller ends");
        }
    });
    let wall = started.elapsed().as_secs_f64();
    let after = open.log.sync_counts();
    let records = (after.1 - syncs.1) as f64;
    AppendRound {
        records,
        seconds: wall / records,
        cpu_ns: (on_cpu(&open.writer) - cpu) as f64,
        syncs: (after.0 - syncs.0) as f64,
    }
}

/// Nanoseconds that a thread was on a processor.
fn on_cpu(thread: &Path) -> u64 {
    let text = std::fs::read_to_string(thread.join("schedstat")).expect("the kernel counts");
    let first = text.split(' ').next().expect("three numbers");
    first.parse().expect("a number")
}

/// Records that one core checks of a copied log in a second of its time, and by the wall clock.
pub(crate) fn verified(place: &LogFixture) -> (f64, f64) {
    let this = Path::new("/proc/thread-self");
    let (started, cpu) = (Instant::now(), on_cpu(this));
    let report = offline::verify_copy(&place.folder(), None).expect("it can be read");
    let (wall, worked) = (started.elapsed().as_secs_f64(), on_cpu(this) - cpu);
    assert!(report.is_good(), "{:?}", report.refusal());
    assert_eq!(report.records, place.records);
    let records = report.records as f64;
    (records / (worked as f64 / 1e9), records / wall)
}

/// The median and the slowest inclusion proof, in milliseconds.
pub(crate) fn proofs(log: &AuditLog) -> (f64, f64) {
    let size = log.size();
    let mut place = 7_u64;
    let mut times: Vec<f64> = (0..100_000)
        .map(|_| {
            place = place
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let started = Instant::now();
            let proof = log
                .inclusion_proof(place % size, size)
                .expect("it is there");
            let passed = started.elapsed().as_secs_f64() * 1e3;
            assert!(!proof.is_empty());
            passed
        })
        .collect();
    let middle = median(&mut times);
    (middle, times[times.len() - 1])
}

/// One record on an idle log against one sync of a file beside it, alternately: the ratio of the medians, and the sync's
/// median in milliseconds.
pub(crate) fn idle(open: &OpenLog, place: &LogFixture) -> (f64, f64) {
    let mut file = File::create(place.folder().join("sync")).expect("a file");
    let [_, record, _] = answer();
    let frame = vec![b'x'; 580];
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..400 {
        let started = Instant::now();
        let _ = open
            .log
            .record_blocking(record.clone())
            .expect("it is durable");
        ours.push(started.elapsed().as_secs_f64() * 1e3);
        let started = Instant::now();
        file.write_all(&frame).expect("there is room");
        file.sync_data().expect("it can be made durable");
        bare.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let bare = median(&mut bare);
    (median(&mut ours) / bare, bare)
}

/// The median; the values are sorted.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
