//! `hansa rulebook`: the rules of the league, and their acceptance by this participant.

pub(crate) mod arguments;
pub(crate) mod rulebook_prompt;

use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::output::{refusal_json, refusal_text};
use crate::rulebook::arguments::RulebookCommand;
use hansa_audit_log::digest::Digest;
use hansa_identity::rulebook::SignedRulebook;
use hansa_node::league::rulebook_acceptance;
use hansa_node::league::rulebook_acceptance::no_rulebook;
use hansa_node::league::rulebook_register::RulebookRegister;
use hansa_node::offer::offer_renewal;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_node::process::blocking_work::blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::rulebook::RuleChange;
use hansa_policy::safe_text::printable;
use serde_json::{Value, json};
use std::sync::Arc;

impl Command for RulebookCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::Show { .. } => CommandEffect::Looks,
            // The command shows the rulebook first, and asks after it.
            Self::Install { .. } | Self::Accept { .. } => {
                CommandEffect::Acts("hansa rulebook show says what it is about")
            }
        }
    }
}

impl ConnectorVerb for RulebookCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::Install { file, content } => vec![NamedFile::Sent {
                file,
                text: content,
            }],
            Self::Show { .. } | Self::Accept { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::Install { .. } | Self::Show { .. } | Self::Accept { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext {
            connector,
            caller,
            out,
            ..
        } = context;
        match self {
            RulebookCommand::Install { file, content } => {
                let bytes = content.unwrap_or_default().into_bytes();
                let (version, new) = rulebook_acceptance::install(connector, bytes)
                    .await
                    .map_err(|refusal| {
                        refusal.with_place(file.display().to_string(), None, None)
                    })?;
                if !new {
                    out.notice(format!("version {version} is installed already"))
                        .await;
                }
                show(connector, Some(version), false, out).await?;
                Ok(0)
            }
            RulebookCommand::Show { number, text } => {
                show(connector, number, text, out).await?;
                Ok(0)
            }
            RulebookCommand::Accept { rulebook, .. } => {
                let shown = rulebook.unwrap_or_default();
                let shown = shown.parse().map_err(|cause| {
                    Refusal::new(
                        ErrorCode::UsageWrong,
                        "the digest of the rulebook is not given",
                    )
                    .caused_by(cause)
                })?;
                accept(connector, shown, caller, out).await
            }
        }
    }
}

/// Accepts the newest version and puts the offers in force that keep to it.
async fn accept(
    connector: &Arc<Connector>,
    shown: Digest,
    caller: Option<u32>,
    out: &EventSink,
) -> CommandResult {
    let (version, envelope) = rulebook_acceptance::accept(connector, shown, caller).await?;
    let register = connector.reloadable.rulebooks();
    let counts = register
        .version(version)
        .map_or_else(String::new, |rulebook| counts(connector, rulebook));
    out.object(
        json!({"version": version, "rulebook": shown.to_string(), "accepted": true, "file": envelope}),
        format!("version {version} of the rulebook is accepted; {counts}\nsend the league the statement: hansa rulebook accept --output FILE"),
    )
    .await?;
    // What is accepted is accepted, whatever comes of the offers.
    let inner = Arc::clone(connector);
    let faults = blocking(move || offer_renewal::renew_for_rulebook(&inner)).await?;
    Ok(out.report_faults(&faults).await)
}

/// One version: its rules, what changes with it, and the own offers that do not keep to it.
async fn show(
    connector: &Arc<Connector>,
    number: Option<u64>,
    text: bool,
    out: &EventSink,
) -> Result<(), CommandError> {
    let register = connector.reloadable.rulebooks();
    let rulebook = match number {
        None => register.newest(),
        Some(number) => register.version(number),
    };
    let rulebook = rulebook.cloned().ok_or_else(|| match register.newest() {
        None => no_rulebook(),
        Some(newest) => Refusal::new(
            ErrorCode::UsageWrong,
            "no such version of the rulebook is installed here",
        )
        .with_help(format!("the newest is version {}", newest.version())),
    })?;
    let inner = Arc::clone(connector);
    let judged = Arc::clone(&rulebook);
    let broken = blocking(move || Ok(offer_renewal::rehearse_rulebook(&inner, judged))).await?;
    let report = RulebookReport {
        connector,
        register: &register,
        rulebook: &rulebook,
        broken: &broken,
    };
    let mut page = report.text();
    if text {
        page.push_str("\n\n");
        page.push_str(&rulebook.content().draft.text.lines());
    }
    out.object(report.json(text), page).await?;
    Ok(())
}

struct RulebookReport<'a> {
    connector: &'a Connector,
    register: &'a RulebookRegister,
    rulebook: &'a SignedRulebook,
    broken: &'a [Refusal],
}

impl RulebookReport<'_> {
    fn state(&self) -> &'static str {
        let version = self.rulebook.version();
        let now = self.connector.now();
        let in_force = self.register.in_force(now).map(|one| one.version());
        if in_force == Some(version) {
            return "in force";
        }
        match self.register.acceptance(version) {
            Some(_) if !self.rulebook.counts_at(now) => "accepted",
            None if self.register.waiting().map(|one| one.version()) == Some(version) => {
                "waits for acceptance"
            }
            Some(_) | None => "replaced",
        }
    }

    fn changes(&self) -> Vec<RuleChange> {
        let before = self.register.newest_accepted();
        let earlier = before.filter(|before| before.version() < self.rulebook.version());
        earlier.map_or_else(Vec::new, |before| {
            before.offers().changes(self.rulebook.offers())
        })
    }

    fn json(&self, text: bool) -> Value {
        let content = self.rulebook.content();
        let draft = &content.draft;
        let rules: serde_json::Map<String, Value> = draft
            .offers
            .demanding_rules()
            .into_iter()
            .map(|(rule, value)| (rule.as_str().to_owned(), Value::String(value)))
            .collect();
        let changes: Vec<Value> = self
            .changes()
            .into_iter()
            .map(|change| json!({"rule": change.rule.as_str(), "old": change.old, "new": change.new}))
            .collect();
        json!({
            "league": content.league,
            "title": draft.title,
            "version": content.version,
            "rulebook": self.rulebook.digest().to_string(),
            "issued_at": content.issued_at.to_string(),
            "from": draft.from.to_string(),
            "state": self.state(),
            "text": {
                "name": draft.text.name,
                "sha256": draft.text.digest().to_string(),
                "content": text.then(|| draft.text.content.clone()),
            },
            "offers": rules,
            "changes": changes,
            "broken": self.broken.iter().map(refusal_json).collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let content = self.rulebook.content();
        let draft = &content.draft;
        let mut lines = vec![
            format!(
                "{}, version {} of the league `{}`: {}",
                printable(&draft.title),
                content.version,
                printable(&content.league),
                self.state()
            ),
            format!("  digest    {}", self.rulebook.digest()),
            format!("  {}", counts(self.connector, self.rulebook)),
            format!(
                "  document  {}, SHA-256 {}; hansa rulebook show --text",
                printable(&draft.text.name),
                draft.text.digest()
            ),
        ];
        let rules = draft.offers.demanding_rules();
        lines.push(match rules.is_empty() {
            true => "  no rules that are checked".to_owned(),
            false => "  offers keep to".to_owned(),
        });
        let rules = rules.iter();
        lines.extend(
            rules.map(|(rule, value)| format!("    {} = {}", rule.as_str(), printable(value))),
        );
        let changes = self.changes();
        if !changes.is_empty() {
            lines.push("  changes beside the version that is accepted".to_owned());
        }
        lines.extend(
            changes
                .iter()
                .map(|change| format!("    {}", change_line(change))),
        );
        lines.extend(self.broken.iter().map(refusal_text));
        lines.join("\n")
    }
}

/// A changed rule in one line: old and new value.
pub(crate) fn change_line(change: &RuleChange) -> String {
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "-".to_owned(), printable);
    format!(
        "{}: {} → {}",
        change.rule.as_str(),
        value(&change.old),
        value(&change.new)
    )
}

/// From when a version counts.
fn counts(connector: &Connector, rulebook: &SignedRulebook) -> String {
    // It begins with a day in UTC.
    let from = rulebook.content().draft.from.to_string();
    let day: String = from.chars().take(10).collect();
    match rulebook.counts_at(connector.now()) {
        true => format!("counts since {day}"),
        false => format!("counts from {day}"),
    }
}

/// What people are told of a version that waits: what changes, and from when.
pub(crate) fn announcement(connector: &Connector) -> Option<String> {
    let register = connector.reloadable.rulebooks();
    let waiting = register.waiting()?;
    let changes = match register.newest_accepted() {
        None => String::new(),
        Some(before) => before
            .offers()
            .changes(waiting.offers())
            .iter()
            .map(|change| format!("; {}", change_line(change)))
            .collect(),
    };
    Some(format!(
        "version {} of the rulebook, which {}, waits for acceptance: hansa rulebook accept{changes}",
        waiting.version(),
        counts(connector, waiting)
    ))
}
