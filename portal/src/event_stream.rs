//! The changes of the catalogue as a stream of events: Linked Data Event Streams, in pages of the TREE hypermedia specification.
//! Whoever follows it reads each page that is full once, and the last one again.

use crate::notification::PortalChangeKind;
use crate::portal_catalog::PortalCatalog;
use hansa_audit_log::time::UtcTimestamp;
use oxrdf::vocab::{rdf, xsd};
use oxrdf::{Graph, Literal, NamedNode, Term, Triple};

const ACTIVITY: &str = "https://www.w3.org/ns/activitystreams#";
const DCAT: &str = "http://www.w3.org/ns/dcat#";
const DCT: &str = "http://purl.org/dc/terms/";
const EVENT_STREAM: &str = "https://w3id.org/ldes#";
const TREE: &str = "https://w3id.org/tree#";

/// Events of a page.
pub(crate) const PAGE: usize = 100;

/// A change of the catalogue, in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalEvent {
    /// When it was seen.
    pub at: UtcTimestamp,
    /// The name of the dataset.
    pub dataset: String,
    /// What happened.
    pub kind: PortalChangeKind,
    /// The label of the snapshot that is open since; absent: none is.
    pub version: Option<String>,
}

/// The changes that are kept. Each has its number for good: the oldest pages give way, whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortalEvents {
    /// How many were there before those that are kept, in whole pages.
    pub before: usize,
    /// Those that are kept, in order.
    pub events: Vec<PortalEvent>,
}

impl PortalEvents {
    /// How many of so many events give way, in whole pages, where at most `most` are kept.
    #[must_use]
    pub const fn giving_way(events: usize, most: usize) -> usize {
        let over = events.saturating_sub(most);
        over.div_ceil(PAGE).saturating_mul(PAGE)
    }
}

/// A page of the events, counted from 1; nothing where there is no such page, or no longer.
pub(crate) fn page(catalog: &PortalCatalog, kept: &PortalEvents, number: usize) -> Option<Graph> {
    let all = kept.before.saturating_add(kept.events.len());
    let pages = all.div_ceil(PAGE).max(1);
    let begin = number.checked_sub(1)?.checked_mul(PAGE)?;
    if number > pages || begin < kept.before {
        return None;
    }
    let first = (kept.before / PAGE).saturating_add(1);
    let stream = format!("{}/changes", catalog.iri());
    let address = |page: usize| format!("{stream}?page={page}");
    let mut graph = Graph::new();
    let mut say = |subject: &str, predicate: &str, object: Term| {
        graph.insert(&Triple::new(
            named_node(subject),
            named_node(predicate),
            object,
        ));
    };
    let name = |iri: &str| Term::NamedNode(named_node(iri));
    let ty = rdf::TYPE.as_str();
    say(&stream, ty, name(&format!("{EVENT_STREAM}EventStream")));
    say(
        &stream,
        &format!("{EVENT_STREAM}timestampPath"),
        name(&format!("{ACTIVITY}published")),
    );
    say(
        &stream,
        &format!("{EVENT_STREAM}versionOfPath"),
        name(&format!("{DCT}isVersionOf")),
    );
    say(&stream, &format!("{TREE}view"), name(&address(first)));
    let node = address(number);
    say(&node, ty, name(&format!("{TREE}Node")));
    if number < pages {
        let relation = format!("{node}#next");
        let next = address(number.saturating_add(1));
        say(&node, &format!("{TREE}relation"), name(&relation));
        say(&relation, ty, name(&format!("{TREE}Relation")));
        say(&relation, &format!("{TREE}node"), name(&next));
    }
    let within = begin.saturating_sub(kept.before);
    let shown = kept.events.iter().enumerate().skip(within).take(PAGE);
    for (place, event) in shown {
        let place = place.saturating_add(kept.before);
        let it = format!("{stream}#{}", place.saturating_add(1));
        say(&stream, &format!("{TREE}member"), name(&it));
        let kind = format!("{ACTIVITY}{}", event.kind.as_str());
        say(&it, ty, name(&kind));
        let of = catalog.id(&format!("dataset-{}", event.dataset));
        say(&it, &format!("{DCT}isVersionOf"), name(&of));
        say(&it, &format!("{ACTIVITY}object"), name(&of));
        let at = Literal::new_typed_literal(event.at.to_string(), xsd::DATE_TIME);
        say(&it, &format!("{ACTIVITY}published"), at.into());
        if let Some(version) = &event.version {
            let version = Literal::new_simple_literal(version);
            say(&it, &format!("{DCAT}version"), version.into());
        }
    }
    Some(graph)
}

fn named_node(iri: &str) -> NamedNode {
    NamedNode::new(iri).unwrap_or_else(|_| NamedNode::new_unchecked("urn:hansa:no-name"))
}
