//! The word on a receipt: the letter by which the provider gets it with both signatures. It is on the books with what was
//! received, and made of the receipt, so that it needs no file of its own.

use crate::node::Node;
use crate::walk::fact::Fact;
use crate::walk::negotiate::noted::Noted;
use bytes::Bytes;
use evidence::digest::Digest;
use keep::contracts::Kind as Document;
use keep::state::row::WaitingRow;
use policy::id::{ParticipantId, RequestId};
use policy::refusal::{Code, Refusal};
use proto::peer::letter::{Content, Letter, LetterId};

/// The record of our word on an answer of a peer; from when it is durable the letter waits in the outbox. It bears the name of
/// the answer, so that it can be told whether it was written.
///
/// # Errors
/// When a head of the peer goes along that we have seen, and the letter can't be kept.
pub(crate) fn on(
    node: &Node,
    peer: &ParticipantId,
    request: RequestId,
    receipt: Bytes,
) -> Result<Fact, Refusal> {
    let witnessed = node.witness(peer);
    let with_head = witnessed.is_some();
    let letter = letter(request, receipt, witnessed);
    let bytes = proto::letters::to_bytes(&letter);
    if with_head {
        // It can't be made of the receipt alone.
        crate::node::waiting(|| node.documents.keep(Document::Letter, &bytes))?;
    }
    let noted = Noted {
        peer: peer.clone(),
        incoming: false,
        digest: Digest::of(&bytes),
        letter,
        number: None,
        refused: None,
    };
    Ok(noted.fact(None))
}

/// A letter that waits in our outbox for a peer; none where it is a word on a receipt that is kept no longer.
///
/// # Errors
/// When it can't be read.
pub(crate) fn waiting(
    node: &Node,
    peer: &ParticipantId,
    row: &WaitingRow,
) -> Result<Option<Letter>, Refusal> {
    if let Some(request) = row.word
        && let Some(receipt) = kept(node, peer, request)?
    {
        let letter = letter(request, receipt, None);
        if Digest::of(&proto::letters::to_bytes(&letter)) == row.digest {
            return Ok(Some(letter));
        }
    }
    match crate::node::waiting(|| node.documents.read(Document::Letter, row.digest)) {
        Ok(bytes) => proto::letters::from_bytes(&bytes).map(Some),
        Err(refusal) if refusal.code == Code::FileMissing && row.word.is_some() => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// The receipt of an answer that came from a peer, if it is still kept.
fn kept(node: &Node, peer: &ParticipantId, request: RequestId) -> Result<Option<Bytes>, Refusal> {
    let Some(file) = node.glance(|state| state.received(request, peer))? else {
        return Ok(None);
    };
    match crate::node::waiting(|| node.documents.read(Document::Receipt, file)) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(refusal) if refusal.code == Code::FileMissing => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

fn letter(request: RequestId, receipt: Bytes, witnessed: Option<Bytes>) -> Letter {
    Letter {
        id: LetterId(request.0),
        content: Content::Acknowledgement {
            request,
            receipt,
            disputed: false,
            witnessed,
        },
    }
}
