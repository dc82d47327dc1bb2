//! `hansa group`: who belongs to the groups of this participant.

use crate::cli::show::table;
use crate::cli::verb::group::GroupVerb;
use crate::desk::Outcome;
use crate::desk::out::Out;
use crate::node::Node;
use crate::walk::group::{self, Added};
use hansa_policy::group::{COUNTS, Group, GroupName};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{Code, Refusal};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Carries out one of the verbs.
pub(crate) async fn run(
    node: &Arc<Node>,
    verb: GroupVerb,
    caller: Option<u32>,
    out: &Out,
) -> Outcome {
    match verb {
        GroupVerb::List => {
            let mut rows = Vec::new();
            for group in node.groups().values() {
                out.object(told(node, group), "").await?;
                rows.push(vec![
                    group.name.to_string(),
                    group.members.len().to_string(),
                    until(group),
                    counts(node, group).unwrap_or_else(|| "counts".to_owned()),
                ]);
            }
            out.text(table(&["GROUP", "MEMBERS", "UNTIL", "STATE"], &rows))
                .await?;
        }
        GroupVerb::Show { group } => {
            let group = held(node, &group)?;
            show(node, &group, out).await?;
        }
        GroupVerb::Add {
            group,
            participants,
        } => {
            let name = named(&group)?;
            let mut added = BTreeSet::new();
            for participant in &participants {
                added.insert(in_the_league(node, participant)?);
            }
            match group::add(node, &name, &added, caller).await? {
                Added::Listed(group) => show(node, &group, out).await?,
                Added::Waits => waits(&name, out).await?,
            };
        }
        GroupVerb::Remove {
            group,
            participants,
        } => {
            let known = held(node, &group)?;
            let removed = participants
                .iter()
                .map(|participant| member(node, &known.members, participant))
                .collect::<Result<_, _>>()?;
            let group = group::remove(node, &known.name, removed).await?;
            show(node, &group, out).await?;
        }
    }
    Ok(0)
}

async fn show(node: &Node, group: &Group, out: &Out) -> Outcome {
    let mut lines = vec![format!(
        "{}: {} members, list {} counts until {}",
        group.name,
        group.members.len(),
        group.serial,
        until(group)
    )];
    lines.extend(counts(node, group).map(|why| format!("  it does not count now: {why}")));
    let members = group.members.iter();
    lines.extend(members.map(|member| format!("  {}", member.domain())));
    out.object(told(node, group), lines.join("\n")).await?;
    Ok(0)
}

/// Says that one officer's word is not enough.
async fn waits(name: &GroupName, out: &Out) -> Outcome {
    out.object(
        json!({"group": name.as_str(), "waits_for": "second officer"}),
        format!(
            "the group {name} is as it was; your word is on the books\n\
             a second officer approves with the same command: hansa group add {name} …"
        ),
    )
    .await?;
    Ok(0)
}

fn named(text: &str) -> Result<GroupName, Refusal> {
    text.parse()
        .map_err(|fault| Refusal::new(Code::UsageWrong, format!("`{text}`: {fault}")))
}

fn held(node: &Node, text: &str) -> Result<Arc<Group>, Refusal> {
    let name = named(text)?;
    node.groups().get(&name).cloned().ok_or_else(|| {
        Refusal::new(Code::UsageWrong, format!("there is no group `{name}` here"))
            .with_help("hansa group list")
    })
}

/// A participant of the league, so that a misspelled one is no member of anything.
fn in_the_league(node: &Node, text: &str) -> Result<ParticipantId, Refusal> {
    let bundle = node.trust.bundle();
    let of_alias = || node.peer(text).ok().map(|peer| peer.id);
    let id = text.parse().ok().or_else(of_alias);
    let members: BTreeSet<&ParticipantId> = bundle.roster().members().collect();
    id.filter(|id| members.contains(id)).ok_or_else(|| {
        Refusal::new(
            Code::PeerUnknown,
            format!("no participant `{text}` is in the league"),
        )
        .with_help("hansa league list shows them")
    })
}

/// A member, also one that has left the league.
fn member(
    node: &Node,
    members: &BTreeSet<ParticipantId>,
    text: &str,
) -> Result<ParticipantId, Refusal> {
    let of_alias = || node.peer(text).ok().map(|peer| peer.id);
    let id: Option<ParticipantId> = text.parse().ok().or_else(of_alias);
    id.filter(|id| members.contains(id)).ok_or_else(|| {
        Refusal::new(Code::PeerUnknown, format!("`{text}` is no member"))
            .with_help("hansa group show lists the members")
    })
}

fn until(group: &Group) -> String {
    group.issued_at.plus_micros(COUNTS).to_string()
}

/// Why a list does not count now; none where it does.
fn counts(node: &Node, group: &Group) -> Option<String> {
    node.checked(group).err().map(|refusal| refusal.sentence)
}

fn told(node: &Node, group: &Group) -> Value {
    let members: Vec<&str> = group.members.iter().map(ParticipantId::domain).collect();
    let why_not = counts(node, group);
    json!({
        "group": group.name.as_str(),
        "statement": group.statement.to_string(),
        "serial": group.serial,
        "members": members,
        "issued_at": group.issued_at.to_string(),
        "until": until(group),
        "counts": why_not.is_none(),
        "why_not": why_not,
    })
}
