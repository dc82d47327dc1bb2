//! `contract comment`: a word on a clause, and how the words are shown.

use super::collect;
use super::find::loaded;
use super::step::peer_of;
use crate::desk::Outcome;
use crate::desk::out::Out;
use crate::node::Node;
use crate::walk::negotiate::remark::{self, Read};
use crate::walk::{negotiate, post};
use hansa_policy::id::ClauseId;
use hansa_policy::negotiate::Side;
use hansa_policy::plain::TypedLine;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn comment(
    node: &Arc<Node>,
    prefix: &str,
    clause: u32,
    text: TypedLine,
    out: &Out,
) -> Outcome {
    collect(node, out).await?;
    let (name, open) = loaded(node, prefix)?;
    let clause = ClauseId(clause);
    let content = remark::written(node, &open, clause, &text)?;
    negotiate::send(node, open.other(), content, false).await?;
    let carried = match open.own {
        // A provider never dials; the consumer fetches the letter.
        Side::Provider => Ok(()),
        Side::Consumer => post::pump(node, &peer_of(node, &open)?).await,
    };
    out.object(
        json!({"negotiation": name, "clause": clause.to_string(), "commented": true}),
        format!("said of clause {clause} in {name}"),
    )
    .await?;
    match carried {
        Ok(()) => Ok(0),
        Err(refusal) => Err(refusal.into()),
    }
}

/// The comments as lines below a page.
pub(super) fn text(comments: &[Read]) -> String {
    comments
        .iter()
        .map(|read| {
            let comment = &read.comment;
            let doubt = if read.fault.is_none() {
                ""
            } else {
                " (SIGNATURE NOT VALID)"
            };
            format!(
                "\n  comment   {} {} on {}{doubt}: {}",
                comment.clause,
                comment.party.domain(),
                read.at,
                comment.text
            )
        })
        .collect()
}

/// The comments as JSON.
pub(super) fn json(comments: &[Read]) -> Value {
    let one = |read: &Read| {
        json!({
            "clause": read.comment.clause.to_string(),
            "participant": read.comment.party.domain(),
            "on": read.comment.contract.to_string(),
            "at": read.at.to_string(),
            "text": read.comment.text,
            "valid": read.fault.is_none(),
        })
    };
    Value::Array(comments.iter().map(one).collect())
}
