//! The steps after the request: counter, sign, decline.

use super::collect;
use super::find::{loaded, negotiations};
use super::request::terms_from;
use super::words::{negotiation_json, turn_sentence};
use crate::desk::catalog::find;
use crate::desk::out::Out;
use crate::desk::{Outcome, Trouble};
use crate::node::Node;
use crate::node::calls::Peer;
use crate::node::offers::views::Held;
use crate::walk::negotiate::{self, Open};
use crate::walk::officers::{self, Deed, Word};
use crate::walk::post;
use hansa_policy::contract::shown::Shown;
use hansa_policy::negotiate::{Phase, Send, Side};
use hansa_policy::plain::TypedLine;
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::contract;
use hansa_proto::peer::letter::Content;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn counter(node: &Arc<Node>, prefix: &str, policy: &str, out: &Out) -> Outcome {
    collect(node, out).await?;
    let (name, open) = loaded(node, prefix)?;
    let mut agreement = open.state.proposal().agreement.clone();
    let dataset = match open.own {
        Side::Provider => node
            .catalog(|catalog| catalog.by_id(&agreement.dataset.id).cloned())
            .ok_or_else(|| {
                Refusal::new(Code::DatasetNotPublished, "the dataset is not published")
            })?,
        Side::Consumer => {
            let peer = peer_of(node, &open)?;
            find(
                node,
                &format!("{}.{}", peer.alias, agreement.dataset.id.name),
            )
            .await?
            .dataset
        }
    };
    terms_from(policy, &dataset, &mut agreement, node)?;
    agreement.version = agreement.version.saturating_add(1);
    // Under the newest form of the page, in the language that is on the table.
    let tongue = agreement.shown.map(|shown| shown.tongue);
    let tongue = tongue.unwrap_or(node.config().participant.tongue);
    agreement.shown = Some(Shown::newest(tongue).in_zone(&dataset.zone));
    agreement.proposed_at = node.now();
    agreement.nonce = hansa_proto::base64url::encode(&crate::node::fresh::<16>());
    let payload = contract::to_bytes(&agreement).into();
    let content = match open.own {
        Side::Provider => Content::Offer {
            negotiation: name.clone(),
            payload,
        },
        Side::Consumer => Content::Request {
            negotiation: name.clone(),
            dataset: agreement.dataset.id.clone(),
            offer: None,
            payload,
        },
    };
    step(node, &name, &open, content, out).await
}

pub(super) async fn sign(
    node: &Arc<Node>,
    prefix: &str,
    caller: Option<u32>,
    out: &Out,
) -> Outcome {
    collect(node, out).await?;
    if let Some(held) = held_view(node, prefix) {
        return sign_view(node, &held, caller, out).await;
    }
    let (name, open) = loaded(node, prefix)?;
    if waits(node, &name, &open, caller, out).await? {
        return Ok(0);
    }
    let content = negotiate::due(node, &open)?;
    step(node, &name, &open, content, out).await
}

/// The public view that waits for two officers, by a prefix of what they say it of.
fn held_view(node: &Node, prefix: &str) -> Option<Held> {
    let mut all = node.held().into_iter();
    all.find(|held| prefix.len() >= 4 && held.key.to_string().starts_with(prefix))
}

/// Takes an officer's word on a public view; with the second one it is signed and in force.
async fn sign_view(node: &Arc<Node>, held: &Held, caller: Option<u32>, out: &Out) -> Outcome {
    let (key, dataset) = (held.key, held.dataset.name.clone());
    let word = officers::word(node, caller, key, Deed::Sign, None).await?;
    let signed = matches!(word, Word::Enough(_));
    if signed {
        let inner = Arc::clone(node);
        let faults = crate::desk::blocking(move || crate::node::offers::renew(&inner)).await?;
        for fault in faults {
            out.notice(fault.to_string()).await;
        }
    }
    let text = if signed {
        format!("the public view of {dataset} is signed and in force")
    } else {
        format!(
            "the public view of {dataset} is {} beside the one in force; your word is on the books, and nothing is signed yet\n\
             a second officer approves with: hansa contract sign {}",
            held.verdict,
            key.short()
        )
    };
    let waits_for = (!signed).then_some("second officer");
    out.object(
        json!({
            "dataset": dataset.to_string(),
            "view": key.to_string(),
            "signed": signed,
            "waits_for": waits_for,
            "verdict": held.verdict.as_str(),
        }),
        text,
    )
    .await?;
    Ok(0)
}

/// Whether our signature has to wait for a second officer; then that is said.
pub(super) async fn waits(
    node: &Arc<Node>,
    name: &str,
    open: &Open,
    caller: Option<u32>,
    out: &Out,
) -> Result<bool, Trouble> {
    let Some(Send::Agreement(contract) | Send::Finalization(contract)) = open.state.due(open.own)
    else {
        return Ok(false);
    };
    let Some(verdict) = officers::needs_two(node, &open.state.proposal().agreement) else {
        return Ok(false);
    };
    match officers::word(node, caller, contract, Deed::Sign, None).await? {
        Word::Enough(_) => Ok(false),
        Word::Waits => {
            out.object(
                json!({
                    "negotiation": name,
                    "would_become": contract.to_string(),
                    "signed": false,
                    "waits_for": "second officer",
                    "verdict": verdict.as_str(),
                }),
                format!(
                    "{name} is {verdict} beside what is in force; your word is on the books, and nothing is signed yet\n\
                     a second officer approves with: hansa contract sign {name}"
                ),
            )
            .await?;
            Ok(true)
        }
    }
}

pub(super) async fn decline(
    node: &Arc<Node>,
    prefix: &str,
    reason: TypedLine,
    out: &Out,
) -> Outcome {
    collect(node, out).await?;
    let (name, open) = loaded(node, prefix)?;
    let content = Content::Termination {
        negotiation: name.clone(),
        code: None,
        reason: reason.to_string(),
    };
    step(node, &name, &open, content, out).await
}

/// That a contract is concluded, and from when it counts where that is not now.
pub(super) fn in_force_from(node: &Node, open: &Open) -> String {
    let proposal = open.state.proposal();
    let (contract, begins) = (proposal.contract.short(), proposal.agreement.not_before);
    match begins > node.now() {
        true => format!("contract {contract} is signed by both and begins at {begins}"),
        false => format!("contract {contract} is in force"),
    }
}

/// Says how a negotiation stands after a step, and whether the post could be carried.
pub(super) async fn told(
    node: &Arc<Node>,
    name: &str,
    carried: Result<(), Refusal>,
    out: &Out,
    text: impl Fn(&Open) -> String,
) -> Outcome {
    let row = negotiations(node)?.into_iter().find(|row| row.id == name);
    let open = negotiate::letters::load(node, name)?;
    if let (Some(row), Some(open)) = (row, open) {
        let mut data = negotiation_json(&row, Some(&open));
        if let (Value::Object(map), Phase::Finalized) = (&mut data, open.state.phase()) {
            map.insert(
                "contract".to_owned(),
                json!(open.state.proposal().contract.to_string()),
            );
        }
        out.object(data, text(&open)).await?;
    }
    match carried {
        Ok(()) => Ok(0),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Sends a letter of ours and carries it, where it is ours to carry.
pub(super) async fn step(
    node: &Arc<Node>,
    name: &str,
    open: &Open,
    content: Content,
    out: &Out,
) -> Outcome {
    negotiate::send(node, open.other(), content, false).await?;
    let carried = match open.own {
        // A provider never dials; the consumer fetches the letter.
        Side::Provider => Ok(()),
        Side::Consumer => post::pump(node, &peer_of(node, open)?).await,
    };
    told(node, name, carried, out, |open| match open.state.phase() {
        Phase::Finalized => in_force_from(node, open),
        phase => format!(
            "{name} is {}; {}",
            phase.as_str().to_lowercase(),
            turn_sentence(open)
        ),
    })
    .await
}

pub(super) fn peer_of(node: &Node, open: &Open) -> Result<Peer, Refusal> {
    node.peer(open.other().as_str())
}
