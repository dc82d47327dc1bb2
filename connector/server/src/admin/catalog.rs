//! `hansa catalog`: what others offer to us.

use crate::admin::CommandResult;
use crate::admin::dataset::catalog_entry::{entry_json, entry_text};
use crate::admin::event_sink::EventSink;
use crate::cli::connector_command::catalog::CatalogCommand;
use crate::cli::output::table;
use crate::participant::Connector;
use crate::participant::peer_connections::KnownPeer;
use crate::workflow::federated_query::{self, VisibleDataset};
use hansa_catalog::dataset::DatasetKind;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::printable;
use hansa_policy::term::Clause;
use serde_json::{Value, json};
use std::sync::Arc;

/// Carries out one of the verbs.
pub(crate) async fn run(
    node: &Arc<Connector>,
    verb: CatalogCommand,
    out: &EventSink,
) -> CommandResult {
    match verb {
        CatalogCommand::List { participant } => {
            let peers = match participant {
                Some(named) => vec![node.peer(&named)?],
                None => node.known_peers()?,
            };
            list(node, &peers, |_| true, out).await
        }
        CatalogCommand::Search { words } => {
            let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
            let peers = node.known_peers()?;
            list(node, &peers, |seen| matches(seen, &words), out).await
        }
        CatalogCommand::Show { dataset } => {
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
pub(crate) async fn find(node: &Arc<Connector>, named: &str) -> Result<VisibleDataset, Refusal> {
    let (alias, name) = named.split_once('.').ok_or_else(|| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{named}` is not participant.dataset"),
        )
    })?;
    let peer = node.peer(alias)?;
    federated_query::catalogue(node, &peer)
        .await?
        .into_iter()
        .find(|seen| seen.dataset.id.name.as_str() == name)
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::DatasetUnknown,
                format!("no such dataset `{named}`"),
            )
            .with_help(format!("hansa catalog list {alias}"))
        })
}

fn matches(seen: &VisibleDataset, words: &[String]) -> bool {
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
    node: &Arc<Connector>,
    peers: &[KnownPeer],
    wanted: impl Fn(&VisibleDataset) -> bool,
    out: &EventSink,
) -> CommandResult {
    let mut rows = Vec::new();
    let mut status = 0;
    for peer in peers {
        match federated_query::catalogue(node, peer).await {
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
fn how(node: &Connector, seen: &VisibleDataset) -> String {
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

fn contracts(node: &Connector, seen: &VisibleDataset) -> Vec<ContractId> {
    let (own, now) = (node.id(), node.now());
    node.contracts.book(|book| {
        book.taken_by(&own, now)
            .filter(|(_, agreement, standing)| {
                *standing == ContractStatus::InForce && agreement.dataset.id == seen.dataset.id
            })
            .map(|(id, _, _)| id)
            .collect()
    })
}

fn seen_json(node: &Connector, seen: &VisibleDataset) -> Value {
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

fn seen_text(node: &Connector, seen: &VisibleDataset) -> String {
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
