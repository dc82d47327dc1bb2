//! Succession of contracts with two clocks: a part that is refused only for its time is asked again.

use crate::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::time::Duration;

/// Accepted difference between the clocks of two participants, in microseconds.
pub(crate) const APART: i64 = 5_000_000;

/// Pause between two attempts.
pub(crate) const PAUSE: Duration = Duration::from_millis(250);

/// Most attempts.
pub(super) const ATTEMPTS: u32 = 40;

/// Checks that a refusal is due to the provider's clock: a successor contract is not yet in force there, and is in force here for
/// less than the accepted difference. Such a refusal draws on no quota, and no rows were sent.
pub(super) fn not_there_yet(connector: &Connector, refusal: &Refusal) -> bool {
    let (ErrorCode::NotYetValid, Some(refused)) = (refusal.code, refusal.contract) else {
        return false;
    };
    let now = connector.now().micros();
    connector.contracts.with_registry(|registry| {
        registry.agreement(refused).is_some_and(|newer| {
            let since = now.saturating_sub(newer.not_before.micros());
            newer.supersedes.is_some() && (0..=2 * APART).contains(&since)
        })
    })
}
