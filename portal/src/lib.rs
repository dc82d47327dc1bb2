//! The catalogue as data portals read it: DCAT-AP 3.0.1 with the high-value part (HVD 3.0), and the read-only part of the CKAN
//! action API by which portals of portals list datasets.
//!
//! Pure: a [`PortalCatalog`] and a [`PortalRequest`] go in, a [`PortalResponse`] comes out. What is in the catalogue, and that each
//! byte is recorded before it leaves, is decided elsewhere: a dataset gets here because its owner has signed a public view that
//! anybody on the web may read.
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
//! let answer = hansa_portal::answer(&catalog, &request).unwrap();
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
pub use findings::{PortalFinding, findings};
pub use notification::{PortalChange, PortalChangeKind, ReportedVersion, changes, notification};
pub use portal_catalog::{
    PortalCatalog, PortalDataset, PortalFile, PortalPublisher, PortalStatements,
};
pub use portal_request::{
    PortalRequest, PortalResponse, answer, is_path_of_changes, is_portal_path,
};
pub use rdf_format::RdfFormat;

/// The catalogue as a document of RDF, of all its datasets or of the high-value ones alone; nothing where it can't be written.
#[must_use]
pub fn document(
    catalog: &PortalCatalog,
    format: RdfFormat,
    is_high_value: bool,
) -> Option<Vec<u8>> {
    format.serialize_graph(&dcat::whole(catalog, is_high_value))
}

/// Whether a text is the name of something in the web: `https://` or `http://`, and what RDF takes for a name.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let scheme = text.starts_with("https://") || text.starts_with("http://");
    scheme && oxrdf::NamedNode::new(text).is_ok()
}
