//! Tests: each report contains exactly its answers.

use super::affected_answers::{AffectedQuery, affected_answers_table as recalled};
use super::{
    BreachScope, ControllerDetails, DataCategories, ProcessingContext, ReportCell, ReportTable,
    RetentionPeriods, breach_table, processing_table, recipients_table,
};
use crate::history::AuditHistory;
use crate::history::publication::PublishedSnapshot;
use crate::history::query_entry::{AnswerEnd, DatasetRead, QueryEntry};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::{Agreement, Assignee, ContractParty, ContractStatus, DatasetRef};
use hansa_policy::id::{ClauseId, ContractId};
use hansa_policy::term::legal_basis::LegalBasis;
use hansa_policy::term::{Clause, Term};
use std::collections::BTreeSet;

pub(super) const OWN: &str = "hansa://lindau.example";

pub(super) fn at(second: i64) -> UtcTimestamp {
    UtcTimestamp::from_micros(1_800_000_000_000_000 + second * 1_000_000).unwrap()
}

/// Question of `peer` at a second, of a snapshot of `bikes` under a contract; its answer takes ten seconds.
pub(super) fn question(
    peer: &str,
    second: i64,
    snapshot: &str,
    contract: &str,
    rows: Option<u64>,
) -> QueryEntry {
    QueryEntry {
        request: format!("{peer}-{second}"),
        index: u64::try_from(second).unwrap(),
        leaf: Digest::of(b""),
        at: at(second),
        peer: format!("hansa://{peer}.example"),
        certificate: Some(format!("certificate of {peer}")),
        is_web: false,
        program: None,
        purpose: Some("dpv:Research".to_owned()),
        contracts: vec![contract.to_owned()],
        follows: None,
        reads: vec![DatasetRead {
            relied_on: Vec::new(),
            restriction: None,
            dataset: "bikes".to_owned(),
            contract: Some(contract.to_owned()),
            grant: String::new(),
            clauses: vec![],
            snapshot: Some(snapshot.to_owned()),
            after: None,
            as_of: None,
        }],
        refused: None,
        at_most: None,
        end: Some(AnswerEnd {
            index: 0,
            at: at(second + 10),
            outcome: "done".to_owned(),
            code: None,
            rows,
            bytes: rows.map(|rows| rows * 10),
            at_most: None,
            digest: String::new(),
        }),
        acknowledged: Some(("receipt".to_owned(), true)),
        one_sided_receipt: None,
    }
}

fn published(dataset: &str, second: i64, version: &str, goes_on: bool) -> PublishedSnapshot {
    PublishedSnapshot {
        at: at(second),
        arrived: at(second),
        dataset: dataset.to_owned(),
        version: version.to_owned(),
        personal: false,
        goes_on,
        withdrawn: None,
        good: None,
        damaged: None,
    }
}

fn sample_history() -> AuditHistory {
    let mut history = AuditHistory::new();
    history.questions = vec![
        question("acme", 100, "1", "a", Some(5)),
        question("acme", 200, "2", "a", Some(7)),
        question("tallinn", 300, "1", "t", Some(3)),
        // Nothing was sent, apart from an unknown amount after a crash.
        question("tallinn", 400, "1", "t", Some(0)),
        question("acme", 500, "1", "b", None),
        // A question of the owner.
        question("lindau", 600, "1", "a", Some(9)),
    ];
    history
}

pub(super) fn column(table: &ReportTable, name: &str) -> Vec<String> {
    let at = table.columns.iter().position(|one| *one == name).unwrap();
    table.rows.iter().map(|row| row[at].to_text()).collect()
}

fn affected(history: &AuditHistory, own: &str, dataset: &str, version: &str) -> ReportTable {
    let of = AffectedQuery {
        dataset,
        version,
        since: None,
    };
    recalled(history, own, of)
}

#[test]
fn a_faulty_snapshot() {
    let found = affected(&sample_history(), OWN, "bikes", "1");
    assert_eq!(
        column(&found, "question"),
        ["acme-100", "tallinn-300", "acme-500"]
    );
    assert_eq!(column(&found, "rows"), ["5", "3", "unknown"]);
    assert_eq!(affected(&sample_history(), OWN, "parks", "1").rows.len(), 0);
    assert_eq!(affected(&sample_history(), OWN, "bikes", "3").rows.len(), 0);
}

/// Rows of a feed's publication are in all later answers, except those about newer rows only and about earlier states.
#[test]
fn a_faulty_segment() {
    let mut history = AuditHistory::new();
    for (second, version, goes_on) in [
        (0, "1", false),
        (10, "2", true),
        (20, "3", true),
        (30, "4", false),
    ] {
        history
            .published
            .push(published("bikes", second, version, goes_on));
    }
    let asked = |second, snapshot| question("acme", second, snapshot, "a", Some(1));
    let mut since = asked(23, "3");
    since.reads[0].after = Some("2".to_owned());
    let mut from_the_first = asked(24, "3");
    from_the_first.reads[0].after = Some("1".to_owned());
    let mut then = asked(25, "3");
    then.reads[0].as_of = Some(at(9));
    let mut now = asked(26, "3");
    now.reads[0].as_of = Some(at(10));
    history.questions = vec![
        asked(5, "1"),
        asked(15, "2"),
        asked(22, "3"),
        since,
        from_the_first,
        then,
        now,
        asked(35, "4"),
    ];
    let found = |version| column(&affected(&history, OWN, "bikes", version), "record");
    assert_eq!(found("1"), ["5", "15", "22", "25", "26"]);
    assert_eq!(found("2"), ["15", "22", "24", "26"]);
    assert_eq!(found("3"), ["22", "23", "24"]);
    assert_eq!(found("4"), ["35"]);
}

/// Answers that read the files of a snapshot since it was last known to be good. A continued feed shares files with earlier ones.
#[test]
fn what_was_read_since_a_snapshot_was_known_to_be_good() {
    let mut history = AuditHistory::new();
    history.published = vec![
        published("bikes", 0, "1", false),
        published("bikes", 20, "2", true),
        published("bikes", 90, "3", false),
    ];
    history.questions = [(1, "1"), (30, "2"), (40, "1"), (60, "2"), (95, "3")]
        .map(|(second, snapshot)| question("acme", second, snapshot, "a", Some(1)))
        .to_vec();
    let since = |history: &AuditHistory| {
        let of = AffectedQuery {
            dataset: "bikes",
            version: "2",
            since: history.known_good("bikes", "2"),
        };
        column(&recalled(history, OWN, of), "record")
    };
    // No check since the feed began.
    assert_eq!(since(&history), ["1", "30", "40", "60"]);
    history.published[1].good = Some(at(45));
    // An answer that had not ended by then may have read afterwards.
    assert_eq!(since(&history), ["40", "60"]);
}

#[test]
fn a_breach_by_contract_or_certificate_in_a_time() {
    let report =
        |scope: BreachScope| column(&breach_table(&sample_history(), OWN, &scope), "question");
    let under = |from: i64, to: i64| BreachScope {
        contracts: BTreeSet::from(["a".to_owned()]),
        from: Some(at(from)),
        to: Some(at(to)),
        ..BreachScope::default()
    };
    assert_eq!(report(under(0, 1000)), ["acme-100", "acme-200"]);
    assert_eq!(report(under(105, 200)), ["acme-100"], "it was under way");
    assert_eq!(report(under(111, 200)), [""; 0]);
    let certificate = BreachScope {
        certificate: Some("certificate of tallinn".to_owned()),
        ..BreachScope::default()
    };
    assert_eq!(report(certificate), ["tallinn-300"]);
    assert_eq!(report(BreachScope::default()), [""; 0]);
}

#[test]
fn who_received_a_dataset() {
    let found = recipients_table(&sample_history(), OWN, "bikes");
    assert_eq!(
        column(&found, "recipient"),
        ["hansa://acme.example", "hansa://tallinn.example"]
    );
    assert_eq!(column(&found, "contracts"), ["a b", "t"]);
    assert_eq!(column(&found, "answers"), ["3", "1"]);
    // The number of rows of one answer is unknown.
    assert_eq!(column(&found, "rows"), ["unknown", "3"]);
}

fn party(id: &str) -> ContractParty {
    ContractParty {
        id: id.parse().unwrap(),
        name: "Test".to_owned(),
        legal_id: None,
        signing_key: String::new(),
        tls_issuer: Digest::of(b""),
    }
}

fn agreement(term: Term) -> Agreement {
    Agreement {
        uid: "urn:uuid:1".to_owned(),
        version: 1,
        supersedes: None,
        provider: party(OWN),
        assignee: Assignee::Participant(party("hansa://acme.example")),
        dataset: DatasetRef {
            id: "hansa://lindau.example/d/bikes".parse().unwrap(),
            schema: Digest::of(b""),
            high_value: false,
        },
        clauses: vec![Clause {
            id: ClauseId(1),
            term,
        }],
        not_before: at(0),
        not_after: at(1000),
        purposes: String::new(),
        own_purposes: vec![],
        legal: None,
        template: None,
        signatory: None,
        rendering: hansa_policy::contract::rendering::PageRendering::default(),
        proposed_at: at(0),
        nonce: String::new(),
    }
}

#[test]
fn the_record_of_processing_says_what_is_not_stated() {
    let agreement_with = agreement;
    let agreement = agreement_with(Term::DeleteAfter { days: 30 });
    let id = ContractId(Digest::of(b"bikes"));
    let own = agreement.provider.id.to_string();
    let dataset = agreement.dataset.id.to_string();
    let mut history = sample_history();
    history.published.push(PublishedSnapshot {
        personal: true,
        ..published(&dataset, 0, "1", false)
    });
    history
        .questions
        .push(question("acme", 700, "1", &id.to_string(), Some(4)));
    let times = RetentionPeriods {
        decisions: "3650 days".to_owned(),
        texts: "90 days".to_owned(),
        snapshots: [(dataset.to_string(), "30 days".to_owned())].into(),
    };
    let mut context = ProcessingContext {
        controller: ControllerDetails {
            name: "Lindau".to_owned(),
            ..ControllerDetails::default()
        },
        times,
        ..ProcessingContext::default()
    };
    let contracts = [(id, agreement, ContractStatus::InForce)];
    let found = processing_table(&history, &own, &contracts, &context);
    assert_eq!(column(&found, "controller"), ["Lindau"]);
    assert_eq!(
        column(&found, "contact"),
        ["not stated: set [participant] contact"]
    );
    assert_eq!(column(&found, "personal"), ["yes"]);
    assert_eq!(
        column(&found, "data_subjects"),
        ["not stated: set [[dataset]] data_subjects"]
    );
    assert_eq!(column(&found, "legal_basis"), ["not stated"]);
    assert_eq!(
        column(&found, "third_country"),
        ["not stated: the contract has no clause on the region"]
    );
    assert_eq!(column(&found, "our_role"), ["provider"]);
    assert_eq!(column(&found, "dataset"), [format!("{dataset} (personal)")]);
    assert_eq!(column(&found, "retention"), ["deleted after 30 days"]);
    assert_eq!(column(&found, "purposes"), ["not stated"]);
    assert_eq!(column(&found, "legal_text"), ["not stated"]);
    assert_eq!(column(&found, "rows_given"), ["4"]);
    assert_eq!(column(&found, "decisions_kept"), ["3650 days"]);
    assert_eq!(column(&found, "texts_kept"), ["90 days"]);
    assert_eq!(column(&found, "old_snapshots_kept"), ["30 days"]);
    assert_eq!(ReportCell::Unknown.to_text(), "unknown");

    // Stated categories appear in their columns. An executed clause counts as a measure, a recorded one does not.
    let about = DataCategories {
        data_subjects: Some("cyclists".to_owned()),
        personal_data: Some("device".to_owned()),
    };
    context.categories.insert(id, about);
    context.controller.contact = Some("data@lindau.example".to_owned());
    let region = agreement_with(Term::Region("EU".parse().unwrap()));
    let basis = agreement_with(Term::LegalBasis(LegalBasis::PublicTask));
    for (agreement, name, expected) in [
        (&basis, "legal_basis", "eu-gdpr:A6-1-e"),
        (&basis, "data_subjects", "cyclists"),
        (&basis, "personal_data", "device"),
        (&basis, "contact", "data@lindau.example"),
        (
            &region,
            "third_country",
            "only for participants that have their seat in the region EU, attested by a recognised issuer",
        ),
    ] {
        let contracts = [(id, agreement.clone(), ContractStatus::InForce)];
        let found = processing_table(&history, &own, &contracts, &context);
        assert_eq!(column(&found, name), [expected]);
    }
    let measures = |agreement: &Agreement| {
        let contracts = [(id, agreement.clone(), ContractStatus::InForce)];
        column(
            &processing_table(&history, &own, &contracts, &context),
            "security_measures",
        )
        .join("")
    };
    assert!(measures(&region).ends_with("executed clauses: region"));
    assert!(!measures(&contracts[0].1).contains("executed clauses"));
    // For received data the provider knows the categories.
    let found = processing_table(&history, "hansa://acme.example", &contracts, &context);
    assert_eq!(column(&found, "our_role"), ["recipient"]);
    assert_eq!(column(&found, "personal"), ["unknown"]);
}
