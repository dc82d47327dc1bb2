//! Ask: one question over own and remote datasets. The plan stays here, errands go out, each on the books before it goes.

use crate::node::Node;
use crate::node::calls::Peer;
use catalog::dataset::Dataset;
use catalog::view::shape;
use engine::federate::home::{Home, RemoteTable};
use engine::federate::question::{Bounds, Wish};
use engine::limits::Limits;
use policy::contract::{Agreement, Standing};
use policy::id::ContractId;
use policy::refusal::{Code, Refusal};
use policy::term::{self, Term};
use proto::peer::catalogue::PageRequest;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A dataset of a peer, as its catalogue shows it to us.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The peer.
    pub(crate) peer: Peer,
    /// The entry.
    pub(crate) dataset: Dataset,
    /// What is offered.
    pub(crate) offers: Vec<catalog::offer::Offer>,
    /// Public views in force: their identity and what they say.
    pub(crate) views: Vec<(ContractId, Agreement)>,
}

/// Fetches the catalogue of a peer, all pages.
///
/// # Errors
/// When the peer can't be reached, or sends what can't be read.
pub(crate) async fn catalogue(node: &Arc<Node>, peer: &Peer) -> Result<Vec<Seen>, Refusal> {
    match pages(node, peer).await {
        Err(refusal) if refusal.code == Code::PeerUnreachable => {
            // The connection may have grown old; once more with a new one.
            node.hang_up(&peer.id).await;
            pages(node, peer).await
        }
        other => other,
    }
}

async fn pages(node: &Arc<Node>, peer: &Peer) -> Result<Vec<Seen>, Refusal> {
    let client = node.call(peer).await?;
    let mut seen = Vec::new();
    let mut request = PageRequest::default();
    for _ in 0..MOST_PAGES {
        let page = client.catalog(&request).await?;
        for entry in page.entries {
            let dataset = proto::dataset::from_bytes(&entry.dataset)
                .map_err(|refusal| refusal.with_participant(peer.id.clone()))?;
            if dataset.id.owner != peer.id {
                return Err(Refusal::new(
                    Code::PeerDataInvalid,
                    format!("{} shows a dataset of somebody else", peer.id.domain()),
                )
                .with_participant(peer.id.clone()));
            }
            let mut offers = Vec::new();
            let mut views = Vec::new();
            for offer in entry.offers {
                // What can't be read or trusted is left out: a newer peer may offer what this version does not know.
                let read = if offer.public_view {
                    view(node, &dataset, &offer.policy).map(|view| views.push(view))
                } else {
                    proto::offer::from_bytes(&offer.policy).and_then(|offer| {
                        if offer.dataset != dataset.id {
                            return Err(elsewhere());
                        }
                        offers.push(offer);
                        Ok(())
                    })
                };
                if let Err(refusal) = read {
                    tracing::warn!(peer = peer.id.domain(), dataset = %dataset.id.name, code = %refusal.code, "offer.unusable");
                }
            }
            seen.push(Seen {
                peer: peer.clone(),
                dataset,
                offers,
                views,
            });
        }
        if seen.len() > MOST_DATASETS {
            break;
        }
        match page.next {
            Some(next) => request.after = Some(next),
            None => return Ok(seen),
        }
    }
    Err(Refusal::new(
        Code::PeerDataInvalid,
        format!("the catalogue of {} does not end", peer.id.domain()),
    ))
}

const MOST_PAGES: usize = 1000;
const MOST_DATASETS: usize = 20_000;

/// A public view of this dataset, signed by its owner.
fn view(node: &Node, dataset: &Dataset, bytes: &[u8]) -> Result<(ContractId, Agreement), Refusal> {
    let signed = proto::envelope::parse_offer(bytes)?;
    let agreed = signed.verify(&node.trust.bundle().keys(node.now()))?;
    let agreement = agreed.agreement();
    if agreement.dataset.id != dataset.id
        || agreement.provider.id != dataset.id.owner
        || agreement.assignee_id().is_some()
    {
        return Err(elsewhere());
    }
    Ok((agreed.id(), agreement.clone()))
}

fn elsewhere() -> Refusal {
    Refusal::new(
        Code::PeerDataInvalid,
        "what is offered there is no view of that dataset",
    )
}

/// What can be asked from here, and whose catalogue could not be fetched.
#[derive(Debug)]
pub(crate) struct Reach {
    /// The tables.
    pub(crate) home: Home,
    /// The participants that did not show their catalogue, and why.
    pub(crate) missing: Vec<(Peer, Refusal)>,
}

/// Gathers the tables that a question may name: the catalogues of the peers that it mentions, and of all peers where it
/// names a model.
///
/// # Errors
/// When the own index can't be read.
pub(crate) async fn reach(node: &Arc<Node>, sql: &str, wish: &Wish) -> Result<Reach, Refusal> {
    let peers = node.peers()?;
    let words = words(sql);
    let model = words.contains("model");
    let wanted: Vec<Peer> = peers
        .into_iter()
        .filter(|peer| model || words.contains(peer.alias.as_str()))
        .collect();
    let fetched = futures::future::join_all(wanted.iter().map(|peer| async {
        negotiate_pump(node, peer).await;
        catalogue(node, peer).await
    }))
    .await;
    let mut tables = own_tables(node)?;
    let mut missing = Vec::new();
    for (peer, seen) in wanted.into_iter().zip(fetched) {
        match seen {
            Ok(seen) => {
                for seen in &seen {
                    tables.extend(remote_tables(node, seen, wish));
                }
            }
            Err(refusal) => missing.push((peer, refusal)),
        }
    }
    Ok(Reach {
        home: Home::new(tables),
        missing,
    })
}

/// Fetches letters before asking, so that a contract that was just finalised, or withdrawn, counts. A peer that can't be
/// reached shows itself in the catalogue call.
async fn negotiate_pump(node: &Arc<Node>, peer: &Peer) {
    let _ = crate::walk::post::pump(node, peer).await;
}

/// The words of a statement, in lower case.
pub(crate) fn words(sql: &str) -> BTreeSet<String> {
    sql.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

fn own_tables(node: &Node) -> Result<Vec<RemoteTable>, Refusal> {
    let alias = node.config().participant.alias.clone();
    node.catalog(|catalog| {
        catalog
            .datasets()
            .map(|dataset| {
                Ok(RemoteTable {
                    alias: alias.clone(),
                    dataset: dataset.id.clone(),
                    contract: None,
                    shape: shape(dataset, &[])?,
                    model: dataset.model.clone(),
                    snapshot: dataset.version.clone(),
                    rows: dataset.rows,
                    bytes: dataset.bytes,
                    time_span: dataset.time_span,
                    barred: None,
                })
            })
            .collect()
    })
}

/// The contracts under which we may ask for a dataset: those that we hold, and public views.
fn held(node: &Node, seen: &Seen) -> Vec<(ContractId, Agreement)> {
    let now = node.now();
    let own = node.id();
    let mut held: Vec<(ContractId, Agreement)> = node.book(|book| {
        book.all(now)
            .filter(|(_, agreement, standing)| {
                *standing == Standing::InForce
                    && agreement.dataset.id == seen.dataset.id
                    && agreement.assignee_id() == Some(&own)
            })
            .map(|(id, agreement, _)| (id, agreement.clone()))
            .collect()
    });
    held.extend(seen.views.iter().cloned());
    held
}

fn remote_tables(node: &Node, seen: &Seen, wish: &Wish) -> Vec<RemoteTable> {
    let own = node.id();
    let mut tables = Vec::new();
    for (id, agreement) in held(node, seen) {
        let effects = match term::of_clauses(&agreement.clauses, &own, None) {
            Ok(effects) => effects,
            Err(_) => continue,
        };
        let Ok(shape) = shape(&seen.dataset, &effects) else {
            continue;
        };
        tables.push(RemoteTable {
            alias: seen.peer.alias.clone(),
            dataset: seen.dataset.id.clone(),
            contract: Some(id),
            shape,
            model: seen.dataset.model.clone(),
            snapshot: seen.dataset.version.clone(),
            rows: seen.dataset.rows,
            bytes: seen.dataset.bytes,
            time_span: seen.dataset.time_span,
            barred: barred(node, seen, id, &agreement, wish),
        });
    }
    tables
}

/// What a question names and was had under a contract that is not in force: why it can't be had now.
///
/// # Errors
/// When the own index can't be read.
pub(crate) fn lapsed(node: &Node, sql: &str) -> Result<Option<Refusal>, Refusal> {
    let words = words(sql);
    let peers = node.peers()?;
    let now = node.now();
    let own = node.id();
    let found = node.book(|book| {
        let ours = |agreement: &Agreement| agreement.assignee_id() == Some(&own);
        let stands = |agreement: &Agreement| {
            book.all(now).any(|(_, other, standing)| {
                standing == Standing::InForce
                    && ours(other)
                    && other.dataset.id == agreement.dataset.id
            })
        };
        book.all(now)
            .filter(|(_, agreement, standing)| {
                *standing != Standing::InForce
                    && ours(agreement)
                    && words.contains(agreement.dataset.id.name.as_str())
                    && !stands(agreement)
            })
            .max_by_key(|(_, agreement, _)| agreement.proposed_at)
            .map(|(id, agreement, standing)| (id, agreement.dataset.id.clone(), standing))
    });
    let Some((id, dataset, standing)) = found else {
        return Ok(None);
    };
    let named = peers
        .iter()
        .find(|peer| peer.id == dataset.owner && words.contains(peer.alias.as_str()));
    let Some(peer) = named else { return Ok(None) };
    let (code, what) = match standing {
        Standing::Withdrawn => (Code::Withdrawn, "was withdrawn"),
        Standing::Expired => (Code::Expired, "has ended"),
        Standing::NotYet => (Code::NotYetValid, "has not begun"),
        Standing::Superseded => (Code::Superseded, "was replaced by another one"),
        Standing::InForce => return Ok(None),
    };
    let name = format!("{}.{}", peer.alias, dataset.name);
    Ok(Some(
        Refusal::new(code, format!("the contract on {name} {what}"))
            .with_participant(peer.id.clone())
            .with_contract(id)
            .with_help(format!("ask for a new one: hansa contract request {name}")),
    ))
}

/// Why a contract can't be used for the declared purpose, as its provider would say.
fn barred(
    node: &Node,
    seen: &Seen,
    id: ContractId,
    agreement: &Agreement,
    wish: &Wish,
) -> Option<Refusal> {
    let taxonomy = node.taxonomy().with_own(&agreement.own_purposes).ok()?;
    for clause in &agreement.clauses {
        let Term::Purpose(needed) = &clause.term else {
            continue;
        };
        let covered = wish
            .purpose
            .as_ref()
            .is_some_and(|purpose| needed.iter().any(|needed| taxonomy.covers(needed, purpose)));
        if covered {
            continue;
        }
        let allowed = needed
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" or ");
        let owner = seen.peer.alias.as_str();
        let name = &seen.dataset.id.name;
        let refusal = match &wish.purpose {
            None => Refusal::new(
                Code::PurposeMissing,
                format!("{owner} gives {name} for declared purposes only"),
            ),
            Some(purpose) => Refusal::new(
                Code::PurposeNotCovered,
                format!("{owner} does not permit the purpose `{purpose}` on {name}"),
            ),
        };
        let first = needed.first().map(ToString::to_string).unwrap_or_default();
        return Some(
            refusal
                .with_participant(seen.peer.id.clone())
                .with_contract(id)
                .with_clause(clause.id, format!("purpose is {allowed}"))
                .with_help(format!(
                    "ask with --purpose {first}, or request an amendment: hansa contract request {owner}.{name}"
                )),
        );
    }
    None
}

/// What one question may use here.
pub(crate) fn bounds(node: &Node) -> Bounds {
    Bounds {
        limits: Limits {
            partitions: 2,
            ..node.limits()
        },
        ..Bounds::default()
    }
}
