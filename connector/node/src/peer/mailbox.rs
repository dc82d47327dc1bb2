//! Message exchange between consumer and provider. The consumer carries messages in both directions, because a provider never
//! dials.

use crate::log::audit_event::{AuditEvent, optional_text};
use crate::negotiation;
use crate::negotiation::resumption::resume_negotiations;
use crate::negotiation::{outgoing_message, unreadable_message};
use crate::participant::Connector;
use crate::peer::peer_connections::KnownPeer;
use crate::receipt::acknowledgement;
use futures::StreamExt as _;
use hansa_audit_log::record::messages::FetchedMessagesRecord;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::{self, InboxItem};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// Delivers the outbox to a peer, then fetches the peer's messages, until both are empty.
///
/// # Errors
/// If the peer can't be reached. Faults of single messages are recorded and stop nothing.
pub async fn exchange_messages(
    connector: &Arc<Connector>,
    peer: &KnownPeer,
) -> Result<(), Refusal> {
    with_reconnect(connector, peer, || exchange_round(connector, peer)).await
}

/// Calls a peer, and once more over a new connection if the old one has died.
///
/// # Errors
/// Errors of `call`.
pub(crate) async fn with_reconnect<T, F>(
    connector: &Connector,
    peer: &KnownPeer,
    call: impl Fn() -> F,
) -> Result<T, Refusal>
where
    F: Future<Output = Result<T, Refusal>>,
{
    match call().await {
        Err(refusal) if refusal.code == ErrorCode::PeerUnreachable => {
            connector.hang_up(&peer.id).await;
            call().await
        }
        other => other,
    }
}

/// Delivers the outbox to a peer without fetching messages.
///
/// # Errors
/// Same errors as [`exchange_messages`].
pub(crate) async fn send_off(connector: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    resume_negotiations(connector, Some(&peer.id)).await?;
    with_reconnect(connector, peer, || deliver_outbox(connector, peer)).await
}

/// Checks the peer's catalog for a waiting message that was not taken in.
///
/// # Errors
/// If the own index can't be read.
pub(crate) fn has_waiting_message(
    connector: &Connector,
    peer: &KnownPeer,
    messages: Option<u64>,
) -> Result<bool, Refusal> {
    let Some(newest) = messages else {
        return Ok(false);
    };
    // A smaller number also counts: the peer has gone back to an older copy of its state.
    Ok(connector
        .records
        .index_fast(|state| state.last_processed_message(&peer.id))?
        != newest)
}

async fn exchange_round(connector: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    let before = connector.peers.delivery_queues.news_count(&peer.id);
    resume_negotiations(connector, Some(&peer.id)).await?;
    deliver_outbox(connector, peer).await?;
    fetch_messages(connector, peer).await?;
    if connector.peers.delivery_queues.news_count(&peer.id) == before {
        return Ok(());
    }
    // Received messages may have caused answers on both sides.
    deliver_outbox(connector, peer).await?;
    fetch_messages(connector, peer).await
}

/// Delivers the outbox for a peer. A message that the peer refuses leaves the outbox for good.
///
/// # Errors
/// If the peer can't be reached, or the last refusal of a message by the peer.
pub async fn deliver_outbox(connector: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    let alone = connector
        .peers
        .delivery_queues
        .lock_delivery(&peer.id)
        .await;
    hand_in_alone(connector, peer, alone).await
}

async fn hand_in_alone(
    connector: &Arc<Connector>,
    peer: &KnownPeer,
    _alone: OwnedMutexGuard<()>,
) -> Result<(), Refusal> {
    // Usually the outbox is empty; reading a full one takes long.
    if connector
        .records
        .index_fast(|state| state.newest_for(&peer.id))?
        .is_none()
    {
        return Ok(());
    }
    let waiting = connector.records.index(|state| state.outbox(&peer.id, 0))?;
    let mut client = connector.call_peer(peer).await?;
    let (mut last, mut receipts) = (None, false);
    for row in waiting {
        let Some(peer_message) =
            unreadable_message::load_waiting_message(connector, &peer.id, &row)?
        else {
            record_delivered_message(connector, peer, row.number, Some(ErrorCode::FileMissing))
                .await?;
            acknowledgement::delete_acknowledgement(connector, &row)?;
            continue;
        };
        if matches!(
            peer_message.content,
            message::MessageContent::Acknowledgement { .. }
        ) {
            receipts = true;
        } else {
            // Counted before the message is sent, so that readers of the peer's catalog read it again.
            connector.peers.delivery_queues.carried_news(&peer.id);
        }
        let mut sent = client.send_message(&peer_message).await;
        if sent
            .as_ref()
            .is_err_and(|refusal| by_a_bundle(refusal.code))
        {
            // The peer may lack the bundle with our key. The greeting of a new connection carries it.
            connector.hang_up(&peer.id).await;
            client = connector.call_peer(peer).await?;
            sent = client.send_message(&peer_message).await;
        }
        let refused = match sent {
            Ok(()) => None,
            Err(refusal) if is_temporary(refusal.code) => return Err(refusal),
            Err(refusal) => Some(refusal),
        };
        let why = refused.as_ref().map(|refusal| refusal.code);
        record_delivered_message(connector, peer, row.number, why).await?;
        acknowledgement::delete_acknowledgement(connector, &row)?;
        if let (message::MessageContent::Request { negotiation, .. }, Some(why)) =
            (&peer_message.content, &refused)
        {
            let ended = outgoing_message::end_refused(connector, &peer.id, negotiation, why).await;
            if let Err(refusal) = ended {
                tracing::warn!(peer = peer.id.domain(), code = %refusal.code, "negotiation.not_ended");
            }
        }
        last = refused.or(last);
    }
    // Still under the lock: a closing command waits for this delivery, and so for the exchange of heads.
    if receipts && let Err(refusal) = connector.exchange_heads_in_turn(peer, &client).await {
        // The acknowledgement has arrived; heads are exchanged with the next one.
        tracing::info!(peer = peer.id.domain(), code = %refusal.code, "heads.kept");
    }
    match last {
        Some(refusal) => Err(refusal),
        None => Ok(()),
    }
}

/// Records that a message leaves the outbox, with the error if the peer refused it.
async fn record_delivered_message(
    connector: &Connector,
    peer: &KnownPeer,
    number: u64,
    refused: Option<ErrorCode>,
) -> Result<(), Refusal> {
    let fetched = AuditEvent::from(FetchedMessagesRecord {
        peer: peer.id.to_string(),
        number,
        carried: true,
        refused: optional_text(refused),
    });
    // The next read of the index adds the record.
    let _durable = connector.record(fetched).await?;
    Ok(())
}

/// Checks that an error is no evidence about the message itself.
const fn is_temporary(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::PeerUnreachable
            | ErrorCode::TimedOut
            | ErrorCode::EvidenceUnavailable
            | ErrorCode::DiskFull
            | ErrorCode::StateBroken
            | ErrorCode::Internal
            | ErrorCode::TooManyStreams
            | ErrorCode::TooManyConnections
    )
}

/// Checks that an outdated trust bundle can cause an error.
const fn by_a_bundle(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::SignerNotParty | ErrorCode::KeyNotValidAtSigning
    )
}

/// Fetches the messages that wait for us, after a concurrent intake has ended.
async fn fetch_messages(connector: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    let _taking = connector.peers.delivery_queues.lock_intake(&peer.id).await;
    let after = connector
        .records
        .index_fast(|state| state.last_processed_message(&peer.id))?;
    let client = connector.call_peer(peer).await?;
    let mut messages = client.open_inbox(after, true).await?;
    let mut last = after;
    while let Some(item) = messages.next().await {
        let item = item?;
        take_message(connector, peer, &item).await?;
        last = item.number();
    }
    if last != after {
        // The request also confirms the received messages, so that the peer can drop them.
        let mut rest = client.open_inbox(last, true).await?;
        while let Some(item) = rest.next().await {
            take_message(connector, peer, &item?).await?;
        }
    }
    Ok(())
}

async fn take_message(
    connector: &Arc<Connector>,
    peer: &KnownPeer,
    item: &InboxItem,
) -> Result<(), Refusal> {
    connector.peers.delivery_queues.carried_news(&peer.id);
    let (message, number) = match item {
        InboxItem::Message(numbered) => (&numbered.message, numbered.number),
        InboxItem::Unreadable(unreadable) => {
            let code = unreadable.cause.code;
            tracing::warn!(peer = peer.id.domain(), %code, "message.unreadable");
            return unreadable_message::set_apart(connector, &peer.id, unreadable).await;
        }
    };
    let mut taken = negotiation::take_in(connector, &peer.id, message, Some(number)).await;
    if taken
        .as_ref()
        .is_err_and(|refusal| by_a_bundle(refusal.code))
    {
        // Our bundle may lack the key. The greeting of a new connection carries the peer's bundle.
        connector.hang_up(&peer.id).await;
        connector.call_peer(peer).await?;
        taken = negotiation::take_in(connector, &peer.id, message, Some(number)).await;
    }
    match taken {
        Ok(()) => Ok(()),
        Err(refusal)
            if matches!(
                refusal.code,
                ErrorCode::EvidenceUnavailable
                    | ErrorCode::DiskFull
                    | ErrorCode::StateBroken
                    | ErrorCode::TooManyStreams
            ) =>
        {
            Err(refusal)
        }
        Err(refusal) => {
            tracing::warn!(peer = peer.id.domain(), code = %refusal.code, "message.refused");
            negotiation::refuse_message(connector, &peer.id, message, number, &refusal).await
        }
    }
}

/// Delivers messages to a peer soon, in the background.
pub(crate) fn deliver_in_background(connector: &Arc<Connector>, peer: &KnownPeer) {
    let (connector, peer) = (Arc::clone(connector), peer.clone());
    let tasks = connector.queries.background_tasks.clone();
    let carried = async move {
        let Some(alone) = connector
            .peers
            .delivery_queues
            .carrying_next(&peer.id)
            .await
        else {
            return;
        };
        if let Err(refusal) = hand_in_alone(&connector, &peer, alone).await {
            tracing::info!(peer = peer.id.domain(), code = %refusal.code, "message.kept");
        }
    };
    // A command waits for the task before its threads end. Undelivered messages stay in the outbox.
    let _task = tasks.spawn(tokio::time::timeout(SOON, carried));
}

/// Time limit of a background delivery. It is shorter than the time that a command waits for its background tasks.
const SOON: std::time::Duration = std::time::Duration::from_secs(5);

/// Exchanges messages while the connector serves: keeps an inbox open at each peer and reopens it when it ends.
pub async fn serve_peer(connector: Arc<Connector>, peer: KnownPeer) {
    let mut pause = std::time::Duration::from_millis(500);
    loop {
        match follow_inbox(&connector, &peer).await {
            Ok(()) => {
                // A peer that returns may have changed, so it is greeted again.
                connector.hang_up(&peer.id).await;
                pause = std::time::Duration::from_millis(500);
            }
            Err(refusal) => {
                tracing::info!(peer = peer.id.domain(), code = %refusal.code, "post.paused");
                connector.hang_up(&peer.id).await;
                pause = pause
                    .saturating_mul(2)
                    .min(std::time::Duration::from_secs(60));
            }
        }
        tokio::time::sleep(pause).await;
    }
}

async fn follow_inbox(connector: &Arc<Connector>, peer: &KnownPeer) -> Result<(), Refusal> {
    exchange_messages(connector, peer).await?;
    let after = connector
        .records
        .index_fast(|state| state.last_processed_message(&peer.id))?;
    let client = connector.call_peer(peer).await?;
    let mut messages = client.open_inbox(after, false).await?;
    loop {
        let posted = connector.peers.outbox_signal.notified();
        tokio::select! {
            item = messages.next() => match item {
                Some(item) => {
                    // Held until the answer is delivered: a command that fetches meanwhile waits for both.
                    let _taking = connector.peers.delivery_queues.lock_intake(&peer.id).await;
                    take_message(connector, peer, &item?).await?;
                    deliver_outbox(connector, peer).await?;
                }
                None => return Ok(()),
            },
            () = posted => deliver_outbox(connector, peer).await?,
        }
    }
}
