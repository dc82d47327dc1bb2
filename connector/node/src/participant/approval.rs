//! Two officers: what lets out more, lets more in, or ends a contract is asked for by one person and approved by another.
//!
//! Both are in the log before anything is signed, each under a pseudonym that only this participant can tell
//! (`crate::participant::pseudonyms`), and a reason as a digest of what is kept beside the log. Who
//! somebody is says the kernel, which names the Unix user at the other end of the local socket.

use crate::log::audit_event::{AuditEvent, maybe};
use crate::participant::Connector;
use crate::participant::pseudonyms::Person;
use crate::process::blocking_work::waiting;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::contracts::ApprovalRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::{Agreement, Assignee, ContractStatus};
use hansa_policy::diff::{self, ChangeVerdict};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::state_index::row::PendingApprovalRow;
use std::sync::Arc;

/// What needs two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalAction {
    /// To sign what lets out more than a contract between the same two about the same dataset, or can't be compared with it.
    Sign,
    /// To end a contract at once.
    Withdraw,
    /// To end a contract from an instant on. With another instant it is another act.
    WithdrawFrom(UtcTimestamp),
    /// To let more participants into a group; in the place of a contract stands the change.
    Admit,
    /// To take a restriction away from a dataset, or to set a looser one; in the place of a contract stands the change.
    Unrestrict,
}

impl ApprovalAction {
    /// The word of the action in commands and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Withdraw => "withdraw",
            Self::WithdrawFrom(_) => "withdraw from",
            Self::Admit => "admit",
            Self::Unrestrict => "unrestrict",
        }
    }

    /// Its name in the log, with the instant that belongs to it.
    fn record_name(self) -> String {
        match self {
            Self::WithdrawFrom(from) => format!("{} {from}", self.as_str()),
            _ => self.as_str().to_owned(),
        }
    }

    /// From when a contract is to end, where a record says so.
    pub fn withdrawal_instant(recorded: &str) -> Option<UtcTimestamp> {
        recorded.strip_prefix("withdraw from ")?.parse().ok()
    }
}

/// What has come of somebody's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// Two have said so, for the reason that the first one gave.
    Enough(Option<String>),
    /// One has said so, which is in the log; another one is awaited.
    Waits,
}

/// What the agreement would be beside what is in force, where that needs two officers here.
pub fn needs_two(connector: &Connector, agreement: &Agreement) -> Option<ChangeVerdict> {
    if !connector.config().officers.second || agreement.provider.id != connector.id() {
        return None;
    }
    let now = connector.now();
    // Also one that does not say that it replaces anything lets out more than there was.
    let verdict = connector.contracts.with_registry(|registry| {
        let dataset = &agreement.dataset.id;
        let ended = registry
            .over(dataset, now)
            .filter(|_| agreement.assignee == Assignee::Public)
            .filter(|(_, old, _)| agreement.may_replace(old))
            .map(|(id, old, _)| (old.proposed_at, id))
            .max();
        registry
            .over(dataset, now)
            .filter(|(id, old, status)| {
                // A public view ends with a line of a file, so the last one counts even where it has ended.
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

/// Takes somebody's word that an action be done.
///
/// # Errors
/// `SECOND_OFFICER_NEEDED` for whoever is none of the officers, or has said so already; or when it can't be recorded.
pub async fn word(
    connector: &Arc<Connector>,
    caller: Option<u32>,
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
            connector,
            reason.as_deref(),
        )?));
    }
    let officer = find_officer(connector, caller)?;
    let record = |first: &str, second: Option<&str>, reason: Option<&str>| {
        let (contract, change) = match action {
            ApprovalAction::Sign | ApprovalAction::Withdraw | ApprovalAction::WithdrawFrom(_) => {
                (Some(contract.to_string()), None)
            }
            ApprovalAction::Admit | ApprovalAction::Unrestrict => {
                (None, Some(contract.to_string()))
            }
        };
        AuditEvent::from(ApprovalRecord {
            contract,
            change,
            action: action.record_name().to_string(),
            first: first.to_owned(),
            second: maybe(second),
            reason_commit: maybe(reason),
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
            let commit = waiting(|| reason.map(keep).transpose())?;
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
            Approval::Enough(read_approval_reason(connector, before.reason.as_deref())?),
        ),
    };
    let _durable = connector.record(fact).await?;
    connector.records.index(|_| Ok(()))?;
    Ok(word)
}

/// What officers have said of it.
///
/// # Errors
/// When the index can't be read.
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

/// Refuses to send our signature where it needs two officers, and two have not said so.
///
/// # Errors
/// `SECOND_OFFICER_NEEDED`
// INVARIANT: two-officers. Whatever comes to signing, here it stops without the word of two.
pub fn insist(
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
        format!("what would be signed is {verdict} beside what is in force"),
    )
    .with_contract(contract)
    .with_help("hansa contract sign, by two of the users under [officers]"))
}

/// The pseudonym of the officer who calls. It says nothing to whoever has the log alone.
fn find_officer(connector: &Connector, caller: Option<u32>) -> Result<String, Refusal> {
    let refuse = |sentence: String| Err(Refusal::new(ErrorCode::SecondOfficerNeeded, sentence));
    let Some(user) = caller else {
        return refuse("no connector runs here, so nobody can tell who you are".to_owned())
            .map_err(|refusal| {
                refusal.with_help("start it, hansa serve, and give the command again")
            });
    };
    if !connector.config().officers.users.contains(&user) {
        return refuse(format!(
            "you came as the Unix user {user}, who is none of the users under [officers]"
        ));
    }
    let now = connector.now();
    waiting(|| {
        connector
            .records
            .pseudonyms
            .pseudonym(&Person::User(user), now)
    })
}

/// The reason of the first officer, as long as it is kept.
pub fn read_approval_reason(
    connector: &Connector,
    reason: Option<&str>,
) -> Result<Option<String>, Refusal> {
    match reason.map(|reason| (reason, reason.parse::<Digest>())) {
        None => Ok(None),
        Some((_, Err(fault))) => {
            let sentence = format!("the record of the first word names no reason: {fault}");
            Err(Refusal::new(ErrorCode::EvidenceBroken, sentence))
        }
        Some((_, Ok(commit))) => waiting(|| connector.records.pseudonyms.reason(commit)),
    }
}
