//! `hansa catalog list` and `hansa catalog search`: the datasets that are offered to this participant, page by page.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::catalog::arguments::CatalogListArgs;
use crate::catalog::{CatalogReport, DatasetName};
use crate::cli::command_report::{ReportRow as _, report_json};
use crate::cli::output::render_table;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::DatasetKind;
use hansa_node::participant::Connector;
use hansa_node::peer::known_catalogs::KnownCatalog;
use hansa_node::peer::peer_connections::KnownPeer;
use hansa_node::peer::visible_dataset::VisibleDataset;
use hansa_node::question::reachable_tables;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::language::Language;
use serde::Serialize;
use std::sync::Arc;

pub(super) async fn list_datasets(
    connector: &Arc<Connector>,
    args: CatalogListArgs,
    out: &EventSink,
) -> CommandResult {
    let mut peers = match &args.participant {
        Some(named) => vec![connector.peer_or_member(named)?],
        None => connector.known_peers()?,
    };
    if let Some(part) = args.with.as_deref().map(str::to_lowercase) {
        peers.retain(|peer| {
            let is_named = |text: &str| text.to_lowercase().contains(&part);
            is_named(peer.alias.as_str()) || is_named(peer.id.domain())
        });
    }
    let text = args.text.as_deref().unwrap_or_default().to_lowercase();
    let words = text.split_whitespace().map(str::to_owned).collect();
    let page = CatalogPage::new(&args, words)?;
    page.send_datasets(connector, &peers, out).await
}

pub(super) async fn search_datasets(
    connector: &Arc<Connector>,
    words: Vec<String>,
    out: &EventSink,
) -> CommandResult {
    let peers = connector.known_peers()?;
    let page = CatalogPage::new(&CatalogListArgs::default(), words)?;
    page.send_datasets(connector, &peers, out).await
}

/// Part of the list that was asked for. Participants come in the order of their aliases, and their datasets in the order of names.
struct CatalogPage {
    /// Words in small letters, all of which a dataset has.
    words: Vec<String>,
    /// Place in the list behind which the page begins.
    after: Option<ListPlace>,
    limit: usize,
    as_known: bool,
    is_brief: bool,
}

/// Place of a dataset in the list.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ListPlace {
    alias: String,
    dataset: String,
}

impl ListPlace {
    fn of(peer: &KnownPeer, visible: &VisibleDataset) -> Self {
        Self {
            alias: peer.alias.to_string(),
            dataset: visible.dataset.id.name.to_string(),
        }
    }
}

/// Datasets of a peer in the order of their names.
enum PeerDatasets {
    /// Those that the peer has shown now.
    Asked(Vec<VisibleDataset>),
    /// Those that it showed when its catalogue was last read.
    Known(Arc<KnownCatalog>),
}

impl PeerDatasets {
    fn datasets(&self) -> &[VisibleDataset] {
        match self {
            Self::Asked(datasets) => datasets,
            Self::Known(catalog) => &catalog.datasets,
        }
    }

    /// Instant at which they were read; none where the peer was asked now.
    fn read_at(&self) -> Option<UtcTimestamp> {
        match self {
            Self::Asked(_) => None,
            Self::Known(catalog) => Some(catalog.read_at),
        }
    }
}

/// Participant whose catalogue was not read since the connector started, in a list without asking.
#[derive(Debug, Serialize)]
struct UnreadCatalog<'a> {
    participant: &'a str,
    alias: &'a str,
    /// Always `false`.
    known: bool,
}

impl<'a> UnreadCatalog<'a> {
    fn of(peer: &'a KnownPeer) -> Self {
        Self {
            participant: peer.id.domain(),
            alias: peer.alias.as_str(),
            known: false,
        }
    }
}

fn describe_unread(peer: &KnownPeer) -> String {
    let (alias, domain) = (&peer.alias, peer.id.domain());
    format!(
        "the catalogue of {domain} was not read since the start: hansa catalog list {alias} asks for it"
    )
}

/// Number of datasets that a list without asking lacks, since the memory for catalogues is full.
#[derive(Debug, Serialize)]
struct OmittedDatasets<'a> {
    participant: &'a str,
    left_out: usize,
}

impl OmittedDatasets<'_> {
    fn to_text(&self) -> String {
        let (count, participant) = (self.left_out, self.participant);
        format!("{count} datasets of {participant} are missing: the memory for catalogues is full")
    }
}

impl CatalogPage {
    fn new(args: &CatalogListArgs, words: Vec<String>) -> Result<Self, Refusal> {
        let after = args.after.as_deref().map(DatasetName::parse).transpose()?;
        let place = |name: DatasetName<'_>| ListPlace {
            alias: name.alias.to_owned(),
            dataset: name.dataset.to_owned(),
        };
        Ok(Self {
            words,
            after: after.map(place),
            limit: args.limit.unwrap_or(usize::MAX),
            as_known: args.as_known,
            is_brief: args.brief,
        })
    }

    async fn send_datasets(
        &self,
        connector: &Arc<Connector>,
        peers: &[KnownPeer],
        out: &EventSink,
    ) -> CommandResult {
        let mut cells = Vec::new();
        let mut status = 0;
        for peer in peers {
            let alias = peer.alias.as_str();
            let is_before = |after: &ListPlace| alias < after.alias.as_str();
            if cells.len() >= self.limit || self.after.as_ref().is_some_and(is_before) {
                continue;
            }
            let of_peer = match self.read_peer(connector, peer).await {
                Ok(Some(of_peer)) => of_peer,
                Ok(None) => {
                    out.send_object(report_json(&UnreadCatalog::of(peer)), "")
                        .await?;
                    out.send_notice(describe_unread(peer)).await;
                    continue;
                }
                Err(refusal) => {
                    status = refusal.code.kind().exit_code();
                    out.send_fault(&refusal).await;
                    continue;
                }
            };
            if let PeerDatasets::Known(catalog) = &of_peer
                && catalog.left_out > 0
            {
                let omitted = OmittedDatasets {
                    participant: peer.id.domain(),
                    left_out: catalog.left_out,
                };
                out.send_object(report_json(&omitted), "").await?;
                out.send_notice(omitted.to_text()).await;
            }
            let datasets = of_peer
                .datasets()
                .iter()
                .filter(|visible| self.is_wanted(peer, visible))
                .take(self.limit.saturating_sub(cells.len()));
            for visible in datasets {
                let report = match self.is_brief {
                    true => CatalogReport::brief(connector, visible),
                    false => CatalogReport::new(connector, visible, Language::En),
                };
                let row = CatalogReport {
                    read_at: of_peer.read_at(),
                    ..report
                };
                out.send_row(&row).await?;
                cells.push(row.cells());
            }
        }
        out.send_text(render_table(CatalogReport::HEADER, &cells))
            .await?;
        Ok(status)
    }

    /// Datasets of a peer; none where the peer is not asked and its catalogue was not read since the start.
    async fn read_peer(
        &self,
        connector: &Arc<Connector>,
        peer: &KnownPeer,
    ) -> Result<Option<PeerDatasets>, Refusal> {
        if self.as_known {
            let known = reachable_tables::known_catalog(connector, peer);
            return Ok(known.map(PeerDatasets::Known));
        }
        let mut datasets = reachable_tables::fetch_catalog(connector, peer).await?;
        datasets.sort_by_cached_key(|visible| visible.dataset.id.name.clone());
        Ok(Some(PeerDatasets::Asked(datasets)))
    }

    fn is_wanted(&self, peer: &KnownPeer, visible: &VisibleDataset) -> bool {
        let is_behind = self
            .after
            .as_ref()
            .is_none_or(|after| ListPlace::of(peer, visible) > *after);
        is_behind && (self.words.is_empty() || has_words(visible, &self.words))
    }
}

fn has_words(visible: &VisibleDataset, words: &[String]) -> bool {
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
