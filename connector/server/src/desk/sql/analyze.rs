//! `hansa explain --analyze`: the question is asked, and what each participant brought is told beside what was expected.

use super::rows::Wanted;
use super::turn;
use crate::desk::Trouble;
use crate::node::Node;
use crate::walk::cite::cite;
use futures::StreamExt as _;
use hansa_policy::refusal::{Code, Refusal};
use hansa_query::federate::errand::{Outcome as Went, Status};
use hansa_query::federate::question::Wish;
use serde_json::{Value, json};
use std::sync::Arc;

/// Asks, and says what came; the rows go nowhere. It is on the books as any other question is.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn came(
    node: &Arc<Node>,
    text: &str,
    wish: &Wish,
    user: Option<u32>,
) -> Result<(Value, String), Trouble> {
    let begun = node.ticks();
    let begun_here = turn::begun(node, text, (wish, &Wanted::All), user).await?;
    let (Some(mut answer), first) = (begun_here.answer, begun_here.first) else {
        return Err(Refusal::new(Code::Internal, "a question without an answer").into());
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
        for keys in went.errand.keys_sent() {
            told.push_str(&format!("    {keys}\n"));
        }
    }
    told.push_str(&format!("  the answer: {rows} rows, after {took} ms\n"));
    let all = outcomes.iter().map(entry).collect::<Vec<_>>();
    let data = json!({"errands": all, "rows": rows, "milliseconds": took});
    Ok((data, told))
}

fn line(went: &Went) -> String {
    let errand = &went.errand;
    let expected = match errand.most_rows {
        0 => "how many was not told".to_owned(),
        most if errand.guessed => format!("about {most} were expected"),
        most => format!("{most} at most were expected"),
    };
    if went.status == Status::NotAsked {
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
        "participant": went.errand.participant.domain(),
        "sql": went.errand.sql,
        "rows": went.rows,
        "most_rows": went.errand.most_rows,
        "guessed": went.errand.guessed,
        "bytes": went.travelled,
        "milliseconds": u64::try_from(went.took.as_millis()).unwrap_or(u64::MAX),
    })
}
