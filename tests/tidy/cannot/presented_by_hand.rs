//! error: E0451
//! What a connection presented comes through the door that the handshake opens, not from a struct.

use evidence::digest::Digest;
use evidence::time::Time;
use policy::id::ParticipantId;
use policy::peer::Presented;

pub fn forge(identity: ParticipantId, certificate: Digest, not_after: Time) -> Presented {
    Presented {
        identity,
        certificate,
        issuer_key: certificate,
        not_after,
        address: None,
    }
}
