//! Random changes of untrusted bytes: they are parsed as the original or refused, without a panic.

use crate::bundle::TrustBundle;
use crate::certificate;
use crate::league_fixture::{LeagueFixture, start_time};
use crate::participant_identity::admission_request::AdmissionRequest;
use crate::participant_identity::join_file::JoinFile;
use crate::rulebook::{RulebookDraft, RulebookText, SignedRulebook};
use hansa_policy::rulebook::OfferRules;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Bytes with one of several kinds of damage.
fn spoil_bytes(good: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..5) {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => bytes[at] = random.random(),
            2 => bytes.truncate(at.max(1)),
            3 => bytes.insert(at, random.random()),
            _ => {
                let from = random.random_range(0..bytes.len());
                let piece: Vec<u8> = bytes.iter().skip(from).take(40).copied().collect();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

/// Checks `read`, which gives the parsed value back in canonical form.
#[track_caller]
fn check_mutations(good: &[u8], cases: u32, read: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    assert_eq!(read(good).as_deref(), Some(good));
    let mut random = StdRng::seed_from_u64(7);
    for case in 0..cases {
        let spoilt = spoil_bytes(good, &mut random);
        // Some changes restore the original, or affect only the final line feed.
        if let Some(understood) = read(&spoilt) {
            assert_eq!(understood, good, "case {case}: {spoilt:?}");
        }
    }
}

#[test]
fn a_spoilt_bundle_is_refused() {
    let mut sample = LeagueFixture::new();
    sample.admit("munster.example", start_time());
    check_mutations(&sample.league.bundle().to_bytes(), 3000, |bytes| {
        TrustBundle::read(bytes)
            .ok()
            .map(|bundle| bundle.to_bytes())
    });
}

#[test]
fn a_spoilt_rulebook_is_refused() {
    let mut sample = LeagueFixture::new();
    let draft = RulebookDraft {
        title: "Rulebook".to_owned(),
        text: RulebookText::new("rulebook.md", b"Be fair.\n").unwrap(),
        from: start_time(),
        offers: OfferRules {
            longest_days: Some(730),
            no_public_views: true,
            ..OfferRules::default()
        },
    };
    let rulebook = sample.league.issue_rulebook(draft, start_time()).unwrap();
    check_mutations(&rulebook.to_bytes(), 3000, |bytes| {
        SignedRulebook::read(bytes, sample.league.bundle())
            .ok()
            .map(|rulebook| rulebook.to_bytes())
    });
}

#[test]
fn a_spoilt_request_is_refused() {
    let sample = LeagueFixture::new();
    let good = sample.request_admission("munster.example");
    check_mutations(&good, 3000, |bytes| {
        let request = AdmissionRequest::read(bytes).ok()?;
        assert_eq!(request.id.domain(), "munster.example");
        assert_eq!(request.name, "City of munster.example");
        Some(good.clone())
    });
}

#[test]
fn a_spoilt_join_file_is_refused_or_for_another_certificate() {
    let mut sample = LeagueFixture::new();
    let request = sample.request_admission("munster.example");
    let admitted = sample.league.admit(&request, 7, start_time()).unwrap();
    let good = admitted.join.to_bytes();
    let bundle = admitted.join.bundle.to_bytes();
    check_mutations(&good, 3000, |bytes| {
        // The file itself is not signed, but its parts are.
        let join = JoinFile::read(bytes).ok()?;
        assert_eq!(join.bundle.to_bytes(), bundle);
        Some(good.clone())
    });
}

#[test]
fn a_spoilt_certificate_does_not_verify() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start_time());
    let good = munster.certified.cert[0].clone();
    check_mutations(&good, 5000, |bytes| {
        let shown = [bytes.to_vec().into()];
        for usage in [
            certificate::CertificateUsage::Server,
            certificate::CertificateUsage::Client,
        ] {
            certificate::verify_chain(&shown, &munster.bundle, usage, start_time()).ok()?;
        }
        Some(bytes.to_vec())
    });
}
