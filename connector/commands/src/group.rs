//! `hansa group`: who belongs to the groups of this participant.

pub(crate) mod arguments;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::output::table;
use crate::group::arguments::GroupCommand;
use hansa_node::league::group_membership;
use hansa_node::league::group_membership::MembershipOutcome;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::group::{COUNTS, GroupName, SignedGroupList};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Command for GroupCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List | Self::Show { .. } => CommandEffect::Looks,
            Self::Add { .. } | Self::Remove { .. } => {
                CommandEffect::Acts("hansa group show lists the members")
            }
        }
    }
}

impl ConnectorVerb for GroupCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::List | Self::Show { .. } | Self::Add { .. } | Self::Remove { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List | Self::Show { .. } | Self::Add { .. } | Self::Remove { .. } => {
                JudgedState::None
            }
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext {
            connector,
            caller,
            out,
            ..
        } = context;
        match self {
            GroupCommand::List => {
                let mut rows = Vec::new();
                for group in connector.reloadable.groups().values() {
                    out.object(group_json(connector, group), "").await?;
                    rows.push(vec![
                        group.name.to_string(),
                        group.members.len().to_string(),
                        until(group),
                        counts(connector, group).unwrap_or_else(|| "counts".to_owned()),
                    ]);
                }
                out.text(table(&["GROUP", "MEMBERS", "UNTIL", "STATE"], &rows))
                    .await?;
            }
            GroupCommand::Show { group } => {
                let group = find_group(connector, &group)?;
                show(connector, &group, out).await?;
            }
            GroupCommand::Add {
                group,
                participants,
            } => {
                let name = parse_group_name(&group)?;
                let mut added = BTreeSet::new();
                for participant in &participants {
                    added.insert(in_the_league(connector, participant)?);
                }
                match group_membership::add(connector, &name, &added, caller).await? {
                    MembershipOutcome::Listed(group) => show(connector, &group, out).await?,
                    MembershipOutcome::Waits => waits(&name, out).await?,
                };
            }
            GroupCommand::Remove {
                group,
                participants,
            } => {
                let known = find_group(connector, &group)?;
                let removed = participants
                    .iter()
                    .map(|participant| member(connector, &known.members, participant))
                    .collect::<Result<_, _>>()?;
                let group = group_membership::remove(connector, &known.name, removed).await?;
                show(connector, &group, out).await?;
            }
        }
        Ok(0)
    }
}

async fn show(connector: &Connector, group: &SignedGroupList, out: &EventSink) -> CommandResult {
    let mut lines = vec![format!(
        "{}: {} members, list {} counts until {}",
        group.name,
        group.members.len(),
        group.serial,
        until(group)
    )];
    lines.extend(counts(connector, group).map(|why| format!("  it does not count now: {why}")));
    let members = group.members.iter();
    lines.extend(members.map(|member| format!("  {}", member.domain())));
    out.object(group_json(connector, group), lines.join("\n"))
        .await?;
    Ok(0)
}

/// Says that one officer's word is not enough.
async fn waits(name: &GroupName, out: &EventSink) -> CommandResult {
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

fn parse_group_name(text: &str) -> Result<GroupName, Refusal> {
    text.parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}")))
}

fn find_group(connector: &Connector, text: &str) -> Result<Arc<SignedGroupList>, Refusal> {
    let name = parse_group_name(text)?;
    connector
        .reloadable
        .groups()
        .get(&name)
        .cloned()
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::UsageWrong,
                format!("there is no group `{name}` here"),
            )
            .with_help("hansa group list")
        })
}

/// A participant of the league, so that a misspelled one is no member of anything.
fn in_the_league(connector: &Connector, text: &str) -> Result<ParticipantId, Refusal> {
    let bundle = connector.identity.trust.bundle();
    let of_alias = || connector.peer(text).ok().map(|peer| peer.id);
    let id = text.parse().ok().or_else(of_alias);
    let members: BTreeSet<&ParticipantId> = bundle.roster().members().collect();
    id.filter(|id| members.contains(id)).ok_or_else(|| {
        Refusal::new(
            ErrorCode::PeerUnknown,
            format!("no participant `{text}` is in the league"),
        )
        .with_help("hansa league list shows them")
    })
}

/// A member, also one that has left the league.
fn member(
    connector: &Connector,
    members: &BTreeSet<ParticipantId>,
    text: &str,
) -> Result<ParticipantId, Refusal> {
    let of_alias = || connector.peer(text).ok().map(|peer| peer.id);
    let id: Option<ParticipantId> = text.parse().ok().or_else(of_alias);
    id.filter(|id| members.contains(id)).ok_or_else(|| {
        Refusal::new(ErrorCode::PeerUnknown, format!("`{text}` is no member"))
            .with_help("hansa group show lists the members")
    })
}

fn until(group: &SignedGroupList) -> String {
    group.issued_at.plus_micros(COUNTS).to_string()
}

/// Why a list does not count now; none where it does.
fn counts(connector: &Connector, group: &SignedGroupList) -> Option<String> {
    connector
        .check_group_list(group)
        .err()
        .map(|refusal| refusal.sentence)
}

fn group_json(connector: &Connector, group: &SignedGroupList) -> Value {
    let members: Vec<&str> = group.members.iter().map(ParticipantId::domain).collect();
    let why_not = counts(connector, group);
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
