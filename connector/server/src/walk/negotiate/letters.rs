//! A negotiation is its letters, read again.

use crate::node::Node;
use crate::walk::negotiate::Open;
use crate::walk::negotiate::known::Known;
use crate::walk::negotiate::step::{Direction, Judged, Place, Taken, parties, proposal_of};
use crate::walk::negotiate::wording::read;
use hansa_audit_log::digest::Digest;
use hansa_policy::negotiate::Side;
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::letters::COMMENT;
use hansa_store::contracts::Kind as Document;
use hansa_store::state::row::{LetterRow, NegotiationRow};

/// A negotiation as its letters made it.
///
/// # Errors
/// When a letter can't be read again.
pub(crate) fn load(node: &Node, name: &str) -> Result<Option<Open>, Refusal> {
    let (letters, row) = node.index(|state| {
        let row = state
            .negotiations()?
            .into_iter()
            .find(|negotiation| negotiation.id == name);
        Ok((state.letters_of(name)?, row))
    })?;
    let Some(row) = row else {
        return Ok(None);
    };
    let mut open = None;
    // A comment is a letter of the negotiation, and no step of it.
    for letter in letters.iter().filter(|letter| letter.kind != COMMENT) {
        open = Some(again(node, open, letter, &row)?);
    }
    Ok(open)
}

/// One letter again. It was taken in then, so what was known then is taken to have allowed it.
fn again(
    node: &Node,
    open: Option<Open>,
    row: &LetterRow,
    negotiation: &NegotiationRow,
) -> Result<Open, Refusal> {
    let lost = || {
        Refusal::new(
            Code::StateBroken,
            format!("the letter `{}` can't be read again", row.digest),
        )
    };
    let digest: Digest = row.digest.parse().map_err(|_| lost())?;
    let letter = hansa_proto::letters::from_bytes(&node.documents.read(Document::Letter, digest)?)?;
    let content = read(&letter.content)?;
    let proposed = proposal_of(&content);
    let direction = if row.incoming {
        Direction::In
    } else {
        Direction::Out {
            sign_beforehand: proposed
                .is_some_and(|proposal| Some(proposal.contract) == negotiation.beforehand),
        }
    };
    let place = match open {
        Some(open) => Place::next(open),
        None => {
            let own = if negotiation.role == Side::Provider.as_str() {
                Side::Provider
            } else {
                Side::Consumer
            };
            let parties = proposed
                .and_then(|proposal| parties(&negotiation.id, &proposal.agreement))
                .ok_or_else(lost)?;
            Place::first(own, parties)
        }
    };
    let taken = Taken {
        id: letter.id,
        content,
        direction,
        at: row.at,
        known: Known::then(),
    };
    taken.step(node, place, Judged::Then).map(|(open, _)| open)
}
