//! `hansa explain --analyze`: the question is asked, and what each participant brought is told beside what was expected.

use super::continuation::RequestedRowScope;
use super::contract_succession;
use crate::admin::CommandError;
use crate::participant::Connector;
use crate::workflow::clause_citation::cite;
use futures::StreamExt as _;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::options::QueryOptions;
use hansa_query::federation::remote_query::{RemoteQueryOutcome as Went, RemoteQueryStatus};
use serde_json::{Value, json};
use std::sync::Arc;

/// Asks, and says what came; the rows go nowhere. It is on the books as any other question is.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn came(
    node: &Arc<Connector>,
    text: &str,
    wish: &QueryOptions,
    user: Option<u32>,
) -> Result<(Value, String), CommandError> {
    let begun = node.ticks();
    let begun_here =
        contract_succession::start_query(node, text, (wish, &RequestedRowScope::All), user).await?;
    let (Some(mut answer), first) = (begun_here.answer, begun_here.first) else {
        return Err(Refusal::new(ErrorCode::Internal, "a question without an answer").into());
    };
    let mut rows = first.map_or(0, |batch| batch.num_rows());
    while let Some(batch) = answer.batches.next().await {
        let batch = batch.map_err(|refusal| cite(node, text, refusal))?;
        rows = rows.saturating_add(batch.num_rows());
    }
    let took = node.ticks().saturating_sub(begun) / 1000;
    let outcomes = answer.report.outcomes();
    let mut told = String::from("came\n");
    for went in &outcomes {
        told.push_str(&format!("  {}\n", line(went)));
        for keys in went.remote_query.keys_sent() {
            told.push_str(&format!("    {keys}\n"));
        }
    }
    told.push_str(&format!("  the answer: {rows} rows, after {took} ms\n"));
    let all = outcomes.iter().map(entry).collect::<Vec<_>>();
    let data = json!({"errands": all, "rows": rows, "milliseconds": took});
    Ok((data, told))
}

fn line(went: &Went) -> String {
    let errand = &went.remote_query;
    let expected = match errand.most_rows {
        0 => "how many was not told".to_owned(),
        most if errand.guessed => format!("about {most} were expected"),
        most => format!("{most} at most were expected"),
    };
    if went.status == RemoteQueryStatus::NotAsked {
        let (who, what) = (errand.participant.domain(), errand.relations());
        return format!("{who} ({what}): not asked, since no value of the others could fit");
    }
    let way = match went.travelled {
        0 => "in the house".to_owned(),
        bytes => format!(
            "{bytes} bytes on the way, after {} ms",
            went.took.as_millis()
        ),
    };
    format!(
        "{} ({}): {} rows ({expected}), {way}",
        errand.participant.domain(),
        errand.relations(),
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
    })
}
