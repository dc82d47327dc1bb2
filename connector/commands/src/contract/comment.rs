//! `contract comment`: a word on a clause, and how the words are shown.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::contract::contract_lookup::load_negotiation;
use crate::contract::exchange_messages;
use crate::contract::negotiation_step::{ReadProposal, peer_of};
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::negotiation::clause_comment;
use hansa_node::negotiation::clause_comment::ReceivedComment;
use hansa_node::negotiation::outgoing_message;
use hansa_node::participant::Connector;
use hansa_node::peer::mailbox;
use hansa_policy::id::ClauseId;
use hansa_policy::negotiation::PartyRole;
use hansa_policy::safe_text::SingleLineText;
use serde::Serialize;
use std::sync::Arc;

pub(super) async fn send_comment(
    connector: &Arc<Connector>,
    read: ReadProposal,
    clause: u32,
    text: SingleLineText,
    out: &EventSink,
) -> CommandResult {
    exchange_messages(connector, out).await?;
    let (name, open) = load_negotiation(connector, &read.id)?;
    read.check_contract(open.state.proposal().contract)?;
    let clause = ClauseId(clause);
    let content = clause_comment::sign_comment(connector, &open, clause, &text)?;
    outgoing_message::send_message(connector, open.other_party(), content, false).await?;
    let carried = match open.own {
        // A provider never dials; the consumer fetches the message.
        PartyRole::Provider => Ok(()),
        PartyRole::Consumer => {
            mailbox::exchange_messages(connector, &peer_of(connector, &open)?).await
        }
    };
    out.send_report(&SentComment {
        negotiation: name,
        clause,
        commented: true,
    })
    .await?;
    match carried {
        Ok(()) => Ok(0),
        Err(refusal) => Err(refusal.into()),
    }
}

/// The comments as lines below a page.
pub(super) fn render_comments(comments: &[ReceivedComment]) -> String {
    comments
        .iter()
        .map(|read| {
            let comment = &read.comment;
            let doubt = if read.fault.is_none() {
                ""
            } else {
                " (SIGNATURE NOT VALID)"
            };
            format!(
                "\n  comment   {} {} on {}{doubt}: {}",
                comment.clause,
                comment.party.domain(),
                read.at,
                comment.text
            )
        })
        .collect()
}

/// Comment that was sent.
#[derive(Debug, Serialize)]
struct SentComment {
    negotiation: String,
    clause: ClauseId,
    commented: bool,
}

impl CommandReport for SentComment {
    fn to_text(&self) -> String {
        format!("said of clause {} in {}", self.clause, self.negotiation)
    }
}

/// Comment on a clause.
#[derive(Debug, Serialize)]
pub(super) struct CommentReport {
    clause: String,
    participant: String,
    on: String,
    at: UtcTimestamp,
    text: String,
    /// `true` if its signature holds.
    valid: bool,
}

impl CommentReport {
    /// The report of a comment.
    pub(super) fn of(read: &ReceivedComment) -> Self {
        Self {
            clause: read.comment.clause.to_string(),
            participant: read.comment.party.domain().to_owned(),
            on: read.comment.contract.to_string(),
            at: read.at,
            text: read.comment.text.to_string(),
            valid: read.fault.is_none(),
        }
    }
}
