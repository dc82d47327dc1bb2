//! `hansa contract`: the life of a contract.

mod attest;
mod elsewhere;
mod ending;
mod ending_by_hand;
pub(crate) mod find;
mod remark;
mod repeated;
mod request;
mod show;
mod step;
mod usage;
mod wait;
pub(crate) mod words;

use crate::cli::show::table;
use crate::cli::verb::contract::ContractVerb;
use crate::desk::out::Out;
use crate::desk::{Manner, Outcome};
use crate::node::Node;
use crate::walk::{negotiate, post};
use find::{contracts, held, negotiations, sides};
use hansa_audit_log::time::Time;
use hansa_policy::negotiate::Phase;
use hansa_policy::plain::TypedLine;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::term::tongue::Tongue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use words::{contract_json, dataset_of, last_day, negotiation_json, short, turn};

/// Carries out one of the verbs.
pub(crate) async fn run(
    node: &Arc<Node>,
    verb: ContractVerb,
    manner: Manner,
    caller: Option<u32>,
    out: &Out,
) -> Outcome {
    match verb {
        ContractVerb::List { expiring, ics } => list(node, expiring.as_deref(), ics, out).await,
        ContractVerb::Request {
            dataset,
            sign,
            policy_text: policy,
            offer,
            replaces,
            language,
            ..
        } => {
            let wish = request::Wish {
                sign,
                policy,
                offer,
                replaces,
                tongue: spoken(language.as_deref())?,
            };
            request::request(node, &dataset, wish, manner, out).await
        }
        ContractVerb::Show {
            id,
            diff,
            odrl,
            language,
        } => show::show(node, &id, diff, odrl, spoken(language.as_deref())?, out).await,
        ContractVerb::Counter {
            id, policy_text, ..
        } => step::counter(node, &id, policy_text.as_deref().unwrap_or_default(), out).await,
        ContractVerb::Sign { id, .. } => {
            step::sign(node, &id.unwrap_or_default(), caller, out).await
        }
        ContractVerb::Attach { id, signature, .. } => {
            let signature = signature.unwrap_or_default();
            if !id.starts_with("n-") {
                let statement = signature.trim_end().as_bytes();
                return ending_by_hand::attach(node, &id, statement, caller, out).await;
            }
            elsewhere::attach(node, &id, signature.as_bytes(), caller, out).await
        }
        ContractVerb::Comment { id, clause, text } => {
            let text = TypedLine::parse("comment", &text)?;
            remark::comment(node, &id, clause, text, out).await
        }
        ContractVerb::Wait { id } => wait::wait(node, &id, out).await,
        ContractVerb::Decline { id, reason } => {
            let reason = TypedLine::parse("reason", &reason)?;
            step::decline(node, &id, reason, out).await
        }
        ContractVerb::Usage { id, .. } => usage::state(node, &id, out).await,
        ContractVerb::TopUp { id, amount } => usage::top_up(node, &id, &amount, out).await,
        ContractVerb::Attest { id, answers } => attest::attest(node, &id, &answers, out).await,
        ContractVerb::Withdraw { id, reason, .. } => {
            let id = id.unwrap_or_default();
            let reason = TypedLine::parse("reason", &reason)?;
            ending_by_hand::withdraw(node, &id, reason, caller, out).await
        }
        ContractVerb::Export { id, .. } if id.starts_with("n-") => {
            elsewhere::export(node, &id, out).await
        }
        ContractVerb::Export { id, .. } => export(node, &id, out).await,
        ContractVerb::Verify { .. } => {
            Err(Refusal::new(Code::UsageWrong, "contract verify needs no connector").into())
        }
    }
}

async fn list(node: &Arc<Node>, expiring: Option<&str>, ics: bool, out: &Out) -> Outcome {
    let now = node.now();
    let horizon = expiring
        .map(|text| ending::horizon(now, text))
        .transpose()?;
    collect(node, out).await?;
    let mut listed = contracts(node);
    if let Some(horizon) = horizon {
        listed.retain(|(_, agreement, standing)| ending::ends_by(agreement, *standing, horizon));
        listed.sort_by_key(|(_, agreement, _)| agreement.not_after);
    }
    if ics {
        let open: Vec<_> = listed
            .iter()
            .filter(|(_, agreement, standing)| ending::ends_by(agreement, *standing, Time::LATEST))
            .map(|(id, agreement, _)| (*id, agreement, sides(node, agreement).1))
            .collect();
        let calendar = ending::calendar(&open, now);
        out.document(json!({"calendar": calendar}), calendar.clone())
            .await?;
        return Ok(0);
    }
    let (mut rows, ends) = (Vec::new(), words::ends(node)?);
    let mut titles = BTreeMap::new();
    for row in negotiations(node)? {
        if let (Some(contract), Some(title)) = (row.contract, row.title.clone()) {
            titles.insert(contract, title);
        }
        // What ends soon are contracts; a negotiation ends with its last word.
        if row.state == Phase::Finalized.as_str() || horizon.is_some() {
            continue;
        }
        // One that can't be read hides no other.
        let open = match negotiate::letters::load(node, &row.id) {
            Ok(open) => open,
            Err(refusal) => {
                let what = format!("{} can't be read: {}", row.id, refusal.sentence);
                out.notice(what).await;
                None
            }
        };
        let turn = open.as_ref().map(turn);
        out.object(negotiation_json(&row, open.as_ref()), "")
            .await?;
        rows.push(vec![
            short(&row.id),
            row.peer.domain().to_owned(),
            dataset_of(&row.dataset),
            row.title.clone().unwrap_or_default(),
            open.as_ref()
                .map(|open| words::kind(&open.state.proposal().agreement))
                .unwrap_or_default()
                .to_owned(),
            row.role.clone(),
            row.state.to_lowercase(),
            match open.as_ref().and_then(|open| open.state.ended()) {
                Some(ended) => format!("by the {}: {}", ended.by.as_str(), ended.reason),
                None => turn.unwrap_or_default(),
            },
        ]);
    }
    for (id, agreement, standing) in listed {
        let (role, other) = sides(node, &agreement);
        let (title, end) = (titles.get(&id), ends.get(&id));
        let mut data = contract_json(id, &agreement, standing, role);
        if let Value::Object(map) = &mut data {
            map.insert("title".to_owned(), json!(title));
            map.insert(
                "ended".to_owned(),
                json!(end.map(|end| json!({
                    "by": end.by.domain(),
                    "from": end.from.to_string(),
                    "reason": end.reason,
                }))),
            );
        }
        out.object(data, "").await?;
        rows.push(vec![
            id.short(),
            other,
            agreement.dataset.id.name.to_string(),
            title.cloned().unwrap_or_default(),
            words::kind(&agreement).to_owned(),
            role.to_owned(),
            standing.as_str().to_owned(),
            match end {
                None => format!("through {}", last_day(&agreement)),
                Some(end) => format!("by {} from {}: {}", end.by.domain(), end.from, end.reason),
            },
        ]);
    }
    out.text(table(
        &[
            "ID", "WITH", "DATASET", "TITLE", "OF", "WE ARE", "STATE", "",
        ],
        &rows,
    ))
    .await?;
    Ok(0)
}

async fn export(node: &Arc<Node>, prefix: &str, out: &Out) -> Outcome {
    let contract = held(node, prefix)?;
    let bytes = node.documents.contract(contract)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let data: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    out.document(
        json!({"contract": contract.to_string(), "envelope": data, "file": text}),
        text.clone(),
    )
    .await?;
    Ok(0)
}

/// Carries the post to and from all peers first, so that what is shown is what there is. A peer that does not answer is
/// mentioned and stops nothing.
async fn collect(node: &Arc<Node>, out: &Out) -> Result<(), Refusal> {
    for peer in node.peers()? {
        if let Err(refusal) = post::pump(node, &peer).await {
            out.notice(format!(
                "{} was not reached: {}",
                peer.id.domain(),
                refusal.sentence
            ))
            .await;
        }
    }
    Ok(())
}

/// The language of a page, if one was named.
fn spoken(text: Option<&str>) -> Result<Option<Tongue>, Refusal> {
    let parsed = text.map(|text| {
        text.parse()
            .map_err(|fault| Refusal::new(Code::UsageWrong, format!("`{text}`: {fault}")))
    });
    parsed.transpose()
}
