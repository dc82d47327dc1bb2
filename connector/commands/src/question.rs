//! `hansa sql`, `explain` and `get`: questions.

pub(crate) mod arguments;
mod explain_analyze;
pub(crate) mod piped_input;
pub(crate) mod prompt;
mod question_budgets;
pub(crate) mod row_sink;
pub(crate) mod sql_follow;
pub(crate) mod sql_input;
pub(crate) mod sql_session;

use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::CommandReport;
use crate::peer::remember_named;
use crate::question::arguments::{ExplainArgs, GetArgs, SqlArgs};
use crate::question::explain_analyze::MeasuredAnswer;
use crate::question::question_budgets::{QuestionBudget, read_question_budgets};
use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::Schema;
use bytes::Bytes;
use futures::StreamExt as _;
use hansa_catalog::dataset::DatasetKind;
use hansa_node::contract::clause_citation::cite_clause;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_node::participant::startup::JudgedState;
use hansa_node::question::answer_report::{AnswerReport, KeysEntry, MissingParticipant};
use hansa_node::question::continuation::RequestedRowScope;
use hansa_node::question::query_author::QueryAuthor;
use hansa_node::question::query_start;
use hansa_node::question::{clause_texts, parse_query, plan_query, unread_rows_refusal};
use hansa_policy::id::{ContractId, PurposeId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::options::QueryOptions;
use hansa_query::federation::remote_query::{RemoteDatasetRead, RemoteQuery};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use tracing::Instrument as _;

/// Replacement for a dry run of a question.
const EXPLAIN: &str = "hansa explain says what would be asked, of whom and under which contract";

impl Command for SqlArgs {
    fn effect(&self) -> CommandEffect {
        CommandEffect::Acts(EXPLAIN)
    }
}

impl ConnectorVerb for SqlArgs {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        Vec::new()
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        JudgedState::None
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext {
            connector,
            caller,
            out,
            ..
        } = context;
        run_sql(connector, self, caller, out)
            .instrument(tracing::info_span!("question"))
            .await
    }
}

impl Command for ExplainArgs {
    fn effect(&self) -> CommandEffect {
        CommandEffect::Judges
    }
}

impl ConnectorVerb for ExplainArgs {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        Vec::new()
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        JudgedState::None
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext {
            connector,
            caller,
            out,
            ..
        } = context;
        explain_query(connector, self, caller, out).await
    }
}

impl Command for GetArgs {
    fn effect(&self) -> CommandEffect {
        CommandEffect::Acts(EXPLAIN)
    }
}

impl ConnectorVerb for GetArgs {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        Vec::new()
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        JudgedState::None
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext {
            connector,
            caller,
            out,
            ..
        } = context;
        get_dataset(connector, self, caller, out)
            .instrument(tracing::info_span!("question"))
            .await
    }
}

/// Asks.
async fn run_sql(
    connector: &Arc<Connector>,
    args: SqlArgs,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    // Who reads a table of figures does not want to see it below each.
    let shows = args.since.is_some();
    run_query(connector, args, caller, shows, out).await
}

/// Asks; `shows` says whether people see from where the next question goes on.
async fn run_query(
    connector: &Arc<Connector>,
    args: SqlArgs,
    caller: &Caller,
    shows: bool,
    out: &EventSink,
) -> CommandResult {
    let text = args.sql.unwrap_or_default();
    let options = QueryOptions {
        settled: args.follow || args.since.is_some(),
        among_several: args.among_several,
        kinds: parse_kinds(&args.kind)?,
        ..query_options(
            connector,
            args.purpose.as_deref(),
            &args.contract,
            args.partial,
        )?
    };
    let scope = RequestedRowScope::from_options(args.since.as_deref(), args.as_of.as_deref())?;
    let text = parse_query(connector, &text).await?;
    remember_named(connector, text.tables(), out).await?;
    let author = QueryAuthor::from_caller(caller);
    let query_start::StartedQuery {
        answer,
        first,
        continuation: continuation_footer,
        reads,
    } = query_start::start_query(connector, &text, &options, &scope, &author).await?;
    let Some(answer) = answer else {
        let report = continuation_footer.quiet_report();
        let text = report.to_string();
        let footer = AnswerFooter {
            hansa: report,
            text,
        };
        out.send_report(&footer).await?;
        return Ok(0);
    };
    let mut batches = futures::stream::iter(first.map(Ok)).chain(answer.batches);
    let schema = Schema::clone(&answer.schema).with_metadata(reads);
    let mut writer = begin_stream(&schema)?;
    let mut rows = 0_u64;
    while let Some(batch) = batches.next().await {
        let batch =
            batch.map_err(|refusal| cite_clause(connector, text.tables(), &author, refusal))?;
        rows = rows.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(0));
        let sent = tokio::time::timeout(
            connector.query_limits().time,
            send_batch(&mut writer, &batch, out),
        );
        sent.await.map_err(|_| unread_rows_refusal(connector))??;
        out.send_progress("rows", rows, 0);
    }
    end_stream(writer, out).await?;
    let continuation = continuation_footer.continuation_report(&answer.report);
    let report = AnswerReport::new(connector, &answer.report, rows, continuation);
    let text = report.to_text(shows);
    let footer = AnswerFooter {
        hansa: report,
        text,
    };
    out.send_report(&footer).await?;
    Ok(0)
}

/// Report below an answer.
#[derive(Debug, Serialize)]
struct AnswerFooter<R> {
    hansa: R,
    #[serde(skip)]
    text: String,
}

impl<R: Serialize> CommandReport for AnswerFooter<R> {
    fn to_text(&self) -> String {
        self.text.clone()
    }
}

/// What would go to whom.
async fn explain_query(
    connector: &Arc<Connector>,
    args: ExplainArgs,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    // Whoever would be lacking is shown with the reason, beside what would go to the others; who asks wants all.
    let options = QueryOptions {
        among_several: args.among_several,
        kinds: parse_kinds(&args.kind)?,
        ..query_options(
            connector,
            args.purpose.as_deref(),
            &args.contract,
            !args.analyze,
        )?
    };
    let author = QueryAuthor::from_caller(caller);
    let asked = parse_query(connector, &args.sql).await?;
    let question = plan_query(connector, &asked, &options, &author).await?;
    let explanation = question.explain();
    let remote_queries = explanation.remote_queries.iter();
    let here = explanation.here.iter();
    let budgets = read_question_budgets(connector, &explanation.remote_queries)?;
    let would_fail =
        !explanation.left_out.is_empty() || budgets.iter().any(QuestionBudget::would_fail);
    let mut report = ExplanationReport {
        remote_queries: remote_queries
            .map(|remote_query| ExplainedRemoteQuery::of(connector, remote_query))
            .collect(),
        here: here
            .map(|(depth, line)| LocalStep {
                depth: *depth,
                step: line,
            })
            .collect(),
        missing: MissingParticipant::from_refusals(&explanation.left_out),
        budgets,
        would_fail,
        came: None,
        plan: explanation.to_string(),
    };
    if args.analyze {
        let came = explain_analyze::ask_and_measure(connector, &asked, &options, &author).await?;
        report.came = Some(came);
    }
    out.send_report(&report).await?;
    Ok(0)
}

/// Remote queries and steps of a question, with what came where it was asked.
#[derive(Debug, Serialize)]
struct ExplanationReport<'a> {
    remote_queries: Vec<ExplainedRemoteQuery<'a>>,
    here: Vec<LocalStep<'a>>,
    missing: Vec<MissingParticipant>,
    budgets: Vec<QuestionBudget>,
    /// True if `hansa sql` refuses the question: a budget is used up, or a participant would be lacking.
    would_fail: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    came: Option<MeasuredAnswer>,
    /// Plan for people.
    #[serde(skip)]
    plan: String,
}

impl CommandReport for ExplanationReport<'_> {
    fn to_text(&self) -> String {
        let mut text = self.plan.clone();
        for read in self.remote_queries.iter().flat_map(|query| &query.reads) {
            text.push_str(&read.format_clauses());
        }
        if !self.budgets.is_empty() {
            text.push_str("\nleft of the budgets:");
        }
        for budget in &self.budgets {
            text.push_str(&format!("\n  {}", budget.to_text()));
        }
        match &self.came {
            None => text,
            Some(came) => format!("{}\n{}", text.trim_end(), came.text()),
        }
    }
}

/// Remote query of a plan.
#[derive(Debug, Serialize)]
struct ExplainedRemoteQuery<'a> {
    participant: &'a str,
    reads: Vec<ExplainedRead<'a>>,
    purpose: Option<&'a PurposeId>,
    sql: &'a str,
    most_rows: u64,
    most_bytes: u64,
    guessed: bool,
    relies_on_own_keys: &'a BTreeSet<String>,
    keys: Vec<KeysEntry>,
}

impl<'a> ExplainedRemoteQuery<'a> {
    fn of(connector: &Connector, remote_query: &'a RemoteQuery) -> Self {
        let reads = remote_query.reads.iter();
        Self {
            participant: remote_query.participant.domain(),
            reads: reads
                .map(|read| ExplainedRead::of(connector, read, &remote_query.alias))
                .collect(),
            purpose: remote_query.purpose.as_ref(),
            sql: &remote_query.sql,
            most_rows: remote_query.most_rows,
            most_bytes: remote_query.most_bytes,
            guessed: remote_query.guessed,
            relies_on_own_keys: &remote_query.relies,
            keys: remote_query.keys.iter().map(KeysEntry::from).collect(),
        }
    }
}

/// Dataset that a remote query reads, with the clauses of its contract.
#[derive(Debug, Serialize)]
struct ExplainedRead<'a> {
    dataset: &'a SqlIdentifier,
    contract: Option<ContractId>,
    snapshot: &'a str,
    clauses: Vec<ClauseEffect>,
    #[serde(skip)]
    relation: String,
}

/// Clause with its effect in words.
#[derive(Debug, Serialize)]
struct ClauseEffect {
    clause: String,
    effect: String,
}

impl<'a> ExplainedRead<'a> {
    fn of(connector: &Connector, read: &'a RemoteDatasetRead, alias: &SqlIdentifier) -> Self {
        let clauses = read
            .contract
            .and_then(|contract| clause_texts(&connector.contracts, contract));
        let clauses = clauses.into_iter().flatten();
        Self {
            dataset: &read.dataset.name,
            contract: read.contract,
            snapshot: &read.snapshot,
            clauses: clauses
                .map(|(clause, effect)| ClauseEffect { clause, effect })
                .collect(),
            relation: read.format_relation(alias),
        }
    }

    fn format_clauses(&self) -> String {
        if self.clauses.is_empty() {
            return String::new();
        }
        let mut text = format!("\n{} under its contract:", self.relation);
        for ClauseEffect { clause, effect } in &self.clauses {
            text.push_str(&format!("\n  {clause:<5} {effect}"));
        }
        text
    }
}

/// Step that is done here, with its depth in the plan.
#[derive(Debug, Serialize)]
struct LocalStep<'a> {
    depth: usize,
    step: &'a str,
}

/// Fetches the permitted view of one dataset.
async fn get_dataset(
    connector: &Arc<Connector>,
    args: GetArgs,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    let Some((alias, dataset)) = args.dataset.split_once('.') else {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{}` is not participant.dataset", args.dataset),
        )
        .into());
    };
    let order = SqlArgs {
        sql: Some(format!("SELECT * FROM {alias}.{dataset}")),
        purpose: args.purpose,
        contract: args.contract,
        kind: Vec::new(),
        partial: false,
        output: None,
        format: None,
        since: args.since,
        as_of: args.as_of,
        follow: false,
        every: 0,
        among_several: false,
    };
    run_query(connector, order, caller, true, out).await
}

/// What was typed about how to ask.
fn query_options(
    connector: &Connector,
    purpose: Option<&str>,
    contracts: &[String],
    partial: bool,
) -> Result<QueryOptions, Refusal> {
    let purpose = match purpose {
        None => connector.config().purpose.clone(),
        Some(text) => Some(text.parse::<PurposeId>().map_err(|fault| {
            Refusal::new(ErrorCode::PurposeUnknown, format!("`{text}`: {fault}"))
        })?),
    };
    let mut named = Vec::new();
    for text in contracts {
        let contract = crate::contract::contract_lookup::contract_by_prefix(connector, text)?;
        if !named.contains(&contract) {
            named.push(contract);
        }
    }
    Ok(QueryOptions {
        purpose,
        contracts: named,
        among_several: false,
        kinds: BTreeSet::new(),
        partial,
        settled: false,
    })
}

/// The kinds of datasets that were typed.
fn parse_kinds(words: &[String]) -> Result<BTreeSet<DatasetKind>, Refusal> {
    let kinds = words.iter().map(|word| word.trim().parse::<DatasetKind>());
    kinds
        .map(|kind| {
            kind.map_err(|why| Refusal::new(ErrorCode::UsageWrong, format!("--kind: {why}")))
        })
        .collect()
}

fn begin_stream(schema: &Schema) -> Result<StreamWriter<Vec<u8>>, Refusal> {
    StreamWriter::try_new(Vec::new(), schema).map_err(unencodable_rows_refusal)
}

async fn send_batch(
    writer: &mut StreamWriter<Vec<u8>>,
    batch: &RecordBatch,
    out: &EventSink,
) -> Result<(), CommandError> {
    writer.write(batch).map_err(unencodable_rows_refusal)?;
    let bytes = std::mem::take(writer.get_mut());
    out.send_row_bytes(Bytes::from(bytes)).await?;
    Ok(())
}

async fn end_stream(
    mut writer: StreamWriter<Vec<u8>>,
    out: &EventSink,
) -> Result<(), CommandError> {
    writer.finish().map_err(unencodable_rows_refusal)?;
    let bytes = writer.into_inner().map_err(unencodable_rows_refusal)?;
    out.send_row_bytes(Bytes::from(bytes)).await?;
    Ok(())
}

fn unencodable_rows_refusal(fault: arrow_schema::ArrowError) -> Refusal {
    Refusal::new(
        ErrorCode::Internal,
        format!("the rows can't be encoded: {fault}"),
    )
    .caused_by(fault)
}
