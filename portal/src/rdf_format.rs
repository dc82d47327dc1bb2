//! RDF formats of the catalogue, and the choice by media type.

use hansa_audit_log::digest::Digest;
use oxjsonld::JsonLdSerializer;
use oxrdf::Graph;
use oxrdfxml::RdfXmlSerializer;
use oxttl::TurtleSerializer;

/// RDF format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RdfFormat {
    /// Turtle.
    Turtle,
    /// JSON-LD 1.1.
    JsonLd,
    /// RDF/XML.
    RdfXml,
}

/// Prefixes of the used vocabularies.
pub(crate) const PREFIXES: [(&str, &str); 17] = [
    ("as", "https://www.w3.org/ns/activitystreams#"),
    ("csvw", "http://www.w3.org/ns/csvw#"),
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("dcatap", "http://data.europa.eu/r5r/"),
    ("dct", "http://purl.org/dc/terms/"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("geo", "http://www.opengis.net/ont/geosparql#"),
    ("hydra", "http://www.w3.org/ns/hydra/core#"),
    ("ldes", "https://w3id.org/ldes#"),
    ("qudt", "http://qudt.org/schema/qudt/"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("spdx", "http://spdx.org/rdf/terms#"),
    ("tree", "https://w3id.org/tree#"),
    ("vcard", "http://www.w3.org/2006/vcard/ns#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

impl RdfFormat {
    /// All formats; the first one is the default.
    pub const ALL: [Self; 3] = [Self::Turtle, Self::JsonLd, Self::RdfXml];

    /// File name extension.
    #[must_use]
    pub const fn file_extension(self) -> &'static str {
        match self {
            Self::Turtle => "ttl",
            Self::JsonLd => "jsonld",
            Self::RdfXml => "rdf",
        }
    }

    /// Media type. It is sent exactly like this, since harvesters choose their parser by it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Turtle => "text/turtle",
            Self::JsonLd => "application/ld+json",
            Self::RdfXml => "application/rdf+xml",
        }
    }

    /// Serialises the graph. None for an invalid IRI or prefix, which does not occur here.
    pub(crate) fn serialize_graph(self, graph: &Graph) -> Option<Vec<u8>> {
        match self {
            Self::Turtle => to_turtle(graph),
            Self::JsonLd => json_ld(graph),
            Self::RdfXml => rdf_xml(graph),
        }
    }
}

fn to_turtle(graph: &Graph) -> Option<Vec<u8>> {
    let mut serializer = TurtleSerializer::new();
    for (prefix, iri) in PREFIXES {
        serializer = serializer.with_prefix(prefix, iri).ok()?;
    }
    let mut writer = serializer.for_writer(Vec::new());
    for triple in sorted_triples(graph) {
        writer.serialize_triple(triple).ok()?;
    }
    writer.finish().ok()
}

fn rdf_xml(graph: &Graph) -> Option<Vec<u8>> {
    let mut serializer = RdfXmlSerializer::new();
    for (prefix, iri) in PREFIXES {
        serializer = serializer.with_prefix(prefix, iri).ok()?;
    }
    let mut writer = serializer.for_writer(Vec::new());
    for triple in sorted_triples(graph) {
        writer.serialize_triple(triple).ok()?;
    }
    writer.finish().ok()
}

fn json_ld(graph: &Graph) -> Option<Vec<u8>> {
    let mut serializer = JsonLdSerializer::new();
    for (prefix, iri) in PREFIXES {
        serializer = serializer.with_prefix(prefix, iri).ok()?;
    }
    let mut writer = serializer.for_writer(Vec::new());
    for triple in sorted_triples(graph) {
        let graph_name = oxrdf::GraphNameRef::DefaultGraph;
        writer.serialize_quad(triple.in_graph(graph_name)).ok()?;
    }
    writer.finish().ok()
}

/// Tag that is equal for equal triples, whatever the order of prefixes in the output.
pub(crate) fn entity_tag(graph: &Graph) -> String {
    let triples = sorted_triples(graph).into_iter();
    let lines: Vec<String> = triples.map(|triple| triple.to_string()).collect();
    Digest::of(lines.join("\n").as_bytes()).to_string()
}

/// Triples in a fixed order, grouped by subject.
fn sorted_triples(graph: &Graph) -> Vec<oxrdf::TripleRef<'_>> {
    let mut triples: Vec<_> = graph.iter().collect();
    triples.sort_by_cached_key(|triple| {
        // The catalogue comes first, for human readers.
        let text = triple.subject.to_string();
        (
            !text.ends_with("/catalog>"),
            text,
            triple.predicate.to_string(),
            triple.object.to_string(),
        )
    });
    triples
}
