//! error: E0624
//! Only a league seals a bundle; everybody else reads one and checks it.

use hansa_identity::bundle::{TrustBundle, BundleContent};
use hansa_identity::signature::ParticipantSigner;

pub fn seal(content: &BundleContent, signer: &dyn ParticipantSigner) -> TrustBundle {
    TrustBundle::seal(content, signer).unwrap()
}
