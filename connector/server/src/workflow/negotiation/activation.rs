//! A contract comes into force: file, record, book, and the cells that are released under it.

use crate::participant::{Connector, cell_releases};
use crate::workflow::negotiation::open_negotiation::OpenNegotiation;
use hansa_audit_log::ledger::LedgerError;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::epoch::DecisionValidity;
use hansa_policy::contract::SignedContract;
use hansa_policy::id::DatasetId;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::Refusal;
use hansa_proto::{contract, envelope};
use std::sync::Arc;

/// A finalised contract comes into force here: file, record, book.
pub(super) async fn settle(node: &Arc<Connector>, open: &OpenNegotiation) -> Result<(), Refusal> {
    if open.state.phase() != Phase::Finalized {
        return Ok(());
    }
    let Some(signed) = open.state.signed().cloned() else {
        return Ok(());
    };
    let id = signed.id;
    if node.contracts.book(|book| book.agreement(id).is_some()) {
        return Ok(());
    }
    let payload = contract::to_bytes(&signed.agreement);
    let bytes = envelope::assemble_signed(&payload, &signed.signatures);
    let dataset = signed.agreement.dataset.id.clone();
    activated(node, &signed, &bytes).await?;
    release(node, dataset).await;
    Ok(())
}

/// So often a contract is checked anew, since something was stopped before it was on the books.
const AGAIN: usize = 3;

/// Puts a contract on the books, by keys that count at that place in the log, and in force. It is a stop of its own, since it may take
/// the place of another one.
async fn activated(
    node: &Arc<Connector>,
    signed: &SignedContract,
    bytes: &[u8],
) -> Result<(), Refusal> {
    let mut left = AGAIN;
    loop {
        let stop = node.records.log.begin_stop();
        let validity = DecisionValidity {
            epoch: stop.epoch(),
            until: UtcTimestamp::LATEST,
        };
        let agreed = signed
            .clone()
            .verify(&node.identity.trust.bundle().keys(node.now()))?;
        node.records.documents.keep_contract(signed.id, bytes)?;
        #[cfg(test)]
        node.pauses.verified.pass().await;
        match node
            .records
            .log
            .record_while_valid(agreed, validity, false)
            .await
        {
            Err(LedgerError::Overtaken) if left > 0 => left = left.saturating_sub(1),
            recorded => {
                let recorded =
                    recorded.map_err(|unwritable| hansa_audit_store::refusal(&unwritable))?;
                let at = recorded.receipt().at();
                node.contracts.book_mut(|book| book.admit(recorded));
                node.end_if_void(signed.id, bytes, at);
                return Ok(());
            }
        }
    }
}

/// Releases the cells of a contract that has come into force. Where that fails the contract stands, and questions for the
/// cells are refused until they are released with the next publication, or at the next start.
async fn release(node: &Arc<Connector>, dataset: DatasetId) {
    let at = Arc::clone(node);
    let done = tokio::task::spawn_blocking(move || cell_releases::due(&at, &dataset)).await;
    let faults = match done {
        Ok(done) => done.unwrap_or_else(|refusal| vec![refusal]),
        Err(_) => Vec::new(),
    };
    for fault in faults {
        tracing::error!(name: "release.failed", %fault, "cells are not released");
    }
}
