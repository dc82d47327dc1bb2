//! What a participant goes by and may change while it runs: configuration, purposes, groups, restrictions, rulebooks and published
//! lists.

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

/// What is in force; whoever has read one of it keeps that, also where another is put in force meanwhile.
pub(super) struct ReloadableValues {
    pub(super) config: Arc<ConnectorConfig>,
    pub(super) taxonomy: Arc<Taxonomy>,
    pub(super) groups: Arc<GroupLists>,
    pub(super) restrictions: Arc<ProviderRestrictions>,
    pub(super) published: Arc<PublishedLists>,
    pub(super) rulebooks: Arc<RulebookRegister>,
}

/// What is in force, and the lock of whoever reads it again.
pub struct ReloadableState {
    values: RwLock<ReloadableValues>,
    /// Held while configuration and trust are read again: a person and a new bundle may ask for it at once.
    pub reload_lock: Mutex<()>,
}

crate::debug_by_name!(ReloadableState);

impl ReloadableState {
    /// With what the start has read.
    pub(super) fn new(values: ReloadableValues) -> Self {
        Self {
            values: RwLock::new(values),
            reload_lock: Mutex::new(()),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, ReloadableValues> {
        self.values.read()
    }

    fn change(&self, act: impl FnOnce(&mut ReloadableValues)) {
        act(&mut self.values.write());
    }

    /// The configuration in force.
    pub(crate) fn config(&self) -> Arc<ConnectorConfig> {
        Arc::clone(&self.read().config)
    }

    /// Who the participant is.
    pub(super) fn id(&self) -> ParticipantId {
        self.read().config.participant.id.clone()
    }

    /// Puts another configuration in force, with the purposes and the lists that it names.
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

    /// The purposes known here: the vocabulary and the own ones.
    pub fn taxonomy(&self) -> Arc<Taxonomy> {
        Arc::clone(&self.read().taxonomy)
    }

    /// The newest list of each group.
    pub fn groups(&self) -> Arc<GroupLists> {
        Arc::clone(&self.read().groups)
    }

    /// Puts a list in the place of the one before.
    pub(crate) fn set_group(&self, group: Arc<SignedGroupList>) {
        self.change(|values| {
            Arc::make_mut(&mut values.groups).insert(group.name.clone(), group);
            values.set_published((*values.published).clone());
        });
    }

    /// What is refused of its datasets, whatever contracts say.
    pub fn restrictions(&self) -> Arc<ProviderRestrictions> {
        Arc::clone(&self.read().restrictions)
    }

    /// Puts a restriction in the place of the one before, or takes it away.
    pub(crate) fn set_restriction(&self, dataset: DatasetId, held: Option<StoredRestriction>) {
        self.change(|values| {
            let restrictions = Arc::make_mut(&mut values.restrictions);
            match held {
                Some(held) => restrictions.insert(dataset, held),
                None => restrictions.remove(&dataset),
            };
        });
    }

    /// The rulebooks that are installed and accepted.
    pub fn rulebooks(&self) -> Arc<RulebookRegister> {
        Arc::clone(&self.read().rulebooks)
    }

    /// Changes the rulebooks.
    pub(crate) fn change_rulebooks(&self, act: impl FnOnce(&mut RulebookRegister)) {
        self.change(|values| act(Arc::make_mut(&mut values.rulebooks)));
    }

    /// The lists that are held.
    pub(crate) fn published_lists(&self) -> Arc<PublishedLists> {
        Arc::clone(&self.read().published)
    }
}

impl ReloadableValues {
    /// Holds other lists; they know which groups there are.
    fn set_published(&mut self, mut published: PublishedLists) {
        published.know_groups(self.groups.keys().cloned().collect());
        self.published = Arc::new(published);
    }
}
