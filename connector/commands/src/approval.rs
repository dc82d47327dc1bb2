//! `hansa approval`: steps that one person has asked for and a second one must approve, and the refusal of one.

pub(crate) mod arguments;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::approval::arguments::ApprovalCommand;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow};
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::participant::Connector;
use hansa_node::participant::approval::{ApprovalAction, decline_approval, read_approval_reason};
use hansa_node::participant::pending_approvals::open_approvals;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use serde::Serialize;
use std::sync::Arc;

impl Command for ApprovalCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List => CommandEffect::Looks,
            Self::Decline { .. } => {
                CommandEffect::Acts("hansa approval list shows the steps that wait")
            }
        }
    }
}

impl ConnectorVerb for ApprovalCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::List | Self::Decline { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List | Self::Decline { .. } => JudgedState::None,
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
            Self::List => list_approvals(connector, out).await,
            Self::Decline { id, step, reason } => {
                let reason = SingleLineText::parse("reason", &reason)?;
                let waiting = find_waiting(connector, &id, step.as_deref())?;
                let WaitingStep { contract, action } = waiting;
                decline_approval(connector, caller, contract, action, &reason).await?;
                out.send_report(&DeclineReport {
                    approval: contract,
                    step: action.record_name(),
                    declined: true,
                })
                .await?;
                Ok(0)
            }
        }
    }
}

async fn list_approvals(connector: &Arc<Connector>, out: &EventSink) -> CommandResult {
    let records = &connector.records;
    let mut rows = Vec::new();
    for row in open_approvals(connector)? {
        rows.push(AskedStepReport {
            approval: row.contract,
            step: row.action,
            state: "waits",
            asked_by: row.first,
            at: row.at,
            // Behind the first line of a change of a restriction stands the restriction itself.
            text: read_approval_reason(records, row.reason.as_deref())?
                .map(|text| text.lines().next().unwrap_or_default().to_owned()),
            declined_by: None,
        });
    }
    for row in records.index(|state| state.declined_approvals(None))? {
        rows.push(AskedStepReport {
            approval: row.contract,
            step: row.action,
            state: "declined",
            asked_by: row.first,
            at: row.at,
            text: read_approval_reason(records, row.reason.as_deref())?,
            declined_by: Some(row.declined),
        });
    }
    out.send_list(&rows).await?;
    Ok(0)
}

/// Step that waits for a second person.
struct WaitingStep {
    contract: ContractId,
    action: ApprovalAction,
}

/// Finds the one step that waits, by the beginning of its identity.
fn find_waiting(
    connector: &Connector,
    prefix: &str,
    step: Option<&str>,
) -> Result<WaitingStep, Refusal> {
    let rows = open_approvals(connector)?.into_iter();
    let meant = rows.filter(|row| {
        !prefix.is_empty()
            && row.contract.to_string().starts_with(prefix)
            && step.is_none_or(|step| row.action == step)
    });
    let mut meant = meant.filter_map(|row| {
        Some(WaitingStep {
            contract: row.contract,
            action: ApprovalAction::from_record(&row.action)?,
        })
    });
    let (Some(waiting), None) = (meant.next(), meant.next()) else {
        let sentence =
            format!("`{prefix}` names no step that waits for a second person, or several");
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("hansa approval list shows them; --step chooses one of several"));
    };
    Ok(waiting)
}

/// Step that waits, or that was declined.
#[derive(Debug, Serialize)]
struct AskedStepReport {
    /// Contract or change.
    approval: ContractId,
    step: String,
    state: &'static str,
    /// Pseudonym of the person who has asked for it.
    asked_by: String,
    /// Instant of the request, or of the refusal.
    at: UtcTimestamp,
    /// Reason or content of the request; of a step that was declined, the reason of that. Absent where it is erased.
    text: Option<String>,
    /// Pseudonym of the person who has declined it.
    declined_by: Option<String>,
}

impl ReportRow for AskedStepReport {
    const HEADER: &'static [&'static str] = &["APPROVAL", "STEP", "STATE", "AT", "TEXT"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.approval.to_short_text(),
            self.step.clone(),
            self.state.to_owned(),
            self.at.to_string(),
            self.text.clone().unwrap_or_default(),
        ]
    }
}

/// Step that is declined now.
#[derive(Debug, Serialize)]
struct DeclineReport {
    approval: ContractId,
    step: String,
    declined: bool,
}

impl CommandReport for DeclineReport {
    fn to_text(&self) -> String {
        format!(
            "declined: {} {}; whoever has asked for it reads the reason with hansa approval list",
            self.step,
            self.approval.to_short_text()
        )
    }
}
