//! As whom a participant acts: what it believes and shows, and the key that signs for it.

use hansa_identity::mtls::TrustStore;
use hansa_identity::signature::ParticipantSigner;
use parking_lot::RwLock;
use std::sync::Arc;

/// Trust and keys.
pub struct ConnectorIdentity {
    /// What it believes and shows.
    pub trust: Arc<TrustStore>,
    /// Signs contracts, withdrawals and receipts.
    pub(super) signer: RwLock<Arc<dyn ParticipantSigner>>,
}

crate::debug_by_name!(ConnectorIdentity);

impl ConnectorIdentity {
    /// The key that signs for this participant now.
    pub fn signer(&self) -> Arc<dyn ParticipantSigner> {
        Arc::clone(&self.signer.read())
    }

    /// Puts another key in force, which the league has registered.
    pub fn set_signer(&self, signer: Arc<dyn ParticipantSigner>) {
        *self.signer.write() = signer;
    }
}
