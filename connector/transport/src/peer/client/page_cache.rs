//! The first pages of a catalogue, as a connection has brought them.

use hansa_audit_log::digest::Digest;
use hansa_proto::peer::catalog_page::{CatalogEntryPage, CatalogPageRequest};
use parking_lot::Mutex;
use std::sync::Arc;

/// How many pages are kept: a question names few datasets of a participant that has many, and asks for all pages anyway.
const MOST: usize = 4;

/// Pages by what was asked for, each with the digest of the reply that brought it.
#[derive(Debug, Clone, Default)]
pub(super) struct CatalogPageCache(Arc<Mutex<Vec<(CatalogPageRequest, Digest, CatalogEntryPage)>>>);

impl CatalogPageCache {
    /// The page that was brought for this.
    pub(super) fn get(&self, request: &CatalogPageRequest) -> Option<(Digest, CatalogEntryPage)> {
        let pages = self.0.lock();
        let mut all = pages.iter();
        let found = all.find(|(asked, ..)| asked == request);
        found.map(|(_, digest, page)| (*digest, page.clone()))
    }

    /// Keeps the page that was brought for this, if there is room.
    pub(super) fn keep(
        &self,
        request: &CatalogPageRequest,
        digest: Digest,
        page: &CatalogEntryPage,
    ) {
        let mut pages = self.0.lock();
        pages.retain(|(asked, ..)| asked != request);
        if pages.len() < MOST {
            pages.push((request.clone(), digest, page.clone()));
        }
    }
}
