//! What the list does not name: found by reading the product as somebody who wants to get round it.

mod files;
pub(in crate::attacks) mod proposals;

use crate::attacks::beyond_the_list::files::{archives, bundles, offline, socket};
use crate::attacks::beyond_the_list::proposals::{fresh, hinted, misnamed, wider};
use crate::attacks::sql::ROWS;
use crate::attacks::world::SqlAttackFederation;
use crate::attacks::{AttackCase, AttackVerdict};
use hansa_audit_log::digest::Digest;
use hansa_policy::id::ContractId;
use hansa_proto::peer::message::MessageContent;
use hansa_test_support::malicious_peer::ticket;
use hansa_test_support::workflow::PURPOSE;

pub(crate) const ATTACKS: [AttackCase<SqlAttackFederation>; 12] = [
    AttackCase {
        number: 78,
        setup: "messages",
        name: "proposes an offer that is signed by itself, under false names, keys and authorities",
        expected: "refused: nobody signs what the other wrote about it",
        does: misnamed,
        lacks: "",
    },
    AttackCase {
        number: 79,
        setup: "messages",
        name: "proposes a little more than an offer that is signed by itself",
        expected: "never signed without a person",
        does: wider,
        lacks: "",
    },
    AttackCase {
        number: 80,
        setup: "messages",
        name: "speaks in a negotiation of others, repeats messages with other content",
        expected: "NEGOTIATION_UNKNOWN as for none; REQUEST_ID_REUSED",
        does: others,
        lacks: "",
    },
    AttackCase {
        number: 81,
        setup: "log",
        name: "has records and messages of others shown to it",
        expected: "its own alone",
        does: own_alone,
        lacks: "",
    },
    AttackCase {
        number: 82,
        setup: "question",
        name: "sends a question again, or under the number of somebody else's",
        expected: "REQUEST_ID_REUSED for its own; of others nothing is told",
        does: again,
        lacks: "",
    },
    AttackCase {
        number: 83,
        setup: "question",
        name: "unites contracts, mixes theirs in, asks for other purposes",
        expected: "never united; refused as a whole",
        does: united,
        lacks: "",
    },
    AttackCase {
        number: 84,
        setup: "catalogue",
        name: "compares the entries of two datasets that differ in what is hidden",
        expected: "the same, but for name and schema digest",
        does: entries,
        lacks: "",
    },
    AttackCase {
        number: 85,
        setup: "files",
        name: "has a backup restored that leads out of the folder",
        expected: "refused; nothing outside is touched",
        does: archives,
        lacks: "",
    },
    AttackCase {
        number: 127,
        setup: "negotiation",
        name: "proposes terms on what may be hidden, and compares what is said of a dataset that hides nothing",
        expected: "word for word the same",
        does: hinted,
        lacks: "",
    },
    AttackCase {
        number: 86,
        setup: "socket",
        name: "speaks to the local socket without knowing how",
        expected: "closed to other users; the node goes on",
        does: socket,
        lacks: "",
    },
    AttackCase {
        number: 87,
        setup: "trust",
        name: "brings bundles that are older, edited or of another league, as a file and in a greeting",
        expected: "not taken; the newest stays",
        does: bundles,
        lacks: "",
    },
    AttackCase {
        number: 88,
        setup: "files",
        name: "has hostile files looked at: contracts, logs, bundles, joins",
        expected: "a refusal each, never a crash",
        does: offline,
        lacks: "",
    },
];

fn others(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let theirs = federation.lindau.listed("negotiation");
    let theirs = theirs.first().ok_or("no negotiation")?;
    let spoken = |name: &str| {
        let content = MessageContent::Termination {
            negotiation: name.to_owned(),
            code: None,
            reason: "no".to_owned(),
        };
        let refused = federation.stranger.send_message(content).err();
        refused.map(|refusal| (refusal.code, refusal.sentence.replace(name, "NAME")))
    };
    let (real, none) = (spoken(theirs), spoken("n-nowhere"));
    if real.is_none() || real != none {
        return Err(format!("{real:?} is not {none:?}"));
    }
    let agreement = fresh(federation, 0x40);
    let peer_message = |name: &str| {
        let content = MessageContent::Request {
            negotiation: name.to_owned(),
            dataset: agreement.dataset.id.clone(),
            offer: None,
            payload: hansa_proto::contract::to_bytes(&agreement).into(),
        };
        hansa_proto::peer::message::to_wire(&hansa_proto::peer::message::PeerMessage {
            id: hansa_proto::peer::message::PeerMessageId([0x40; 16]),
            content,
        })
    };
    federation
        .attacker
        .send_raw_message(peer_message("n-once"))
        .map_err(|refusal| refusal.to_string())?;
    federation
        .attacker
        .send_raw_message(peer_message("n-once"))
        .map_err(|refusal| refusal.to_string())?;
    let other = federation
        .attacker
        .send_raw_message(peer_message("n-twice"))
        .err()
        .map(|refusal| refusal.code.as_str());
    // The same number by somebody else is another message.
    let stranger = federation
        .stranger
        .send_raw_message(peer_message("n-once"))
        .err()
        .map(|refusal| refusal.code.as_str());
    match (other, stranger) {
        (Some("REQUEST_ID_REUSED"), Some("NEGOTIATION_UNKNOWN")) => {
            Ok("NEGOTIATION_UNKNOWN; REQUEST_ID_REUSED".to_owned())
        }
        found => Err(format!("{found:?}")),
    }
}

fn own_alone(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let records = |who: &hansa_test_support::malicious_peer::MaliciousPeer| {
        let mut bytes = Vec::new();
        let mut from = 0;
        loop {
            let request = hansa_proto::peer::proof::LogProofRequest::Records {
                from,
                limit: Some(10_000),
            };
            let reply = who
                .proof(hansa_proto::peer::proof::request_to_wire(request))
                .map_err(|refusal| refusal.to_string())?;
            let proof = hansa_proto::peer::proof::from_wire(reply)
                .map_err(|refusal| refusal.to_string())?;
            let hansa_proto::peer::proof::LogProof::Records { records, next, .. } = proof else {
                return Err("no records".to_owned());
            };
            bytes.extend(
                records
                    .into_iter()
                    .map(|record| String::from_utf8_lossy(&record.bytes).into_owned()),
            );
            match next {
                Some(next) if next > from => from = next,
                _ => return Ok(bytes),
            }
        }
    };
    let _ = federation
        .stranger
        .ask(&[federation.contract("trips_a")], "SELECT 1");
    let (own, theirs) = (
        records(&federation.attacker)?,
        records(&federation.stranger)?,
    );
    if !own.iter().any(|record| record.contains("acme.example")) {
        return Err(format!("its own {} records are not its own", own.len()));
    }
    if let Some(record) = theirs.iter().find(|record| record.contains("acme.example")) {
        return Err(format!("a record of somebody else: {record}"));
    }
    let inbox = federation
        .stranger
        .inbox(0)
        .map_err(|refusal| refusal.to_string())?;
    let far = federation
        .stranger
        .inbox(u64::MAX)
        .map_err(|refusal| refusal.to_string())?;
    if !inbox.is_empty() || !far.is_empty() {
        return Err(format!("{} messages", inbox.len() + far.len()));
    }
    let sizes = [
        (0, 0),
        (0, u64::MAX),
        (u64::MAX, 1),
        (5, 3),
        (1 << 62, 1 << 63),
    ];
    for (from, to) in sizes {
        let request = hansa_proto::peer::proof::LogProofRequest::Consistency { from, to: Some(to) };
        let reply = federation
            .stranger
            .proof(hansa_proto::peer::proof::request_to_wire(request));
        if let Err(refusal) = reply
            && refusal.code.as_str() == "INTERNAL"
        {
            return Err(format!("{from} to {to}: {refusal}"));
        }
    }
    Ok(format!(
        "{} records, {} of the stranger's own",
        own.len(),
        theirs.len()
    ))
}

fn again(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let asked = ticket(
        &[federation.contract("trips_a")],
        "SELECT count(*) FROM trips_a",
        PURPOSE.parse().ok(),
    );
    let first = federation.attacker.ticket(&asked, &[]);
    let second = federation.attacker.ticket(&asked, &[]);
    // Somebody else under the same number: as if nobody had used it.
    let stranger = federation.stranger.ticket(&asked, &[]);
    match (first.rows.len(), second.code(), stranger.code()) {
        (1, "REQUEST_ID_REUSED", "CONTRACT_UNKNOWN") => {
            Ok("REQUEST_ID_REUSED; CONTRACT_UNKNOWN".to_owned())
        }
        found => Err(format!("{found:?}")),
    }
}

fn united(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let (a, b) = (
        federation.contract("trips_a"),
        federation.contract("trips_b"),
    );
    let second: ContractId = federation
        .acme
        .contract_on("lindau.trips_a", "trips_a")
        .parse()
        .unwrap();
    let code = |contracts: &[ContractId], sql: &str| federation.attacker.ask(contracts, sql).code();
    let none = ContractId(Digest::of(b"none"));
    let found = [
        code(&[a, second], "SELECT count(*) FROM trips_a"),
        code(&[a, a], "SELECT count(*) FROM trips_a"),
        code(&[a, none], "SELECT count(*) FROM trips_a"),
        code(&[a], "SELECT count(*) FROM trips_b"),
        code(&[], "SELECT 1"),
        code(
            &[a, b],
            "SELECT count(*) FROM trips_a x JOIN trips_b y ON x.trip_id = y.trip_id",
        ),
    ];
    let expected = [
        "CONTRACT_AMBIGUOUS",
        "MESSAGE_MALFORMED",
        "CONTRACT_UNKNOWN",
        "DATASET_UNKNOWN",
        "MESSAGE_MALFORMED",
        "",
    ];
    if found != expected {
        return Err(format!("{found:?} instead of {expected:?}"));
    }
    for purpose in [
        None,
        Some("dpv:Purpose"),
        Some("dpv:Marketing"),
        Some("dpv:researchanddevelopment"),
        Some("anything"),
    ] {
        let answer = federation
            .attacker
            .ask_for(&[a], "SELECT nonsense FROM nowhere", purpose);
        if !["PURPOSE_MISSING", "PURPOSE_NOT_COVERED", "PURPOSE_UNKNOWN"].contains(&answer.code()) {
            return Err(format!("{purpose:?}: {}", answer.message()));
        }
    }
    Ok(format!(
        "{found:?}; 5 purposes refused before any name is looked up"
    ))
}

fn entries(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let page = federation
        .attacker
        .page("", 100)
        .map_err(|refusal| refusal.to_string())?;
    let entry = |name: &str| {
        let found = page.entries.iter().find_map(|entry| {
            let value: serde_json::Value = serde_json::from_slice(&entry.dataset).ok()?;
            value["id"]
                .as_str()?
                .ends_with(&format!("/{name}"))
                .then_some(value)
        });
        found.ok_or_else(|| format!("no entry of {name}"))
    };
    for (one, other) in [(ROWS.one, ROWS.other), ("cells_a", "cells_b")] {
        let (mut first, mut second) = (entry(one)?, entry(other)?);
        for value in [&mut first, &mut second] {
            for name in ["id", "wholeSchema", "publishedAt"] {
                value.as_object_mut().unwrap().remove(name);
            }
            if let Some(id) = value.pointer_mut("/grid/id") {
                *id = serde_json::Value::Null;
            }
        }
        if one == ROWS.one {
            // A person may still sign the other offer of this one, so the entry shows what that offer would show.
            let columns =
                |value: &serde_json::Value| value["columns"].as_array().map_or(0, Vec::len);
            if columns(&first) != columns(&second) + 1 {
                return Err(format!("{first} {second}"));
            }
            continue;
        }
        if first != second {
            return Err(format!("{first} is not {second}"));
        }
        if first.to_string().contains(crate::attacks::trips::SECRET) {
            return Err(format!("{first}"));
        }
    }
    // Whoever has no contract sees what is offered to it, and nothing of what is offered to others.
    let theirs = federation
        .stranger
        .page("", 100)
        .map_err(|refusal| refusal.to_string())?;
    let text: String = theirs
        .entries
        .iter()
        .flat_map(|entry| {
            entry
                .offers
                .iter()
                .map(|offer| String::from_utf8_lossy(&offer.policy).into_owned())
        })
        .collect();
    match text.contains("notes") || text.contains("wider") || text.contains("acme.example") {
        true => Err("an offer to somebody else is shown".to_owned()),
        false => Ok(format!("{} entries", page.entries.len())),
    }
}
