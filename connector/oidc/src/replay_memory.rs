//! Identifiers of the logout tokens that were used, while such a token would still be accepted.

use crate::token_claims::{CLOCK_DIFFERENCE, OLDEST_TOKEN};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{HashSet, VecDeque};

/// Most identifiers. Only tokens with a signature of the issuer come here.
const MOST_TOKENS: usize = 4096;
/// Longest time in which a token is accepted: from a minute before its `iat` to ten minutes after it, microseconds.
const REMEMBERED: u64 = (OLDEST_TOKEN + CLOCK_DIFFERENCE + 1).unsigned_abs() * 1_000_000;

/// Used tokens, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct ReplayMemory {
    order: VecDeque<UsedToken>,
    tokens: HashSet<Digest>,
}

#[derive(Debug)]
struct UsedToken {
    token: Digest,
    used: UtcTimestamp,
}

impl ReplayMemory {
    /// Notes a token. `false` if it was used before. A full memory forgets its oldest token: to end sessions twice is safe, not to end
    /// them is not.
    pub(crate) fn remember(&mut self, token: &str, now: UtcTimestamp) -> bool {
        while let Some(oldest) = self.order.front() {
            let is_over = oldest.used.micros().abs_diff(now.micros()) > REMEMBERED;
            if !is_over && self.order.len() < MOST_TOKENS {
                break;
            }
            self.tokens.remove(&oldest.token);
            self.order.pop_front();
        }
        let token = Digest::of(token.as_bytes());
        if !self.tokens.insert(token) {
            return false;
        }
        self.order.push_back(UsedToken { token, used: now });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_counts_once_and_the_memory_is_bounded() {
        let start = UtcTimestamp::EPOCH;
        let mut memory = ReplayMemory::default();
        assert!(memory.remember("a", start));
        assert!(!memory.remember("a", start.plus_micros(1)));
        assert!(!memory.remember("a", start.plus_micros(600_000_000)));
        assert!(memory.remember("a", start.plus_micros(700_000_000)));
        for number in 0..3 * MOST_TOKENS {
            assert!(memory.remember(&number.to_string(), start.plus_micros(700_000_000)));
        }
        assert_eq!(memory.order.len(), MOST_TOKENS);
        assert_eq!(memory.tokens.len(), MOST_TOKENS);
    }
}
