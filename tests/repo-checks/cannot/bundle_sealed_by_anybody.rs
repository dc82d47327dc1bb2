//! error: E0624
//! Only a league seals a bundle; everybody else reads one and checks it.

use hansa_identity::bundle::{Bundle, Content};
use hansa_identity::signature::Signer;

pub fn seal(content: &Content, signer: &dyn Signer) -> Bundle {
    Bundle::seal(content, signer).unwrap()
}
