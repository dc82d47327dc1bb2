//! error: E0451
//! Who calls is a matter of the roster: a verified peer can't be written down by hand.

use hansa_audit_log::digest::Digest;
use hansa_policy::id::ParticipantId;
use hansa_policy::peer::VerifiedPeer;

pub fn forge(id: ParticipantId, certificate: Digest) -> VerifiedPeer {
    VerifiedPeer {
        id,
        certificate: Some(certificate),
        address: None,
        program: None,
    }
}
