//! Tests: an answer counts for its own act, page, key, website and person alone.

use super::{
    ActChallenge, Passkey, PasskeyAssertion, PasskeyCreation, PasskeyFault, RelyingParty,
    compute_creation_challenge, read_origin,
};
use crate::keys::PublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::ParticipantId;
use hansa_test_support::authenticator::{
    AuthenticatorAlgorithm, AuthenticatorAnswer, PRESENT_AND_VERIFIED, TestAuthenticator,
    WITH_NEW_KEY,
};

const ORIGIN: &str = "http://munster.localhost:8818";
const ALGORITHMS: [AuthenticatorAlgorithm; 2] = [
    AuthenticatorAlgorithm::P256,
    AuthenticatorAlgorithm::Ed25519,
];

fn party() -> RelyingParty {
    RelyingParty::from_origin(ORIGIN).unwrap()
}

fn participant(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

fn challenge() -> Digest {
    let munster = participant("hansa://munster.example");
    act_of(&munster).compute()
}

fn act_of(participant: &ParticipantId) -> ActChallenge<'_> {
    ActChallenge {
        participant,
        act: "contract sign",
        subject: "n-3c51",
        shown: "e7a2",
        actor: "4f1e",
        random: &[7; 32],
        at: "2026-11-30T10:00:00Z".parse().unwrap(),
    }
}

fn passkey_of(authenticator: &TestAuthenticator) -> Passkey {
    Passkey {
        key: PublicKey::from_spki(&authenticator.spki()).unwrap(),
        counter: authenticator.counter,
    }
}

fn assertion(answer: AuthenticatorAnswer) -> PasskeyAssertion {
    PasskeyAssertion {
        client_data: answer.client_data,
        authenticator_data: answer.authenticator_data,
        signature: answer.signature,
    }
}

fn verify(passkey: &Passkey, answer: AuthenticatorAnswer) -> Result<u32, PasskeyFault> {
    assertion(answer).verify(passkey, challenge(), &party())
}

#[test]
fn a_person_who_is_present_and_verified_signs_one_challenge() {
    for algorithm in ALGORITHMS {
        let mut own = TestAuthenticator::new(algorithm, ORIGIN);
        let passkey = passkey_of(&own);
        let answer = own.get(challenge().as_bytes());
        assert_eq!(verify(&passkey, answer), Ok(0));
        own.counter = 40;
        let answer = own.get(challenge().as_bytes());
        assert_eq!(verify(&passkey, answer.clone()), Ok(41));
        assert_eq!(read_origin(&answer.client_data).unwrap(), ORIGIN);
    }
}

#[test]
fn attack_20_an_answer_for_another_act_subject_page_person_or_time_is_refused() {
    let (munster, lisbon) = (
        participant("hansa://munster.example"),
        participant("hansa://lisbon.example"),
    );
    let act = act_of(&munster);
    let others = [
        ActChallenge {
            participant: &lisbon,
            ..act
        },
        ActChallenge {
            act: "contract withdraw",
            ..act
        },
        ActChallenge {
            subject: "n-3c52",
            ..act
        },
        ActChallenge {
            shown: "e7a3",
            ..act
        },
        ActChallenge {
            actor: "4f1f",
            ..act
        },
        ActChallenge {
            random: &[8; 32],
            ..act
        },
        ActChallenge {
            at: "2026-11-30T10:00:01Z".parse().unwrap(),
            ..act
        },
        // Equal letters, cut at another place.
        ActChallenge {
            act: "contract signn-",
            subject: "3c51",
            ..act
        },
    ];
    let mut own = TestAuthenticator::new(AuthenticatorAlgorithm::P256, ORIGIN);
    let passkey = passkey_of(&own);
    for other in others {
        let answer = own.get(other.compute().as_bytes());
        assert_eq!(verify(&passkey, answer), Err(PasskeyFault::Challenge));
    }
    let of_a_form = compute_creation_challenge(&munster, "key");
    assert_ne!(of_a_form, compute_creation_challenge(&munster, "kez"));
    assert_ne!(of_a_form, compute_creation_challenge(&lisbon, "key"));
}

#[test]
fn attack_20_an_answer_from_another_website_is_refused() {
    let mut own = TestAuthenticator::new(AuthenticatorAlgorithm::P256, ORIGIN);
    let passkey = passkey_of(&own);
    for origin in [
        "http://munster.localhost:8819",
        "https://munster.localhost:8818",
        "http://munster.localhost:8818/",
        "http://lisbon.localhost:8818",
        "http://munster.localhost:8818.evil.example",
    ] {
        own.origin = origin.to_owned();
        let answer = own.get(challenge().as_bytes());
        assert_eq!(
            verify(&passkey, answer),
            Err(PasskeyFault::Origin),
            "{origin}"
        );
    }
    own.origin = ORIGIN.to_owned();
    own.party = "lisbon.localhost".to_owned();
    let answer = own.get(challenge().as_bytes());
    assert_eq!(verify(&passkey, answer), Err(PasskeyFault::RelyingParty));
}

#[test]
fn attack_39_an_answer_from_a_page_in_a_frame_is_refused() {
    let mut own = TestAuthenticator::new(AuthenticatorAlgorithm::P256, ORIGIN);
    let passkey = passkey_of(&own);
    let plain = String::from_utf8(own.client_data("webauthn.get", challenge().as_bytes())).unwrap();
    for framed in [
        plain.replace("\"crossOrigin\":false", "\"crossOrigin\":true"),
        plain.replace("\"crossOrigin\":false", "\"crossOrigin\":\"false\""),
        plain.replace(
            "\"crossOrigin\":false",
            "\"topOrigin\":\"https://evil.example\"",
        ),
        plain.replace(
            "\"crossOrigin\":false",
            "\"crossOrigin\":false,\"topOrigin\":\"https://evil.example\"",
        ),
    ] {
        let data = own.authenticator_data();
        let answer = own.sign(framed.clone().into_bytes(), data);
        assert_eq!(
            verify(&passkey, answer),
            Err(PasskeyFault::Origin),
            "{framed}"
        );
    }
    // A browser may say nothing about frames, and may say more about itself.
    for fine in [
        plain.replace(",\"crossOrigin\":false", ""),
        plain.replace("false}", "false,\"other_keys_can_be_added_here\":\"yes\"}"),
    ] {
        let data = own.authenticator_data();
        let answer = own.sign(fine.into_bytes(), data);
        assert_eq!(verify(&passkey, answer), Ok(0));
    }
}

#[test]
fn attack_20_an_answer_without_presence_or_verification_is_refused() {
    let mut own = TestAuthenticator::new(AuthenticatorAlgorithm::Ed25519, ORIGIN);
    let passkey = passkey_of(&own);
    for (flags, fault) in [
        (0x00, PasskeyFault::NotPresent),
        (0x04, PasskeyFault::NotPresent),
        (0x01, PasskeyFault::NotVerified),
        (0x18, PasskeyFault::NotPresent),
        // Copied, and not to be copied.
        (PRESENT_AND_VERIFIED | 0x10, PasskeyFault::AuthenticatorData),
        // Keys and extensions that are not there.
        (
            PRESENT_AND_VERIFIED | WITH_NEW_KEY,
            PasskeyFault::AuthenticatorData,
        ),
        (PRESENT_AND_VERIFIED | 0x80, PasskeyFault::AuthenticatorData),
    ] {
        own.flags = flags;
        let answer = own.get(challenge().as_bytes());
        assert_eq!(verify(&passkey, answer), Err(fault), "{flags:#x}");
    }
    own.flags = PRESENT_AND_VERIFIED | 0x18;
    let answer = own.get(challenge().as_bytes());
    assert_eq!(verify(&passkey, answer), Ok(0), "a key that is copied");
}

#[test]
fn attack_20_a_counter_that_does_not_grow_is_refused() {
    let mut own = TestAuthenticator::new(AuthenticatorAlgorithm::P256, ORIGIN);
    let mut passkey = passkey_of(&own);
    passkey.counter = 9;
    for (before, fault) in [(0, true), (6, true), (8, true), (9, false), (40, false)] {
        own.counter = before;
        let answer = own.get(challenge().as_bytes());
        assert_eq!(
            verify(&passkey, answer) == Err(PasskeyFault::Counter),
            fault,
            "{before}"
        );
    }
    // A second time with one answer.
    own.counter = 50;
    let answer = own.get(challenge().as_bytes());
    passkey.counter = verify(&passkey, answer.clone()).unwrap();
    assert_eq!(verify(&passkey, answer), Err(PasskeyFault::Counter));
}

#[test]
fn attack_20_an_answer_by_another_key_or_with_other_bytes_is_refused() {
    for algorithm in ALGORITHMS {
        let mut own = TestAuthenticator::new(algorithm, ORIGIN);
        let passkey = passkey_of(&own);
        for other in ALGORITHMS {
            let mut other = TestAuthenticator::new(other, ORIGIN);
            let answer = other.get(challenge().as_bytes());
            assert_eq!(verify(&passkey, answer), Err(PasskeyFault::Signature));
        }
        let good = own.get(challenge().as_bytes());
        for at in 0..good.signature.len() {
            let mut answer = good.clone();
            answer.signature[at] ^= 1;
            assert!(verify(&passkey, answer).is_err(), "signature, {at}");
        }
        for at in 0..good.authenticator_data.len() {
            let mut answer = good.clone();
            answer.authenticator_data[at] ^= 1;
            assert!(verify(&passkey, answer).is_err(), "authenticator, {at}");
        }
        for at in 0..good.client_data.len() {
            let mut answer = good.clone();
            answer.client_data[at] ^= 1;
            assert!(verify(&passkey, answer).is_err(), "client, {at}");
        }
        for signature in [Vec::new(), vec![0; 64], vec![0; 72]] {
            let answer = AuthenticatorAnswer {
                signature,
                ..good.clone()
            };
            assert_eq!(verify(&passkey, answer), Err(PasskeyFault::Signature));
        }
        let mut longer = good.clone();
        longer.authenticator_data.push(0);
        assert_eq!(
            verify(&passkey, longer),
            Err(PasskeyFault::AuthenticatorData)
        );
    }
}

#[test]
fn client_data_with_two_readings_are_refused() {
    let mut own = TestAuthenticator::new(AuthenticatorAlgorithm::P256, ORIGIN);
    let passkey = passkey_of(&own);
    let plain = String::from_utf8(own.client_data("webauthn.get", challenge().as_bytes())).unwrap();
    let twice = plain.replace(
        "\"crossOrigin\"",
        "\"origin\":\"https://evil.example\",\"crossOrigin\"",
    );
    for text in [
        twice,
        "[]".to_owned(),
        String::new(),
        format!("{plain} {{}}"),
        format!("{}{plain}", " ".repeat(4096)),
    ] {
        let data = own.authenticator_data();
        let answer = own.sign(text.clone().into_bytes(), data);
        assert_eq!(
            verify(&passkey, answer),
            Err(PasskeyFault::ClientData),
            "{text}"
        );
    }
    let answer = AuthenticatorAnswer {
        client_data: own.client_data("webauthn.create", challenge().as_bytes()),
        ..own.get(challenge().as_bytes())
    };
    assert_eq!(verify(&passkey, answer), Err(PasskeyFault::Operation));
}

fn creation(of: &mut TestAuthenticator) -> PasskeyCreation {
    let answer = of.create(challenge().as_bytes());
    PasskeyCreation {
        client_data: answer.client_data,
        authenticator_data: answer.authenticator_data,
        spki: of.spki(),
    }
}

#[test]
fn a_new_key_is_that_of_its_authenticator() {
    for algorithm in ALGORITHMS {
        let mut own = TestAuthenticator::new(algorithm, ORIGIN);
        let good = creation(&mut own);
        let created = good.verify(challenge(), &party()).unwrap();
        assert_eq!(created.credential, own.credential);
        assert_eq!(created.passkey, passkey_of(&own));
        let refuse = |wrong: &PasskeyCreation, fault| {
            assert_eq!(wrong.verify(challenge(), &party()), Err(fault));
        };
        let other = TestAuthenticator::new(algorithm, ORIGIN);
        let mut wrong = good.clone();
        wrong.spki = other.spki();
        refuse(&wrong, PasskeyFault::Key);
        wrong.spki.pop();
        refuse(&wrong, PasskeyFault::Key);
        // A point that is not on the curve, and a key that everybody can sign for.
        let mut wrong = good.clone();
        let last = wrong.spki.len() - 32;
        wrong.spki[last..].fill(0);
        refuse(&wrong, PasskeyFault::Key);
        let mut wrong = good.clone();
        wrong.authenticator_data.push(0xa0);
        refuse(&wrong, PasskeyFault::AuthenticatorData);
        for length in 0..good.authenticator_data.len() {
            let mut wrong = good.clone();
            wrong.authenticator_data.truncate(length);
            assert!(wrong.verify(challenge(), &party()).is_err(), "{length}");
        }
        let mut wrong = good.clone();
        wrong.client_data = own.client_data("webauthn.get", challenge().as_bytes());
        refuse(&wrong, PasskeyFault::Operation);
        let elsewhere = RelyingParty::from_origin("http://lisbon.localhost:8818").unwrap();
        assert_eq!(
            good.verify(challenge(), &elsewhere),
            Err(PasskeyFault::Origin)
        );
        assert_eq!(
            good.verify(Digest::of(b"other"), &party()),
            Err(PasskeyFault::Challenge)
        );
        own.flags = 0x01;
        refuse(&creation(&mut own), PasskeyFault::NotVerified);
        own.flags = 0x04;
        refuse(&creation(&mut own), PasskeyFault::NotPresent);
    }
}

#[test]
fn a_new_key_may_bring_extensions_that_it_announces() {
    let mut own = TestAuthenticator::new(AuthenticatorAlgorithm::P256, ORIGIN);
    own.flags |= 0x80;
    let mut with = creation(&mut own);
    assert_eq!(
        with.verify(challenge(), &party()),
        Err(PasskeyFault::AuthenticatorData)
    );
    with.authenticator_data.extend([0xa1, 0x01, 0x02]);
    assert!(with.verify(challenge(), &party()).is_ok());
}

#[test]
fn a_relying_party_is_the_host_of_an_origin() {
    let party = RelyingParty::from_origin("https://console.munster.example").unwrap();
    assert_eq!(party.id(), "console.munster.example");
    assert_eq!(super::tests::party().id(), "munster.localhost");
    for wrong in [
        "",
        "munster.example",
        "https://",
        "https://a/b",
        "https://u@a",
        "ftp://munster.example",
        "http://[::1]:8818",
    ] {
        assert!(RelyingParty::from_origin(wrong).is_err(), "{wrong}");
    }
}

/// Values that Chromium gave for an authenticator in software, in base64url.
#[test]
fn what_a_browser_sends_is_read() {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let party = RelyingParty::from_origin("http://munster.localhost:36673").unwrap();
    let creation = PasskeyCreation {
        client_data: decode(
            "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiQVFFQkFRRUJBUUVCQVFFQkFRRUJBUUVCQVFFQkFRRUJBUUVC\
             QVFFQkFRRSIsIm9yaWdpbiI6Imh0dHA6Ly9tdW5zdGVyLmxvY2FsaG9zdDozNjY3MyIsImNyb3NzT3JpZ2luIjpmYWxzZSwib3Ro\
             ZXJfa2V5c19jYW5fYmVfYWRkZWRfaGVyZSI6ImRvIG5vdCBjb21wYXJlIGNsaWVudERhdGFKU09OIGFnYWluc3QgYSB0ZW1wbGF0\
             ZS4gU2VlIGh0dHBzOi8vZ29vLmdsL3lhYlBleCJ9",
        ),
        authenticator_data: decode(
            "SQR0eOHjGmYGbYcbvhE0L9Pyvd8_yGQX6_lpZbWWaI1FAAAAAQECAwQFBgcIAQIDBAUGBwgAII0w0OMtvGJmURevbjLXoVfGCuxT\
             ylOe7maIuQCX7OERpQECAyYgASFYIDD_wHGm0BVIBml7cHF5Bxe9lprbudFqQhaB5Kx-\
             NNfZIlgg-v6SDUT9vNK1VTxigq0Fee_qzt4OB1aRvFrSCfyyu_Y",
        ),
        spki: decode(
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMP_AcabQFUgGaXtwcXkHF72Wmtu50WpCFoHkrH4019n6_pINRP280rVVPGKCrQV5\
             7-rO3g4HVpG8WtIJ_LK79g",
        ),
    };
    let created = creation
        .verify(Digest::from_bytes([1; 32]), &party)
        .unwrap();
    let credential = "jTDQ4y28YmZRF69uMtehV8YK7FPKU57uZoi5AJfs4RE";
    assert_eq!(created.credential, decode(credential));
    let assertion = PasskeyAssertion {
        client_data: decode(
            "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQWdJQ0FnSUNBZ0lDQWdJQ0FnSUNBZ0lDQWdJQ0FnSUNBZ0lDQWdJ\
             Q0FnSSIsIm9yaWdpbiI6Imh0dHA6Ly9tdW5zdGVyLmxvY2FsaG9zdDozNjY3MyIsImNyb3NzT3JpZ2luIjpmYWxzZX0",
        ),
        authenticator_data: decode("SQR0eOHjGmYGbYcbvhE0L9Pyvd8_yGQX6_lpZbWWaI0FAAAAAg"),
        signature: decode(
            "MEYCIQDabJyM6uKOF3BOu21e3tQLdtUXAOF0K8Ompj4JZaH_GAIhAJtVowciL7toKT_FtUUPHg9VONWSlwY_-sQm_TSEqAiU",
        ),
    };
    let verified = assertion.verify(&created.passkey, Digest::from_bytes([2; 32]), &party);
    assert_eq!(verified, Ok(2));
    let other = assertion.verify(&created.passkey, Digest::from_bytes([1; 32]), &party);
    assert_eq!(other, Err(PasskeyFault::Challenge));
}
