//! Recently issued receipts, so that the consumer need not send a countersigned receipt back in full.

use bytes::Bytes;
use hansa_policy::id::{ParticipantId, RequestId};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Newest receipts as issued, with their consumers. An acknowledgement of another receipt carries the receipt.
#[derive(Debug, Default)]
pub(crate) struct IssuedReceipts(Mutex<VecDeque<IssuedReceipt>>);

#[derive(Debug)]
struct IssuedReceipt {
    consumer: ParticipantId,
    request: RequestId,
    receipt: Bytes,
}

impl IssuedReceipts {
    /// Stores a receipt, unless it is large. The oldest ones are dropped.
    pub(crate) fn keep(&self, consumer: &ParticipantId, request: RequestId, receipt: &Bytes) {
        if receipt.len() > LARGE {
            return;
        }
        let mut all = self.0.lock();
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back(IssuedReceipt {
            consumer: consumer.clone(),
            request,
            receipt: receipt.clone(),
        });
    }

    /// Finds the receipt of an answer to this consumer.
    pub(crate) fn find(&self, consumer: &ParticipantId, request: RequestId) -> Option<Bytes> {
        let all = self.0.lock();
        // The acknowledgement comes shortly after the answer.
        let mut newest = all.iter().rev();
        let found = newest.find(|one| one.request == request && one.consumer == *consumer)?;
        Some(found.receipt.clone())
    }
}

/// Most stored receipts.
const MOST: usize = 256;

/// Largest stored receipt, in bytes.
const LARGE: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use crate::receipt::issued_receipts::{IssuedReceipts, LARGE, MOST};
    use bytes::Bytes;
    use hansa_policy::id::RequestId;

    #[test]
    fn the_newest_are_found_by_whom_they_are_for() {
        let issued = IssuedReceipts::default();
        let (one, other) = (
            "hansa://lindau.example".parse().unwrap(),
            "hansa://speyer.example".parse().unwrap(),
        );
        let request = |n: usize| RequestId((n as u128).to_be_bytes());
        issued.keep(&one, request(0), &"first".into());
        assert_eq!(issued.find(&one, request(0)), Some("first".into()));
        assert_eq!(issued.find(&other, request(0)), None);
        assert_eq!(issued.find(&one, request(1)), None);
        for n in 1..=MOST {
            issued.keep(&one, request(n), &"more".into());
        }
        assert_eq!(issued.find(&one, request(0)), None);
        assert_eq!(issued.find(&one, request(1)), Some("more".into()));
        let large = Bytes::from(vec![0; LARGE + 1]);
        issued.keep(&one, request(MOST + 1), &large);
        assert_eq!(issued.find(&one, request(MOST + 1)), None);
    }
}
