//! `hansa check`: configuration, keys, certificates, sources and policies; every problem at once, nothing changed.

mod hidden_characters;

use crate::cli::command_report::{CommandReport, serialize_path};
use crate::cli::output::{OutputSettings, RefusalReport, warning_text};
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_catalog::lint::LintSeverity;
use hansa_identity::{TimeStampAnchors, cluster, participant_identity};
use hansa_node::config::ConnectorConfig;
use hansa_node::dataset::published_lists;
use hansa_node::offer::offers;
use hansa_node::offer::offers::OfferChecks;
use hansa_node::peer::peer_aliases;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::config::DatasetConfig;
use hansa_query::publication::dataset_entry;
use hansa_query::publication::source_check::check_sources;
use hansa_query::snapshot::checked_files::not_as_published;
use hansa_query::snapshot::dataset_dir::{self, DatasetDir};
use hansa_store::state_index::StateIndex;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Gives every problem.
pub(crate) fn find_problems(config: &ConnectorConfig, now: UtcTimestamp) -> Vec<Refusal> {
    let mut problems = Vec::new();
    let now = match hansa_node::process::clock::clock_offset(config) {
        Ok(micros) => now.plus_micros(micros),
        Err(refusal) => {
            // A bundle that can't be read is told with the other files.
            if refusal.code == ErrorCode::ConfigInvalid {
                problems.push(refusal);
            }
            now
        }
    };
    problems.extend(participant_identity::find_faults(
        &config.trust.identity_files(),
        &config.participant.id,
        now,
    ));
    let parsed = hansa_query::ingest::config::parser::parse_datasets(
        &config.text,
        &config.file.display().to_string(),
        config.source_roots(),
    );
    let datasets = match parsed {
        Ok(datasets) => datasets,
        Err(faults) => {
            problems.extend(faults);
            Vec::new()
        }
    };
    for dataset in &datasets {
        problems.extend(check_published_snapshot(config, dataset));
        if let Err(found) = check_sources(dataset, &config.participant.zone) {
            problems.extend(found);
        }
    }
    let checks = match OfferChecks::by_files(config, now) {
        Ok(checks) => Some(checks),
        Err(refusal) => {
            problems.push(refusal);
            None
        }
    };
    for offer in &config.offers {
        let known = datasets.iter().any(|dataset| dataset.name == offer.dataset);
        if !known {
            problems.push(
                Refusal::new(
                    hansa_policy::refusal::ErrorCode::ConfigInvalid,
                    format!(
                        "an offer names `{}`, which is no dataset here",
                        offer.dataset
                    ),
                )
                .with_place(
                    config.file.display().to_string(),
                    Some(offer.line),
                    Some("offer.dataset".to_owned()),
                ),
            );
        }
        let checks = checks.as_ref();
        problems.extend(check_offer_policy(config, offer, &datasets, checks, now));
    }
    match StateIndex::open_read_only(&config.state.join("state.db")) {
        Ok(Some(state)) => {
            let checked = state
                .peers()
                .and_then(|added| peer_aliases::check_aliases(config, &added));
            problems.extend(checked.err());
        }
        // Where there is none, nobody was added.
        Ok(None) => {}
        // The rulebooks are read from it, too.
        Err(refusal) if problems.contains(&refusal) => {}
        Err(refusal) => problems.push(refusal),
    }
    problems.extend(published_lists::load_lists(&config.lists).1);
    if !config.cluster.workers.is_empty() {
        let clock: Clock = Arc::new(move || ClockReading {
            wall: now,
            mono_ns: 0,
        });
        problems.extend(cluster::connector_config(&config.cluster.folder, &clock).err());
    }
    if let Some(time_stamp) = &config.time_stamp {
        problems.extend(TimeStampAnchors::open(&time_stamp.trust).err());
    }
    problems
}

/// Problems of a changed configuration that the one before it does not have. Lines that moved make no problem another one.
pub(crate) fn find_new_problems(
    before: &ConnectorConfig,
    after: &ConnectorConfig,
    now: UtcTimestamp,
) -> Vec<Refusal> {
    let problems = each_once(find_problems(after, now));
    if problems.is_empty() {
        return problems;
    }
    let without_line = |problem: &Refusal| {
        let mut problem = problem.clone();
        if let Some(location) = &mut problem.location {
            location.line = None;
        }
        problem
    };
    let known: Vec<Refusal> = find_problems(before, now)
        .iter()
        .map(without_line)
        .collect();
    let is_new = |problem: &Refusal| !known.contains(&without_line(problem));
    problems.into_iter().filter(is_new).collect()
}

/// What is wrong with the published snapshot of a dataset at a glance: its manifest, and the sizes of its files. `hansa doctor` reads all.
fn check_published_snapshot(config: &ConnectorConfig, dataset: &DatasetConfig) -> Option<Refusal> {
    let directory = DatasetDir::new(&config.state, &dataset.name);
    match dataset_dir::read_published_manifest(&directory) {
        Ok(None) => None,
        Ok(Some(manifest)) => {
            let folder = dataset_dir::version_folder(&directory, &manifest.dataset.version);
            let whole = dataset_dir::complete_files(&manifest, &folder).is_some();
            (!whole).then(|| not_as_published(&manifest.dataset))
        }
        Err(refusal) => Some(refusal),
    }
}

/// What is wrong with the policy of an offer: with its words and terms, for its dataset as the configuration says it now. Of one
/// that was never published nobody knows the columns; then the words alone are judged.
fn check_offer_policy(
    config: &ConnectorConfig,
    offer: &hansa_node::config::offer::OfferConfig,
    datasets: &[DatasetConfig],
    checks: Option<&OfferChecks>,
    now: UtcTimestamp,
) -> Vec<Refusal> {
    let Some(dataset) = datasets.iter().find(|one| one.name == offer.dataset) else {
        return hansa_node::process::named_file::read_named_file(&offer.policy)
            .err()
            .into_iter()
            .collect();
    };
    let own = &config.participant;
    let zone = dataset.zone.as_deref().unwrap_or(&own.zone);
    let directory = DatasetDir::new(&config.state, &offer.dataset);
    let published = match dataset_dir::read_published_manifest(&directory) {
        Ok(Some(manifest)) => {
            match dataset_entry::reconfigure_entry(dataset, &manifest.dataset, zone) {
                Ok(published) => published,
                Err(refusal) => return vec![refusal],
            }
        }
        _ => dataset_entry::unpublished_entry(dataset, &own.id, zone, now),
    };
    let read = match offers::read_offer(config, offer, &published) {
        Ok(read) => read,
        Err(problems) => return problems,
    };
    let findings = checks.map(|checks| checks.findings(&read, &published));
    findings
        .iter()
        .flatten()
        .filter(|finding| finding.severity == LintSeverity::Error)
        // One that is over keeps nothing else from being done, and `warnings` tells it.
        .filter(|finding| finding.code != ErrorCode::OfferEnded)
        .map(|finding| offers::as_refusal(finding, &offer.policy))
        .collect()
}

/// Own texts that people will not be shown as they are: of the configuration, of policies and of templates; and what offers
/// would tell beside each other.
fn find_warnings(config: &ConnectorConfig, now: UtcTimestamp) -> Vec<Refusal> {
    let mut warnings =
        hidden_characters::find_hidden_characters(&config.file.display().to_string(), &config.text);
    let policies = config.offers.iter().map(|offer| &offer.policy);
    let templates = config.templates.iter().map(|template| &template.file);
    for file in policies.chain(templates).collect::<BTreeSet<_>>() {
        // One that can't be read is a problem, and told as such.
        if let Ok(bytes) = hansa_node::process::named_file::read_named_file(file) {
            let text = String::from_utf8_lossy(&bytes);
            warnings.extend(hidden_characters::find_hidden_characters(
                &file.display().to_string(),
                &text,
            ));
        }
    }
    warnings.extend(compare_offer_pairs(config));
    warnings.extend(find_ended_offers(config, now));
    warnings
}

/// The offers of the configuration that are over by its clock.
fn find_ended_offers(config: &ConnectorConfig, now: UtcTimestamp) -> Vec<Refusal> {
    let now = hansa_node::process::clock::clock_offset(config)
        .map_or(now, |micros| now.plus_micros(micros));
    let found = config.offers.iter().filter_map(|written| {
        let directory = DatasetDir::new(&config.state, &written.dataset);
        let manifest = dataset_dir::read_published_manifest(&directory)
            .ok()
            .flatten()?;
        let offer = offers::read_offer(config, written, &manifest.dataset).ok()?;
        (offer.not_after <= now).then(|| offers::tell_ended_offer(config, written, &offer))
    });
    found.collect()
}

/// What the offers of the configuration would tell beside each other; each pair once.
fn compare_offer_pairs(config: &ConnectorConfig) -> Vec<Refusal> {
    let mut found: Vec<Refusal> = Vec::new();
    for (at, written) in config.offers.iter().enumerate() {
        let directory = DatasetDir::new(&config.state, &written.dataset);
        let Ok(Some(manifest)) = dataset_dir::read_published_manifest(&directory) else {
            continue;
        };
        let dataset = &manifest.dataset;
        let Ok(offer) = offers::read_offer(config, written, dataset) else {
            continue;
        };
        let before: Vec<_> = config.offers.iter().take(at).collect();
        let findings = offers::find_combined_disclosures(config, &offer, dataset, &before, &[]);
        found.extend(
            findings
                .iter()
                .map(|finding| offers::as_refusal(finding, &written.policy)),
        );
    }
    found
}

/// Findings, each once: two offers may rest on one policy.
fn each_once(found: Vec<Refusal>) -> Vec<Refusal> {
    let mut once = Vec::new();
    for one in found {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

/// Says what was found; the status is that of the first problem. What is only doubtful is no problem.
pub(crate) fn print_config_check(
    config: &ConnectorConfig,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Vec<Refusal>> {
    let problems = each_once(find_problems(config, now));
    let warnings = each_once(find_warnings(config, now));
    for warning in &warnings {
        show.print_note(&warning_text(warning));
    }
    if problems.is_empty() {
        show.print_report(&ConfigCheckReport {
            ok: true,
            config: &config.file,
            warnings: RefusalReport::list(&warnings),
            participant: &config.participant.id,
        });
        return Ok(());
    }
    Err(problems)
}

/// Configuration without problems.
#[derive(Debug, Serialize)]
struct ConfigCheckReport<'a> {
    ok: bool,
    #[serde(serialize_with = "serialize_path")]
    config: &'a Path,
    warnings: Vec<RefusalReport>,
    #[serde(skip)]
    participant: &'a ParticipantId,
}

impl CommandReport for ConfigCheckReport<'_> {
    fn to_text(&self) -> String {
        format!(
            "ok: configuration, keys, certificate, trust bundle, sources and policy files of {}",
            self.participant.domain()
        )
    }
}
