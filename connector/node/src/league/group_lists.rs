//! Groups of this participant: the newest signed list of each group, as the log names it.

use hansa_policy::contract::{ActiveContracts, DatasetGrant};
use hansa_policy::group::{GroupName, SignedGroupList};
use hansa_policy::id::ContractId;
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_store::document_folder::{DocumentFolder, StoredDocumentKind};
use hansa_store::state_index::StateIndex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Newest list of each group.
pub(crate) type GroupLists = BTreeMap<GroupName, Arc<SignedGroupList>>;

/// Loads the lists that the log names. An unreadable list is reported and left out, so that checks which need it refuse.
///
/// # Errors
/// If the index can't be read.
pub(crate) fn load_group_lists(
    state: &StateIndex,
    documents: &DocumentFolder,
    published: &mut PublishedLists,
    faults: &mut Vec<Refusal>,
) -> Result<GroupLists, Refusal> {
    let mut groups = GroupLists::new();
    for (_, file) in state.groups()? {
        let group = documents
            .read_document(StoredDocumentKind::Group, file)
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

/// Group whose members may use a contract.
pub(crate) fn group_of_grant(grant: &DatasetGrant) -> Option<&GroupName> {
    grant
        .clauses()
        .iter()
        .find_map(|clause| group_of_term(&clause.term))
}

/// Group that a term names.
pub(crate) const fn group_of_term(term: &Term) -> Option<&GroupName> {
    match term {
        Term::Group(name) => Some(name),
        _ => None,
    }
}

/// Groups on which the active contracts depend.
pub(crate) fn used_groups(active: &ActiveContracts) -> Vec<(Option<ContractId>, GroupName)> {
    let grants = active.grants().values();
    let named = grants.filter_map(|grant| Some((grant.contract(), group_of_grant(grant)?.clone())));
    named.collect()
}
