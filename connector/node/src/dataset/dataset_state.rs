//! What a participant has and offers: its catalogue, the snapshots that are current, and what is offered of them.

use crate::offer::offers::PendingView;
use hansa_catalog::Catalog;
use hansa_proto::peer::catalog_page::ListedTemplate;
use hansa_query::snapshot::registry::SnapshotRegistry;
use parking_lot::{Mutex, RwLock};
use std::sync::atomic::AtomicU64;

/// Datasets and offers.
pub struct DatasetState {
    /// The snapshots that are current.
    pub snapshots: SnapshotRegistry,
    /// Names the schemas of its datasets, so that nobody can guess at them.
    pub(crate) schema_secret: [u8; 32],
    /// Held while cells are released: one after another, so that each sees what was released before. Guards the released cells
    /// of `snapshots`, and their folders.
    pub release_lock: Mutex<()>,
    pub(crate) catalog: RwLock<Catalog>,
    /// What others may clone.
    pub(crate) templates: RwLock<Vec<ListedTemplate>>,
    /// Public views that wait for two officers.
    pub(crate) pending_views: RwLock<Vec<PendingView>>,
    /// Held while offers are put in force, so that nobody signs a public view twice. Guards the offers of the catalogue,
    /// `templates` and `pending_views`.
    pub(crate) offer_lock: Mutex<()>,
    /// The version of the rulebook against which the offers in force were held; 0 for none.
    pub(crate) checked_rulebook: AtomicU64,
}

crate::debug_by_name!(DatasetState);

impl DatasetState {
    /// Reads the catalogue.
    pub fn catalog<T>(&self, act: impl FnOnce(&Catalog) -> T) -> T {
        act(&self.catalog.read())
    }

    /// Changes the catalogue.
    pub(crate) fn catalog_mut<T>(&self, act: impl FnOnce(&mut Catalog) -> T) -> T {
        act(&mut self.catalog.write())
    }

    /// The policies with parameters that others may clone.
    pub(crate) fn templates(&self) -> Vec<ListedTemplate> {
        self.templates.read().clone()
    }

    /// Puts others in force.
    pub(crate) fn set_templates(&self, templates: Vec<ListedTemplate>) {
        *self.templates.write() = templates;
    }

    /// The public views that wait for two officers.
    pub fn pending_views(&self) -> Vec<PendingView> {
        self.pending_views.read().clone()
    }

    /// Others wait now.
    pub(crate) fn set_held(&self, held: Vec<PendingView>) {
        *self.pending_views.write() = held;
    }
}
