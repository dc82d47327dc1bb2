//! `hansa policy`: the own policies.

pub(crate) mod arguments;
pub(crate) mod clause_report;
mod policy_change;
pub(crate) mod policy_diff;
pub(crate) mod policy_form;
mod policy_report;
pub(crate) mod policy_template;
mod template_clone;
pub(crate) mod vocabulary;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::{NamedFile, STANDARD_INPUT};
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::CommandReport;
use crate::cli::output::{refusal_json, warning_text};
use crate::dataset::dataset_lookup::configured_now;
use crate::policy::arguments::PolicyCommand;
use crate::policy::clause_report::parse_term_language;
use crate::policy::policy_change::PolicyText;
pub(crate) use crate::policy::policy_report::{OfferUse, list_uses};
use crate::policy::policy_report::{PolicyReport, list_policies};
use hansa_catalog::dataset::Dataset;
use hansa_catalog::lint::LintSeverity;
use hansa_node::config;
use hansa_node::config::ConnectorConfig;
use hansa_node::offer::offers;
use hansa_node::offer::offers::OfferChecks;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Clause;
use hansa_query::publication::dataset_entry;
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Command for PolicyCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List(_)
            | Self::Show { .. }
            | Self::Check { .. }
            | Self::Diff { .. }
            | Self::Terms => CommandEffect::Looks,
            Self::Put { .. } => CommandEffect::Rehearses,
            Self::Clone { .. } | Self::Template { .. } => {
                CommandEffect::Acts("hansa policy template FILE shows the holes of a template")
            }
        }
    }
}

impl ConnectorVerb for PolicyCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        // A draft over a dataset is a file. Without a dataset it is the name of what the configuration offers.
        match self {
            Self::Show {
                policy,
                dataset: Some(_),
                ..
            } => vec![NamedFile::Draft(policy)],
            Self::Check {
                policies,
                dataset: Some(_),
            } => policies.iter_mut().map(NamedFile::Draft).collect(),
            Self::Diff {
                old,
                new,
                dataset: Some(_),
            } => vec![NamedFile::DraftOrOffer(old), NamedFile::DraftOrOffer(new)],
            Self::Put {
                file, policy_text, ..
            } => match policy_text {
                Some(_) => Vec::new(),
                None => vec![NamedFile::Sent {
                    file: file.as_deref().unwrap_or(Path::new(STANDARD_INPUT)),
                    text: policy_text,
                }],
            },
            Self::Show { dataset: None, .. }
            | Self::Check { dataset: None, .. }
            | Self::Diff { dataset: None, .. }
            | Self::List(_)
            | Self::Terms
            | Self::Template { .. }
            | Self::Clone { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::Check { .. } => JudgedState::Offers,
            // Its reload tells the faults itself.
            Self::Put { .. } => JudgedState::None,
            Self::List(_)
            | Self::Show { .. }
            | Self::Diff { .. }
            | Self::Terms
            | Self::Template { .. }
            | Self::Clone { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        match self {
            PolicyCommand::List(args) => list_policies(connector, &args, out).await,
            PolicyCommand::Show {
                policy,
                odrl,
                toml,
                dataset,
                offered_for,
                language,
            } => {
                let language = parse_term_language(language.as_deref())?;
                let (written, dataset) = match offered_for {
                    Some(offered) => resolve_offer(connector, &policy, &offered)?,
                    None => resolve_policy(connector, &policy, dataset.as_deref())?,
                };
                let report = PolicyReport::read(connector, &written, &dataset, language)?;
                if odrl {
                    let text = serde_json::to_string_pretty(report.odrl()).unwrap_or_default();
                    out.send_document(report.odrl().clone(), text).await?;
                } else if toml {
                    out.send_document(report.odrl().clone(), report.toml())
                        .await?;
                } else {
                    out.send_report(&report).await?;
                }
                Ok(0)
            }
            PolicyCommand::Check { policies, dataset } => {
                check_policies(connector, &policies, dataset.as_deref(), out).await
            }
            PolicyCommand::Diff { old, new, dataset } => {
                policy_diff::diff_policies(connector, &old, &new, dataset.as_deref(), out).await
            }
            PolicyCommand::Put {
                name,
                file: _,
                policy_text,
                if_digest,
                dataset,
                language,
            } => {
                let text = policy_text.ok_or_else(|| {
                    Refusal::new(
                        ErrorCode::UsageWrong,
                        "the command names no text of a policy",
                    )
                })?;
                let put = PolicyText {
                    name,
                    text,
                    if_digest,
                    dataset,
                    language: parse_term_language(language.as_deref())?,
                };
                policy_change::put_policy(context, put).await
            }
            PolicyCommand::Clone {
                participant, name, ..
            } => {
                template_clone::clone_template(connector, &participant, name.as_deref(), out).await
            }
            PolicyCommand::Template { .. } => Err(Refusal::new(
                ErrorCode::UsageWrong,
                "policy template needs no connector",
            )
            .into()),
            PolicyCommand::Terms => {
                Err(Refusal::new(ErrorCode::UsageWrong, "policy terms needs no connector").into())
            }
        }
    }
}

/// The same for a command that judges what the files say now: the dataset is what the configuration makes of it, also before it is
/// published with that. Of one that was never published nobody knows the columns.
fn meant_now(
    connector: &Connector,
    config: &ConnectorConfig,
    policy: &str,
    over: Option<&str>,
) -> Result<(config::offer::OfferConfig, Dataset), Refusal> {
    let written = match over {
        Some(over) => draft_offer(policy, over)?,
        None => find_offer(config, policy)?,
    };
    let dataset = find_offered_dataset(connector, config, &written)?;
    Ok((written, dataset))
}

/// Dataset of an offer, as the configuration makes it now, also before it is published with that.
fn find_offered_dataset(
    connector: &Connector,
    config: &ConnectorConfig,
    written: &config::offer::OfferConfig,
) -> Result<Dataset, Refusal> {
    let published = connector
        .datasets
        .catalog(|catalog| catalog.dataset(&written.dataset).cloned());
    let configured = configured_now(connector)?;
    let own = &config.participant;
    match configured.iter().find(|one| one.name == written.dataset) {
        None => published.ok_or_else(|| unpublished_dataset_refusal(&written.dataset)),
        Some(said) => {
            let zone = said.zone.as_deref().unwrap_or(&own.zone);
            match published {
                Some(published) => dataset_entry::reconfigure_entry(said, &published, zone),
                None => Ok(dataset_entry::unpublished_entry(
                    said,
                    &own.id,
                    zone,
                    connector.now(),
                )),
            }
        }
    }
}

/// What a policy's name means: a draft over a dataset that is named, or an offer of the configuration.
pub(crate) fn resolve_policy(
    connector: &Connector,
    policy: &str,
    over: Option<&str>,
) -> Result<(config::offer::OfferConfig, Dataset), Refusal> {
    let written = match over {
        Some(over) => draft_offer(policy, over)?,
        None => find_offer(&connector.config(), policy)?,
    };
    let dataset = find_published_dataset(connector, &written.dataset)?;
    Ok((written, dataset))
}

/// The offer of the configuration that offers a dataset under a policy.
pub(crate) fn resolve_offer(
    connector: &Connector,
    policy: &str,
    offered_for: &str,
) -> Result<(config::offer::OfferConfig, Dataset), Refusal> {
    let config = connector.config();
    let mut offers = config.offers.iter();
    let written = offers
        .find(|offer| offer.dataset.as_str() == offered_for && has_policy_name(offer, policy));
    let written = written.ok_or_else(|| unknown_policy_refusal(policy))?;
    let dataset = find_published_dataset(connector, &written.dataset)?;
    Ok((written.clone(), dataset))
}

fn has_policy_name(offer: &config::offer::OfferConfig, named: &str) -> bool {
    let stem = offer.policy.file_stem().and_then(std::ffi::OsStr::to_str);
    stem == Some(named) || offer.policy.ends_with(named)
}

fn unknown_policy_refusal(named: &str) -> Refusal {
    Refusal::new(
        ErrorCode::OfferUnknown,
        format!("no offer of the configuration uses the policy `{named}`"),
    )
    .with_help("hansa policy list")
}

/// A draft over a dataset that is named.
fn draft_offer(policy: &str, over: &str) -> Result<config::offer::OfferConfig, Refusal> {
    let dataset: SqlIdentifier = over
        .parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{over}`: {fault}")))?;
    Ok(config::offer::OfferConfig {
        policy: PathBuf::from(policy),
        to: config::offer::OfferAudience::League,
        sign: config::offer::OfferSigningMode::Officer,
        line: 0,
        dataset,
    })
}

/// The offer of the configuration that a policy's name, file or dataset means.
fn find_offer(
    config: &ConnectorConfig,
    named: &str,
) -> Result<config::offer::OfferConfig, Refusal> {
    let written = config
        .offers
        .iter()
        .find(|offer| has_policy_name(offer, named) || offer.dataset.as_str() == named)
        .ok_or_else(|| unknown_policy_refusal(named))?;
    Ok(written.clone())
}

fn find_published_dataset(connector: &Connector, name: &SqlIdentifier) -> Result<Dataset, Refusal> {
    connector
        .datasets
        .catalog(|catalog| catalog.dataset(name).cloned())
        .ok_or_else(|| unpublished_dataset_refusal(name))
}

fn unpublished_dataset_refusal(name: &SqlIdentifier) -> Refusal {
    Refusal::new(
        ErrorCode::DatasetNotPublished,
        format!("`{name}` is not published, so its columns are not known"),
    )
}

/// Our contracts on a dataset that can be asked, now or later, each with what people know it by.
fn own_contracts(connector: &Connector, dataset: &Dataset) -> Vec<(String, Agreement)> {
    let now = connector.now();
    connector.contracts.with_registry(|registry| {
        let alive = registry
            .contracts_on_dataset(&dataset.id, now)
            .filter(|(_, _, status)| {
                matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
            });
        alive
            .map(|(id, agreement, _)| {
                let who = agreement.assignee_id().map_or("anybody", |id| id.domain());
                (
                    format!("contract {} with {who}", id.to_short_text()),
                    agreement.clone(),
                )
            })
            .collect()
    })
}

async fn check_policies(
    connector: &Arc<Connector>,
    policies: &[String],
    over: Option<&str>,
    out: &EventSink,
) -> CommandResult {
    let config = crate::config::read_current_config(connector)?;
    let names: Vec<String> = if policies.is_empty() {
        config
            .offers
            .iter()
            .map(|offer| offer.policy.display().to_string())
            .collect()
    } else {
        policies.to_vec()
    };
    let mut faults = Vec::new();
    for name in names {
        let (written, dataset) = meant_now(connector, &config, &name, over)?;
        let judged = judge_offer(connector, &config, &written, &dataset);
        for refusal in &judged.warnings {
            out.send_report(&PolicyWarning {
                finding: refusal_json(refusal),
                severity: "warning",
                text: warning_text(refusal),
            })
            .await?;
        }
        if judged.faults.is_empty() && judged.warnings.is_empty() {
            out.send_report(&FaultlessPolicy {
                policy: written.policy.display().to_string(),
                // Of columns that nobody knows nothing can be said.
                unread: dataset.columns.is_empty(),
                dataset: dataset.id.name,
                findings: 0,
            })
            .await?;
        }
        faults.extend(judged.faults);
    }
    Ok(out.report_faults(&faults).await)
}

/// Findings about the policy of an offer.
struct JudgedOffer {
    /// Findings that keep the policy from being offered.
    faults: Vec<Refusal>,
    /// Findings that keep nobody from it.
    warnings: Vec<Refusal>,
    /// Clauses of the policy; none where it can't be read.
    clauses: Vec<Clause>,
}

/// Judges the policy of an offer: its words and terms, and what it would tell beside other offers and contracts.
fn judge_offer(
    connector: &Connector,
    config: &ConnectorConfig,
    written: &config::offer::OfferConfig,
    dataset: &Dataset,
) -> JudgedOffer {
    let offer = match offers::read_offer(config, written, dataset) {
        Ok(offer) => offer,
        Err(faults) => {
            return JudgedOffer {
                faults,
                warnings: Vec::new(),
                clauses: Vec::new(),
            };
        }
    };
    let mut findings = OfferChecks::of(connector).findings(&offer, dataset);
    let others = config
        .offers
        .iter()
        .filter(|other| (other.line, &other.policy) != (written.line, &written.policy));
    findings.extend(offers::find_combined_disclosures(
        config,
        &offer,
        dataset,
        &others.collect::<Vec<_>>(),
        &own_contracts(connector, dataset),
    ));
    let (faults, warnings): (Vec<_>, Vec<_>) = findings
        .iter()
        .partition(|finding| finding.severity == LintSeverity::Error);
    let refuse = |finding| offers::as_refusal(finding, &written.policy);
    JudgedOffer {
        faults: faults.into_iter().map(refuse).collect(),
        warnings: warnings.into_iter().map(refuse).collect(),
        clauses: offer.clauses,
    }
}

/// Finding that keeps nobody from offering a policy.
#[derive(Debug, Serialize)]
struct PolicyWarning {
    #[serde(flatten)]
    finding: Value,
    severity: &'static str,
    #[serde(skip)]
    text: String,
}

impl CommandReport for PolicyWarning {
    fn to_text(&self) -> String {
        self.text.clone()
    }
}

/// Policy without findings.
#[derive(Debug, Serialize)]
struct FaultlessPolicy {
    policy: String,
    dataset: SqlIdentifier,
    findings: usize,
    /// `true` if the columns of the dataset are not known yet.
    #[serde(skip)]
    unread: bool,
}

impl CommandReport for FaultlessPolicy {
    fn to_text(&self) -> String {
        let (policy, dataset) = (&self.policy, &self.dataset);
        match self.unread {
            true => format!(
                "{policy}: its words are known; {dataset} is not published yet, so its columns are not"
            ),
            false => format!("ok: {policy} for {dataset}"),
        }
    }
}
