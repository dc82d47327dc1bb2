//! Values for tests.

use evidence::digest::Digest;
use evidence::json::Json;
use policy::contract::{Agreement, Assignee, DatasetRef, Legal, OwnPurpose, Party};
use policy::id::ClauseId;
use policy::term::{Clause, Term};

pub(crate) fn agreement() -> Agreement {
    Agreement {
        uid: "urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77".to_owned(),
        version: 1,
        supersedes: None,
        provider: party("munster.example", 1),
        assignee: Assignee::Participant(party("firma.example", 2)),
        dataset: DatasetRef {
            id: "hansa://munster.example/d/bike_counts".parse().unwrap(),
            schema: Digest::of(b"schema"),
            high_value: false,
        },
        clauses: clauses(),
        not_before: "2026-12-01T00:00:00Z".parse().unwrap(),
        not_after: "2027-12-01T00:00:00Z".parse().unwrap(),
        purposes: "2.3:sha256:00".to_owned(),
        own_purposes: vec![OwnPurpose {
            name: "mobility-research".parse().unwrap(),
            parent: "dpv:ResearchAndDevelopment".parse().unwrap(),
            text: "Forschung über Mobilität".to_owned(),
        }],
        legal: Some(Legal {
            text_ref: "mobility-research.pdf".to_owned(),
            text: Digest::of(b"text"),
            language: "de".to_owned(),
        }),
        signatory: None,
        proposed_at: "2026-11-20T09:00:00Z".parse().unwrap(),
        nonce: crate::base64url::encode(&[7; 16]),
    }
}

pub(crate) fn public_view() -> Agreement {
    Agreement {
        assignee: Assignee::Public,
        supersedes: Some("ab".repeat(32).parse().unwrap()),
        signatory: Some(Digest::of(b"signatory")),
        legal: None,
        own_purposes: Vec::new(),
        clauses: Vec::new(),
        ..agreement()
    }
}

/// Every term, from the second number on.
pub(crate) fn clauses() -> Vec<Clause> {
    Term::samples()
        .into_iter()
        .zip(2..)
        .map(|(term, number)| Clause {
            id: ClauseId(number),
            term,
        })
        .collect()
}

pub(crate) fn party(domain: &str, key: u8) -> Party {
    Party {
        id: domain.parse().unwrap(),
        name: format!("The people of {domain}"),
        legal_id: (key == 1).then(|| "DE-1".to_owned()),
        signing_key: crate::base64url::encode(&[key; 32]),
        tls_issuer: Digest::of(&[key]),
    }
}

/// An agreement of a few terms, for tests that try each byte.
pub(crate) fn short_agreement() -> Agreement {
    let mut kept = clauses();
    kept.retain(|clause| {
        matches!(
            clause.term,
            Term::Purpose(_) | Term::Columns(_) | Term::ResultRows(_) | Term::DeleteAfter { .. }
        )
    });
    Agreement {
        clauses: kept,
        ..agreement()
    }
}

/// Every document that differs from `json` by one member too many, one too few, or one value of another type.
pub(crate) fn spoilt(json: &Json) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    spoil(json, "", &mut |place, spoilt| found.push((place, spoilt)));
    found
}

fn spoil(json: &Json, at: &str, emit: &mut dyn FnMut(String, Json)) {
    match json {
        Json::Object(members) => {
            let mut more = members.clone();
            more.insert("zzz".to_owned(), Json::Null);
            emit(format!("{at}+zzz"), Json::Object(more));
            for (name, value) in members {
                let mut fewer = members.clone();
                fewer.remove(name);
                emit(format!("{at}-{name}"), Json::Object(fewer));
                spoil(value, &format!("{at}.{name}"), &mut |place, inner| {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), inner);
                    emit(place, Json::Object(changed));
                });
            }
        }
        Json::List(items) => {
            let mut more = items.clone();
            more.push(Json::Null);
            emit(format!("{at}[+]"), Json::List(more));
            for (index, value) in items.iter().enumerate() {
                spoil(value, &format!("{at}[{index}]"), &mut |place, inner| {
                    let mut changed = items.clone();
                    changed[index] = inner;
                    emit(place, Json::List(changed));
                });
            }
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Text(_) => {
            emit(format!("{at}=[]"), Json::List(Vec::new()));
            emit(format!("{at}=2^50"), Json::Int(1 << 50));
        }
    }
}
