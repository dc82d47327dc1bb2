//! Requests of portals, and the responses.

use crate::action_api;
use crate::dcat;
use crate::event_stream;
use crate::page;
use crate::portal_catalog::PortalCatalog;
use crate::rdf_format::{self, RdfFormat};
use hansa_audit_log::digest::Digest;
use oxrdf::Graph;
use std::collections::BTreeMap;

/// GET request of a portal.
#[derive(Debug, Clone, Copy)]
pub struct PortalRequest<'a> {
    /// Segments of the path.
    pub path: &'a [String],
    /// Accepted media types, the preferred one first, without parameters; absent: no preference.
    pub accept: Option<&'a [String]>,
    /// Query parameters.
    pub parameters: &'a BTreeMap<String, String>,
}

/// Response to a portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalResponse {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub content_type: &'static str,
    /// Body of the response.
    pub body: Vec<u8>,
    /// Address of a redirection.
    pub location: Option<String>,
    /// Tag that is equal for equal content, even if the bytes are in another order.
    pub tag: String,
}

/// Format of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageFormat {
    Rdf(RdfFormat),
    Html,
}

/// Resource of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PortalPath<'a> {
    Catalog(Option<PageFormat>),
    Dataset(&'a str, Option<PageFormat>),
    /// Changes of the catalogue.
    Changes,
    /// Resource that the page of the catalogue describes.
    InCatalog,
    /// Resource that the page of a dataset describes.
    InDataset(&'a str),
    Action(&'a str),
}

/// True for a path that portals read, even if no resource exists there.
#[must_use]
pub fn is_portal_path(path: &[String]) -> bool {
    PortalPath::of(path).is_some()
}

/// True for the path of the changes of the catalogue.
#[must_use]
pub fn is_path_of_changes(path: &[String]) -> bool {
    PortalPath::of(path) == Some(PortalPath::Changes)
}

/// Response to a request; none for other paths than those of portals.
#[must_use]
pub fn answer_request(
    catalog: &PortalCatalog,
    request: &PortalRequest<'_>,
) -> Option<PortalResponse> {
    let path = PortalPath::of(request.path)?;
    Some(match path {
        PortalPath::Action(name) => action_api::answer_action(catalog, name, request.parameters),
        PortalPath::Catalog(format) => {
            let (number, is_high_value) = match asked_page(request.parameters) {
                Ok(asked) => asked,
                Err(sentence) => return Some(PortalResponse::plain_text(400, &sentence)),
            };
            let Some(format) = format.or_else(|| PageFormat::from_media_types(request.accept))
            else {
                return Some(not_acceptable());
            };
            let Some(graph) = dcat::page_graph(catalog, is_high_value, number) else {
                return Some(PortalResponse::plain_text(404, "there is no such page"));
            };
            match format {
                PageFormat::Rdf(format) => PortalResponse::rdf(format, &graph),
                PageFormat::Html => PortalResponse::html(page::catalog_page(catalog)),
            }
        }
        PortalPath::Changes => {
            let number = match asked_page(request.parameters) {
                Ok((number, false)) => number,
                Ok((_, true)) => return Some(no_parameter("profile")),
                Err(sentence) => return Some(PortalResponse::plain_text(400, &sentence)),
            };
            let Some(PageFormat::Rdf(format)) = PageFormat::from_media_types(request.accept) else {
                return Some(not_acceptable());
            };
            let Some(events) = &catalog.events else {
                return Some(PortalResponse::plain_text(
                    503,
                    "the changes can't be read now",
                ));
            };
            match event_stream::event_page(catalog, events, number) {
                Some(graph) => PortalResponse::rdf(format, &graph),
                None => PortalResponse::plain_text(404, "there is no such page"),
            }
        }
        PortalPath::Dataset(name, format) => {
            if let Some(name) = request.parameters.keys().next() {
                return Some(no_parameter(name));
            }
            let Some(dataset) = catalog.dataset(name) else {
                return Some(not_there());
            };
            match format.or_else(|| PageFormat::from_media_types(request.accept)) {
                None => not_acceptable(),
                Some(PageFormat::Html) => {
                    PortalResponse::html(page::dataset_page(catalog, dataset))
                }
                Some(PageFormat::Rdf(format)) => {
                    let graph = dcat::dataset_graph(catalog, dataset);
                    PortalResponse::rdf(format, &graph)
                }
            }
        }
        PortalPath::InCatalog => PortalResponse::redirection(catalog.iri()),
        PortalPath::InDataset(name) => match catalog.dataset(name) {
            Some(_) => PortalResponse::redirection(catalog.local_iri(&format!("dataset-{name}"))),
            None => not_there(),
        },
    })
}

impl<'a> PortalPath<'a> {
    fn of(path: &'a [String]) -> Option<Self> {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["catalog", "changes"] => Some(Self::Changes),
            ["catalog"] => Some(Self::Catalog(None)),
            [file] if file.starts_with("catalog.") => {
                let (_, ending) = file.split_once('.')?;
                Some(Self::Catalog(Some(PageFormat::of(ending)?)))
            }
            ["id", local] => {
                if let Some(name) = local.strip_prefix("dataset-") {
                    // Names of datasets contain no dot.
                    return match name.split_once('.') {
                        None => Some(Self::Dataset(name, None)),
                        Some((name, ending)) => {
                            Some(Self::Dataset(name, Some(PageFormat::of(ending)?)))
                        }
                    };
                }
                let of_dataset = ["schema-", "service-"];
                let mut named = of_dataset.iter();
                if let Some(name) = named.find_map(|prefix| local.strip_prefix(prefix)) {
                    return Some(Self::InDataset(name));
                }
                if let Some(rest) = local.strip_prefix("distribution-") {
                    let (name, _) = rest.rsplit_once('-')?;
                    return Some(Self::InDataset(name));
                }
                matches!(*local, "publisher" | "contact").then_some(Self::InCatalog)
            }
            ["api", "3", "action", name] | ["api", "action", name] => Some(Self::Action(name)),
            _ => None,
        }
    }
}

impl PageFormat {
    fn of(ending: &str) -> Option<Self> {
        if ending == "html" {
            return Some(Self::Html);
        }
        let mut all = RdfFormat::ALL.into_iter();
        let found = all.find(|format| format.file_extension() == ending);
        found.map(Self::Rdf)
    }

    /// First accepted format.
    fn from_media_types(accept: Option<&[String]>) -> Option<Self> {
        let Some(accept) = accept else {
            return Some(Self::Rdf(RdfFormat::Turtle));
        };
        accept.iter().find_map(|media| match media.as_str() {
            "*/*" | "text/*" => Some(Self::Rdf(RdfFormat::Turtle)),
            "application/*" | "application/json" => Some(Self::Rdf(RdfFormat::JsonLd)),
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            media => {
                let mut all = RdfFormat::ALL.into_iter();
                let found = all.find(|format| format.media_type() == media);
                found.map(Self::Rdf)
            }
        })
    }
}

impl PortalResponse {
    fn new(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type,
            tag: Digest::of(&body).to_string(),
            body,
            location: None,
        }
    }

    fn rdf(format: RdfFormat, graph: &Graph) -> Self {
        match format.serialize_graph(graph) {
            None => Self::plain_text(500, "the page can't be written"),
            Some(body) => Self {
                tag: rdf_format::entity_tag(graph),
                ..Self::new(200, format.media_type(), body)
            },
        }
    }

    fn html(body: String) -> Self {
        Self::new(200, "text/html; charset=utf-8", body.into_bytes())
    }

    fn plain_text(status: u16, sentence: &str) -> Self {
        let body = format!("{sentence}\n").into_bytes();
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::new(status, "application/json", value.to_string().into_bytes())
    }

    /// Redirection to the document that describes a resource (303 See Other).
    fn redirection(location: String) -> Self {
        Self {
            location: Some(location),
            ..Self::plain_text(303, "it is described elsewhere")
        }
    }
}

/// Requested page and profile.
fn asked_page(parameters: &BTreeMap<String, String>) -> Result<(usize, bool), String> {
    let mut asked = (1, false);
    for (name, value) in parameters {
        match (name.as_str(), value.as_str()) {
            ("page", number) => {
                let known = number.parse().ok().filter(|number| *number > 0);
                asked.0 = known.ok_or("`page` is a number from 1 on")?;
            }
            ("profile", "hvd") => asked.1 = true,
            ("profile", _) => return Err("the one profile is `hvd`".to_owned()),
            _ => return Err(format!("there is no parameter `{name}` here")),
        }
    }
    Ok(asked)
}

fn no_parameter(name: &str) -> PortalResponse {
    PortalResponse::plain_text(400, &format!("there is no parameter `{name}` here"))
}

/// Not-found response, equal for all missing resources.
fn not_there() -> PortalResponse {
    PortalResponse::plain_text(404, "there is no open dataset of that name")
}

fn not_acceptable() -> PortalResponse {
    let known: Vec<&str> = RdfFormat::ALL
        .iter()
        .map(|format| format.media_type())
        .collect();
    let sentence = format!("the forms are {}, text/html", known.join(", "));
    PortalResponse::plain_text(406, &sentence)
}
