//! Signatures of the standards.

use crate::key_set::KeySet;
use crate::signature_algorithm::SignatureAlgorithm;
use crate::signed_token::UnverifiedToken;
use serde_json::{Value, json};

/// The examples of the standards verify, and not with one letter changed.
#[test]
fn examples_of_the_standards_verify() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("signature_vectors.json")).unwrap();
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let set = json!({"keys": [vector["key"]]}).to_string();
        let keys = KeySet::parse(set.as_bytes()).unwrap();
        let verify = |token: &str| {
            let token = UnverifiedToken::parse(token).unwrap();
            let key = keys.find_key(None, token.algorithm).unwrap();
            token.verify(key).map(|payload| payload.bytes)
        };
        let token = vector["token"].as_str().unwrap();
        let payload = vector["payload"].as_str().unwrap();
        assert_eq!(verify(token).as_deref(), Ok(payload.as_bytes()));
        let (head, signature) = token.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { 'B' } else { 'A' };
        let rest: String = signature.chars().skip(1).collect();
        assert!(verify(&format!("{head}.{other}{rest}")).is_err());
    }
}

/// OpenID Connect Core 1.0, section 3.1.3.6: the left half of the digest of the algorithm.
#[test]
fn the_digest_of_an_access_token_is_that_of_the_algorithm() {
    for algorithm in [
        SignatureAlgorithm::Rs256,
        SignatureAlgorithm::Ps256,
        SignatureAlgorithm::Es256,
    ] {
        // SHA-256 of `abc` (FIPS 180-4).
        let half = algorithm.half_digest("abc");
        assert_eq!(half.len(), 16);
        assert_eq!(half[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
    let half = SignatureAlgorithm::EdDsa.half_digest("abc");
    assert_eq!(half.len(), 32);
    assert_eq!(half[..4], [0xdd, 0xaf, 0x35, 0xa1]);
}
