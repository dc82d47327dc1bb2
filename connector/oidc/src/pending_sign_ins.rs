//! Sign-ins whose browsers are at the issuer, in memory alone.

use crate::sign_in::PendingSignIn;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::HashMap;

/// Most sign-ins that wait at a time. With 20 sign-ins a minute, which the console permits, 200 wait at most.
const MOST_SIGN_INS: usize = 512;

/// Waiting sign-ins by the digest of their `state`. Each is taken out once.
#[derive(Debug)]
pub struct PendingSignIns<C> {
    waiting: HashMap<Digest, KeptSignIn<C>>,
}

/// Sign-in with the purpose for which the caller began it.
#[derive(Debug)]
pub struct KeptSignIn<C> {
    /// Sign-in that waits for the browser.
    pub pending: PendingSignIn,
    /// Purpose, such as the page to show afterwards or the act to confirm.
    pub context: C,
}

impl<C> Default for PendingSignIns<C> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
        }
    }
}

impl<C> PendingSignIns<C> {
    /// Keeps a sign-in. Ended ones leave; if too many wait, the oldest leaves.
    pub fn keep(&mut self, pending: PendingSignIn, context: C, now: UtcTimestamp) {
        self.waiting.retain(|_, kept| !kept.pending.has_ended(now));
        if self.waiting.len() >= MOST_SIGN_INS {
            let oldest = self
                .waiting
                .iter()
                .min_by_key(|(_, kept)| kept.pending.begin_time())
                .map(|(digest, _)| *digest);
            if let Some(oldest) = oldest {
                self.waiting.remove(&oldest);
            }
        }
        let digest = Digest::of(pending.state().as_bytes());
        self.waiting.insert(digest, KeptSignIn { pending, context });
    }

    /// Takes out the sign-in of a `state`, which so counts once. The caller gives the `state` of the browser's cookie, never that of the
    /// address alone.
    pub fn take(&mut self, state: &str, now: UtcTimestamp) -> Option<KeptSignIn<C>> {
        let kept = self.waiting.remove(&Digest::of(state.as_bytes()))?;
        (!kept.pending.has_ended(now)).then_some(kept)
    }
}
