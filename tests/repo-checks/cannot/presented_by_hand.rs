//! error: E0451
//! What a connection presented comes through the door that the handshake opens, not from a struct.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;
use hansa_policy::peer::PeerCertificate;

pub fn forge(identity: ParticipantId, certificate: Digest, not_after: UtcTimestamp) -> PeerCertificate {
    PeerCertificate {
        identity,
        certificate,
        issuer_key: certificate,
        not_after,
        address: None,
    }
}
