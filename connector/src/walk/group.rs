//! Groups: a list is signed, kept and recorded before anybody is let in by it; whoever left is cut.

use crate::node::Node;
use crate::walk::fact::Fact;
use evidence::json::Json;
use keep::contracts::Kind as Document;
use policy::contract::Role;
use policy::group::{Group, GroupName, RENEWED};
use policy::id::ParticipantId;
use policy::refusal::{Code, Refusal};
use proto::envelope::{self, Kind};
use proto::group::{self, MOST, Statement};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Makes these the members of a group.
///
/// # Errors
/// `USAGE` for too many members, or when the list can't be signed, kept or recorded.
pub(crate) async fn set(
    node: &Arc<Node>,
    name: &GroupName,
    members: BTreeSet<ParticipantId>,
) -> Result<Arc<Group>, Refusal> {
    if members.len() > MOST {
        let sentence = format!("a group has at most {MOST} members");
        return Err(Refusal::new(Code::UsageWrong, sentence));
    }
    write(node, name, Some(members)).await
}

/// Writes the lists anew that are half a day old, or that do not count by the keys of now.
///
/// # Errors
/// When a list can't be signed, kept or recorded.
pub(crate) async fn renew(node: &Arc<Node>) -> Result<(), Refusal> {
    for (name, group) in node.groups().iter() {
        let old = node.now() >= group.issued_at.plus_micros(RENEWED);
        if old || node.checked(group).is_err() {
            write(node, name, None).await?;
        }
    }
    Ok(())
}

/// Writes the next list, to its end: what is on the books must be in force, also where who asked for it has gone away.
async fn write(
    node: &Arc<Node>,
    name: &GroupName,
    members: Option<BTreeSet<ParticipantId>>,
) -> Result<Arc<Group>, Refusal> {
    let (node, name) = (Arc::clone(node), name.clone());
    let task = tokio::spawn(async move { written(&node, &name, members).await });
    task.await.unwrap_or_else(|_| {
        Err(Refusal::new(
            Code::Internal,
            "the list was not written to its end",
        ))
    })
}

/// Writes the next list: with these members, or those of the list before.
async fn written(
    node: &Arc<Node>,
    name: &GroupName,
    members: Option<BTreeSet<ParticipantId>>,
) -> Result<Arc<Group>, Refusal> {
    // Lists follow each other, so that none takes back what another one said.
    let _turn = node.desk.lock().await;
    let before = node.groups().get(name).cloned();
    let (old, serial) = before.map_or((BTreeSet::new(), 0), |group| {
        (group.members.clone(), group.serial)
    });
    let changed = members.is_some();
    let members = members.unwrap_or_else(|| old.clone());
    let statement = Statement {
        name: name.clone(),
        owner: node.id(),
        serial: serial.saturating_add(1),
        issued_at: node.now(),
        members,
    };
    let payload = group::to_bytes(&statement);
    let signature = node.sign(Kind::Group, Role::Provider, &payload)?;
    let bytes = envelope::assemble(&payload, &[signature]);
    let group = Arc::new(group::from_envelope(&bytes)?);
    // One that would not count is neither kept nor recorded, or a key that is over would fill the disk with them.
    node.checked(&group)?;
    let file = node.documents.keep(Document::Group, &bytes)?;
    let only = |one: &BTreeSet<ParticipantId>, other: &BTreeSet<ParticipantId>| {
        Json::List(one.difference(other).map(Json::text).collect())
    };
    let _durable = node
        .record(Fact::new(
            "group",
            [
                ("group", Json::text(name)),
                ("serial", Json::count(statement.serial)),
                ("statement", Json::text(group.statement)),
                ("file", Json::text(file)),
                (
                    "event",
                    Json::text(if changed { "changed" } else { "renewed" }),
                ),
                ("added", only(&statement.members, &old)),
                ("removed", only(&old, &statement.members)),
            ],
        ))
        .await?;
    node.set_group(Arc::clone(&group));
    node.cut_unlisted(name);
    node.index(|_| Ok(()))?;
    Ok(group)
}
