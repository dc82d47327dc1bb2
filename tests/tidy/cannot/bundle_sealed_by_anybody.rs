//! error: E0624
//! Only a league seals a bundle; everybody else reads one and checks it.

use keep::trust::bundle::{Bundle, Content};
use keep::trust::signature::Signer;

pub fn seal(content: &Content, signer: &dyn Signer) -> Bundle {
    Bundle::seal(content, signer).unwrap()
}
