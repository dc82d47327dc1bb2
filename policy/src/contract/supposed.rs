//! What somebody could see: a standing that nobody has, for our own people to look at. Nothing of it leaves, and it is no
//! ground for an answer to anybody.

use super::{Agreement, Asker, Book, Grant, InForce};
use crate::id::{ContractId, ParticipantId};
use crate::refusal::{Code, Refusal};
use evidence::time::Time;
use std::collections::BTreeMap;

impl Book {
    /// What `who` stands on at `now` with all its contracts and public views with us; of a dataset that several give, under
    /// the one among `chosen`.
    ///
    /// # Errors
    /// `CONTRACT_AMBIGUOUS` where several give a dataset and none is chosen, `CONTRACT_UNKNOWN` for one that is chosen and
    /// gives nothing to `who` then.
    pub fn suppose(
        &self,
        who: &ParticipantId,
        chosen: &[ContractId],
        now: Time,
    ) -> Result<InForce, Refusal> {
        let mut grants: BTreeMap<_, Grant> = BTreeMap::new();
        let held: Vec<(ContractId, &Agreement)> = self.held_by(who, now).collect();
        if let Some(unknown) = chosen
            .iter()
            .find(|id| held.iter().all(|(held, _)| held != *id))
        {
            return Err(Refusal::new(
                Code::ContractUnknown,
                format!("`{}` gives nothing to `{who}` then", unknown.short()),
            ));
        }
        for (id, agreement) in held {
            let dataset = agreement.dataset.id.clone();
            let known = grants.get(&dataset).and_then(Grant::contract);
            let is_chosen = chosen.contains(&id);
            match known {
                Some(other) if chosen.contains(&other) && !is_chosen => {}
                Some(other) if !is_chosen => {
                    return Err(Refusal::new(
                        Code::ContractAmbiguous,
                        format!(
                            "`{}` and `{}` both give `{}`",
                            other.short(),
                            id.short(),
                            dataset.name
                        ),
                    )
                    .with_help("name one of them: --contract ID"));
                }
                Some(_) | None => {
                    grants.insert(dataset, Grant::of(id, agreement).begun_by(self.first(id)));
                }
            }
        }
        Ok(InForce::supposed(who.clone(), grants))
    }

    /// What `who` would stand on with an agreement that nobody has signed.
    #[must_use]
    pub fn suppose_draft(who: &ParticipantId, draft: &Agreement) -> InForce {
        // A draft has no identity; its grant bears that of nothing.
        let id = ContractId(evidence::digest::Digest::of(b"draft"));
        let grant = Grant::of(id, draft);
        let grants = BTreeMap::from([(draft.dataset.id.clone(), grant)]);
        InForce::supposed(who.clone(), grants)
    }
}

impl InForce {
    /// The same once more, where it is supposed: a ruling takes its standing, and people look more than once.
    #[must_use]
    pub fn supposed_again(&self) -> Option<Self> {
        match &self.asker {
            Asker::Supposed(who) => Some(Self::supposed(who.clone(), self.grants.clone())),
            Asker::Peer(_) | Asker::House(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{CONSUMER, agreed, agreement, contract_id, participant, time};
    use std::collections::BTreeSet;

    #[test]
    fn all_that_somebody_holds() {
        let mut book = Book::new(participant(crate::fixture::PROVIDER));
        let (bikes, air) = (contract_id("bikes"), contract_id("air"));
        let logged = BTreeSet::from([bikes, air]);
        for (id, dataset) in [(bikes, "bikes"), (air, "air")] {
            book.readmit(agreed(id, agreement(dataset, [])), &logged)
                .unwrap();
        }
        let now = time("2026-06-01T00:00:00Z");
        let who = participant(CONSUMER);
        let standing = book.suppose(&who, &[], now).unwrap();
        assert_eq!(standing.grants().len(), 2);
        assert_eq!(standing.asker().id(), &who);
        let stranger = participant("hansa://stranger.example");
        let nothing = book.suppose(&stranger, &[], now).unwrap();
        assert!(nothing.grants().is_empty());
        let refused = book.suppose(&stranger, &[bikes], now).unwrap_err();
        assert_eq!(refused.code, Code::ContractUnknown);
        let draft = Book::suppose_draft(&who, &agreement("bikes", []));
        assert_eq!(draft.grants().len(), 1);
    }
}
