//! Acts of those who run the connector.

use crate::backup::arguments::BackupCommand;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::console_act::{
    ActRequest, ConsoleAct, JudgedValues, PreparedAct, SUBJECT, act_value, optional_act_value,
};
use crate::console::person_visit::CommandResults;
use crate::peer::arguments::PeerCommand;
use crate::running::arguments::RunningCommand;
use hansa_console::{
    ActFieldFault, BackupRow, PeerRow, RunningRow, describe_backup, describe_peer_addition,
    describe_peer_removal, describe_reload, describe_running_cut,
};
use hansa_node::config::person::Role;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Page of the running answers.
const RUNNING: &str = "/operations/running";

/// Page of the copies of the state.
const BACKUPS: &str = "/operations/backup";

/// Page of the peers.
const PEERS: &str = "/operations/peers";

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

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
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

/// Addition of a participant.
pub(super) struct PeerAddition;

#[async_trait::async_trait]
impl ConsoleAct for PeerAddition {
    fn path(&self) -> &'static [&'static str] {
        &["operations", "peers", "add"]
    }

    fn command_words(&self) -> &'static str {
        "peer add"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Operator]
    }

    fn back_address(&self, _subject: &[String]) -> String {
        PEERS.to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        PEERS.to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let form = describe_peer_addition(&request.frame);
        let line = "hansa peer add ADDRESS --id DOMAIN --alias ALIAS".to_owned();
        Ok(PreparedAct::new(form, line))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Peer(PeerCommand::Add {
            address: act_value(act, "address")?,
            id: optional_act_value(act, "id"),
            alias: optional_act_value(act, "alias"),
        }))
    }
}

/// Removal of a participant.
pub(super) struct PeerRemoval;

#[async_trait::async_trait]
impl ConsoleAct for PeerRemoval {
    fn path(&self) -> &'static [&'static str] {
        &["operations", "peers", SUBJECT, "remove"]
    }

    fn command_words(&self) -> &'static str {
        "peer remove"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Operator]
    }

    fn back_address(&self, _subject: &[String]) -> String {
        PEERS.to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        PEERS.to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let domain = request.subject(0);
        let command = ConnectorCommand::Peer(PeerCommand::List {
            after: None,
            limit: None,
        });
        let peers: Vec<PeerRow> = request.permitted.read_rows(command).await?;
        let peer = peers.iter().find(|peer| peer.participant == domain);
        let peer = peer.ok_or_else(|| {
            let sentence = "this connector talks to no participant of this domain";
            Refusal::new(ErrorCode::PeerUnknown, sentence)
        })?;
        Ok(PreparedAct::new(
            describe_peer_removal(&request.frame, peer),
            format!("hansa peer remove {}", quote_word(domain)),
        ))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Peer(PeerCommand::Remove {
            peer: act.subject.clone(),
        }))
    }
}

/// Copy of the state into a new file.
pub(super) struct BackupMaking;

#[async_trait::async_trait]
impl ConsoleAct for BackupMaking {
    fn path(&self) -> &'static [&'static str] {
        &["operations", "backup", "make"]
    }

    fn command_words(&self) -> &'static str {
        "backup"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Operator]
    }

    /// The person names a file on the machine, so a stolen session must not write it.
    fn needs_presence(&self) -> bool {
        true
    }

    fn back_address(&self, _subject: &[String]) -> String {
        BACKUPS.to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        BACKUPS.to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let command = ConnectorCommand::Backup {
            file: None,
            command: Some(BackupCommand::List),
        };
        let made: Vec<BackupRow> = request.permitted.read_rows(command).await?;
        let folder = made
            .first()
            .and_then(|row| Some(Path::new(&row.file).parent()?.display().to_string()));
        let connector = request.permitted.visit().connector;
        let day: String = connector.now().to_string().chars().take(10).collect();
        let alias = &connector.config().participant.alias;
        let proposed = folder.map(|folder| format!("{folder}/{alias}-{day}.hansa"));
        let form = describe_backup(&request.frame, &proposed.unwrap_or_default());
        Ok(PreparedAct::new(form, "hansa backup FILE".to_owned()))
    }

    async fn judge_values(
        &self,
        _request: &ActRequest<'_>,
        values: &BTreeMap<String, String>,
    ) -> Result<JudgedValues, Refusal> {
        let file = values.get("file").map(Path::new);
        let is_new = file.is_some_and(|file| file.is_absolute() && !file.exists());
        Ok(match is_new {
            true => JudgedValues::Taken,
            false => JudgedValues::Refused(vec![ActFieldFault::new("file")]),
        })
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Backup {
            file: Some(PathBuf::from(act_value(act, "file")?)),
            command: None,
        })
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

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
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
