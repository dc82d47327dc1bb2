//! `contract withdraw`: a person ends a contract.

use super::find::{held, sides};
use crate::desk::Outcome;
use crate::desk::out::Out;
use crate::node::Node;
use crate::walk::officers::{self, Deed, Word};
use crate::walk::{negotiate, post, revoke};
use ::policy::id::ContractId;
use ::policy::refusal::{Code, Refusal};
use proto::peer::letter::Content;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn withdraw(
    node: &Arc<Node>,
    prefix: &str,
    reason: &str,
    caller: Option<u32>,
    out: &Out,
) -> Outcome {
    let contract = held(node, prefix)?;
    let agreement = node
        .book(|book| book.agreement(contract).cloned())
        .ok_or_else(|| {
            Refusal::new(
                Code::ContractUnknown,
                format!("no contract `{}` here", contract.short()),
            )
        })?;
    let mut reason = reason.to_owned();
    if node.config().officers.second {
        match officers::word(node, caller, contract, Deed::Withdraw, Some(&reason)).await? {
            Word::Enough(first) => reason = first.unwrap_or(reason),
            Word::Waits => return waits(contract, out).await,
        }
    }
    let before = node.running.len();
    let (inner, words) = (Arc::clone(node), reason);
    let statement =
        crate::desk::blocking(move || revoke::own_now(&inner, contract, &words)).await?;
    let (role, with) = sides(node, &agreement);
    let peer = match (role, agreement.assignee_id()) {
        ("provider", Some(consumer)) => Some(consumer.clone()),
        ("provider", None) => None,
        _ => Some(agreement.provider.id.clone()),
    };
    let mut carried = Ok(());
    if let Some(peer) = peer {
        let content = Content::Withdrawal {
            statement: statement.into(),
        };
        negotiate::send(node, &peer, content, false).await?;
        if role == "consumer" {
            carried = post::pump(node, &node.peer(peer.as_str())?).await;
        }
    }
    out.object(
        json!({
            "contract": contract.to_string(),
            "with": with,
            "withdrawn": true,
            "streams_before": before,
        }),
        format!(
            "contract {} with {with} is withdrawn; its running streams are cut, new questions are refused",
            contract.short()
        ),
    )
    .await?;
    if let Err(refusal) = carried {
        out.notice(format!(
            "the other party will hear of it when it can be reached: {}",
            refusal.sentence
        ))
        .await;
    }
    Ok(0)
}

/// Says that one officer's word is not enough.
async fn waits(contract: ContractId, out: &Out) -> Outcome {
    let short = contract.short();
    out.object(
        json!({
            "contract": contract.to_string(),
            "withdrawn": false,
            "waits_for": "second officer",
        }),
        format!(
            "contract {short} is still in force; your word and your reason are on the books\n\
             a second officer approves with: hansa contract withdraw {short} --reason \"…\""
        ),
    )
    .await?;
    Ok(0)
}
