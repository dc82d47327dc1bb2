//! What a log says of answers, given and received, as lines that two participants can lay side by side.

use crate::retention;
use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::json::Json;
use hansa_audit_log::reconcile::{AnswerSummary, NOT_TAKEN, OPEN};
use hansa_audit_log::record::Record;
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

    /// Takes in the next record; those that are about something else are passed over.
    pub fn see(&mut self, record: &Record) {
        let body = &record.body;
        let request = body.get("request_id").and_then(Json::as_text);
        match (record.kind.as_str(), request) {
            ("permit", Some(request)) => {
                let answer = PeerAnswer::of(request, record, OPEN, false);
                let own = (request.to_owned(), text(body, "peer").to_owned());
                self.places.insert(own, record.seq);
                self.given.insert(record.seq, answer);
            }
            ("progress", request) => {
                let bound = AnswerBound::of(record);
                if let Some(answer) = self.opened(request, body) {
                    answer.line.at_most = bound.or(answer.line.at_most);
                }
            }
            ("close", request) => {
                let bound = AnswerBound::of(record);
                if let Some(answer) = self.opened(request, body) {
                    answer.line = AnswerSummary {
                        contract: std::mem::take(&mut answer.line.contract),
                        request_id: std::mem::take(&mut answer.line.request_id),
                        one_sided: answer.line.one_sided,
                        at_most: bound.or(answer.line.at_most),
                        ..line("", body, "", false)
                    };
                }
            }
            ("receipt_ack", Some(request)) => {
                let holds = body.get("match").and_then(Json::as_bool) == Some(true);
                let place = self.place(request, body);
                if let Some(answer) = place.and_then(|place| self.given.get_mut(&place)) {
                    answer.line.acknowledged = holds;
                }
            }
            // Until the log says more, what was asked for has not been received: a crash may have come in between.
            ("errand", Some(request)) => {
                let answer = PeerAnswer::of(request, record, NOT_TAKEN, false);
                let own = (request.to_owned(), text(body, "peer").to_owned());
                self.answers.insert(own, answer);
            }
            ("received", Some(request)) => {
                let own = (request.to_owned(), text(body, "peer").to_owned());
                let asked = self.answers.remove(&own).map(|peer_answer| peer_answer.at);
                let holds = text(body, "state") == "acknowledged";
                let answer = PeerAnswer::of(request, record, "", holds);
                let at = asked.unwrap_or(answer.at);
                self.received.push(PeerAnswer { at, ..answer });
            }
            (retention::KIND, _) => {
                self.kept_from = self.kept_from.max(retention::kept_from(record))
            }
            _ => {}
        }
    }

    /// From when on both logs keep what can be compared, where one of them has erased older decisions; a day later, since
    /// the two clocks differ and an answer takes its time.
    #[must_use]
    pub fn comparable_from(&self, other: &Self) -> Option<UtcTimestamp> {
        let from = self.kept_from.max(other.kept_from);
        from.map(|from| from.plus_micros(DAY))
    }

    /// The answer that a closing record closes: by the place of its permit, or by its request.
    fn opened(&mut self, request: Option<&str>, body: &Json) -> Option<&mut PeerAnswer> {
        let place = body
            .get("opened")
            .and_then(Json::as_count)
            .or_else(|| self.place(request?, body))?;
        self.given.get_mut(&place)
    }

    /// Where the permit of a request stands: of this peer, or the newest where the record names none.
    fn place(&self, request: &str, body: &Json) -> Option<u64> {
        match text(body, "peer") {
            "" => {
                let from = (request.to_owned(), String::new());
                let of_it = self.places.range(from..);
                let of_it = of_it.take_while(|((one, _), _)| one == request);
                of_it.map(|(_, place)| *place).max()
            }
            peer => {
                let own = (request.to_owned(), peer.to_owned());
                self.places.get(&own).copied()
            }
        }
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

impl PeerAnswer {
    fn of(request: &str, record: &Record, outcome: &str, acknowledged: bool) -> Self {
        let body = &record.body;
        Self {
            peer: text(body, "peer").to_owned(),
            line: line(request, body, outcome, acknowledged),
            at: record.at,
        }
    }
}

/// The line of a record; `outcome` stands where the record has none.
fn line(request: &str, body: &Json, outcome: &str, acknowledged: bool) -> AnswerSummary {
    let count = |name| body.get(name).and_then(Json::as_count).unwrap_or_default();
    let outcome = match (text(body, "outcome"), text(body, "code")) {
        ("", _) => outcome.to_owned(),
        // Receipts write both in one word.
        (outcome, code) if !code.is_empty() && !outcome.contains(':') => {
            format!("{outcome}:{code}")
        }
        (outcome, _) => outcome.to_owned(),
    };
    let mut contracts: Vec<&str> = body
        .get("contracts")
        .and_then(Json::as_list)
        .unwrap_or_default()
        .iter()
        .filter_map(Json::as_text)
        .collect();
    contracts.sort_unstable();
    AnswerSummary {
        request_id: request.to_owned(),
        contract: contracts.join(" "),
        rows: count("rows"),
        bytes: count("bytes"),
        digest: text(body, "result_digest").to_owned(),
        outcome,
        at_most: AnswerBound::in_body(body),
        // Who sent makes it with the record; who received names the file in which it is.
        receipt: !matches!(body.get("receipt"), Some(Json::Null)),
        acknowledged,
        one_sided: body.get("program").is_some(),
    }
}

fn text<'a>(body: &'a Json, name: &str) -> &'a str {
    body.get(name).and_then(Json::as_text).unwrap_or_default()
}
