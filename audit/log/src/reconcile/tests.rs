//! Tests: every difference between two logs has its own finding.

use super::{
    AnswerBound, AnswerSide, AnswerSummary, CLOSED_AFTER_CRASH, ContractTotals, FieldDifference,
    NOT_TAKEN, OPEN, ReconciliationFinding, reconcile_answers,
};

fn line(request: &str) -> AnswerSummary {
    AnswerSummary {
        request_id: request.to_owned(),
        contract: "9f3c".to_owned(),
        rows: 10,
        bytes: 1000,
        digest: "blake3:aa".to_owned(),
        outcome: "done".to_owned(),
        at_most: Some(AnswerBound::FIRST),
        receipt: true,
        acknowledged: true,
        one_sided: false,
    }
}

#[track_caller]
fn check(provider: &[AnswerSummary], consumer: &[AnswerSummary], expect: ReconciliationFinding) {
    let found = reconcile_answers(provider, consumer);
    assert_eq!(found.requests.len(), 1);
    assert_eq!(found.is_clean(), expect.is_clean());
    assert_eq!(found.requests[0].finding, expect);
}

fn differs(
    change: impl Fn(&mut AnswerSummary),
    field: &'static str,
    provider: &str,
    consumer: &str,
) {
    let mut received = line("r1");
    change(&mut received);
    let difference = FieldDifference {
        field,
        provider: provider.to_owned(),
        consumer: consumer.to_owned(),
    };
    check(
        &[line("r1")],
        &[received],
        ReconciliationFinding::Mismatch(vec![difference]),
    );
}

#[test]
fn each_finding() {
    check(&[line("r1")], &[line("r1")], ReconciliationFinding::Matched);
    check(
        &[line("r1")],
        &[],
        ReconciliationFinding::ProviderOnly { sent: true },
    );
    let unsent = AnswerSummary {
        rows: 0,
        bytes: 0,
        ..line("r1")
    };
    check(
        &[unsent],
        &[],
        ReconciliationFinding::ProviderOnly { sent: false },
    );
    check(&[], &[line("r1")], ReconciliationFinding::ConsumerOnly);
    let left = AnswerSummary {
        outcome: NOT_TAKEN.to_owned(),
        ..line("r1")
    };
    check(
        &[line("r1")],
        std::slice::from_ref(&left),
        ReconciliationFinding::NotTaken,
    );
    let sent = AnswerSummary {
        acknowledged: false,
        ..line("r1")
    };
    let cut = AnswerSummary {
        rows: 9,
        bytes: 1000,
        digest: "blake3:bb".to_owned(),
        outcome: "failed:STREAM_CUT".to_owned(),
        receipt: false,
        acknowledged: false,
        ..line("r1")
    };
    check(
        std::slice::from_ref(&sent),
        std::slice::from_ref(&cut),
        ReconciliationFinding::CutOff,
    );
    // A consumer can't receive more than was sent, or lose a receipt that it has acknowledged.
    let more = AnswerSummary {
        bytes: 1001,
        ..cut.clone()
    };
    for (sent, cut) in [(&sent, &more), (&line("r1"), &cut)] {
        let found = reconcile_answers(std::slice::from_ref(sent), std::slice::from_ref(cut));
        assert!(!found.is_clean(), "{found:?}");
    }
    // After a crash a provider has no counts, and can't have issued a receipt.
    let crashed = AnswerSummary {
        rows: 0,
        bytes: 0,
        digest: String::new(),
        outcome: CLOSED_AFTER_CRASH.to_owned(),
        acknowledged: false,
        ..line("r1")
    };
    let open = AnswerSummary {
        outcome: OPEN.to_owned(),
        ..crashed.clone()
    };
    for sent in [&crashed, &open] {
        check(
            std::slice::from_ref(sent),
            std::slice::from_ref(&cut),
            ReconciliationFinding::Interrupted,
        );
    }
    // The provider has recorded a bound.
    let beyond = AnswerSummary {
        rows: AnswerBound::FIRST.rows + 1,
        ..cut.clone()
    };
    let unbounded = AnswerSummary {
        at_most: None,
        ..crashed.clone()
    };
    for (sent, cut) in [(&crashed, &beyond), (&unbounded, &cut)] {
        let found = reconcile_answers(std::slice::from_ref(sent), std::slice::from_ref(cut));
        assert!(!found.is_clean(), "{found:?}");
    }
    let totals = reconcile_answers(std::slice::from_ref(&crashed), &[]).totals;
    let (sent, _) = totals["9f3c"];
    assert_eq!((sent.uncounted, sent.rows), (1, 0));
    assert_eq!(sent.uncounted_rows, AnswerBound::FIRST.rows);
    let other = AnswerSummary {
        contract: "77".to_owned(),
        ..cut.clone()
    };
    let counted = AnswerSummary {
        digest: "blake3:aa".to_owned(),
        ..crashed.clone()
    };
    for (sent, received) in [
        (&crashed, &line("r1")),
        (&crashed, &other),
        (&counted, &cut),
    ] {
        let found = reconcile_answers(std::slice::from_ref(sent), std::slice::from_ref(received));
        assert!(!found.is_clean(), "{found:?}");
    }
    let nothing = reconcile_answers(&[], &[left]);
    assert_eq!((nothing.requests.len(), nothing.totals.len()), (0, 0));
    check(
        &[line("r1"), line("r1")],
        &[line("r1")],
        ReconciliationFinding::Repeated(AnswerSide::Provider),
    );
    check(
        &[line("r1")],
        &[line("r1"), line("r1")],
        ReconciliationFinding::Repeated(AnswerSide::Consumer),
    );
    let pending = AnswerSummary {
        acknowledged: false,
        ..line("r1")
    };
    let finding = ReconciliationFinding::Unacknowledged {
        provider: false,
        consumer: true,
    };
    check(&[pending], &[line("r1")], finding);
    differs(|l| l.contract = "77".to_owned(), "contract", "9f3c", "77");
    differs(|l| l.rows = 9, "rows", "10", "9");
    differs(|l| l.bytes = 9, "bytes", "1000", "9");
    differs(|l| l.digest = "x".to_owned(), "digest", "blake3:aa", "x");
    differs(|l| l.outcome = "cut".to_owned(), "outcome", "done", "cut");
}

#[test]
fn one_deleted_record_is_found_among_many() {
    let all: Vec<AnswerSummary> = (0..50).map(|n| line(&format!("r{n:02}"))).collect();
    let mut less = all.clone();
    less.remove(17);
    let found = reconcile_answers(&less, &all);
    let odd: Vec<_> = found
        .requests
        .iter()
        .filter(|c| !c.finding.is_clean())
        .collect();
    assert_eq!(odd.len(), 1);
    assert_eq!(
        (odd[0].request_id.as_str(), &odd[0].finding),
        ("r17", &ReconciliationFinding::ConsumerOnly)
    );
    let (provider, consumer) = found.totals["9f3c"];
    assert_eq!(
        provider,
        ContractTotals {
            answers: 49,
            rows: 490,
            bytes: 49_000,
            ..ContractTotals::default()
        }
    );
    assert_eq!(
        consumer,
        ContractTotals {
            answers: 50,
            rows: 500,
            bytes: 50_000,
            ..ContractTotals::default()
        }
    );
}
