//! State of a participant's datasets: catalog, current snapshots, and offers.

use crate::dataset::coming_files::ComingFiles;
use crate::offer::offers::PendingView;
use hansa_catalog::Catalog;
use hansa_proto::peer::catalog_page::ListedTemplate;
use hansa_query::snapshot::registry::SnapshotRegistry;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Datasets and offers of a participant.
pub struct DatasetState {
    /// Current snapshots.
    pub snapshots: SnapshotRegistry,
    /// Secret in the digests of schemas, so that peers can't guess schemas.
    pub(crate) schema_secret: [u8; 32],
    /// Lock for releases, so that each release sees the previous one. It guards the released cells of `snapshots` and their
    /// folders.
    pub release_lock: Mutex<()>,
    pub(crate) catalog: RwLock<Catalog>,
    /// Templates for peers.
    pub(crate) templates: RwLock<Vec<ListedTemplate>>,
    /// Public views that wait for two officers.
    pub(crate) pending_views: RwLock<Vec<PendingView>>,
    /// Lock for changes of offers, so that no public view is signed twice. It guards the offers of the catalog, `templates` and
    /// `pending_views`.
    pub(crate) offer_lock: Mutex<()>,
    /// Files that people send now.
    pub(crate) coming_files: Arc<ComingFiles>,
    /// Version of the rulebook against which the current offers were checked; 0 for none.
    pub(crate) checked_rulebook: AtomicU64,
}

crate::debug_by_name!(DatasetState);

impl DatasetState {
    /// Reads the catalog.
    pub fn catalog<T>(&self, act: impl FnOnce(&Catalog) -> T) -> T {
        act(&self.catalog.read())
    }

    /// Changes the catalog.
    pub(crate) fn catalog_mut<T>(&self, act: impl FnOnce(&mut Catalog) -> T) -> T {
        act(&mut self.catalog.write())
    }

    /// Policies with parameters that peers may use.
    pub(crate) fn templates(&self) -> Vec<ListedTemplate> {
        self.templates.read().clone()
    }

    /// Replaces the templates.
    pub(crate) fn set_templates(&self, templates: Vec<ListedTemplate>) {
        *self.templates.write() = templates;
    }

    /// Public views that wait for two officers.
    pub fn pending_views(&self) -> Vec<PendingView> {
        self.pending_views.read().clone()
    }

    /// Replaces the waiting public views.
    pub(crate) fn set_held(&self, held: Vec<PendingView>) {
        *self.pending_views.write() = held;
    }
}
