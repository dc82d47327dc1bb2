//! The table of the protocol, who signs when, and what random messages can't reach.

use super::*;
use crate::contract::{Agreement, Assignee, Party, Role, Signature};
use crate::fixture::{
    CONSUMER, PROVIDER, agreement, dataset, participant, signature, taxonomy, time,
};
use crate::term::Term;

/// Takes a signature only from the key of the party itself, and only if it is made over this very contract.
struct Keys;

impl SignatureCheck for Keys {
    fn check(&self, signer: &ParticipantId, signature: &Signature) -> Result<(), Refusal> {
        if signature.signature == signer.as_str().as_bytes() {
            Ok(())
        } else {
            Err(Refusal::new(Code::SignatureInvalid, "it does not match"))
        }
    }
}

fn parties() -> Parties {
    Parties {
        negotiation: "n-1".to_owned(),
        dataset: dataset("bikes"),
        provider: participant(PROVIDER),
        consumer: participant(CONSUMER),
    }
}

fn proposal(rows: u64) -> Proposal {
    propose(agreement("bikes", [Term::ResultRows(rows)]))
}

fn propose(agreement: Agreement) -> Proposal {
    Proposal {
        contract: ContractId(Digest::of(format!("{agreement:?}").as_bytes())),
        agreement,
    }
}

fn good(role: Role, party: &Party) -> Signature {
    Signature {
        signature: party.id.as_str().into(),
        ..signature(role, party)
    }
}

/// The proposal, signed by these.
fn signed(proposal: &Proposal, roles: &[Role]) -> SignedContract {
    let Assignee::Participant(consumer) = &proposal.agreement.assignee else {
        panic!("two parties")
    };
    SignedContract {
        id: proposal.contract,
        agreement: proposal.agreement.clone(),
        signatures: roles
            .iter()
            .map(|role| match role {
                Role::Provider => good(Role::Provider, &proposal.agreement.provider),
                Role::Consumer => good(Role::Consumer, consumer),
            })
            .collect(),
    }
}

fn request(proposal: &Proposal) -> Content {
    Content::Request {
        offer: None,
        proposal: proposal.clone(),
    }
}

fn offer(proposal: &Proposal) -> Content {
    Content::Offer {
        proposal: proposal.clone(),
    }
}

fn accept(proposal: &Proposal) -> Content {
    Content::Acceptance {
        contract: proposal.contract,
    }
}

fn agree(proposal: &Proposal) -> Content {
    Content::Agreement {
        signed: signed(proposal, &[Role::Provider]),
    }
}

fn verify(proposal: &Proposal) -> Content {
    Content::Verification {
        signed: signed(proposal, &[Role::Consumer]),
    }
}

fn finalize(proposal: &Proposal) -> Content {
    Content::Finalization {
        signed: signed(proposal, &[Role::Provider, Role::Consumer]),
    }
}

fn decline() -> Content {
    Content::Termination {
        code: None,
        reason: "no".to_owned(),
    }
}

/// One side's view: every message gets a fresh id unless it is repeated on purpose.
struct Desk {
    own: Side,
    offered: Offered,
    beforehand: bool,
    state: Option<State>,
    count: u8,
    purposes: crate::term::purpose::Taxonomy,
}

impl Desk {
    fn of(own: Side) -> Self {
        Self {
            own,
            offered: Offered::Officer,
            beforehand: false,
            state: None,
            count: 0,
            purposes: taxonomy(),
        }
    }

    fn facts(&self) -> Facts<'_> {
        self.facts_with(&self.purposes)
    }

    fn hear(&mut self, from: Side, content: Content) -> Result<Vec<Send>, Code> {
        self.count += 1;
        self.hear_as(MessageId([self.count; 16]), from, content)
    }

    fn hear_as(&mut self, id: MessageId, from: Side, content: Content) -> Result<Vec<Send>, Code> {
        let message = Message { id, from, content };
        let facts = self.facts();
        let result = match &self.state {
            None => open(parties(), message, &facts),
            Some(state) => step(state, message, &facts),
        };
        let (state, sends) = result.map_err(|refusal| refusal.code)?;
        self.state = Some(state);
        Ok(sends)
    }

    fn phase(&self) -> Option<Phase> {
        self.state.as_ref().map(State::phase)
    }
}

use Side::{Consumer, Provider};

#[test]
fn a_request_is_agreed_verified_and_finalised() {
    let p = proposal(5);
    for own in [Provider, Consumer] {
        let mut desk = Desk::of(own);
        assert_eq!(desk.hear(Consumer, request(&p)), Ok(vec![]));
        assert_eq!(desk.hear(Provider, agree(&p)), Ok(vec![]));
        let sends = desk.hear(Consumer, verify(&p)).unwrap();
        let expect = match own {
            Provider => vec![Send::Finalization(p.contract)],
            Consumer => vec![],
        };
        assert_eq!(sends, expect);
        assert_eq!(desk.hear(Provider, finalize(&p)), Ok(vec![]));
        let state = desk.state.unwrap();
        assert_eq!(state.phase(), Phase::Finalized);
        assert!(state.signed().unwrap().clone().verify(&Keys).is_ok());
        assert_eq!(state.turn(), None);
    }
}

#[test]
fn counters_go_to_and_fro_until_one_is_accepted() {
    let (a, b, c) = (proposal(1), proposal(2), proposal(3));
    let mut desk = Desk::of(Provider);
    desk.hear(Consumer, request(&a)).unwrap();
    assert_eq!(
        desk.hear(Consumer, request(&b)),
        Err(Code::NegotiationState)
    );
    desk.hear(Provider, offer(&b)).unwrap();
    assert_eq!(desk.hear(Consumer, accept(&a)), Err(Code::NegotiationState));
    assert_eq!(desk.hear(Provider, agree(&b)), Err(Code::NegotiationState));
    desk.hear(Consumer, request(&c)).unwrap();
    desk.hear(Provider, offer(&c)).unwrap();
    desk.hear(Consumer, accept(&c)).unwrap();
    assert_eq!(desk.hear(Provider, agree(&b)), Err(Code::NegotiationState));
    desk.hear(Provider, agree(&c)).unwrap();
    assert_eq!(desk.phase(), Some(Phase::Agreed));
    assert_eq!(
        desk.state.unwrap().due(Consumer),
        Some(Send::Verification(c.contract))
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
        decline(),
    ];
    let way = [
        (Consumer, request(&p)),
        (Provider, offer(&p)),
        (Consumer, accept(&p)),
        (Provider, agree(&p)),
        (Consumer, verify(&p)),
        (Provider, finalize(&p)),
    ];
    // Each row: after so many messages of the way above, what is accepted, as `who:what`.
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
                let mut desk = Desk::of(Provider);
                for (from, content) in way.iter().take(done).cloned() {
                    desk.hear(from, content).unwrap();
                }
                if desk.hear(side, content.clone()).is_ok() {
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
fn nobody_signs_what_nobody_allowed() {
    let (p, q) = (proposal(5), proposal(6));
    let mut desk = Desk::of(Provider);
    desk.offered = Offered::Auto;
    assert_eq!(
        desk.hear(Consumer, request(&p)),
        Ok(vec![Send::Agreement(p.contract)])
    );
    let mut desk = Desk::of(Provider);
    desk.beforehand = true;
    desk.hear(Consumer, request(&p)).unwrap();
    assert_eq!(
        desk.state.as_ref().unwrap().consent(),
        None,
        "the peer's message is not our word"
    );
    desk.hear(Provider, offer(&q)).unwrap();
    desk.beforehand = false;
    assert_eq!(
        desk.hear(Consumer, accept(&q)),
        Ok(vec![Send::Agreement(q.contract)])
    );
    let mut desk = Desk::of(Consumer);
    desk.beforehand = true;
    desk.hear(Consumer, request(&p)).unwrap();
    desk.beforehand = false;
    assert_eq!(
        desk.hear(Provider, agree(&p)),
        Ok(vec![Send::Verification(p.contract)])
    );
    let mut desk = Desk::of(Consumer);
    desk.beforehand = true;
    desk.hear(Consumer, request(&p)).unwrap();
    desk.beforehand = false;
    desk.hear(Provider, offer(&q)).unwrap();
    desk.hear(Consumer, accept(&q)).unwrap();
    assert_eq!(
        desk.hear(Provider, agree(&q)),
        Ok(vec![]),
        "the word was for another text"
    );
}

#[test]
fn signatures_are_checked_when_they_come() {
    let p = proposal(5);
    let ready = || {
        let mut desk = Desk::of(Consumer);
        desk.hear(Consumer, request(&p)).unwrap();
        desk
    };
    let with = |change: &dyn Fn(&mut SignedContract)| {
        let mut signed = signed(&p, &[Role::Provider]);
        change(&mut signed);
        ready().hear(Provider, Content::Agreement { signed })
    };
    assert_eq!(with(&|_| {}), Ok(vec![]));
    assert_eq!(with(&|s| s.signatures.clear()), Err(Code::SignatureMissing));
    assert_eq!(
        with(&|s| s.signatures[0].signature.push(0)),
        Err(Code::SignatureInvalid)
    );
    assert_eq!(
        with(&|s| s.signatures[0].kid.push('x')),
        Err(Code::SignerNotParty)
    );
    assert_eq!(
        with(&|s| s.signatures[0].role = Role::Consumer),
        Err(Code::SignatureMissing)
    );
    assert_eq!(
        with(&|s| s.signatures.push(s.signatures[0].clone())),
        Err(Code::SignatureCount)
    );
    assert_eq!(
        with(&|s| s.id = proposal(6).contract),
        Err(Code::NegotiationState)
    );
    assert_eq!(
        with(&|s| s.agreement.clauses.clear()),
        Err(Code::ContractMalformed)
    );
    let mut desk = ready();
    desk.hear(Provider, agree(&p)).unwrap();
    desk.hear(Consumer, verify(&p)).unwrap();
    let mut half = signed(&p, &[Role::Provider]);
    assert_eq!(
        desk.hear(
            Provider,
            Content::Finalization {
                signed: half.clone()
            }
        ),
        Err(Code::SignatureMissing)
    );
    half.signatures.push(half.signatures[0].clone());
    assert_eq!(
        desk.hear(Provider, Content::Finalization { signed: half }),
        Err(Code::SignatureMissing)
    );
    assert_eq!(desk.phase(), Some(Phase::Verified));
}

#[test]
fn proposals_that_are_answered_no() {
    let opened = |change: &dyn Fn(&mut Agreement)| {
        let mut agreement = proposal(5).agreement;
        change(&mut agreement);
        Desk::of(Provider).hear(Consumer, request(&propose(agreement)))
    };
    assert_eq!(opened(&|_| {}), Ok(vec![]));
    assert_eq!(
        opened(&|a| a.assignee = Assignee::Public),
        Err(Code::ContractMalformed)
    );
    assert_eq!(
        opened(&|a| a.provider.id = participant(CONSUMER)),
        Err(Code::ContractMalformed)
    );
    assert_eq!(
        opened(&|a| a.dataset.id = dataset("other")),
        Err(Code::ContractMalformed)
    );
    assert_eq!(
        opened(&|a| a.not_after = a.not_before),
        Err(Code::PolicyContradiction)
    );
    assert_eq!(
        opened(&|a| a.not_after = time("2026-05-01T00:00:00Z")),
        Err(Code::PolicyContradiction)
    );
    assert_eq!(
        opened(&|a| a.purposes = "3".to_owned()),
        Err(Code::TermUnknown)
    );
    assert_eq!(
        opened(&|a| a.clauses[0].term = Term::Columns(vec![])),
        Err(Code::PolicyContradiction)
    );
    assert_eq!(
        opened(&|a| a.clauses[0].term = Term::Purpose(vec!["elsewhere".parse().unwrap()])),
        Err(Code::PurposeUnknown)
    );
    assert_eq!(
        opened(&|a| a.supersedes = Some(proposal(1).contract)),
        Err(Code::ContractUnknown)
    );
}

#[test]
fn an_offer_that_is_not_made_is_unknown() {
    let p = proposal(5);
    let named = || Content::Request {
        offer: Some(Digest::of(b"offer")),
        proposal: p.clone(),
    };
    let ask = |offered, content| {
        let mut desk = Desk::of(Provider);
        desk.offered = offered;
        desk.hear(Consumer, content).map(|_| ())
    };
    assert_eq!(ask(Offered::Nothing, named()), Err(Code::OfferUnknown));
    assert_eq!(ask(Offered::Nothing, request(&p)), Err(Code::OfferUnknown));
    assert_eq!(ask(Offered::OtherTerms, named()), Err(Code::OfferUnknown));
    assert_eq!(ask(Offered::OtherTerms, request(&p)), Ok(()));
    assert_eq!(ask(Offered::Officer, named()), Ok(()));
}

#[test]
fn a_contract_replaces_one_between_the_same_two_only() {
    let old = agreement("bikes", []);
    let mut new = proposal(5).agreement;
    new.supersedes = Some(proposal(1).contract);
    let other = agreement("air", []);
    let purposes = taxonomy();
    let ask = |replaces| {
        let facts = Facts {
            replaces: Some(replaces),
            ..Desk::of(Provider).facts_with(&purposes)
        };
        let message = Message {
            id: MessageId([1; 16]),
            from: Consumer,
            content: request(&propose(new.clone())),
        };
        open(parties(), message, &facts)
            .map(|_| ())
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(ask(&old), Ok(()));
    assert_eq!(ask(&other), Err(Code::ContractUnknown));
}

impl Desk {
    fn facts_with<'a>(&self, taxonomy: &'a crate::term::purpose::Taxonomy) -> Facts<'a> {
        Facts {
            now: time("2026-06-01T00:00:00Z"),
            own: self.own,
            taxonomy,
            keys: &Keys,
            offered: self.offered,
            replaces: None,
            objection: None,
            sign_beforehand: self.beforehand,
        }
    }
}

#[test]
fn a_negotiation_does_not_grow_without_end() {
    let mut desk = Desk::of(Provider);
    desk.hear(Provider, offer(&proposal(1))).unwrap();
    for _ in 1..MOST_MESSAGES {
        desk.hear(Provider, offer(&proposal(2))).unwrap();
    }
    assert_eq!(
        desk.hear(Provider, offer(&proposal(3))),
        Err(Code::NegotiationState)
    );
    assert_eq!(desk.hear(Consumer, decline()), Ok(vec![]));
    assert_eq!(desk.phase(), Some(Phase::Terminated));
}

/// Letters of a log that a newer program would judge otherwise still tell how the negotiation came to its end.
#[test]
fn letters_are_read_again_as_they_were_taken_in() {
    let p = proposal(5);
    let way = [
        (Consumer, request(&p)),
        (Provider, agree(&p)),
        (Consumer, verify(&p)),
        (Provider, finalize(&p)),
    ];
    let mut newer = taxonomy();
    newer.label = "9.9:sha256:newer".to_owned();
    let facts = Facts {
        now: time("2030-01-01T00:00:00Z"),
        offered: Offered::Nothing,
        ..Desk::of(Provider).facts_with(&newer)
    };
    let message = |number: u8, (from, content): (Side, Content)| Message {
        id: MessageId([number; 16]),
        from,
        content,
    };
    let code = open(parties(), message(0, way[0].clone()), &facts)
        .unwrap_err()
        .code;
    assert_eq!(code, Code::PolicyContradiction);
    let (mut state, _) = open_again(parties(), message(0, way[0].clone()), &facts).unwrap();
    for (number, said) in (1..).zip(&way[1..]) {
        (state, _) = step_again(&state, message(number, said.clone()), &facts).unwrap();
    }
    assert_eq!(state.phase(), Phase::Finalized);
    let mut forged = signed(&p, &[Role::Provider]);
    forged.signatures[0].signature.push(0);
    let (state, _) = open_again(parties(), message(0, way[0].clone()), &facts).unwrap();
    let said = (Provider, Content::Agreement { signed: forged });
    let code = step_again(&state, message(1, said), &facts)
        .unwrap_err()
        .code;
    assert_eq!(code, Code::SignatureInvalid);
}

mod random;
