//! Revoke: a signed statement, recorded, ends a contract and what runs under it.

use crate::participant::Connector;
use crate::participant::evidence_recording::StopRecord;
use crate::workflow::negotiation::{outgoing_message, resumption};
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_identity::signature::RegisteredKeys;
use hansa_policy::contract::signature::{SignatoryRole, Signature, SignatureVerifier as _};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::contract::{SignedWithdrawal, VerifiedWithdrawal};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::envelope::{self, StatementKind};
use hansa_proto::peer::message::MessageContent;
use hansa_proto::withdrawal::{self, WithdrawalStatement};
use hansa_store::document_folder::StoredDocumentKind as Document;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Writes and signs our own withdrawal of a contract, and carries it out. Gives the statement for the other party.
///
/// # Errors
/// `CONTRACT_UNKNOWN`, or when the statement can't be signed or recorded.
pub(crate) fn own_now(
    node: &Arc<Connector>,
    contract: ContractId,
    reason: &SingleLineText,
) -> Result<Vec<u8>, Refusal> {
    let own = node.id();
    let provider = node.contracts.book(|book| {
        book.agreement(contract)
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
    let now = node.now();
    let payload = withdrawal::to_bytes(&WithdrawalStatement {
        contract,
        party: own,
        effective_at: now,
        issued_at: now,
        reason: reason.to_string(),
    });
    let signature = node.sign(StatementKind::Withdrawal, role, &payload)?;
    let bytes = envelope::assemble(&payload, &[signature]);
    take_in(node, &bytes)?;
    Ok(bytes)
}

/// Carries out a withdrawal by either party: checked, kept, recorded; running streams end at once. It needs nothing but its record,
/// if need be in the reserve of the log: where the statement can't be kept in a file of its own, the record holds it.
///
/// # Errors
/// When it is not by a party of a contract that we hold, or its signature does not count; or it can't be recorded: then it ended here,
/// and it is in force again after a start.
pub(crate) fn take_in(node: &Arc<Connector>, bytes: &[u8]) -> Result<ContractId, Refusal> {
    let withdrawal = envelope::parse_withdrawal(bytes)?;
    let contract = withdrawal.contract;
    let mut revoked = checked(node, &withdrawal)?;
    if let Some(envelope) = node.unfiled(Document::Withdrawal, bytes) {
        revoked = revoked.with_envelope(envelope);
    }
    let why = Refusal::new(
        ErrorCode::Withdrawn,
        format!("contract `{}` was withdrawn", contract.short()),
    )
    .with_contract(contract);
    let stop = node.records.log.begin_stop();
    let recorded = recorded(node, revoked);
    node.queries.running.cut_contract(contract, &why);
    drop(stop);
    recorded.map(|()| contract)
}

/// Ends a contract with the record of it, and also without.
///
/// # Errors
/// When it can't be recorded. It is over all the same, as long as this runs.
fn recorded(node: &Connector, revoked: VerifiedWithdrawal) -> Result<(), Refusal> {
    let (contract, effective) = (revoked.contract(), revoked.effective_at());
    let failed = match node.record_stop(revoked) {
        Ok(StopRecord::InLog(recorded)) => {
            node.contracts.book_mut(|book| book.revoke(recorded));
            return Ok(());
        }
        Ok(StopRecord::InReserve) => None,
        Err(refusal) => Some(refusal),
    };
    let ends = effective.filter(|at| *at > node.now());
    node.contracts
        .book_mut(|book| book.end(contract, ends.unwrap_or(UtcTimestamp::EARLIEST)));
    match failed {
        None => Ok(()),
        Some(refusal) => Err(refusal.with_help(
            "it is over as long as this connector runs; after the next start withdraw it again",
        )),
    }
}

/// The withdrawal that ended a contract, as it is kept: who, when and why. Absent where it can't be read, or its text is erased.
pub(crate) fn withdrawal_of(node: &Connector, contract: ContractId) -> Option<SignedWithdrawal> {
    let kept = node.records.documents.all(Document::Withdrawal).ok()?;
    kept.iter()
        .filter_map(|bytes| envelope::parse_withdrawal(bytes).ok())
        .find(|read| read.contract == contract)
}

/// Our withdrawals that are on the books and of which no letter went to the other party: a crash came in between. Each with
/// that party.
///
/// # Errors
/// When the index or a document can't be read.
pub(crate) fn unsent_withdrawals(
    node: &Connector,
) -> Result<Vec<(ParticipantId, Vec<u8>)>, Refusal> {
    let own = node.id();
    let recorded: BTreeSet<ContractId> = node
        .records
        .index(|state| state.contracts())?
        .into_iter()
        .filter(|event| event.withdrawn.is_some())
        .map(|event| event.id)
        .collect();
    let mut untold = BTreeMap::new();
    for bytes in node.records.documents.all(Document::Withdrawal)? {
        // One that can't be read was never carried out: what is carried out was read before.
        let Ok(read) = envelope::parse_withdrawal(&bytes) else {
            continue;
        };
        let with = node.contracts.book(|book| {
            let agreement = book.agreement(read.contract)?;
            match agreement.provider.id == own {
                true => agreement.assignee_id().cloned(),
                false => Some(agreement.provider.id.clone()),
            }
        });
        if let Some(with) = with.filter(|_| read.party == own && recorded.contains(&read.contract))
        {
            untold.insert(read.contract, (with, bytes));
        }
    }
    let peers: BTreeSet<ParticipantId> = untold.values().map(|(with, _)| with.clone()).collect();
    for peer in peers {
        for digest in node
            .records
            .index(|state| state.messages_to(&peer, "withdrawal"))?
        {
            // A letter that can't be read can't have been sent: what it was to tell is told anew.
            let letter = node.records.documents.read(Document::Letter, digest);
            let letter = letter.and_then(|bytes| hansa_proto::stored_message::from_bytes(&bytes));
            if let Ok(letter) = letter
                && let MessageContent::Withdrawal { statement } = letter.content
                && let Ok(told) = envelope::parse_withdrawal(&statement)
            {
                untold.remove(&told.contract);
            }
        }
    }
    Ok(untold.into_values().collect())
}

/// Writes to the other parties of these withdrawals. What goes wrong is told when they are looked for again.
pub(crate) async fn notify_parties(node: &Arc<Connector>, untold: Vec<(ParticipantId, Vec<u8>)>) {
    for (peer, statement) in untold {
        if let Err(refusal) = notify_party(node, &peer, statement).await {
            tracing::warn!(peer = peer.domain(), code = %refusal.code, "contract.end_untold");
        }
    }
}

/// Ends what is signed beside a contract that is withdrawn, and writes of its end to the other party.
///
/// # Errors
/// When something of it can't be recorded.
pub(crate) async fn notify_party(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    statement: Vec<u8>,
) -> Result<(), Refusal> {
    let contract = envelope::parse_withdrawal(&statement)?.contract;
    resumption::end_signed(node, peer, contract).await?;
    let statement = statement.into();
    outgoing_message::send(node, peer, MessageContent::Withdrawal { statement }, false).await
}

/// Whether a withdrawal is by a party of a contract that we hold, and its signature counts.
///
/// # Errors
/// When it is not, or does not.
pub(crate) fn checked(
    node: &Arc<Connector>,
    withdrawal: &SignedWithdrawal,
) -> Result<VerifiedWithdrawal, Refusal> {
    let agreed = agreed(node, withdrawal.contract)?;
    let bundle = node.identity.trust.bundle();
    agreed.revoke(
        withdrawal,
        &earlier(&bundle, &withdrawal.signature, node.now()),
    )
}

/// Whether a statement that has come in counts as signed by a peer.
///
/// # Errors
/// What is wrong with its signature.
pub(crate) fn check_statement(
    node: &Connector,
    peer: &ParticipantId,
    signature: &Signature,
) -> Result<(), Refusal> {
    let bundle = node.identity.trust.bundle();
    earlier(&bundle, signature, node.now()).check(peer, signature, SignaturePurpose::Statement)
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
fn agreed(
    node: &Arc<Connector>,
    contract: ContractId,
) -> Result<hansa_policy::contract::VerifiedContract, Refusal> {
    if let Some(agreed) = node.contracts.book(|book| book.agreed(contract)) {
        return Ok(agreed);
    }
    let unknown = |_| {
        Refusal::new(
            ErrorCode::ContractUnknown,
            format!("no contract `{}` here", contract.short()),
        )
    };
    let bytes = node.records.documents.contract(contract).map_err(unknown)?;
    let at = node
        .records
        .index(|state| state.contracts())?
        .into_iter()
        .find(|event| event.id == contract)
        .and_then(|event| event.activated)
        .unwrap_or_else(|| node.now());
    crate::participant::contract_files::read_contract(
        &bytes,
        contract,
        &node.identity.trust.bundle(),
        at,
    )
}
