//! `hansa catalog`: what others offer to us.

pub(crate) mod arguments;
mod portal_catalog;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::catalog::arguments::CatalogCommand;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow};
use crate::cli::output::render_table;
use crate::dataset::catalog_entry::{entry_json, entry_text};
use hansa_catalog::dataset::DatasetKind;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_node::peer::peer_connections::KnownPeer;
use hansa_node::question::reachable_tables;
use hansa_node::question::reachable_tables::VisibleDataset;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::{ClauseId, ContractId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::to_printable;
use hansa_policy::term::Clause;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

impl Command for CatalogCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List { .. }
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
            Self::List { .. }
            | Self::Search { .. }
            | Self::Show { .. }
            | Self::Export { .. }
            | Self::Validate { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List { .. }
            | Self::Search { .. }
            | Self::Show { .. }
            | Self::Export { .. }
            | Self::Validate { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        match self {
            CatalogCommand::List { participant } => {
                let peers = match participant {
                    Some(named) => vec![connector.peer_or_member(&named)?],
                    None => connector.known_peers()?,
                };
                list_datasets(connector, &peers, |_| true, out).await
            }
            CatalogCommand::Search { words } => {
                let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
                let peers = connector.known_peers()?;
                list_datasets(
                    connector,
                    &peers,
                    |visible| matches_words(visible, &words),
                    out,
                )
                .await
            }
            CatalogCommand::Show { dataset } => {
                let visible = find_dataset(connector, &dataset).await?;
                out.send_report(&CatalogReport::new(connector, &visible))
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
    let (alias, name) = named.split_once('.').ok_or_else(|| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{named}` is not participant.dataset"),
        )
    })?;
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

fn matches_words(visible: &VisibleDataset, words: &[String]) -> bool {
    let dataset = &visible.dataset;
    let mut text = format!(
        "{} {} {} {} {}",
        dataset.id,
        dataset.title,
        dataset.kind.map_or("", DatasetKind::as_str),
        dataset.model.clone().unwrap_or_default(),
        dataset.attribution.clone().unwrap_or_default()
    );
    for column in &dataset.columns {
        text.push(' ');
        text.push_str(column.name.as_str());
        text.push(' ');
        text.push_str(column.meaning.as_deref().unwrap_or_default());
    }
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word))
}

async fn list_datasets(
    connector: &Arc<Connector>,
    peers: &[KnownPeer],
    wanted: impl Fn(&VisibleDataset) -> bool,
    out: &EventSink,
) -> CommandResult {
    let mut rows = Vec::new();
    let mut status = 0;
    for peer in peers {
        match reachable_tables::fetch_catalog(connector, peer).await {
            Ok(all) => {
                for visible in all.into_iter().filter(|visible| wanted(visible)) {
                    let row = CatalogReport::new(connector, &visible);
                    out.send_row(&row).await?;
                    rows.push(row.cells());
                }
            }
            Err(refusal) => {
                status = refusal.code.kind().exit_code();
                out.send_fault(&refusal).await;
            }
        }
    }
    out.send_text(render_table(CatalogReport::HEADER, &rows))
        .await?;
    Ok(status)
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
    entry: Value,
    offers: Vec<OfferTerms<'a>>,
    public_views: Vec<ViewTerms>,
    /// Contracts in force, by which we have it.
    contracts: Vec<ContractId>,
    #[serde(skip)]
    visible: &'a VisibleDataset,
}

/// Offer with its clauses in words.
#[derive(Debug, Serialize)]
struct OfferTerms<'a> {
    offer: String,
    title: &'a str,
    terms: Vec<ClauseText>,
}

/// Public view with its clauses in words.
#[derive(Debug, Serialize)]
struct ViewTerms {
    contract: ContractId,
    terms: Vec<ClauseText>,
}

/// Clause in words.
#[derive(Debug, Serialize)]
struct ClauseText {
    clause: ClauseId,
    text: String,
}

impl ClauseText {
    fn from_clauses(clauses: &[Clause]) -> Vec<Self> {
        let texts = clauses.iter().map(|clause| Self {
            clause: clause.id,
            text: clause.term.to_english(),
        });
        texts.collect()
    }
}

impl<'a> CatalogReport<'a> {
    fn new(connector: &Connector, visible: &'a VisibleDataset) -> Self {
        let offers = visible.offers.iter().map(|offer| OfferTerms {
            offer: offer.id().to_string(),
            title: &offer.title,
            terms: ClauseText::from_clauses(&offer.clauses),
        });
        let views = visible.views.iter().map(|(id, agreement)| ViewTerms {
            contract: *id,
            terms: ClauseText::from_clauses(&agreement.clauses),
        });
        Self {
            participant: visible.peer.id.domain(),
            name: format!("{}.{}", visible.peer.alias, visible.dataset.id.name),
            entry: entry_json(&visible.dataset),
            offers: offers.collect(),
            public_views: views.collect(),
            contracts: contracts_in_force(connector, visible),
            visible,
        }
    }

    /// Ways in which we may have it.
    fn access_ways(&self) -> String {
        let mut ways = Vec::new();
        if !self.contracts.is_empty() {
            ways.push("contract");
        }
        if !self.public_views.is_empty() {
            ways.push("public view");
        }
        if ways.is_empty() && !self.offers.is_empty() {
            ways.push("offer");
        }
        ways.join(", ")
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
            self.access_ways(),
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
        let mut block = |head: String, clauses: &[Clause]| {
            text.push_str(&format!("\n\n{head}"));
            text.push_str(&terms_text(clauses));
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
        for id in &self.contracts {
            let id = id.to_short_text();
            text.push_str(&format!(
                "\n\ncontract {id} in force: hansa contract show {id}"
            ));
        }
        text
    }
}

/// Clauses in plain language; what is only recorded stands under its own heading.
pub(crate) fn terms_text(clauses: &[Clause]) -> String {
    let mut text = String::new();
    for clause in clauses
        .iter()
        .filter(|clause| !clause.term.is_recorded_only())
    {
        text.push_str(&format!(
            "\n  {:<5} {}",
            clause.id.to_string(),
            clause.term.to_english()
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
                clause.term.to_english()
            ));
        }
    }
    text
}
