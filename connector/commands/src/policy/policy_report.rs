//! Reports about the policies of the own offers.

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::event_sink::EventSink;
use crate::catalog::terms_text_in;
use crate::cli::command_report::{CommandReport, ReportRow};
use crate::policy::arguments::PolicyListArgs;
use crate::policy::clause_report::ClauseReport;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::offer::Offer;
use hansa_catalog::offer_index::IdentifiedOffer;
use hansa_node::config::ConnectorConfig;
use hansa_node::config::offer::{OfferAudience, OfferConfig, OfferSigningMode};
use hansa_node::offer::offers;
use hansa_node::participant::Connector;
use hansa_node::process::named_file::read_named_file;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use hansa_policy::safe_text::to_printable;
use hansa_policy::term::language::Language;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// Lists the offers of the configuration with their policies, page by page.
pub(super) async fn list_policies(
    connector: &Arc<Connector>,
    args: &PolicyListArgs,
    out: &EventSink,
) -> CommandResult {
    let config = connector.config();
    let mut offers: Vec<&OfferConfig> = config.offers.iter().collect();
    offers.sort_by_key(|offer| offer.line);
    let rows: Vec<ListedPolicy> = offers
        .into_iter()
        .filter(|offer| args.after.is_none_or(|after| offer.line > after))
        .map(ListedPolicy::of)
        .take(args.limit.unwrap_or(usize::MAX))
        .collect();
    out.send_list(&rows).await?;
    Ok(0)
}

/// Name by which commands know the policy of an offer: its file without folder and extension.
fn policy_name(offer: &OfferConfig) -> String {
    let stem = offer.policy.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn describe_audience(offer: &OfferConfig) -> String {
    match &offer.to {
        OfferAudience::League => "league".to_owned(),
        OfferAudience::Public => "public".to_owned(),
        OfferAudience::Named(list) => {
            let named: Vec<&str> = list.iter().map(|id| id.domain()).collect();
            named.join(", ")
        }
    }
}

const fn signing_word(offer: &OfferConfig) -> &'static str {
    match offer.sign {
        OfferSigningMode::Officer => "officer",
        OfferSigningMode::Auto => "auto",
    }
}

/// Policy of an offer of the configuration, with those to whom it is offered.
#[derive(Debug, Serialize)]
pub(super) struct ListedPolicy {
    /// File of the policy.
    policy: String,
    name: String,
    dataset: SqlIdentifier,
    to: String,
    sign: &'static str,
    /// Line of the offer in the configuration.
    line: u64,
}

impl ListedPolicy {
    /// The policy of an offer.
    fn of(offer: &OfferConfig) -> Self {
        Self {
            policy: offer.policy.display().to_string(),
            name: policy_name(offer),
            dataset: offer.dataset.clone(),
            to: describe_audience(offer),
            sign: signing_word(offer),
            line: offer.line,
        }
    }
}

impl ReportRow for ListedPolicy {
    const HEADER: &'static [&'static str] = &["POLICY", "DATASET", "TO"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.policy.clone(),
            self.dataset.to_string(),
            self.to.clone(),
        ]
    }
}

/// Offer of a dataset. One whose policy can't be read has a fault and no title.
#[derive(Debug, Serialize)]
pub(crate) struct OfferUse {
    /// Name of the policy.
    policy: String,
    to: String,
    sign: &'static str,
    title: Option<String>,
    not_before: Option<UtcTimestamp>,
    not_after: Option<UtcTimestamp>,
    fault: Option<OfferFault>,
}

/// Reason why a policy can't be offered.
#[derive(Debug, Serialize)]
struct OfferFault {
    code: String,
    sentence: String,
}

impl OfferUse {
    /// Cells of a line about the offer.
    pub(crate) fn cells(&self) -> Vec<String> {
        let signed_by = match &self.fault {
            None => self.sign.to_owned(),
            Some(fault) => fault.code.clone(),
        };
        vec![self.policy.clone(), self.to.clone(), signed_by]
    }
}

/// Offers of the configuration on a dataset.
pub(crate) fn list_uses(config: &ConnectorConfig, dataset: &Dataset) -> Vec<OfferUse> {
    let written = config.offers.iter();
    let written = written.filter(|offer| offer.dataset == dataset.id.name);
    let uses = written.map(|written| {
        let read = offers::read_offer(config, written, dataset);
        let (offer, fault) = match read {
            Ok(offer) => (Some(offer), None),
            Err(problems) => {
                let first = problems.into_iter().next();
                let fault = first.map(|refusal: Refusal| OfferFault {
                    code: refusal.code.to_string(),
                    sentence: refusal.sentence,
                });
                (None, fault)
            }
        };
        OfferUse {
            policy: policy_name(written),
            to: describe_audience(written),
            sign: signing_word(written),
            not_before: offer.as_ref().map(|offer| offer.not_before),
            not_after: offer.as_ref().map(|offer| offer.not_after),
            title: offer.map(|offer| offer.title),
            fault,
        }
    });
    uses.collect()
}

/// Policy with its terms in words, the offers that use it, and its text.
#[derive(Debug, Serialize)]
pub(super) struct PolicyReport {
    name: String,
    /// File of the policy.
    policy: String,
    dataset: SqlIdentifier,
    title: String,
    /// Identity of the offer.
    offer: String,
    to: String,
    sign: &'static str,
    not_before: UtcTimestamp,
    not_after: UtcTimestamp,
    terms: Vec<ClauseReport>,
    /// Offers of the configuration that use the policy.
    offers: Vec<ListedPolicy>,
    /// Text of the policy, as it is written.
    toml: String,
    /// SHA-256 of the text, for a change that is made from it.
    digest: Digest,
    /// The policy as ODRL.
    odrl: Value,
    #[serde(skip)]
    terms_text: String,
}

impl PolicyReport {
    /// Report of the policy of an offer.
    ///
    /// # Errors
    /// The problems of the policy.
    pub(super) fn read(
        connector: &Connector,
        written: &OfferConfig,
        dataset: &Dataset,
        language: Language,
    ) -> Result<Self, Refusal> {
        let config = connector.config();
        let offer = offers::read_offer(&config, written, dataset).map_err(combined_refusal)?;
        let offer = IdentifiedOffer::from(offer);
        let bytes = hansa_proto::offer::to_bytes(&offer, &connector.id());
        let text = read_named_file(&written.policy)?;
        let used = config.offers.iter();
        let used = used.filter(|other| other.policy == written.policy);
        let identity = offer.id().to_string();
        let Offer {
            title,
            clauses,
            not_before,
            not_after,
            ..
        } = Offer::from(offer);
        Ok(Self {
            name: policy_name(written),
            policy: written.policy.display().to_string(),
            dataset: written.dataset.clone(),
            offer: identity,
            to: describe_audience(written),
            sign: signing_word(written),
            not_before,
            not_after,
            terms: ClauseReport::from_clauses(&clauses, language),
            offers: used.map(ListedPolicy::of).collect(),
            digest: Digest::of(&text),
            toml: String::from_utf8_lossy(&text).into_owned(),
            odrl: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            terms_text: terms_text_in(&clauses, language),
            title,
        })
    }

    /// The policy as ODRL.
    pub(super) const fn odrl(&self) -> &Value {
        &self.odrl
    }

    /// Text of the policy, as it is written.
    pub(super) fn toml(&self) -> &str {
        &self.toml
    }
}

impl CommandReport for PolicyReport {
    fn to_text(&self) -> String {
        format!("{}{}", to_printable(&self.title), self.terms_text)
    }
}
