//! Comments on clauses: letters of a negotiation that are no step of it. They are signed, bounded, and end with it.

use crate::node::Node;
use crate::walk::negotiate::{Open, letters};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::Time;
use hansa_policy::contract::Role;
use hansa_policy::id::{ClauseId, ParticipantId};
use hansa_policy::negotiate::Side;
use hansa_policy::negotiate::remark::Remark;
use hansa_policy::plain::TypedLine;
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::comment::{self, Comment, SignedComment};
use hansa_proto::envelope::{self, Kind};
use hansa_proto::letters::COMMENT;
use hansa_proto::peer::letter::{Content, Letter};
use hansa_store::contracts::Kind as Document;

/// Our own comment on a clause of what is on the table, signed, as a letter.
///
/// # Errors
/// When the key is out of reach.
pub(crate) fn written(
    node: &Node,
    open: &Open,
    clause: ClauseId,
    text: &TypedLine,
) -> Result<Content, Refusal> {
    let negotiation = open.state.parties().negotiation.clone();
    let payload = comment::to_bytes(&Comment {
        negotiation: negotiation.clone(),
        contract: open.state.proposal().contract,
        clause,
        party: node.id(),
        issued_at: node.now(),
        text: text.to_string(),
    });
    let role = match open.own {
        Side::Provider => Role::Provider,
        Side::Consumer => Role::Consumer,
    };
    let signature = node.sign(Kind::Comment, role, &payload)?;
    Ok(Content::Comment {
        negotiation,
        statement: envelope::assemble(&payload, &[signature]).into(),
    })
}

/// The negotiation that a comment belongs to, after everything that must hold of it was checked.
///
/// # Errors
/// What is wrong with it. A negotiation with somebody else looks like none.
pub(super) fn judged(
    node: &Node,
    peer: &ParticipantId,
    letter: &Letter,
    incoming: bool,
) -> Result<Open, Refusal> {
    let Content::Comment {
        negotiation,
        statement,
    } = &letter.content
    else {
        return Err(Refusal::new(Code::Internal, "the letter is no comment"));
    };
    let unknown = || {
        Refusal::new(
            Code::NegotiationUnknown,
            format!("no negotiation `{negotiation}` with you"),
        )
    };
    let open = letters::load(node, negotiation)?
        .filter(|open| open.other() == peer)
        .ok_or_else(unknown)?;
    let from = if incoming { open.own.other() } else { open.own };
    let rows = node.index(|state| state.letters_of(negotiation))?;
    let before = rows
        .iter()
        .filter(|row| row.kind == COMMENT && row.incoming == incoming)
        .count();
    let signed = envelope::parse_comment(statement)?;
    let keys = node.trust.bundle();
    open.state
        .check_remark(from, &remark(&signed), before, &keys.keys(node.now()))?;
    Ok(open)
}

fn remark(signed: &SignedComment) -> Remark<'_> {
    Remark {
        negotiation: &signed.comment.negotiation,
        contract: signed.comment.contract,
        clause: signed.comment.clause,
        party: &signed.comment.party,
        signature: &signed.signature,
    }
}

/// A comment as it is shown.
pub(crate) struct Read {
    /// What it says.
    pub(crate) comment: Comment,
    /// When it was taken in here.
    pub(crate) at: Time,
    /// Why its signature does not hold, checked again now.
    pub(crate) fault: Option<Refusal>,
}

/// The comments of a negotiation in their order.
///
/// # Errors
/// When a letter can't be read again.
pub(crate) fn all(node: &Node, negotiation: &str) -> Result<Vec<Read>, Refusal> {
    let lost = |digest: &str| {
        Refusal::new(
            Code::StateBroken,
            format!("the letter `{digest}` can't be read again"),
        )
    };
    let rows = node.index(|state| state.letters_of(negotiation))?;
    let mut found = Vec::new();
    for row in rows.into_iter().filter(|row| row.kind == COMMENT) {
        let digest: Digest = row.digest.parse().map_err(|_| lost(&row.digest))?;
        let letter =
            hansa_proto::letters::from_bytes(&node.documents.read(Document::Letter, digest)?)?;
        let Content::Comment { statement, .. } = letter.content else {
            return Err(lost(&row.digest));
        };
        let signed = envelope::parse_comment(&statement)?;
        let bundle = node.trust.bundle();
        let keys = bundle.keys(row.at);
        let checked = hansa_policy::contract::SignatureCheck::check(
            &keys,
            &signed.comment.party,
            &signed.signature,
            hansa_policy::contract::deed::Deed::Statement,
        );
        found.push(Read {
            comment: signed.comment,
            at: row.at,
            fault: checked.err(),
        });
    }
    Ok(found)
}
