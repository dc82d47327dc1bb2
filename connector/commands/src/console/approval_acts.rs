//! Refusal of a step that another person has asked for.

use crate::approval::arguments::ApprovalCommand;
use crate::cli::connector_command::ConnectorCommand;
use crate::console::console_act::{
    ActRequest, ConsoleAct, PreparedAct, SUBJECT, act_value, optional_act_value,
};
use crate::console::person_visit::CommandResults;
use hansa_console::{AskedStep, describe_approval_decline};
use hansa_node::config::person::Role;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Refusal of a step that waits for a second person. It lets nothing out, so the session is proof enough.
pub(super) struct ApprovalDecline;

#[async_trait::async_trait]
impl ConsoleAct for ApprovalDecline {
    fn path(&self) -> &'static [&'static str] {
        &["approvals", SUBJECT, "decline"]
    }

    fn command_words(&self) -> &'static str {
        "approval decline"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Signer, Role::Operator]
    }

    fn back_address(&self, _subject: &[String]) -> String {
        "/".to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        "/".to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let id = request.subject(0);
        let list = ConnectorCommand::Approval(ApprovalCommand::List);
        let mut steps: Vec<AskedStep> = request.permitted.read_rows(list).await?;
        steps.retain(|step| step.approval == id && step.state == "waits");
        if steps.is_empty() {
            let sentence = "nothing of this identity waits for a second person";
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
        }
        Ok(PreparedAct::new(
            describe_approval_decline(&request.frame, &steps),
            format!("hansa approval decline {id} --reason TEXT"),
        ))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Approval(ApprovalCommand::Decline {
            id: act.subject.clone(),
            step: optional_act_value(act, "step"),
            reason: act_value(act, "reason")?,
        }))
    }
}
