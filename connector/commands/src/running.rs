//! `hansa running`: the answers that run now, and their end by an operator.

pub(crate) mod arguments;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow};
use crate::running::arguments::RunningCommand;
use hansa_audit_log::record::answers::AnswerCancellationRecord;
use hansa_node::answer::running_queries::{CallerKind, ListedAnswer};
use hansa_node::log::audit_event::AuditEvent;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::id::{ContractId, ParticipantId, PurposeId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Command for RunningCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List => CommandEffect::Looks,
            Self::Cancel { .. } => {
                CommandEffect::Acts("hansa running list shows those that run now")
            }
        }
    }
}

impl ConnectorVerb for RunningCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::List | Self::Cancel { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List | Self::Cancel { .. } => JudgedState::None,
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
            Self::List => list_answers(connector, out).await,
            Self::Cancel { question } => cancel_answer(connector, &question, caller, out).await,
        }
    }
}

async fn list_answers(connector: &Arc<Connector>, out: &EventSink) -> CommandResult {
    let ticks = connector.ticks();
    let answers = connector.queries.running.list_answers();
    let rows: Vec<RunningReport> = answers
        .into_iter()
        .map(|answer| RunningReport::new(connector, answer, ticks))
        .collect();
    out.send_list(&rows).await?;
    Ok(0)
}

/// Cuts one answer as a withdrawal does: it is closed in the log with the code, and a peer gets a receipt for the rows that left.
/// Who ends it is in the log before.
async fn cancel_answer(
    connector: &Arc<Connector>,
    prefix: &str,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    let answers = connector.queries.running.list_answers();
    let meant: BTreeMap<RequestId, ParticipantId> = answers
        .into_iter()
        .map(|answer| (answer.request, answer.peer))
        .filter(|(request, _)| !prefix.is_empty() && request.to_string().starts_with(prefix))
        .collect();
    let mut meant = meant.into_iter();
    let (Some((request, peer)), None) = (meant.next(), meant.next()) else {
        let sentence = format!(
            "`{prefix}` is the beginning of no question that is answered now, or of several"
        );
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("hansa running list shows those that run now")
            .into());
    };
    let record = AnswerCancellationRecord {
        request_id: request.to_string(),
        peer: peer.to_string(),
        actor: caller.pseudonym(connector)?,
    };
    let _durable = connector.record(AuditEvent::from(record)).await?;
    let sentence = "the operator of the connector that answers has ended the answer";
    let why = Refusal::new(ErrorCode::AnswerCancelled, sentence);
    let cut = connector.queries.running.cut_request(request, &why);
    if cut == 0 {
        let sentence = format!("the answer to {request} has just ended by itself");
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("hansa running list shows those that run now")
            .into());
    }
    out.send_report(&CancelledAnswer {
        question: request.to_string(),
        cancelled: true,
    })
    .await?;
    Ok(0)
}

/// Answer that runs.
#[derive(Debug, Serialize)]
struct RunningReport {
    /// Identity of the question.
    question: String,
    /// Domain of the participant that asks.
    participant: String,
    /// Origin of the question: `peer`, `house` or `web`.
    by: &'static str,
    /// Names of the datasets; empty until the question is permitted.
    datasets: Vec<String>,
    contracts: Vec<ContractId>,
    purpose: Option<PurposeId>,
    /// Rows that left so far.
    rows: u64,
    /// Age of the answer, in milliseconds.
    age_ms: u64,
}

impl RunningReport {
    fn new(connector: &Connector, answer: ListedAnswer, ticks: i64) -> Self {
        let own = connector.id();
        let datasets = answer.datasets.iter().map(|id| {
            // Own questions also read what others give.
            match id.owner == own {
                true => id.name.to_string(),
                false => id.to_string(),
            }
        });
        let age = ticks.saturating_sub(answer.begun) / 1_000;
        Self {
            question: answer.request.to_string(),
            participant: answer.peer.domain().to_owned(),
            by: match answer.caller {
                CallerKind::Peer => "peer",
                CallerKind::House => "house",
                CallerKind::Web => "web",
            },
            datasets: datasets.collect(),
            contracts: answer.contracts,
            purpose: answer.purpose,
            rows: answer.rows,
            age_ms: u64::try_from(age).unwrap_or_default(),
        }
    }
}

impl ReportRow for RunningReport {
    const HEADER: &'static [&'static str] = &[
        "QUESTION",
        "PARTICIPANT",
        "BY",
        "DATASETS",
        "CONTRACTS",
        "PURPOSE",
        "ROWS",
        "SECONDS",
    ];

    fn cells(&self) -> Vec<String> {
        let contracts: Vec<String> = self.contracts.iter().map(|id| id.to_short_text()).collect();
        let purpose = self.purpose.as_ref().map(ToString::to_string);
        vec![
            self.question.clone(),
            self.participant.clone(),
            self.by.to_owned(),
            self.datasets.join(", "),
            contracts.join(", "),
            purpose.unwrap_or_else(|| "–".to_owned()),
            self.rows.to_string(),
            (self.age_ms / 1_000).to_string(),
        ]
    }
}

/// Answer that was ended.
#[derive(Debug, Serialize)]
struct CancelledAnswer {
    question: String,
    cancelled: bool,
}

impl CommandReport for CancelledAnswer {
    fn to_text(&self) -> String {
        format!(
            "the answer to {} is ended; the log closes it with ANSWER_CANCELLED",
            self.question
        )
    }
}
