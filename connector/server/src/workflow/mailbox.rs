//! The post between a consumer and a provider: the consumer carries letters both ways, since a provider never dials.

use crate::participant::Connector;
use crate::participant::audit_event::AuditEvent;
use crate::participant::peer_connections::KnownPeer;
use crate::workflow::negotiation::resumption::resume;
use crate::workflow::negotiation::{self, outgoing_message, unreadable_message};
use crate::workflow::receipt::acknowledgement;
use futures::StreamExt as _;
use hansa_audit_log::json::Json;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::{self, InboxItem};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// Hands in our letters to a peer, then fetches the peer's letters for us, until both are done.
///
/// # Errors
/// When the peer can't be reached. What is wrong with single letters is on the books and stops nothing.
pub(crate) async fn pump(node: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    with_reconnect(node, peer, || once(node, peer)).await
}

/// What a peer says; once more over a new connection where it can't be reached, since an old one may have died.
///
/// # Errors
/// Those of `call`.
pub(crate) async fn with_reconnect<T, F>(
    node: &Connector,
    peer: &KnownPeer,
    call: impl Fn() -> F,
) -> Result<T, Refusal>
where
    F: Future<Output = Result<T, Refusal>>,
{
    match call().await {
        Err(refusal) if refusal.code == ErrorCode::PeerUnreachable => {
            node.hang_up(&peer.id).await;
            call().await
        }
        other => other,
    }
}

/// Hands in our letters to a peer, and fetches none.
///
/// # Errors
/// As [`pump`].
pub(crate) async fn send_off(node: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    resume(node, Some(&peer.id)).await?;
    with_reconnect(node, peer, || hand_in(node, peer)).await
}

/// Whether a letter of a peer waits there that was not taken in, as its catalogue says.
///
/// # Errors
/// When the own index can't be read.
pub(crate) fn waits(
    node: &Connector,
    peer: &KnownPeer,
    letters: Option<u64>,
) -> Result<bool, Refusal> {
    let Some(newest) = letters else {
        return Ok(false);
    };
    // A smaller number is news, too: the peer has gone back to an older copy of its state.
    Ok(node.records.index_fast(|state| state.taken_in(&peer.id))? != newest)
}

async fn once(node: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    let before = node.peers.delivery_queues.news(&peer.id);
    resume(node, Some(&peer.id)).await?;
    hand_in(node, peer).await?;
    fetch(node, peer).await?;
    if node.peers.delivery_queues.news(&peer.id) == before {
        return Ok(());
    }
    // What came in may have been answered, here and there.
    hand_in(node, peer).await?;
    fetch(node, peer).await
}

/// Sends what is in the outbox for a peer; a letter that the peer refuses is refused for good and leaves the outbox.
///
/// # Errors
/// When the peer can't be reached, or the refusal of the last letter that it refused.
pub(crate) async fn hand_in(node: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    let alone = node.peers.delivery_queues.carrying(&peer.id).await;
    hand_in_alone(node, peer, alone).await
}

async fn hand_in_alone(
    node: &Arc<Connector>,
    peer: &KnownPeer,
    _alone: OwnedMutexGuard<()>,
) -> Result<(), Refusal> {
    // Most often nothing waits; what does may be much.
    if node
        .records
        .index_fast(|state| state.newest_for(&peer.id))?
        .is_none()
    {
        return Ok(());
    }
    let waiting = node.records.index(|state| state.outbox(&peer.id, 0))?;
    let mut client = node.call(peer).await?;
    let (mut last, mut receipts) = (None, false);
    for row in waiting {
        let Some(letter) = unreadable_message::waiting(node, &peer.id, &row)? else {
            handed_in(node, peer, row.number, Some(ErrorCode::FileMissing)).await?;
            acknowledgement::forget(node, &row)?;
            continue;
        };
        if matches!(
            letter.content,
            message::MessageContent::Acknowledgement { .. }
        ) {
            receipts = true;
        } else {
            // Said before it goes: whoever looked at what the peer shows looks again.
            node.peers.delivery_queues.carried_news(&peer.id);
        }
        let mut sent = client.send(&letter).await;
        if sent
            .as_ref()
            .is_err_and(|refusal| by_a_bundle(refusal.code))
        {
            // The peer may lack the bundle that registers our key; it gets it with the greeting.
            node.hang_up(&peer.id).await;
            client = node.call(peer).await?;
            sent = client.send(&letter).await;
        }
        let refused = match sent {
            Ok(()) => None,
            Err(refusal) if passing(refusal.code) => return Err(refusal),
            Err(refusal) => Some(refusal),
        };
        let why = refused.as_ref().map(|refusal| refusal.code);
        handed_in(node, peer, row.number, why).await?;
        acknowledgement::forget(node, &row)?;
        if let (message::MessageContent::Request { negotiation, .. }, Some(why)) =
            (&letter.content, &refused)
        {
            let ended = outgoing_message::end_refused(node, &peer.id, negotiation, why).await;
            if let Err(refusal) = ended {
                tracing::warn!(peer = peer.id.domain(), code = %refusal.code, "negotiation.not_ended");
            }
        }
        last = refused.or(last);
    }
    // Still alone: a command that ends waits for its turn here, and with that until heads were exchanged.
    if receipts && let Err(refusal) = node.exchange_heads_in_turn(peer, &client).await {
        // The word on the receipt is there; heads are exchanged with the next one.
        tracing::info!(peer = peer.id.domain(), code = %refusal.code, "heads.kept");
    }
    match last {
        Some(refusal) => Err(refusal),
        None => Ok(()),
    }
}

/// Puts on the books that a letter leaves the outbox, and why the peer did not get it, if so.
async fn handed_in(
    node: &Connector,
    peer: &KnownPeer,
    number: u64,
    refused: Option<ErrorCode>,
) -> Result<(), Refusal> {
    let fetched = AuditEvent::new(
        "letters_fetched",
        [
            ("peer", Json::text(&peer.id)),
            ("number", Json::count(number)),
            ("refused", crate::participant::audit_event::maybe(refused)),
        ],
    );
    // The index takes it in when somebody looks.
    let _durable = node.record(fetched).await?;
    Ok(())
}

/// Whether a failure says nothing of the letter itself.
const fn passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::PeerUnreachable
            | ErrorCode::TimedOut
            | ErrorCode::EvidenceUnavailable
            | ErrorCode::DiskFull
            | ErrorCode::StateBroken
            | ErrorCode::Internal
            | ErrorCode::TooManyStreams
    )
}

/// Whether a failure may come of a trust bundle that is older than the letter.
const fn by_a_bundle(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::SignerNotParty | ErrorCode::KeyNotValidAtSigning
    )
}

/// Fetches the letters that wait for us, after those that somebody else takes in just now.
async fn fetch(node: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    let _taking = node.peers.delivery_queues.taking(&peer.id).await;
    let after = node.records.index_fast(|state| state.taken_in(&peer.id))?;
    let client = node.call(peer).await?;
    let mut letters = client.inbox(after, true).await?;
    let mut last = after;
    while let Some(item) = letters.next().await {
        let item = item?;
        take(node, peer, &item).await?;
        last = item.number();
    }
    if last != after {
        // Tells the peer that these are here, so that it may forget them.
        let mut rest = client.inbox(last, true).await?;
        while let Some(item) = rest.next().await {
            take(node, peer, &item?).await?;
        }
    }
    Ok(())
}

async fn take(node: &Arc<Connector>, peer: &KnownPeer, item: &InboxItem) -> Result<(), Refusal> {
    node.peers.delivery_queues.carried_news(&peer.id);
    let (letter, number) = match item {
        InboxItem::Letter(numbered) => (&numbered.message, numbered.number),
        InboxItem::Unreadable(unreadable) => {
            let code = unreadable.cause.code;
            tracing::warn!(peer = peer.id.domain(), %code, "letter.unreadable");
            return unreadable_message::set_apart(node, &peer.id, unreadable).await;
        }
    };
    let mut taken = negotiation::take_in(node, &peer.id, letter, Some(number)).await;
    if taken
        .as_ref()
        .is_err_and(|refusal| by_a_bundle(refusal.code))
    {
        // We may lack the bundle that registers the key; the peer has it, and shows it when it is greeted.
        node.hang_up(&peer.id).await;
        node.call(peer).await?;
        taken = negotiation::take_in(node, &peer.id, letter, Some(number)).await;
    }
    match taken {
        Ok(()) => Ok(()),
        Err(refusal)
            if matches!(
                refusal.code,
                ErrorCode::EvidenceUnavailable | ErrorCode::DiskFull | ErrorCode::StateBroken
            ) =>
        {
            Err(refusal)
        }
        Err(refusal) => {
            tracing::warn!(peer = peer.id.domain(), code = %refusal.code, "letter.refused");
            negotiation::refuse(node, &peer.id, letter, number, &refusal).await
        }
    }
}

/// Carries letters to a peer soon, without anybody waiting for it.
pub(crate) fn soon(node: &Arc<Connector>, peer: &KnownPeer) {
    let (node, peer) = (Arc::clone(node), peer.clone());
    let _task = tokio::runtime::Handle::current().spawn(async move {
        let Some(alone) = node.peers.delivery_queues.carrying_next(&peer.id).await else {
            return;
        };
        if let Err(refusal) = hand_in_alone(&node, &peer, alone).await {
            tracing::info!(peer = peer.id.domain(), code = %refusal.code, "letter.kept");
        }
    });
}

/// Carries letters as long as the connector serves: keeps an inbox open at each peer, and starts anew when it ends.
pub(crate) async fn serve(node: Arc<Connector>, peer: KnownPeer) {
    let mut pause = std::time::Duration::from_millis(500);
    loop {
        match follow(&node, &peer).await {
            Ok(()) => {
                // Whoever comes back may have changed: it is greeted again.
                node.hang_up(&peer.id).await;
                pause = std::time::Duration::from_millis(500);
            }
            Err(refusal) => {
                tracing::info!(peer = peer.id.domain(), code = %refusal.code, "post.paused");
                node.hang_up(&peer.id).await;
                pause = pause
                    .saturating_mul(2)
                    .min(std::time::Duration::from_secs(60));
            }
        }
        tokio::time::sleep(pause).await;
    }
}

async fn follow(node: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    pump(node, peer).await?;
    let after = node.records.index_fast(|state| state.taken_in(&peer.id))?;
    let client = node.call(peer).await?;
    let mut letters = client.inbox(after, false).await?;
    loop {
        let posted = node.peers.outbox_signal.notified();
        tokio::select! {
            item = letters.next() => match item {
                Some(item) => {
                    // Held until the answer is handed in: a command that fetches meanwhile waits for both.
                    let _taking = node.peers.delivery_queues.taking(&peer.id).await;
                    take(node, peer, &item?).await?;
                    hand_in(node, peer).await?;
                }
                None => return Ok(()),
            },
            () = posted => hand_in(node, peer).await?,
        }
    }
}
