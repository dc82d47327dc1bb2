//! Tests of the answers on the pages: many of them, and those of which one side is not there.

use super::disclosure::DisclosureList;
use crate::documents::DocumentIndex;
use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::incident::tests::copy;
use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::open_block::OpenBlock;
use hansa_audit_store::history::query_entry::{AnswerEnd, DatasetRead, QueryEntry};
use hansa_audit_store::history::received_answer::ReceivedAnswer;
use hansa_policy::term::language::Language;

const CONTRACT: &str = "7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a";

fn case_of(copies: Vec<ExportFile>) -> EvidenceSet {
    EvidenceSet {
        copies,
        trust: None,
        documents: DocumentIndex::default(),
        incidents: Vec::new(),
        shown: Vec::new(),
        findings: Vec::new(),
    }
}

fn read_of(dataset: &str) -> DatasetRead {
    DatasetRead {
        dataset: format!("hansa://p.example/d/{dataset}"),
        contract: Some(CONTRACT.to_owned()),
        grant: String::new(),
        clauses: vec![2, 1],
        relied_on: Vec::new(),
        restriction: None,
        snapshot: None,
        after: None,
        as_of: None,
    }
}

/// Answer of 10 rows to `c.example`; without an end, of at most 100.
fn answer(index: u64, at: &str, ended: bool) -> QueryEntry {
    let at: UtcTimestamp = at.parse().unwrap();
    QueryEntry {
        request: format!("q{index}"),
        index,
        leaf: Digest::of(format!("leaf {index}").as_bytes()),
        at,
        peer: "hansa://c.example".to_owned(),
        certificate: None,
        is_web: false,
        program: None,
        purpose: None,
        contracts: vec![CONTRACT.to_owned()],
        follows: None,
        reads: vec![read_of("bikes")],
        refused: None,
        at_most: Some(AnswerBound {
            rows: 100,
            bytes: 1_000,
        }),
        end: ended.then(|| AnswerEnd {
            index,
            at,
            outcome: "done".to_owned(),
            code: None,
            rows: Some(10),
            bytes: Some(50),
            at_most: None,
            digest: String::new(),
        }),
        acknowledged: None,
        one_sided_receipt: None,
    }
}

#[test]
fn few_answers_stand_on_one_page() {
    let mut provider = copy("p.example", "p.example", &[]);
    provider.history.questions = vec![
        answer(1, "2026-11-02T00:00:00Z", true),
        answer(2, "2026-10-02T00:00:00Z", true),
        answer(3, "2026-11-01T00:00:00Z", false),
    ];
    provider.history.questions[0].reads.push(read_of("sites"));
    let mut refused = answer(4, "2026-11-01T00:00:00Z", true);
    refused.end.as_mut().unwrap().rows = Some(0);
    refused.end.as_mut().unwrap().bytes = Some(0);
    provider.history.questions.push(refused);
    let case = case_of(vec![provider]);
    let list = DisclosureList::collect_answers(&case);
    let view = list.build_view(&case, Language::En);
    assert_eq!(view.answers, 3, "nothing left of the fourth");
    assert!(view.months.is_empty() && view.web.is_empty());
    let totals: Vec<_> = view
        .lines
        .iter()
        .map(|line| (line.totals.answers, line.totals.rows))
        .collect();
    assert_eq!(
        totals,
        [(3, 120), (1, 10)],
        "an answer of two datasets stands at both"
    );
    let months: Vec<_> = view.groups[0]
        .months
        .iter()
        .map(|month| month.month.as_str())
        .collect();
    assert_eq!(months, ["2026-10", "2026-11"]);
    let november = &view.groups[0].months[1].lines;
    assert_eq!(november[0].request, "q3", "in the order of time");
    assert_eq!(november[1].further, ["hansa://p.example/d/sites"]);
    let clauses: Vec<_> = view.groups[0]
        .clauses
        .iter()
        .map(|clause| clause.clause.as_str())
        .collect();
    assert_eq!(clauses, ["#c1", "#c2"]);
    let mut pages = 0;
    list.for_each_month_page(&case, Language::En, |_| {
        pages += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(pages, 0);
}

#[test]
fn many_answers_have_an_index_by_month() {
    let mut provider = copy("p.example", "p.example", &[]);
    provider.history.questions = (0..5_200)
        .map(|index| {
            let at = if index < 100 {
                "2026-10-02T00:00:00Z"
            } else {
                "2026-11-02T00:00:00Z"
            };
            answer(index, at, true)
        })
        .collect();
    let case = case_of(vec![provider]);
    let list = DisclosureList::collect_answers(&case);
    let view = list.build_view(&case, Language::De);
    assert!(view.groups.is_empty());
    let months: Vec<_> = view
        .months
        .iter()
        .map(|line| (line.month.as_str(), line.pages, line.totals.answers))
        .collect();
    assert_eq!(months, [("2026-10", 1, 100), ("2026-11", 2, 5_100)]);
    let mut files = Vec::new();
    list.for_each_month_page(&case, Language::De, |page| {
        files.push(page.file.clone());
        Ok(())
    })
    .unwrap();
    assert_eq!(
        files,
        [
            "recipients-2026-10.html",
            "recipients-2026-11.html",
            "recipients-2026-11-2.html"
        ]
    );
}

fn open_block(index: u64) -> OpenBlock {
    OpenBlock {
        index: 20 + index,
        leaf: Digest::of(format!("block {index}").as_bytes()),
        at: "2026-11-02T00:00:00Z".parse().unwrap(),
        contract: None,
        dataset: None,
        requests: 64,
        bytes: 1_000,
    }
}

#[test]
fn a_log_that_is_there_twice_counts_once() {
    let mut provider = copy("p.example", "p.example", &[]);
    provider.history.questions = vec![answer(1, "2026-11-02T00:00:00Z", true)];
    let mut part = copy("p.example", "p.example", &[]);
    // A record of a forked log: the same place, and another record.
    let mut forked = answer(1, "2026-11-03T00:00:00Z", true);
    forked.request = "q5".to_owned();
    forked.leaf = Digest::of(b"forked");
    part.history.questions = provider.history.questions.clone();
    part.history.questions.push(forked);
    for (copy, blocks) in [(&mut provider, 1), (&mut part, 2)] {
        copy.history.open_blocks = (0..blocks).map(open_block).collect();
    }
    let mut consumer = copy("c.example", "p.example", &[]);
    let received = |request: &str| ReceivedAnswer {
        request: request.to_owned(),
        index: 7,
        at: "2026-11-02T00:00:01Z".parse().unwrap(),
        peer: "hansa://p.example".to_owned(),
        rows: 10,
        bytes: 50,
        digest: String::new(),
        outcome: "done".to_owned(),
        receipt: None,
    };
    consumer.history.received = vec![received("q1"), received("q9")];
    let case = case_of(vec![provider, part, consumer]);
    let view = DisclosureList::collect_answers(&case).build_view(&case, Language::En);
    assert_eq!(view.answers, 3);
    let web: u64 = view.web.iter().map(|line| line.requests).sum();
    assert_eq!(web, 128);
    let lines = || {
        view.groups
            .iter()
            .flat_map(|group| &group.months)
            .flat_map(|month| &month.lines)
    };
    let both = lines().find(|line| line.request == "q1").unwrap();
    assert!(both.sent.is_some() && both.received.is_some());
    let alone = lines().find(|line| line.request == "q9").unwrap();
    assert!(alone.sent.is_none() && alone.received.is_some());
}
