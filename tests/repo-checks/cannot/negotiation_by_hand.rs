//! error: E0451
//! A negotiation is in the state to which its messages led: a state can't be written down by hand.

use hansa_policy::negotiate::{Phase, State};

pub fn forge(state: State) -> State {
    State {
        phase: Phase::Finalized,
        ..state
    }
}
