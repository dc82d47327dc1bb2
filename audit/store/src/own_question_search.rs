//! Search for the beginning of an own question, for a reader that goes back from the newest record.
//!
//! No index has the place of such a record. It stands before its end, with the questions between them that ran at the same time.

use crate::AuditLog;
use hansa_audit_log::record::answers::RemoteQueryRecord;
use hansa_audit_log::record::body::{AnswerBody, RecordBody};
use hansa_policy::refusal::Refusal;
use std::collections::BTreeMap;

/// Records that are read at once.
const PIECE: u64 = 256;

/// Beginnings of own questions before the place that a reader has reached.
///
/// Each record is read once, however many ends are looked up, as long as their places decrease.
#[derive(Debug)]
pub struct OwnQuestionSearch {
    /// Most records between the end of a question and its beginning.
    reach: u64,
    /// Place behind which the beginnings are known.
    read_back: u64,
    /// Beginnings by their places, as far back as an end looks.
    known: BTreeMap<u64, RemoteQueryRecord>,
    /// Number of ends without a beginning in their reach.
    unfound: usize,
}

impl OwnQuestionSearch {
    /// Search that looks at most so many records back from an end.
    #[must_use]
    pub const fn new(reach: u64) -> Self {
        Self {
            reach,
            read_back: u64::MAX,
            known: BTreeMap::new(),
            unfound: 0,
        }
    }

    /// Number of ends whose beginning was not found.
    #[must_use]
    pub const fn unfound(&self) -> usize {
        self.unfound
    }

    /// Beginning of the question that ends at a place; none where it is beyond the reach, or its retention has ended.
    ///
    /// # Errors
    /// When the log can't be read.
    pub fn find_beginning(
        &mut self,
        log: &AuditLog,
        end: u64,
        request: &str,
        peer: &str,
    ) -> Result<Option<RecordBody>, Refusal> {
        // The ends that follow are older, and so are their beginnings.
        drop(self.known.split_off(&end));
        let floor = end.saturating_sub(self.reach);
        self.read_back = self.read_back.min(end);
        let is_meant =
            |query: &RemoteQueryRecord| query.request_id == request && query.peer == peer;
        let mut known = self.known.values().rev();
        let mut found = known.find(|query| is_meant(query)).cloned();
        while found.is_none() && self.read_back > floor {
            let start = self.read_back.saturating_sub(PIECE).max(floor);
            for record in log.read_between(start, self.read_back) {
                let record = record?;
                if record.kind != RemoteQueryRecord::KIND {
                    continue;
                }
                let body = crate::read_body(&record)?;
                if let RecordBody::Answer(AnswerBody::RemoteQuery(query)) = body {
                    if is_meant(&query) {
                        found = Some((*query).clone());
                    }
                    self.known.insert(record.seq, *query);
                }
            }
            self.read_back = start;
        }
        if found.is_none() {
            self.unfound = self.unfound.saturating_add(1);
        }
        Ok(found.map(|query| RecordBody::Answer(AnswerBody::RemoteQuery(Box::new(query)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::TestLogDir;
    use crate::tests::complete::complete;
    use hansa_audit_log::ledger::Evidence;

    const PEER: &str = "hansa://lisbon.example";

    /// Record of a question.
    #[derive(Debug)]
    struct QuestionEvidence(&'static str, u64);

    impl Evidence for QuestionEvidence {
        fn to_record_body(&self) -> RecordBody {
            let Self(kind, request) = self;
            let body = format!(r#"{{"request_id":"{request}","peer":"{PEER}"}}"#);
            complete(kind, &body)
        }
    }

    #[test]
    fn a_beginning_is_found_within_its_reach_and_a_missing_one_is_counted() {
        let log_dir = TestLogDir::new();
        let (log, _) = log_dir.open();
        let write = |kind, request| {
            let written = log
                .record_blocking(QuestionEvidence(kind, request))
                .unwrap();
            written.receipt().index()
        };
        let first = write("remote_query", 0);
        for request in 1..=600 {
            let _ = write("remote_query", request);
        }
        let ends: Vec<u64> = (0..=600)
            .map(|request| write("received", request))
            .collect();
        let distance = ends[0] - first;
        for (reach, has_all) in [(distance, true), (distance - 1, false)] {
            let mut search = OwnQuestionSearch::new(reach);
            let mut unfound = Vec::new();
            for (request, end) in ends.iter().enumerate().rev() {
                let request = request.to_string();
                let found = search.find_beginning(&log, *end, &request, PEER).unwrap();
                match found {
                    Some(body) => assert_eq!(body.request(), Some(request.as_str())),
                    None => unfound.push(request),
                }
            }
            assert_eq!(unfound.is_empty(), has_all, "{unfound:?}");
            assert_eq!(search.unfound(), unfound.len());
        }
        let mut search = OwnQuestionSearch::new(distance);
        let other = search.find_beginning(&log, ends[9], "9", "hansa://other.example");
        assert_eq!(other.unwrap(), None);
        assert_eq!(search.unfound(), 1);
    }
}
