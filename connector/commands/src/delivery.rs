//! `hansa delivery`: messages of negotiations, withdrawals and receipts that wait for their receivers.

pub(crate) mod arguments;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::ReportRow;
use crate::delivery::arguments::DeliveryCommand;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_node::peer::waiting_messages::{OutboxPlace, WaitingMessage, list_waiting_messages};
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::sync::Arc;

/// Messages that are read at once, so that memory stays bounded.
const BATCH: usize = 200;

impl Command for DeliveryCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List { .. } => CommandEffect::Looks,
        }
    }
}

impl ConnectorVerb for DeliveryCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::List { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        match self {
            Self::List { after, limit } => {
                let after = after.as_deref().map(parse_place).transpose()?;
                list_deliveries(connector, after, limit, out).await
            }
        }
    }
}

async fn list_deliveries(
    connector: &Arc<Connector>,
    mut after: Option<OutboxPlace>,
    limit: Option<usize>,
    out: &EventSink,
) -> CommandResult {
    let mut left = limit.unwrap_or(usize::MAX);
    let mut is_first = true;
    loop {
        let (inner, place, most) = (Arc::clone(connector), after.clone(), left.min(BATCH));
        let batch =
            run_blocking(move || list_waiting_messages(&inner, place.as_ref(), most)).await?;
        if batch.is_empty() && !is_first {
            break;
        }
        is_first = false;
        let rows: Vec<DeliveryReport> = batch.iter().map(DeliveryReport::new).collect();
        // Each batch has a table of its own, so that no row is kept for a table of all.
        out.send_list(&rows).await?;
        left = left.saturating_sub(batch.len());
        let is_last = left == 0 || batch.len() < most;
        after = batch.into_iter().next_back().map(|message| OutboxPlace {
            peer: message.peer,
            number: message.number,
        });
        if is_last {
            break;
        }
    }
    Ok(0)
}

/// Place of a key such as `munster.example/12`.
fn parse_place(key: &str) -> Result<OutboxPlace, Refusal> {
    let place = key.rsplit_once('/').and_then(|(peer, number)| {
        Some(OutboxPlace {
            peer: peer.parse().ok()?,
            number: number.parse().ok()?,
        })
    });
    place.ok_or_else(|| {
        let sentence = format!("`{key}` is no place in the list of messages");
        Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("a place is a receiver, a slash and a number: munster.example/12")
    })
}

/// Message that waits.
#[derive(Debug, Serialize)]
struct DeliveryReport {
    /// Place in the list, for `--after`.
    key: String,
    /// Receiver.
    participant: String,
    /// Number in the outbox of the receiver.
    number: u64,
    /// Kind, such as `offer`; none for a message that can't be read.
    kind: Option<&'static str>,
    negotiation: Option<String>,
    /// Question whose receipt the message acknowledges.
    question: Option<String>,
    since: Option<UtcTimestamp>,
    /// Code of the reason why the message can't be read.
    fault: Option<&'static str>,
}

impl DeliveryReport {
    fn new(message: &WaitingMessage) -> Self {
        let participant = message.peer.domain().to_owned();
        Self {
            key: format!("{participant}/{}", message.number),
            participant,
            number: message.number,
            kind: message.kind,
            negotiation: message.negotiation.clone(),
            question: message.request.map(|request| request.to_string()),
            since: message.since,
            fault: message.fault.map(ErrorCode::as_str),
        }
    }
}

impl ReportRow for DeliveryReport {
    const HEADER: &'static [&'static str] = &["PARTICIPANT", "NUMBER", "KIND", "ABOUT", "SINCE"];

    fn cells(&self) -> Vec<String> {
        let kind = self.kind.or(self.fault).unwrap_or("?");
        let about = self.negotiation.clone().or_else(|| self.question.clone());
        vec![
            self.participant.clone(),
            self.number.to_string(),
            kind.to_owned(),
            about.unwrap_or_else(|| "–".to_owned()),
            self.since
                .map_or_else(|| "–".to_owned(), |since| since.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_list_is_a_receiver_and_a_number() {
        let place = parse_place("munster.example/12").unwrap();
        assert_eq!((place.peer.domain(), place.number), ("munster.example", 12));
        for wrong in ["", "munster.example", "munster.example/", "/3", "x/y/z"] {
            let refusal = parse_place(wrong).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::UsageWrong, "{wrong}");
        }
    }
}
