//! Tests: a key's name follows from it, it signs with its own algorithm, and it keeps its secret.

use super::{PrivateKey, PublicKey, SignatureAlgorithm, secret_bytes};
use hansa_policy::refusal::ErrorCode;
use josekit::jwk::Jwk;
use std::os::unix::fs::PermissionsExt;

#[test]
fn the_name_of_a_key_is_its_thumbprint() {
    // RFC 8037, appendix A.3.
    let x = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07,
        0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07,
        0x51, 0x1a,
    ];
    let key = PublicKey::ed25519(&x).unwrap();
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn a_key_signs_after_it_was_read_again() {
    let dir = tempfile::tempdir().unwrap();
    for algorithm in [SignatureAlgorithm::EdDsa, SignatureAlgorithm::Es256] {
        let path = dir.path().join(algorithm.as_str());
        let made = PrivateKey::create(&path, algorithm).unwrap();
        let read = PrivateKey::open(&path).unwrap();
        assert_eq!(made.public_key(), read.public_key());
        assert_eq!(read.public_key().algorithm(), algorithm);
        let signature = read.sign(b"message").unwrap();
        assert_eq!(signature.len(), 64);
        assert!(made.public_key().accepts_signature(b"message", &signature));
        assert!(!made.public_key().accepts_signature(b"massage", &signature));
        for at in 0..64 {
            let mut flipped = signature.clone();
            flipped[at] ^= 1;
            assert!(
                !made.public_key().accepts_signature(b"message", &flipped),
                "byte {at}"
            );
        }
        assert!(
            !made
                .public_key()
                .accepts_signature(b"message", &signature[..63])
        );
        assert!(!made.public_key().accepts_signature(b"message", &[]));
        let again = PublicKey::from_spki(&read.public_key().spki()).unwrap();
        assert_eq!(&again, read.public_key());
    }
}

#[test]
fn a_small_number_is_a_key_too() {
    let key = |d: &str| {
        let mut key = Jwk::new("EC");
        key.set_parameter("d", Some(d.into())).unwrap();
        secret_bytes(&key)
    };
    let mut one = [0; 32];
    one[31] = 1;
    assert_eq!(key("AQ"), Some(one));
    assert_eq!(key(&"A".repeat(44)), None);
}

/// Keys are checked by one library and signatures by another. They agree on every signature, including non-canonical numbers and
/// keys that no participant has.
#[test]
fn both_libraries_say_the_same_of_a_signature() {
    let dir = tempfile::tempdir().unwrap();
    for algorithm in [SignatureAlgorithm::EdDsa, SignatureAlgorithm::Es256] {
        let key = PrivateKey::create(&dir.path().join(algorithm.as_str()), algorithm).unwrap();
        let public = key.public_key();
        let signature = key.sign(b"message").unwrap();
        let mut all = vec![signature.clone(), vec![0; 64], vec![0xff; 64]];
        for at in 0..64 {
            for bit in [1, 0x80] {
                let mut flipped = signature.clone();
                flipped[at] ^= bit;
                all.push(flipped);
            }
        }
        // These numbers with the order of the group added to the second.
        let order: [u8; 32] = match algorithm {
            SignatureAlgorithm::EdDsa => ED25519_ORDER,
            SignatureAlgorithm::Es256 => P256_ORDER,
        };
        let mut wide = signature.clone();
        let places: Vec<usize> = match algorithm {
            SignatureAlgorithm::EdDsa => (0..32).collect(),
            SignatureAlgorithm::Es256 => (0..32).rev().collect(),
        };
        let mut carry = 0;
        for at in places {
            let sum = u16::from(wide[32 + at]) + u16::from(order[at]) + carry;
            wide[32 + at] = u8::try_from(sum & 0xff).unwrap();
            carry = sum >> 8;
        }
        assert!(!public.accepts_signature(b"message", &wide));
        all.push(wide);
        let mut holds = 0;
        for signature in &all {
            for message in [&b"message"[..], b"massage", b""] {
                let said = public.accepts_signature(message, signature);
                let verifier = public.verifier().unwrap();
                assert_eq!(said, verifier.verify(message, signature).is_ok());
                holds += usize::from(said);
            }
        }
        assert_eq!(holds, 1, "{algorithm:?}");
    }
}

/// Order of the group of Ed25519 (RFC 8032, section 5.1), the lowest byte first.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Order of the group of P-256 (SEC 2, section 2.4.2), the highest byte first.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[test]
fn a_key_for_which_anybody_can_sign_is_refused() {
    // The neutral point and zero: no secret is needed to make it.
    let mut anybody = [0_u8; 64];
    anybody[0] = 1;
    for point in super::SMALL_ORDER {
        for sign in [0, 0x80] {
            let mut raw = point;
            raw[31] |= sign;
            assert!(PublicKey::ed25519(&raw).is_err());
            let unchecked = PublicKey {
                algorithm: SignatureAlgorithm::EdDsa,
                raw: raw.to_vec(),
                kid: String::new(),
            };
            // With the library that checks keys; the other one also refuses a negative zero.
            let verifier = unchecked.verifier().unwrap();
            let forged = (0..200_u8).any(|message| verifier.verify(&[message], &anybody).is_ok());
            assert!(forged, "{raw:x?}");
        }
    }
}

#[test]
fn the_secret_is_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let key = PrivateKey::create(&path, SignatureAlgorithm::EdDsa).unwrap();
    let shown = format!("{key:?}");
    assert_eq!(
        shown,
        format!("PrivateKey {{ kid: {:?}, .. }}", key.public_key().kid())
    );
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_no_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    PrivateKey::create(&path, SignatureAlgorithm::EdDsa).unwrap();
    let again = PrivateKey::create(&path, SignatureAlgorithm::EdDsa).unwrap_err();
    assert_eq!(again.code, ErrorCode::FileExists);

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = PrivateKey::open(&path).unwrap_err();
    assert_eq!(open.code, ErrorCode::KeyFilePermissions);

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "no key").unwrap();
    assert_eq!(
        PrivateKey::open(&path).unwrap_err().code,
        ErrorCode::KeyInvalid
    );
    let missing = PrivateKey::open(&dir.path().join("none")).unwrap_err();
    assert_eq!(missing.code, ErrorCode::FileMissing);

    assert!(
        PublicKey::p256(&[1; 32], &[1; 32]).is_err(),
        "not on the curve"
    );
    assert!(PublicKey::ed25519(&[1; 31]).is_err());
    assert!(PublicKey::from_spki(&[]).is_err());
}
