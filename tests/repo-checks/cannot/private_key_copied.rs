//! error: E0277
//! A private key stays where it was read.

use hansa_identity::keys::PrivateKey;

pub fn copy(key: &PrivateKey) -> PrivateKey {
    PrivateKey::clone(key)
}
