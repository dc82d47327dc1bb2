//! Cache of the first catalogue pages received on a connection.

use hansa_audit_log::digest::Digest;
use hansa_proto::peer::catalog_page::{CatalogEntryPage, CatalogPageRequest};
use parking_lot::Mutex;
use std::sync::Arc;

/// Largest number of cached pages. A question names few datasets of a large catalogue; a complete listing requests all pages
/// anyway.
const MOST: usize = 4;

/// Pages by request, each with the digest of its response.
#[derive(Debug, Clone, Default)]
pub(super) struct CatalogPageCache(Arc<Mutex<Vec<(CatalogPageRequest, Digest, CatalogEntryPage)>>>);

impl CatalogPageCache {
    /// Cached page of this request.
    pub(super) fn get(&self, request: &CatalogPageRequest) -> Option<(Digest, CatalogEntryPage)> {
        let pages = self.0.lock();
        let mut all = pages.iter();
        let found = all.find(|(asked, ..)| asked == request);
        found.map(|(_, digest, page)| (*digest, page.clone()))
    }

    /// Caches the page of this request, if there is room.
    pub(super) fn keep_page(
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
