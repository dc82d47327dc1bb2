//! Comments on clauses: signed and limited messages of a negotiation that make no step and end with it.

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

/// Signs an own comment on a clause of the current proposal. Returns the message.
///
/// # Errors
/// If the key can't be used.
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
        statement: envelope::assemble_statement(&payload, &[signature]).into(),
    })
}

/// Returns the negotiation of a comment after all checks of the comment.
///
/// # Errors
/// The fault of the comment. A negotiation with another participant is reported as unknown.
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
            "the message is not a comment",
        ));
    };
    let unknown = || {
        Refusal::new(
            ErrorCode::NegotiationUnknown,
            format!("no negotiation `{negotiation}` with you"),
        )
    };
    let open = message_replay::load_negotiation(connector, negotiation)?
        .filter(|open| open.other_party() == peer)
        .ok_or_else(unknown)?;
    let from = if incoming {
        open.own.other_side()
    } else {
        open.own
    };
    let rows = connector
        .records
        .index(|state| state.messages_of(negotiation))?;
    let before = rows
        .iter()
        .filter(|row| row.kind == COMMENT && row.incoming == incoming)
        .count();
    let signed = statement::from_envelope::<CommentStatement>(statement)?;
    let keys = connector.identity.trust.bundle();
    open.state.check_remark(
        from,
        &to_clause_comment(&signed),
        before,
        &keys.keys(connector.now()),
    )?;
    Ok(open)
}

fn to_clause_comment(signed: &SignedStatement<CommentStatement>) -> ClauseComment<'_> {
    ClauseComment {
        negotiation: &signed.content.negotiation,
        contract: signed.content.contract,
        clause: signed.content.clause,
        party: &signed.content.party,
        signature: &signed.signature,
    }
}

/// Comment with the result of its verification.
pub struct ReceivedComment {
    /// Content of the comment.
    pub comment: CommentStatement,
    /// Time of arrival here.
    pub at: UtcTimestamp,
    /// Fault of the signature, verified again now.
    pub fault: Option<Refusal>,
}

crate::debug_by_name!(ReceivedComment);

/// Returns the comments of a negotiation in order.
///
/// # Errors
/// If a message can't be read again.
pub fn read_comments(
    connector: &Connector,
    negotiation: &str,
) -> Result<Vec<ReceivedComment>, Refusal> {
    let lost = |digest: &str| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("the message `{digest}` can't be read again"),
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
            &connector
                .records
                .documents
                .read_document(Document::Message, digest)?,
        )?;
        let MessageContent::Comment { statement, .. } = message.content else {
            return Err(lost(&row.digest));
        };
        let signed = statement::from_envelope::<CommentStatement>(&statement)?;
        let bundle = connector.identity.trust.bundle();
        let keys = bundle.keys(row.at);
        let checked = hansa_policy::contract::signature::SignatureVerifier::check_signature(
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
