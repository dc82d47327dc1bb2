//! error: E0451
//! What a connection presented comes through the door that the handshake opens, not from a struct.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::Time;
use hansa_policy::id::ParticipantId;
use hansa_policy::peer::Presented;

pub fn forge(identity: ParticipantId, certificate: Digest, not_after: Time) -> Presented {
    Presented {
        identity,
        certificate,
        issuer_key: certificate,
        not_after,
        address: None,
    }
}
