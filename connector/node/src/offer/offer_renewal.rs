//! Renewal of offers: they are read from the configuration and checked against their datasets, and public views are signed.

mod public_views;

use crate::config::ConnectorConfig;
use crate::config::offer::OfferConfig;
use crate::dataset::dataset_state::DatasetState;
use crate::offer::offers;
use crate::offer::offers::{OfferChecks, as_refusal, read_offer};
use crate::participant::Connector;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::lint::LintSeverity;
use hansa_catalog::offer::Offer;
use hansa_identity::rulebook::SignedRulebook;
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::catalog_page::{ListedTemplate, TEMPLATES};
use hansa_query::ingest::config::parser;
use hansa_query::publication::dataset_entry;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Reads all offers again and activates them. Invalid offers are reported and left out. An ended offer is no fault; it stays in the
/// catalog, so that its audience sees its end.
///
/// # Errors
/// If a public view can't be signed or recorded.
pub fn renew_offers(connector: &Arc<Connector>) -> Result<Vec<Refusal>, Refusal> {
    let _turn = connector.datasets.offer_lock.lock();
    let config = connector.config();
    // The policies are recorded before they are read below, also by a publication.
    connector.note_config(&config)?;
    let checks = OfferChecks::of(connector);
    let mut faults = Vec::new();
    let mut made = Vec::new();
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
        match judge_offer(&config, written, &dataset, &checks) {
            Ok(offer) => made.push(offer),
            Err(problems) => {
                faults.extend(judge_by_files(
                    &config, written, &dataset, &checks, problems,
                ));
            }
        }
    }
    faults.extend(renew_templates(&connector.datasets, &config));
    let now = connector.now();
    let in_force: Vec<Offer> = made
        .iter()
        .filter(|offer| now < offer.not_after)
        .cloned()
        .collect();
    faults.extend(public_views::publish_views(connector, &in_force)?);
    connector
        .datasets
        .catalog_mut(|catalog| catalog.set_offers(made));
    let version = checks.rulebook_version();
    let checked = &connector.datasets.checked_rulebook;
    checked.store(version, Ordering::Release);
    Ok(faults)
}

/// Makes one configured offer for its dataset, also if the offer has ended.
fn judge_offer(
    config: &ConnectorConfig,
    written: &OfferConfig,
    dataset: &Dataset,
    checks: &OfferChecks,
) -> Result<Offer, Vec<Refusal>> {
    let offer = read_offer(config, written, dataset)?;
    let errors: Vec<Refusal> = checks
        .findings(&offer, dataset)
        .into_iter()
        .filter(|finding| finding.severity == LintSeverity::Error)
        .map(|finding| as_refusal(&finding, &written.policy))
        .collect();
    let is_made = errors
        .iter()
        .all(|error| error.code == ErrorCode::OfferEnded);
    if is_made { Ok(offer) } else { Err(errors) }
}

/// Returns the faults of an offer that does not fit its dataset as published. If the changed dataset entry would fit, the only
/// fault is the missing publication.
fn judge_by_files(
    config: &ConnectorConfig,
    written: &OfferConfig,
    published: &Dataset,
    checks: &OfferChecks,
    problems: Vec<Refusal>,
) -> Vec<Refusal> {
    let Some(said) = reconfigure_dataset(config, published).filter(|said| said != published) else {
        return problems;
    };
    match judge_offer(config, written, &said, checks) {
        Err(now) => now,
        Ok(_) => vec![awaits_publication(config, written)],
    }
}

/// Published dataset with the changed entry of the configuration; `None` if that entry is invalid, which is reported elsewhere.
fn reconfigure_dataset(config: &ConnectorConfig, published: &Dataset) -> Option<Dataset> {
    let file = config.file.display().to_string();
    let configured = parser::parse_datasets(&config.text, &file, config.source_roots()).ok()?;
    let entry = configured
        .iter()
        .find(|one| one.name == published.id.name)?;
    let zone = entry.zone.as_deref().unwrap_or(&config.participant.zone);
    dataset_entry::reconfigure_entry(entry, published, zone).ok()
}

fn awaits_publication(config: &ConnectorConfig, written: &OfferConfig) -> Refusal {
    let name = &written.dataset;
    let sentence = format!(
        "`{name}` was published before its entry was changed, and is offered once it is published as the entry says it now"
    );
    Refusal::new(ErrorCode::DatasetNotPublished, sentence)
        .with_place(
            config.file.display().to_string(),
            Some(written.line),
            Some("offer.dataset".to_owned()),
        )
        .with_help(format!("hansa dataset publish {name}"))
}

/// Returns the faults of the configured offers if these datasets were published. Nothing is activated.
pub fn rehearse_publication(
    connector: &Connector,
    config: &ConnectorConfig,
    datasets: &[Dataset],
) -> Vec<Refusal> {
    let checks = OfferChecks::of(connector);
    let mut found = Vec::new();
    for written in &config.offers {
        let staged = datasets.iter().find(|one| one.id.name == written.dataset);
        let judged = match staged {
            Some(staged) => judge_offer(config, written, staged, &checks),
            None => {
                let published = connector
                    .datasets
                    .catalog(|catalog| catalog.dataset(&written.dataset).cloned());
                let Some(published) = published else { continue };
                judge_offer(config, written, &published, &checks).map_err(|problems| {
                    judge_by_files(config, written, &published, &checks, problems)
                })
            }
        };
        found.extend(judged.err().into_iter().flatten());
    }
    found
}

/// Offer past its end.
#[derive(Debug)]
pub struct EndedOffer {
    /// Dataset of the offer.
    pub dataset: SqlIdentifier,
    /// Refusal of requests for it, with its policy and the remedies.
    pub refusal: Refusal,
}

/// Returns the ended offers. No other dataset or offer depends on them.
pub fn ended_offers(connector: &Connector) -> Vec<EndedOffer> {
    let (config, now) = (connector.config(), connector.now());
    let mut found = Vec::new();
    for written in &config.offers {
        let ended = connector.datasets.catalog(|catalog| {
            let mut all = catalog.offers();
            all.any(|offer| offer.dataset.name == written.dataset && offer.not_after <= now)
                .then(|| catalog.dataset(&written.dataset).cloned())
                .flatten()
        });
        let offer = ended.and_then(|dataset| read_offer(&config, written, &dataset).ok());
        if let Some(offer) = offer.filter(|offer| offer.not_after <= now) {
            found.push(EndedOffer {
                dataset: written.dataset.clone(),
                refusal: offers::tell_ended_offer(&config, written, &offer),
            });
        }
    }
    found
}

/// Renews all offers if another version of the rulebook has come into force by its date.
///
/// # Errors
/// Same errors as [`renew_offers`].
pub fn renew_for_rulebook(connector: &Arc<Connector>) -> Result<Vec<Refusal>, Refusal> {
    let version = OfferChecks::of(connector).rulebook_version();
    let checked = connector.datasets.checked_rulebook.load(Ordering::Acquire);
    if version == checked {
        return Ok(Vec::new());
    }
    renew_offers(connector)
}

/// Returns the rules of a later rulebook that the configured offers break.
pub fn rehearse_rulebook(connector: &Connector, rulebook: Arc<SignedRulebook>) -> Vec<Refusal> {
    let config = connector.config();
    let checks = OfferChecks::of(connector).with_rulebook(rulebook);
    let mut found = Vec::new();
    for written in &config.offers {
        let dataset = connector
            .datasets
            .catalog(|catalog| catalog.dataset(&written.dataset).cloned());
        let offer = dataset
            .as_ref()
            .and_then(|dataset| read_offer(&config, written, dataset).ok());
        if let Some((offer, dataset)) = offer.zip(dataset) {
            let broken = checks.rulebook_findings((&offer).into(), &dataset);
            found.extend(broken.iter().map(|one| as_refusal(one, &written.policy)));
        }
    }
    found
}

/// Activates the configured templates. Unreadable ones are reported and left out.
fn renew_templates(datasets: &DatasetState, config: &ConnectorConfig) -> Vec<Refusal> {
    let (mut good, mut faults) = (Vec::new(), Vec::new());
    for template in config.templates.iter().take(TEMPLATES) {
        match crate::offer::template_file::read_template(&template.file) {
            Ok((_, text)) => good.push(ListedTemplate {
                name: template.name.to_string(),
                text: text.into(),
            }),
            Err(refusal) => faults.push(refusal),
        }
    }
    datasets.set_templates(good);
    faults
}
