//! Tests of proposals that are refused, whoever makes them.

use super::*;

#[test]
fn a_proposal_must_be_between_the_two_and_enforceable() {
    let cases: [(fn(&mut Agreement), _); 10] = [
        (|_| {}, None),
        (
            |a| a.assignee = Assignee::Public,
            Some(ErrorCode::ContractMalformed),
        ),
        (
            |a| a.provider.id = parse_participant(CONSUMER),
            Some(ErrorCode::ContractMalformed),
        ),
        (
            |a| a.dataset.id = provider_dataset("other"),
            Some(ErrorCode::ContractMalformed),
        ),
        (
            |a| a.not_after = a.not_before,
            Some(ErrorCode::PolicyContradiction),
        ),
        (
            |a| a.not_after = parse_time("2026-05-01T00:00:00Z"),
            Some(ErrorCode::PolicyContradiction),
        ),
        (
            |a| a.purposes = "3".to_owned(),
            Some(ErrorCode::TermUnknown),
        ),
        (
            |a| a.clauses[0].term = Term::Columns(vec![]),
            Some(ErrorCode::PolicyContradiction),
        ),
        (
            |a| a.clauses[0].term = Term::Purpose(vec!["elsewhere".parse().unwrap()]),
            Some(ErrorCode::PurposeUnknown),
        ),
        (
            |a| a.supersedes = Some(proposal(1).contract),
            Some(ErrorCode::ContractUnknown),
        ),
    ];
    for (number, (change, expect)) in cases.into_iter().enumerate() {
        let mut agreement = proposal(5).agreement;
        change(&mut agreement);
        let replies = TestNegotiator::of(Provider).hear(Consumer, request(&propose(agreement)));
        assert_eq!(replies.err(), expect, "case {number}");
    }
}

#[test]
fn an_objection_of_the_lint_is_our_answer() {
    let objection = Refusal::new(ErrorCode::RowQuotaWithoutBytes, "rows without bytes");
    let mut negotiator = TestNegotiator {
        objection: Some(objection),
        ..TestNegotiator::of(Provider)
    };
    let replies = negotiator.hear(Consumer, request(&proposal(5)));
    assert_eq!(replies, Err(ErrorCode::RowQuotaWithoutBytes));
}

#[test]
fn an_offer_that_is_not_made_is_unknown() {
    let p = proposal(5);
    let named = NegotiationContent::Request {
        offer: Some(Digest::of(b"offer")),
        proposal: p.clone(),
    };
    for (offered, content, expect) in [
        (OfferMatch::Nothing, &named, Some(ErrorCode::OfferUnknown)),
        (
            OfferMatch::Nothing,
            &request(&p),
            Some(ErrorCode::OfferUnknown),
        ),
        (
            OfferMatch::OtherTerms,
            &named,
            Some(ErrorCode::OfferUnknown),
        ),
        (OfferMatch::OtherTerms, &request(&p), None),
        (OfferMatch::Officer, &named, None),
    ] {
        let mut negotiator = TestNegotiator {
            offered,
            ..TestNegotiator::of(Provider)
        };
        let replies = negotiator.hear(Consumer, content.clone());
        assert_eq!(replies.err(), expect, "{offered:?}: {content:?}");
    }
}

#[test]
fn a_contract_replaces_one_between_the_same_two_only() {
    let mut new = proposal(5).agreement;
    new.supersedes = Some(proposal(1).contract);
    for (old, expect) in [("bikes", None), ("air", Some(ErrorCode::ContractUnknown))] {
        let mut negotiator = TestNegotiator {
            replaces: Some(sample_agreement(old, [])),
            ..TestNegotiator::of(Provider)
        };
        let replies = negotiator.hear(Consumer, request(&propose(new.clone())));
        assert_eq!(replies.err(), expect, "{old}");
    }
}
