//! Tests: a join file must be for this participant, for its keys and from its league.

use super::{IdentityFiles, faults, init, install_bundle, join, load};
use crate::keys::SignatureAlgorithm;
use crate::league_fixture::{DAY, LeagueFixture, start};
use hansa_policy::refusal::ErrorCode;
use std::os::unix::fs::PermissionsExt;

#[test]
fn keys_are_made_once_and_differ() {
    let sample = LeagueFixture::new();
    sample.apply("munster.example");
    let files = sample.files("munster.example");
    let before = std::fs::read(&files.signing_key).unwrap();
    let applicant = LeagueFixture::applicant("munster.example");
    let twice = init(&files, &applicant, SignatureAlgorithm::EdDsa).unwrap_err();
    assert_eq!(twice.code, ErrorCode::FileExists);
    assert_eq!(std::fs::read(&files.signing_key).unwrap(), before);
    for path in [&files.signing_key, &files.note_key, &files.tls_key] {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn the_signing_key_is_of_the_kind_that_was_chosen() {
    for algorithm in [SignatureAlgorithm::EdDsa, SignatureAlgorithm::Es256] {
        let mut sample = LeagueFixture::new();
        let files = sample.files("munster.example");
        let request = init(
            &files,
            &LeagueFixture::applicant("munster.example"),
            algorithm,
        )
        .unwrap();
        let admitted = sample.league.admit(&request, 7, start()).unwrap();
        let id = "munster.example".parse().unwrap();
        join(&files, &id, &admitted.join.to_bytes(), start()).unwrap();
        let munster = load(&files, &id, 0, start()).unwrap();
        assert_eq!(munster.signer.algorithm(), algorithm);
        assert_eq!(munster.note.algorithm(), SignatureAlgorithm::EdDsa);
        let member = munster.bundle.member(&id).unwrap();
        assert_eq!(member.keys[0].key.algorithm(), algorithm);
        assert_eq!(member.note_key.algorithm(), SignatureAlgorithm::EdDsa);
    }
}

#[test]
fn a_join_file_is_for_one_participant_with_its_keys() {
    let mut sample = LeagueFixture::new();
    let for_munster = sample.apply("munster.example");
    let for_munster = sample.league.admit(&for_munster, 7, start()).unwrap();
    let ottawa = sample.admit("ottawa.example", start());
    let bytes = for_munster.join.to_bytes();

    let files = sample.files("ottawa.example");
    let other = join(&files, &ottawa.id, &bytes, start()).unwrap_err();
    assert_eq!(other.code, ErrorCode::KeyInvalid);

    // The right name, but other keys: the participant was created again in another folder.
    let again = IdentityFiles::within(&sample.folder("again"));
    let applicant = LeagueFixture::applicant("munster.example");
    init(&again, &applicant, SignatureAlgorithm::EdDsa).unwrap();
    let munster = "munster.example".parse().unwrap();
    let other = join(&again, &munster, &bytes, start()).unwrap_err();
    assert_eq!(other.code, ErrorCode::KeyInvalid);
    assert!(!again.bundle.exists() && !again.tls_cert.exists());

    let files = sample.files("munster.example");
    let late = join(&files, &munster, &bytes, start().plus_micros(8 * DAY)).unwrap_err();
    assert_eq!(late.code, ErrorCode::CertificateExpired);
    let mut changed = bytes.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    assert!(join(&files, &munster, &changed, start()).is_err());
    join(&files, &munster, &bytes, start()).unwrap();
}

#[test]
fn another_league_does_not_take_a_participant_over() {
    let mut first = LeagueFixture::new();
    let munster = first.admit("munster.example", start());
    let files = first.files("munster.example");
    let before = std::fs::read(&files.bundle).unwrap();
    let request = super::request(&files, &LeagueFixture::applicant("munster.example")).unwrap();
    let mut second = LeagueFixture::new();
    let admitted = second.league.admit(&request, 7, start()).unwrap();
    let refusal = join(&files, &munster.id, &admitted.join.to_bytes(), start()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::WrongLeague);
    assert_eq!(std::fs::read(&files.bundle).unwrap(), before);
}

#[test]
fn an_older_join_file_does_not_bring_an_older_bundle_back() {
    let mut sample = LeagueFixture::new();
    let request = sample.apply("munster.example");
    let admitted = sample.league.admit(&request, 7, start()).unwrap();
    let munster = "munster.example".parse().unwrap();
    let files = sample.files("munster.example");
    sample.league.export(start()).unwrap();
    install_bundle(&files, sample.league.bundle()).unwrap();
    let joined = join(&files, &munster, &admitted.join.to_bytes(), start()).unwrap();
    assert_eq!(joined.bundle.content().sequence, 3);
    let floor = load(&files, &munster, 4, start()).unwrap_err();
    assert_eq!(floor.code, ErrorCode::BundleInvalid);
    assert!(load(&files, &munster, 3, start()).is_ok());
}

#[test]
fn each_broken_file_has_its_code() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start());
    let ottawa = sample.admit("ottawa.example", start());
    let files = sample.files("munster.example");
    let theirs = sample.files("ottawa.example");
    let now = start();
    let code = |files: &IdentityFiles, at| load(files, &munster.id, 0, at).unwrap_err().code;

    assert_eq!(
        code(&theirs, now),
        ErrorCode::KeyInvalid,
        "another's identity"
    );
    let swapped = IdentityFiles {
        tls_key: theirs.tls_key.clone(),
        ..files.clone()
    };
    assert_eq!(
        code(&swapped, now),
        ErrorCode::KeyInvalid,
        "another's TLS key"
    );
    let swapped = IdentityFiles {
        signing_key: theirs.signing_key.clone(),
        ..files.clone()
    };
    assert_eq!(
        code(&swapped, now),
        ErrorCode::KeyInvalid,
        "another's signing key"
    );
    assert_eq!(
        code(&files, now.plus_micros(8 * DAY)),
        ErrorCode::CertificateExpired
    );
    assert_eq!(
        code(&files, now.plus_micros(31 * DAY)),
        ErrorCode::BundleInvalid
    );
    std::fs::set_permissions(&files.tls_key, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(code(&files, now), ErrorCode::KeyFilePermissions);
    std::fs::write(&files.tls_cert, "no certificate").unwrap();
    assert_eq!(code(&files, now), ErrorCode::KeyInvalid);
    std::fs::remove_file(&files.bundle).unwrap();
    assert_eq!(code(&files, now), ErrorCode::FileMissing);
    assert_eq!(ottawa.id.domain(), "ottawa.example");
}

#[test]
fn every_fault_is_reported_at_once() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start());
    let files = sample.files("munster.example");
    let codes = |at| -> Vec<ErrorCode> {
        faults(&files, &munster.id, at)
            .iter()
            .map(|refusal| refusal.code)
            .collect()
    };
    assert_eq!(codes(start()), []);
    assert_eq!(
        codes(start().plus_micros(8 * DAY)),
        [ErrorCode::CertificateExpired]
    );
    std::fs::set_permissions(&files.note_key, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&files.tls_cert, "no certificate").unwrap();
    std::fs::remove_file(&files.bundle).unwrap();
    assert_eq!(
        codes(start()),
        [
            ErrorCode::KeyFilePermissions,
            ErrorCode::KeyInvalid,
            ErrorCode::FileMissing
        ]
    );
}

#[test]
fn a_join_that_lost_power_in_the_middle_leaves_a_participant_that_works() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start());
    let files = sample.files("munster.example");
    let applicant = LeagueFixture::applicant("munster.example");
    let request = super::request(&files, &applicant).unwrap();
    let renewed = sample.league.admit(&request, 7, start()).unwrap();
    // The bundle is installed, the certificate still has its temporary name.
    install_bundle(&files, &renewed.join.bundle).unwrap();
    std::fs::write(files.tls_cert.with_extension("pem.new"), "-----BEGIN CERT").unwrap();
    let between = load(&files, &munster.id, 3, start()).unwrap();
    assert_eq!(between.chain, munster.chain);
    join(&files, &munster.id, &renewed.join.to_bytes(), start()).unwrap();
    let after = load(&files, &munster.id, 3, start()).unwrap();
    assert_ne!(after.chain, munster.chain);
}

#[test]
fn another_signing_key_waits_for_the_leagues_word() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start());
    let files = sample.files("munster.example");
    let applicant = LeagueFixture::applicant("munster.example");
    let later = start().plus_micros(DAY);
    let request = super::key_rotation::rekey(&files, &applicant).unwrap();
    // Until the registration the former key is in force, and a repeated request changes nothing.
    let before = load(&files, &munster.id, 0, later).unwrap();
    assert_eq!(before.signer.kid(), munster.signer.kid());
    let again = super::admission_request::AdmissionRequest::read(
        &super::key_rotation::rekey(&files, &applicant).unwrap(),
    );
    let asked = super::admission_request::AdmissionRequest::read(&request)
        .unwrap()
        .signing;
    assert_eq!(again.unwrap().signing, asked);
    // A renewal without the new key leaves it pending.
    let renewal = super::request(&files, &applicant).unwrap();
    let renewed = sample.league.admit(&renewal, 7, later).unwrap();
    join(&files, &munster.id, &renewed.join.to_bytes(), later).unwrap();
    assert_eq!(
        load(&files, &munster.id, 0, later).unwrap().signer.kid(),
        munster.signer.kid()
    );

    let admitted = sample.league.admit(&request, 7, later).unwrap();
    join(&files, &munster.id, &admitted.join.to_bytes(), later).unwrap();
    let after = load(&files, &munster.id, 0, later).unwrap();
    assert_eq!(after.signer.kid(), asked.kid());
    assert_ne!(after.signer.kid(), munster.signer.kid());
    // Signatures by the former key stay valid.
    let keys = &after.bundle.member(&munster.id).unwrap().keys;
    assert!(keys[0].counts_at(start()) && !keys[0].counts_at(later));
}
