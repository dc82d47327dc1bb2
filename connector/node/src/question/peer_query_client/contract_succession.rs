//! The turn from one contract to the next, by two clocks: a part that is refused for the time alone is asked again.

use crate::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::time::Duration;

/// So far the clocks of two participants may lie apart, in microseconds.
pub(crate) const APART: i64 = 5_000_000;

/// Between two attempts.
pub(crate) const PAUSE: Duration = Duration::from_millis(250);

/// The most attempts.
pub(super) const ATTEMPTS: u32 = 40;

/// Whether it was refused since, by the clock of who answers, a contract that takes the place of another is not yet in
/// force, and by ours it is, for as little as clocks lie apart. Such a refusal costs nothing, and nothing was answered.
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
