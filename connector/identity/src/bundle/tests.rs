//! Tests: a bundle is valid only as signed by its league, never goes back, and each authority certifies only its own identities.

use super::{BundleContent, CredentialIssuer, TrustBundle};
use crate::bundle::LONGEST;
use crate::keys::SignatureAlgorithm;
use crate::league_fixture::{DAY, LeagueFixture, start_time};
use crate::seal::{RevokedSeal, SealAnchor, SealRevocation};
use crate::signature::{FileSigner, ParticipantSigner};
use crate::signed_envelope::{self, EnvelopeKind};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, JsonLimits, parse_json, to_canonical_bytes};
use hansa_policy::attribute::AttributeKind;
use hansa_policy::refusal::ErrorCode;

fn bundle_of_two() -> (LeagueFixture, TrustBundle) {
    let mut sample = LeagueFixture::new();
    sample.admit("munster.example", start_time());
    sample.admit("ottawa.example", start_time());
    let bundle = sample.league.bundle().clone();
    (sample, bundle)
}

fn resealed(
    sample: &LeagueFixture,
    change: impl FnOnce(&mut BundleContent),
) -> Result<TrustBundle, ErrorCode> {
    let mut content = sample.league.bundle().content().clone();
    change(&mut content);
    TrustBundle::seal(&content, &sample.signer()).map_err(|refusal| refusal.code)
}

#[test]
fn a_bundle_survives_the_round_trip() {
    for algorithm in [SignatureAlgorithm::EdDsa, SignatureAlgorithm::Es256] {
        let mut sample = LeagueFixture::with_algorithm(algorithm);
        sample.admit("munster.example", start_time());
        sample.admit("ottawa.example", start_time());
        sample
            .league
            .expel(&"ottawa.example".parse().unwrap(), start_time())
            .unwrap();
        let bundle = sample.league.bundle();
        let again = TrustBundle::read(&bundle.to_bytes()).unwrap();
        assert_eq!(again.content(), bundle.content());
        assert_eq!(again.to_bytes(), bundle.to_bytes());
        assert_eq!(again.digest(), bundle.digest());
    }
}

#[test]
fn every_changed_byte_is_found() {
    let (_sample, bundle) = bundle_of_two();
    let bytes = bundle.to_bytes();
    // The final line feed is not signed.
    for at in 0..bytes.len() - 1 {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(TrustBundle::read(&changed).is_err(), "byte {at}");
    }
    for cut in [0, 1, bytes.len() / 2, bytes.len() - 2] {
        assert!(TrustBundle::read(&bytes[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn other_spellings_and_members_are_refused() {
    let (_sample, bundle) = bundle_of_two();
    let text = String::from_utf8(bundle.to_bytes()).unwrap();
    assert!(TrustBundle::read(text.replacen(':', ": ", 1).as_bytes()).is_err());
    let mut envelope = parse_json(text.trim_end().as_bytes(), JsonLimits::default()).unwrap();
    let Json::Object(members) = &mut envelope else {
        panic!("an object")
    };
    members.insert("note".to_owned(), Json::Null);
    assert!(TrustBundle::read(&to_canonical_bytes(&envelope)).is_err());
}

/// Bundle with all optional parts.
fn full(sample: &LeagueFixture, content: &mut BundleContent) {
    let day = |days: i64| start_time().plus_micros(days * DAY);
    let authority = content.anchors[0].clone();
    let key = |name: &str| {
        let path = sample.dir.path().join(name);
        let signer = FileSigner::create(&path, SignatureAlgorithm::EdDsa).unwrap();
        signer.public_key().clone()
    };
    let party = &mut content.parties[0];
    party.mandates.since = Some(day(1));
    party
        .mandates
        .revoked
        .insert(Digest::of(b"mandate"), day(2));
    let revoked = [
        SealRevocation::Certificate(Digest::of(b"certificate")),
        SealRevocation::Key(party.note_key.kid().to_owned()),
    ];
    party.seals.push(SealAnchor {
        certificate: authority.certificate,
        organization: "VATDE-123456789".to_owned(),
        not_before: day(0),
        not_after: authority.not_after,
        revoked: revoked
            .map(|what| RevokedSeal { what, from: day(3) })
            .into(),
    });
    let mut registered = party.keys[0].clone();
    registered.revoked_at = Some(day(4));
    registered.compromised_since = Some(day(3));
    registered.key = key("contracts");
    registered.only_contracts = true;
    party.keys.push(registered.clone());
    registered.key = key("issuer");
    content.issuers.push(CredentialIssuer {
        id: "office.example".parse().unwrap(),
        name: "Office".to_owned(),
        keys: vec![registered],
        states: AttributeKind::ALL.into(),
    });
    content.denied = [b"one", b"two"].map(|one| Digest::of(one)).into();
}

/// Content that the league signs, although it would never write it like this.
#[test]
fn another_spelling_is_refused_whoever_signs_it() {
    let (sample, _) = bundle_of_two();
    let bundle = resealed(&sample, |content| full(&sample, content)).unwrap();
    let read = |content: &str| {
        let content = parse_json(content.as_bytes(), JsonLimits::default()).unwrap();
        let signature =
            signed_envelope::sign_content(EnvelopeKind::Bundle, &content, &sample.signer());
        TrustBundle::from_json(Json::object([
            ("bundle", content),
            ("signature", Json::Text(signature.unwrap())),
        ]))
    };
    let content = bundle.envelope().get("bundle").unwrap();
    let text = String::from_utf8(to_canonical_bytes(content)).unwrap();
    assert_eq!(read(&text).unwrap().content(), bundle.content());
    for (from, to, member) in [
        ("bundle/1", "bundle/2", "`hansa`"),
        ("\"demo\":true", "\"demo\":1", "`demo`"),
        ("\"issuers\"", "\"more\":[],\"issuers\"", "`more`"),
        ("\"name\":\"Office\",", "", "`name`"),
        ("\"alg\":\"EdDSA\"", "\"alg\":\"ES256\"", "alg` is not"),
        (
            "\"expelledAt\":null,",
            "",
            "`parties[0].expelledAt` is missing",
        ),
        (
            "\"since\":\"2026-06-02T12:00:00Z\"",
            "\"since\":\"2026-06-02\"",
            "mandates.since`",
        ),
        ("\"certificate\":\"", "\"certificate\":\"=", "certificate`"),
        ("\"id\":\"hansa://", "\"id\":\"", "id` is not"),
        (
            "\"onlyContracts\":false",
            "\"onlyContracts\":null",
            "`parties[0].keys[0]",
        ),
        (
            "\"states\":[\"sector\",\"region\"]",
            "\"states\":[\"region\",\"sector\"]",
            "states[0]`",
        ),
        (
            "\"states\":[\"sector\",",
            "\"states\":[\"colour\",",
            "states[0]`",
        ),
        ("\"kty\":\"OKP\"", "\"kid\":\"x\",\"kty\":\"OKP\"", "kid"),
    ] {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text, "{from}");
        let refusal = read(&other).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::BundleInvalid);
        assert!(refusal.sentence.contains(member), "{refusal}");
    }
    let kid = bundle.content().parties[0].note_key.kid();
    let refusal = read(&text.replace(&format!("\"key\":\"{kid}\""), "\"key\":\"mine\""));
    assert!(refusal.unwrap_err().sentence.contains("thumbprint"));
}

#[test]
fn a_bundle_of_another_league_is_told_apart() {
    let (sample, bundle) = bundle_of_two();
    let other = LeagueFixture::new();
    let shown = other.league.bundle().to_bytes();
    let refusal = bundle.accept_newer(&shown, start_time()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::WrongLeague);

    // Signed by a stranger in the league's name.
    let stranger = FileSigner::create(
        &sample.dir.path().join("stranger"),
        SignatureAlgorithm::EdDsa,
    )
    .unwrap();
    let forged = TrustBundle::seal(bundle.content(), &stranger).unwrap_err();
    assert_eq!(forged.code, ErrorCode::BundleInvalid);
    let mut content = bundle.content().clone();
    content.key = stranger.public_key().clone();
    content.sequence += 1;
    let forged = TrustBundle::seal(&content, &stranger).unwrap();
    let refusal = bundle
        .accept_newer(&forged.to_bytes(), start_time())
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::WrongLeague);
}

#[test]
fn the_number_never_goes_back() {
    let (mut sample, old) = bundle_of_two();
    sample.league.export_bundle(start_time()).unwrap();
    let new = sample.league.bundle().clone();

    let taken = old
        .accept_newer(&new.to_bytes(), start_time())
        .unwrap()
        .unwrap();
    assert_eq!(taken.content().sequence, old.content().sequence + 1);
    assert!(
        new.accept_newer(&old.to_bytes(), start_time())
            .unwrap()
            .is_none()
    );
    assert!(
        new.accept_newer(&new.to_bytes(), start_time())
            .unwrap()
            .is_none()
    );
    let back = new
        .accept_successor(&old.to_bytes(), start_time())
        .unwrap_err();
    assert_eq!(back.code, ErrorCode::BundleInvalid);
    assert!(new.accept_successor(&new.to_bytes(), start_time()).is_ok());
    assert!(old.accept_successor(&new.to_bytes(), start_time()).is_ok());
    assert!(old.not_before_number(new.content().sequence).is_err());

    let fork = resealed(&sample, |content| content.demo = false).unwrap();
    let refusal = new
        .accept_newer(&fork.to_bytes(), start_time())
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::BundleInvalid);
}

#[test]
fn a_bundle_is_over_after_thirty_days_at_most() {
    let (mut sample, old) = bundle_of_two();
    let last = start_time().plus_micros(30 * DAY - 1);
    assert!(old.check_expiry(last).is_ok());
    let over = start_time().plus_micros(30 * DAY);
    assert_eq!(
        old.check_expiry(over).unwrap_err().code,
        ErrorCode::BundleInvalid
    );

    sample.league.export_bundle(start_time()).unwrap();
    let late = sample.league.bundle().to_bytes();
    assert_eq!(
        old.accept_newer(&late, over).unwrap_err().code,
        ErrorCode::BundleInvalid
    );
    let too_long = resealed(&sample, |content| {
        content.expires_at = content.issued_at.plus_micros(LONGEST + 1);
    });
    assert_eq!(too_long.unwrap_err(), ErrorCode::BundleInvalid);
}

#[test]
fn what_contradicts_itself_is_refused() {
    type Spoil = fn(&mut BundleContent);
    let (sample, _) = bundle_of_two();
    let changes: [(&str, Spoil); 7] = [
        ("a party twice", |c| {
            let first = c.parties[0].clone();
            c.parties.push(first);
        }),
        ("a key of two parties", |c| {
            c.parties[1].keys = c.parties[0].keys.clone();
        }),
        ("the note key is the signing key", |c| {
            c.parties[0].note_key = c.parties[0].keys[0].key.clone();
        }),
        ("no key", |c| c.parties[0].keys.clear()),
        ("an anchor twice", |c| {
            let first = c.anchors[0].clone();
            c.anchors.push(first);
        }),
        ("another anchor key", |c| {
            c.anchors[0].spki = hansa_audit_log::digest::Digest::of(b"other");
        }),
        ("expelled but spoken for", |c| {
            c.parties[0].expelled_at = Some(c.issued_at);
        }),
    ];
    assert!(resealed(&sample, |_| ()).is_ok());
    for (what, change) in changes {
        assert_eq!(
            resealed(&sample, change).unwrap_err(),
            ErrorCode::BundleInvalid,
            "{what}"
        );
    }
}

#[test]
fn the_roster_holds_the_members_and_their_authorities() {
    let (mut sample, bundle) = bundle_of_two();
    let names = |bundle: &TrustBundle| -> Vec<String> {
        bundle
            .roster()
            .members()
            .map(|id| id.domain().to_owned())
            .collect()
    };
    assert_eq!(names(&bundle), ["munster.example", "ottawa.example"]);
    let ottawa = "ottawa.example".parse().unwrap();
    sample.league.expel(&ottawa, start_time()).unwrap();
    assert_eq!(names(sample.league.bundle()), ["munster.example"]);
    assert_eq!(
        sample
            .league
            .bundle()
            .anchors_for(&ottawa, start_time())
            .count(),
        0
    );
}
