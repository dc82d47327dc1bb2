//! `hansa explain --analyze`: the question is asked, and what each participant brought is told beside what was expected.

use crate::admin::command_result::CommandError;
use futures::StreamExt as _;
use hansa_node::contract::clause_citation::cite;
use hansa_node::participant::Connector;
use hansa_node::question::continuation::RequestedRowScope;
use hansa_node::question::query_author::QueryAuthor;
use hansa_node::question::query_start;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::options::QueryOptions;
use hansa_query::federation::remote_query::{RemoteQueryOutcome as Went, RemoteQueryStatus};
use hansa_query::sql::query_text::QueryText;
use serde_json::{Value, json};
use std::sync::Arc;

/// Asks, and says what came; the rows go nowhere. It is in the log as any other question is.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn came(
    connector: &Arc<Connector>,
    text: &QueryText,
    options: &QueryOptions,
    author: &QueryAuthor,
) -> Result<(Value, String), CommandError> {
    let begun = connector.ticks();
    let begun_here =
        query_start::start_query(connector, text, options, &RequestedRowScope::All, author).await?;
    let (Some(mut answer), first) = (begun_here.answer, begun_here.first) else {
        return Err(Refusal::new(ErrorCode::Internal, "a question without an answer").into());
    };
    let mut rows = first.map_or(0, |batch| batch.num_rows());
    while let Some(batch) = answer.batches.next().await {
        let batch = batch.map_err(|refusal| cite(connector, text.tables(), author, refusal))?;
        rows = rows.saturating_add(batch.num_rows());
    }
    let took = connector.ticks().saturating_sub(begun) / 1000;
    let outcomes = answer.report.outcomes();
    let mut reported = String::from("came\n");
    for went in &outcomes {
        reported.push_str(&format!("  {}\n", line(went)));
        for keys in went.remote_query.keys_sent() {
            reported.push_str(&format!("    {keys}\n"));
        }
    }
    reported.push_str(&format!("  the answer: {rows} rows, after {took} ms\n"));
    let all = outcomes.iter().map(entry).collect::<Vec<_>>();
    let data = json!({"remote_queries": all, "rows": rows, "milliseconds": took});
    Ok((data, reported))
}

fn line(went: &Went) -> String {
    let remote_query = &went.remote_query;
    let expected = match remote_query.most_rows {
        0 => "how many was not told".to_owned(),
        most if remote_query.guessed => format!("about {most} were expected"),
        most => format!("{most} at most were expected"),
    };
    if went.status == RemoteQueryStatus::NotAsked {
        let (who, what) = (remote_query.participant.domain(), remote_query.relations());
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
        remote_query.relations(),
        went.rows,
    )
}

fn entry(went: &Went) -> Value {
    json!({
        "participant": went.remote_query.participant.domain(),
        "sql": went.remote_query.sql,
        "rows": went.rows,
        "most_rows": went.remote_query.most_rows,
        "guessed": went.remote_query.guessed,
        "bytes": went.travelled,
        "milliseconds": u64::try_from(went.took.as_millis()).unwrap_or(u64::MAX),
        "placement": went.placement.as_ref().map(ToString::to_string),
    })
}
