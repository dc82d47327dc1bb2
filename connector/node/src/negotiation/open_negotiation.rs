//! A negotiation as it stands.

use hansa_policy::contract::Agreement;
use hansa_policy::id::ParticipantId;
use hansa_policy::negotiation::{NegotiationParties, NegotiationState, PartyRole};

/// A negotiation as it stands, with how it came there.
#[derive(Debug)]
pub struct OpenNegotiation {
    /// The machine's state.
    pub state: NegotiationState,
    /// Our side.
    pub own: PartyRole,
    /// The proposal before the newest one, for showing what changed.
    pub before: Option<Agreement>,
}

impl OpenNegotiation {
    /// Whom we negotiate with.
    pub const fn other(&self) -> &ParticipantId {
        party(self.state.parties(), self.own.other())
    }

    /// The sentence that says whose turn it is, or how the negotiation ended.
    pub fn turn_sentence(&self) -> String {
        match self.state.turn() {
            None => self.state.termination().map_or_else(
                || "it is done".to_owned(),
                |ended| {
                    format!(
                        "it was ended by the {}: {}",
                        ended.by.as_str(),
                        ended.reason
                    )
                },
            ),
            Some(side) if side == self.own => {
                "it is our turn: hansa contract show, then sign, counter or decline".to_owned()
            }
            Some(side) => format!("it is the {}'s turn", side.as_str()),
        }
    }
}

/// The party on this side.
pub(super) const fn party(parties: &NegotiationParties, side: PartyRole) -> &ParticipantId {
    match side {
        PartyRole::Provider => &parties.provider,
        PartyRole::Consumer => &parties.consumer,
    }
}
