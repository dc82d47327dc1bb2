//! `hansa rulebook`: the rules of the league, and their acceptance by this participant.

pub(crate) mod arguments;
pub(crate) mod rulebook_prompt;

use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::CommandReport;
use crate::cli::output::{refusal_json, refusal_text};
use crate::rulebook::arguments::RulebookCommand;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::rulebook::SignedRulebook;
use hansa_node::league::rulebook_acceptance;
use hansa_node::league::rulebook_acceptance::no_rulebook;
use hansa_node::league::rulebook_register::RulebookRegister;
use hansa_node::offer::offer_renewal;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_node::participant::startup::JudgedState;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::rulebook::{OfferRuleKind, RuleChange};
use hansa_policy::safe_text::to_printable;
use serde::{Deserialize, Serialize, Serializer};
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
                let (version, new) = rulebook_acceptance::install_rulebook(connector, bytes)
                    .await
                    .map_err(|refusal| {
                        refusal.with_place(file.display().to_string(), None, None)
                    })?;
                if !new {
                    out.send_notice(format!("version {version} is installed already"))
                        .await;
                }
                show_version(connector, Some(version), false, out).await?;
                Ok(0)
            }
            RulebookCommand::Show { number, text } => {
                show_version(connector, number, text, out).await?;
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
                accept_version(connector, shown, caller, out).await
            }
        }
    }
}

/// Accepts the newest version and puts the offers in force that keep to it.
async fn accept_version(
    connector: &Arc<Connector>,
    shown: Digest,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    let (version, envelope) =
        rulebook_acceptance::accept_rulebook(connector, shown, caller).await?;
    let register = connector.reloadable.rulebooks();
    let counts = register
        .version(version)
        .map_or_else(String::new, |rulebook| {
            effective_date_text(connector, rulebook)
        });
    out.send_report(&AcceptedRulebook {
        version,
        rulebook: shown,
        accepted: true,
        file: envelope,
        counts,
    })
    .await?;
    // What is accepted is accepted, whatever comes of the offers.
    let inner = Arc::clone(connector);
    let faults = run_blocking(move || offer_renewal::renew_for_rulebook(&inner)).await?;
    Ok(out.report_faults(&faults).await)
}

/// One version: its rules, what changes with it, and the own offers that do not keep to it.
async fn show_version(
    connector: &Arc<Connector>,
    number: Option<u64>,
    text: bool,
    out: &EventSink,
) -> Result<(), CommandError> {
    let register = connector.reloadable.rulebooks();
    let rulebook = match number {
        None => register.newest_version(),
        Some(number) => register.version(number),
    };
    let rulebook = rulebook
        .cloned()
        .ok_or_else(|| match register.newest_version() {
            None => no_rulebook(),
            Some(newest) => Refusal::new(
                ErrorCode::UsageWrong,
                "no such version of the rulebook is installed here",
            )
            .with_help(format!("the newest is version {}", newest.version())),
        })?;
    let inner = Arc::clone(connector);
    let judged = Arc::clone(&rulebook);
    let broken = run_blocking(move || Ok(offer_renewal::rehearse_rulebook(&inner, judged))).await?;
    out.send_report(&report_rulebook(connector, &rulebook, text, broken))
        .await?;
    Ok(())
}

/// The report of a version, with its text if `text` is set, and with the own offers that do not keep to it.
fn report_rulebook(
    connector: &Connector,
    rulebook: &SignedRulebook,
    text: bool,
    broken: Vec<Refusal>,
) -> RulebookReport {
    let register = connector.reloadable.rulebooks();
    let content = rulebook.content();
    let draft = &content.draft;
    RulebookReport {
        summary: RulebookSummary {
            league: content.league.clone(),
            title: draft.title.clone(),
            version: content.version,
            rulebook: rulebook.digest(),
            issued_at: content.issued_at,
            from: draft.from,
            state: RulebookState::of(connector, &register, rulebook),
        },
        text: RulebookTextReport {
            name: draft.text.name.clone(),
            sha256: draft.text.digest(),
            content: text.then(|| draft.text.content.clone()),
        },
        offers: draft.offers.demanding_rules(),
        changes: list_changes(&register, rulebook),
        broken,
        counts: effective_date_text(connector, rulebook),
        lines: text.then(|| draft.text.display_text()),
    }
}

/// The rules that differ from the newest version that is accepted, where that is an earlier one.
fn list_changes(register: &RulebookRegister, rulebook: &SignedRulebook) -> Vec<RuleChangeReport> {
    let before = register.newest_accepted();
    let earlier = before.filter(|before| before.version() < rulebook.version());
    earlier.map_or_else(Vec::new, |before| {
        let changes = before.offer_rules().changes(rulebook.offer_rules());
        changes.into_iter().map(RuleChangeReport::of).collect()
    })
}

/// State of a version of the rulebook at this participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RulebookState {
    /// It counts.
    #[serde(rename = "in force")]
    InForce,
    /// It is accepted and counts later.
    #[serde(rename = "accepted")]
    Accepted,
    /// It is the newest version, and nobody has accepted it here.
    #[serde(rename = "waits for acceptance")]
    WaitsForAcceptance,
    /// Another version counts in its place.
    #[serde(rename = "replaced")]
    Replaced,
}

impl RulebookState {
    fn of(connector: &Connector, register: &RulebookRegister, rulebook: &SignedRulebook) -> Self {
        let version = rulebook.version();
        let now = connector.now();
        let in_force = register.in_force(now).map(|one| one.version());
        if in_force == Some(version) {
            return Self::InForce;
        }
        match register.acceptance(version) {
            Some(_) if !rulebook.counts_at(now) => Self::Accepted,
            None if register.waiting_version().map(|one| one.version()) == Some(version) => {
                Self::WaitsForAcceptance
            }
            Some(_) | None => Self::Replaced,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Accepted => "accepted",
            Self::WaitsForAcceptance => "waits for acceptance",
            Self::Replaced => "replaced",
        }
    }
}

/// Version of the rulebook, and its state.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RulebookSummary {
    pub(crate) league: String,
    pub(crate) title: String,
    pub(crate) version: u64,
    /// Digest of the rulebook.
    pub(crate) rulebook: Digest,
    issued_at: UtcTimestamp,
    from: UtcTimestamp,
    pub(crate) state: RulebookState,
}

/// Version of the rulebook with its rules, the changes beside the version that is accepted, and the own offers that do not keep to it.
#[derive(Debug, Serialize)]
struct RulebookReport {
    #[serde(flatten)]
    summary: RulebookSummary,
    text: RulebookTextReport,
    #[serde(serialize_with = "serialize_rules")]
    offers: Vec<(OfferRuleKind, String)>,
    changes: Vec<RuleChangeReport>,
    #[serde(serialize_with = "serialize_refusals")]
    broken: Vec<Refusal>,
    /// Words for the day from which it counts.
    #[serde(skip)]
    counts: String,
    /// Lines of the text, where they are shown.
    #[serde(skip)]
    lines: Option<String>,
}

/// Document of a rulebook. Its content is there where it was asked for.
#[derive(Debug, Serialize)]
struct RulebookTextReport {
    name: String,
    sha256: Digest,
    content: Option<String>,
}

/// Rule that changed, with its old and new value.
#[derive(Debug, Serialize)]
struct RuleChangeReport {
    rule: &'static str,
    old: Option<String>,
    new: Option<String>,
}

impl RuleChangeReport {
    fn of(change: RuleChange) -> Self {
        Self {
            rule: change.rule.as_str(),
            old: change.old,
            new: change.new,
        }
    }

    fn to_text(&self) -> String {
        let value = |value: &Option<String>| {
            let value = value.as_deref();
            value.map_or_else(|| "-".to_owned(), to_printable)
        };
        format!("{}: {} → {}", self.rule, value(&self.old), value(&self.new))
    }
}

fn serialize_rules<S: Serializer>(
    rules: &[(OfferRuleKind, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let rules = rules.iter();
    serializer.collect_map(rules.map(|(rule, value)| (rule.as_str(), value)))
}

fn serialize_refusals<S: Serializer>(
    refusals: &[Refusal],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(refusals.iter().map(refusal_json))
}

impl CommandReport for RulebookReport {
    fn to_text(&self) -> String {
        let Self { summary, text, .. } = self;
        let mut lines = vec![
            format!(
                "{}, version {} of the league `{}`: {}",
                to_printable(&summary.title),
                summary.version,
                to_printable(&summary.league),
                summary.state.as_str()
            ),
            format!("  digest    {}", summary.rulebook),
            format!("  {}", self.counts),
            format!(
                "  document  {}, SHA-256 {}; hansa rulebook show --text",
                to_printable(&text.name),
                text.sha256
            ),
        ];
        lines.push(match self.offers.is_empty() {
            true => "  no rules that are checked".to_owned(),
            false => "  offers keep to".to_owned(),
        });
        let rules = self.offers.iter();
        lines.extend(
            rules.map(|(rule, value)| format!("    {} = {}", rule.as_str(), to_printable(value))),
        );
        if !self.changes.is_empty() {
            lines.push("  changes beside the version that is accepted".to_owned());
        }
        let changes = self.changes.iter();
        lines.extend(changes.map(|change| format!("    {}", change.to_text())));
        lines.extend(self.broken.iter().map(refusal_text));
        let mut page = lines.join("\n");
        if let Some(lines) = &self.lines {
            page.push_str("\n\n");
            page.push_str(lines);
        }
        page
    }
}

/// Version of the rulebook that this participant has accepted, with its statement.
#[derive(Debug, Serialize)]
struct AcceptedRulebook {
    version: u64,
    rulebook: Digest,
    accepted: bool,
    /// Signed statement, for the league.
    file: String,
    /// Words for the day from which it counts.
    #[serde(skip)]
    counts: String,
}

impl CommandReport for AcceptedRulebook {
    fn to_text(&self) -> String {
        format!(
            "version {} of the rulebook is accepted; {}\nsend the league the statement: hansa rulebook accept --output FILE",
            self.version, self.counts
        )
    }
}

/// From when a version counts.
fn effective_date_text(connector: &Connector, rulebook: &SignedRulebook) -> String {
    // It begins with a day in UTC.
    let from = rulebook.content().draft.from.to_string();
    let day: String = from.chars().take(10).collect();
    match rulebook.counts_at(connector.now()) {
        true => format!("counts since {day}"),
        false => format!("counts from {day}"),
    }
}

/// What people are told of a version that waits: what changes, and from when.
pub(crate) fn announcement_text(connector: &Connector) -> Option<String> {
    let register = connector.reloadable.rulebooks();
    let waiting = register.waiting_version()?;
    let changes = match register.newest_accepted() {
        None => String::new(),
        Some(before) => before
            .offer_rules()
            .changes(waiting.offer_rules())
            .into_iter()
            .map(|change| format!("; {}", RuleChangeReport::of(change).to_text()))
            .collect(),
    };
    Some(format!(
        "version {} of the rulebook, which {}, waits for acceptance{changes}",
        waiting.version(),
        effective_date_text(connector, waiting)
    ))
}
