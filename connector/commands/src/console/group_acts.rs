//! Groups of participants: the page, and the acts on them.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::console_act::{ActRequest, ConsoleAct, PreparedAct, SUBJECT, act_value};
use crate::console::person_visit::{CommandResults, PersonVisit};
use crate::group::arguments::GroupCommand;
use hansa_console::{
    GROUPS_ADDRESS, GroupRow, ProposedMembers, describe_group_addition, describe_group_removal,
    render_groups,
};
use hansa_node::config::person::Role;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleResponse;

/// Field with the participants, one a line.
const PARTICIPANTS: &str = "participants";

/// Groups with their members.
pub(super) async fn show_groups(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let roles = &[Role::Officer, Role::Auditor];
    let permitted = visit.permit(roles, "groups").await?;
    let command = ConnectorCommand::Group(GroupCommand::List);
    let rows: Vec<GroupRow> = permitted.read_rows(command).await?;
    Ok(visit.show_page("hansa group list".to_owned(), |frame| {
        render_groups(frame, &rows)
    }))
}

/// Addition of participants to a group. A second person approves by the same act.
pub(super) struct GroupAddition;

#[async_trait::async_trait]
impl ConsoleAct for GroupAddition {
    fn path(&self) -> &'static [&'static str] {
        &["groups", "add"]
    }

    fn command_words(&self) -> &'static str {
        "group add"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Signer]
    }

    /// Members of a group get what its contracts let out.
    fn needs_presence(&self) -> bool {
        true
    }

    fn back_address(&self, _subject: &[String]) -> String {
        GROUPS_ADDRESS.to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        GROUPS_ADDRESS.to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let visit = request.permitted.visit();
        let participants = visit.parameter(PARTICIPANTS).split_whitespace();
        let proposed = ProposedMembers {
            group: visit.parameter("group").to_owned(),
            participants: participants.map(str::to_owned).collect(),
        };
        let form = describe_group_addition(&request.frame, &proposed);
        let line = "hansa group add GROUP PARTICIPANT …".to_owned();
        Ok(PreparedAct::new(form, line))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Group(GroupCommand::Add {
            group: act_value(act, "group")?,
            participants: read_participants(act)?,
        }))
    }
}

/// Removal of participants from a group.
pub(super) struct GroupRemoval;

#[async_trait::async_trait]
impl ConsoleAct for GroupRemoval {
    fn path(&self) -> &'static [&'static str] {
        &["groups", SUBJECT, "remove"]
    }

    fn command_words(&self) -> &'static str {
        "group remove"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Signer]
    }

    fn needs_presence(&self) -> bool {
        true
    }

    fn back_address(&self, _subject: &[String]) -> String {
        GROUPS_ADDRESS.to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        GROUPS_ADDRESS.to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let name = request.subject(0);
        let command = ConnectorCommand::Group(GroupCommand::List);
        let groups: Vec<GroupRow> = request.permitted.read_rows(command).await?;
        let group = groups.iter().find(|group| group.group == name);
        let group = group.ok_or_else(|| {
            let sentence = "this participant has no group of that name";
            Refusal::new(ErrorCode::UsageWrong, sentence)
        })?;
        Ok(PreparedAct::new(
            describe_group_removal(&request.frame, group),
            format!("hansa group remove {} PARTICIPANT …", quote_word(name)),
        ))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Group(GroupCommand::Remove {
            group: act.subject.clone(),
            participants: read_participants(act)?,
        }))
    }
}

fn read_participants(act: &DescribedAct) -> Result<Vec<String>, Refusal> {
    let text = act_value(act, PARTICIPANTS)?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}
