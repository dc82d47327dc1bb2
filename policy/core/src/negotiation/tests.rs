//! Tests of the transition table: senders, order, and the end of a negotiation.

mod random_messages;
mod rejected_proposals;
mod replay;
mod signatures;

use super::*;
use crate::contract::Assignee;
use crate::contract::signature::{SignatoryRole, Signature};
use crate::fixture::{
    CONSUMER, PROVIDER, parse_participant, parse_time, provider_dataset, sample_agreement,
    sample_signature, small_taxonomy,
};
use crate::term::Term;
use PartyRole::{Consumer, Provider};

#[test]
fn a_request_is_agreed_verified_and_finalised() {
    let p = proposal(5);
    for own in [Provider, Consumer] {
        let mut negotiator = TestNegotiator::of(own);
        assert_eq!(negotiator.hear(Consumer, request(&p)), Ok(vec![]));
        assert_eq!(negotiator.hear(Provider, agree(&p)), Ok(vec![]));
        let sends = negotiator.hear(Consumer, verify(&p)).unwrap();
        let expect = match own {
            Provider => vec![NextMessage::Finalization(p.contract)],
            Consumer => vec![],
        };
        assert_eq!(sends, expect);
        assert_eq!(negotiator.hear(Provider, finalize(&p)), Ok(vec![]));
        let state = negotiator.state.unwrap();
        assert_eq!(state.phase(), Phase::Finalized);
        assert!(
            state
                .signed_contract()
                .unwrap()
                .clone()
                .verify(&PartyNameKeys)
                .is_ok()
        );
        assert_eq!(state.next_side(), None);
    }
}

#[test]
fn counters_go_to_and_fro_until_one_is_accepted() {
    let (a, b, c) = (proposal(1), proposal(2), proposal(3));
    let mut negotiator = TestNegotiator::of(Provider);
    negotiator.hear(Consumer, request(&a)).unwrap();
    assert_eq!(
        negotiator.hear(Consumer, request(&b)),
        Err(ErrorCode::NegotiationState)
    );
    negotiator.hear(Provider, offer(&b)).unwrap();
    assert_eq!(
        negotiator.hear(Consumer, accept(&a)),
        Err(ErrorCode::NegotiationState)
    );
    assert_eq!(
        negotiator.hear(Provider, agree(&b)),
        Err(ErrorCode::NegotiationState)
    );
    negotiator.hear(Consumer, request(&c)).unwrap();
    negotiator.hear(Provider, offer(&c)).unwrap();
    negotiator.hear(Consumer, accept(&c)).unwrap();
    assert_eq!(
        negotiator.hear(Provider, agree(&b)),
        Err(ErrorCode::NegotiationState)
    );
    negotiator.hear(Provider, agree(&c)).unwrap();
    assert_eq!(negotiator.phase(), Some(Phase::Agreed));
    assert_eq!(
        negotiator.state.unwrap().next_message(Consumer),
        Some(NextMessage::Verification(c.contract))
    );
}

#[test]
fn who_may_send_what_when() {
    let p = proposal(5);
    let contents = [
        request(&p),
        offer(&p),
        accept(&p),
        agree(&p),
        verify(&p),
        finalize(&p),
        decline("no"),
    ];
    let way = [
        (Consumer, request(&p)),
        (Provider, offer(&p)),
        (Consumer, accept(&p)),
        (Provider, agree(&p)),
        (Consumer, verify(&p)),
        (Provider, finalize(&p)),
    ];
    // Each row: after this many messages of the negotiation above, the accepted messages as `who:what`.
    let expect = [
        "consumer:request provider:offer",
        "provider:agreement provider:offer provider:termination consumer:termination",
        "consumer:acceptance consumer:request provider:offer provider:termination consumer:termination",
        "provider:agreement provider:termination consumer:termination",
        "consumer:verification provider:termination consumer:termination",
        "provider:finalization provider:termination consumer:termination",
        "",
    ];
    for (done, expect) in expect.iter().enumerate() {
        let mut accepted = Vec::new();
        for content in &contents {
            for side in [Provider, Consumer] {
                let mut negotiator = TestNegotiator::of(Provider);
                for (from, content) in way.iter().take(done).cloned() {
                    negotiator.hear(from, content).unwrap();
                }
                if negotiator.hear(side, content.clone()).is_ok() {
                    accepted.push(format!("{}:{}", side.as_str(), content.as_str()));
                }
            }
        }
        let mut expect: Vec<&str> = expect.split_whitespace().collect();
        accepted.sort();
        expect.sort_unstable();
        assert_eq!(accepted, expect, "after {done} messages");
    }
}

#[test]
fn a_negotiation_does_not_grow_without_end() {
    let mut negotiator = TestNegotiator::of(Provider);
    negotiator.hear(Provider, offer(&proposal(1))).unwrap();
    for _ in 1..MOST_MESSAGES {
        negotiator.hear(Provider, offer(&proposal(2))).unwrap();
    }
    assert_eq!(
        negotiator.hear(Provider, offer(&proposal(3))),
        Err(ErrorCode::NegotiationState)
    );
    assert_eq!(negotiator.hear(Consumer, decline("no")), Ok(vec![]));
    assert_eq!(negotiator.phase(), Some(Phase::Terminated));
}

/// View of one side. Every message gets a new identity unless it is repeated on purpose.
struct TestNegotiator {
    own: PartyRole,
    offered: OfferMatch,
    beforehand: bool,
    replaces: Option<Agreement>,
    objection: Option<Refusal>,
    purposes: Taxonomy,
    state: Option<NegotiationState>,
    count: u8,
}

impl TestNegotiator {
    fn of(own: PartyRole) -> Self {
        Self {
            own,
            offered: OfferMatch::Officer,
            beforehand: false,
            replaces: None,
            objection: None,
            purposes: small_taxonomy(),
            state: None,
            count: 0,
        }
    }

    fn facts(&self) -> NegotiationContext<'_> {
        NegotiationContext {
            now: parse_time("2026-06-01T00:00:00Z"),
            own: self.own,
            taxonomy: &self.purposes,
            keys: &PartyNameKeys,
            offer_match: self.offered,
            replaces: self.replaces.as_ref(),
            objection: self.objection.as_ref(),
            sign_beforehand: self.beforehand,
        }
    }

    fn hear(
        &mut self,
        from: PartyRole,
        content: NegotiationContent,
    ) -> Result<Vec<NextMessage>, ErrorCode> {
        self.count += 1;
        self.hear_as(NegotiationMessageId([self.count; 16]), from, content)
    }

    fn hear_as(
        &mut self,
        id: NegotiationMessageId,
        from: PartyRole,
        content: NegotiationContent,
    ) -> Result<Vec<NextMessage>, ErrorCode> {
        let message = NegotiationMessage { id, from, content };
        let result = match &self.state {
            None => open_negotiation(parties(), message, &self.facts()),
            Some(state) => take_step(state, message, &self.facts()),
        };
        let (state, sends) = result.map_err(|refusal| refusal.code)?;
        self.state = Some(state);
        Ok(sends)
    }

    fn phase(&self) -> Option<Phase> {
        self.state.as_ref().map(NegotiationState::phase)
    }
}

/// Verifier that accepts as signature only the name of the party.
struct PartyNameKeys;

impl SignatureVerifier for PartyNameKeys {
    fn check_signature(
        &self,
        signer: &ParticipantId,
        signature: &Signature,
        _: crate::contract::signature_purpose::SignaturePurpose,
    ) -> Result<(), Refusal> {
        if signature.signature == signer.as_str().as_bytes() {
            Ok(())
        } else {
            Err(Refusal::new(
                ErrorCode::SignatureInvalid,
                "it does not match",
            ))
        }
    }

    fn needs_mandate(&self, _: &ParticipantId) -> bool {
        false
    }

    fn mandate_revoked(
        &self,
        _: &ParticipantId,
        _: &crate::contract::signature::SignedMandate,
        _: &Signature,
    ) -> bool {
        false
    }

    fn logged_at(&self) -> Option<hansa_audit_log::time::UtcTimestamp> {
        None
    }
}

fn parties() -> NegotiationParties {
    NegotiationParties {
        negotiation: "n-1".to_owned(),
        dataset: provider_dataset("bikes"),
        provider: parse_participant(PROVIDER),
        consumer: parse_participant(CONSUMER),
    }
}

fn proposal(rows: u64) -> Proposal {
    propose(sample_agreement("bikes", [Term::ResultRows(rows)]))
}

fn propose(agreement: Agreement) -> Proposal {
    Proposal {
        contract: ContractId(Digest::of(format!("{agreement:?}").as_bytes())),
        agreement,
    }
}

const BOTH: [SignatoryRole; 2] = [SignatoryRole::Provider, SignatoryRole::Consumer];

/// Proposal signed by these parties.
fn signed(proposal: &Proposal, roles: &[SignatoryRole]) -> SignedContract {
    let agreement = proposal.agreement.clone();
    let Assignee::Participant(consumer) = &agreement.assignee else {
        panic!("two parties")
    };
    let signatures = roles
        .iter()
        .map(|role| {
            let party = match role {
                SignatoryRole::Provider => &agreement.provider,
                SignatoryRole::Consumer => consumer,
            };
            Signature {
                signature: party.id.as_str().into(),
                ..sample_signature(*role, party)
            }
        })
        .collect();
    SignedContract {
        id: proposal.contract,
        agreement,
        signatures,
    }
}

fn request(proposal: &Proposal) -> NegotiationContent {
    NegotiationContent::Request {
        offer: None,
        proposal: proposal.clone(),
    }
}

fn offer(proposal: &Proposal) -> NegotiationContent {
    NegotiationContent::Offer {
        proposal: proposal.clone(),
    }
}

fn accept(proposal: &Proposal) -> NegotiationContent {
    NegotiationContent::Acceptance {
        contract: proposal.contract,
    }
}

fn agree(proposal: &Proposal) -> NegotiationContent {
    agreed(signed(proposal, &[SignatoryRole::Provider]))
}

fn verify(proposal: &Proposal) -> NegotiationContent {
    verified(signed(proposal, &[SignatoryRole::Consumer]))
}

fn finalize(proposal: &Proposal) -> NegotiationContent {
    finalized(signed(proposal, &BOTH))
}

fn agreed(signed: SignedContract) -> NegotiationContent {
    NegotiationContent::Agreement { signed }
}

fn verified(signed: SignedContract) -> NegotiationContent {
    NegotiationContent::Verification { signed }
}

fn finalized(signed: SignedContract) -> NegotiationContent {
    NegotiationContent::Finalization { signed }
}

fn decline(reason: &str) -> NegotiationContent {
    NegotiationContent::Termination {
        code: None,
        reason: reason.to_owned(),
    }
}
