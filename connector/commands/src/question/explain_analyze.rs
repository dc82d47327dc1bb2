//! `hansa explain --analyze`: the question is asked, and what each participant brought is told beside what was expected.

use crate::admin::command_result::CommandError;
use futures::StreamExt as _;
use hansa_node::contract::clause_citation::cite_clause;
use hansa_node::participant::Connector;
use hansa_node::question::continuation::RequestedRowScope;
use hansa_node::question::query_author::QueryAuthor;
use hansa_node::question::query_start;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::options::QueryOptions;
use hansa_query::federation::remote_query::{RemoteQueryOutcome as Went, RemoteQueryStatus};
use hansa_query::sql::query_text::QueryText;
use serde::Serialize;
use std::sync::Arc;

/// Asks, and says what came; the rows go nowhere. It is in the log as any other question is.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn ask_and_measure(
    connector: &Arc<Connector>,
    text: &QueryText,
    options: &QueryOptions,
    author: &QueryAuthor,
) -> Result<MeasuredAnswer, CommandError> {
    let begun = connector.ticks();
    let begun_here =
        query_start::start_query(connector, text, options, &RequestedRowScope::All, author).await?;
    let (Some(mut answer), first) = (begun_here.answer, begun_here.first) else {
        return Err(Refusal::new(ErrorCode::Internal, "a question without an answer").into());
    };
    let mut rows = first.map_or(0, |batch| batch.num_rows());
    while let Some(batch) = answer.batches.next().await {
        let batch =
            batch.map_err(|refusal| cite_clause(connector, text.tables(), author, refusal))?;
        rows = rows.saturating_add(batch.num_rows());
    }
    let took = connector.ticks().saturating_sub(begun) / 1000;
    let outcomes = answer.report.outcomes();
    Ok(MeasuredAnswer {
        remote_queries: outcomes.iter().map(MeasuredRemoteQuery::of).collect(),
        rows,
        milliseconds: took,
    })
}

/// Answer that was counted and timed, with what each participant brought.
#[derive(Debug, Serialize)]
pub(super) struct MeasuredAnswer {
    remote_queries: Vec<MeasuredRemoteQuery>,
    rows: usize,
    milliseconds: i64,
}

impl MeasuredAnswer {
    /// Lines for people.
    pub(super) fn text(&self) -> String {
        let mut text = String::from("came\n");
        for line in self.remote_queries.iter().flat_map(|query| &query.lines) {
            text.push_str(&format!("  {line}\n"));
        }
        let Self {
            rows, milliseconds, ..
        } = self;
        text.push_str(&format!(
            "  the answer: {rows} rows, after {milliseconds} ms\n"
        ));
        text
    }
}

/// Remote query with what came of it.
#[derive(Debug, Serialize)]
struct MeasuredRemoteQuery {
    participant: String,
    sql: String,
    rows: u64,
    most_rows: u64,
    guessed: bool,
    bytes: u64,
    milliseconds: u64,
    placement: Option<String>,
    /// Lines for people: what came, and the keys that were sent.
    #[serde(skip)]
    lines: Vec<String>,
}

impl MeasuredRemoteQuery {
    fn of(went: &Went) -> Self {
        let keys = went.remote_query.keys_sent();
        let keys = keys.map(|keys| format!("  {keys}"));
        Self {
            participant: went.remote_query.participant.domain().to_owned(),
            sql: went.remote_query.sql.clone(),
            rows: went.rows,
            most_rows: went.remote_query.most_rows,
            guessed: went.remote_query.guessed,
            bytes: went.travelled,
            milliseconds: u64::try_from(went.took.as_millis()).unwrap_or(u64::MAX),
            placement: went.placement.as_ref().map(ToString::to_string),
            lines: [outcome_line(went)].into_iter().chain(keys).collect(),
        }
    }
}

fn outcome_line(went: &Went) -> String {
    let remote_query = &went.remote_query;
    let expected = match remote_query.most_rows {
        0 => "how many was not told".to_owned(),
        most if remote_query.guessed => format!("about {most} were expected"),
        most => format!("{most} at most were expected"),
    };
    if went.status == RemoteQueryStatus::NotAsked {
        let (who, what) = (
            remote_query.participant.domain(),
            remote_query.format_relations(),
        );
        return format!("{who} ({what}): not asked, since no value of the others could fit");
    }
    let way = match went.travelled {
        0 => match &went.placement {
            Some(placement) => format!("in the house, {placement}"),
            None => "in the house".to_owned(),
        },
        bytes => format!(
            "{bytes} bytes on the way, after {} ms",
            went.took.as_millis()
        ),
    };
    format!(
        "{} ({}): {} rows ({expected}), {way}",
        remote_query.participant.domain(),
        remote_query.format_relations(),
        went.rows,
    )
}
