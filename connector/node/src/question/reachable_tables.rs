//! Reachable tables of a question, own and remote. The plan stays here; remote queries are recorded before they are sent.

mod contract_eligibility;
mod named_contracts;
mod program_tables;
mod unavailable_tables;

use crate::log::record_keeping::RecordKeeping;
use crate::participant::Connector;
use crate::peer::catalog_cache::CachedCatalogReader;
use crate::peer::known_catalogs::{KnownCatalog, SizedDataset};
use crate::peer::mailbox;
use crate::peer::peer_connections::KnownPeer;
use crate::peer::visible_dataset::VisibleDataset;
use crate::question::query_author::QueryAuthor;
use hansa_catalog::catalog_listing::EndedOffer;
use hansa_catalog::dataset::Dataset;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::{ContractId, DatasetId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::rule::EffectBinding;
use hansa_policy::term::{Term, clause_effects, clause_summary};
use hansa_proto::peer::catalog_page::{CatalogPageRequest, ListedOffer};
use hansa_query::federation::options::{FederatedQueryLimits, QueryOptions};
use hansa_query::federation::query_catalog::{QueryCatalog, UnavailableTable};
use hansa_query::federation::table::RemoteTable;
use hansa_query::limits::QueryResourceLimits;
use hansa_query::sql::query_text::NamedTables;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Fetches all pages of a peer's catalog.
///
/// # Errors
/// If the peer can't be reached, or sends unreadable data.
pub async fn fetch_catalog(
    connector: &Arc<Connector>,
    peer: &KnownPeer,
) -> Result<Vec<VisibleDataset>, Refusal> {
    let shown = catalog_page(connector, peer).await?;
    Ok(shown.visible)
}

/// Catalog of a peer as it was last read; none where it was not read since the start of the process. No peer is asked.
#[must_use]
pub fn known_catalog(connector: &Connector, peer: &KnownPeer) -> Option<Arc<KnownCatalog>> {
    let known = connector.peers.known_catalogs.find(&peer.id)?;
    // Names begin with the alias at the time of reading, so under another alias the catalog is read again.
    let first = known.datasets.first();
    let is_named_so = first.is_none_or(|visible| visible.peer.alias == peer.alias);
    is_named_so.then_some(known)
}

/// Forgets the catalogs of all peers but these.
pub fn retain_catalogs(connector: &Connector, peers: &[KnownPeer]) {
    connector.peers.known_catalogs.retain(peers);
}

/// Returns the refusal of a dataset that a peer no longer shows, if its offer to this participant has ended.
///
/// # Errors
/// Same errors as [`fetch_catalog`].
pub async fn ended_offer(
    connector: &Arc<Connector>,
    peer: &KnownPeer,
    dataset: &str,
) -> Result<Option<Refusal>, Refusal> {
    let shown = catalog_page(connector, peer).await?;
    let ended = shown
        .ended
        .iter()
        .find(|one| one.dataset.as_str() == dataset);
    Ok(ended.map(|one| {
        Refusal::new(
            ErrorCode::OfferEnded,
            format!(
                "the offer of `{}.{dataset}` to you ended on {}",
                peer.alias, one.ended
            ),
        )
        .with_help(format!("ask {} for another offer", peer.id.domain()))
    }))
}

/// Fetches the catalog with the number of the newest waiting message.
async fn catalog_page(
    connector: &Arc<Connector>,
    peer: &KnownPeer,
) -> Result<CatalogPage, Refusal> {
    let shown = mailbox::with_reconnect(connector, peer, || fetch_pages(connector, peer)).await?;
    unavailable_tables::record_models(connector, &shown.visible).await;
    Ok(shown)
}

/// Catalog of a peer.
#[derive(Default)]
struct CatalogPage {
    visible: Vec<VisibleDataset>,
    /// Number of the newest message that waits at the peer.
    newest_message: Option<u64>,
    /// Ended offers to this participant.
    ended: Vec<EndedOffer>,
}

async fn fetch_pages(connector: &Arc<Connector>, peer: &KnownPeer) -> Result<CatalogPage, Refusal> {
    let client = connector.call_peer(peer).await?;
    let mut shown = CatalogPage::default();
    let mut reading = connector.peers.delivery_queues.start_reading(&peer.id);
    let mut request = CatalogPageRequest::default();
    let mut sizes = Vec::new();
    for _ in 0..MOST_PAGES {
        let page = client.fetch_catalog_page(&request).await?;
        shown.newest_message = shown.newest_message.max(page.newest_message);
        shown.ended.extend(page.ended);
        for entry in page.entries {
            let dataset = reading
                .dataset(&entry.dataset)
                .map_err(|refusal| refusal.with_participant(peer.id.clone()))?;
            if dataset.id.owner != peer.id {
                return Err(Refusal::new(
                    ErrorCode::PeerDataInvalid,
                    format!(
                        "{} shows a dataset of another participant",
                        peer.id.domain()
                    ),
                )
                .with_participant(peer.id.clone()));
            }
            let offers = entry.offers.iter().map(|offer| offer.policy.len());
            sizes.push(offers.fold(entry.dataset.len(), usize::saturating_add));
            shown.visible.push(read_visible_dataset(
                connector,
                peer,
                dataset,
                entry.offers,
                &mut reading,
            ));
        }
        if shown.visible.len() > MOST_DATASETS {
            break;
        }
        match page.next {
            Some(next) => request.after = Some(next),
            None => {
                connector.peers.delivery_queues.was_read(&peer.id, reading);
                let sized = shown.visible.iter().zip(&sizes);
                let sized = sized.map(|(dataset, bytes)| SizedDataset {
                    dataset,
                    bytes: *bytes,
                });
                let known = &connector.peers.known_catalogs;
                known.keep(&peer.id, connector.now(), sized);
                return Ok(shown);
            }
        }
    }
    Err(Refusal::new(
        ErrorCode::PeerDataInvalid,
        format!("the catalogue of {} does not end", peer.id.domain()),
    ))
}

/// Reads the offers of a dataset. An unreadable plain offer is left out, because a newer peer may use terms unknown here. An
/// unreadable or untrusted public view is reported, because it is in force.
fn read_visible_dataset(
    connector: &Connector,
    peer: &KnownPeer,
    dataset: Dataset,
    offers: Vec<ListedOffer>,
    reading: &mut CachedCatalogReader,
) -> VisibleDataset {
    let mut visible = VisibleDataset {
        peer: peer.clone(),
        dataset,
        offers: Vec::new(),
        views: Vec::new(),
        unusable: Vec::new(),
    };
    for entry in offers {
        let unread = if entry.public_view {
            verify_public_view(connector, &visible.dataset, &entry.policy)
                .map(|view| visible.views.push(view))
                .inspect_err(|refusal| visible.unusable.push(refusal.clone()))
        } else {
            reading.offer(&entry.policy).and_then(|offer| {
                if offer.dataset != visible.dataset.id {
                    return Err(foreign_view_refusal());
                }
                visible.offers.push(offer);
                Ok(())
            })
        };
        if let Err(refusal) = unread {
            tracing::warn!(peer = peer.id.domain(), dataset = %visible.dataset.id.name, code = %refusal.code, "offer.unusable");
        }
    }
    visible
}

const MOST_PAGES: usize = 1000;
const MOST_DATASETS: usize = 20_000;

/// Public view of this dataset, signed by its owner.
fn verify_public_view(
    connector: &Connector,
    dataset: &Dataset,
    bytes: &[u8],
) -> Result<(ContractId, Agreement), Refusal> {
    let signed = hansa_proto::envelope::parse_offer(bytes)?;
    let agreed = signed.verify(&connector.identity.trust.bundle().keys(connector.now()))?;
    let agreement = agreed.agreement();
    if agreement.dataset.id != dataset.id
        || agreement.provider.id != dataset.id.owner
        || agreement.assignee_id().is_some()
    {
        return Err(foreign_view_refusal());
    }
    Ok((agreed.id(), agreement.clone()))
}

fn foreign_view_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::PeerDataInvalid,
        "the offer there is not a view of that dataset",
    )
}

/// Gathers the tables that a question may name, and the unavailable ones: from the catalogs of the peers that it mentions, and of
/// all peers if it names a model.
///
/// # Errors
/// If the own index can't be read.
pub async fn gather_tables(
    connector: &Arc<Connector>,
    named: &NamedTables,
    options: &QueryOptions,
    author: &QueryAuthor,
) -> Result<QueryCatalog, Refusal> {
    if let QueryAuthor::Program(program) = author {
        return program_tables::gather_program_tables(connector, program, options);
    }
    let peers = connector.known_peers()?;
    let has_models = named.has_models();
    let wanted: Vec<&KnownPeer> = peers
        .iter()
        .filter(|peer| has_models || named.has_participant(peer.alias.as_str()))
        .collect();
    let fetched = futures::future::join_all(
        wanted
            .iter()
            .map(|peer| fetch_newest_catalog(connector, peer)),
    )
    .await;
    let mut tables = own_tables(connector)?;
    let mut lacks = Vec::new();
    if !author.reaches_own_datasets() {
        // A question over a model that needs these tables reports them as missing.
        lacks.extend(
            tables
                .drain(..)
                .filter_map(|table| unavailable_own_table(&table)),
        );
    }
    let mut shown = BTreeMap::new();
    let mut out_of_reach = BTreeMap::new();
    let mut unread = Vec::new();
    for (peer, visible) in wanted.into_iter().zip(fetched) {
        match visible {
            Ok(visible) => {
                for visible in &visible {
                    let held = usable_contracts(connector, visible);
                    let own = connector.id();
                    let (usable, unusable) = remote_tables(connector, visible, &own, held, options);
                    unread.extend(unusable.iter().cloned());
                    if usable.is_empty() {
                        lacks.extend(unusable.into_iter().map(|why| UnavailableTable {
                            participant: peer.id.clone(),
                            alias: Some(peer.alias.clone()),
                            dataset: Some(visible.dataset.id.name.clone()),
                            // Without a model, only its own name misses it.
                            model: Some(visible.dataset.model.clone().unwrap_or_default()),
                            why,
                        }));
                    }
                    tables.extend(usable);
                }
                shown.insert(peer.id.clone(), visible);
            }
            Err(why) => {
                let why = missing_catalog_refusal(peer, why);
                out_of_reach.insert(peer.id.clone(), why.clone());
                lacks.push(UnavailableTable {
                    participant: peer.id.clone(),
                    alias: Some(peer.alias.clone()),
                    dataset: None,
                    model: None,
                    why,
                });
            }
        }
    }
    if has_models {
        lacks.extend(unavailable_tables::find_unavailable_tables(
            connector, &peers, &shown,
        )?);
    }
    let reached = named_contracts::ParticipantCatalogs {
        peers: &peers,
        shown: &shown,
        out_of_reach: &out_of_reach,
        unread: &unread,
    };
    let unusable = named_contracts::find_unusable_contracts(connector, options, &tables, &reached)?;
    Ok(QueryCatalog::new(tables)
        .that_lacks(lacks)
        .with_unusable(unusable))
}

/// Refusal for a participant whose catalog is missing.
fn missing_catalog_refusal(peer: &KnownPeer, why: Refusal) -> Refusal {
    let why = match why.participant {
        Some(_) => why,
        None => why.with_participant(peer.id.clone()),
    };
    why.with_help(format!("hansa doctor {} says where it fails", peer.alias))
}

/// Fetches a peer's catalog after exchanging messages, so that a contract that was just finalized or withdrawn counts. Usually no
/// message changes the catalog: the outbox is delivered while the catalog is fetched. If the catalog announces messages, it is
/// fetched again after them.
async fn fetch_newest_catalog(
    connector: &Arc<Connector>,
    peer: &KnownPeer,
) -> Result<Vec<VisibleDataset>, Refusal> {
    // Both calls share one connection. If the peer can't be reached, the catalog call reports it.
    let _greeted = connector.call_peer(peer).await;
    let before = connector.peers.delivery_queues.news_count(&peer.id);
    let (_, shown) = futures::join!(
        mailbox::send_off(connector, peer),
        catalog_page(connector, peer)
    );
    let still = connector.peers.delivery_queues.news_count(&peer.id) == before;
    let CatalogPage {
        visible,
        newest_message: messages,
        ..
    } = match shown {
        Ok(shown) => shown,
        Err(refusal) if still => return Err(refusal),
        Err(_) => CatalogPage::default(),
    };
    if still && !mailbox::has_waiting_message(connector, peer, messages)? {
        return Ok(visible);
    }
    // The sent messages may have been answered.
    let _fetched = mailbox::exchange_messages(connector, peer).await;
    fetch_catalog(connector, peer).await
}

fn own_tables(connector: &Connector) -> Result<Vec<RemoteTable>, Refusal> {
    let alias = connector.config().participant.alias.clone();
    connector.datasets.catalog(|catalog| {
        catalog
            .datasets()
            .map(|dataset| RemoteTable::new(alias.clone(), dataset, None, &[]))
            .collect()
    })
}

/// Own dataset of a model that access tokens can't reach.
fn unavailable_own_table(table: &RemoteTable) -> Option<UnavailableTable> {
    Some(UnavailableTable {
        participant: table.dataset.owner.clone(),
        alias: Some(table.alias.clone()),
        dataset: Some(table.dataset.name.clone()),
        model: Some(table.model.clone()?),
        why: Refusal::new(
            ErrorCode::AnswerIncomplete,
            "an access token can't ask the participant's own datasets",
        )
        .with_participant(table.dataset.owner.clone())
        .with_help("ask at the connector itself: hansa sql"),
    })
}

/// Returns the contracts under which this participant may query a dataset: its own contracts, and public views.
pub fn usable_contracts(
    connector: &Connector,
    visible: &VisibleDataset,
) -> Vec<(ContractId, Agreement)> {
    let (own, now) = (connector.id(), connector.now());
    let mut held: Vec<_> = connector.contracts.with_registry(|registry| {
        registry
            .taken_by(&own, now)
            .filter(|(_, agreement, status)| {
                *status == ContractStatus::InForce && agreement.dataset.id == visible.dataset.id
            })
            .map(|(id, agreement, _)| (id, agreement.clone()))
            .collect()
    });
    held.extend(visible.views.iter().cloned());
    held
}

/// Titles of the offers behind contracts with a peer. If they can't be read, the question continues without them.
fn offer_titles(records: &RecordKeeping, peer: &ParticipantId) -> BTreeMap<ContractId, String> {
    let rows = records
        .index(|state| state.negotiations())
        .unwrap_or_default();
    let with = rows.into_iter().filter(|row| row.peer == *peer);
    with.filter_map(|row| Some((row.contract?, row.title?)))
        .collect()
}

/// Tables of a dataset, one per contract of the consumer, and the refusals of unusable contracts.
fn remote_tables(
    connector: &Connector,
    visible: &VisibleDataset,
    consumer: &ParticipantId,
    held: Vec<(ContractId, Agreement)>,
    options: &QueryOptions,
) -> (Vec<RemoteTable>, Vec<Refusal>) {
    let mut tables = Vec::new();
    let mut unusable = visible.unusable.clone();
    // Titles help a person to choose a contract.
    let titles = match held.len() > 1 {
        true => offer_titles(&connector.records, &visible.peer.id),
        false => BTreeMap::new(),
    };
    for (id, agreement) in held {
        let table = clause_effects::of_clauses(&agreement.clauses, &EffectBinding::of(consumer))
            .and_then(|effects| {
                RemoteTable::new(
                    visible.peer.alias.clone(),
                    &visible.dataset,
                    Some(id),
                    &effects,
                )
            });
        match table {
            Ok(mut table) => {
                for clause in &agreement.clauses {
                    if let Term::Attribution(text) = &clause.term {
                        table.provenance.attribute(text);
                    }
                }
                tables.push(RemoteTable {
                    title: titles.get(&id).cloned(),
                    barred: contract_eligibility::ineligible_contract_refusal(
                        connector, visible, id, &agreement, options,
                    ),
                    joins: clause_summary::join_site(&agreement.clauses),
                    travel: clause_summary::key_transfer(&agreement.clauses)
                        .map(|(clause, travel)| (clause, travel.clone())),
                    ..table
                });
            }
            Err(refusal) => unusable.push(refusal.with_contract(id)),
        }
    }
    let name = format!("{}.{}", visible.peer.alias, visible.dataset.id.name);
    let reported = unusable.into_iter().map(|why| {
        let reported = Refusal::new(
            ErrorCode::AnswerIncomplete,
            format!("the contract in force on `{name}` can't be used here: {why}"),
        )
        .with_participant(visible.peer.id.clone())
        .with_help(format!(
            "tell its operator, or request an amendment: hansa contract request {name}"
        ));
        match why.contract {
            Some(contract) => reported.with_contract(contract),
            None => reported,
        }
    });
    (tables, reported.collect())
}

/// Returns the refusal for a dataset in a question that its owner does not show although a contract is in force.
///
/// # Errors
/// When the own index can't be read.
pub(crate) fn not_shown(
    connector: &Connector,
    named: &NamedTables,
) -> Result<Option<Refusal>, Refusal> {
    let peers = connector.known_peers()?;
    Ok(unavailable_tables::not_shown(connector, &peers, named))
}

/// The peer under whose alias a dataset is named.
pub(crate) fn naming_peer<'p>(
    peers: &'p [KnownPeer],
    named: &NamedTables,
    dataset: &DatasetId,
) -> Option<&'p KnownPeer> {
    peers.iter().find(|peer| {
        peer.id == dataset.owner && named.has_dataset(peer.alias.as_str(), dataset.name.as_str())
    })
}

/// Checks that a contract on a dataset of the question has come into force since its tables were gathered.
pub(crate) fn is_outdated(
    connector: &Connector,
    named: &NamedTables,
    author: &QueryAuthor,
    catalog: &QueryCatalog,
) -> Result<bool, Refusal> {
    let peers = list_asked_peers(connector, author)?;
    let now = connector.now();
    let consumer = author.consumer(connector.id());
    Ok(connector.contracts.with_registry(|registry| {
        registry
            .taken_by(&consumer, now)
            .any(|(id, agreement, status)| {
                status == ContractStatus::InForce
                    && naming_peer(&peers, named, &agreement.dataset.id).is_some()
                    && !catalog.has_contract(id)
            })
    }))
}

/// The participants whose datasets the author may name.
pub(super) fn list_asked_peers(
    connector: &Connector,
    author: &QueryAuthor,
) -> Result<Vec<KnownPeer>, Refusal> {
    match author {
        QueryAuthor::House { .. } => connector.known_peers(),
        QueryAuthor::Program(_) => Ok(vec![program_tables::own_peer(connector)]),
    }
}

/// Limits of one question here.
pub(crate) fn query_limits(connector: &Connector) -> FederatedQueryLimits {
    let limits = connector.query_limits();
    FederatedQueryLimits {
        limits: QueryResourceLimits {
            // Rows of peers have no order, so any number of partitions is allowed.
            partitions: limits.cores,
            ..limits
        },
        ..FederatedQueryLimits::default()
    }
}
