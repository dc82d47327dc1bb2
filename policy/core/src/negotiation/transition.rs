//! One step of a negotiation: transition table, checks of the message, automatic next messages.

use super::{
    HandledMessage, MOST_MESSAGES, NegotiationContent, NegotiationContext, NegotiationMessage,
    NegotiationParties, NegotiationState, NegotiationTermination, NextMessage, OfferMatch,
    PartyRole, Phase, Proposal,
};
use crate::contract::signature::SignatoryRole;
use crate::contract::{Agreement, Assignee, SignedContract};
use crate::id::ContractId;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::term::rule::EffectBinding;
use crate::term::{self, clause_effects};
use std::collections::BTreeMap;

/// Mode of the check of a proposal: now, or skipped since it was made when the message was first processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProposalCheck {
    Now,
    Then,
}

pub(super) fn open_negotiation(
    parties: NegotiationParties,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
    judge: ProposalCheck,
) -> Result<(NegotiationState, Vec<NextMessage>), Refusal> {
    let phase = Phase::next_phase(None, message.content.step(), message.from)
        .ok_or_else(|| out_of_turn(None, &message))?;
    let (NegotiationContent::Request { proposal, .. } | NegotiationContent::Offer { proposal }) =
        &message.content
    else {
        return Err(out_of_turn(None, &message));
    };
    check_parties(&parties, proposal)?;
    if judge == ProposalCheck::Now {
        check_proposal(proposal, facts)?;
        check_offered(&message, facts)?;
    }
    let state = NegotiationState {
        parties,
        phase,
        proposal: proposal.clone(),
        proposed_by: message.from,
        signed: None,
        consent: None,
        ended: None,
        handled: BTreeMap::new(),
    };
    Ok(conclude_step(state, message, facts))
}

pub(super) fn take_step(
    state: &NegotiationState,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
    judge: ProposalCheck,
) -> Result<(NegotiationState, Vec<NextMessage>), Refusal> {
    if let Some(handled) = state.handled.get(&(message.from, message.id)) {
        // INVARIANT: once. A repeated message gets the first answer and has no effect.
        return if handled.content == message.content {
            Ok((state.clone(), handled.sends.clone()))
        } else {
            Err(Refusal::new(
                ErrorCode::RequestIdReused,
                format!("the message id {} was used for another message", message.id),
            ))
        };
    }
    let phase = Phase::next_phase(Some(state.phase), message.content.step(), message.from)
        .ok_or_else(|| out_of_turn(Some(state.phase), &message))?;
    let ends = matches!(message.content, NegotiationContent::Termination { .. });
    if state.handled.len() >= MOST_MESSAGES && !ends {
        return Err(Refusal::new(
            ErrorCode::NegotiationState,
            format!("the negotiation has had {MOST_MESSAGES} messages; open another one"),
        ));
    }
    let mut next = NegotiationState {
        phase,
        ..state.clone()
    };
    match &message.content {
        NegotiationContent::Request { proposal, .. } | NegotiationContent::Offer { proposal } => {
            check_parties(&state.parties, proposal)?;
            if judge == ProposalCheck::Now {
                check_proposal(proposal, facts)?;
                check_offered(&message, facts)?;
            }
            next.proposal = proposal.clone();
            next.proposed_by = message.from;
        }
        NegotiationContent::Acceptance { contract } => same_contract(state, *contract)?,
        NegotiationContent::Agreement { signed } => {
            // An old proposal may have expired, or may no longer be enforceable here.
            if judge == ProposalCheck::Now {
                check_proposal(&state.proposal, facts)?;
            }
            check_signed(state, signed, SignatoryRole::Provider, facts)?;
            next.signed = Some(signed.clone());
        }
        NegotiationContent::Verification { signed } => {
            check_signed(state, signed, SignatoryRole::Consumer, facts)?;
            let mut both = state.signed.clone().ok_or_else(missing_signature_refusal)?;
            both.signatures.extend(signed.signatures.iter().cloned());
            next.signed = Some(both);
        }
        NegotiationContent::Finalization { signed } => {
            same_contract(state, signed.id)?;
            same_terms(state, &signed.agreement)?;
            // INVARIANT: both-signatures. A contract is final only with both signatures, each checked in this step.
            signed.clone().verify(facts.keys)?;
            next.signed = Some(signed.clone());
        }
        NegotiationContent::Termination { code, reason } => {
            next.signed = None;
            next.ended = Some(NegotiationTermination {
                by: message.from,
                code: *code,
                reason: reason.clone(),
            });
        }
    }
    Ok(conclude_step(next, message, facts))
}

/// Notes the message and the officer's consent, and gives the automatic next messages.
fn conclude_step(
    mut state: NegotiationState,
    message: NegotiationMessage,
    facts: &NegotiationContext<'_>,
) -> (NegotiationState, Vec<NextMessage>) {
    let ours = message.from == facts.own;
    if ours && facts.sign_beforehand {
        state.consent = Some(state.proposal.contract);
    } else if state.consent != Some(state.proposal.contract) {
        // The officer's consent was for exactly one text.
        state.consent = None;
    }
    let follows = state.automatic_message(facts.own, facts.offer_match);
    let sends: Vec<NextMessage> = follows.into_iter().collect();
    state.handled.insert(
        (message.from, message.id),
        HandledMessage {
            content: message.content,
            sends: sends.clone(),
        },
    );
    (state, sends)
}

impl NegotiationState {
    /// Message that this side must send now without a person's decision. For a negotiation that is resumed after its automatic next
    /// message was not sent. `offered` is the result of the comparison of the present proposal with the catalogue.
    #[must_use]
    pub fn automatic_message(&self, own: PartyRole, offered: OfferMatch) -> Option<NextMessage> {
        self.next_message(own)
            .filter(|send| by_itself(*send, self, offered))
    }
}

/// True if this side continues without a person's decision: the officer has agreed in advance to this text, or the offer is one
/// that the connector signs. The finalization needs no decision.
fn by_itself(send: NextMessage, state: &NegotiationState, offered: OfferMatch) -> bool {
    match send {
        NextMessage::Acceptance(_) => false,
        NextMessage::Agreement(contract) => {
            state.consent == Some(contract) || offered == OfferMatch::Auto
        }
        NextMessage::Verification(contract) => state.consent == Some(contract),
        NextMessage::Finalization(_) => true,
    }
}

fn check_offered(
    message: &NegotiationMessage,
    facts: &NegotiationContext<'_>,
) -> Result<(), Refusal> {
    let NegotiationContent::Request { offer, .. } = &message.content else {
        return Ok(());
    };
    if facts.own == PartyRole::Consumer {
        return Ok(());
    }
    let known = match (facts.offer_match, offer) {
        (OfferMatch::Nothing, _) | (OfferMatch::OtherTerms, Some(_)) => false,
        (OfferMatch::OtherTerms, None) | (OfferMatch::Officer | OfferMatch::Auto, _) => true,
    };
    if known {
        Ok(())
    } else {
        Err(Refusal::new(
            ErrorCode::OfferUnknown,
            "there is no such offer to you",
        ))
    }
}

/// Checks that a proposal is between the parties of this negotiation and about its dataset.
fn check_parties(parties: &NegotiationParties, proposal: &Proposal) -> Result<(), Refusal> {
    let agreement = &proposal.agreement;
    let Assignee::Participant(consumer) = &agreement.assignee else {
        return Err(malformed_contract_refusal(
            "a public view is offered, not negotiated",
        ));
    };
    if agreement.provider.id != parties.provider
        || consumer.id != parties.consumer
        || agreement.dataset.id != parties.dataset
        || agreement.dataset.id.owner != agreement.provider.id
    {
        return Err(malformed_contract_refusal(
            "the proposal is between other parties, or about another dataset",
        ));
    }
    Ok(())
}

/// Checks a proposal of either side. A term that can't be enforced is refused here, never later.
fn check_proposal(proposal: &Proposal, facts: &NegotiationContext<'_>) -> Result<(), Refusal> {
    let agreement = &proposal.agreement;
    if agreement.not_before >= agreement.not_after || agreement.not_after <= facts.now {
        return Err(contradiction_refusal(format!(
            "the contract would be over on {}",
            agreement.not_after
        )));
    }
    check_purposes(agreement, facts)?;
    clause_effects::of_clauses(
        &agreement.clauses,
        &EffectBinding::of(&agreement.provider.id),
    )?;
    check_replaced(agreement, facts)?;
    match facts.objection {
        None => Ok(()),
        Some(objection) => Err(objection.clone()),
    }
}

fn check_purposes(agreement: &Agreement, facts: &NegotiationContext<'_>) -> Result<(), Refusal> {
    if agreement.purposes != facts.taxonomy.label {
        return Err(Refusal::new(
            ErrorCode::TermUnknown,
            format!(
                "the proposal uses the purposes `{}`, this connector has `{}`",
                agreement.purposes, facts.taxonomy.label
            ),
        ));
    }
    let whole = facts.taxonomy.with_own(&agreement.own_purposes)?;
    for clause in &agreement.clauses {
        let mut named = clause.term.purposes().iter();
        if let Some(unknown) = named.find(|purpose| !whole.contains(purpose)) {
            return Err(term::cite_clause(
                Refusal::new(
                    ErrorCode::PurposeUnknown,
                    format!("there is no purpose `{unknown}`"),
                ),
                clause,
            ));
        }
    }
    Ok(())
}

/// Checks that a contract replaces none, or one between the same parties about the same dataset.
fn check_replaced(agreement: &Agreement, facts: &NegotiationContext<'_>) -> Result<(), Refusal> {
    let Some(old) = agreement.supersedes else {
        return Ok(());
    };
    if facts.replaces.is_some_and(|old| agreement.may_replace(old)) {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::ContractUnknown,
        format!(
            "there is no contract `{}` that it could replace",
            old.to_short_text()
        ),
    ))
}

fn check_signed(
    state: &NegotiationState,
    signed: &SignedContract,
    role: SignatoryRole,
    facts: &NegotiationContext<'_>,
) -> Result<(), Refusal> {
    same_contract(state, signed.id)?;
    same_terms(state, &signed.agreement)?;
    signed.check_one(role, facts.keys)
}

fn same_contract(state: &NegotiationState, contract: ContractId) -> Result<(), Refusal> {
    if contract == state.proposal.contract {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::NegotiationState,
        format!(
            "the message is about the terms `{}`, but the newest terms are `{}`",
            contract.to_short_text(),
            state.proposal.contract.to_short_text()
        ),
    )
    .with_help("look at the newest terms: hansa contract show --diff"))
}

/// Checks that the agreement equals the proposal. Equal hashes imply this; the check guards against an error of the parser.
fn same_terms(state: &NegotiationState, agreement: &Agreement) -> Result<(), Refusal> {
    if *agreement == state.proposal.agreement {
        Ok(())
    } else {
        Err(malformed_contract_refusal(
            "the signed terms are not the newest terms of the negotiation",
        ))
    }
}

fn out_of_turn(phase: Option<Phase>, message: &NegotiationMessage) -> Refusal {
    let phase = phase.map_or("not open", Phase::as_str);
    Refusal::new(
        ErrorCode::NegotiationState,
        format!(
            "the negotiation is {phase}, so the {} can't send: {}",
            message.from.as_str(),
            message.content.as_str()
        ),
    )
}

fn missing_signature_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::SignatureMissing,
        "the signature of the provider is missing",
    )
}

fn malformed_contract_refusal(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::ContractMalformed, sentence)
}
