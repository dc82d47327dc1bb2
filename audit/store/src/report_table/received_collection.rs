//! Answers of a range for the table of received data, up to a bound.

use super::ReportTable;
use super::received::{ReceivedScope, tabulate_received};
use crate::history::AuditHistory;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::{
    CloseRecord, OpenBlockRecord, PermitRecord, ProgressRecord, ReceiptAcknowledgementRecord,
};
use hansa_audit_log::record::body::{AnswerBody, RecordBody};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeSet;

/// Answers within a scope, record by record. A range with more of them is cut at an instant.
#[derive(Debug)]
pub struct ReceivedCollection {
    /// Owner of the log, whose own questions left nothing.
    own: String,
    scope: ReceivedScope,
    /// Answers and reserved blocks that are kept at most.
    most: usize,
    kept: usize,
    history: AuditHistory,
    /// Places of the kept permits.
    permits: BTreeSet<u64>,
    /// Questions and askers of the kept permits.
    questions: BTreeSet<(String, String)>,
    /// Instant of the first answer that was not kept.
    cut: Option<UtcTimestamp>,
}

/// Table of received data, and the instant from which answers are not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedTable {
    /// Table.
    pub table: ReportTable,
    /// First instant that the table leaves out; none where it has the whole range.
    pub cut: Option<UtcTimestamp>,
}

impl ReceivedCollection {
    /// No answers; at most so many are kept.
    #[must_use]
    pub fn new(own: &str, scope: ReceivedScope, most: usize) -> Self {
        Self {
            own: own.to_owned(),
            scope,
            most,
            kept: 0,
            history: AuditHistory::new(),
            permits: BTreeSet::new(),
            questions: BTreeSet::new(),
            cut: None,
        }
    }

    /// True for the kinds of records that say something of given answers. Others need not be read.
    #[must_use]
    pub fn is_wanted(kind: &str) -> bool {
        [
            PermitRecord::KIND,
            ProgressRecord::KIND,
            CloseRecord::KIND,
            ReceiptAcknowledgementRecord::KIND,
            OpenBlockRecord::KIND,
        ]
        .contains(&kind)
    }

    /// Takes the next record with its body.
    pub fn add_record(&mut self, record: &Record, body: RecordBody) {
        let RecordBody::Answer(answer) = &body else {
            return;
        };
        let is_taken = match answer {
            AnswerBody::Permit(permit) => {
                let is_taken = permit.peer != self.own
                    && self.scope.covers_permit(permit, record.at)
                    && self.take_place(record);
                if is_taken {
                    self.permits.insert(record.seq);
                    let question = (permit.request_id.clone(), permit.peer.clone());
                    self.questions.insert(question);
                }
                is_taken
            }
            AnswerBody::OpenBlock(_) => {
                self.scope.covers_instant(record.at) && self.take_place(record)
            }
            AnswerBody::Progress(progress) => self.permits.contains(&progress.opened),
            AnswerBody::Close(close) => self.permits.contains(&close.opened),
            AnswerBody::ReceiptAcknowledgement(word) => {
                let question = (word.request_id.clone(), word.peer.clone());
                self.questions.contains(&question)
            }
            AnswerBody::Refusal(_)
            | AnswerBody::RefusalCount(_)
            | AnswerBody::NoNewData(_)
            | AnswerBody::OneSidedReceipt(_)
            | AnswerBody::RemoteQuery(_)
            | AnswerBody::Received(_)
            | AnswerBody::NotReceived(_)
            | AnswerBody::ModelSeen(_)
            | AnswerBody::Cancellation(_)
            | AnswerBody::ActionCount(_) => false,
        };
        if is_taken {
            self.history.add_record(record, body);
        }
    }

    /// Table of the answers. One that is cut has all answers before its instant, and none of that instant.
    #[must_use]
    pub fn tabulate(mut self) -> ReceivedTable {
        if let Some(cut) = self.cut {
            self.scope.to = Some(self.scope.to.map_or(cut, |to| to.min(cut)));
        }
        ReceivedTable {
            table: tabulate_received(&self.history, &self.own, &self.scope),
            cut: self.cut,
        }
    }

    /// True while there is room for one more.
    fn take_place(&mut self, record: &Record) -> bool {
        if self.cut.is_none() && self.kept >= self.most {
            self.cut = Some(record.at);
        }
        if self.cut.is_some() {
            return false;
        }
        self.kept = self.kept.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report_table::ReportCell;
    use crate::tests::complete::complete;
    use hansa_audit_log::digest::Digest;
    use hansa_audit_log::record::RecordSalt;

    const OWN: &str = "hansa://lindau.example";
    const ACME: &str = "hansa://acme.example";

    fn record(seq: u64, second: i64, kind: &str, body: &str) -> (Record, RecordBody) {
        let body = complete(kind, body);
        let record = Record {
            log: "lindau.example/hansa/evidence".to_owned(),
            seq,
            at: UtcTimestamp::from_micros(second * 1_000_000).unwrap(),
            boot: "boot".to_owned(),
            mono: seq,
            salt: RecordSalt([0; 16]),
            kind: kind.to_owned(),
            prev: Digest::of(b""),
            body: body.to_json(),
        };
        (record, body)
    }

    /// Three answers of one second each, of which the last two were asked at the same instant; their ends follow later.
    fn records() -> Vec<(Record, RecordBody)> {
        let mut all = Vec::new();
        for (seq, second) in [(0, 10), (1, 20), (2, 20)] {
            let dataset = format!("{OWN}/d/bikes");
            let body = format!(
                r#"{{"request_id":"q{seq}","peer":"{ACME}","grants":[{{"dataset":"{dataset}","grant_hash":"","clauses_applied":[]}}]}}"#
            );
            all.push(record(seq, second, "permit", &body));
        }
        for opened in 0..3 {
            let seq = 3 + opened;
            let body = format!(
                r#"{{"opened":{opened},"request_id":"q{opened}","outcome":"done","rows":5,"bytes":50}}"#
            );
            all.push(record(seq, 30, "close", &body));
            let body = format!(r#"{{"request_id":"q{opened}","peer":"{ACME}","match":true}}"#);
            all.push(record(seq + 10, 31, "receipt_ack", &body));
        }
        all
    }

    fn tabulate(most: usize) -> ReceivedTable {
        let mut collection = ReceivedCollection::new(OWN, ReceivedScope::default(), most);
        for (record, body) in records() {
            assert!(ReceivedCollection::is_wanted(&record.kind));
            collection.add_record(&record, body);
        }
        assert!(collection.history.questions.len() <= most);
        collection.tabulate()
    }

    fn answers(found: &ReceivedTable) -> Option<&ReportCell> {
        found.table.rows.last().and_then(|row| row.get(5))
    }

    #[test]
    fn a_range_with_too_many_answers_is_cut_at_an_instant() {
        let whole = tabulate(3);
        assert_eq!(
            (whole.cut, answers(&whole)),
            (None, Some(&ReportCell::Count(3)))
        );
        // The second answer is kept, and is of the instant that the next range begins with.
        let cut = tabulate(2);
        assert_eq!(cut.cut, UtcTimestamp::from_micros(20_000_000).ok());
        assert_eq!(answers(&cut), Some(&ReportCell::Count(1)));
        assert_eq!(cut.table.rows[0][11], ReportCell::Count(1));
    }
}
