//! Tests: a league admits applicants with proven keys, renews, expels, and keeps former keys.

use super::{LONGEST_LEAF_DAYS, LeagueAuthority};
use crate::certificate::{self, CertificateUsage, PeerCertificateError};
use crate::keys::SignatureAlgorithm;
use crate::league_fixture::{DAY, LeagueFixture, start_time};
use crate::participant_identity::admission_request::Applicant;
use crate::participant_identity::{self};
use hansa_audit_log::digest::Digest;
use hansa_policy::contract::mandate::{DisclosureClass, Mandate};
use hansa_policy::contract::signature::{
    SignatoryRole, Signature, SignatureVerifier, SignedMandate,
};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::refusal::ErrorCode;

#[test]
fn a_league_is_founded_once_and_held_by_one_process() {
    let sample = LeagueFixture::new();
    let folder = sample.folder("league");
    let locked = LeagueAuthority::open(&folder).unwrap_err();
    assert_eq!(locked.code, ErrorCode::StateLocked);
    let bundle = sample.league.bundle().to_bytes();
    let LeagueFixture { dir, league } = sample;
    drop(league);
    let again = LeagueAuthority::open(&folder).unwrap();
    assert_eq!(again.bundle().to_bytes(), bundle);
    drop(again);
    let founding = super::LeagueSettings {
        name: "Other".to_owned(),
        algorithm: crate::keys::SignatureAlgorithm::EdDsa,
        demo: false,
    };
    let twice = LeagueAuthority::init(&folder, &founding, start_time()).unwrap_err();
    assert_eq!(twice.code, ErrorCode::FileExists);
    drop(dir);
}

#[test]
fn an_admitted_participant_is_known_to_all() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start_time());
    assert_eq!(munster.bundle.content().sequence, 2);
    let member = munster.bundle.member(&munster.id).unwrap();
    assert_eq!(member.name, "City of munster.example");
    assert_eq!(
        member.address.as_deref(),
        Some("hansa.munster.example:7443")
    );
    assert_eq!(member.keys[0].key, *munster.signer.public_key());
    assert_eq!(member.note_key, *munster.note.public_key());
    assert_eq!(munster.chain.not_after(), start_time().plus_micros(7 * DAY));
}

#[test]
fn what_is_signed_in_the_second_of_the_admission_counts() {
    let mut sample = LeagueFixture::new();
    let admitted = start_time().plus_micros(700_000);
    let munster = sample.admit("munster.example", admitted);
    let input = b"header.payload".to_vec();
    let signature = Signature {
        role: SignatoryRole::Consumer,
        kid: munster.signer.kid().to_owned(),
        alg: munster.signer.algorithm().as_str().to_owned(),
        issued_at: start_time().micros() / 1_000_000,
        signature: munster.signer.sign(&input).unwrap(),
        seal: None,
        mandate: None,
        signing_input: input,
    };
    let keys = munster.bundle.keys(admitted);
    assert_eq!(
        keys.check_signature(&munster.id, &signature, SignaturePurpose::Statement),
        Ok(())
    );
}

#[test]
fn a_changed_request_is_refused() {
    let mut sample = LeagueFixture::new();
    let request = sample.request_admission("munster.example");
    let text = String::from_utf8(request.clone()).unwrap();
    let changes = [
        text.replace("munster.example\",\"name", "ottawa.example\",\"name"),
        text.replace("City of", "Town of"),
        text.replace(":7443", ":7444"),
        text.replace("request/1", "request/2"),
    ];
    for changed in changes {
        assert_ne!(changed, text);
        let refusal = sample
            .league
            .admit(changed.as_bytes(), 7, start_time())
            .unwrap_err();
        assert_eq!(refusal.code, ErrorCode::KeyInvalid, "{changed}");
    }
    for days in [0, LONGEST_LEAF_DAYS + 1] {
        let refusal = sample
            .league
            .admit(&request, days, start_time())
            .unwrap_err();
        assert_eq!(refusal.code, ErrorCode::UsageWrong);
    }
    assert_eq!(sample.league.bundle().content().sequence, 1);
}

#[test]
fn nobody_is_admitted_under_a_name_of_somebody_else() {
    let mut sample = LeagueFixture::new();
    sample.admit("munster.example", start_time());
    let listening = |sample: &LeagueFixture, id: &str, address: &str| {
        let applicant = Applicant {
            address: Some(address.to_owned()),
            ..LeagueFixture::applicant(id)
        };
        participant_identity::create_identity(
            &sample.files(id),
            &applicant,
            SignatureAlgorithm::EdDsa,
        )
        .unwrap()
    };
    let request = listening(&sample, "lisbon.example", "Munster.example:7443");
    let refusal = sample.league.admit(&request, 7, start_time()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::KeyInvalid);
    assert!(
        refusal.sentence.contains("hansa://munster.example"),
        "{refusal}"
    );

    // A participant at a host of another domain, as recorded by the league, stays valid when that domain's owner is admitted.
    let request = listening(&sample, "ottawa.example", "ottawa.hosts.example:7443");
    let admitted = sample.league.admit(&request, 7, start_time()).unwrap();
    let ottawa = "ottawa.example".parse().unwrap();
    let files = sample.files("ottawa.example");
    participant_identity::install_join_file(
        &files,
        &ottawa,
        &admitted.join.to_bytes(),
        start_time(),
    )
    .unwrap();
    sample.admit("hosts.example", start_time());
    let bundle = sample.league.bundle();
    certificate::verify_chain(
        &admitted.join.chain,
        bundle,
        CertificateUsage::Server,
        start_time(),
    )
    .unwrap();
    // Not if the host itself is the domain.
    let request = sample.request_admission("ottawa.hosts.example");
    let refusal = sample.league.admit(&request, 7, start_time()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::KeyInvalid);
    assert!(
        refusal.sentence.contains("hansa://ottawa.example"),
        "{refusal}"
    );
}

#[test]
fn a_renewal_keeps_the_key_and_another_key_ends_the_one_before() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start_time());
    let later = start_time().plus_micros(5 * DAY);
    let files = sample.files("munster.example");
    let applicant = LeagueFixture::applicant("munster.example");
    let request = participant_identity::write_request(&files, &applicant).unwrap();
    let renewed = sample.league.admit(&request, 7, later).unwrap();
    participant_identity::install_join_file(&files, &munster.id, &renewed.join.to_bytes(), later)
        .unwrap();
    let again = participant_identity::load_identity(&files, &munster.id, 0, later).unwrap();
    assert_eq!(again.chain.not_after(), later.plus_micros(7 * DAY));
    assert_eq!(again.bundle.member(&munster.id).unwrap().keys.len(), 1);
    assert_ne!(again.chain.leaf().digest, munster.chain.leaf().digest);

    std::fs::remove_dir_all(sample.folder("munster.example")).unwrap();
    let changed = later.plus_micros(DAY);
    let other = sample.admit("munster.example", changed);
    let keys = &other.bundle.member(&munster.id).unwrap().keys;
    assert_eq!(keys.len(), 2);
    assert!(keys[0].counts_at(later) && !keys[0].counts_at(changed));
    assert!(keys[1].counts_at(changed) && !keys[1].counts_at(later));
}

#[test]
fn an_expelled_participant_is_out_and_its_past_signatures_hold() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start_time());
    let signed = start_time().plus_micros(DAY);
    let input = b"header.payload".to_vec();
    let signature = Signature {
        role: SignatoryRole::Consumer,
        kid: munster.signer.kid().to_owned(),
        alg: munster.signer.algorithm().as_str().to_owned(),
        issued_at: signed.micros() / 1_000_000,
        signature: munster.signer.sign(&input).unwrap(),
        seal: None,
        mandate: None,
        signing_input: input,
    };
    let expelled = start_time().plus_micros(2 * DAY);
    sample.league.expel(&munster.id, expelled).unwrap();
    let bundle = sample.league.bundle();

    let chain = certificate::verify_chain(
        &munster.certified.cert,
        bundle,
        CertificateUsage::Client,
        expelled,
    );
    assert_eq!(
        chain.unwrap_err(),
        PeerCertificateError::Denied(munster.id.clone())
    );
    assert!(
        bundle
            .keys(signed)
            .check_signature(&munster.id, &signature, SignaturePurpose::Statement)
            .is_ok()
    );
    let late = bundle
        .keys(expelled)
        .check_signature(&munster.id, &signature, SignaturePurpose::Statement)
        .unwrap_err();
    assert_eq!(late.code, ErrorCode::KeyRevoked);

    let twice = sample.league.expel(&munster.id, expelled).unwrap_err();
    assert_eq!(twice.code, ErrorCode::PeerUnknown);
    let applicant = LeagueFixture::applicant("munster.example");
    let request =
        participant_identity::write_request(&sample.files("munster.example"), &applicant).unwrap();
    let back = sample.league.admit(&request, 7, expelled).unwrap_err();
    assert_eq!(back.code, ErrorCode::PeerNotTrusted);
}

#[test]
fn a_mandate_is_revoked_for_what_is_first_seen_later() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start_time());
    let signature = |days: i64| Signature {
        role: SignatoryRole::Provider,
        kid: "officer".to_owned(),
        alg: "EdDSA".to_owned(),
        issued_at: start_time().plus_micros(days * DAY).micros() / 1_000_000,
        signing_input: Vec::new(),
        signature: Vec::new(),
        seal: None,
        mandate: None,
    };
    let mandate = |text: &str| SignedMandate {
        statement: Digest::of(text.as_bytes()),
        mandate: Mandate {
            participant: munster.id.clone(),
            holder: "officer".to_owned(),
            capacity: "head of the data office".to_owned(),
            up_to: DisclosureClass::Rows,
            longest_days: 365,
            counterparties: std::collections::BTreeSet::new(),
            not_before: start_time(),
            not_after: start_time().plus_micros(365 * DAY),
        },
        signature: signature(0),
        bytes: Vec::new(),
    };
    let (stolen, good) = (mandate("stolen"), mandate("good"));
    let at = |days: i64| start_time().plus_micros(days * DAY);
    let before = sample.league.bundle().to_bytes();
    assert!(
        !String::from_utf8(before)
            .unwrap()
            .contains(&stolen.statement.to_string())
    );
    sample
        .league
        .revoke_mandate(&munster.id, stolen.statement, None, at(5))
        .unwrap();
    let revoked = |sample: &LeagueFixture, mandate: &SignedMandate, days: [i64; 3]| {
        let [made, logged, seen] = days;
        let bundle = sample.league.bundle();
        let keys = bundle.keys(at(logged)).first_seen(at(seen));
        keys.mandate_revoked(&munster.id, mandate, &signature(made))
    };
    for (days, expect) in [
        ([4, 4, 4], false),
        // The signature states an earlier time, and was not seen then.
        ([4, 4, 5], true),
        ([4, 5, 4], true),
        ([5, 4, 4], true),
        ([6, 6, 6], true),
    ] {
        assert_eq!(revoked(&sample, &stolen, days), expect, "{days:?}");
        assert!(!revoked(&sample, &good, days), "{days:?}");
    }
    // The theft was earlier than known before; this can't be revoked.
    let since = |sample: &mut LeagueFixture, days: i64| {
        let from = Some(at(days));
        let revoking = sample
            .league
            .revoke_mandate(&munster.id, stolen.statement, from, at(6));
        revoking.map_err(|refusal| refusal.code)
    };
    assert_eq!(since(&mut sample, 5), Err(ErrorCode::UsageWrong));
    assert_eq!(since(&mut sample, 9), Err(ErrorCode::UsageWrong));
    assert_eq!(since(&mut sample, 3), Ok(()));
    assert!(revoked(&sample, &stolen, [3, 3, 3]));
    assert!(!revoked(&sample, &stolen, [2, 2, 2]));
    // As every participant reads it.
    let read = crate::bundle::TrustBundle::read(&sample.league.bundle().to_bytes()).unwrap();
    let member = read.member(&munster.id).unwrap();
    assert_eq!(
        member.mandates.revoked,
        [(stolen.statement, at(3))].into_iter().collect()
    );
    assert_eq!(member.mandates.since, None);
}
