//! `contract request`: an offer, or our own terms for it, sent to its provider.

use super::find as find_contract;
use super::repeated::{Repeated, repeated};
use super::step::{in_force_from, told};
use super::words::{payload_text, turn_sentence};
use crate::desk::catalog::{find, terms_text};
use crate::desk::out::Out;
use crate::desk::{Manner, Outcome, gathered};
use crate::node::Node;
use crate::walk::{negotiate, post};
use hansa_catalog::dataset::Dataset;
use hansa_catalog::offer::Filled;
use hansa_policy::contract::shown::Shown;
use hansa_policy::contract::{Agreement, Assignee};
use hansa_policy::id::ContractId;
use hansa_policy::negotiate::Phase;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::term::tongue::Tongue;
use hansa_proto::contract;
use hansa_proto::peer::letter::Content;
use serde_json::json;
use std::sync::Arc;

/// How a contract is wished for.
pub(super) struct Wish {
    /// Sign beforehand.
    pub(super) sign: bool,
    /// Own terms, in the place of the offer's.
    pub(super) policy: Option<String>,
    /// Which of several offers.
    pub(super) offer: Option<String>,
    /// The contract that it takes the place of.
    pub(super) replaces: Option<String>,
    /// The language of the page that both sign.
    pub(super) tongue: Option<Tongue>,
}

pub(super) async fn request(
    node: &Arc<Node>,
    dataset: &str,
    wish: Wish,
    manner: Manner,
    out: &Out,
) -> Outcome {
    let Wish {
        sign,
        policy,
        offer,
        replaces,
        tongue,
    } = wish;
    if sign && !node.concludes() {
        return Err(negotiate::wording::elsewhere().into());
    }
    let seen = find(node, dataset).await?;
    let chosen = match (&offer, seen.offers.as_slice()) {
        (_, []) => Err(Refusal::new(
            Code::OfferUnknown,
            format!("`{dataset}` is not offered to you"),
        )),
        (None, [one]) => Ok(one),
        (None, many) => {
            let mut refusal = Refusal::new(
                Code::ContractAmbiguous,
                format!("`{dataset}` has several offers"),
            );
            for offer in many {
                refusal = refusal.with_help(format!(
                    "--offer {} for \"{}\"",
                    offer.id().short(),
                    offer.title
                ));
            }
            Err(refusal)
        }
        (Some(prefix), many) => many
            .iter()
            .find(|offer| offer.id().to_string().starts_with(prefix) || offer.title == *prefix)
            .ok_or_else(|| {
                Refusal::new(
                    Code::OfferUnknown,
                    format!("no offer of `{dataset}` begins with `{prefix}`"),
                )
            }),
    }?;
    let bundle = node.trust.bundle();
    let provider = node.party_of(&seen.peer.id, &bundle)?;
    let us = Assignee::Participant(node.party()?);
    let old = replaces
        .map(|named| find_contract::held(node, &named))
        .transpose()?;
    let mut filled = node.filled(provider, us, old);
    if let Some(tongue) = tongue {
        filled.shown = Some(Shown::newest(tongue));
    }
    if let Some(old) = old {
        next_version(node, old, &mut filled)?;
    }
    let mut agreement = chosen.agreement(&seen.dataset, filled);
    let own_terms = policy.is_some();
    if let Some(text) = policy {
        terms_from(&text, &seen.dataset, &mut agreement, node)?;
    }
    if manner.dry_run {
        out.object(
            json!({"dataset": dataset, "would_request": payload_text(&agreement)}),
            format!(
                "would request {dataset} on these terms:{}",
                terms_text(&agreement.clauses)
            ),
        )
        .await?;
        return Ok(0);
    }
    // What waits here may have ended a negotiation that looks open.
    let _unreached = post::pump(node, &seen.peer).await;
    match repeated(node, &agreement)? {
        Some(Repeated::Waits(name)) => {
            let carried = post::pump(node, &seen.peer).await;
            return told(node, &name, carried, out, |open| {
                format!(
                    "the same terms were requested already as {name}, so nothing new was sent; {}",
                    turn_sentence(open)
                )
            })
            .await;
        }
        Some(Repeated::InForce(contract)) => {
            out.notice(format!(
                "contract {} has the same terms and is in force",
                contract.short()
            ))
            .await;
        }
        None => {}
    }
    let payload = contract::to_bytes(&agreement);
    let name = format!("n-{}", crate::node::fresh_text(8));
    let content = Content::Request {
        negotiation: name.clone(),
        dataset: seen.dataset.id.clone(),
        offer: (!own_terms).then(|| chosen.id().to_string()),
        payload: payload.into(),
    };
    negotiate::send(node, &seen.peer.id, content, sign).await?;
    let carried = post::pump(node, &seen.peer).await;
    told(node, &name, carried, out, |open| {
        let what = match open.state.phase() {
            Phase::Finalized => in_force_from(node, open),
            _ => format!("requested as {name}; {}", turn_sentence(open)),
        };
        format!(
            "{what}{}",
            terms_text(&open.state.proposal().agreement.clauses)
        )
    })
    .await
}

/// Under the label of the contract that it takes the place of.
fn next_version(node: &Node, old: ContractId, filled: &mut Filled) -> Result<(), Refusal> {
    let known = node.book(|book| {
        let old = book.agreement(old)?;
        Some((old.uid.clone(), old.version))
    });
    let (uid, version) = known.ok_or_else(|| {
        Refusal::new(
            Code::ContractUnknown,
            format!("no contract `{}` here", old.short()),
        )
    })?;
    filled.uid = uid;
    filled.version = version.saturating_add(1);
    Ok(())
}

/// Other terms, as a policy file says them, in the place of the agreement's.
pub(super) fn terms_from(
    text: &str,
    dataset: &Dataset,
    agreement: &mut Agreement,
    node: &Node,
) -> Result<(), Refusal> {
    let draft = hansa_proto::policy_toml::parse(text, "the policy", dataset).map_err(gathered)?;
    let known: Vec<_> = agreement
        .own_purposes
        .iter()
        .chain(&node.config().purposes)
        .cloned()
        .collect();
    agreement.own_purposes = crate::node::offers::used_purposes(&draft.clauses, &known);
    agreement.clauses = draft.clauses;
    if let Some(from) = draft.not_before {
        agreement.not_before = from;
    }
    if let Some(until) = draft.not_after {
        agreement.not_after = until;
    }
    Ok(())
}
