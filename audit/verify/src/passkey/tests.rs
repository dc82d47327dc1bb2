//! Tests: a forged act is found without the console, whoever kept the log.

use super::{PasskeyReport, judge_copy};
use crate::finding::{AuditFinding, AuditVerdict};
use crate::incident::tests::{copy, id};
use crate::passkey_records::{PasskeyEvent, PasskeyEventBody, PasskeyRecords};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::console::{
    ConsoleActRecord, ConsolePasskeyRecord, LoginProof, PasskeyProof,
};
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::passkey::ActChallenge;
use hansa_proto::base64url;
use hansa_test_support::authenticator::{AuthenticatorAlgorithm, TestAuthenticator};

const ORIGIN: &str = "https://console.munster.example";

/// Random bytes of a challenge at an instant.
fn random_at(at: UtcTimestamp) -> [u8; 32] {
    *Digest::of(at.to_string().as_bytes()).as_bytes()
}

/// Log of a console, record by record.
struct TestConsoleLog {
    events: Vec<PasskeyEvent>,
    now: UtcTimestamp,
}

impl TestConsoleLog {
    fn new() -> Self {
        Self {
            events: Vec::new(),
            now: "2026-11-30T10:00:00Z".parse().unwrap(),
        }
    }

    fn push(&mut self, body: PasskeyEventBody) {
        self.now = self.now.plus_micros(60_000_000);
        self.events.push(PasskeyEvent {
            index: u64::try_from(self.events.len()).unwrap(),
            at: self.now,
            body,
        });
    }

    fn change(&mut self, change: &str, actor: &str, of: &TestAuthenticator) {
        self.push(PasskeyEventBody::Change(ConsolePasskeyRecord {
            actor: actor.to_owned(),
            change: change.to_owned(),
            key: Digest::of(&of.spki()),
            public_key: base64url::encode(&of.spki()),
            credential: base64url::encode(&of.credential),
            party: of.party.clone(),
            counter: of.counter,
        }));
    }

    /// Act that a passkey signs now.
    fn sign_act(&self, actor: &str, by: &mut TestAuthenticator) -> ConsoleActRecord {
        let owner = id("munster.example");
        let at = self.now.plus_micros(50_000_000);
        let random = random_at(at);
        let challenge = ActChallenge {
            participant: &owner,
            act: "contract sign",
            subject: "n-3c51",
            shown: "e7a2",
            actor,
            random: &random,
            at,
        };
        let answer = by.get(challenge.compute().as_bytes());
        ConsoleActRecord {
            actor: actor.to_owned(),
            act: "contract sign".to_owned(),
            subject: "n-3c51".to_owned(),
            shown: "e7a2".to_owned(),
            proof: "passkey".to_owned(),
            passkey: Some(PasskeyProof {
                key: Digest::of(&by.spki()),
                random: base64url::encode(&random),
                at,
                authenticator_data: base64url::encode(&answer.authenticator_data),
                client_data: base64url::encode(&answer.client_data),
                signature: base64url::encode(&answer.signature),
                counter: by.counter,
            }),
            login: None,
            typed_by: None,
        }
    }

    fn act(&mut self, act: ConsoleActRecord) {
        self.push(PasskeyEventBody::Act(act));
    }

    fn judge(self, is_part: bool) -> (PasskeyReport, Vec<AuditFinding>) {
        let mut file = copy("munster.example", "munster.example", &[]);
        file.report.is_part = is_part;
        file.passkeys = PasskeyRecords(self.events);
        let mut findings = Vec::new();
        let report = judge_copy(&file, &mut findings);
        (report, findings)
    }

    /// The one finding of the log.
    fn must_be(self, verdict: AuditVerdict, words: &str) {
        let (_, findings) = self.judge(false);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].verdict, verdict, "{findings:?}");
        assert!(findings[0].sentence.contains(words), "{findings:?}");
    }

    fn must_break(self, words: &str) {
        self.must_be(AuditVerdict::Broken, words);
    }
}

fn authenticator() -> TestAuthenticator {
    TestAuthenticator::new(AuthenticatorAlgorithm::P256, ORIGIN)
}

/// Log with a passkey of Maria.
fn log_with(of: &TestAuthenticator) -> TestConsoleLog {
    let mut log = TestConsoleLog::new();
    log.change("added", "maria", of);
    log
}

#[test]
fn acts_of_a_person_are_checked_and_counted() {
    for algorithm in [
        AuthenticatorAlgorithm::P256,
        AuthenticatorAlgorithm::Ed25519,
    ] {
        let mut own = TestAuthenticator::new(algorithm, ORIGIN);
        own.counter = 3;
        let mut log = log_with(&own);
        for _ in 0..3 {
            let act = log.sign_act("maria", &mut own);
            log.act(act);
        }
        // Another port of the same host.
        own.origin = format!("{ORIGIN}:8443");
        let act = log.sign_act("maria", &mut own);
        log.act(act);
        log.change("removed", "maria", &own);
        log.change("added", "maria", &own);
        let act = log.sign_act("maria", &mut own);
        log.act(act.clone());
        // Acts with other proofs bring none of a passkey.
        for proof in ["session", "host"] {
            log.act(ConsoleActRecord {
                proof: proof.to_owned(),
                passkey: None,
                ..act.clone()
            });
        }
        let login = LoginProof {
            issuer: "https://id.example".to_owned(),
            at: log.now,
            class: None,
        };
        log.act(ConsoleActRecord {
            proof: "login".to_owned(),
            passkey: None,
            login: Some(login),
            ..act.clone()
        });
        let (report, findings) = log.judge(false);
        assert_eq!(findings, []);
        assert_eq!((report.checked, report.not_linked), (5, 0));
        assert_eq!(report.by_login, 1);
    }
}

#[test]
fn an_act_that_was_changed_in_the_log_is_found() {
    let mut own = authenticator();
    let log = log_with(&own);
    let good = log.sign_act("maria", &mut own);
    let proof = good.passkey.clone().unwrap();
    let with = |passkey: PasskeyProof| ConsoleActRecord {
        passkey: Some(passkey),
        ..good.clone()
    };
    let challenge = "to another challenge";
    let cases = [
        (
            ConsoleActRecord {
                act: "contract withdraw".to_owned(),
                ..good.clone()
            },
            challenge,
        ),
        (
            ConsoleActRecord {
                subject: "n-3c52".to_owned(),
                ..good.clone()
            },
            challenge,
        ),
        (
            ConsoleActRecord {
                shown: "e7a3".to_owned(),
                ..good.clone()
            },
            challenge,
        ),
        (
            ConsoleActRecord {
                actor: "rui".to_owned(),
                ..good.clone()
            },
            "added by another person",
        ),
        (
            with(PasskeyProof {
                random: base64url::encode(&[8; 32]),
                ..proof.clone()
            }),
            challenge,
        ),
        (
            with(PasskeyProof {
                random: base64url::encode(&[7; 31]),
                ..proof.clone()
            }),
            "32 random bytes",
        ),
        (
            with(PasskeyProof {
                at: proof.at.plus_micros(1),
                ..proof.clone()
            }),
            challenge,
        ),
        (
            with(PasskeyProof {
                counter: 9,
                ..proof.clone()
            }),
            "another counter",
        ),
        (
            with(PasskeyProof {
                signature: "#".to_owned(),
                ..proof.clone()
            }),
            "base64url",
        ),
        (
            with(PasskeyProof {
                key: Digest::of(b"other"),
                ..proof.clone()
            }),
            "nobody added its passkey",
        ),
        (
            ConsoleActRecord {
                passkey: None,
                ..good.clone()
            },
            "has no answer",
        ),
        (
            ConsoleActRecord {
                proof: "host".to_owned(),
                ..good.clone()
            },
            "names another proof",
        ),
    ];
    let login = LoginProof {
        issuer: "https://id.example".to_owned(),
        at: proof.at,
        class: Some("2".to_owned()),
    };
    let by_login = |login: Option<LoginProof>| ConsoleActRecord {
        proof: "login".to_owned(),
        passkey: None,
        login,
        ..good.clone()
    };
    let late = LoginProof {
        at: proof.at.plus_micros(-3_600_000_000),
        ..login.clone()
    };
    let login_cases = [
        (by_login(None), "and has none"),
        (by_login(Some(late)), "of another time"),
        (
            ConsoleActRecord {
                login: Some(login.clone()),
                ..good.clone()
            },
            "names another proof",
        ),
        (
            ConsoleActRecord {
                passkey: good.passkey.clone(),
                ..by_login(Some(login))
            },
            "names another proof",
        ),
        (
            ConsoleActRecord {
                typed_by: Some("rui".to_owned()),
                ..good.clone()
            },
            "somebody else typed its number",
        ),
    ];
    for (act, words) in cases.into_iter().chain(login_cases) {
        let mut log = log_with(&own);
        log.act(act);
        log.must_break(words);
    }
    let mut log = log_with(&own);
    log.act(ConsoleActRecord {
        proof: "voice".to_owned(),
        ..good
    });
    log.must_be(AuditVerdict::Unknown, "`voice` is no proof");
}

#[test]
fn an_act_that_the_house_made_without_the_person_is_found() {
    // By a key of its own, under the digest of the person's key.
    let own = authenticator();
    let mut house = authenticator();
    let mut log = log_with(&own);
    let mut act = log.sign_act("maria", &mut house);
    if let Some(proof) = &mut act.passkey {
        proof.key = Digest::of(&own.spki());
    }
    log.act(act);
    log.must_break("PASSKEY_INVALID: the signature does not match");
    // By a key that was added after the act.
    let mut log = TestConsoleLog::new();
    let act = log.sign_act("maria", &mut house);
    log.act(act);
    log.change("added", "maria", &house);
    log.must_break("PASSKEY_UNKNOWN: nobody added its passkey");
    // By a key that another person has added.
    let mut log = log_with(&own);
    log.change("added", "rui", &house);
    let act = log.sign_act("maria", &mut house);
    log.act(act);
    log.must_break("added by another person");
    // Under the digest of another key.
    let mut log = TestConsoleLog::new();
    log.change("added", "maria", &own);
    if let PasskeyEventBody::Change(change) = &mut log.events[0].body {
        change.public_key = base64url::encode(&house.spki());
    }
    log.must_break("not the one that the record names");
}

#[test]
fn an_answer_from_elsewhere_or_without_the_person_is_found() {
    type Change = fn(&mut TestAuthenticator);
    let cases: [(Change, &str); 4] = [
        (|own| own.flags = 0x01, "did not verify the person"),
        (|own| own.flags = 0x04, "nobody was present"),
        (
            |own| own.origin = "https://console.lisbon.example".to_owned(),
            "another address",
        ),
        (
            |own| own.party = "console.lisbon.example".to_owned(),
            "another website",
        ),
    ];
    for (change, words) in cases {
        let mut own = authenticator();
        let mut log = log_with(&own);
        change(&mut own);
        let act = log.sign_act("maria", &mut own);
        log.act(act);
        log.must_break(words);
    }
}

#[test]
fn an_answer_that_is_used_twice_or_late_is_found() {
    let mut own = authenticator();
    own.counter = 3;
    let mut log = log_with(&own);
    let act = log.sign_act("maria", &mut own);
    log.act(act.clone());
    log.act(act.clone());
    log.must_break("counter of the authenticator did not grow");
    // A passkey that counts nothing.
    let mut uncounted = authenticator();
    assert_eq!(uncounted.counter, 0);
    let mut log = log_with(&uncounted);
    let same = log.sign_act("maria", &mut uncounted);
    log.act(same.clone());
    log.act(same);
    log.must_break("PASSKEY_INVALID: its answer is that of an earlier act");
    let mut log = log_with(&own);
    log.now = log.now.plus_micros(3_600_000_000);
    log.act(act);
    log.must_break("challenge of another time");
}

#[test]
fn a_passkey_that_was_removed_signs_nothing() {
    let mut own = authenticator();
    let mut log = log_with(&own);
    log.change("removed", "maria", &own);
    let act = log.sign_act("maria", &mut own);
    log.act(act);
    log.must_break("PASSKEY_UNKNOWN: its passkey was removed");
    let mut log = log_with(&own);
    log.change("removed", "rui", &own);
    log.must_break("passkey of another person");
    let mut log = log_with(&own);
    log.change("added", "rui", &own);
    log.must_break("added already");
    let mut log = TestConsoleLog::new();
    log.change("removed", "maria", &own);
    log.must_break("no such passkey");
    let mut log = TestConsoleLog::new();
    log.change("renamed", "maria", &own);
    log.must_be(AuditVerdict::Unknown, "`renamed` is no change");
}

#[test]
fn a_pseudonym_of_another_year_is_counted_apart() {
    let mut own = authenticator();
    let mut log = log_with(&own);
    log.now = "2027-01-02T10:00:00Z".parse().unwrap();
    let act = log.sign_act("maria-of-2027", &mut own);
    log.act(act);
    let (report, findings) = log.judge(false);
    assert_eq!(findings, []);
    assert_eq!((report.checked, report.not_linked), (1, 1));
}

#[test]
fn an_act_over_the_end_of_a_year_has_the_pseudonym_of_its_challenge() {
    let mut own = authenticator();
    let mut log = log_with(&own);
    // The challenge is of the year of the key, and its record of the year after.
    log.now = "2026-12-31T23:59:05Z".parse().unwrap();
    let act = log.sign_act("rui", &mut own);
    log.act(act);
    log.must_break("added by another person");
    // A key of the new year, by a challenge of the old one.
    let mut log = TestConsoleLog::new();
    log.now = "2026-12-31T23:59:05Z".parse().unwrap();
    let act = log.sign_act("maria", &mut own);
    log.change("added", "maria-of-2027", &own);
    log.act(act);
    let (report, findings) = log.judge(false);
    assert_eq!(findings, []);
    assert_eq!((report.checked, report.not_linked), (1, 1));
}

#[test]
fn a_part_of_a_log_says_what_it_lacks() {
    let mut own = authenticator();
    let mut log = TestConsoleLog::new();
    let act = log.sign_act("maria", &mut own);
    log.act(act);
    log.change("removed", "maria", &own);
    let (report, findings) = log.judge(true);
    assert_eq!(report, PasskeyReport::default());
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].verdict, AuditVerdict::Incomplete);
}
