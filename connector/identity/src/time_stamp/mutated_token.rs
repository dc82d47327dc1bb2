//! Property: after a change of a single octet, a token is refused or has equal content.

use super::anchors::TimeStampAnchors;
use super::test_authority::{TestAuthority, TestTokenSpec};
use super::{VerifiedTimeStamp, verify_token};
use hansa_audit_log::digest::Digest;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

const HEAD: &[u8] = b"a head with its signature";

/// Token made by OpenSSL over [`HEAD`], and the root certificate of its authority.
const FOREIGN: (&[u8], &[u8]) = (
    include_bytes!("testdata/openssl.tst"),
    include_bytes!("testdata/openssl-root.pem"),
);

fn judge_token(token: &[u8], anchors: &TimeStampAnchors) -> Option<VerifiedTimeStamp> {
    verify_token(token, &Digest::of(HEAD), anchors).ok()
}

/// Applies some changes to each octet, and returns the number of changed tokens that are still valid.
fn count_valid_changes(token: &[u8], anchors: &TimeStampAnchors, changes: &[u8]) -> usize {
    let good = judge_token(token, anchors).expect("the token counts");
    let mut taken = 0;
    for place in 0..token.len() {
        for change in changes {
            let mut changed = token.to_vec();
            changed[place] ^= change;
            if let Some(found) = judge_token(&changed, anchors) {
                assert_eq!(found, good, "octet {place} with {change:#04x}");
                taken += 1;
            }
        }
    }
    taken
}

fn random_seed() -> u64 {
    let given = std::env::var("HANSA_PROPERTY_SEED").ok();
    let seed = given.and_then(|text| text.parse().ok());
    seed.unwrap_or_else(rand::random)
}

#[test]
fn each_changed_octet_is_refused_or_means_the_same() {
    let seed = random_seed();
    println!("seed: HANSA_PROPERTY_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let authority = TestAuthority::new();
    let own = authority.token(&TestTokenSpec::for_bytes(HEAD));
    let foreign = TimeStampAnchors::read(FOREIGN.1).unwrap();
    for (token, anchors) in [(&own[..], &authority.anchors()), (FOREIGN.0, &foreign)] {
        let changes = [
            1_u8 << random.random_range(0..8),
            random.random_range(1..=255),
        ];
        let taken = count_valid_changes(token, anchors, &changes);
        println!("{taken} of {} changed tokens still count", token.len() * 2);
    }
}

#[test]
fn bytes_of_all_kinds_end_in_an_answer() {
    let seed = random_seed();
    println!("seed: HANSA_PROPERTY_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let anchors = TimeStampAnchors::read(FOREIGN.1).unwrap();
    let good = judge_token(FOREIGN.0, &anchors).unwrap();
    for case in 0..2000 {
        let mut bytes = FOREIGN.0.to_vec();
        for _ in 0..random.random_range(1..4) {
            let place = random.random_range(0..bytes.len());
            match random.random_range(0..4) {
                0 => bytes.truncate(place.max(1)),
                1 => bytes.insert(place, random.random()),
                2 => drop(bytes.remove(place)),
                _ => {
                    let piece: Vec<u8> = bytes.iter().skip(place).take(60).copied().collect();
                    bytes.splice(place..place, piece);
                }
            }
            if bytes.is_empty() {
                bytes.push(0x30);
            }
        }
        if let Some(found) = judge_token(&bytes, &anchors) {
            assert_eq!(found, good, "case {case}");
        }
    }
    let request = super::request::TimeStampRequest::new(Digest::of(HEAD), [7; 8]);
    for _ in 0..2000 {
        let length = random.random_range(0..200);
        let bytes: Vec<u8> = (0..length).map(|_| random.random()).collect();
        assert!(judge_token(&bytes, &anchors).is_none());
        assert!(request.accept_response(&bytes, &anchors).is_err());
    }
}
