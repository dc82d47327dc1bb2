//! error: E0451

fn attempt(id: ParticipantId, certificate: Digest) -> VerifiedPeer {
    VerifiedPeer { id, certificate }
}
