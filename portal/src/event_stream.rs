//! Changes of the catalogue as a Linked Data Event Stream, in pages of the TREE hypermedia specification.
//! A follower reads each full page once, and the last page repeatedly.

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

/// Number of events on a page.
pub(crate) const PAGE: usize = 100;

/// Change of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalEvent {
    /// Time of the observation.
    pub at: UtcTimestamp,
    /// Name of the dataset.
    pub dataset: String,
    /// Kind of the change.
    pub kind: PortalChangeKind,
    /// Label of the snapshot that is open after the change; absent: none is.
    pub version: Option<String>,
}

/// Kept changes. Their numbers never change; the oldest whole pages are removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortalEvents {
    /// Number of removed events, in whole pages.
    pub before: usize,
    /// Kept events, in order.
    pub events: Vec<PortalEvent>,
}

impl PortalEvents {
    /// Number of events to remove, in whole pages, so that at most `most` are kept.
    #[must_use]
    pub const fn giving_way(events: usize, most: usize) -> usize {
        let over = events.saturating_sub(most);
        over.div_ceil(PAGE).saturating_mul(PAGE)
    }
}

/// Page of the events, counted from 1; none where the page does not exist or is removed.
pub(crate) fn event_page(
    catalog: &PortalCatalog,
    kept: &PortalEvents,
    number: usize,
) -> Option<Graph> {
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
        let of = catalog.local_iri(&format!("dataset-{}", event.dataset));
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
