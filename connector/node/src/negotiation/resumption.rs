//! Resumption of steps that follow from messages without a person, after a crash or a cancelled caller.

use crate::negotiation::message_replay;
use crate::negotiation::open_negotiation::is_own_turn;
use crate::negotiation::outgoing_message::{acknowledge_receipt, send_follow_ups, send_message};
use crate::negotiation::proposal_context::{Audience, ProposalContext};
use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
use crate::process::run_to_completion::to_the_end;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::negotiation::{PartyRole, Phase};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::message::MessageContent;
use hansa_store::document_folder::StoredDocumentKind as Document;
use std::sync::Arc;

/// Does the due steps that need no person, in every negotiation with a peer, or with all peers. They are due after a crash between
/// the record of a message and its follow-up.
///
/// # Errors
/// If the index can't be read or nothing can be recorded. A fault of one negotiation does not stop the others.
pub async fn resume_negotiations(
    connector: &Arc<Connector>,
    peer: Option<&ParticipantId>,
) -> Result<(), Refusal> {
    let peers = match peer {
        Some(peer) => vec![peer.clone()],
        None => {
            let known = connector.known_peers()?.into_iter();
            known.map(|peer| peer.id).collect()
        }
    };
    for peer in &peers {
        acknowledge_what_came(connector, peer).await?;
    }
    let open = match peer {
        Some(peer) => connector
            .records
            .index_fast(|state| state.open_negotiations(peer))?,
        None => connector.records.index(|state| state.negotiations())?,
    };
    for row in open {
        if !is_own_turn(&row) {
            continue;
        }
        let (inner, name) = (Arc::clone(connector), row.id.clone());
        let done = to_the_end(async move {
            let _turn = inner.contracts.negotiation_lock.lock().await;
            follow_up(&inner, &name).await
        });
        if let Err(refusal) = done.await {
            if matches!(
                refusal.code,
                ErrorCode::EvidenceUnavailable | ErrorCode::DiskFull
            ) {
                return Err(refusal);
            }
            tracing::warn!(negotiation = row.id, code = %refusal.code, "negotiation.not_resumed");
        }
    }
    Ok(())
}

/// Writes missing acknowledgements of receipts that were countersigned before a crash.
///
/// One search per start suffices, and another one after each failure. Later acknowledgements are recorded together with their
/// receipts.
async fn acknowledge_what_came(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
) -> Result<(), Refusal> {
    if !connector.peers.delivery_queues.may_owe_a_word(peer) {
        return Ok(());
    }
    // Cleared before the search, so that receipts that arrive meanwhile set the mark again.
    connector.peers.delivery_queues.owes_no_word(peer);
    let mut search = PendingReceiptSearch {
        connector,
        peer,
        is_over: false,
    };
    search.is_over = write_what_is_owed(connector, peer).await?;
    Ok(())
}

/// Search for missing acknowledgements. A search that fails or is cancelled is repeated.
struct PendingReceiptSearch<'a> {
    connector: &'a Connector,
    peer: &'a ParticipantId,
    is_over: bool,
}

impl Drop for PendingReceiptSearch<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.connector.peers.delivery_queues.owes_a_word(self.peer);
        }
    }
}

/// Writes the missing acknowledgements. Returns true if all were written, except those whose receipts are no longer stored.
async fn write_what_is_owed(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
) -> Result<bool, Refusal> {
    let mut all = true;
    for (request, file) in connector
        .records
        .index_fast(|state| state.answers_without_message(peer))?
    {
        let Ok(digest) = file.parse::<Digest>() else {
            continue;
        };
        match run_waiting(|| {
            connector
                .records
                .documents
                .read_document(Document::Receipt, digest)
        }) {
            Ok(receipt) => acknowledge_receipt(connector, peer, request, receipt).await?,
            Err(refusal) => {
                all &= matches!(
                    refusal.code,
                    ErrorCode::FileMissing | ErrorCode::StateBroken
                );
                tracing::warn!(code = %refusal.code, "receipt.unacknowledged");
            }
        }
    }
    Ok(all)
}

/// Does the due steps of one negotiation that need no person.
pub(super) async fn follow_up(connector: &Arc<Connector>, name: &str) -> Result<(), Refusal> {
    match message_replay::load_negotiation(connector, name)? {
        Some(open) => {
            let agreement = &open.state.proposal().agreement;
            let other = open.other_party();
            let known = ProposalContext::current_facts(
                connector,
                open.own,
                other,
                agreement,
                Audience::Ourselves,
            );
            let sends = open.state.automatic_message(open.own, known.offered);
            send_follow_ups(connector, open, sends.into_iter().collect()).await
        }
        None => Ok(()),
    }
}

/// Ends negotiations whose signed agreement is not yet in force, with the consumer and on the dataset of a contract that is about
/// to be withdrawn. Otherwise the other party's signature alone would restore the withdrawn access.
///
/// # Errors
/// If the index can't be read or nothing can be recorded.
pub async fn end_signed(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    contract: ContractId,
) -> Result<(), Refusal> {
    let Some(withdrawn) = connector
        .contracts
        .with_registry(|registry| registry.agreement(contract).cloned())
    else {
        return Ok(());
    };
    let signed = [Phase::Agreed.as_str(), Phase::Verified.as_str()];
    for row in connector.records.index(|state| state.negotiations())? {
        let ours = row.role == PartyRole::Provider.as_str() && row.peer == *peer;
        if !ours || !signed.contains(&row.state.as_str()) {
            continue;
        }
        // A negotiation with unreadable messages can't complete either.
        let Ok(Some(open)) = message_replay::load_negotiation(connector, &row.id) else {
            continue;
        };
        if open.state.proposal().agreement.dataset.id != withdrawn.dataset.id {
            continue;
        }
        let content = MessageContent::Termination {
            negotiation: row.id,
            code: None,
            reason: format!("contract {} is withdrawn", contract.to_short_text()),
        };
        send_message(connector, peer, content, false).await?;
    }
    Ok(())
}
