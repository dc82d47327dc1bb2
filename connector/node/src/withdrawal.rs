//! Withdrawal: a signed and recorded statement ends a contract and the answers under it.

pub mod effective_instant;

use crate::log::evidence_recording::StopRecord;
use crate::log::record_keeping::RecordKeeping;
use crate::negotiation::{outgoing_message, resumption};
use crate::participant::Connector;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_identity::signature::RegisteredKeys;
use hansa_policy::contract::signature::{SignatoryRole, Signature, SignatureVerifier as _};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::contract::{SignedWithdrawal, VerifiedWithdrawal};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::peer::message::MessageContent;
use hansa_proto::statement;
use hansa_proto::withdrawal::WithdrawalStatement;
use hansa_store::document_folder::StoredDocumentKind as Document;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Signs the own withdrawal of a contract and carries it out at once. Returns the statement for the other party.
///
/// # Errors
/// `CONTRACT_UNKNOWN`, or an error if the statement can't be signed or recorded.
pub(crate) fn own_now(
    connector: &Arc<Connector>,
    contract: ContractId,
    reason: &SingleLineText,
) -> Result<Vec<u8>, Refusal> {
    withdraw_from(connector, contract, None, reason)
}

/// Withdraws from a later instant, if one is given. Until then, the contract stays in force.
///
/// # Errors
/// Same errors as `own_now`.
pub fn withdraw_from(
    connector: &Arc<Connector>,
    contract: ContractId,
    from: Option<UtcTimestamp>,
    reason: &SingleLineText,
) -> Result<Vec<u8>, Refusal> {
    let own = connector.id();
    let provider = connector.contracts.with_registry(|registry| {
        registry
            .agreement(contract)
            .map(|agreement| agreement.provider.id == own)
    });
    let Some(provider) = provider else {
        return Err(Refusal::new(
            ErrorCode::ContractUnknown,
            format!("no contract `{}` here", contract.to_short_text()),
        ));
    };
    let role = if provider {
        SignatoryRole::Provider
    } else {
        SignatoryRole::Consumer
    };
    let now = connector.now();
    let payload = statement::to_bytes(&WithdrawalStatement {
        contract,
        party: own,
        effective_at: from.map_or(now, |from| from.max(now)),
        issued_at: now,
        reason: reason.to_string(),
    });
    let signature = connector.sign(StatementKind::Withdrawal, role, &payload)?;
    let bytes = envelope::assemble_statement(&payload, &[signature]);
    take_in(connector, &bytes)?;
    Ok(bytes)
}

/// Carries out a withdrawal by either party: verifies, stores and records it.
///
/// Running answers end at once. With a later instant, each answer ends itself at that instant. The withdrawal needs only its
/// record, if necessary in the reserve of the log: if the statement can't be stored in a file, the record holds it.
///
/// # Errors
/// If the statement is not by a party of a known contract, its signature is invalid, or it can't be recorded. In the last case, the
/// contract has ended here but is in force again after a restart.
pub fn take_in(connector: &Arc<Connector>, bytes: &[u8]) -> Result<ContractId, Refusal> {
    let withdrawal = envelope::parse_withdrawal(bytes)?;
    let contract = withdrawal.contract;
    let mut revoked = verify_withdrawal(connector, &withdrawal)?;
    if let Some(envelope) = connector.keep_stop_document(Document::Withdrawal, bytes) {
        revoked = revoked.with_envelope(envelope);
    }
    let why = Refusal::new(
        ErrorCode::Withdrawn,
        format!("contract `{}` was withdrawn", contract.to_short_text()),
    )
    .with_contract(contract);
    let stop = connector.records.log.begin_stop();
    let recorded = record_withdrawal(connector, revoked);
    let from = connector
        .contracts
        .with_registry(|registry| registry.withdrawn_from(contract));
    // A contract outside the registry permits nothing any more.
    if from.is_none_or(|from| from <= connector.now()) {
        connector.queries.running.cut_contract(contract, &why);
    }
    drop(stop);
    recorded.map(|()| contract)
}

/// Ends a contract with the record of the withdrawal, or without it if recording fails.
///
/// # Errors
/// If the withdrawal can't be recorded. The contract is over anyway until a restart.
fn record_withdrawal(connector: &Connector, revoked: VerifiedWithdrawal) -> Result<(), Refusal> {
    let (contract, effective) = (revoked.contract(), revoked.effective_at());
    let failed = match connector.record_stop(revoked) {
        Ok(StopRecord::InLog(recorded)) => {
            connector
                .contracts
                .with_registry_mut(|registry| registry.apply_withdrawal(recorded));
            return Ok(());
        }
        Ok(StopRecord::InReserve) => None,
        Err(refusal) => Some(refusal),
    };
    let ends = effective.filter(|at| *at > connector.now());
    connector.contracts.with_registry_mut(|registry| {
        registry.end_contract(contract, ends.unwrap_or(UtcTimestamp::EARLIEST))
    });
    match failed {
        None => Ok(()),
        Some(refusal) => Err(refusal.with_help(
            "the withdrawal holds as long as this connector runs; after the next start withdraw it again",
        )),
    }
}

/// Returns the stored withdrawal that ended a contract: party, time and reason; `None` if it is unreadable or its text is erased.
pub fn withdrawal_of(records: &RecordKeeping, contract: ContractId) -> Option<SignedWithdrawal> {
    let kept = records
        .documents
        .read_documents(Document::Withdrawal)
        .ok()?;
    // The earliest of several counts.
    kept.iter()
        .filter_map(|bytes| envelope::parse_withdrawal(bytes).ok())
        .filter(|read| read.contract == contract)
        .min_by_key(effective_from)
}

/// Returns the instant at which a statement takes effect, never before it was written.
pub fn effective_from(withdrawal: &SignedWithdrawal) -> UtcTimestamp {
    withdrawal.effective_at.max(withdrawal.issued_at)
}

/// Returns the recorded own withdrawals without a message to the other party, after a crash. Each comes with that party.
///
/// # Errors
/// If the index or a document can't be read.
pub fn unsent_withdrawals(connector: &Connector) -> Result<Vec<(ParticipantId, Vec<u8>)>, Refusal> {
    let own = connector.id();
    let recorded: BTreeSet<ContractId> = connector
        .records
        .index(|state| state.contracts())?
        .into_iter()
        .filter(|event| event.withdrawn.is_some())
        .map(|event| event.id)
        .collect();
    let mut unreported = BTreeMap::new();
    for bytes in connector
        .records
        .documents
        .read_documents(Document::Withdrawal)?
    {
        // An unreadable withdrawal was never carried out, because carrying out reads it first.
        let Ok(read) = envelope::parse_withdrawal(&bytes) else {
            continue;
        };
        let with = connector.contracts.with_registry(|registry| {
            let agreement = registry.agreement(read.contract)?;
            // A Dataspace Protocol partner is informed by its own protocol.
            match agreement.provider.id == own {
                true if agreement.partner().is_some() => None,
                true => agreement.assignee_id().cloned(),
                false => Some(agreement.provider.id.clone()),
            }
        });
        if let Some(with) = with.filter(|_| read.party == own && recorded.contains(&read.contract))
        {
            // Keyed by statement: an earlier withdrawal with notice can be sent while a later immediate one is not.
            unreported.insert(read.statement, (with, bytes));
        }
    }
    let peers: BTreeSet<ParticipantId> =
        unreported.values().map(|(with, _)| with.clone()).collect();
    for peer in peers {
        for digest in connector
            .records
            .index(|state| state.messages_to(&peer, "withdrawal"))?
        {
            // An unreadable message was not sent, so its withdrawal is sent again.
            let message = connector
                .records
                .documents
                .read_document(Document::Message, digest);
            let message = message.and_then(|bytes| hansa_proto::stored_message::from_bytes(&bytes));
            if let Ok(message) = message
                && let MessageContent::Withdrawal { statement } = message.content
                && let Ok(reported) = envelope::parse_withdrawal(&statement)
            {
                unreported.remove(&reported.statement);
            }
        }
    }
    Ok(unreported.into_values().collect())
}

/// Sends these withdrawals to the other parties. Failures are reported at the next search for unsent withdrawals.
pub async fn notify_parties(connector: &Arc<Connector>, unreported: Vec<(ParticipantId, Vec<u8>)>) {
    for (peer, statement) in unreported {
        if let Err(refusal) = notify_party(connector, &peer, statement).await {
            tracing::warn!(peer = peer.domain(), code = %refusal.code, "contract.end_untold");
        }
    }
}

/// Ends negotiations beside a withdrawn contract, and sends the withdrawal to the other party.
///
/// # Errors
/// If a step can't be recorded.
pub async fn notify_party(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    statement: Vec<u8>,
) -> Result<(), Refusal> {
    let contract = envelope::parse_withdrawal(&statement)?.contract;
    resumption::end_signed(connector, peer, contract).await?;
    let statement = statement.into();
    outgoing_message::send_message(
        connector,
        peer,
        MessageContent::Withdrawal { statement },
        false,
    )
    .await
}

/// Verifies that a withdrawal is by a party of a known contract, with a valid signature.
///
/// # Errors
/// If it is not, or its signature is invalid.
pub fn verify_withdrawal(
    connector: &Arc<Connector>,
    withdrawal: &SignedWithdrawal,
) -> Result<VerifiedWithdrawal, Refusal> {
    let agreed = load_verified_contract(connector, withdrawal.contract)?;
    let bundle = connector.identity.trust.bundle();
    agreed.verify_withdrawal(
        withdrawal,
        &earlier_keys(&bundle, &withdrawal.signature, connector.now()),
    )
}

/// Verifies the peer's signature of a received statement.
///
/// # Errors
/// The fault of the signature.
pub(crate) fn check_statement(
    connector: &Connector,
    peer: &ParticipantId,
    signature: &Signature,
) -> Result<(), Refusal> {
    let bundle = connector.identity.trust.bundle();
    earlier_keys(&bundle, signature, connector.now()).check_signature(
        peer,
        signature,
        SignaturePurpose::Statement,
    )
}

/// Registered keys for a received statement that may have been signed long ago. Keys valid at that time count, because a statement
/// can wait in an outbox longer than its key is valid. Revocation is judged by the current bundle.
fn earlier_keys<'a>(
    bundle: &'a TrustBundle,
    signature: &Signature,
    now: UtcTimestamp,
) -> RegisteredKeys<'a> {
    let signed = signature.issued_at.saturating_mul(1_000_000);
    let signed = UtcTimestamp::from_micros(signed).map_or(now, |signed| signed.min(now));
    bundle.keys(signed).first_seen(now)
}

/// Contract as it was signed: from the registry, or from its file if its signatures are no longer valid.
fn load_verified_contract(
    connector: &Arc<Connector>,
    contract: ContractId,
) -> Result<hansa_policy::contract::VerifiedContract, Refusal> {
    if let Some(agreed) = connector
        .contracts
        .with_registry(|registry| registry.verified_contract(contract))
    {
        return Ok(agreed);
    }
    let unknown = |_| {
        Refusal::new(
            ErrorCode::ContractUnknown,
            format!("no contract `{}` here", contract.to_short_text()),
        )
    };
    let bytes = connector
        .records
        .documents
        .read_contract(contract)
        .map_err(unknown)?;
    let at = connector
        .records
        .index(|state| state.contract_activation(contract))?
        .unwrap_or_else(|| connector.now());
    crate::contract::contract_files::read_contract(
        &bytes,
        contract,
        &connector.identity.trust.bundle(),
        at,
    )
}
