//! Tests: a signature is valid only by the registered key, with its algorithm, while the key is valid.

use super::{FileSigner, KeyHistory, ParticipantSigner, RegisteredKey, RegisteredKeys};
use crate::keys::SignatureAlgorithm;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::{SignatoryRole, Signature, SignatureVerifier};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::ErrorCode;

fn time(text: &str) -> UtcTimestamp {
    text.parse().unwrap()
}

fn signature(signer: &FileSigner, at: &str) -> Signature {
    let input = b"header.payload".to_vec();
    Signature {
        role: SignatoryRole::Provider,
        kid: signer.kid().to_owned(),
        alg: signer.algorithm().as_str().to_owned(),
        issued_at: time(at).micros() / 1_000_000,
        signature: signer.sign(&input).unwrap(),
        seal: None,
        mandate: None,
        signing_input: input,
    }
}

struct SignatureFixture {
    _dir: tempfile::TempDir,
    munster: ParticipantId,
    eddsa: FileSigner,
    es256: FileSigner,
    history: KeyHistory,
}

fn world() -> SignatureFixture {
    let dir = tempfile::tempdir().unwrap();
    let make =
        |name: &str, algorithm| FileSigner::create(&dir.path().join(name), algorithm).unwrap();
    let eddsa = make("a", SignatureAlgorithm::EdDsa);
    let es256 = make("b", SignatureAlgorithm::Es256);
    let munster: ParticipantId = "munster.example".parse().unwrap();
    let registered = |signer: &FileSigner| RegisteredKey {
        key: signer.public_key().clone(),
        not_before: time("2026-01-01T00:00:00Z"),
        not_after: time("2027-01-01T00:00:00Z"),
        revoked_at: None,
        compromised_since: None,
        only_contracts: false,
    };
    let keys = vec![registered(&eddsa), registered(&es256)];
    SignatureFixture {
        history: KeyHistory::from([(munster.clone(), keys)]),
        munster,
        eddsa,
        es256,
        _dir: dir,
    }
}

impl SignatureFixture {
    #[track_caller]
    fn check(&self, logged: &str, signature: &Signature, expect: Result<(), ErrorCode>) {
        let keys = RegisteredKeys::new(&self.history, time(logged));
        let found = keys
            .check_signature(&self.munster, signature, SignaturePurpose::Contract)
            .map_err(|refusal| refusal.code);
        assert_eq!(found, expect);
    }
}

#[test]
fn a_registered_key_signs() {
    let w = world();
    for signer in [&w.eddsa, &w.es256] {
        let good = signature(signer, "2026-06-01T00:00:00Z");
        w.check("2026-06-02T00:00:00Z", &good, Ok(()));
    }
}

#[test]
fn another_participants_key_does_not() {
    let w = world();
    let good = signature(&w.eddsa, "2026-06-01T00:00:00Z");
    let keys = RegisteredKeys::new(&w.history, time("2026-06-02T00:00:00Z"));
    let other = keys.check_signature(
        &"ottawa.example".parse().unwrap(),
        &good,
        SignaturePurpose::Contract,
    );
    assert_eq!(other.unwrap_err().code, ErrorCode::SignerNotParty);
    let unknown = Signature {
        kid: "x".to_owned(),
        ..good
    };
    w.check(
        "2026-06-02T00:00:00Z",
        &unknown,
        Err(ErrorCode::SignerNotParty),
    );
}

#[test]
fn the_algorithm_is_the_registered_one() {
    let w = world();
    for alg in ["ES256", "none", "HS256", "Ed25519", "eddsa", ""] {
        let other = Signature {
            alg: alg.to_owned(),
            ..signature(&w.eddsa, "2026-06-01T00:00:00Z")
        };
        w.check("2026-06-02T00:00:00Z", &other, Err(ErrorCode::SignatureAlg));
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let w = world();
    for signer in [&w.eddsa, &w.es256] {
        let good = signature(signer, "2026-06-01T00:00:00Z");
        for bit in 0..8 * good.signature.len() {
            let mut bad = good.clone();
            bad.signature[bit / 8] ^= 1 << (bit % 8);
            w.check(
                "2026-06-02T00:00:00Z",
                &bad,
                Err(ErrorCode::SignatureInvalid),
            );
        }
        let mut bad = good.clone();
        bad.signing_input.push(b'x');
        w.check(
            "2026-06-02T00:00:00Z",
            &bad,
            Err(ErrorCode::SignatureInvalid),
        );
    }
}

#[test]
fn time_is_that_of_the_signature_and_of_the_log() {
    let w = world();
    let lines = [
        // Time of signing, time of the log entry, result.
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", true),
        ("2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", false),
        ("2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z", true),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", false),
        ("2026-06-01T00:00:00Z", "2027-06-01T00:00:00Z", false),
    ];
    for (signed, logged, counts) in lines {
        let expect = if counts {
            Ok(())
        } else {
            Err(ErrorCode::KeyNotValidAtSigning)
        };
        w.check(logged, &signature(&w.eddsa, signed), expect);
    }
    let beyond = Signature {
        issued_at: i64::MAX,
        ..signature(&w.eddsa, "2026-06-01T00:00:00Z")
    };
    w.check(
        "2026-06-02T00:00:00Z",
        &beyond,
        Err(ErrorCode::KeyNotValidAtSigning),
    );
}

#[test]
fn a_compromised_key_voids_what_was_logged_later_and_keeps_the_rest() {
    let ends: [fn(&mut RegisteredKey, UtcTimestamp); 2] = [
        |key, at| key.compromised_since = Some(at),
        |key, at| key.revoked_at = Some(at),
    ];
    for end in ends {
        let mut w = world();
        let early = signature(&w.eddsa, "2026-03-01T00:00:00Z");
        let late = signature(&w.eddsa, "2026-09-01T00:00:00Z");
        let keys = w.history.get_mut(&w.munster).unwrap();
        end(&mut keys[0], time("2026-06-01T00:00:00Z"));
        w.check("2026-03-02T00:00:00Z", &early, Ok(()));
        w.check("2026-09-02T00:00:00Z", &late, Err(ErrorCode::KeyRevoked));
        // Backdated by a thief: the log shows the real time.
        w.check("2026-09-02T00:00:00Z", &early, Err(ErrorCode::KeyRevoked));
    }
}

#[test]
fn what_was_long_on_its_way_counts_unless_its_key_was_revoked_meanwhile() {
    type End = fn(&mut RegisteredKey, UtcTimestamp);
    let over: End = |key, at| key.not_after = at;
    let revoked: End = |key, at| key.revoked_at = Some(at);
    let stolen: End = |key, at| key.compromised_since = Some(at);
    let void = Err(ErrorCode::KeyRevoked);
    for (end, expect) in [(over, Ok(())), (revoked, void), (stolen, void)] {
        let mut w = world();
        let early = signature(&w.eddsa, "2026-03-01T00:00:00Z");
        let keys = w.history.get_mut(&w.munster).unwrap();
        end(&mut keys[0], time("2026-06-01T00:00:00Z"));
        let seen = |at: &str| {
            RegisteredKeys::new(&w.history, time("2026-03-01T00:00:00Z"))
                .first_seen(time(at))
                .check_signature(&w.munster, &early, SignaturePurpose::Withdrawal)
                .map_err(|refusal| refusal.code)
        };
        assert_eq!(seen("2026-05-31T00:00:00Z"), Ok(()));
        assert_eq!(seen("2026-06-01T00:00:00Z"), expect);
    }
}

#[test]
fn a_key_for_contracts_does_nothing_else_and_leaves_them_to_no_other() {
    let mut w = world();
    let keys = w.history.get_mut(&w.munster).unwrap();
    keys[1].only_contracts = true;
    keys[1].not_before = time("2026-06-01T00:00:00Z");
    keys[1].revoked_at = Some(time("2026-07-01T00:00:00Z"));
    let judged = |signer: &FileSigner, logged: &str, purpose| {
        RegisteredKeys::new(&w.history, time(logged))
            .check_signature(&w.munster, &signature(signer, logged), purpose)
            .map_err(|refusal| refusal.code)
    };
    let (connector, officer, no) = (&w.eddsa, &w.es256, Err(ErrorCode::SignerNotParty));
    let during = "2026-06-02T00:00:00Z";
    for (purpose, by_connector, by_officer) in [
        (SignaturePurpose::Contract, no, Ok(())),
        (SignaturePurpose::View, Ok(()), Ok(())),
        (SignaturePurpose::Withdrawal, Ok(()), Ok(())),
        (SignaturePurpose::Statement, Ok(()), no),
        (SignaturePurpose::Mandate, Ok(()), no),
    ] {
        assert_eq!(
            judged(connector, during, purpose),
            by_connector,
            "{purpose:?}"
        );
        assert_eq!(judged(officer, during, purpose), by_officer, "{purpose:?}");
    }
    // Before there was such a key, in the minutes by which its validity begins earlier, and after its end.
    for (logged, expect) in [
        ("2026-05-31T00:00:00Z", Ok(())),
        ("2026-06-01T00:04:59Z", Ok(())),
        ("2026-06-01T00:05:00Z", no),
        ("2026-08-01T00:00:00Z", no),
    ] {
        assert_eq!(
            judged(connector, logged, SignaturePurpose::Contract),
            expect,
            "{logged}"
        );
    }
    let late = judged(officer, "2026-08-01T00:00:00Z", SignaturePurpose::Contract);
    assert_eq!(late, Err(ErrorCode::KeyRevoked));
}
