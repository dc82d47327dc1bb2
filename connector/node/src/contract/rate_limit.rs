//! Rate of rows under a contract, over all its answers.

use hansa_policy::id::ContractId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::time::Duration;

/// Earliest time of the next row under each contract, in microseconds of the connector's ticks.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter(Mutex<BTreeMap<ContractId, i64>>);

impl RateLimiter {
    /// Counts `rows` under each contract with a rate in rows per second and returns their waiting time. `now` is in microseconds of
    /// the connector's ticks.
    pub(crate) fn charge_rows(
        &self,
        now: i64,
        rates: &[(ContractId, u64)],
        rows: u64,
    ) -> Option<Duration> {
        if rates.is_empty() || rows == 0 {
            return None;
        }
        let mut free = self.0.lock();
        free.retain(|_, next| *next > now);
        let mut longest = 0;
        for (contract, rate) in rates {
            let next = free.entry(*contract).or_insert(now);
            longest = longest.max(next.saturating_sub(now));
            let micros = rows.saturating_mul(1_000_000).div_ceil((*rate).max(1));
            *next = next.saturating_add(i64::try_from(micros).unwrap_or(i64::MAX));
        }
        let wait = u64::try_from(longest).ok().filter(|wait| *wait > 0);
        wait.map(Duration::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_audit_log::digest::Digest;

    #[test]
    fn a_rate_holds_over_all_answers() {
        let (one, other) = (ContractId(Digest::of(b"1")), ContractId(Digest::of(b"2")));
        let paces = RateLimiter::default();
        let seconds = |number| Some(Duration::from_secs(number));
        assert_eq!(paces.charge_rows(0, &[(one, 100)], 100), None);
        assert_eq!(paces.charge_rows(0, &[(one, 100)], 200), seconds(1));
        assert_eq!(paces.charge_rows(0, &[(other, 1)], 1), None);
        assert_eq!(
            paces.charge_rows(0, &[(one, 100), (other, 1)], 1),
            seconds(3)
        );
        assert_eq!(paces.charge_rows(0, &[], 1), None);
        assert_eq!(paces.charge_rows(60_000_000, &[(one, 100)], 1), None);
    }
}
