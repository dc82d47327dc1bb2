//! Contracts of this participant as consumer, and reasons that prevent a question under one of them.

use super::{Agreement, ContractRegistry, ContractStatus, DatasetGrant};
use crate::decision::{prohibition_checks, purpose_check};
use crate::id::{ContractId, PurposeId};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::purpose::Taxonomy;
use hansa_audit_log::time::UtcTimestamp;

impl ContractRegistry {
    /// Contracts and public views of other providers that are for this participant, with their state at `now`.
    pub fn consumer_contracts(
        &self,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        self.giving_to(&self.own, now)
            .filter(|(_, agreement, _)| agreement.provider.id != self.own)
    }

    /// Known reason against a question under a contract of this consumer: the contract's state, the purpose to be declared, or a
    /// prohibition. The provider decides; this check avoids a question that the provider would refuse.
    #[must_use]
    pub fn blocking_refusal(
        &self,
        id: ContractId,
        declared: Option<&PurposeId>,
        taxonomy: &Taxonomy,
        now: UtcTimestamp,
    ) -> Option<Refusal> {
        let agreement = match self.usable_agreement(id, now) {
            Ok(agreement) => agreement,
            Err(refusal) => return Some(refusal),
        };
        let grant = DatasetGrant::from_agreement(id, agreement);
        let refusal =
            purpose_check::check_purpose(&agreement.dataset.id, &grant, taxonomy, declared)
                .and_then(|()| prohibition_checks::for_certain(&grant, taxonomy, declared, now))
                .err()?;
        let refusal = refusal.with_contract(id);
        Some(refusal.with_participant(agreement.provider.id.clone()))
    }

    /// Checks that this participant is consumer of the contract and that the contract is in force.
    ///
    /// # Errors
    /// `CONTRACT_UNKNOWN` where there is no such contract, or it is not for this participant; `WITHDRAWN`, `SUPERSEDED`, `EXPIRED`,
    /// `NOT_YET_VALID`.
    pub fn usable_agreement(
        &self,
        id: ContractId,
        now: UtcTimestamp,
    ) -> Result<&Agreement, Refusal> {
        let unknown = |sentence: String| Refusal::new(ErrorCode::ContractUnknown, sentence);
        let Some((agreement, status)) = self.find_contract(id, now) else {
            return Err(unknown(format!(
                "we hold no contract `{}`",
                id.to_short_text()
            )));
        };
        let provider = &agreement.provider.id;
        if *provider == self.own || !agreement.gives_to(&self.own) {
            let sentence = format!("contract `{}` gives nothing to us", id.to_short_text());
            return Err(unknown(sentence).with_contract(id));
        }
        match status.refusal(id, agreement) {
            Some(refusal) => Err(refusal.with_participant(provider.clone())),
            None => Ok(agreement),
        }
    }
}

impl Agreement {
    /// Clause that prohibits every question for this purpose at about this time, as far as known without asking the provider.
    ///
    /// # Errors
    /// `TERM_UNKNOWN` where the contract uses a purpose vocabulary that is not known here.
    pub fn find_prohibition(
        &self,
        id: ContractId,
        declared: Option<&PurposeId>,
        taxonomy: &Taxonomy,
        now: UtcTimestamp,
    ) -> Result<Option<Refusal>, Refusal> {
        let grant = DatasetGrant::from_agreement(id, self);
        match prohibition_checks::for_certain(&grant, taxonomy, declared, now) {
            Ok(()) => Ok(None),
            Err(why) if why.code == ErrorCode::Prohibited => Ok(Some(why.with_contract(id))),
            Err(why) => Err(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Assignee;
    use crate::fixture::{
        CONSUMER, contract_id, parse_participant, parse_purpose, parse_purposes, parse_time,
        sample_agreement, sample_party, small_taxonomy, verified_contract,
    };
    use crate::id::ClauseId;
    use crate::term::prohibition::{
        ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
    };
    use crate::term::{Clause, Term};
    use std::collections::BTreeSet;

    #[track_caller]
    fn check(
        change: impl FnOnce(&mut Agreement),
        declared: Option<&str>,
        now: &str,
        expect: Option<ErrorCode>,
    ) {
        let mut agreement =
            sample_agreement("bikes", [Term::Purpose(parse_purposes(&["dpv:Research"]))]);
        change(&mut agreement);
        let id = contract_id("bikes");
        let mut registry = ContractRegistry::new(parse_participant(CONSUMER));
        registry
            .readmit(verified_contract(id, agreement), &BTreeSet::from([id]))
            .unwrap();
        let declared = declared.map(parse_purpose);
        let got =
            registry.blocking_refusal(id, declared.as_ref(), &small_taxonomy(), parse_time(now));
        assert_eq!(got.map(|refusal| refusal.code), expect);
    }

    #[test]
    fn state_and_purpose() {
        let now = "2026-06-01T00:00:00Z";
        check(|_| {}, Some("dpv:Academic"), now, None);
        check(|_| {}, None, now, Some(ErrorCode::PurposeMissing));
        check(
            |_| {},
            Some("dpv:Marketing"),
            now,
            Some(ErrorCode::PurposeNotCovered),
        );
        check(
            |_| {},
            None,
            "2027-01-01T00:00:00Z",
            Some(ErrorCode::Expired),
        );
        check(
            |_| {},
            None,
            "2025-01-01T00:00:00Z",
            Some(ErrorCode::NotYetValid),
        );
        check(
            |a| a.assignee = Assignee::Public,
            Some("dpv:Research"),
            now,
            None,
        );
        let other = || Assignee::Participant(sample_party("hansa://other.example"));
        check(
            |a| a.assignee = other(),
            Some("dpv:Research"),
            now,
            Some(ErrorCode::ContractUnknown),
        );
    }
    /// Certain prohibitions are found before asking. Prohibitions that depend on unknown facts are left to the provider.
    #[test]
    fn what_is_prohibited_is_known_beforehand() {
        let research = Some("dpv:Academic");
        let now = "2026-06-01T12:00:00Z";
        let refused = Some(ErrorCode::Prohibited);
        let with = |part: Option<ProhibitedPart>, when: ProhibitionCondition| {
            move |agreement: &mut Agreement| {
                let term = Term::from(ProhibitionTerm {
                    action: ProhibitedAction::Use,
                    part,
                    condition: when,
                });
                let id = ClauseId(9);
                agreement.clauses.push(Clause { id, term });
            }
        };
        let of = |text: &str| ProhibitionCondition {
            purpose: Some(parse_purposes(&[text])),
            ..ProhibitionCondition::ALWAYS
        };
        check(with(None, of("dpv:Academic")), research, now, refused);
        // Narrower and wider purposes are prohibited too; other purposes are not.
        check(with(None, of("dpv:Research")), research, now, refused);
        check(with(None, of("dpv:Marketing")), research, now, None);
        let columns = ProhibitedPart::Columns(crate::fixture::parse_names(&["site"]));
        check(
            with(Some(columns), ProhibitionCondition::ALWAYS),
            research,
            now,
            None,
        );
        let here = ProhibitionCondition {
            networks: Some(vec!["10.0.0.0/8".parse().unwrap()]),
            ..of("dpv:Academic")
        };
        check(with(None, here), research, now, None);
        // Clocks of participants may differ by minutes.
        for (now, expect) in [
            ("2026-06-01T09:54:59Z", None),
            ("2026-06-01T10:04:59Z", None),
            ("2026-06-01T10:05:00Z", refused),
            ("2026-06-01T13:54:59Z", refused),
            ("2026-06-01T13:55:00Z", None),
            ("2026-06-01T14:00:00Z", None),
        ] {
            let midday = ProhibitionCondition {
                from: Some(parse_time("2026-06-01T10:00:00Z")),
                until: Some(parse_time("2026-06-01T14:00:00Z")),
                ..ProhibitionCondition::ALWAYS
            };
            check(with(None, midday), research, now, expect);
        }
        // A contract with another purpose vocabulary can't be judged here.
        let foreign = |agreement: &mut Agreement| {
            agreement.purposes = "9:sha256:00".to_owned();
            agreement.clauses.clear();
            with(None, of("dpv:Academic"))(agreement);
        };
        check(foreign, research, now, Some(ErrorCode::TermUnknown));
        let mut agreement = sample_agreement("bikes", []);
        foreign(&mut agreement);
        let (id, declared) = (contract_id("bikes"), parse_purpose("dpv:Academic"));
        let judged =
            agreement.find_prohibition(id, Some(&declared), &small_taxonomy(), parse_time(now));
        assert_eq!(judged.unwrap_err().code, ErrorCode::TermUnknown);
    }
}
