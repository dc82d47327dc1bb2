//! `hansa catalog`: what others offer to us.

use crate::cli::show::table;
use crate::cli::verb::catalog::CatalogVerb;
use crate::desk::Outcome;
use crate::desk::dataset::entry::{entry_json, entry_text};
use crate::desk::out::Out;
use crate::node::Node;
use crate::node::calls::Peer;
use crate::walk::ask::{self, Seen};
use hansa_catalog::dataset::DatasetKind;
use hansa_policy::contract::Standing;
use hansa_policy::id::ContractId;
use hansa_policy::plain::printable;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::term::Clause;
use serde_json::{Value, json};
use std::sync::Arc;

/// Carries out one of the verbs.
pub(crate) async fn run(node: &Arc<Node>, verb: CatalogVerb, out: &Out) -> Outcome {
    match verb {
        CatalogVerb::List { participant } => {
            let peers = match participant {
                Some(named) => vec![node.peer(&named)?],
                None => node.peers()?,
            };
            list(node, &peers, |_| true, out).await
        }
        CatalogVerb::Search { words } => {
            let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
            let peers = node.peers()?;
            list(node, &peers, |seen| matches(seen, &words), out).await
        }
        CatalogVerb::Show { dataset } => {
            let seen = find(node, &dataset).await?;
            out.object(seen_json(node, &seen), seen_text(node, &seen))
                .await?;
            Ok(0)
        }
    }
}

/// The dataset that `participant.dataset` names, as its owner shows it.
///
/// # Errors
/// `PEER_UNKNOWN`, `DATASET_UNKNOWN`, or why the participant can't be reached.
pub(crate) async fn find(node: &Arc<Node>, named: &str) -> Result<Seen, Refusal> {
    let (alias, name) = named.split_once('.').ok_or_else(|| {
        Refusal::new(
            Code::UsageWrong,
            format!("`{named}` is not participant.dataset"),
        )
    })?;
    let peer = node.peer(alias)?;
    ask::catalogue(node, &peer)
        .await?
        .into_iter()
        .find(|seen| seen.dataset.id.name.as_str() == name)
        .ok_or_else(|| {
            Refusal::new(Code::DatasetUnknown, format!("no such dataset `{named}`"))
                .with_help(format!("hansa catalog list {alias}"))
        })
}

fn matches(seen: &Seen, words: &[String]) -> bool {
    let dataset = &seen.dataset;
    let mut text = format!(
        "{} {} {} {} {}",
        dataset.id,
        dataset.title,
        dataset.kind.map_or("", DatasetKind::as_str),
        dataset.model.clone().unwrap_or_default(),
        dataset.attribution.clone().unwrap_or_default()
    );
    for column in &dataset.columns {
        text.push(' ');
        text.push_str(column.name.as_str());
        text.push(' ');
        text.push_str(column.meaning.as_deref().unwrap_or_default());
    }
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word))
}

async fn list(
    node: &Arc<Node>,
    peers: &[Peer],
    wanted: impl Fn(&Seen) -> bool,
    out: &Out,
) -> Outcome {
    let mut rows = Vec::new();
    let mut status = 0;
    for peer in peers {
        match ask::catalogue(node, peer).await {
            Ok(all) => {
                for seen in all.iter().filter(|seen| wanted(seen)) {
                    out.object(seen_json(node, seen), "").await?;
                    rows.push(vec![
                        format!("{}.{}", peer.alias, seen.dataset.id.name),
                        how(node, seen),
                        if seen.dataset.rows == 0 {
                            String::new()
                        } else {
                            seen.dataset.rows.to_string()
                        },
                        seen.dataset
                            .kind
                            .map_or_else(String::new, |kind| kind.to_string()),
                        seen.dataset.licence.clone(),
                        seen.dataset.title.clone(),
                    ]);
                }
            }
            Err(refusal) => {
                status = refusal.code.kind().exit_code();
                out.fault(&refusal).await;
            }
        }
    }
    out.text(table(
        &["DATASET", "HAD BY", "ROWS", "KIND", "LICENCE", "TITLE"],
        &rows,
    ))
    .await?;
    Ok(status)
}

/// By what we may have it.
fn how(node: &Node, seen: &Seen) -> String {
    let contracts = contracts(node, seen);
    let mut how = Vec::new();
    if !contracts.is_empty() {
        how.push("contract".to_owned());
    }
    if !seen.views.is_empty() {
        how.push("public view".to_owned());
    }
    if how.is_empty() && !seen.offers.is_empty() {
        how.push("offer".to_owned());
    }
    how.join(", ")
}

fn contracts(node: &Node, seen: &Seen) -> Vec<ContractId> {
    let (own, now) = (node.id(), node.now());
    node.book(|book| {
        book.taken_by(&own, now)
            .filter(|(_, agreement, standing)| {
                *standing == Standing::InForce && agreement.dataset.id == seen.dataset.id
            })
            .map(|(id, _, _)| id)
            .collect()
    })
}

fn seen_json(node: &Node, seen: &Seen) -> Value {
    let terms = |clauses: &[Clause]| -> Vec<Value> {
        clauses
            .iter()
            .map(|clause| json!({"clause": clause.id.to_string(), "text": clause.term.plain()}))
            .collect()
    };
    json!({
        "participant": seen.peer.id.domain(),
        "name": format!("{}.{}", seen.peer.alias, seen.dataset.id.name),
        "entry": entry_json(&seen.dataset),
        "offers": seen.offers.iter().map(|offer| json!({
            "offer": offer.id().to_string(),
            "title": offer.title,
            "terms": terms(&offer.clauses),
        })).collect::<Vec<_>>(),
        "public_views": seen.views.iter().map(|(id, agreement)| json!({
            "contract": id.to_string(),
            "terms": terms(&agreement.clauses),
        })).collect::<Vec<_>>(),
        "contracts": contracts(node, seen).iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn seen_text(node: &Node, seen: &Seen) -> String {
    let mut text = entry_text(&seen.dataset);
    let mut block = |head: String, clauses: &[Clause]| {
        text.push_str(&format!("\n\n{head}"));
        text.push_str(&terms_text(clauses));
    };
    for offer in &seen.offers {
        block(
            format!(
                "offer {} \"{}\"",
                offer.id().short(),
                printable(&offer.title)
            ),
            &offer.clauses,
        );
    }
    for (id, agreement) in &seen.views {
        block(format!("public view {}", id.short()), &agreement.clauses);
    }
    for id in contracts(node, seen) {
        text.push_str(&format!(
            "\n\ncontract {} in force: hansa contract show {}",
            id.short(),
            id.short()
        ));
    }
    text
}

/// Clauses in plain language; what is only recorded stands under its own heading.
pub(crate) fn terms_text(clauses: &[Clause]) -> String {
    let mut text = String::new();
    for clause in clauses
        .iter()
        .filter(|clause| !clause.term.is_recorded_only())
    {
        text.push_str(&format!(
            "\n  {:<5} {}",
            clause.id.to_string(),
            clause.term.plain()
        ));
    }
    let recorded: Vec<&Clause> = clauses
        .iter()
        .filter(|clause| clause.term.is_recorded_only())
        .collect();
    if !recorded.is_empty() {
        text.push_str("\n  Not technically enforced:");
        for clause in recorded {
            text.push_str(&format!(
                "\n  {:<5} {}",
                clause.id.to_string(),
                clause.term.plain()
            ));
        }
    }
    text
}
