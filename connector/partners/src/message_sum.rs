//! Sums of a partner's messages, so that frequent messages do not cause one record each.

/// One minute in microseconds.
const MINUTE: i64 = 60_000_000;

/// Limits of one kind of message per partner and minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageBounds {
    /// Messages with a record of their own.
    pub(super) recorded: u32,
    /// Messages that are answered.
    pub(super) answered: u32,
}

/// Handling of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SummedMessage {
    /// The message gets a record, with the number of messages counted without one before it.
    Recorded(u64),
    /// The message is only counted, because this minute has a record.
    Counted,
    /// The partner has sent too many messages in this minute.
    TooMany,
}

/// Messages of one kind and one partner in the current minute.
#[derive(Debug, Default)]
pub(super) struct MessageSum {
    since: i64,
    came: u32,
    recorded: u32,
    /// True if this minute has a durable record.
    durable: bool,
    others: u64,
}

impl MessageSum {
    /// Counts a message at an instant in microseconds.
    pub(super) fn add(&mut self, now: i64, bounds: MessageBounds) -> SummedMessage {
        if now.saturating_sub(self.since) >= MINUTE {
            (self.since, self.came, self.recorded) = (now, 0, 0);
            self.durable = false;
        }
        if self.came >= bounds.answered {
            return SummedMessage::TooMany;
        }
        self.came = self.came.saturating_add(1);
        // No answer relies on a record that is not durable yet.
        if self.durable && self.recorded >= bounds.recorded {
            self.others = self.others.saturating_add(1);
            return SummedMessage::Counted;
        }
        self.recorded = self.recorded.saturating_add(1);
        SummedMessage::Recorded(std::mem::take(&mut self.others))
    }

    /// Notes that a record is durable.
    pub(super) fn confirm_record(&mut self) {
        self.durable = true;
    }

    /// Notes a failed record. The next record covers its messages, and until then none is only counted.
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
            sum.confirm_record();
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
            // None of the records is durable yet.
            assert_eq!(sum.add(MINUTE, BOUNDS), SummedMessage::Recorded(0));
        }
        sum.confirm_record();
        assert_eq!(sum.add(MINUTE, BOUNDS), SummedMessage::Counted);
        sum.count_unrecorded(4);
        assert_eq!(sum.add(MINUTE, BOUNDS), SummedMessage::Recorded(5));
    }
}
