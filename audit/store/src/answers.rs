//! What a log says of answers, given and received, as lines that two participants can lay side by side.

use crate::retention;
use hansa_audit_log::reconcile::{AnswerSummary, NOT_TAKEN, OPEN};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{AnswerBody, RecordBody, UpkeepBody};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// The answers of one log, gathered record by record.
#[derive(Debug, Default)]
pub struct AnswerCollector {
    given: BTreeMap<u64, PeerAnswer>,
    received: Vec<PeerAnswer>,
    /// Questions that went out and whose answers were not taken to their end, by request and peer.
    answers: BTreeMap<(String, String), PeerAnswer>,
    /// Where the permit of each request stands: each peer draws identities of its own, so two may draw the same.
    places: BTreeMap<(String, String), u64>,
    /// From when on the log keeps its decisions, where it has erased older ones.
    kept_from: Option<UtcTimestamp>,
}

/// An answer and the participant at its other end.
#[derive(Debug)]
struct PeerAnswer {
    peer: String,
    line: AnswerSummary,
    /// When it was asked for, as far as this log says.
    at: UtcTimestamp,
}

impl AnswerCollector {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next record, with its body; those that are about something else are passed over.
    pub fn see(&mut self, record: &Record, body: &RecordBody) {
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
                    // Receipts write both in one word.
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
            // Until the log says more, what was asked for has not been received: a crash may have come in between.
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
            | AnswerBody::ActionCount(_) => {}
        }
    }

    /// From when on both logs keep what can be compared, where one of them has erased older decisions; a day later, since
    /// the two clocks differ and an answer takes its time.
    #[must_use]
    pub fn comparable_from(&self, other: &Self) -> Option<UtcTimestamp> {
        let from = self.kept_from.max(other.kept_from);
        from.map(|from| from.plus_micros(DAY))
    }

    /// What was given to `peer`, since that instant.
    #[must_use]
    pub fn given_to(&self, peer: &str, since: Option<UtcTimestamp>) -> Vec<AnswerSummary> {
        of_peer(self.given.values(), peer, since)
    }

    /// What was received from `peer`, asked for since that instant.
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

/// The line of an answer of which nothing is counted yet.
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
        // Who sent makes it with the record.
        receipt: true,
        acknowledged: false,
        one_sided: false,
    }
}
