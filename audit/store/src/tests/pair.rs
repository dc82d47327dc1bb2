//! Two records that are seen together.

use super::{Place, said};
use crate::Log;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Entry, Evidence, Unwritable};
use std::sync::atomic::{AtomicBool, Ordering};

/// What no record can hold.
#[derive(Debug)]
struct TooMuch;

impl Evidence for TooMuch {
    fn entry(&self) -> Entry {
        Entry {
            kind: "said",
            body: Json::object([("text", Json::text("x".repeat(70_000)))]),
        }
    }
}

#[test]
fn whoever_looks_sees_both_or_neither() {
    let place = Place::new();
    let (log, _) = Log::open(place.config()).unwrap();
    let before = log.size();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut seen = 0_u64;
            while !over.load(Ordering::Acquire) {
                assert_eq!((log.size() - before) % 2, 0, "half of a pair is seen");
                seen += 1;
            }
            seen
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        runtime.block_on(async {
            for round in 0..200_i64 {
                // Several at once, so that pairs of one group are not told apart by its end.
                let pairs = (0..4).map(|n| {
                    let log = log.clone();
                    tokio::spawn(
                        async move { log.record_both(said(8 * round + 2 * n), said(1)).await },
                    )
                });
                for pair in pairs.collect::<Vec<_>>() {
                    let (first, second) = pair.await.unwrap().unwrap();
                    assert_eq!(first.receipt().index() + 1, second.receipt().index());
                }
            }
        });
        over.store(true, Ordering::Release);
        assert!(looking.join().unwrap() > 0);
    });
    assert_eq!(log.size() - before, 1600);
}

#[tokio::test]
async fn the_second_is_not_recorded_without_the_first() {
    let place = Place::new();
    let (log, _) = Log::open(place.config()).unwrap();
    let before = log.size();
    let refused = log.record_both(TooMuch, said(1)).await.unwrap_err();
    assert!(matches!(refused, Unwritable::TooLarge { .. }), "{refused}");
    assert_eq!(log.size(), before);
    let refused = log.record_both(said(2), TooMuch).await.unwrap_err();
    assert!(matches!(refused, Unwritable::TooLarge { .. }), "{refused}");
    assert_eq!(log.size(), before + 1);
}
