//! error: E0451
//! A negotiation is in the state to which its messages led: a state can't be written down by hand.

use hansa_policy::negotiation::{Phase, NegotiationState};

pub fn forge(state: NegotiationState) -> NegotiationState {
    NegotiationState {
        phase: Phase::Finalized,
        ..state
    }
}
