//! Catalogue for data portals: DCAT-AP 3.0.1 with the high-value part (HVD 3.0), and the read-only part of the CKAN action API for
//! harvesting portals.
//!
//! The functions are pure: they compute a [`PortalResponse`] from a [`PortalCatalog`] and a [`PortalRequest`]. The caller selects
//! the datasets, each of which has a signed public view with open data, and records all bytes before they are sent.
//!
//! ```
//! use hansa_portal::{PortalCatalog, PortalPublisher, PortalRequest};
//! use std::collections::BTreeMap;
//!
//! let catalog = PortalCatalog {
//!     base: "https://data.lindau.example".to_owned(),
//!     title: "Open data of Lindau".to_owned(),
//!     description: "What the city of Lindau gives to anybody".to_owned(),
//!     language: "ENG".to_owned(),
//!     publisher: PortalPublisher {
//!         name: "City of Lindau".to_owned(),
//!         kind: "LocalAuthority".to_owned(),
//!         email: None,
//!         page: None,
//!     },
//!     datasets: Vec::new(),
//!     events: None,
//! };
//! let path = ["catalog.ttl".to_owned()];
//! let request = PortalRequest { path: &path, accept: None, parameters: &BTreeMap::new() };
//! let answer = hansa_portal::answer_request(&catalog, &request).unwrap();
//! assert_eq!(answer.content_type, "text/turtle");
//! assert!(String::from_utf8(answer.body).unwrap().contains("dcat:Catalog"));
//! ```

mod action_api;
mod code_list;
mod dcat;
mod event_stream;
mod findings;
mod licence;
mod notification;
mod page;
mod portal_catalog;
mod portal_request;
mod rdf_format;
#[cfg(test)]
mod tests;

pub use action_api::PACKAGES;
pub use code_list::{FREQUENCIES, HVD_CATEGORIES, LANGUAGES, PUBLISHER_KINDS, THEMES};
pub use event_stream::{PortalEvent, PortalEvents};
pub use findings::{PortalFinding, portal_findings};
pub use notification::{
    PortalChange, PortalChangeKind, ReportedVersion, build_notification, pending_changes,
};
pub use portal_catalog::{
    PortalCatalog, PortalDataset, PortalFile, PortalPublisher, PortalStatements,
};
pub use portal_request::{
    PortalRequest, PortalResponse, answer_request, is_path_of_changes, is_portal_path,
};
pub use rdf_format::RdfFormat;

/// Catalogue as an RDF document, with all datasets or the high-value ones alone. None where it can't be serialised.
#[must_use]
pub fn catalog_document(
    catalog: &PortalCatalog,
    format: RdfFormat,
    is_high_value: bool,
) -> Option<Vec<u8>> {
    format.serialize_graph(&dcat::catalog_graph(catalog, is_high_value))
}

/// True for a web address: a valid IRI with `https://` or `http://`.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let scheme = text.starts_with("https://") || text.starts_with("http://");
    scheme && oxrdf::NamedNode::new(text).is_ok()
}
