//! `hansa dataset restrict`: what is refused of a dataset whatever its contracts permit.

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::connector_verb::CommandOptions;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::Dataset;
use hansa_node::dataset::provider_restriction;
use hansa_node::dataset::provider_restriction::{AskedRestriction, RestrictionOutcome};
use hansa_node::offer::offers::used_purposes;
use hansa_node::participant::Connector;
use hansa_node::participant::approval::ApprovalAction;
use hansa_node::participant::caller::Caller;
use hansa_node::participant::pending_approvals::open_approvals;
use hansa_policy::diff;
use hansa_policy::id::{ClauseId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::{ProviderRestriction, StoredRestriction};
use hansa_policy::term::language::Language;
use serde::Serialize;
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
    /// To approve what another officer has asked for.
    Approve {
        /// Beginning of the identity of the change.
        id: String,
        /// Language of its clauses.
        language: Language,
    },
}

/// Shows the restriction of a dataset, or changes it.
pub(super) async fn show_or_change(
    connector: &Arc<Connector>,
    dataset: &Dataset,
    change: RestrictionChange,
    options: CommandOptions,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    let held = connector
        .reloadable
        .restrictions()
        .get(&dataset.id)
        .cloned();
    let mut approved_in = None;
    let new = match change {
        RestrictionChange::Nothing => {
            out.send_report(&RestrictionReport::of(dataset, held.as_ref(), Language::En))
                .await?;
            return Ok(0);
        }
        RestrictionChange::Set { file, text } => {
            Some(read_restriction(connector, dataset, &file, &text)?)
        }
        RestrictionChange::Remove => None,
        RestrictionChange::Approve { id, language } => {
            approved_in = Some(language);
            find_asked(connector, dataset, &id)?.restriction
        }
    };
    let verdict = provider_restriction::compare_restrictions(held.as_ref(), new.as_ref());
    let mut comparison = RestrictionComparison {
        dataset: &dataset.id.name,
        verdict: verdict.as_str(),
        changes: describe_changes(held.as_ref(), new.as_ref()),
        dry_run: options.dry_run,
        asked: approved_in.map(|language| AskedRestrictionReport {
            removes: new.is_none(),
            content: RestrictionContent::of(new.as_ref(), language),
        }),
        in_force: None,
        cut: None,
        waits_for: None,
    };
    if !options.dry_run {
        let new = new.clone();
        match provider_restriction::set_restriction(connector, &dataset.id, new, caller).await? {
            RestrictionOutcome::Now(cut) => {
                comparison.in_force = Some(true);
                comparison.cut = Some(cut);
            }
            RestrictionOutcome::Not => comparison.in_force = Some(true),
            RestrictionOutcome::Waits => {
                comparison.in_force = Some(false);
                comparison.waits_for = Some("second officer");
            }
        }
    }
    out.send_report(&comparison).await?;
    Ok(0)
}

/// Restriction compared with the one before. Nothing is in force or waits after a dry run.
#[derive(Debug, Serialize)]
struct RestrictionComparison<'a> {
    dataset: &'a SqlIdentifier,
    verdict: &'static str,
    changes: Vec<String>,
    dry_run: bool,
    /// Change that another officer has asked for, where it is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<AskedRestrictionReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force: Option<bool>,
    /// Number of answers that were cut; absent where it was in force before.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<&'static str>,
}

/// Change that another officer has asked for.
#[derive(Debug, Serialize)]
struct AskedRestrictionReport<'a> {
    /// `true` where the restriction is to be taken away.
    removes: bool,
    #[serde(flatten)]
    content: RestrictionContent<'a>,
}

impl CommandReport for RestrictionComparison<'_> {
    fn to_text(&self) -> String {
        let (name, verdict) = (self.dataset, self.verdict);
        let mut lines = self.changes.clone();
        lines.push(format!("the restriction of {name}: {verdict}"));
        lines.push(match (self.in_force, self.cut) {
            (None, _) => "nothing was changed".to_owned(),
            (Some(true), Some(cut)) => format!("in force; {cut} answers were cut"),
            (Some(true), None) => "it was so before".to_owned(),
            (Some(false), _) => format!(
                "it lets out more: your word is on the books, and a second officer approves it as it is with \
                 hansa dataset restrict {name} --approve ID; hansa approval list tells the ID"
            ),
        });
        lines.join("\n")
    }
}

/// The change of the dataset's restriction that another officer has asked for, by the beginning of its identity.
fn find_asked(
    connector: &Connector,
    dataset: &Dataset,
    prefix: &str,
) -> Result<AskedRestriction, Refusal> {
    let rows = open_approvals(connector)?.into_iter();
    let mut meant = rows.filter(|row| {
        row.action == ApprovalAction::Unrestrict.as_str()
            && !prefix.is_empty()
            && row.contract.to_string().starts_with(prefix)
    });
    let unknown = || {
        let name = &dataset.id.name;
        let sentence = format!(
            "`{prefix}` names no change of the restriction of {name} that waits, or several"
        );
        Refusal::new(ErrorCode::UsageWrong, sentence).with_help("hansa approval list")
    };
    let (Some(row), None) = (meant.next(), meant.next()) else {
        return Err(unknown());
    };
    let asked = provider_restriction::read_request(connector, &row)?;
    match asked.dataset == dataset.id {
        true => Ok(asked),
        false => Err(unknown()),
    }
}

/// The restriction that a policy file says.
fn read_restriction(
    connector: &Connector,
    dataset: &Dataset,
    file: &std::path::Path,
    text: &str,
) -> Result<ProviderRestriction, Refusal> {
    let shown = file.display().to_string();
    let draft =
        hansa_proto::policy_toml::parse_policy(text, &shown, dataset).map_err(combined_refusal)?;
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
    let (lines, purposes) = (
        draft.lines,
        hansa_proto::purpose_taxonomy::vocabulary_label(),
    );
    ProviderRestriction::new(draft.title, draft.clauses, purposes, own).map_err(|refusal| {
        let line = refusal
            .clause
            .and_then(|clause| lines.get(&clause).copied());
        let mut placed = refusal.with_place(&shown, line, None);
        placed.clause = None;
        placed
    })
}

/// What changes, clause by clause.
fn describe_changes(
    held: Option<&StoredRestriction>,
    new: Option<&ProviderRestriction>,
) -> Vec<String> {
    let old = held.and_then(|held| held.restriction.as_ref());
    let clauses = |restriction: Option<&ProviderRestriction>| {
        restriction.map_or(Vec::new(), |one| one.clauses().to_vec())
    };
    let changes = diff::compare_policies(&clauses(old), &clauses(new)).0;
    changes
        .iter()
        .map(|assessment| match &assessment.change {
            // Of a restriction a clause more is less that is let out, whatever it would be in a contract.
            diff::PolicyChange::Added(clause) => format!("+ {}", clause.term.to_english()),
            diff::PolicyChange::Removed(clause) => format!("- {}", clause.term.to_english()),
            diff::PolicyChange::Changed { old, new } => format!(
                "~ {} -> {}  {}",
                old.term.to_english(),
                new.term.to_english(),
                assessment.verdict
            ),
        })
        .collect()
}

/// Restriction of a dataset; without a digest there is none.
#[derive(Debug, Serialize)]
pub(super) struct RestrictionReport<'a> {
    dataset: &'a SqlIdentifier,
    /// Digest of its document.
    restriction: Option<Digest>,
    #[serde(flatten)]
    content: Option<RestrictionContent<'a>>,
}

/// Content of a restriction. One that can't be read has no title and no clauses.
#[derive(Debug, Serialize)]
struct RestrictionContent<'a> {
    title: Option<&'a str>,
    readable: bool,
    clauses: Option<Vec<RestrictionClause>>,
}

/// Clause of a restriction in words.
#[derive(Debug, Serialize)]
struct RestrictionClause {
    clause: ClauseId,
    says: String,
}

impl<'a> RestrictionReport<'a> {
    /// The report of a restriction, or of none.
    pub(super) fn of(
        dataset: &'a Dataset,
        held: Option<&'a StoredRestriction>,
        language: Language,
    ) -> Self {
        Self {
            dataset: &dataset.id.name,
            restriction: held.map(|held| held.document),
            content: held.map(|held| RestrictionContent::of(held.restriction.as_ref(), language)),
        }
    }
}

impl<'a> RestrictionContent<'a> {
    fn of(restriction: Option<&'a ProviderRestriction>, language: Language) -> Self {
        let clauses = restriction.map(|restriction| {
            let clauses = restriction.clauses().iter();
            let clauses = clauses.map(|clause| RestrictionClause {
                clause: clause.id.in_restriction(),
                says: clause.term.render(language),
            });
            clauses.collect()
        });
        Self {
            title: restriction.map(ProviderRestriction::title),
            readable: restriction.is_some(),
            clauses,
        }
    }
}

impl CommandReport for RestrictionReport<'_> {
    fn to_text(&self) -> String {
        let name = self.dataset;
        let Some((document, content)) = self.restriction.zip(self.content.as_ref()) else {
            return format!("{name} has no restriction: what its contracts permit is answered");
        };
        let (Some(title), Some(clauses)) = (content.title, &content.clauses) else {
            return format!(
                "the restriction of {name} can't be read, so nothing of it is answered"
            );
        };
        let mut lines = vec![format!(
            "the restriction of {name}, before all contracts: {title} ({})",
            document.to_short_text()
        )];
        let clauses = clauses.iter();
        lines.extend(clauses.map(|one| format!("  {:<5} {}", one.clause.to_string(), one.says)));
        lines.join("\n")
    }
}
