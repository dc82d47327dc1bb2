//! Current members of the participant's groups, and the end of answers to former members.

use crate::league::group_lists::group_of_term;
use crate::participant::Connector;
use hansa_policy::attribute::SupportingCredential;
use hansa_policy::group::{GroupMembership, GroupName, SignedGroupList, stale_list_refusal};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;

impl Connector {
    /// Checks that a list is valid now.
    ///
    /// # Errors
    /// The reason why the list is invalid.
    pub fn check_group_list(
        &self,
        group: &SignedGroupList,
    ) -> Result<SupportingCredential, Refusal> {
        let (bundle, now) = (self.identity.trust.bundle(), self.now());
        group.check(&self.id(), &bundle.keys(now), now)
    }

    /// Checks that a participant is in a group, by a currently valid list.
    ///
    /// # Errors
    /// The reason why not.
    pub(crate) fn check_group_membership(
        &self,
        name: &GroupName,
        who: &ParticipantId,
    ) -> Result<GroupMembership, Refusal> {
        let Some(group) = self.reloadable.groups().get(name).cloned() else {
            return Err(stale_list_refusal(format!(
                "the list of the group {name} is not here"
            )));
        };
        let (bundle, now) = (self.identity.trust.bundle(), self.now());
        group.check_membership(who, &self.id(), &bundle.keys(now), now)
    }

    /// Refuses a caller that has left one of these groups since the question was admitted.
    ///
    /// # Errors
    /// Same errors as [`Connector::check_group_membership`].
    pub(crate) fn still_listed(
        &self,
        groups: &[(Option<ContractId>, GroupName)],
        who: &ParticipantId,
    ) -> Result<(), Refusal> {
        groups.iter().try_for_each(|(contract, name)| {
            self.check_group_membership(name, who)
                .map(|_| ())
                .map_err(|refusal| {
                    contract.map_or(refusal.clone(), |contract| refusal.with_contract(contract))
                })
        })
    }

    /// Cuts answers to participants that are no longer in the group of their contract.
    pub(crate) fn cut_unlisted(&self, name: &GroupName) {
        let for_group = |contract: &ContractId| {
            self.contracts.with_registry(|registry| {
                let agreement = registry.agreement(*contract);
                agreement.is_some_and(|agreement| {
                    let mut clauses = agreement.clauses.iter();
                    clauses.any(|clause| group_of_term(&clause.term) == Some(name))
                })
            })
        };
        self.queries.running.cut_whoever(|peer, contracts| {
            let contract = contracts.iter().find(|contract| for_group(contract))?;
            let why = self.check_group_membership(name, peer).err()?;
            Some(why.with_contract(*contract))
        });
    }
}
