//! The word on a receipt: the letter by which the provider gets it with both signatures. It is on the books with what was
//! received, and made of the receipt, so that it needs no file of its own.

use crate::node::Node;
use crate::walk::fact::Fact;
use crate::walk::negotiate::noted::Noted;
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::peer::letter::{Content, Letter, LetterId};
use hansa_store::contracts::Kind as Document;
use hansa_store::state::row::WaitingRow;

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
    let bytes = hansa_proto::letters::to_bytes(&letter);
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
    Ok(noted.fact(None, None))
}

/// A letter that waits in our outbox for a peer; none where it is a word on a receipt that is kept no longer, or is not what was
/// kept.
///
/// # Errors
/// When it can't be read.
pub(crate) fn waiting(
    node: &Node,
    peer: &ParticipantId,
    row: &WaitingRow,
) -> Result<Option<Letter>, Refusal> {
    let Some(request) = row.word else {
        return read(node, row.digest).map(Some);
    };
    let Some(receipt) = kept(node, peer, request)? else {
        return Ok(None);
    };
    let letter = letter(request, receipt, None);
    if Digest::of(&hansa_proto::letters::to_bytes(&letter)) == row.digest {
        return Ok(Some(letter));
    }
    match read(node, row.digest) {
        Ok(letter) => Ok(Some(letter)),
        Err(refusal) => without(refusal),
    }
}

/// Lets go of the file of a word that has left the outbox: the receipt within it is kept apart, for its own time.
///
/// # Errors
/// When it can't be taken away.
pub(crate) fn forget(node: &Node, row: &WaitingRow) -> Result<(), Refusal> {
    match row.word {
        Some(_) => crate::node::waiting(|| node.documents.forget(Document::Letter, row.digest)),
        None => Ok(()),
    }
}

fn read(node: &Node, digest: Digest) -> Result<Letter, Refusal> {
    let bytes = crate::node::waiting(|| node.documents.read(Document::Letter, digest))?;
    hansa_proto::letters::from_bytes(&bytes)
}

/// What is missing, or not what was written, holds no letter behind it.
fn without<T>(refusal: Refusal) -> Result<Option<T>, Refusal> {
    match refusal.code {
        Code::FileMissing => Ok(None),
        Code::StateBroken | Code::MessageMalformed | Code::MessageTooLarge => {
            tracing::warn!(code = %refusal.code, "receipt.unacknowledged");
            Ok(None)
        }
        _ => Err(refusal),
    }
}

/// The receipt of an answer that came from a peer, if it is still kept.
fn kept(node: &Node, peer: &ParticipantId, request: RequestId) -> Result<Option<Bytes>, Refusal> {
    let Some(file) = node.glance(|state| state.received(request, peer))? else {
        return Ok(None);
    };
    match crate::node::waiting(|| node.documents.read(Document::Receipt, file)) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(refusal) => without(refusal),
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
