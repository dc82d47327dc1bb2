//! Permitted uses of a participant's keys.

use super::TrustBundle;
use crate::fingerprint::KeyFingerprint;
use crate::signature::RegisteredKey;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;

impl TrustBundle {
    /// Fingerprint of the league's key, for comparison by people.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::of(&[&self.content.key])
    }

    /// Key that concludes contracts for `id` at `now`: the newest one for contracts alone, if there has ever been one; else the key
    /// of the connector.
    #[must_use]
    pub fn concluding_key(&self, id: &ParticipantId, now: UtcTimestamp) -> Option<&RegisteredKey> {
        self.newest_key(id, now, self.concludes_apart(id, now))
    }

    /// Key of the participant's connector at `now`.
    #[must_use]
    pub fn connector_key(&self, id: &ParticipantId, now: UtcTimestamp) -> Option<&RegisteredKey> {
        self.newest_key(id, now, false)
    }

    /// True if the key `kid` may conclude contracts for `id` at `now`.
    #[must_use]
    pub fn may_conclude(&self, id: &ParticipantId, kid: &str, now: UtcTimestamp) -> bool {
        let apart = self.concludes_apart(id, now);
        self.member(id).is_some_and(|member| {
            member.keys.iter().any(|one| {
                one.key.kid() == kid && one.counts_at(now) && (one.only_contracts || !apart)
            })
        })
    }

    /// True if `id` concludes contracts with separate keys.
    #[must_use]
    pub fn concludes_apart(&self, id: &ParticipantId, now: UtcTimestamp) -> bool {
        self.member(id).is_some_and(|member| {
            let mut from = member
                .keys
                .iter()
                .filter_map(RegisteredKey::sole_signing_start);
            from.any(|from| from <= now)
        })
    }

    /// True if a key of the connector ended at `since` or later, and `kid` is another key.
    #[must_use]
    pub fn replaced_since(&self, id: &ParticipantId, kid: &str, since: UtcTimestamp) -> bool {
        self.member(id).is_some_and(|member| {
            let mut before = member.keys.iter().filter(|one| one.key.kid() != kid);
            before.any(|one| {
                !one.only_contracts
                    && one.not_after >= since
                    && one.not_after <= self.content.issued_at
            })
        })
    }

    fn newest_key(
        &self,
        id: &ParticipantId,
        now: UtcTimestamp,
        apart: bool,
    ) -> Option<&RegisteredKey> {
        let keys = &self.member(id)?.keys;
        keys.iter()
            .rev()
            .find(|one| one.only_contracts == apart && one.counts_at(now))
    }
}
