//! Comments on clauses: messages of a negotiation that are no step of it. They are signed, bounded, and end with it.

use crate::negotiation::message_replay;
use crate::negotiation::open_negotiation::OpenNegotiation;
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ClauseId, ParticipantId};
use hansa_policy::negotiation::PartyRole;
use hansa_policy::negotiation::comment::ClauseComment;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::comment::CommentStatement;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::peer::message::{MessageContent, PeerMessage};
use hansa_proto::statement::{self, SignedStatement};
use hansa_proto::stored_message::COMMENT;
use hansa_store::document_folder::StoredDocumentKind as Document;

/// Our own comment on a clause of what is on the table, signed, as a message.
///
/// # Errors
/// When the key is out of reach.
pub fn sign_comment(
    connector: &Connector,
    open: &OpenNegotiation,
    clause: ClauseId,
    text: &SingleLineText,
) -> Result<MessageContent, Refusal> {
    let negotiation = open.state.parties().negotiation.clone();
    let payload = statement::to_bytes(&CommentStatement {
        negotiation: negotiation.clone(),
        contract: open.state.proposal().contract,
        clause,
        party: connector.id(),
        issued_at: connector.now(),
        text: text.to_string(),
    });
    let role = match open.own {
        PartyRole::Provider => SignatoryRole::Provider,
        PartyRole::Consumer => SignatoryRole::Consumer,
    };
    let signature = connector.sign(StatementKind::Comment, role, &payload)?;
    Ok(MessageContent::Comment {
        negotiation,
        statement: envelope::assemble(&payload, &[signature]).into(),
    })
}

/// The negotiation that a comment belongs to, after everything that must hold of it was checked.
///
/// # Errors
/// What is wrong with it. A negotiation with somebody else looks like none.
pub(super) fn check_comment(
    connector: &Connector,
    peer: &ParticipantId,
    message: &PeerMessage,
    incoming: bool,
) -> Result<OpenNegotiation, Refusal> {
    let MessageContent::Comment {
        negotiation,
        statement,
    } = &message.content
    else {
        return Err(Refusal::new(
            ErrorCode::Internal,
            "the letter is no comment",
        ));
    };
    let unknown = || {
        Refusal::new(
            ErrorCode::NegotiationUnknown,
            format!("no negotiation `{negotiation}` with you"),
        )
    };
    let open = message_replay::load(connector, negotiation)?
        .filter(|open| open.other() == peer)
        .ok_or_else(unknown)?;
    let from = if incoming { open.own.other() } else { open.own };
    let rows = connector
        .records
        .index(|state| state.messages_of(negotiation))?;
    let before = rows
        .iter()
        .filter(|row| row.kind == COMMENT && row.incoming == incoming)
        .count();
    let signed = statement::from_envelope::<CommentStatement>(statement)?;
    let keys = connector.identity.trust.bundle();
    open.state
        .check_remark(from, &remark(&signed), before, &keys.keys(connector.now()))?;
    Ok(open)
}

fn remark(signed: &SignedStatement<CommentStatement>) -> ClauseComment<'_> {
    ClauseComment {
        negotiation: &signed.content.negotiation,
        contract: signed.content.contract,
        clause: signed.content.clause,
        party: &signed.content.party,
        signature: &signed.signature,
    }
}

/// A comment as it is shown.
pub struct ReceivedComment {
    /// What it says.
    pub comment: CommentStatement,
    /// When it was taken in here.
    pub at: UtcTimestamp,
    /// Why its signature does not hold, checked again now.
    pub fault: Option<Refusal>,
}

crate::debug_by_name!(ReceivedComment);

/// The comments of a negotiation in their order.
///
/// # Errors
/// When a message can't be read again.
pub fn all(connector: &Connector, negotiation: &str) -> Result<Vec<ReceivedComment>, Refusal> {
    let lost = |digest: &str| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("the letter `{digest}` can't be read again"),
        )
    };
    let rows = connector
        .records
        .index(|state| state.messages_of(negotiation))?;
    let mut found = Vec::new();
    for row in rows.into_iter().filter(|row| row.kind == COMMENT) {
        let digest: Digest = row
            .digest
            .parse()
            .map_err(|cause| lost(&row.digest).caused_by(cause))?;
        let message = hansa_proto::stored_message::from_bytes(
            &connector.records.documents.read(Document::Letter, digest)?,
        )?;
        let MessageContent::Comment { statement, .. } = message.content else {
            return Err(lost(&row.digest));
        };
        let signed = statement::from_envelope::<CommentStatement>(&statement)?;
        let bundle = connector.identity.trust.bundle();
        let keys = bundle.keys(row.at);
        let checked = hansa_policy::contract::signature::SignatureVerifier::check(
            &keys,
            &signed.content.party,
            &signed.signature,
            hansa_policy::contract::signature_purpose::SignaturePurpose::Statement,
        );
        found.push(ReceivedComment {
            comment: signed.content,
            at: row.at,
            fault: checked.err(),
        });
    }
    Ok(found)
}
