//! Blocks in which an answer leaves. Each block is recorded before its first byte, so the log bounds what left even without a
//! closing record.

use hansa_audit_log::answer_bound::AnswerBound;

/// Bound of one answer, and the part of it that has left.
#[derive(Debug)]
pub(super) struct BoundReservation {
    /// Bound that is in the log, or will be before any further row leaves.
    reserved: AnswerBound,
    /// Rows and bytes that have left or are about to leave.
    left: AnswerBound,
    /// Size of the last block, as a multiple of the first block.
    multiple: u64,
    /// Time of the last reservation, in microseconds of the monotonic clock.
    grown_at: i64,
}

impl BoundReservation {
    /// Returns the bound of an answer whose permit was recorded at `ticks`. The permit grants the first block.
    pub(super) const fn after_permit(ticks: i64) -> Self {
        Self {
            reserved: AnswerBound::FIRST,
            left: AnswerBound { rows: 0, bytes: 0 },
            multiple: 1,
            grown_at: ticks,
        }
    }

    /// Counts a message of `rows` and `bytes` that is about to leave at `ticks`.
    ///
    /// Returns a new bound if the message exceeds the reserved one. The new bound must be durable before the message leaves.
    pub(super) fn reserve(&mut self, rows: u64, bytes: u64, ticks: i64) -> Option<AnswerBound> {
        self.left.rows = self.left.rows.saturating_add(rows);
        self.left.bytes = self.left.bytes.saturating_add(bytes);
        if self.reserved.holds(self.left.rows, self.left.bytes) {
            return None;
        }
        // Fast answers get larger blocks, so that records stay rare.
        let is_soon = ticks.saturating_sub(self.grown_at) < SECOND;
        if self.multiple < USUAL_MULTIPLE || is_soon {
            self.multiple = self.multiple.saturating_mul(2);
        }
        self.grown_at = ticks;
        let grow = |reserved: u64, first: u64, left: u64| {
            let block = first.saturating_mul(self.multiple);
            reserved.saturating_add(block).max(left)
        };
        self.reserved = AnswerBound {
            rows: grow(self.reserved.rows, AnswerBound::FIRST.rows, self.left.rows),
            bytes: grow(
                self.reserved.bytes,
                AnswerBound::FIRST.bytes,
                self.left.bytes,
            ),
        };
        Some(self.reserved)
    }
}

/// One second in microseconds. A block within a second of the previous one is larger than it.
const SECOND: i64 = 1_000_000;

/// Multiple up to which blocks always grow: 64 MiB.
const USUAL_MULTIPLE: u64 = 64;

#[cfg(test)]
mod tests {
    //! Tests: nothing leaves beyond the bound, and records stay rare.

    use crate::answer::bound_reservation::{BoundReservation, SECOND};
    use hansa_audit_log::answer_bound::AnswerBound;
    use hansa_test_support::property_cases::seed;
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    #[test]
    fn bounds_hold_what_left_and_are_recorded_once_a_second() {
        let mut random = StdRng::seed_from_u64(seed("HANSA_PROPERTY_SEED"));
        for _ in 0..200 {
            let (mut recorded, mut left) = (AnswerBound::FIRST, (0_u64, 0_u64));
            let mut reservation = BoundReservation::after_permit(0);
            let (mut ticks, mut records, mut messages) = (0_i64, 0_i64, 0_u32);
            // Up to 4 GB per second.
            let pause = random.random_range(1..20_000);
            let most_rows = random.random_range(1..100_000);
            while messages < 2_000 {
                let (rows, bytes) = (
                    random.random_range(0..=most_rows),
                    random.random_range(1..=4_000_000),
                );
                if let Some(bound) = reservation.reserve(rows, bytes, ticks) {
                    assert!(bound.rows >= recorded.rows && bound.bytes >= recorded.bytes);
                    recorded = bound;
                    records += 1;
                }
                left = (left.0 + rows, left.1 + bytes);
                assert!(recorded.holds(left.0, left.1), "{recorded:?} {left:?}");
                ticks += pause;
                messages += 1;
            }
            // Fourteen doublings cover the most that 2,000 messages hold: 200 million rows and 8 GB. After them, at most one record
            // a second.
            assert!(records <= 14 + ticks / SECOND, "{records} in {ticks}");
        }
    }

    #[test]
    fn small_answers_need_no_record() {
        let mut reservation = BoundReservation::after_permit(0);
        assert_eq!(reservation.reserve(0, 1_000, 0), None);
        assert_eq!(reservation.reserve(8192, (1 << 20) - 1_000, 0), None);
        assert!(reservation.reserve(0, 1, 0).is_some());
    }
}
