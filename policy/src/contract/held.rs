//! As consumer: the contracts that we hold, and what keeps us from asking under one.

use super::{Agreement, Book, Grant, Standing};
use crate::id::{ContractId, PurposeId};
use crate::refusal::{Code, Refusal};
use crate::term::purpose::{self, Taxonomy};
use evidence::time::Time;

impl Book {
    /// The contracts and public views of others that give something to us, with their state at `now`.
    pub fn held(&self, now: Time) -> impl Iterator<Item = (ContractId, &Agreement, Standing)> {
        self.all(now).filter(|(_, agreement, _)| {
            agreement.provider.id != self.own && agreement.gives_to(&self.own)
        })
    }

    /// What keeps us from asking under a contract that we hold, as far as it is known here: its state, or the purpose
    /// that we would declare. The provider decides; this spares a question that it would refuse.
    #[must_use]
    pub fn barred(
        &self,
        id: ContractId,
        declared: Option<&PurposeId>,
        taxonomy: &Taxonomy,
        now: Time,
    ) -> Option<Refusal> {
        let Some((_, agreement, standing)) = self.held(now).find(|(held, _, _)| *held == id) else {
            return Some(Refusal::new(
                Code::ContractUnknown,
                format!("we hold no contract `{}`", id.short()),
            ));
        };
        let refusal = match standing.refusal(id, agreement) {
            Some(refusal) => refusal,
            None => purpose::check(
                &agreement.dataset.id,
                &Grant::of(id, agreement),
                taxonomy,
                declared,
            )
            .err()?
            .with_contract(id),
        };
        Some(refusal.with_participant(agreement.provider.id.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Assignee;
    use crate::fixture::{
        CONSUMER, agreed, agreement, contract_id, participant, party, purpose, purposes, taxonomy,
        time,
    };
    use crate::term::Term;
    use std::collections::BTreeSet;

    #[track_caller]
    fn check(
        change: impl FnOnce(&mut Agreement),
        declared: Option<&str>,
        now: &str,
        expect: Option<Code>,
    ) {
        let mut agreement = agreement("bikes", [Term::Purpose(purposes(&["dpv:Research"]))]);
        change(&mut agreement);
        let id = contract_id("bikes");
        let mut book = Book::new(participant(CONSUMER));
        book.readmit(agreed(id, agreement), &BTreeSet::from([id]))
            .unwrap();
        let declared = declared.map(purpose);
        let got = book.barred(id, declared.as_ref(), &taxonomy(), time(now));
        assert_eq!(got.map(|refusal| refusal.code), expect);
    }

    #[test]
    fn state_and_purpose() {
        let now = "2026-06-01T00:00:00Z";
        check(|_| {}, Some("dpv:Academic"), now, None);
        check(|_| {}, None, now, Some(Code::PurposeMissing));
        check(
            |_| {},
            Some("dpv:Marketing"),
            now,
            Some(Code::PurposeNotCovered),
        );
        check(|_| {}, None, "2027-01-01T00:00:00Z", Some(Code::Expired));
        check(
            |_| {},
            None,
            "2025-01-01T00:00:00Z",
            Some(Code::NotYetValid),
        );
        check(
            |a| a.assignee = Assignee::Public,
            Some("dpv:Research"),
            now,
            None,
        );
        let other = || Assignee::Participant(party("hansa://other.example"));
        check(
            |a| a.assignee = other(),
            Some("dpv:Research"),
            now,
            Some(Code::ContractUnknown),
        );
    }
}
