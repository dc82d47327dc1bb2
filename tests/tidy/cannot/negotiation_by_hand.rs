//! error: E0451
//! A negotiation is in the state to which its messages led: a state can't be written down by hand.

use policy::negotiate::{Parties, Phase, Proposal, Side, State};
use std::collections::BTreeMap;

pub fn forge(parties: Parties, proposal: Proposal) -> State {
    State {
        parties,
        phase: Phase::Finalized,
        proposal,
        proposed_by: Side::Provider,
        signed: None,
        consent: None,
        ended: None,
        heard: BTreeMap::new(),
    }
}
