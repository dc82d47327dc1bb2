//! Approval by two officers: one officer requests a step that permits more, admits more or ends a contract, and another one
//! approves it.
//!
//! Both acts are recorded before anything is signed, each under a pseudonym that only this participant can resolve
//! (`crate::participant::pseudonyms`), and with the digest of a reason that is stored beside the log. Human beings are counted, not
//! accounts: a Unix user at the local socket and an account at the issuer may be one officer.

use crate::log::audit_event::{AuditEvent, optional_text};
use crate::log::record_keeping::RecordKeeping;
use crate::participant::Connector;
use crate::participant::caller::Caller;
use crate::participant::config_rights::may_add_people;
use crate::process::blocking_work::run_waiting;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::contracts::ApprovalRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::{Agreement, Assignee, ContractStatus};
use hansa_policy::diff::{self, ChangeVerdict};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_store::state_index::row::PendingApprovalRow;
use std::sync::Arc;

/// Step that needs two officers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalAction {
    /// Signature of terms that permit more than a contract between the two parties on the dataset, or that can't be compared with
    /// it.
    Sign,
    /// Immediate end of a contract.
    Withdraw,
    /// End of a contract from an instant on. Another instant is another step.
    WithdrawFrom(UtcTimestamp),
    /// Admission of more participants to a group. The change takes the place of the contract.
    Admit,
    /// To take a restriction away from a dataset, or to set a looser one; in the place of a contract stands the change.
    Unrestrict,
    /// Addition of a person with roles; in the place of a contract stands the change. Those approve it who may add people.
    AddPerson,
}

impl ApprovalAction {
    /// Name of the step in commands and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Withdraw => "withdraw",
            Self::WithdrawFrom(_) => "withdraw from",
            Self::Admit => "admit",
            Self::Unrestrict => "unrestrict",
            Self::AddPerson => "add person",
        }
    }

    /// Name of the step in the log, with its instant.
    pub fn record_name(self) -> String {
        match self {
            Self::WithdrawFrom(from) => format!("{} {from}", self.as_str()),
            _ => self.as_str().to_owned(),
        }
    }

    /// Step of the name in a record.
    pub fn from_record(recorded: &str) -> Option<Self> {
        let plain = [
            Self::Sign,
            Self::Withdraw,
            Self::Admit,
            Self::Unrestrict,
            Self::AddPerson,
        ];
        let mut plain = plain.into_iter();
        let from = Self::withdrawal_instant(recorded).map(Self::WithdrawFrom);
        from.or_else(|| plain.find(|action| action.as_str() == recorded))
    }

    /// `true` for a step on a contract; otherwise in the place of the contract stands a change.
    const fn is_on_contract(self) -> bool {
        match self {
            Self::Sign | Self::Withdraw | Self::WithdrawFrom(_) => true,
            Self::Admit | Self::Unrestrict | Self::AddPerson => false,
        }
    }

    /// Instant of the end of a contract, from the name in a record.
    pub fn withdrawal_instant(recorded: &str) -> Option<UtcTimestamp> {
        recorded.strip_prefix("withdraw from ")?.parse().ok()
    }
}

/// Result of an officer's approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// Two officers have approved, for the reason of the first one.
    Enough(Option<String>),
    /// One officer has approved, which is recorded; a second approval is needed.
    Waits,
}

/// Compares an agreement with the contracts in force. Returns the verdict if it needs two officers here.
pub fn needs_two(connector: &Connector, agreement: &Agreement) -> Option<ChangeVerdict> {
    if !connector.config().officers.second || agreement.provider.id != connector.id() {
        return None;
    }
    let now = connector.now();
    // An agreement that names no predecessor can also permit more than before.
    let verdict = connector.contracts.with_registry(|registry| {
        let dataset = &agreement.dataset.id;
        let ended = registry
            .contracts_on_dataset(dataset, now)
            .filter(|_| agreement.assignee == Assignee::Public)
            .filter(|(_, old, _)| agreement.may_replace(old))
            .map(|(id, old, _)| (old.proposed_at, id))
            .max();
        registry
            .contracts_on_dataset(dataset, now)
            .filter(|(id, old, status)| {
                // A public view ends when its line leaves a file, so the latest one counts even if it has ended.
                let last = ended.is_some_and(|(_, last)| last == *id);
                (last || matches!(status, ContractStatus::InForce | ContractStatus::NotYet))
                    && agreement.may_replace(old)
            })
            .map(|(_, old, _)| diff::of_agreements(old, agreement))
            .max()
    });
    verdict.filter(|verdict| {
        matches!(
            verdict,
            ChangeVerdict::Looser | ChangeVerdict::NotComparable
        )
    })
}

/// Takes the approval of an officer for a step.
///
/// # Errors
/// `SECOND_OFFICER_NEEDED` for a caller that is no officer or has already approved; or if the approval can't be recorded.
pub async fn take_approval(
    connector: &Arc<Connector>,
    caller: &Caller,
    contract: ContractId,
    action: ApprovalAction,
    reason: Option<&str>,
) -> Result<Approval, Refusal> {
    let _turn = connector.contracts.negotiation_lock.lock().await;
    let before = pending_approval(connector, contract, action)?;
    if let Some(PendingApprovalRow {
        second: Some(_),
        reason,
        ..
    }) = before
    {
        return Ok(Approval::Enough(read_approval_reason(
            &connector.records,
            reason.as_deref(),
        )?));
    }
    let officer = find_officer(connector, caller, action)?;
    let record = |first: &str, second: Option<&str>, reason: Option<&str>| {
        AuditEvent::from(ApprovalRecord {
            second: optional_text(second),
            reason_commit: optional_text(reason),
            ..begin_record(contract, action, first)
        })
    };
    let (fact, word) = match &before {
        None => {
            let keep = |reason| {
                connector
                    .records
                    .pseudonyms
                    .keep_reason(connector.now(), reason)
            };
            let commit = run_waiting(|| reason.map(keep).transpose())?;
            let commit = commit.map(|commit| commit.to_string());
            (record(&officer, None, commit.as_deref()), Approval::Waits)
        }
        Some(before)
            if connector
                .records
                .pseudonyms
                .are_one(&before.first, &officer) =>
        {
            return Err(Refusal::new(
                ErrorCode::SecondOfficerNeeded,
                format!(
                    "you are the one who asked for it on {}; somebody else must approve",
                    before.at
                ),
            ));
        }
        Some(before) => (
            record(&before.first, Some(&officer), before.reason.as_deref()),
            Approval::Enough(read_approval_reason(
                &connector.records,
                before.reason.as_deref(),
            )?),
        ),
    };
    let _durable = connector.record(fact).await?;
    connector.records.index(|_| Ok(()))?;
    Ok(word)
}

/// Declines a step that one officer has asked for and nobody has approved. Whoever has asked for it can take it back so, too.
///
/// # Errors
/// `USAGE` for a step that does not wait, `SECOND_OFFICER_NEEDED` for a caller who could not approve it either; or if the refusal can't
/// be recorded: the step then waits on.
pub async fn decline_approval(
    connector: &Arc<Connector>,
    caller: &Caller,
    contract: ContractId,
    action: ApprovalAction,
    reason: &SingleLineText,
) -> Result<(), Refusal> {
    // One at a time with approvals, so that a step is either approved or declined.
    let _turn = connector.contracts.negotiation_lock.lock().await;
    let asked = pending_approval(connector, contract, action)?;
    let Some(asked) = asked.filter(|asked| asked.second.is_none()) else {
        let sentence = "the step does not wait for a second officer";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence).with_help("hansa approval list"));
    };
    let officer = find_officer(connector, caller, action)?;
    let commit = run_waiting(|| {
        let pseudonyms = &connector.records.pseudonyms;
        pseudonyms.keep_reason(connector.now(), reason.as_str())
    })?;
    let record = ApprovalRecord {
        declined: Some(officer),
        reason_commit: Some(commit.to_string()),
        ..begin_record(contract, action, &asked.first)
    };
    let _durable = connector.record(AuditEvent::from(record)).await?;
    connector.records.index(|_| Ok(()))
}

/// Record of a step that the first officer has asked for.
fn begin_record(contract: ContractId, action: ApprovalAction, first: &str) -> ApprovalRecord {
    let is_on_contract = action.is_on_contract();
    ApprovalRecord {
        contract: is_on_contract.then(|| contract.to_string()),
        change: (!is_on_contract).then(|| contract.to_string()),
        action: action.record_name(),
        first: first.to_owned(),
        second: None,
        declined: None,
        reason_commit: None,
    }
}

/// Returns the recorded approvals of a step.
///
/// # Errors
/// If the index can't be read.
pub(crate) fn pending_approval(
    connector: &Connector,
    contract: ContractId,
    action: ApprovalAction,
) -> Result<Option<PendingApprovalRow>, Refusal> {
    let words = connector.records.index(|state| state.pending_approvals())?;
    let wanted = action.record_name();
    let of = |word: &PendingApprovalRow| word.contract == contract && word.action == wanted;
    Ok(words.into_iter().find(of))
}

/// Refuses the signature of a step that needs two officers and has fewer approvals.
///
/// # Errors
/// `SECOND_OFFICER_NEEDED`
// INVARIANT: two-officers. Every path to a signature passes this check.
pub fn require_approvals(
    connector: &Connector,
    contract: ContractId,
    agreement: &Agreement,
) -> Result<(), Refusal> {
    let Some(verdict) = needs_two(connector, agreement) else {
        return Ok(());
    };
    let said = pending_approval(connector, contract, ApprovalAction::Sign)?;
    if said.is_some_and(|word| word.second.is_some()) {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::SecondOfficerNeeded,
        format!("the contract to be signed is {verdict} compared with those in force"),
    )
    .with_contract(contract)
    .with_help(
        "hansa contract sign, by two of the users under [officers] or with the role `signer`",
    ))
}

/// Pseudonym of the calling officer. The log alone does not reveal the person.
fn find_officer(
    connector: &Connector,
    caller: &Caller,
    action: ApprovalAction,
) -> Result<String, Refusal> {
    let refuse = |sentence: String| Refusal::new(ErrorCode::SecondOfficerNeeded, sentence);
    let config = connector.config();
    let unknown = || {
        let sentence = "no connector runs here, so your Unix user can't be checked".to_owned();
        refuse(sentence).with_help("start it, hansa serve, and give the command again")
    };
    let key = caller.key(&config).ok_or_else(unknown)?;
    // INVARIANT: two-human-beings. A key has all accounts of a person, so nobody is two officers.
    let is_entitled = match action {
        ApprovalAction::AddPerson => may_add_people(connector, &key),
        ApprovalAction::Sign
        | ApprovalAction::Withdraw
        | ApprovalAction::WithdrawFrom(_)
        | ApprovalAction::Admit
        | ApprovalAction::Unrestrict => config.officers.approvers.contains(&key),
    };
    if !is_entitled {
        return Err(refuse(format!(
            "you are {key}, who is not listed under [officers] and is no person with the role `signer`"
        )));
    }
    caller.pseudonym(connector)?.ok_or_else(unknown)
}

/// Reason of the first officer, while it is stored.
pub fn read_approval_reason(
    records: &RecordKeeping,
    reason: Option<&str>,
) -> Result<Option<String>, Refusal> {
    match reason.map(|reason| (reason, reason.parse::<Digest>())) {
        None => Ok(None),
        Some((_, Err(fault))) => {
            let sentence = format!("the record of the first word names no reason: {fault}");
            Err(Refusal::new(ErrorCode::EvidenceBroken, sentence))
        }
        Some((_, Ok(commit))) => run_waiting(|| records.pseudonyms.reason(commit)),
    }
}
