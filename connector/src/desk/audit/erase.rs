//! `hansa audit erase`: the texts of questions, which stand beside the log.

use crate::cli::verb::audit::Ground;
use crate::desk::audit::filter::instant;
use crate::desk::audit::{named, record};
use crate::desk::out::Out;
use crate::desk::{Outcome, blocking};
use crate::node::Node;
use ::policy::refusal::{Code, Refusal};
use evidence::digest::Digest;
use evidence::record::Record;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Erases the texts of one question, or all from before an instant.
pub(super) async fn run(
    node: &Arc<Node>,
    question: Option<String>,
    before: Option<String>,
    ground: Ground,
    out: &Out,
) -> Outcome {
    let inner = Arc::clone(node);
    let erased = blocking(move || erase(&inner, question.as_deref(), before.as_deref(), ground));
    let erased = erased.await?;
    let told = format!("{erased} texts are erased; the log and all proofs are as they were");
    out.object(json!({"erased": erased, "ground": ground.as_str()}), told)
        .await?;
    Ok(0)
}

fn erase(
    node: &Node,
    question: Option<&str>,
    before: Option<&str>,
    ground: Ground,
) -> Result<usize, Refusal> {
    let before = before.map(instant).transpose()?;
    let Some(question) = question else {
        return node.erase_texts(ground.as_str(), before, |held| {
            before.is_some_and(|before| held.at < before)
        });
    };
    let records = named(node, question)?;
    let commits: BTreeSet<Digest> = records.iter().filter_map(commit).collect();
    let erased = node.erase_texts(ground.as_str(), None, |held| commits.contains(&held.commit))?;
    if erased == 0 {
        let sentence = format!("no text of `{question}` is kept here, or no longer");
        return Err(Refusal::new(Code::UsageWrong, sentence));
    }
    Ok(erased)
}

fn commit(record: &Record) -> Option<Digest> {
    record::field(record, "sql_commit")?.parse().ok()
}

/// The text of the question that a record is about, if it is kept here.
///
/// # Errors
/// When it can't be read.
pub(super) fn text(node: &Node, record: &Record) -> Result<Option<String>, Refusal> {
    match commit(record) {
        Some(commit) => node.side.text_of(commit),
        None => Ok(None),
    }
}
