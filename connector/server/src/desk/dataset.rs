//! `hansa dataset`: the own datasets.

mod add;
pub(crate) mod entry;
mod guard;
mod publish;
mod released;
mod sample;

use crate::cli::show::table;
use crate::cli::verb::dataset::DatasetVerb;
use crate::desk::config;
use crate::desk::dataset::entry::{entry_json, entry_text};
use crate::desk::dataset::guard::Wanted;
use crate::desk::dataset::released::{releases_json, releases_text};
use crate::desk::out::Out;
use crate::desk::{Manner, Outcome, gathered};
use crate::node::Node;
use crate::walk;
use crate::walk::publish::Way;
use hansa_catalog::dataset::{Dataset, DatasetKind};
use hansa_policy::id::Name;
use hansa_policy::refusal::{Code, Refusal};
use hansa_query::source::config::{DatasetConfig, read};
use hansa_query::source::look::entry::About;
use serde_json::json;
use std::sync::Arc;

/// Carries out one of the verbs.
pub(crate) async fn run(
    node: &Arc<Node>,
    verb: DatasetVerb,
    (manner, caller): (Manner, Option<u32>),
    out: &Out,
) -> Outcome {
    match verb {
        DatasetVerb::List => list(node, out).await,
        DatasetVerb::Show { name } => show(node, &name, out).await,
        DatasetVerb::Sample { name, rows } => sample::sample(node, &name, rows, out).await,
        DatasetVerb::Add {
            files,
            name,
            title,
            licence,
            kind,
            columns,
            keep_wide,
        } => {
            let about = About {
                name: name.as_deref().map(named).transpose()?,
                title,
                licence,
                kind: kind.as_deref().map(of_kind).transpose()?,
                columns,
                stays_wide: keep_wide,
            };
            add::add(node, files, about, manner, out).await
        }
        DatasetVerb::Publish { names, anew } => {
            let way = Way {
                dry: manner.dry_run,
                anew,
            };
            publish::publish(node, &names, way, out).await
        }
        DatasetVerb::Guard {
            name,
            policy,
            policy_text,
            remove,
        } => {
            let dataset = known(node, &name)?;
            let wanted = match (policy, policy_text) {
                (Some(file), Some(text)) => Wanted::Set { file, text },
                _ if remove => Wanted::Remove,
                _ => Wanted::Nothing,
            };
            guard::guard(node, &dataset, wanted, (manner, caller), out).await
        }
        DatasetVerb::Withdraw { name, snapshot } => {
            publish::withdraw(node, named(&name)?, snapshot, out).await
        }
    }
}

async fn list(node: &Arc<Node>, out: &Out) -> Outcome {
    let mut rows = Vec::new();
    let configs = configured(node)?;
    let published: Vec<Dataset> = node.catalog(|catalog| catalog.datasets().cloned().collect());
    for config in &configs {
        let entry = published.iter().find(|entry| entry.id.name == config.name);
        out.object(
            json!({
                "dataset": config.name.as_str(),
                "title": config.title,
                "published": entry.is_some(),
                "version": entry.map(|entry| entry.version.clone()),
                "rows": entry.map(|entry| entry.rows),
                "licence": entry.map(|entry| entry.licence.clone()),
                "model": entry.and_then(|entry| entry.model.clone()),
                "kind": entry.and_then(|entry| entry.kind).map(DatasetKind::as_str),
            }),
            "",
        )
        .await?;
        rows.push(vec![
            config.name.to_string(),
            entry.map_or_else(|| "not published".to_owned(), |entry| entry.version.clone()),
            entry.map_or_else(String::new, |entry| entry.rows.to_string()),
            config.title.clone(),
        ]);
    }
    let text = table(&["DATASET", "VERSION", "ROWS", "TITLE"], &rows);
    out.text(text).await?;
    Ok(0)
}

async fn show(node: &Arc<Node>, name: &str, out: &Out) -> Outcome {
    let dataset = known(node, name)?;
    let holdings = node.shelf.holdings();
    let facts = holdings
        .get(&dataset.id)
        .map_or(&[][..], |held| &held.released.facts);
    let mut json = entry_json(&dataset);
    if let Some(members) = json.as_object_mut()
        && dataset
            .grid
            .as_ref()
            .is_some_and(|grid| grid.release.is_some())
    {
        members.insert("releases".to_owned(), releases_json(facts));
    }
    let mut text = format!("{}{}", entry_text(&dataset), releases_text(facts));
    if let Some(held) = node.guards().get(&dataset.id) {
        if let Some(members) = json.as_object_mut() {
            members.insert("guard".to_owned(), guard::told(&dataset, Some(held)));
        }
        text = format!("{text}\n{}\n", guard::text(&dataset, Some(held)));
    }
    let stays = holdings
        .get(&dataset.id)
        .and_then(|held| held.in_place.as_ref());
    if let Some(stays) = stays {
        let places = stays.stays().places();
        text.push_str("\nstays where it is\n");
        for place in &places {
            text.push_str(&format!("  {place}\n"));
        }
        if let Some(members) = json.as_object_mut() {
            members.insert("in_place".to_owned(), json!(places));
        }
    }
    out.object(json, text).await?;
    Ok(0)
}

/// The datasets of the configuration.
fn configured(node: &Node) -> Result<Vec<DatasetConfig>, Refusal> {
    walk::publish::configured(node).map_err(gathered)
}

/// The datasets of the configuration as its file says them now.
pub(crate) fn configured_now(node: &Node) -> Result<Vec<DatasetConfig>, Refusal> {
    let now = config::now(node)?;
    let shown = now.file.display().to_string();
    read::parse(&now.text, &shown, now.source_roots()).map_err(gathered)
}

fn unconfigured(name: &str) -> Refusal {
    Refusal::new(
        Code::DatasetNotPublished,
        format!("no dataset `{name}` is configured"),
    )
    .with_help("hansa dataset list shows them; hansa dataset add FILE adds one")
}

fn known(node: &Node, name: &str) -> Result<Dataset, Refusal> {
    let unknown = || {
        Refusal::new(
            Code::DatasetNotPublished,
            format!("no dataset `{name}` is published here"),
        )
    };
    let name: Name = name.parse().map_err(|_| unknown())?;
    node.catalog(|catalog| catalog.dataset(&name).cloned())
        .ok_or_else(unknown)
}

/// A kind of dataset that a person typed.
fn of_kind(word: &str) -> Result<DatasetKind, Refusal> {
    let kind: Result<DatasetKind, String> = word.parse();
    kind.map_err(|why| Refusal::new(Code::UsageWrong, format!("`{word}`: {why}")))
}

/// A name that a person typed.
fn named(text: &str) -> Result<Name, Refusal> {
    text.parse()
        .map_err(|fault| Refusal::new(Code::UsageWrong, format!("`{text}`: {fault}")))
}
