//! Answers of a log, given and received, as summaries that two participants can compare.

use crate::retention;
use hansa_audit_log::reconcile::{AnswerSummary, NOT_TAKEN, OPEN};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{AnswerBody, RecordBody, UpkeepBody};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// Collector of the answers in one log, record by record.
#[derive(Debug, Default)]
pub struct AnswerCollector {
    given: BTreeMap<u64, PeerAnswer>,
    received: Vec<PeerAnswer>,
    /// Sent questions with incomplete answers, by request and peer.
    answers: BTreeMap<(String, String), PeerAnswer>,
    /// Place of the permit of each request. Each peer chooses its own request identities, so two peers may choose equal ones.
    places: BTreeMap<(String, String), u64>,
    /// Instant from which the log keeps its decisions, where it has erased older ones.
    kept_from: Option<UtcTimestamp>,
}

/// Answer and its other participant.
#[derive(Debug)]
struct PeerAnswer {
    peer: String,
    line: AnswerSummary,
    /// Time of the question, by this log.
    at: UtcTimestamp,
}

impl AnswerCollector {
    /// Empty collector.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next record with its body. Records without relation to answers are skipped.
    pub fn add_record(&mut self, record: &Record, body: &RecordBody) {
        match body {
            RecordBody::Answer(body) => self.see_answer(record, body),
            RecordBody::Upkeep(UpkeepBody::Expiry(_)) => {
                self.kept_from = self.kept_from.max(retention::kept_from(record));
            }
            RecordBody::Contract(_)
            | RecordBody::Message(_)
            | RecordBody::Publication(_)
            | RecordBody::Configuration(_)
            | RecordBody::Incident(_)
            | RecordBody::Upkeep(_) => {}
        }
    }

    fn see_answer(&mut self, record: &Record, body: &AnswerBody) {
        let at = record.at;
        match body {
            AnswerBody::Permit(permit) => {
                let own = (permit.request_id.clone(), permit.peer.clone());
                self.places.insert(own, record.seq);
                let line = AnswerSummary {
                    at_most: Some(permit.at_most),
                    one_sided: permit.program.is_some(),
                    ..name_answer(&permit.request_id, &permit.contracts, OPEN)
                };
                let peer = permit.peer.clone();
                self.given.insert(record.seq, PeerAnswer { peer, line, at });
            }
            AnswerBody::Progress(progress) => {
                if let Some(answer) = self.given.get_mut(&progress.opened) {
                    let at_most = &mut answer.line.at_most;
                    *at_most = progress.at_most.or(*at_most);
                }
            }
            AnswerBody::Close(close) => {
                if let Some(answer) = self.given.get_mut(&close.opened) {
                    let line = &mut answer.line;
                    line.rows = close.rows.unwrap_or_default();
                    line.bytes = close.bytes.unwrap_or_default();
                    line.digest = close.result_digest.clone().unwrap_or_default();
                    // Receipts write outcome and code in one word.
                    line.outcome = match &close.code {
                        Some(code) => format!("{}:{code}", close.outcome),
                        None => close.outcome.clone(),
                    };
                    line.at_most = close.at_most.or(line.at_most);
                }
            }
            AnswerBody::ReceiptAcknowledgement(word) => {
                let own = (word.request_id.clone(), word.peer.clone());
                let place = self.places.get(&own);
                if let Some(answer) = place.and_then(|place| self.given.get_mut(place)) {
                    answer.line.acknowledged = word.matches;
                }
            }
            // An answer counts as not received until a later record, since a crash may follow the question.
            AnswerBody::RemoteQuery(query) => {
                let own = (query.request_id.clone(), query.peer.clone());
                let line = name_answer(&query.request_id, &query.contracts, NOT_TAKEN);
                let peer = query.peer.clone();
                self.answers.insert(own, PeerAnswer { peer, line, at });
            }
            AnswerBody::Received(received) => {
                let own = (received.request_id.clone(), received.peer.clone());
                let asked = self.answers.remove(&own).map(|peer_answer| peer_answer.at);
                let line = AnswerSummary {
                    rows: received.rows,
                    bytes: received.bytes,
                    digest: received.result_digest.clone(),
                    receipt: received.receipt.is_some(),
                    acknowledged: received.state == "acknowledged",
                    ..name_answer(&received.request_id, &received.contracts, &received.outcome)
                };
                self.received.push(PeerAnswer {
                    peer: received.peer.clone(),
                    line,
                    at: asked.unwrap_or(at),
                });
            }
            AnswerBody::Refusal(_)
            | AnswerBody::RefusalCount(_)
            | AnswerBody::NoNewData(_)
            | AnswerBody::OneSidedReceipt(_)
            | AnswerBody::OpenBlock(_)
            | AnswerBody::NotReceived(_)
            | AnswerBody::ModelSeen(_)
            | AnswerBody::Cancellation(_)
            | AnswerBody::ActionCount(_) => {}
        }
    }

    /// Instant from which both logs have comparable records, where one of them has erased older decisions. One day is added for
    /// clock differences and the duration of answers.
    #[must_use]
    pub fn comparable_from(&self, other: &Self) -> Option<UtcTimestamp> {
        let from = self.kept_from.max(other.kept_from);
        from.map(|from| from.plus_micros(DAY))
    }

    /// Answers given to `peer` since this instant.
    #[must_use]
    pub fn answers_to_peer(&self, peer: &str, since: Option<UtcTimestamp>) -> Vec<AnswerSummary> {
        of_peer(self.given.values(), peer, since)
    }

    /// Answers received from `peer` to questions since this instant.
    #[must_use]
    pub fn received_from(&self, peer: &str, since: Option<UtcTimestamp>) -> Vec<AnswerSummary> {
        let all = self.received.iter().chain(self.answers.values());
        of_peer(all, peer, since)
    }
}

const DAY: i64 = 86_400_000_000;

fn of_peer<'a>(
    answers: impl Iterator<Item = &'a PeerAnswer>,
    peer: &str,
    since: Option<UtcTimestamp>,
) -> Vec<AnswerSummary> {
    answers
        .filter(|answer| answer.peer == peer)
        .filter(|answer| since.is_none_or(|since| answer.at >= since))
        .map(|answer| answer.line.clone())
        .collect()
}

/// Summary of an answer without counts.
fn name_answer(request: &str, contracts: &[String], outcome: &str) -> AnswerSummary {
    let mut contracts: Vec<&str> = contracts.iter().map(String::as_str).collect();
    contracts.sort_unstable();
    AnswerSummary {
        request_id: request.to_owned(),
        contract: contracts.join(" "),
        rows: 0,
        bytes: 0,
        digest: String::new(),
        outcome: outcome.to_owned(),
        at_most: None,
        // The provider makes the receipt together with the record.
        receipt: true,
        acknowledged: false,
        one_sided: false,
    }
}
