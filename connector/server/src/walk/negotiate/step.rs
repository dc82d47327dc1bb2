//! One letter makes one step of the machine, now or read again.

use crate::node::Node;
use crate::walk::negotiate::known::{Known, Told};
use crate::walk::negotiate::wording::read;
use crate::walk::negotiate::{Open, letters};
use hansa_audit_log::time::Time;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ParticipantId;
use hansa_policy::negotiate::{
    self, Content, Facts, Message, MessageId, Parties, Proposal, Send, Side,
};
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::peer::letter::{Letter, LetterId};

/// The step that a letter makes now, in the negotiation that it names or as the first of a new one.
///
/// # Errors
/// What the machine has against it. A negotiation with somebody else looks like none.
pub(super) fn step(
    node: &Node,
    peer: &ParticipantId,
    letter: &Letter,
    direction: Direction,
) -> Stepped {
    let name = letter.content.negotiation().ok_or_else(|| {
        Refusal::new(
            Code::NegotiationUnknown,
            "the letter belongs to no negotiation",
        )
    })?;
    let unknown = || {
        Refusal::new(
            Code::NegotiationUnknown,
            format!("no negotiation `{name}` with you"),
        )
    };
    let content = read(&letter.content)?;
    let place = match letters::load(node, name)? {
        Some(open) => Place::next(open),
        None => {
            let proposal = proposal_of(&content).ok_or_else(unknown)?;
            let parties = parties(name, &proposal.agreement).ok_or_else(unknown)?;
            let own = [Side::Provider, Side::Consumer]
                .into_iter()
                .find(|side| *party(&parties, *side) == node.id())
                .ok_or_else(unknown)?;
            Place::first(own, parties)
        }
    };
    if party(&place.parties, place.own.other()) != peer {
        return Err(unknown());
    }
    let on_the_table = place.open.as_ref().map(|open| open.state.proposal());
    let asked = proposal_of(&content).or(on_the_table).ok_or_else(unknown)?;
    let told = match direction {
        Direction::In => Told::Peer,
        Direction::Out { .. } => Told::Ourselves,
    };
    let known = Known::now(node, place.own, peer, &asked.agreement, told);
    let taken = Taken {
        id: letter.id,
        content,
        direction,
        at: node.now(),
        known,
    };
    taken.step(node, place, Judged::Now)
}

/// A step that was made: how the negotiation stands, and what must be sent without asking anybody.
pub(super) type Stepped = Result<(Open, Vec<Send>), Refusal>;

/// Which way a letter goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    In,
    Out { sign_beforehand: bool },
}

/// Where a letter belongs.
pub(super) struct Place {
    own: Side,
    parties: Parties,
    open: Option<Open>,
}

impl Place {
    /// It opens a negotiation.
    pub(super) const fn first(own: Side, parties: Parties) -> Self {
        Self {
            own,
            parties,
            open: None,
        }
    }

    /// It goes on with this one.
    pub(super) fn next(open: Open) -> Self {
        Self {
            own: open.own,
            parties: open.state.parties().clone(),
            open: Some(open),
        }
    }
}

/// A letter that is taken in, and what its step may depend on.
pub(super) struct Taken {
    pub(super) id: LetterId,
    pub(super) content: Content,
    pub(super) direction: Direction,
    pub(super) at: Time,
    pub(super) known: Known,
}

impl Taken {
    /// Makes the step.
    pub(super) fn step(self, node: &Node, place: Place, judged: Judged) -> Stepped {
        let own = place.own;
        let (from, sign_beforehand) = match self.direction {
            Direction::In => (own.other(), false),
            Direction::Out { sign_beforehand } => (own, sign_beforehand),
        };
        let bundle = node.trust.bundle();
        let keys = bundle.keys(self.at);
        let taxonomy = node.taxonomy();
        let facts = Facts {
            now: self.at,
            own,
            taxonomy: &taxonomy,
            keys: &keys,
            offered: self.known.offered,
            replaces: self.known.replaces.as_ref(),
            objection: self.known.objection.as_ref(),
            sign_beforehand,
        };
        let message = Message {
            id: MessageId(self.id.0),
            from,
            content: self.content,
        };
        let Some(open) = place.open else {
            let (state, sends) = match judged {
                Judged::Now => negotiate::open(place.parties, message, &facts),
                Judged::Then => negotiate::open_again(place.parties, message, &facts),
            }?;
            let before = None;
            return Ok((Open { state, own, before }, sends));
        };
        let before = match proposal_of(&message.content) {
            Some(_) => Some(open.state.proposal().agreement.clone()),
            None => open.before,
        };
        let (state, sends) = match judged {
            Judged::Now => negotiate::step(&open.state, message, &facts),
            Judged::Then => negotiate::step_again(&open.state, message, &facts),
        }?;
        Ok((Open { state, own, before }, sends))
    }
}

/// Whether a letter is judged by what is known now, or was judged when it was taken in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Judged {
    Now,
    Then,
}

/// Between whom a negotiation is that begins with this agreement; none, if nobody in particular is asked.
pub(super) fn parties(name: &str, agreement: &Agreement) -> Option<Parties> {
    Some(Parties {
        negotiation: name.to_owned(),
        dataset: agreement.dataset.id.clone(),
        provider: agreement.provider.id.clone(),
        consumer: agreement.assignee_id()?.clone(),
    })
}

/// The party on this side.
pub(super) const fn party(parties: &Parties, side: Side) -> &ParticipantId {
    match side {
        Side::Provider => &parties.provider,
        Side::Consumer => &parties.consumer,
    }
}

/// What a step proposes.
pub(super) fn proposal_of(content: &Content) -> Option<&Proposal> {
    match content {
        Content::Request { proposal, .. } | Content::Offer { proposal } => Some(proposal),
        Content::Acceptance { .. }
        | Content::Agreement { .. }
        | Content::Verification { .. }
        | Content::Finalization { .. }
        | Content::Termination { .. } => None,
    }
}
