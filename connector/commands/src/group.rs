//! `hansa group`: who belongs to the groups of this participant.

pub(crate) mod arguments;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow};
use crate::group::arguments::GroupCommand;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::league::group_membership;
use hansa_node::league::group_membership::MembershipOutcome;
use hansa_node::participant::Connector;
use hansa_node::participant::reloadable_state::ReloadableState;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::group::{COUNTS, GroupName, SignedGroupList};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
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
                let groups = connector.reloadable.groups();
                let rows: Vec<GroupReport> = groups
                    .values()
                    .map(|group| GroupReport::new(connector, group))
                    .collect();
                out.send_list(&rows).await?;
            }
            GroupCommand::Show { group } => {
                let group = find_group(&connector.reloadable, &group)?;
                out.send_report(&GroupReport::new(connector, &group))
                    .await?;
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
                match group_membership::add_members(connector, &name, &added, caller).await? {
                    MembershipOutcome::Listed(group) => {
                        out.send_report(&GroupReport::new(connector, &group))
                            .await?;
                    }
                    MembershipOutcome::Waits => {
                        out.send_report(&WaitingGroupReport {
                            group: name,
                            waits_for: "second officer",
                        })
                        .await?;
                    }
                };
            }
            GroupCommand::Remove {
                group,
                participants,
            } => {
                let known = find_group(&connector.reloadable, &group)?;
                let removed = participants
                    .iter()
                    .map(|participant| find_member(connector, &known.members, participant))
                    .collect::<Result<_, _>>()?;
                let group =
                    group_membership::remove_members(connector, &known.name, removed).await?;
                out.send_report(&GroupReport::new(connector, &group))
                    .await?;
            }
        }
        Ok(0)
    }
}

fn parse_group_name(text: &str) -> Result<GroupName, Refusal> {
    text.parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}")))
}

fn find_group(reloadable: &ReloadableState, text: &str) -> Result<Arc<SignedGroupList>, Refusal> {
    let name = parse_group_name(text)?;
    reloadable.groups().get(&name).cloned().ok_or_else(|| {
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
    let of_alias = || connector.find_peer(text).ok().map(|peer| peer.id);
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
fn find_member(
    connector: &Connector,
    members: &BTreeSet<ParticipantId>,
    text: &str,
) -> Result<ParticipantId, Refusal> {
    let of_alias = || connector.find_peer(text).ok().map(|peer| peer.id);
    let id: Option<ParticipantId> = text.parse().ok().or_else(of_alias);
    id.filter(|id| members.contains(id)).ok_or_else(|| {
        Refusal::new(ErrorCode::PeerUnknown, format!("`{text}` is no member"))
            .with_help("hansa group show lists the members")
    })
}

/// Group with its members.
#[derive(Debug, Serialize)]
struct GroupReport {
    group: GroupName,
    statement: Digest,
    serial: u64,
    members: Vec<String>,
    issued_at: UtcTimestamp,
    until: UtcTimestamp,
    counts: bool,
    /// Why its list does not count now; none where it does.
    why_not: Option<String>,
}

impl GroupReport {
    fn new(connector: &Connector, group: &SignedGroupList) -> Self {
        let why_not = connector.check_group_list(group).err();
        let members = group.members.iter().map(ParticipantId::domain);
        Self {
            group: group.name.clone(),
            statement: group.statement,
            serial: group.serial,
            members: members.map(str::to_owned).collect(),
            issued_at: group.issued_at,
            until: group.issued_at.plus_micros(COUNTS),
            counts: why_not.is_none(),
            why_not: why_not.map(|refusal| refusal.sentence),
        }
    }
}

impl ReportRow for GroupReport {
    const HEADER: &'static [&'static str] = &["GROUP", "MEMBERS", "UNTIL", "STATE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.group.to_string(),
            self.members.len().to_string(),
            self.until.to_string(),
            self.why_not.clone().unwrap_or_else(|| "counts".to_owned()),
        ]
    }
}

impl CommandReport for GroupReport {
    fn to_text(&self) -> String {
        let mut lines = vec![format!(
            "{}: {} members, list {} counts until {}",
            self.group,
            self.members.len(),
            self.serial,
            self.until
        )];
        let why_not = self.why_not.iter();
        lines.extend(why_not.map(|why| format!("  it does not count now: {why}")));
        lines.extend(self.members.iter().map(|member| format!("  {member}")));
        lines.join("\n")
    }
}

/// Group that waits for a second officer: the word of one is not enough.
#[derive(Debug, Serialize)]
struct WaitingGroupReport {
    group: GroupName,
    waits_for: &'static str,
}

impl CommandReport for WaitingGroupReport {
    fn to_text(&self) -> String {
        format!(
            "the group {group} is as it was; your word is on the books\n\
             a second officer approves with the same command: hansa group add {group} …",
            group = self.group
        )
    }
}
