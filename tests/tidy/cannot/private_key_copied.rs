//! error: E0277
//! A private key stays where it was read.

use keep::trust::keys::PrivateKey;

pub fn copy(key: &PrivateKey) -> PrivateKey {
    PrivateKey::clone(key)
}
