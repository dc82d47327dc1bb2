//! `hansa dataset restrict`: what is refused of a dataset whatever its contracts permit.

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::connector_verb::CommandOptions;
use crate::admin::event_sink::EventSink;
use hansa_catalog::dataset::Dataset;
use hansa_node::dataset::provider_restriction;
use hansa_node::dataset::provider_restriction::RestrictionOutcome;
use hansa_node::offer::offers::used_purposes;
use hansa_node::participant::Connector;
use hansa_policy::diff;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::{ProviderRestriction, StoredRestriction};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// What is wanted.
pub(super) enum RestrictionChange {
    /// To see it.
    Nothing,
    /// To set it to what this policy says.
    Set { file: PathBuf, text: String },
    /// To take it away.
    Remove,
}

/// Shows the restriction of a dataset, or changes it.
pub(super) async fn show_or_change(
    connector: &Arc<Connector>,
    dataset: &Dataset,
    change: RestrictionChange,
    (options, caller): (CommandOptions, Option<u32>),
    out: &EventSink,
) -> CommandResult {
    let name = &dataset.id.name;
    let held = connector
        .reloadable
        .restrictions()
        .get(&dataset.id)
        .cloned();
    let new = match change {
        RestrictionChange::Nothing => {
            out.object(
                restriction_json(dataset, held.as_ref()),
                text(dataset, held.as_ref()),
            )
            .await?;
            return Ok(0);
        }
        RestrictionChange::Set { file, text } => Some(read(connector, dataset, &file, &text)?),
        RestrictionChange::Remove => None,
    };
    let verdict = provider_restriction::verdict(held.as_ref(), new.as_ref());
    let changes = changes(held.as_ref(), new.as_ref());
    let mut report = json!({
        "dataset": name.as_str(), "verdict": verdict.as_str(), "changes": changes, "dry_run": options.dry_run,
    });
    let mut say = |key: &str, value: Value| {
        if let Some(members) = report.as_object_mut() {
            members.insert(key.to_owned(), value);
        }
    };
    let mut lines = changes.clone();
    lines.push(format!("the restriction of {name}: {verdict}"));
    if options.dry_run {
        lines.push("nothing was changed".to_owned());
    } else {
        match provider_restriction::set(connector, &dataset.id, new, caller).await? {
            RestrictionOutcome::Now(cut) => {
                say("in_force", json!(true));
                say("cut", json!(cut));
                lines.push(format!("in force; {cut} answers were cut"));
            }
            RestrictionOutcome::Not => {
                say("in_force", json!(true));
                lines.push("it was so before".to_owned());
            }
            RestrictionOutcome::Waits => {
                say("in_force", json!(false));
                say("waits_for", json!("second officer"));
                lines.push(format!(
                    "it lets out more: your word is on the books, and a second officer approves with the same command, \
                     hansa dataset restrict {name} …"
                ));
            }
        }
    }
    out.object(report, lines.join("\n")).await?;
    Ok(0)
}

/// The restriction that a policy file says.
fn read(
    connector: &Connector,
    dataset: &Dataset,
    file: &std::path::Path,
    text: &str,
) -> Result<ProviderRestriction, Refusal> {
    let shown = file.display().to_string();
    let draft = hansa_proto::policy_toml::parse(text, &shown, dataset).map_err(combined_refusal)?;
    let taxonomy = connector.reloadable.taxonomy();
    let unknown = hansa_proto::policy_toml::unknown_purposes(&draft, &shown, &taxonomy);
    if !unknown.is_empty() {
        return Err(combined_refusal(unknown));
    }
    if let Some(legal) = &draft.legal {
        let sentence = "a restriction binds no legal text: nobody signs it";
        return Err(
            Refusal::new(ErrorCode::TermNotExecutableHere, sentence).with_place(
                &shown,
                Some(legal.line),
                Some("legal".to_owned()),
            ),
        );
    }
    let own = used_purposes(&draft.clauses, &connector.config().purposes);
    let (lines, purposes) = (draft.lines, hansa_proto::purpose_taxonomy::label());
    ProviderRestriction::of(draft.title, draft.clauses, purposes, own).map_err(|refusal| {
        let line = refusal
            .clause
            .and_then(|clause| lines.get(&clause).copied());
        let mut placed = refusal.with_place(&shown, line, None);
        placed.clause = None;
        placed
    })
}

/// What changes, clause by clause.
fn changes(held: Option<&StoredRestriction>, new: Option<&ProviderRestriction>) -> Vec<String> {
    let old = held.and_then(|held| held.restriction.as_ref());
    let clauses = |restriction: Option<&ProviderRestriction>| {
        restriction.map_or(Vec::new(), |one| one.clauses().to_vec())
    };
    let changes = diff::compare(&clauses(old), &clauses(new)).0;
    changes
        .iter()
        .map(|assessment| match &assessment.change {
            // Of a restriction a clause more is less that is let out, whatever it would be in a contract.
            diff::PolicyChange::Added(clause) => format!("+ {}", clause.term.plain()),
            diff::PolicyChange::Removed(clause) => format!("- {}", clause.term.plain()),
            diff::PolicyChange::Changed { old, new } => format!(
                "~ {} -> {}  {}",
                old.term.plain(),
                new.term.plain(),
                assessment.verdict
            ),
        })
        .collect()
}

/// The restriction as an object; null where there is none.
pub(super) fn restriction_json(dataset: &Dataset, held: Option<&StoredRestriction>) -> Value {
    let Some(held) = held else {
        return json!({"dataset": dataset.id.name.as_str(), "restriction": null});
    };
    let clauses = held.restriction.as_ref().map(|restriction| {
        let each = restriction.clauses().iter();
        each.map(|clause| json!({"clause": clause.id.in_restriction().to_string(), "says": clause.term.plain()}))
            .collect::<Vec<_>>()
    });
    json!({
        "dataset": dataset.id.name.as_str(),
        "restriction": held.document.to_string(),
        "title": held.restriction.as_ref().map(ProviderRestriction::title),
        "readable": held.restriction.is_some(),
        "clauses": clauses,
    })
}

/// The restriction for people.
pub(super) fn text(dataset: &Dataset, held: Option<&StoredRestriction>) -> String {
    let name = &dataset.id.name;
    match held {
        None => format!("{name} has no restriction: what its contracts permit is answered"),
        Some(StoredRestriction {
            restriction: None, ..
        }) => {
            format!("the restriction of {name} can't be read, so nothing of it is answered")
        }
        Some(StoredRestriction {
            document,
            restriction: Some(restriction),
        }) => {
            let mut lines = vec![format!(
                "the restriction of {name}, before all contracts: {} ({})",
                restriction.title(),
                document.short()
            )];
            lines.extend(restriction.clauses().iter().map(|clause| {
                format!(
                    "  {:<5} {}",
                    clause.id.in_restriction().to_string(),
                    clause.term.plain()
                )
            }));
            lines.join("\n")
        }
    }
}
