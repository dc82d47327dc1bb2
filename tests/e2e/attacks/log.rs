//! Attacks on what is in the log: the log, its heads, receipts.

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use hansa_identity::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ContractId, RequestId};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::peer::message::MessageContent;
use hansa_proto::statement;
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::MaliciousPeer;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text};
use std::path::{Path, PathBuf};

struct AuditLogFixture {
    lindau: TestParticipant,
    attacker: MaliciousPeer,
    other: MaliciousPeer,
    contract: ContractId,
    league: TestLeague,
}

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let (acme, other) = (league.firm("acme"), league.firm("other"));
    league.hand_bundle_to("lindau");
    lindau.offers_long(200, ALL);
    lindau.serve();
    acme.knows(&lindau);
    other.knows(&lindau);
    let contract = acme.contract("lindau.long").parse().unwrap();
    let enter =
        |alias| MaliciousPeer::enter(&league, alias, lindau.address(), lindau.domain()).unwrap();
    let (attacker, other) = (enter("acme"), enter("other"));
    let mut fixture = AuditLogFixture {
        lindau,
        attacker,
        other,
        contract,
        league,
    };
    tried(&mut fixture, &ATTACKS)
}

const ATTACKS: [AttackCase<AuditLogFixture>; 4] = [
    AttackCase {
        number: 66,
        setup: "evidence",
        name: "a full disk, and records too large to be written",
        expected: "EVIDENCE_UNAVAILABLE, no byte leaves; a record stays below 2^16",
        does: full,
        lacks: "",
    },
    AttackCase {
        number: 67,
        setup: "evidence",
        name: "receipts that were changed, signed by others, for something else",
        expected: "refused, or RECEIPT_MISMATCH and both kept",
        does: receipts,
        lacks: "",
    },
    AttackCase {
        number: 64,
        setup: "evidence",
        name: "deletes, reorders, edits, cuts, swaps records and segments",
        expected: "the check names the first bad record",
        does: tampered,
        lacks: "",
    },
    AttackCase {
        number: 65,
        setup: "evidence",
        name: "goes on from an older copy",
        expected: "LOG_FORK with both signed heads",
        does: |_| {
            crate::log_tampering::a_log_that_does_not_go_on_from_what_was_shown_is_noticed();
            Ok("LOG_FORK, both heads kept".to_owned())
        },
        lacks: "",
    },
];

fn full(fixture: &mut AuditLogFixture) -> AttackVerdict {
    // What a stranger writes at length is not what a record holds.
    let before = fixture.lindau.records("refuse").len();
    for sql in [
        format!("SELECT \"{}\" FROM long", "x".repeat(200_000)),
        format!("SELECT '{}'::INT FROM long", "9".repeat(200_000)),
        format!("SELECT id FROM \"{}\"", "\u{1f600}".repeat(50_000)),
        format!("SELECT id AS \"{}\" FROM long LIMIT 1", "y".repeat(100_000)),
    ] {
        let _ = fixture.attacker.ask(&[fixture.contract], &sql);
    }
    let many: Vec<ContractId> = (0..64_u8)
        .map(|number| ContractId(hansa_audit_log::digest::Digest::of(&[number])))
        .collect();
    let _ = fixture.attacker.ask(&many, "SELECT 1");
    if fixture.lindau.records("refuse").len() <= before {
        return Err("nothing was recorded".to_owned());
    }
    let longest = lines(&fixture.lindau.folder().join("state/log"))
        .iter()
        .map(String::len)
        .max();
    let longest = longest.unwrap_or_default();
    if longest > 65_535 {
        return Err(format!("a record of {longest} bytes"));
    }
    let answer = fixture
        .attacker
        .ask(&[fixture.contract], "SELECT count(*) FROM long");
    if answer.rows != ["200"] {
        return Err(answer.message());
    }
    fixture.lindau.verifies();
    // A log that can't grow: nothing is answered by it, and everything again once it can.
    crate::full_disk::without_its_log_nothing_is_answered();
    Ok(format!(
        "nothing leaves; the longest record has {longest} bytes"
    ))
}

fn receipts(fixture: &mut AuditLogFixture) -> AttackVerdict {
    let answer = fixture
        .attacker
        .ask(&[fixture.contract], "SELECT id FROM long LIMIT 7");
    let signed = envelope::parse_receipt(&answer.receipt).map_err(|refusal| refusal.to_string())?;
    let request = signed.receipt.request;
    let payload = statement::to_bytes(&signed.receipt);
    let (head, _) = split(&signed.signatures[0].signing_input);
    let provider = (head, signed.signatures[0].signature.clone());
    let signer = |alias: &str| {
        let key = fixture.league.folder().join(alias).join("keys/signing.key");
        FileSigner::open(&key).unwrap()
    };
    let (acme, other) = (signer("acme"), signer("other"));
    let counter = |signer: &FileSigner, payload: &[u8]| {
        let iat = signed.signatures[0].issued_at;
        let alg = signer.algorithm().as_str();
        let header = envelope::protected_header(
            StatementKind::Receipt,
            SignatoryRole::Consumer,
            alg,
            signer.kid(),
            iat,
        );
        let signature = signer.sign(&envelope::signing_input(&header, payload));
        (header, signature.unwrap())
    };
    let send = |by: &MaliciousPeer, request: RequestId, receipt: Vec<u8>, disputed: bool| {
        by.send_message(MessageContent::Acknowledgement {
            request,
            receipt: receipt.into(),
            disputed,
            witnessed: None,
        })
        .err()
        .map_or("taken", |refusal| refusal.code.as_str())
    };
    let more = String::from_utf8(payload.clone())
        .unwrap()
        .replacen("\"rows\":7", "\"rows\":8", 1);
    assert_ne!(more.as_bytes(), payload);
    let changed = envelope::assemble_statement(
        more.as_bytes(),
        &[provider.clone(), counter(&acme, more.as_bytes())],
    );
    let by_other =
        envelope::assemble_statement(&payload, &[provider.clone(), counter(&other, &payload)]);
    let alone = envelope::assemble_statement(&payload, std::slice::from_ref(&provider));
    let good = envelope::assemble_statement(&payload, &[provider, counter(&acme, &payload)]);
    let unknown = RequestId([9; 16]);
    let found = [
        send(&fixture.attacker, request, changed.clone(), false),
        send(&fixture.attacker, request, by_other.clone(), false),
        send(&fixture.attacker, unknown, good.clone(), false),
        // Somebody else's answer.
        send(&fixture.other, request, good.clone(), false),
        // A dispute is the asker's signed word, not any bytes.
        send(
            &fixture.attacker,
            request,
            b"I never got this".to_vec(),
            true,
        ),
        send(&fixture.attacker, request, good.clone(), true),
        send(&fixture.attacker, request, Vec::new(), true),
    ];
    let expected = [
        "SIGNATURE_INVALID",
        "SIGNER_NOT_PARTY",
        "RECEIPT_MISMATCH",
        "RECEIPT_MISMATCH",
        "STATEMENT_MALFORMED",
        "SIGNATURE_HEADER",
        "MESSAGE_MALFORMED",
    ];
    if found != expected {
        return Err(format!("{found:?} instead of {expected:?}"));
    }
    // The same without the receipt, which the provider holds: the signature alone, put on what was issued.
    let found = [
        fixture.attacker.send_compact_ack(request, &changed),
        fixture.attacker.send_compact_ack(request, &by_other),
        // Somebody else's answer: nothing tells that there is one.
        fixture.other.send_compact_ack(request, &good),
    ];
    let expected = ["SIGNATURE_INVALID", "SIGNER_NOT_PARTY", "asked for whole"];
    if found != expected {
        return Err(format!("{found:?} instead of {expected:?}"));
    }
    // One that does not say what it must is in the log as such, and is no acknowledgement.
    let second = fixture
        .attacker
        .ask(&[fixture.contract], "SELECT id FROM long LIMIT 8");
    let second = envelope::parse_receipt(&second.receipt).map_err(|refusal| refusal.to_string())?;
    let crossed = send(
        &fixture.attacker,
        second.receipt.request,
        good.clone(),
        false,
    );
    let unsigned = send(&fixture.attacker, request, alone, false);
    let before = fixture.lindau.records("receipt_ack");
    let real = send(&fixture.attacker, request, good, false);
    let after = fixture.lindau.records("receipt_ack");
    let matches = |records: &[serde_json::Value]| {
        records
            .iter()
            .filter(|record| record["body"]["match"] == true)
            .count()
    };
    if (matches(&before), matches(&after), real) != (0, 1, "taken") {
        return Err(format!("{crossed} {unsigned} {real}: {before:?} {after:?}"));
    }
    Ok(format!("{found:?}; for another answer: not a match"))
}

fn split(input: &[u8]) -> (String, String) {
    let text = std::str::from_utf8(input).unwrap();
    let (header, payload) = text.split_once('.').unwrap();
    (header.to_owned(), payload.to_owned())
}

/// The files of a log's records, in order.
fn segments(log: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(log)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    files.sort();
    files
}

fn lines(log: &Path) -> Vec<String> {
    let text = segments(log)
        .into_iter()
        .map(|file| std::fs::read_to_string(file).unwrap());
    text.collect::<String>()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn tampered(fixture: &mut AuditLogFixture) -> AttackVerdict {
    for _ in 0..3 {
        let answer = fixture
            .attacker
            .ask(&[fixture.contract], "SELECT count(*) FROM long");
        assert_eq!(answer.rows, ["200"], "{}", answer.message());
    }
    fixture.lindau.stop();
    let log = fixture.lindau.folder().join("state/log");
    let whole = lines(&log);
    let middle = whole.len() / 2;
    let folder = fixture.league.folder().join("tampered");
    let first_bad = |changed: &[String]| {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for entry in std::fs::read_dir(&log).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
            }
        }
        let file = segments(&folder).remove(0);
        std::fs::write(file, format!("{}\n", changed.join("\n"))).unwrap();
        let done = fixture
            .league
            .hansa(&["--json", "audit", "verify", "tampered"]);
        match done.status {
            Some(0) => None,
            _ => Some(text(&done.json(), "fault")),
        }
    };
    if let Some(fault) = first_bad(&whole) {
        return Err(format!("the whole log: {fault}"));
    }
    let mut tried = 0;
    let mut named = |what: &str, changed: &[String], at: usize| {
        tried += 1;
        match first_bad(changed) {
            Some(fault) if fault.starts_with(&format!("record {at} ")) => Ok(()),
            other => Err(format!("{what}: {other:?} instead of record {at}")),
        }
    };
    for at in [0, 1, middle, whole.len() - 2] {
        let mut changed = whole.clone();
        changed.remove(at);
        named("deleted", &changed, at)?;
        let mut changed = whole.clone();
        changed.swap(at, at + 1);
        named("swapped", &changed, at)?;
        let mut changed = whole.clone();
        changed.insert(at, whole[at].clone());
        named("doubled", &changed, at + 1)?;
        // One byte of each record, where it is text.
        let mut changed = whole.clone();
        let place = changed[at].rfind("\"t\":\"20").unwrap() + 6;
        changed[at].replace_range(place..=place, "3");
        named("edited", &changed, at)?;
        let mut changed = whole.clone();
        changed[at].push(' ');
        named("lengthened", &changed, at)?;
    }
    for cut in [1, 2, middle] {
        let end = whole.len() - cut;
        named("cut", &whole[..end], end)?;
    }
    let tiles = tiles(fixture)?;
    fixture.lindau.serve();
    Ok(format!("{tried} copies: the first bad record; {tiles}"))
}

/// The log as static files: what they hold makes the signed root, and one changed byte makes another.
fn tiles(fixture: &AuditLogFixture) -> AttackVerdict {
    let to = fixture.league.folder().join("static");
    let shown = to.display().to_string();
    fixture
        .lindau
        .hansa(&["audit", "export", "--tiles", "-o", &shown])
        .must();
    let head = std::fs::read_to_string(to.join("checkpoint")).unwrap();
    let size = number(
        &serde_json::from_str(&format!("{{\"n\":{}}}", head.lines().nth(1).unwrap())).unwrap(),
        "n",
    );
    let entries = to.join("tile/entries");
    let mut files = Vec::new();
    let mut folders = vec![entries];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                files.push(path)
            }
        }
    }
    files.sort();
    let root = |edit: bool| {
        let mut leaves = Vec::new();
        for (number, file) in files.iter().enumerate() {
            let mut bytes = std::fs::read(file).unwrap();
            if edit && number == 0 {
                bytes[40] ^= 1;
            }
            let mut rest = bytes.as_slice();
            while let [high, low, tail @ ..] = rest {
                let (record, tail) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
                leaves.push(hansa_audit_log::tree::leaf_hash(record));
                rest = tail;
            }
        }
        let count = leaves.len();
        (
            count,
            hansa_audit_log::tree::MerkleTree::of(leaves).root(u64::try_from(count).unwrap()),
        )
    };
    let (count, whole) = root(false);
    let (_, edited) = root(true);
    let signed = head.lines().nth(2).unwrap();
    let shown = whole.map(|root| base64_of(&root.to_string()));
    if i64::try_from(count).unwrap() != size || shown.as_deref() != Some(signed) || edited == whole
    {
        return Err(format!(
            "{count} entries of {size}: {shown:?} is not {signed}"
        ));
    }
    Ok("an edited tile has another root".to_owned())
}

/// A digest as a note writes it.
fn base64_of(hex: &str) -> String {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
