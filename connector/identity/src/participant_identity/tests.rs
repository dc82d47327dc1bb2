//! Tests: a join file must be for this participant, for its keys and from its league.

use super::{
    IdentityFiles, create_identity, find_faults, install_bundle, install_join_file, load_identity,
};
use crate::keys::SignatureAlgorithm;
use crate::league_fixture::{DAY, LeagueFixture, start_time};
use hansa_policy::refusal::ErrorCode;
use std::os::unix::fs::PermissionsExt;

#[test]
fn keys_are_made_once_and_differ() {
    let sample = LeagueFixture::new();
    sample.request_admission("munster.example");
    let files = sample.files("munster.example");
    let before = std::fs::read(&files.signing_key).unwrap();
    let applicant = LeagueFixture::applicant("munster.example");
    let twice = create_identity(&files, &applicant, SignatureAlgorithm::EdDsa).unwrap_err();
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
        let request = create_identity(
            &files,
            &LeagueFixture::applicant("munster.example"),
            algorithm,
        )
        .unwrap();
        let admitted = sample.league.admit(&request, 7, start_time()).unwrap();
        let id = "munster.example".parse().unwrap();
        install_join_file(&files, &id, &admitted.join.to_bytes(), start_time()).unwrap();
        let munster = load_identity(&files, &id, 0, start_time()).unwrap();
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
    let for_munster = sample.request_admission("munster.example");
    let for_munster = sample.league.admit(&for_munster, 7, start_time()).unwrap();
    let ottawa = sample.admit("ottawa.example", start_time());
    let bytes = for_munster.join.to_bytes();

    let files = sample.files("ottawa.example");
    let other = install_join_file(&files, &ottawa.id, &bytes, start_time()).unwrap_err();
    assert_eq!(other.code, ErrorCode::KeyInvalid);

    // The right name, but other keys: the participant was created again in another folder.
    let again = IdentityFiles::in_folder(&sample.folder("again"));
    let applicant = LeagueFixture::applicant("munster.example");
    create_identity(&again, &applicant, SignatureAlgorithm::EdDsa).unwrap();
    let munster = "munster.example".parse().unwrap();
    let other = install_join_file(&again, &munster, &bytes, start_time()).unwrap_err();
    assert_eq!(other.code, ErrorCode::KeyInvalid);
    assert!(!again.bundle.exists() && !again.tls_cert.exists());

    let files = sample.files("munster.example");
    let late =
        install_join_file(&files, &munster, &bytes, start_time().plus_micros(8 * DAY)).unwrap_err();
    assert_eq!(late.code, ErrorCode::CertificateExpired);
    let mut changed = bytes.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    assert!(install_join_file(&files, &munster, &changed, start_time()).is_err());
    install_join_file(&files, &munster, &bytes, start_time()).unwrap();
}

#[test]
fn another_league_does_not_take_a_participant_over() {
    let mut first = LeagueFixture::new();
    let munster = first.admit("munster.example", start_time());
    let files = first.files("munster.example");
    let before = std::fs::read(&files.bundle).unwrap();
    let request =
        super::write_request(&files, &LeagueFixture::applicant("munster.example")).unwrap();
    let mut second = LeagueFixture::new();
    let admitted = second.league.admit(&request, 7, start_time()).unwrap();
    let refusal = install_join_file(&files, &munster.id, &admitted.join.to_bytes(), start_time())
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::WrongLeague);
    assert_eq!(std::fs::read(&files.bundle).unwrap(), before);
}

#[test]
fn an_older_join_file_does_not_bring_an_older_bundle_back() {
    let mut sample = LeagueFixture::new();
    let request = sample.request_admission("munster.example");
    let admitted = sample.league.admit(&request, 7, start_time()).unwrap();
    let munster = "munster.example".parse().unwrap();
    let files = sample.files("munster.example");
    sample.league.export_bundle(start_time()).unwrap();
    install_bundle(&files, sample.league.bundle()).unwrap();
    let joined =
        install_join_file(&files, &munster, &admitted.join.to_bytes(), start_time()).unwrap();
    assert_eq!(joined.bundle.content().sequence, 3);
    let floor = load_identity(&files, &munster, 4, start_time()).unwrap_err();
    assert_eq!(floor.code, ErrorCode::BundleInvalid);
    assert!(load_identity(&files, &munster, 3, start_time()).is_ok());
}

#[test]
fn each_broken_file_has_its_code() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start_time());
    let ottawa = sample.admit("ottawa.example", start_time());
    let files = sample.files("munster.example");
    let theirs = sample.files("ottawa.example");
    let now = start_time();
    let code =
        |files: &IdentityFiles, at| load_identity(files, &munster.id, 0, at).unwrap_err().code;

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
    let munster = sample.admit("munster.example", start_time());
    let files = sample.files("munster.example");
    let codes = |at| -> Vec<ErrorCode> {
        find_faults(&files, &munster.id, at)
            .iter()
            .map(|refusal| refusal.code)
            .collect()
    };
    assert_eq!(codes(start_time()), []);
    assert_eq!(
        codes(start_time().plus_micros(8 * DAY)),
        [ErrorCode::CertificateExpired]
    );
    std::fs::set_permissions(&files.note_key, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&files.tls_cert, "no certificate").unwrap();
    std::fs::remove_file(&files.bundle).unwrap();
    assert_eq!(
        codes(start_time()),
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
    let munster = sample.admit("munster.example", start_time());
    let files = sample.files("munster.example");
    let applicant = LeagueFixture::applicant("munster.example");
    let request = super::write_request(&files, &applicant).unwrap();
    let renewed = sample.league.admit(&request, 7, start_time()).unwrap();
    // The bundle is installed, the certificate still has its temporary name.
    install_bundle(&files, &renewed.join.bundle).unwrap();
    std::fs::write(files.tls_cert.with_extension("pem.new"), "-----BEGIN CERT").unwrap();
    let between = load_identity(&files, &munster.id, 3, start_time()).unwrap();
    assert_eq!(between.chain, munster.chain);
    install_join_file(&files, &munster.id, &renewed.join.to_bytes(), start_time()).unwrap();
    let after = load_identity(&files, &munster.id, 3, start_time()).unwrap();
    assert_ne!(after.chain, munster.chain);
}

#[test]
fn another_signing_key_waits_for_the_leagues_word() {
    let mut sample = LeagueFixture::new();
    let munster = sample.admit("munster.example", start_time());
    let files = sample.files("munster.example");
    let applicant = LeagueFixture::applicant("munster.example");
    let later = start_time().plus_micros(DAY);
    let request = super::key_rotation::create_rekey_request(&files, &applicant).unwrap();
    // Until the registration the former key is in force, and a repeated request changes nothing.
    let before = load_identity(&files, &munster.id, 0, later).unwrap();
    assert_eq!(before.signer.kid(), munster.signer.kid());
    let again = super::admission_request::AdmissionRequest::read(
        &super::key_rotation::create_rekey_request(&files, &applicant).unwrap(),
    );
    let asked = super::admission_request::AdmissionRequest::read(&request)
        .unwrap()
        .signing;
    assert_eq!(again.unwrap().signing, asked);
    // A renewal without the new key leaves it pending.
    let renewal = super::write_request(&files, &applicant).unwrap();
    let renewed = sample.league.admit(&renewal, 7, later).unwrap();
    install_join_file(&files, &munster.id, &renewed.join.to_bytes(), later).unwrap();
    assert_eq!(
        load_identity(&files, &munster.id, 0, later)
            .unwrap()
            .signer
            .kid(),
        munster.signer.kid()
    );

    let admitted = sample.league.admit(&request, 7, later).unwrap();
    install_join_file(&files, &munster.id, &admitted.join.to_bytes(), later).unwrap();
    let after = load_identity(&files, &munster.id, 0, later).unwrap();
    assert_eq!(after.signer.kid(), asked.kid());
    assert_ne!(after.signer.kid(), munster.signer.kid());
    // Signatures by the former key stay valid.
    let keys = &after.bundle.member(&munster.id).unwrap().keys;
    assert!(keys[0].counts_at(start_time()) && !keys[0].counts_at(later));
}
