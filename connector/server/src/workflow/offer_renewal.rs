//! Offers are put in force: read from the configuration, checked against their datasets, and public views are signed.

use crate::config::ConnectorConfig;
use crate::participant::Connector;
use crate::participant::offers::{OfferChecks, as_refusal, read};
use hansa_catalog::lint::LintSeverity;
use hansa_identity::rulebook::SignedRulebook;
use hansa_policy::id::DatasetId;
use hansa_policy::refusal::Refusal;
use hansa_proto::peer::catalog_page::{ListedTemplate, TEMPLATES};
use std::sync::Arc;
use std::sync::atomic::Ordering;

mod public_views;

/// Reads all offers again and puts them in force; what can't be offered is told and left out.
///
/// # Errors
/// When a public view can't be signed or recorded.
pub(crate) fn renew(connector: &Arc<Connector>) -> Result<Vec<Refusal>, Refusal> {
    let _turn = connector.datasets.offer_lock.lock();
    let config = connector.config();
    // Policies are read below, also when a dataset is published: what they say now is in the log first.
    connector.note_config(&config)?;
    let checks = OfferChecks::of(connector);
    let mut faults = Vec::new();
    let mut offers = Vec::new();
    for written in &config.offers {
        let id = DatasetId {
            owner: config.participant.id.clone(),
            name: written.dataset.clone(),
        };
        let Some(dataset) = connector
            .datasets
            .catalog(|catalog| catalog.by_id(&id).cloned())
        else {
            continue;
        };
        match read(&config, written, &dataset) {
            Ok(offer) => {
                let errors: Vec<Refusal> = checks
                    .findings(&offer, &dataset)
                    .into_iter()
                    .filter(|finding| finding.severity == LintSeverity::Error)
                    .map(|finding| as_refusal(&finding, &written.policy))
                    .collect();
                if errors.is_empty() {
                    offers.push(offer);
                } else {
                    faults.extend(errors);
                }
            }
            Err(problems) => faults.extend(problems),
        }
    }
    faults.extend(templates(connector, &config));
    faults.extend(public_views::publish(connector, &offers)?);
    connector
        .datasets
        .catalog_mut(|catalog| catalog.set_offers(offers));
    let version = checks.rulebook_version();
    let checked = &connector.datasets.checked_rulebook;
    checked.store(version, Ordering::Release);
    Ok(faults)
}

/// Reads all offers again where another version of the rulebook has come into force since, because its day has come.
///
/// # Errors
/// As [`renew`].
pub(crate) fn renew_for_rulebook(connector: &Arc<Connector>) -> Result<Vec<Refusal>, Refusal> {
    let version = OfferChecks::of(connector).rulebook_version();
    let checked = connector.datasets.checked_rulebook.load(Ordering::Acquire);
    if version == checked {
        return Ok(Vec::new());
    }
    renew(connector)
}

/// What keeps the offers of the configuration from being made under a rulebook that is not in force yet: those rules that they break.
pub(crate) fn rehearse_rulebook(
    connector: &Connector,
    rulebook: Arc<SignedRulebook>,
) -> Vec<Refusal> {
    let config = connector.config();
    let checks = OfferChecks::of(connector).under(rulebook);
    let mut found = Vec::new();
    for written in &config.offers {
        let dataset = connector
            .datasets
            .catalog(|catalog| catalog.dataset(&written.dataset).cloned());
        let offer = dataset
            .as_ref()
            .and_then(|dataset| read(&config, written, dataset).ok());
        if let Some((offer, dataset)) = offer.zip(dataset) {
            let broken = checks.rulebook_findings((&offer).into(), &dataset);
            found.extend(broken.iter().map(|one| as_refusal(one, &written.policy)));
        }
    }
    found
}

/// Puts the templates of the configuration in force; those that can't be read are left out and told.
fn templates(connector: &Connector, config: &ConnectorConfig) -> Vec<Refusal> {
    let (mut good, mut faults) = (Vec::new(), Vec::new());
    for template in config.templates.iter().take(TEMPLATES) {
        match crate::offline::policy_template::checked(&template.file) {
            Ok((_, text)) => good.push(ListedTemplate {
                name: template.name.to_string(),
                text: text.into(),
            }),
            Err(refusal) => faults.push(refusal),
        }
    }
    connector.datasets.set_templates(good);
    faults
}
