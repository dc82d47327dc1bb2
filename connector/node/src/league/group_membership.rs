//! Membership of groups. A list is signed, stored and recorded before it takes effect; answers to removed members are cut.

use crate::log::audit_event::{AuditEvent, list_texts};
use crate::participant::Connector;
use crate::participant::approval;
use crate::participant::approval::{Approval, ApprovalAction};
use crate::participant::caller::Caller;
use crate::participant::reloadable_state::ReloadableState;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::contracts::GroupRecord;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::group::{GroupName, RENEWED, SignedGroupList};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::group::{self, GroupStatement, MOST};
use hansa_proto::statement;
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_store::state_index::row::PendingApprovalRow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Adds participants to a group. If two officers are required, the change needs both.
///
/// # Errors
/// Same errors as [`approval::take_approval`], or if the list can't be stored or recorded.
pub async fn add_members(
    connector: &Arc<Connector>,
    name: &GroupName,
    added: &BTreeSet<ParticipantId>,
    caller: &Caller,
) -> Result<MembershipOutcome, Refusal> {
    let before = group_members(&connector.reloadable, name);
    let all: BTreeSet<ParticipantId> = before.union(added).cloned().collect();
    let mut agreed = None;
    if connector.config().officers.second && all != before {
        let new: Vec<&str> = all.difference(&before).map(ParticipantId::as_str).collect();
        let what = format!("{name} {}", new.join(" "));
        let change = change_identity(connector, name, &all)?;
        if approval::take_approval(
            connector,
            caller,
            change,
            ApprovalAction::Admit,
            Some(&what),
        )
        .await?
            == Approval::Waits
        {
            return Ok(MembershipOutcome::Waits);
        }
        agreed = Some(change);
    }
    let added = MembershipChange::Added(added.clone(), agreed);
    write_list(connector, name, added)
        .await
        .map(MembershipOutcome::Listed)
}

/// Removes participants from a group.
///
/// # Errors
/// If the list can't be signed, stored or recorded.
pub async fn remove_members(
    connector: &Arc<Connector>,
    name: &GroupName,
    removed: BTreeSet<ParticipantId>,
) -> Result<Arc<SignedGroupList>, Refusal> {
    write_list(connector, name, MembershipChange::Removed(removed)).await
}

/// Change of a list, relative to the list in force when the change is carried out.
enum MembershipChange {
    /// No change of members.
    Renewed,
    /// Additional members, with the identity of the approved change if officers approved it.
    Added(BTreeSet<ParticipantId>, Option<ContractId>),
    /// Members to remove.
    Removed(BTreeSet<ParticipantId>),
}

/// Result of a change.
#[derive(Debug)]
pub enum MembershipOutcome {
    /// The list with the change is in force.
    Listed(Arc<SignedGroupList>),
    /// One officer has approved, and a second approval is needed.
    Waits,
}

fn group_members(reloadable: &ReloadableState, name: &GroupName) -> BTreeSet<ParticipantId> {
    let groups = reloadable.groups();
    let known = groups.get(name);
    known.map_or_else(BTreeSet::new, |group| group.members.clone())
}

/// Identity of a change, so that both officers approve one change: the resulting members and the previous change. An approval does
/// not count for a later change.
fn change_identity(
    connector: &Connector,
    name: &GroupName,
    members: &BTreeSet<ParticipantId>,
) -> Result<ContractId, Refusal> {
    let before = connector
        .records
        .index(|state| state.group_changed(name.as_str()))?;
    let members: Vec<&str> = members.iter().map(ParticipantId::as_str).collect();
    Ok(ContractId(Digest::of_parts(&[
        name.as_str().as_bytes(),
        &before.to_be_bytes(),
        members.join(" ").as_bytes(),
    ])))
}

/// Checks that an officer's request can still be carried out, because the group has not changed since.
///
/// # Errors
/// If the index or the documents can't be read.
pub(crate) fn still_asked(
    connector: &Connector,
    word: &PendingApprovalRow,
) -> Result<bool, Refusal> {
    let Some(what) = approval::read_approval_reason(&connector.records, word.reason.as_deref())?
    else {
        return Ok(true);
    };
    let mut words = what.split(' ');
    let Some(name) = words.next().and_then(|name| name.parse().ok()) else {
        return Ok(true);
    };
    let mut all = group_members(&connector.reloadable, &name);
    all.extend(words.filter_map(|one| one.parse().ok()));
    Ok(change_identity(connector, &name, &all)? == word.contract)
}

/// Writes the lists anew that are half a day old, or that do not count by the keys of now.
///
/// # Errors
/// If a list can't be signed, stored or recorded.
pub async fn renew_lists(connector: &Arc<Connector>) -> Result<(), Refusal> {
    for (name, group) in connector.reloadable.groups().iter() {
        let old = connector.now() >= group.issued_at.plus_micros(RENEWED);
        if old || connector.check_group_list(group).is_err() {
            write_list(connector, name, MembershipChange::Renewed).await?;
        }
    }
    Ok(())
}

/// Writes the next list in a task of its own, because a recorded list must take effect even if its caller is gone.
async fn write_list(
    connector: &Arc<Connector>,
    name: &GroupName,
    change: MembershipChange,
) -> Result<Arc<SignedGroupList>, Refusal> {
    let (connector, name) = (Arc::clone(connector), name.clone());
    let task = tokio::spawn(async move { write_next_list(&connector, &name, change).await });
    task.await.unwrap_or_else(|cause| {
        Err(
            Refusal::new(ErrorCode::Internal, "the list was not written to its end")
                .caused_by(cause),
        )
    })
}

async fn write_next_list(
    connector: &Arc<Connector>,
    name: &GroupName,
    wanted: MembershipChange,
) -> Result<Arc<SignedGroupList>, Refusal> {
    // One list at a time, so that none undoes another one.
    let _turn = connector.contracts.negotiation_lock.lock().await;
    let before = connector.reloadable.groups().get(name).cloned();
    let (old, serial) = before.map_or((BTreeSet::new(), 0), |group| {
        (group.members.clone(), group.serial)
    });
    let changed = !matches!(wanted, MembershipChange::Renewed);
    let removes = matches!(wanted, MembershipChange::Removed(_));
    let mut members = old.clone();
    match wanted {
        MembershipChange::Renewed => {}
        MembershipChange::Added(added, agreed) => {
            members.extend(added);
            // INVARIANT: two-officers. Both approvals are for this change after this list.
            if let Some(agreed) = agreed
                && change_identity(connector, name, &members)? != agreed
            {
                let sentence = format!("the group `{name}` was changed while this was approved");
                return Err(Refusal::new(ErrorCode::SecondOfficerNeeded, sentence)
                    .with_help("look at it, and let both officers say so again"));
            }
        }
        MembershipChange::Removed(removed) => members.retain(|member| !removed.contains(member)),
    }
    if members.len() > MOST {
        let sentence = format!("a group has at most {MOST} members");
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
    }
    let statement = GroupStatement {
        name: name.clone(),
        owner: connector.id(),
        serial: serial.saturating_add(1),
        issued_at: connector.now(),
        members,
    };
    let payload = statement::to_bytes(&statement);
    let signature = connector.sign(StatementKind::Group, SignatoryRole::Provider, &payload)?;
    let bytes = envelope::assemble_statement(&payload, &[signature]);
    let group = Arc::new(group::from_envelope(&bytes)?);
    // An invalid list is neither stored nor recorded; otherwise an expired key would fill the disk with lists.
    connector.check_group_list(&group)?;
    let file = Digest::of(&bytes);
    let unfiled = if removes {
        connector.keep_stop_document(Document::Group, &bytes)
    } else {
        connector
            .records
            .documents
            .keep_document(Document::Group, &bytes)?;
        None
    };
    let only = |one: &BTreeSet<ParticipantId>, other: &BTreeSet<ParticipantId>| {
        list_texts(one.difference(other))
    };
    let stop = connector.records.log.begin_stop();
    let fact = AuditEvent::from(GroupRecord {
        group: name.to_string(),
        serial: statement.serial,
        statement: group.statement,
        file,
        event: if changed { "changed" } else { "renewed" }.to_owned(),
        added: only(&statement.members, &old),
        removed: only(&old, &statement.members),
        envelope: unfiled,
        at: None,
        reserve_sha256: None,
    });
    if removes {
        let _in_log = connector.record_stop(fact)?;
    } else {
        let _durable = connector.record(fact).await?;
    }
    connector.reloadable.set_group(Arc::clone(&group));
    connector.cut_unlisted(name);
    drop(stop);
    if let Err(refusal) = connector.records.index(|_| Ok(())) {
        tracing::warn!(code = %refusal.code, "group.not_indexed");
    }
    Ok(group)
}
