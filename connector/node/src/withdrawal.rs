//! Revoke: a signed statement, recorded, ends a contract and what runs under it.

pub mod effective_instant;

use crate::log::evidence_recording::StopRecord;
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

/// Writes and signs our own withdrawal of a contract, and carries it out at once. Gives the statement for the other party.
///
/// # Errors
/// `CONTRACT_UNKNOWN`, or when the statement can't be signed or recorded.
pub(crate) fn own_now(
    connector: &Arc<Connector>,
    contract: ContractId,
    reason: &SingleLineText,
) -> Result<Vec<u8>, Refusal> {
    withdraw_from(connector, contract, None, reason)
}

/// Withdraws from an instant to come on, where one is given: until then the contract stays as it is.
///
/// # Errors
/// As `own_now`.
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
            format!("no contract `{}` here", contract.short()),
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
    let bytes = envelope::assemble(&payload, &[signature]);
    take_in(connector, &bytes)?;
    Ok(bytes)
}

/// Carries out a withdrawal by either party: checked, kept, recorded. Running streams end at once, or at the instant from which the
/// statement counts: each answer looks for that by itself. It needs nothing but its record, if need be in the reserve of the log:
/// where the statement can't be kept in a file of its own, the record holds it.
///
/// # Errors
/// When it is not by a party of a contract that we hold, or its signature does not count; or it can't be recorded: then it ended here,
/// and it is in force again after a start.
pub fn take_in(connector: &Arc<Connector>, bytes: &[u8]) -> Result<ContractId, Refusal> {
    let withdrawal = envelope::parse_withdrawal(bytes)?;
    let contract = withdrawal.contract;
    let mut revoked = verify_withdrawal(connector, &withdrawal)?;
    if let Some(envelope) = connector.keep_stop_document(Document::Withdrawal, bytes) {
        revoked = revoked.with_envelope(envelope);
    }
    let why = Refusal::new(
        ErrorCode::Withdrawn,
        format!("contract `{}` was withdrawn", contract.short()),
    )
    .with_contract(contract);
    let stop = connector.records.log.begin_stop();
    let recorded = record_withdrawal(connector, revoked);
    let from = connector
        .contracts
        .with_registry(|registry| registry.withdrawn_from(contract));
    // A contract that is not in the registry gives nothing any more.
    if from.is_none_or(|from| from <= connector.now()) {
        connector.queries.running.cut_contract(contract, &why);
    }
    drop(stop);
    recorded.map(|()| contract)
}

/// Ends a contract with the record of it, and also without.
///
/// # Errors
/// When it can't be recorded. It is over all the same, as long as this runs.
fn record_withdrawal(connector: &Connector, revoked: VerifiedWithdrawal) -> Result<(), Refusal> {
    let (contract, effective) = (revoked.contract(), revoked.effective_at());
    let failed = match connector.record_stop(revoked) {
        Ok(StopRecord::InLog(recorded)) => {
            connector
                .contracts
                .with_registry_mut(|registry| registry.revoke(recorded));
            return Ok(());
        }
        Ok(StopRecord::InReserve) => None,
        Err(refusal) => Some(refusal),
    };
    let ends = effective.filter(|at| *at > connector.now());
    connector.contracts.with_registry_mut(|registry| {
        registry.end(contract, ends.unwrap_or(UtcTimestamp::EARLIEST))
    });
    match failed {
        None => Ok(()),
        Some(refusal) => Err(refusal.with_help(
            "the withdrawal holds as long as this connector runs; after the next start withdraw it again",
        )),
    }
}

/// The withdrawal that ended a contract, as it is kept: who, when and why. Absent where it can't be read, or its text is erased.
pub fn withdrawal_of(connector: &Connector, contract: ContractId) -> Option<SignedWithdrawal> {
    let kept = connector.records.documents.all(Document::Withdrawal).ok()?;
    // Of several the earliest counts.
    kept.iter()
        .filter_map(|bytes| envelope::parse_withdrawal(bytes).ok())
        .filter(|read| read.contract == contract)
        .min_by_key(effective_from)
}

/// From when a statement counts: never from before it was written.
pub fn effective_from(withdrawal: &SignedWithdrawal) -> UtcTimestamp {
    withdrawal.effective_at.max(withdrawal.issued_at)
}

/// Our withdrawals that are in the log and of which no message went to the other party: a crash came in between. Each with
/// that party.
///
/// # Errors
/// When the index or a document can't be read.
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
    for bytes in connector.records.documents.all(Document::Withdrawal)? {
        // One that can't be read was never carried out: what is carried out was read before.
        let Ok(read) = envelope::parse_withdrawal(&bytes) else {
            continue;
        };
        let with = connector.contracts.with_registry(|registry| {
            let agreement = registry.agreement(read.contract)?;
            // A partner of another make is told by its own protocol.
            match agreement.provider.id == own {
                true if agreement.partner().is_some() => None,
                true => agreement.assignee_id().cloned(),
                false => Some(agreement.provider.id.clone()),
            }
        });
        if let Some(with) = with.filter(|_| read.party == own && recorded.contains(&read.contract))
        {
            // By statement: one for a later day may be told, and one at once behind it not.
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
            // A message that can't be read can't have been sent: what it was to tell is told anew.
            let message = connector.records.documents.read(Document::Letter, digest);
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

/// Writes to the other parties of these withdrawals. What goes wrong is told when they are looked for again.
pub async fn notify_parties(connector: &Arc<Connector>, unreported: Vec<(ParticipantId, Vec<u8>)>) {
    for (peer, statement) in unreported {
        if let Err(refusal) = notify_party(connector, &peer, statement).await {
            tracing::warn!(peer = peer.domain(), code = %refusal.code, "contract.end_untold");
        }
    }
}

/// Ends what is signed beside a contract that is withdrawn, and writes of its end to the other party.
///
/// # Errors
/// When something of it can't be recorded.
pub async fn notify_party(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    statement: Vec<u8>,
) -> Result<(), Refusal> {
    let contract = envelope::parse_withdrawal(&statement)?.contract;
    resumption::end_signed(connector, peer, contract).await?;
    let statement = statement.into();
    outgoing_message::send(
        connector,
        peer,
        MessageContent::Withdrawal { statement },
        false,
    )
    .await
}

/// Whether a withdrawal is by a party of a contract that we hold, and its signature counts.
///
/// # Errors
/// When it is not, or does not.
pub fn verify_withdrawal(
    connector: &Arc<Connector>,
    withdrawal: &SignedWithdrawal,
) -> Result<VerifiedWithdrawal, Refusal> {
    let agreed = load_verified_contract(connector, withdrawal.contract)?;
    let bundle = connector.identity.trust.bundle();
    agreed.revoke(
        withdrawal,
        &earlier(&bundle, &withdrawal.signature, connector.now()),
    )
}

/// Whether a statement that has come in counts as signed by a peer.
///
/// # Errors
/// What is wrong with its signature.
pub(crate) fn check_statement(
    connector: &Connector,
    peer: &ParticipantId,
    signature: &Signature,
) -> Result<(), Refusal> {
    let bundle = connector.identity.trust.bundle();
    earlier(&bundle, signature, connector.now()).check(peer, signature, SignaturePurpose::Statement)
}

/// The registered keys for a statement that has come in now and may have been signed long ago: those that counted then, since
/// it may lie in an outbox for longer than its key lasts. Whether a key was revoked is judged by now.
fn earlier<'a>(
    bundle: &'a TrustBundle,
    signature: &Signature,
    now: UtcTimestamp,
) -> RegisteredKeys<'a> {
    let signed = signature.issued_at.saturating_mul(1_000_000);
    let signed = UtcTimestamp::from_micros(signed).map_or(now, |signed| signed.min(now));
    bundle.keys(signed).first_seen(now)
}

/// The contract as it was signed: as it was taken in, or read from its file again where its signatures count no longer.
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
            format!("no contract `{}` here", contract.short()),
        )
    };
    let bytes = connector
        .records
        .documents
        .contract(contract)
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
