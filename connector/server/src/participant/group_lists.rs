//! The groups of this participant: the newest signed list of each, as the log names it.

use crate::participant::{Connector, read, write};
use hansa_policy::attribute::SupportingCredential;
use hansa_policy::contract::{ActiveContracts, DatasetGrant};
use hansa_policy::group::{GroupMembership, GroupName, SignedGroupList, stale};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_store::document_folder::{DocumentFolder, StoredDocumentKind};
use hansa_store::state_index::StateIndex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The newest list of each group.
pub(crate) type GroupLists = BTreeMap<GroupName, Arc<SignedGroupList>>;

/// The lists that the log names. One that can't be read is passed over, so that what needs it refuses, and told.
///
/// # Errors
/// When the index can't be read.
pub(crate) fn load(
    state: &StateIndex,
    documents: &DocumentFolder,
    published: &mut PublishedLists,
    faults: &mut Vec<Refusal>,
) -> Result<GroupLists, Refusal> {
    let mut groups = GroupLists::new();
    for (_, file) in state.groups()? {
        let group = documents
            .read(StoredDocumentKind::Group, file)
            .and_then(|bytes| hansa_proto::group::from_envelope(&bytes));
        match group {
            Ok(group) => {
                groups.insert(group.name.clone(), Arc::new(group));
            }
            Err(fault) => faults.push(fault),
        }
    }
    published.know_groups(groups.keys().cloned().collect());
    Ok(groups)
}

/// The group for whose members a contract is.
pub(crate) fn of(grant: &DatasetGrant) -> Option<&GroupName> {
    grant
        .clauses()
        .iter()
        .find_map(|clause| named(&clause.term))
}

/// The group that a term names.
pub(crate) const fn named(term: &Term) -> Option<&GroupName> {
    match term {
        Term::Group(name) => Some(name),
        _ => None,
    }
}

/// The groups on which the contracts of a standing look.
pub(crate) fn looked_at(standing: &ActiveContracts) -> Vec<(Option<ContractId>, GroupName)> {
    let grants = standing.grants().values();
    let named = grants.filter_map(|grant| Some((grant.contract(), of(grant)?.clone())));
    named.collect()
}

impl Connector {
    /// The newest list of each group.
    pub(crate) fn groups(&self) -> Arc<GroupLists> {
        Arc::clone(&read(&self.groups))
    }

    /// Puts a list in the place of the one before.
    pub(crate) fn set_group(&self, group: Arc<SignedGroupList>) {
        let mut groups = (*self.groups()).clone();
        groups.insert(group.name.clone(), group);
        *write(&self.groups) = Arc::new(groups);
        self.set_published((*self.published()).clone());
    }

    /// Whether a list counts now.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn checked(&self, group: &SignedGroupList) -> Result<SupportingCredential, Refusal> {
        let (bundle, now) = (self.trust.bundle(), self.now());
        group.check(&self.id(), &bundle.keys(now), now)
    }

    /// Whether somebody belongs to a group, by a list that counts now.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn listed(
        &self,
        name: &GroupName,
        who: &ParticipantId,
    ) -> Result<GroupMembership, Refusal> {
        let Some(group) = self.groups().get(name).cloned() else {
            return Err(stale(format!("the list of the group {name} is not here")));
        };
        let (bundle, now) = (self.trust.bundle(), self.now());
        group.lists(who, &self.id(), &bundle.keys(now), now)
    }

    /// Refuses who has left one of these groups since the question was let in.
    ///
    /// # Errors
    /// As [`Connector::listed`].
    pub(crate) fn still_listed(
        &self,
        groups: &[(Option<ContractId>, GroupName)],
        who: &ParticipantId,
    ) -> Result<(), Refusal> {
        groups.iter().try_for_each(|(contract, name)| {
            self.listed(name, who).map(|_| ()).map_err(|refusal| {
                contract.map_or(refusal.clone(), |contract| refusal.with_contract(contract))
            })
        })
    }

    /// Cuts the answers to whoever belongs no longer to the group of the contract.
    pub(crate) fn cut_unlisted(&self, name: &GroupName) {
        let for_group = |contract: &ContractId| {
            self.book(|book| {
                let agreement = book.agreement(*contract);
                agreement.is_some_and(|agreement| {
                    let mut clauses = agreement.clauses.iter();
                    clauses.any(|clause| named(&clause.term) == Some(name))
                })
            })
        };
        self.running.cut_whoever(|peer, contracts| {
            let contract = contracts.iter().find(|contract| for_group(contract))?;
            let why = self.listed(name, peer).err()?;
            Some(why.with_contract(*contract))
        });
    }
}
