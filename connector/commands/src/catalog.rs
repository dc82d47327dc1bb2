//! `hansa catalog`: what others offer to us.

pub(crate) mod arguments;
mod catalog_list;
mod portal_catalog;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::named_file::NamedFile;
use crate::catalog::arguments::CatalogCommand;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow};
use crate::dataset::catalog_entry::{entry_json, entry_text};
use crate::dataset::dataset_list::CoveredTime;
use crate::policy::clause_report::{ClauseReport, parse_term_language};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::offer::SigningMode;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_node::peer::visible_dataset::VisibleDataset;
use hansa_node::question::reachable_tables;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::to_printable;
use hansa_policy::term::Clause;
use hansa_policy::term::language::Language;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

impl Command for CatalogCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List(_)
            | Self::Search { .. }
            | Self::Show { .. }
            | Self::Export { .. }
            | Self::Validate { .. } => CommandEffect::Looks,
        }
    }
}

impl ConnectorVerb for CatalogCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::List(_)
            | Self::Search { .. }
            | Self::Show { .. }
            | Self::Export { .. }
            | Self::Validate { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List(_)
            | Self::Search { .. }
            | Self::Show { .. }
            | Self::Export { .. }
            | Self::Validate { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        match self {
            CatalogCommand::List(args) => catalog_list::list_datasets(connector, args, out).await,
            CatalogCommand::Search { words } => {
                let words = words.iter().map(|word| word.to_lowercase()).collect();
                catalog_list::search_datasets(connector, words, out).await
            }
            CatalogCommand::Show {
                dataset,
                as_known,
                language,
            } => {
                let language = parse_term_language(language.as_deref())?;
                let (visible, read_at) = match as_known {
                    true => {
                        let known = find_known_dataset(connector, &dataset)?;
                        (known.dataset, Some(known.read_at))
                    }
                    false => (find_dataset(connector, &dataset).await?, None),
                };
                let report = CatalogReport::new(connector, &visible, language);
                out.send_report(&CatalogReport { read_at, ..report })
                    .await?;
                Ok(0)
            }
            CatalogCommand::Export { format, profile } => {
                portal_catalog::export_catalog(connector, &format, profile.is_some(), out).await
            }
            CatalogCommand::Validate { fetch } => {
                portal_catalog::validate_catalog(connector, fetch, out).await
            }
        }
    }
}

/// The dataset that `participant.dataset` names, as its owner shows it.
///
/// # Errors
/// `PEER_UNKNOWN`, `DATASET_UNKNOWN`, `OFFER_ENDED`, or why the participant can't be reached.
pub(crate) async fn find_dataset(
    connector: &Arc<Connector>,
    named: &str,
) -> Result<VisibleDataset, Refusal> {
    let DatasetName {
        alias,
        dataset: name,
    } = DatasetName::parse(named)?;
    let peer = connector.peer_or_member(alias)?;
    let shown = reachable_tables::fetch_catalog(connector, &peer).await?;
    let mut shown = shown.into_iter();
    if let Some(visible) = shown.find(|visible| visible.dataset.id.name.as_str() == name) {
        return Ok(visible);
    }
    let ended = reachable_tables::ended_offer(connector, &peer, name).await?;
    Err(ended.unwrap_or_else(|| {
        Refusal::new(
            ErrorCode::DatasetUnknown,
            format!("no such dataset `{named}`"),
        )
        .with_help(format!("hansa catalog list {alias}"))
    }))
}

/// Dataset of a catalogue as it was last read.
struct KnownDataset {
    dataset: VisibleDataset,
    read_at: UtcTimestamp,
}

/// The dataset that `participant.dataset` names, as its owner showed it when its catalogue was last read. No participant is asked.
fn find_known_dataset(connector: &Connector, named: &str) -> Result<KnownDataset, Refusal> {
    let name = DatasetName::parse(named)?;
    let peer = connector.peer_or_member(name.alias)?;
    let unknown = || {
        let sentence = format!("no dataset `{named}` is known here");
        Refusal::new(ErrorCode::DatasetUnknown, sentence)
            .with_help(format!("hansa catalog list {} asks its owner", name.alias))
    };
    let known = reachable_tables::known_catalog(connector, &peer).ok_or_else(unknown)?;
    let mut datasets = known.datasets.iter();
    let found = datasets.find(|visible| visible.dataset.id.name.as_str() == name.dataset);
    Ok(KnownDataset {
        dataset: found.cloned().ok_or_else(unknown)?,
        read_at: known.read_at,
    })
}

/// Parts of `participant.dataset`.
struct DatasetName<'a> {
    alias: &'a str,
    dataset: &'a str,
}

impl<'a> DatasetName<'a> {
    fn parse(named: &'a str) -> Result<Self, Refusal> {
        let (alias, dataset) = named.split_once('.').ok_or_else(|| {
            let sentence = format!("`{named}` is not participant.dataset");
            Refusal::new(ErrorCode::UsageWrong, sentence)
        })?;
        Ok(Self { alias, dataset })
    }
}

fn contracts_in_force(connector: &Connector, visible: &VisibleDataset) -> Vec<ContractId> {
    let (own, now) = (connector.id(), connector.now());
    connector.contracts.with_registry(|registry| {
        registry
            .taken_by(&own, now)
            .filter(|(_, agreement, status)| {
                *status == ContractStatus::InForce && agreement.dataset.id == visible.dataset.id
            })
            .map(|(id, _, _)| id)
            .collect()
    })
}

/// Dataset as its owner shows it to us.
#[derive(Debug, Serialize)]
struct CatalogReport<'a> {
    participant: &'a str,
    name: String,
    title: &'a str,
    licence: &'a str,
    rows: u64,
    version: &'a str,
    published_at: UtcTimestamp,
    /// First and last day or instant of the rows.
    covers: Option<CoveredTime>,
    /// Ways in which we may have it: `contract`, `public view` or `offer`.
    had_by: Vec<&'static str>,
    /// Instant at which the catalogue was read, where its owner was not asked now.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<UtcTimestamp>,
    #[serde(flatten)]
    detail: Option<CatalogDetail<'a>>,
    #[serde(skip)]
    visible: &'a VisibleDataset,
}

/// Columns, offers and contracts of a dataset; absent in a brief list.
#[derive(Debug, Serialize)]
struct CatalogDetail<'a> {
    entry: Value,
    offers: Vec<OfferTerms<'a>>,
    public_views: Vec<ViewTerms>,
    /// Contracts in force, by which we have it.
    contracts: Vec<ContractId>,
    #[serde(skip)]
    language: Language,
}

/// Offer with its clauses in words.
#[derive(Debug, Serialize)]
struct OfferTerms<'a> {
    offer: String,
    title: &'a str,
    not_before: UtcTimestamp,
    not_after: UtcTimestamp,
    /// `officer` where a person of the owner signs, `auto` where its connector does.
    sign: SigningMode,
    terms: Vec<ClauseReport>,
}

/// Public view with its clauses in words.
#[derive(Debug, Serialize)]
struct ViewTerms {
    contract: ContractId,
    not_after: UtcTimestamp,
    terms: Vec<ClauseReport>,
}

impl<'a> CatalogDetail<'a> {
    fn new(visible: &'a VisibleDataset, contracts: Vec<ContractId>, language: Language) -> Self {
        let offers = visible.offers.iter().map(|offer| OfferTerms {
            offer: offer.id().to_string(),
            title: &offer.title,
            not_before: offer.not_before,
            not_after: offer.not_after,
            sign: offer.sign,
            terms: ClauseReport::from_clauses(&offer.clauses, language),
        });
        let views = visible.views.iter().map(|(id, agreement)| ViewTerms {
            contract: *id,
            not_after: agreement.not_after,
            terms: ClauseReport::from_clauses(&agreement.clauses, language),
        });
        Self {
            entry: entry_json(&visible.dataset),
            offers: offers.collect(),
            public_views: views.collect(),
            contracts,
            language,
        }
    }
}

impl<'a> CatalogReport<'a> {
    /// Report without columns, offers and contracts.
    fn brief(connector: &Connector, visible: &'a VisibleDataset) -> Self {
        let contracts = contracts_in_force(connector, visible);
        Self::with_contracts(visible, &contracts)
    }

    /// Whole report, with the clauses in a language.
    fn new(connector: &Connector, visible: &'a VisibleDataset, language: Language) -> Self {
        let contracts = contracts_in_force(connector, visible);
        let report = Self::with_contracts(visible, &contracts);
        Self {
            detail: Some(CatalogDetail::new(visible, contracts, language)),
            ..report
        }
    }

    fn with_contracts(visible: &'a VisibleDataset, contracts: &[ContractId]) -> Self {
        let dataset = &visible.dataset;
        let mut had_by = Vec::new();
        if !contracts.is_empty() {
            had_by.push("contract");
        }
        if !visible.views.is_empty() {
            had_by.push("public view");
        }
        if had_by.is_empty() && !visible.offers.is_empty() {
            had_by.push("offer");
        }
        Self {
            participant: visible.peer.id.domain(),
            name: format!("{}.{}", visible.peer.alias, dataset.id.name),
            title: &dataset.title,
            licence: &dataset.licence,
            rows: dataset.rows,
            version: &dataset.version,
            published_at: dataset.published_at,
            covers: CoveredTime::of(dataset),
            had_by,
            read_at: None,
            detail: None,
            visible,
        }
    }
}

impl ReportRow for CatalogReport<'_> {
    const HEADER: &'static [&'static str] =
        &["DATASET", "HAD BY", "ROWS", "KIND", "LICENCE", "TITLE"];

    fn cells(&self) -> Vec<String> {
        let dataset = &self.visible.dataset;
        let kind = dataset.kind.map(|kind| kind.to_string());
        vec![
            self.name.clone(),
            self.had_by.join(", "),
            match dataset.rows {
                0 => String::new(),
                rows => rows.to_string(),
            },
            kind.unwrap_or_default(),
            dataset.licence.clone(),
            dataset.title.clone(),
        ]
    }
}

impl CommandReport for CatalogReport<'_> {
    fn to_text(&self) -> String {
        let mut text = entry_text(&self.visible.dataset);
        let detail = self.detail.as_ref();
        let language = detail.map_or(Language::En, |detail| detail.language);
        let mut block = |head: String, clauses: &[Clause]| {
            text.push_str(&format!("\n\n{head}"));
            text.push_str(&terms_text_in(clauses, language));
        };
        for offer in &self.visible.offers {
            block(
                format!(
                    "offer {} \"{}\"",
                    offer.id().to_short_text(),
                    to_printable(&offer.title)
                ),
                &offer.clauses,
            );
        }
        for (id, agreement) in &self.visible.views {
            block(
                format!("public view {}", id.to_short_text()),
                &agreement.clauses,
            );
        }
        for id in detail.into_iter().flat_map(|detail| &detail.contracts) {
            let id = id.to_short_text();
            text.push_str(&format!(
                "\n\ncontract {id} in force: hansa contract show {id}"
            ));
        }
        if let Some(read_at) = self.read_at {
            text.push_str(&format!("\n\nas it was read at {read_at}"));
        }
        text
    }
}

/// Clauses in plain language; those that are recorded alone stand under their own heading.
pub(crate) fn terms_text(clauses: &[Clause]) -> String {
    terms_text_in(clauses, Language::En)
}

/// Clauses in a language; those that are recorded alone stand under their own heading.
pub(crate) fn terms_text_in(clauses: &[Clause], language: Language) -> String {
    let mut text = String::new();
    for clause in clauses
        .iter()
        .filter(|clause| !clause.term.is_recorded_only())
    {
        text.push_str(&format!(
            "\n  {:<5} {}",
            clause.id.to_string(),
            clause.term.render(language)
        ));
    }
    let recorded: Vec<&Clause> = clauses
        .iter()
        .filter(|clause| clause.term.is_recorded_only())
        .collect();
    if !recorded.is_empty() {
        text.push_str("\n  Not technically enforced:");
        for clause in recorded {
            text.push_str(&format!(
                "\n  {:<5} {}",
                clause.id.to_string(),
                clause.term.render(language)
            ));
        }
    }
    text
}
