//! Acts of those who run the connector.

use crate::cli::connector_command::ConnectorCommand;
use crate::console::console_act::{ActRequest, ConsoleAct, PreparedAct, SUBJECT};
use crate::console::person_visit::quote_word;
use crate::running::arguments::RunningCommand;
use hansa_console::{RunningRow, describe_reload, describe_running_cut};
use hansa_node::config::person::Role;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Page of the running answers.
const RUNNING: &str = "/operations/running";

/// End of a running answer.
pub(super) struct RunningCut;

#[async_trait::async_trait]
impl ConsoleAct for RunningCut {
    fn path(&self) -> &'static [&'static str] {
        &["operations", "running", SUBJECT, "cancel"]
    }

    fn command_words(&self) -> &'static str {
        "running cancel"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Operator]
    }

    fn back_address(&self, _subject: &[String]) -> String {
        RUNNING.to_owned()
    }

    fn page_after(&self, _act: &DescribedAct) -> String {
        RUNNING.to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let question = request.subject(0);
        let command = ConnectorCommand::Running(RunningCommand::List);
        let rows: Vec<RunningRow> = request.permitted.read_rows(command).await?;
        let row = rows.iter().find(|row| row.question == question);
        let row = row.ok_or_else(|| {
            let sentence = "no answer to this question runs now";
            Refusal::new(ErrorCode::UsageWrong, sentence)
        })?;
        Ok(PreparedAct::new(
            describe_running_cut(&request.frame, row),
            format!("hansa running cancel {}", quote_word(question)),
        ))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Running(RunningCommand::Cancel {
            question: act.subject.clone(),
        }))
    }
}

/// Reading of the configuration and of all files again.
pub(super) struct Reload;

#[async_trait::async_trait]
impl ConsoleAct for Reload {
    fn path(&self) -> &'static [&'static str] {
        &["settings", "reload"]
    }

    fn command_words(&self) -> &'static str {
        "reload"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Operator]
    }

    fn back_address(&self, _subject: &[String]) -> String {
        "/settings".to_owned()
    }

    fn page_after(&self, _act: &DescribedAct) -> String {
        "/settings".to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let form = describe_reload(&request.frame);
        Ok(PreparedAct::new(form, "hansa reload".to_owned()))
    }

    fn build_command(&self, _act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Reload)
    }
}
