//! Current state of a negotiation.

use hansa_policy::contract::Agreement;
use hansa_policy::id::ParticipantId;
use hansa_policy::negotiation::{NegotiationParties, NegotiationState, PartyRole, Phase};
use hansa_store::state_index::row::NegotiationRow;

/// Current state of a negotiation, with its history.
#[derive(Debug)]
pub struct OpenNegotiation {
    /// State of the state machine.
    pub state: NegotiationState,
    /// Role of this participant.
    pub own: PartyRole,
    /// Previous proposal, for showing the changes.
    pub before: Option<Agreement>,
}

impl OpenNegotiation {
    /// Other party of the negotiation.
    pub const fn other_party(&self) -> &ParticipantId {
        party_in_role(self.state.parties(), self.own.other_side())
    }

    /// Sentence with the party whose turn it is, or with the end of the negotiation.
    pub fn turn_sentence(&self) -> String {
        match self.state.next_side() {
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

/// Party in the role `side`.
pub(super) const fn party_in_role(parties: &NegotiationParties, side: PartyRole) -> &ParticipantId {
    match side {
        PartyRole::Provider => &parties.provider,
        PartyRole::Consumer => &parties.consumer,
    }
}

/// True if the next step of an indexed negotiation is this participant's.
pub(super) fn is_own_turn(row: &NegotiationRow) -> bool {
    let phase = Phase::ALL
        .into_iter()
        .find(|phase| phase.as_str() == row.state);
    let turn = phase.and_then(Phase::next_side).map(PartyRole::as_str);
    turn == Some(row.role.as_str())
}
