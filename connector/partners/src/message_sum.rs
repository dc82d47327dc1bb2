//! Messages of a partner that come more often than each of them needs a record.

/// A minute, in microseconds.
const MINUTE: i64 = 60_000_000;

/// How many messages of one kind a partner has in a minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageBounds {
    /// Those that have a record of their own.
    pub(super) recorded: u32,
    /// All that are answered.
    pub(super) answered: u32,
}

/// Fate of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SummedMessage {
    /// It has a record of its own, which says how many were counted alone before it.
    Recorded(u64),
    /// It is counted alone: a record of this minute stands.
    Counted,
    /// There were too many in this minute.
    TooMany,
}

/// The messages of one kind and one partner in this minute.
#[derive(Debug, Default)]
pub(super) struct MessageSum {
    since: i64,
    came: u32,
    recorded: u32,
    /// True if a record of this minute stands.
    durable: bool,
    others: u64,
}

impl MessageSum {
    /// Counts one at an instant in microseconds.
    pub(super) fn add(&mut self, now: i64, bounds: MessageBounds) -> SummedMessage {
        if now.saturating_sub(self.since) >= MINUTE {
            (self.since, self.came, self.recorded) = (now, 0, 0);
            self.durable = false;
        }
        if self.came >= bounds.answered {
            return SummedMessage::TooMany;
        }
        self.came = self.came.saturating_add(1);
        // Nothing is answered on the strength of a record that is not durable yet.
        if self.durable && self.recorded >= bounds.recorded {
            self.others = self.others.saturating_add(1);
            return SummedMessage::Counted;
        }
        self.recorded = self.recorded.saturating_add(1);
        SummedMessage::Recorded(std::mem::take(&mut self.others))
    }

    /// A record is durable.
    pub(super) fn stands(&mut self) {
        self.durable = true;
    }

    /// A record could not be written: what it would have told is told by the next one, and nothing is counted alone before that.
    pub(super) fn count_unrecorded(&mut self, others: u64) {
        (self.since, self.others) = (i64::MIN, self.others.saturating_add(others));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: MessageBounds = MessageBounds {
        recorded: 2,
        answered: 5,
    };

    #[test]
    fn what_is_over_a_bound_is_counted_and_then_refused() {
        let mut sum = MessageSum::default();
        let begun = 1_800_000_000_000_000;
        let became = |sum: &mut MessageSum, now| sum.add(begun + now, BOUNDS);
        let first = (0..7).map(|_| {
            let became = became(&mut sum, 0);
            sum.stands();
            became
        });
        let first: Vec<SummedMessage> = first.collect();
        let (recorded, counted) = (SummedMessage::Recorded(0), SummedMessage::Counted);
        let over = SummedMessage::TooMany;
        assert_eq!(
            first,
            [recorded, recorded, counted, counted, counted, over, over]
        );
        assert_eq!(became(&mut sum, MINUTE - 1), over);
        assert_eq!(became(&mut sum, MINUTE), SummedMessage::Recorded(3));
    }

    #[test]
    fn nothing_is_counted_alone_behind_a_record_that_failed() {
        let mut sum = MessageSum::default();
        for _ in 0..3 {
            // None of them is durable yet.
            assert_eq!(sum.add(MINUTE, BOUNDS), SummedMessage::Recorded(0));
        }
        sum.stands();
        assert_eq!(sum.add(MINUTE, BOUNDS), SummedMessage::Counted);
        sum.count_unrecorded(4);
        assert_eq!(sum.add(MINUTE, BOUNDS), SummedMessage::Recorded(5));
    }
}
