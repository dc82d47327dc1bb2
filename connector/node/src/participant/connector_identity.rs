//! Identity of a participant: its trust store and its signing key.

use hansa_identity::mtls::TrustStore;
use hansa_identity::signature::ParticipantSigner;
use parking_lot::RwLock;
use std::sync::Arc;

/// Trust store and signing key.
pub struct ConnectorIdentity {
    /// Trust bundle, certificate and TLS key.
    pub trust: Arc<TrustStore>,
    /// Signer of contracts, withdrawals and receipts.
    pub(super) signer: RwLock<Arc<dyn ParticipantSigner>>,
}

crate::debug_by_name!(ConnectorIdentity);

impl ConnectorIdentity {
    /// Current signer of this participant.
    pub fn signer(&self) -> Arc<dyn ParticipantSigner> {
        Arc::clone(&self.signer.read())
    }

    /// Replaces the signer by one with another registered key.
    pub fn set_signer(&self, signer: Arc<dyn ParticipantSigner>) {
        *self.signer.write() = signer;
    }
}
