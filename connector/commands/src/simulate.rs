//! `hansa simulate`: what a participant could see, and why, on our own data. The same code as enforcement, from the checks
//! at the door to the gate; nothing leaves, nothing is spent, nothing is recorded.

mod dataset_preview;

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::CommandReport;
use crate::cli::output::{RefusalReport, refusal_text, render_table};
use crate::contract::contract_lookup;
use crate::question::arguments::SimulateArgs;
use crate::simulate::dataset_preview::DatasetPreview;
use arrow_array::RecordBatch;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::lint::LintSeverity;
use hansa_node::answer::cell_text::to_text_cells;
use hansa_node::answer::dry_run::{DryRunQuery, rehearse_query};
use hansa_node::config::offer::OfferConfig;
use hansa_node::contract::contract_state::ContractState;
use hansa_node::offer::offers;
use hansa_node::offer::offers::OfferChecks;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::attribute::ParticipantAttribute;
use hansa_policy::contract::{Agreement, Assignee, ContractParty, ContractRegistry};
use hansa_policy::diff;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::sync::Arc;

impl Command for SimulateArgs {
    fn effect(&self) -> CommandEffect {
        CommandEffect::Judges
    }
}

impl ConnectorVerb for SimulateArgs {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match (&mut self.policy, &self.dataset) {
            (Some(policy), Some(_)) => vec![NamedFile::Draft(policy)],
            (_, _) => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        JudgedState::None
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        run_simulation(connector, self, out).await
    }
}

/// The most rows of an answer that are shown.
const SHOWN: usize = 20;

/// Shows it.
async fn run_simulation(
    connector: &Arc<Connector>,
    args: SimulateArgs,
    out: &EventSink,
) -> CommandResult {
    let who: ParticipantId = args
        .who
        .parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{}`: {fault}", args.who)))?;
    let now = parse_instant(connector, args.at.as_deref())?;
    let purpose = args
        .purpose
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|fault| {
            let given = args.purpose.as_deref().unwrap_or_default();
            Refusal::new(ErrorCode::UsageWrong, format!("`{given}`: {fault}"))
        })?;
    let chosen = find_contracts(connector, &args.contract)?;
    let (active, draft) = match (&args.policy, &args.dataset) {
        (Some(policy), dataset) => {
            let (written, dataset) = match &args.offered_for {
                Some(offered) => crate::policy::resolve_offer(connector, policy, offered)?,
                None => crate::policy::resolve_policy(connector, policy, dataset.as_deref())?,
            };
            let draft = draft_agreement(connector, &written, &dataset, &who)?;
            (ContractRegistry::suppose_draft(&who, &draft), Some(draft))
        }
        (None, _) => (
            connector
                .contracts
                .with_registry(|registry| registry.simulate(&who, &chosen, now))?,
            None,
        ),
    };
    if active.grants().is_empty() {
        out.send_report(&EmptyPreview {
            participant: who,
            at: now,
            datasets: [],
        })
        .await?;
        return Ok(0);
    }
    let supposed: Vec<ParticipantAttribute> =
        crate::league::parse_attributes(&args.sector, &args.region)?
            .into_iter()
            .collect();
    let rehearsal = DryRunQuery {
        active: &active,
        now,
        purpose: purpose.as_ref(),
        address: args.address,
        supposed: &supposed,
        named: &chosen,
    };
    for dataset in dataset_preview::preview_datasets(connector, &rehearsal, &who).await? {
        out.send_report(&dataset).await?;
    }
    if let Some(draft) = &draft {
        for line in compare_with_contracts(&connector.contracts, draft, now) {
            out.send_text(line).await?;
        }
    }
    match args.sql {
        None => Ok(0),
        Some(sql) => simulate_answer(connector, &rehearsal, &sql, out).await,
    }
}

/// Preview for a participant that sees nothing.
#[derive(Debug, Serialize)]
struct EmptyPreview {
    participant: ParticipantId,
    at: UtcTimestamp,
    datasets: [DatasetPreview; 0],
}

impl CommandReport for EmptyPreview {
    fn to_text(&self) -> String {
        format!(
            "{} has no contract with you at {}, and there is no public view: it learns nothing, \
             not even that a dataset exists",
            self.participant.domain(),
            self.at
        )
    }
}

/// What the question would be answered with, or why it would be refused.
async fn simulate_answer(
    connector: &Arc<Connector>,
    rehearsal: &DryRunQuery<'_>,
    sql: &str,
    out: &EventSink,
) -> CommandResult {
    let mut answer = match rehearse_query(connector, rehearsal, sql).await {
        Ok(answer) => answer,
        Err(refusal) => {
            out.send_report(&RefusedQuestion {
                refused: RefusalReport::of(&refusal),
                text: refusal_text(&refusal),
            })
            .await?;
            return Ok(refusal.code.kind().exit_code());
        }
    };
    let header: Vec<String> = answer
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let (mut rows, mut total) = (Vec::new(), 0_usize);
    while let Some(batch) = answer.next().await {
        let batch: RecordBatch = batch?;
        let left = SHOWN.saturating_sub(rows.len()).min(batch.num_rows());
        rows.extend(to_text_cells(&batch.slice(0, left))?);
        total = total.saturating_add(batch.num_rows());
    }
    out.send_report(&AnswerPreview {
        columns: header,
        rows,
        total_rows: total,
    })
    .await?;
    Ok(0)
}

/// Question that would be refused.
#[derive(Debug, Serialize)]
struct RefusedQuestion {
    refused: RefusalReport,
    #[serde(skip)]
    text: String,
}

impl CommandReport for RefusedQuestion {
    fn to_text(&self) -> String {
        format!("the question would be refused\n{}", self.text)
    }
}

/// Answer that would be given, with its first rows.
#[derive(Debug, Serialize)]
struct AnswerPreview {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    total_rows: usize,
}

impl CommandReport for AnswerPreview {
    fn to_text(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let mut text = format!(
            "the question would be answered with {} rows\n{}",
            self.total_rows,
            render_table(&names, &self.rows)
        );
        let more = self.total_rows.saturating_sub(self.rows.len());
        if more > 0 {
            text.push_str(&format!("\n… and {more} more"));
        }
        text
    }
}

/// What a draft lets out beside what is in force.
fn compare_with_contracts(
    contracts: &ContractState,
    draft: &Agreement,
    now: UtcTimestamp,
) -> Vec<String> {
    let who = draft.assignee_id();
    contracts.with_registry(|registry| {
        registry
            .all_contracts(now)
            .filter(|(_, agreement, status)| {
                status.as_str() == "in force"
                    && agreement.dataset.id == draft.dataset.id
                    && agreement.assignee_id() == who
            })
            .map(|(id, agreement, _)| {
                let found = diff::compare_policies(&agreement.clauses, &draft.clauses);
                format!(
                    "against contract {}: {}\n{found}",
                    id.to_short_text(),
                    found.verdict()
                )
            })
            .collect()
    })
}

/// The contracts that were named.
fn find_contracts(connector: &Connector, texts: &[String]) -> Result<Vec<ContractId>, Refusal> {
    let mut named = Vec::new();
    for text in texts {
        let contract = contract_lookup::contract_by_prefix(connector, text)?;
        if !named.contains(&contract) {
            named.push(contract);
        }
    }
    Ok(named)
}

/// The agreement that a policy file would become with this participant; refused where it could not be signed.
fn draft_agreement(
    connector: &Connector,
    written: &OfferConfig,
    dataset: &Dataset,
    who: &ParticipantId,
) -> Result<Agreement, Refusal> {
    let offer =
        offers::read_offer(&connector.config(), written, dataset).map_err(combined_refusal)?;
    let findings = OfferChecks::of(connector).findings(&offer, dataset);
    let error = findings
        .iter()
        .find(|finding| finding.severity == LintSeverity::Error);
    if let Some(error) = error {
        return Err(offers::as_refusal(error, &written.policy));
    }
    let own = connector.party()?;
    let party = ContractParty {
        id: who.clone(),
        ..own.clone()
    };
    let filled = connector.new_agreement_parameters(own, Assignee::Participant(party), None);
    Ok(offer.agreement(dataset, filled))
}

fn parse_instant(connector: &Connector, at: Option<&str>) -> Result<UtcTimestamp, Refusal> {
    match at {
        None => Ok(connector.now()),
        Some(text) => text
            .parse()
            .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}"))),
    }
}
