//! Tests: a seal is valid under the authority and for the organisation in the bundle, within their periods.

use super::test_certificate::{ORGANIZATION, TestCertSpec, TestCertificate};
use super::{RevokedSeal, SealAnchor, SealRevocation, key_of, rsa_thumbprint};
use crate::bundle::TrustBundle;
use crate::league::LeagueAuthority;
use crate::league::signer_registration::KeyEndKind;
use crate::league_fixture::{DAY, LeagueFixture, start_time};
use crate::signature::{KeyHistory, RegisteredKeys, SealAnchors};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::{Signature, SignatureVerifier};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::ErrorCode;
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

fn at() -> UtcTimestamp {
    start_time().plus_micros(DAY)
}

fn munster() -> ParticipantId {
    "munster.example".parse().unwrap()
}

/// Checks a signature for Münster with these authorities.
fn judged(
    anchors: &[SealAnchor],
    signature: &Signature,
    logged: UtcTimestamp,
) -> Result<(), ErrorCode> {
    let seals = SealAnchors::from([(munster(), anchors.to_vec())]);
    RegisteredKeys::new(&KeyHistory::new(), logged)
        .and_seals(&seals)
        .check_signature(&munster(), signature, SignaturePurpose::Contract)
        .map_err(|refusal| refusal.code)
}

#[track_caller]
fn check(anchor: &SealAnchor, signature: &Signature, expect: Result<(), ErrorCode>) {
    let found = judged(std::slice::from_ref(anchor), signature, at());
    assert_eq!(found, expect);
}

struct SealChainFixture {
    root: TestCertificate,
    between: TestCertificate,
    seal: TestCertificate,
}

fn world(spec: TestCertSpec) -> SealChainFixture {
    let root = TestCertSpec::authority("Root").issue_certificate(None);
    let between = TestCertSpec::authority("Issuing").issue_certificate(Some(&root));
    let seal = spec.issue_certificate(Some(&between));
    SealChainFixture {
        root,
        between,
        seal,
    }
}

impl SealChainFixture {
    fn signed(&self) -> Signature {
        self.seal.sign(&[&self.between], at())
    }
}

fn certificate(seal: &TestCertificate) -> SealRevocation {
    SealRevocation::Certificate(Digest::of(&seal.der))
}

fn revoked_seal(what: SealRevocation, from: UtcTimestamp) -> RevokedSeal {
    RevokedSeal { what, from }
}

fn key(seal: &TestCertificate) -> SealRevocation {
    SealRevocation::Key(key_of(&seal.der).unwrap())
}

const REFUSED: Result<(), ErrorCode> = Err(ErrorCode::SealNotTrusted);

#[test]
fn a_seal_by_the_named_authority_counts() {
    for rsa in [false, true] {
        let w = world(TestCertSpec {
            rsa,
            ..TestCertSpec::seal()
        });
        check(&w.root.anchor(), &w.signed(), Ok(()));
        // With the authority's own certificate at the end, and with the intermediate one as the authority.
        let whole = w.seal.sign(&[&w.between, &w.root], at());
        check(&w.root.anchor(), &whole, Ok(()));
        check(&w.between.anchor(), &w.seal.sign(&[], at()), Ok(()));
        check(&w.between.anchor(), &w.signed(), Ok(()));
        let mut other = w.signed();
        other.alg = if rsa { "ES256" } else { "PS256" }.to_owned();
        check(&w.root.anchor(), &other, Err(ErrorCode::SignatureAlg));
        for byte in 0..other.signature.len() {
            let mut bad = w.signed();
            bad.signature[byte] ^= 1;
            check(&w.root.anchor(), &bad, Err(ErrorCode::SignatureInvalid));
        }
    }
}

#[test]
fn no_other_chain_leads_to_it() {
    let w = world(TestCertSpec::seal());
    let anchor = w.root.anchor();
    let other = world(TestCertSpec::seal());
    // No authority is named; another one with an equal name is.
    assert_eq!(judged(&[], &w.signed(), at()), REFUSED);
    check(&other.root.anchor(), &w.signed(), REFUSED);
    // The intermediate certificate is missing, another's, misplaced, or there is an additional one.
    check(&anchor, &w.seal.sign(&[], at()), REFUSED);
    check(&anchor, &w.seal.sign(&[&other.between], at()), REFUSED);
    for above in [
        [&w.between, &other.between],
        [&other.between, &w.between],
        [&w.root, &w.between],
        [&w.between, &other.root],
    ] {
        check(&anchor, &w.seal.sign(&above, at()), REFUSED);
    }
    let turned = w.between.sign(&[&w.seal], at());
    check(&anchor, &turned, REFUSED);
    // Self-signed, and signed by an authority with its own key.
    let own = TestCertSpec::seal().issue_certificate(None);
    check(&anchor, &own.sign(&[], at()), REFUSED);
    check(&anchor, &own.sign(&[&w.between], at()), REFUSED);
    check(&anchor, &w.root.sign(&[], at()), REFUSED);
    // Signed by a certificate that may not issue: a seal, and an authority without this usage.
    let below = TestCertSpec::seal().issue_certificate(Some(&w.seal));
    check(&anchor, &below.sign(&[&w.seal, &w.between], at()), REFUSED);
    let idle = TestCertSpec {
        usages: vec![KeyUsagePurpose::DigitalSignature],
        ..TestCertSpec::authority("Idle")
    }
    .issue_certificate(Some(&w.root));
    let by_idle = TestCertSpec::seal().issue_certificate(Some(&idle));
    check(&anchor, &by_idle.sign(&[&idle], at()), REFUSED);
}

#[test]
fn the_authority_of_a_seal_permits_what_stands_below_it() {
    for (path_length, expected) in [(None, Ok(())), (Some(1), Ok(())), (Some(0), REFUSED)] {
        let root = TestCertSpec {
            path_length,
            ..TestCertSpec::authority("Root")
        }
        .issue_certificate(None);
        let between = TestCertSpec::authority("Issuing").issue_certificate(Some(&root));
        let seal = TestCertSpec::seal().issue_certificate(Some(&between));
        check(&root.anchor(), &seal.sign(&[&between], at()), expected);
        let direct = TestCertSpec::seal().issue_certificate(Some(&root));
        check(&root.anchor(), &direct.sign(&[], at()), Ok(()));
    }
    let idle = TestCertSpec {
        usages: vec![KeyUsagePurpose::CrlSign],
        ..TestCertSpec::authority("Idle")
    }
    .issue_certificate(None);
    let seal = TestCertSpec::seal().issue_certificate(Some(&idle));
    check(&idle.anchor(), &seal.sign(&[], at()), REFUSED);
}

#[test]
fn a_seal_is_for_one_organisation_and_for_documents() {
    let refused = [
        TestCertSpec {
            organizations: vec!["VATDE-999999999"],
            ..TestCertSpec::seal()
        },
        TestCertSpec {
            organizations: Vec::new(),
            ..TestCertSpec::seal()
        },
        TestCertSpec {
            usages: Vec::new(),
            ..TestCertSpec::seal()
        },
        TestCertSpec {
            usages: vec![KeyUsagePurpose::KeyEncipherment],
            ..TestCertSpec::seal()
        },
        TestCertSpec {
            extended: vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ],
            ..TestCertSpec::seal()
        },
    ];
    for (case, spec) in refused.into_iter().enumerate() {
        let w = world(spec);
        let found = judged(&[w.root.anchor()], &w.signed(), at());
        assert_eq!(found, REFUSED, "case {case}");
    }
    for extended in [
        ExtendedKeyUsagePurpose::EmailProtection,
        ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 5, 5, 7, 3, 36]),
    ] {
        let w = world(TestCertSpec {
            extended: vec![extended],
            usages: vec![KeyUsagePurpose::DigitalSignature],
            ..TestCertSpec::seal()
        });
        check(&w.root.anchor(), &w.signed(), Ok(()));
    }
}

#[test]
fn a_seal_counts_when_it_is_made_and_when_it_is_logged() {
    let w = world(TestCertSpec::seal());
    let late = Err(ErrorCode::KeyNotValidAtSigning);
    let lines = [
        // Time of signing, time of the log entry (days after the start), result.
        (1, 1, Ok(())),
        (1, 99, Ok(())),
        (1, 101, late),
        (101, 101, late),
        (-2, 1, late),
    ];
    for (made, logged, expect) in lines {
        let signature = w
            .seal
            .sign(&[&w.between], start_time().plus_micros(made * DAY));
        let logged = start_time().plus_micros(logged * DAY);
        let found = judged(&[w.root.anchor()], &signature, logged);
        assert_eq!(found, expect, "{made} {logged}");
    }
    // Revocations of the authority, and of this seal alone.
    let mut anchor = w.root.anchor();
    anchor.not_after = at();
    check(&anchor, &w.signed(), late);
    anchor = w.root.anchor();
    anchor.not_before = at().plus_micros(1_000_000);
    check(&anchor, &w.signed(), late);
    anchor = w.root.anchor();
    anchor.revoked = vec![revoked_seal(certificate(&w.seal), at())];
    check(&anchor, &w.signed(), Err(ErrorCode::KeyRevoked));
    anchor.revoked = vec![revoked_seal(certificate(&w.seal), at().plus_micros(DAY))];
    check(&anchor, &w.signed(), Ok(()));
    anchor.revoked = vec![revoked_seal(
        SealRevocation::Certificate(Digest::of(b"another")),
        at(),
    )];
    check(&anchor, &w.signed(), Ok(()));
}

#[test]
fn a_seal_names_its_own_key_and_concludes_contracts_alone() {
    let w = world(TestCertSpec::seal());
    let mut other = w.signed();
    other.kid = world(TestCertSpec::seal()).signed().kid;
    check(&w.root.anchor(), &other, Err(ErrorCode::SignatureHeader));
    let seals = SealAnchors::from([(munster(), vec![w.root.anchor()])]);
    let history = KeyHistory::new();
    let keys = RegisteredKeys::new(&history, at()).and_seals(&seals);
    for purpose in [SignaturePurpose::Statement, SignaturePurpose::Mandate] {
        let refusal = keys
            .check_signature(&munster(), &w.signed(), purpose)
            .unwrap_err();
        assert_eq!(refusal.code, ErrorCode::SignerNotParty);
    }
    for purpose in [SignaturePurpose::View, SignaturePurpose::Withdrawal] {
        assert_eq!(
            keys.check_signature(&munster(), &w.signed(), purpose),
            Ok(())
        );
    }
    // The authority certifies seals of one participant only.
    let other: ParticipantId = "ottawa.example".parse().unwrap();
    let refusal = keys
        .check_signature(&other, &w.signed(), SignaturePurpose::Contract)
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SealNotTrusted);
}

/// The certificate of a stolen key is renewed, by its authority or by another one: the key is still stolen.
#[test]
fn a_seal_is_revoked_by_its_key_whatever_certificate_that_gets() {
    for rsa in [false, true] {
        let spec = || TestCertSpec {
            rsa,
            ..TestCertSpec::seal()
        };
        let w = world(spec());
        let again = rcgen::KeyPair::from_pem(&w.seal.key.serialize_pem()).unwrap();
        let renewed = spec().issue_for_key(again, Some(&w.between));
        let signed = renewed.sign(&[&w.between], at());
        let next = spec()
            .issue_certificate(Some(&w.between))
            .sign(&[&w.between], at());
        assert_ne!(renewed.der, w.seal.der);
        let mut anchor = w.root.anchor();
        anchor.revoked = vec![revoked_seal(certificate(&w.seal), at())];
        check(&anchor, &w.signed(), Err(ErrorCode::KeyRevoked));
        check(&anchor, &signed, Ok(()));
        anchor.revoked = vec![revoked_seal(key(&w.seal), at())];
        check(&anchor, &w.signed(), Err(ErrorCode::KeyRevoked));
        check(&anchor, &signed, Err(ErrorCode::KeyRevoked));
        check(&anchor, &next, Ok(()));
        // By an authority of the participant that does not know of the theft.
        let other = world(spec());
        let again = rcgen::KeyPair::from_pem(&w.seal.key.serialize_pem()).unwrap();
        let elsewhere = spec().issue_for_key(again, Some(&other.between));
        let anchors = [other.root.anchor(), anchor.clone()];
        let signed = elsewhere.sign(&[&other.between], at());
        check(&anchors[0], &signed, Ok(()));
        assert_eq!(judged(&anchors, &signed, at()), Err(ErrorCode::KeyRevoked));
        // A signature that was seen before stays valid.
        anchor.revoked = vec![revoked_seal(key(&w.seal), at().plus_micros(DAY))];
        check(&anchor, &w.signed(), Ok(()));
        let later = judged(&[anchor], &w.signed(), at().plus_micros(DAY));
        assert_eq!(later, Err(ErrorCode::KeyRevoked));
    }
}

/// Example of RFC 7638, section 3.1.
#[test]
fn the_thumbprint_of_an_rsa_key_is_that_of_the_standard() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let mut modulus = vec![0];
    modulus.extend(crate::jwk::decode(n).unwrap());
    assert_eq!(
        rsa_thumbprint(&modulus, &[1, 0, 1]),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn a_league_names_authorities_that_seal_and_ends_them() {
    let mut sample = LeagueFixture::new();
    sample.admit("munster.example", start_time());
    sample.admit("ottawa.example", start_time());
    let w = world(TestCertSpec::seal());
    let (id, other) = (munster(), "ottawa.example".parse().unwrap());
    let league = &mut sample.league;
    let name = |league: &mut LeagueAuthority, id, organization| {
        league
            .name_seal(id, w.root.der.clone(), organization, start_time())
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(name(league, &id, ORGANIZATION), Ok(()));
    let refused = Err(ErrorCode::BundleInvalid);
    assert_eq!(name(league, &id, ORGANIZATION), refused);
    assert_eq!(name(league, &other, ORGANIZATION), refused);
    assert_eq!(name(league, &other, "a\nb"), refused);
    assert_eq!(name(league, &other, "VATCA-1"), Ok(()));
    let stranger = "stranger.example".parse().unwrap();
    assert_eq!(name(league, &stranger, "X"), Err(ErrorCode::PeerUnknown));
    let leaf = league.name_seal(&id, w.seal.der.clone(), "VATDE-2", start_time());
    assert_eq!(leaf.unwrap_err().code, ErrorCode::KeyInvalid);

    let accepted = |bundle: &TrustBundle, logged: UtcTimestamp| {
        let read = TrustBundle::read(&bundle.to_bytes()).unwrap();
        assert_eq!(read.content(), bundle.content());
        read.keys(logged)
            .check_signature(&id, &w.signed(), SignaturePurpose::Contract)
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(accepted(league.bundle(), at()), Ok(()));
    let later = at().plus_micros(DAY);
    let own = Some(certificate(&w.seal));
    league
        .end_seal(&id, ORGANIZATION, own, KeyEndKind::Revoked, later)
        .unwrap();
    assert_eq!(accepted(league.bundle(), at()), Ok(()));
    assert_eq!(accepted(league.bundle(), later), Err(ErrorCode::KeyRevoked));
    let ends = Some(key(&w.seal));
    league
        .end_seal(
            &id,
            ORGANIZATION,
            ends,
            KeyEndKind::Compromised(at()),
            later,
        )
        .unwrap();
    assert_eq!(accepted(league.bundle(), at()), Err(ErrorCode::KeyRevoked));
    league
        .end_seal(
            &id,
            ORGANIZATION,
            None,
            KeyEndKind::Compromised(at()),
            later,
        )
        .unwrap();
    let over = Err(ErrorCode::KeyNotValidAtSigning);
    assert_eq!(accepted(league.bundle(), at()), over);
    let none = league.end_seal(&id, "VATDE-7", None, KeyEndKind::Over, later);
    assert_eq!(none.unwrap_err().code, ErrorCode::KeyInvalid);
}
