//! Facts on which a step depends, beside the message and the time.

use crate::contract::combined_contracts;
use crate::contract::contract_state::ContractState;
use crate::offer::offers::OfferChecks;
use crate::participant::Connector;
use crate::participant::approval;
use hansa_audit_log::digest::Digest;
use hansa_catalog::lint;
use hansa_catalog::offer::{Offer, SigningMode};
use hansa_policy::contract::{Agreement, Assignee, ContractParty};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::negotiation::{OfferMatch, PartyRole};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Clause;

/// Facts about a proposal from the own catalog and registry.
pub(super) struct ProposalContext {
    pub(super) offered: OfferMatch,
    pub(super) replaces: Option<Agreement>,
    pub(super) objection: Option<Refusal>,
}

impl ProposalContext {
    /// Looks up the current facts. `to` decides between all local facts and those that the peer can see.
    pub(super) fn current_facts(
        connector: &Connector,
        own: PartyRole,
        peer: &ParticipantId,
        agreement: &Agreement,
        to: Audience,
    ) -> Self {
        let replaces = agreement.supersedes.and_then(|old| {
            connector
                .contracts
                .with_registry(|registry| registry.agreement(old).cloned())
        });
        let seen = match own {
            PartyRole::Provider => match_offer(connector, peer, agreement, to),
            PartyRole::Consumer => None,
        };
        let (offered, objection) = seen.unwrap_or((OfferMatch::Nothing, None));
        let objection = unregistered_party_refusal(connector, agreement)
            .or_else(|| reused_label_refusal(&connector.contracts, agreement))
            .or(objection);
        Self {
            offered,
            replaces,
            objection,
        }
    }

    /// Assumed facts of a message that was accepted earlier.
    pub(super) const fn assumed_facts() -> Self {
        Self {
            offered: OfferMatch::Officer,
            replaces: None,
            objection: None,
        }
    }
}

/// Checks a contract with a Dataspace Protocol partner, with the checks of a contract with a participant.
///
/// # Errors
/// The refusal; `OFFER_UNKNOWN` if the contract differs from the offer to the partner.
pub fn check_partner(
    connector: &Connector,
    partner: &ParticipantId,
    agreement: &Agreement,
) -> Result<(), Refusal> {
    let to = Audience::Ourselves;
    let known =
        ProposalContext::current_facts(connector, PartyRole::Provider, partner, agreement, to);
    match (known.offered, known.objection) {
        (OfferMatch::Auto | OfferMatch::Officer, None) => Ok(()),
        (_, Some(objection)) => Err(objection),
        (OfferMatch::Nothing | OfferMatch::OtherTerms, None) => Err(Refusal::new(
            ErrorCode::OfferUnknown,
            "the offer is no longer made",
        )),
    }
}

/// Reader of an objection to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Officer of this participant.
    Ourselves,
    /// Other party. A column hidden from it must look nonexistent.
    Peer,
}

/// Refusal if a party of the proposal differs from its registration in the league. The proposer writes the names, keys and
/// authorities of both parties.
fn unregistered_party_refusal(connector: &Connector, agreement: &Agreement) -> Option<Refusal> {
    let (bundle, now) = (connector.identity.trust.bundle(), connector.now());
    let assignee = match &agreement.assignee {
        Assignee::Participant(party) => Some(party),
        Assignee::Public | Assignee::Partner(_) => None,
    };
    let registered = |party: &ContractParty| {
        bundle.member(&party.id).is_some_and(|member| {
            let key = bundle.may_conclude(&party.id, &party.signing_key, now);
            let mut anchors = bundle.anchors_for(&party.id, now);
            key && party.name == member.name
                && party.legal_id.is_none()
                && anchors.any(|(_, anchor)| anchor.spki == party.tls_issuer)
        })
    };
    let wrong = [Some(&agreement.provider), assignee]
        .into_iter()
        .flatten()
        .find(|party| !registered(party));
    let refusal = |sentence: String| Refusal::new(ErrorCode::ContractMalformed, sentence);
    match wrong {
        Some(party) => Some(
            refusal(format!(
                "the proposal does not name {} as the league registers it",
                party.id.domain()
            ))
            .with_help("take in the newest trust bundle and propose again"),
        ),
        None if agreement.signatory.is_some() => Some(refusal(
            "the proposal names a signatory for the other side".to_owned(),
        )),
        None => None,
    }
}

/// Refusal of a reused label. A label, id with version, belongs to one contract forever.
fn reused_label_refusal(contracts: &ContractState, agreement: &Agreement) -> Option<Refusal> {
    let id = ContractId(Digest::of(&hansa_proto::contract::to_bytes(agreement)));
    contracts
        .with_registry(|registry| registry.check_label(id, agreement))
        .err()
}

/// Returns the match between the catalog's offers to the peer and a proposal, with the lint's objection; `None` if the peer sees no
/// such dataset.
fn match_offer(
    connector: &Connector,
    peer: &ParticipantId,
    agreement: &Agreement,
    to: Audience,
) -> Option<(OfferMatch, Option<Refusal>)> {
    let now = connector.now();
    let (dataset, entry, shown, offers) = connector.datasets.catalog(|catalog| {
        connector.contracts.with_registry(|registry| {
            let name = &agreement.dataset.id.name;
            let seen = catalog.visible_one(peer, registry, now, name)?;
            let entry = seen.entry(registry);
            let held = seen
                .contracts
                .iter()
                .filter_map(|id| registry.agreement(*id));
            let mut shown: Vec<Clause> = held.flat_map(|held| held.clauses.clone()).collect();
            let offers: Vec<Offer> = seen
                .offers
                .into_iter()
                .map(|offer| (**offer).clone())
                .collect();
            shown.extend(offers.iter().flat_map(|offer| offer.clauses.clone()));
            Some((seen.dataset.clone(), entry, shown, offers))
        })
    })?;
    let exact = offers.iter().find(|offer| offer.is_exactly(agreement));
    let broken_rule = OfferChecks::of(connector)
        .rulebook_findings(agreement.into(), &dataset)
        .first()
        .map(|finding| finding.to_refusal(&agreement.clauses));
    let whole = lint::find_objection(agreement, &dataset, &connector.reloadable.taxonomy())
        .or_else(|| broken_rule.clone());
    let offered = match exact.map(|offer| offer.sign) {
        None => OfferMatch::OtherTerms,
        Some(SigningMode::Officer) => OfferMatch::Officer,
        // The connector does not sign proposals that need two officers or a key elsewhere, nor those with objections.
        Some(SigningMode::Auto)
            if whole.is_some()
                || approval::needs_two(connector, agreement).is_some()
                || !connector.concludes_contracts() =>
        {
            OfferMatch::Officer
        }
        Some(SigningMode::Auto) => OfferMatch::Auto,
    };
    // INVARIANT: no-hint. Peers get only the lint's objections about the entry that they see. Officers of this participant get the
    // others, too.
    let lint = match to {
        Audience::Ourselves => whole,
        Audience::Peer => lint::unknown_to_sender(&agreement.clauses, &entry, &shown)
            .or_else(|| lint::find_objection(agreement, &entry, &connector.reloadable.taxonomy()))
            .or(broken_rule),
    };
    let objection = lint
        .or_else(|| {
            connector
                .reloadable
                .published_lists()
                .check_executable(&agreement.clauses)
                .err()
        })
        .or_else(|| {
            connector
                .contracts
                .with_registry(|registry| registry.check_exclusive(agreement, now))
                .err()
        })
        .or_else(|| {
            connector
                .contracts
                .with_registry(|registry| registry.check_nested(agreement, now))
                .err()
        })
        .or_else(|| combined_contracts::check_agreement(connector, agreement).err());
    Some((offered, objection))
}
