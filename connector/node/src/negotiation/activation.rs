//! Activation of a contract: file, record, registry, and the cells that are released under it.

use crate::negotiation::open_negotiation::OpenNegotiation;
use crate::participant::Connector;
use crate::release;
use hansa_audit_log::ledger::LedgerError;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::epoch::DecisionValidity;
use hansa_policy::contract::SignedContract;
use hansa_policy::id::DatasetId;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::Refusal;
use hansa_proto::{contract, envelope};
use std::sync::Arc;

/// Activates a finalized contract: file, record, registry.
pub(super) async fn activate_if_finalized(
    connector: &Arc<Connector>,
    open: &OpenNegotiation,
) -> Result<(), Refusal> {
    if open.state.phase() != Phase::Finalized {
        return Ok(());
    }
    let Some(signed) = open.state.signed_contract().cloned() else {
        return Ok(());
    };
    let id = signed.id;
    if connector
        .contracts
        .with_registry(|registry| registry.agreement(id).is_some())
    {
        return Ok(());
    }
    let payload = contract::to_bytes(&signed.agreement);
    let bytes = envelope::assemble_signed(&payload, &signed.signatures);
    let dataset = signed.agreement.dataset.id.clone();
    activate_contract(connector, &signed, &bytes).await?;
    release_cells(connector, dataset).await;
    Ok(())
}

/// Activates a contract with a partner that only this participant has signed: file, record, registry.
///
/// # Errors
/// If the contract can't be recorded, or its signature is no longer valid.
pub async fn put_in_force(
    connector: &Arc<Connector>,
    signed: &SignedContract,
    bytes: &[u8],
) -> Result<(), Refusal> {
    let id = signed.id;
    let is_known = connector
        .contracts
        .with_registry(|registry| registry.agreement(id).is_some());
    if is_known {
        return Ok(());
    }
    activate_contract(connector, signed, bytes).await?;
    release_cells(connector, signed.agreement.dataset.id.clone()).await;
    Ok(())
}

/// Most checks of one contract when stops come before its record.
const AGAIN: usize = 3;

/// Records a contract with keys that are valid at that place in the log, and activates it. This is a stop, because the contract may
/// replace another one.
async fn activate_contract(
    connector: &Arc<Connector>,
    signed: &SignedContract,
    bytes: &[u8],
) -> Result<(), Refusal> {
    let mut left = AGAIN;
    loop {
        let stop = connector.records.log.begin_stop();
        let validity = DecisionValidity {
            epoch: stop.epoch(),
            until: UtcTimestamp::LATEST,
        };
        let agreed = signed
            .clone()
            .verify(&connector.identity.trust.bundle().keys(connector.now()))?;
        connector
            .records
            .documents
            .keep_contract(signed.id, bytes)?;
        connector.observer.pass_verification().await;
        match connector
            .records
            .log
            .record_while_valid(agreed, validity, false)
            .await
        {
            Err(LedgerError::Overtaken) if left > 0 => left = left.saturating_sub(1),
            recorded => {
                let recorded = recorded
                    .map_err(|unwritable| hansa_audit_store::unwritable_log_refusal(&unwritable))?;
                let at = recorded.receipt().time();
                connector
                    .contracts
                    .with_registry_mut(|registry| registry.admit(recorded));
                connector.end_if_void(signed.id, bytes, at);
                return Ok(());
            }
        }
    }
}

/// Releases the cells of a contract that has come into force.
///
/// If the release fails, the contract stays in force. Questions for the cells are refused until the next publication or start
/// releases them.
async fn release_cells(connector: &Arc<Connector>, dataset: DatasetId) {
    let at = Arc::clone(connector);
    let done = tokio::task::spawn_blocking(move || release::release_due_cells(&at, &dataset)).await;
    let faults = match done {
        Ok(done) => done.unwrap_or_else(|refusal| vec![refusal]),
        Err(_) => Vec::new(),
    };
    for fault in faults {
        tracing::error!(name: "release.failed", %fault, "cells are not released");
    }
}
