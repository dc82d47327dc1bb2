//! Tests of the incidents that a statement closes, and for whom.

use super::*;
use crate::documents::DocumentIndex;
use crate::passkey_records::PasskeyRecords;
use hansa_audit_log::note::Checkpoint;
use hansa_audit_store::answers::AnswerCollector;
use hansa_audit_store::history::AuditHistory;
use hansa_audit_store::history::contract_timeline::ContractTimeline;
use hansa_audit_store::history::incident::ForkedLog;
use hansa_audit_store::history::query_entry::AnswerEnd;
use hansa_audit_store::history::received_answer::ReceivedAnswer;
use hansa_audit_store::offline::CopyReport;

pub(crate) fn id(domain: &str) -> ParticipantId {
    format!("hansa://{domain}").parse().unwrap()
}

fn at(second: i64) -> UtcTimestamp {
    UtcTimestamp::from_micros(second * 1_000_000).unwrap()
}

pub(crate) fn head(domain: &str, size: u64, root: &str) -> SignedHead {
    SignedHead {
        checkpoint: Checkpoint {
            origin: format!("{domain}/hansa/evidence"),
            size,
            root: Digest::of(root.as_bytes()),
        },
        signatures: Vec::new(),
    }
}

/// File of a log with statements, each in the record of this number.
pub(crate) fn copy(domain: &str, of: &str, statements: &[(u64, &str)]) -> ExportFile {
    let incidents = statements.iter().map(|(index, name)| RecordedIncident {
        index: *index,
        at: at(i64::try_from(*index).unwrap()),
        peer: id(of).to_string(),
        cause: "unknown".to_owned(),
        statement: (*name).to_owned(),
        fork: Some((10, 100)),
    });
    let mut history = AuditHistory::new();
    history.incidents = incidents.collect();
    ExportFile {
        file: format!("{domain}.bundle"),
        owner: id(domain),
        report: CopyReport {
            digest: None,
            log: format!("{domain}/hansa/evidence"),
            records: 0,
            covered: 0,
            head: None,
            keys: Vec::new(),
            span: None,
            contract: None,
            is_part: false,
            fault: None,
            damaged: Vec::new(),
            unknown: Vec::new(),
            missing: Vec::new(),
            unseen: Vec::new(),
        },
        history,
        answers: AnswerCollector::default(),
        tree: None,
        heads: Vec::new(),
        time_stamps: Vec::new(),
        passkeys: PasskeyRecords::default(),
    }
}

/// Statement of a fork in the log of `p.example`.
fn stated(name: &str) -> ClosedIncident {
    ClosedIncident {
        stated: IncidentStatement {
            log: id("p.example"),
            head: head("p.example", 60, "one"),
            fork: Some(ForkedRange {
                from: 10,
                since: None,
                upto: 100,
            }),
            late: Vec::new(),
            cause: hansa_proto::incident::IncidentCause::Unknown,
            stated_at: at(50),
        },
        name: name.to_owned(),
    }
}

fn case(copies: Vec<ExportFile>, incidents: Vec<ClosedIncident>) -> EvidenceSet {
    EvidenceSet {
        copies,
        trust: None,
        documents: DocumentIndex::default(),
        incidents,
        shown: Vec::new(),
        findings: Vec::new(),
    }
}

/// Question of `c.example` that was permitted in record 30, with its end.
fn question(end: Option<(u64, u64)>) -> QueryEntry {
    QueryEntry {
        request: "q".to_owned(),
        index: 30,
        leaf: Digest::of(b"leaf"),
        at: at(30),
        peer: id("c.example").to_string(),
        certificate: None,
        is_web: false,
        program: None,
        purpose: None,
        contracts: Vec::new(),
        follows: None,
        reads: Vec::new(),
        refused: None,
        at_most: None,
        end: end.map(|(rows, bytes)| AnswerEnd {
            index: 31,
            at: at(31),
            outcome: "done".to_owned(),
            code: None,
            rows: Some(rows),
            bytes: Some(bytes),
            at_most: None,
            digest: String::new(),
        }),
        acknowledged: None,
        one_sided_receipt: None,
    }
}

/// Statement that names that permit as late, and the file of the log.
fn late(end: Option<(u64, u64)>) -> (ContractId, ExportFile, ClosedIncident) {
    let contract = ContractId(Digest::of(b"contract"));
    let mut provider = copy("p.example", "p.example", &[(61, "s")]);
    let withdrawn = RecordedWithdrawal {
        index: 29,
        at: at(29),
        effective: None,
        party: id("c.example").to_string(),
        statement: String::new(),
    };
    let life = ContractTimeline {
        withdrawn: vec![withdrawn],
        ..ContractTimeline::default()
    };
    provider
        .history
        .contracts
        .insert(contract.to_string(), life);
    provider.history.questions.push(question(end));
    let mut one = stated("s");
    one.stated.late.push(hansa_proto::incident::LatePermits {
        contract,
        withdrawal: 29,
        permits: vec![30],
    });
    (contract, provider, one)
}

#[test]
fn a_late_permit_is_closed_only_where_nothing_left() {
    for (end, rows, expected) in [
        (Some((0, 0)), None, true),
        (Some((0, 200)), None, false),
        (Some((5, 200)), None, false),
        // It is open; what was shown of it is not an incident.
        (None, None, true),
        (Some((0, 0)), Some(0), true),
        (Some((0, 0)), Some(5), false),
        (None, Some(5), false),
    ] {
        let (contract, provider, one) = late(end);
        let mut consumer = copy("c.example", "p.example", &[(40, "s")]);
        consumer
            .history
            .received
            .extend(rows.map(|rows| ReceivedAnswer {
                request: "q".to_owned(),
                index: 35,
                at: at(35),
                peer: id("p.example").to_string(),
                rows,
                bytes: rows,
                digest: String::new(),
                outcome: "done".to_owned(),
                receipt: None,
            }));
        let case = case(vec![provider, consumer], vec![one]);
        let found = case.closed_permit(&case.copies[0], &question(end), contract);
        assert_eq!(found.is_some(), expected, "{end:?} {rows:?}");
    }
}

#[test]
fn no_fork_closes_what_left_under_a_late_permit() {
    let owner = id("p.example");
    for is_late in [false, true] {
        let (_, provider, mut one) = late(Some((0, 0)));
        if !is_late {
            one.stated.late.clear();
        }
        let consumer = copy("c.example", "p.example", &[(40, "s")]);
        let case = case(vec![provider, consumer], vec![one]);
        let consumer = &case.copies[1];
        let answer = AnswerLocation {
            copy: consumer,
            record: 35,
            at: at(35),
        };
        assert_eq!(case.is_closed_answer(&owner, "q", answer), !is_late);
        assert!(case.is_closed_answer(&owner, "other", answer));
        let record = case.is_closed_record(&owner, 30, consumer, 35);
        assert_eq!(record, !is_late);
    }
}

#[test]
fn a_statement_binds_only_files_that_have_it() {
    let owner = id("p.example");
    for reported in [false, true] {
        let statements: &[(u64, &str)] = if reported { &[(40, "s")] } else { &[] };
        let copies = vec![
            copy("p.example", "p.example", &[(61, "s")]),
            copy("c.example", "p.example", statements),
        ];
        let case = case(copies, vec![stated("s")]);
        let consumer = &case.copies[1];
        let place = |record, passed_on| HeadLocation {
            copy: consumer,
            record: Some(record),
            passed_on,
        };
        assert_eq!(case.is_closed_head(&owner, 50, &place(39, false)), reported);
        assert!(!case.is_closed_head(&owner, 50, &place(41, false)));
        assert_eq!(case.is_closed_head(&owner, 50, &place(41, true)), reported);
        assert_eq!(case.is_stated(&owner, 50), reported);
        assert_eq!(case.is_closed_record(&owner, 50, consumer, 39), reported);
        let answer = AnswerLocation {
            copy: consumer,
            record: 39,
            at: at(39),
        };
        assert_eq!(case.is_closed_answer(&owner, "q", answer), reported);
    }
}

#[test]
fn whoever_was_not_reported_is_named() {
    let fork = |peer: &str| ForkedLog {
        index: 20,
        at: at(20),
        peer: id(peer).to_string(),
        known: head("p.example", 30, "one").to_string(),
        shown: head("p.example", 30, "other").to_string(),
    };
    let report = |statements: &[(u64, &str)], peer: &str| {
        let mut consumer = copy("c.example", "p.example", statements);
        consumer.history.forks.push(fork(peer));
        let provider = copy("p.example", "p.example", &[(61, "s")]);
        let case = case(vec![provider, consumer], Vec::new());
        check_owners_informed(&case, &stated("s"))
    };
    let found = report(&[], "p.example");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].sentence.contains("c.example was never told"));
    assert_eq!(found[0].verdict, crate::finding::AuditVerdict::Incomplete);
    assert_eq!(report(&[(40, "s")], "p.example"), Vec::new());
    assert_eq!(report(&[], "d.example"), Vec::new());
}

#[test]
fn a_statement_that_closes_no_fork_hides_none() {
    let owner = id("p.example");
    let mut consumer = copy("c.example", "p.example", &[(30, "late"), (40, "s")]);
    consumer.history.forks.push(ForkedLog {
        index: 20,
        at: at(20),
        peer: owner.to_string(),
        known: String::new(),
        shown: String::new(),
    });
    let case = case(vec![consumer], Vec::new());
    let found = |closed: &[ClosedIncident]| fork_discovery_time(&case, &owner, "s", at(40), closed);
    // An invalid statement, and one about permits alone.
    assert_eq!(found(&[]), Some(at(20)));
    let mut permits = stated("late");
    permits.stated.fork = None;
    assert_eq!(found(&[permits]), Some(at(20)));
    // A valid statement has closed the fork that was found before it.
    assert_eq!(found(&[stated("late")]), None);
}
