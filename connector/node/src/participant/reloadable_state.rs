//! Reloadable state of a running participant: configuration, purposes, groups, restrictions, rulebooks and published lists.

use crate::config::ConnectorConfig;
use crate::league::group_lists::GroupLists;
use crate::league::rulebook_register::RulebookRegister;
use hansa_policy::group::SignedGroupList;
use hansa_policy::id::{DatasetId, ParticipantId};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::restriction::{ProviderRestrictions, StoredRestriction};
use hansa_policy::term::purpose::Taxonomy;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use std::sync::Arc;

/// Current values. A reader keeps the value that it has read, even if it is replaced meanwhile.
pub(super) struct ReloadableValues {
    pub(super) config: Arc<ConnectorConfig>,
    pub(super) taxonomy: Arc<Taxonomy>,
    pub(super) groups: Arc<GroupLists>,
    pub(super) restrictions: Arc<ProviderRestrictions>,
    pub(super) published: Arc<PublishedLists>,
    pub(super) rulebooks: Arc<RulebookRegister>,
}

/// Current values, and the lock of a reload.
pub struct ReloadableState {
    values: RwLock<ReloadableValues>,
    /// Lock for reloading configuration and trust, because an operator and a new bundle can cause reloads at once.
    pub reload_lock: Mutex<()>,
    /// Lock for changing files of the configuration, from reading the file to the reload, so that no change takes another one back.
    pub change_lock: tokio::sync::Mutex<()>,
}

crate::debug_by_name!(ReloadableState);

impl ReloadableState {
    /// Makes the state from the values of the start.
    pub(super) fn new(values: ReloadableValues) -> Self {
        Self {
            values: RwLock::new(values),
            reload_lock: Mutex::new(()),
            change_lock: tokio::sync::Mutex::new(()),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, ReloadableValues> {
        self.values.read()
    }

    fn change(&self, act: impl FnOnce(&mut ReloadableValues)) {
        act(&mut self.values.write());
    }

    /// Current configuration.
    pub(crate) fn config(&self) -> Arc<ConnectorConfig> {
        Arc::clone(&self.read().config)
    }

    /// ID of the participant.
    pub(super) fn id(&self) -> ParticipantId {
        self.read().config.participant.id.clone()
    }

    /// Replaces the configuration, with the purposes and lists that it names.
    pub(super) fn reload(
        &self,
        config: ConnectorConfig,
        taxonomy: Taxonomy,
        published: PublishedLists,
    ) {
        self.change(|values| {
            values.config = Arc::new(config);
            values.taxonomy = Arc::new(taxonomy);
            values.set_published(published);
        });
    }

    /// Known purposes: the vocabulary and the own ones.
    pub fn taxonomy(&self) -> Arc<Taxonomy> {
        Arc::clone(&self.read().taxonomy)
    }

    /// Newest list of each group.
    pub fn groups(&self) -> Arc<GroupLists> {
        Arc::clone(&self.read().groups)
    }

    /// Replaces the list of a group.
    pub(crate) fn set_group(&self, group: Arc<SignedGroupList>) {
        self.change(|values| {
            Arc::make_mut(&mut values.groups).insert(group.name.clone(), group);
            values.set_published((*values.published).clone());
        });
    }

    /// Restrictions of the participant's datasets.
    pub fn restrictions(&self) -> Arc<ProviderRestrictions> {
        Arc::clone(&self.read().restrictions)
    }

    /// Replaces or removes the restriction of a dataset.
    pub(crate) fn set_restriction(&self, dataset: DatasetId, held: Option<StoredRestriction>) {
        self.change(|values| {
            let restrictions = Arc::make_mut(&mut values.restrictions);
            match held {
                Some(held) => restrictions.insert(dataset, held),
                None => restrictions.remove(&dataset),
            };
        });
    }

    /// Installed and accepted rulebooks.
    pub fn rulebooks(&self) -> Arc<RulebookRegister> {
        Arc::clone(&self.read().rulebooks)
    }

    /// Changes the rulebooks.
    pub(crate) fn change_rulebooks(&self, act: impl FnOnce(&mut RulebookRegister)) {
        self.change(|values| act(Arc::make_mut(&mut values.rulebooks)));
    }

    /// Published lists that are loaded.
    pub fn published_lists(&self) -> Arc<PublishedLists> {
        Arc::clone(&self.read().published)
    }
}

impl ReloadableValues {
    /// Replaces the published lists and links them with the groups.
    fn set_published(&mut self, mut published: PublishedLists) {
        published.know_groups(self.groups.keys().cloned().collect());
        self.published = Arc::new(published);
    }
}
