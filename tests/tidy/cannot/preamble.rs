//! What every attempt begins with.

extern crate evidence;
extern crate policy;

use evidence::digest::Digest;
use evidence::ledger::{Flushed, Ledger, Receipt, Recorded, Staged};
use evidence::time::Time;
use policy::contract::{Agreed, Agreement, Book, InForce, Revoked, SignedContract};
use policy::id::{ContractId, ParticipantId};
use policy::peer::{Presented, VerifiedPeer};
use policy::refusal::Refusal;
use policy::ruling::{Declined, Facts, Question, Ruled, decide};
use enforce::apply::{Permitted, apply};
use enforce::bind::Bound;
use enforce::cube::Tools;
use proto::peer::refusal::to_wire;

/// A value that somebody holds, wherever it is from.
fn given<T>() -> T {
    loop {}
}
