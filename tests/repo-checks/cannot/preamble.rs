//! What every attempt begins with.

extern crate hansa_audit_log;
extern crate hansa_policy;

use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{Flushed, Ledger, Receipt, Recorded, Staged};
use hansa_audit_log::time::Time;
use hansa_policy::contract::{Agreed, Agreement, Book, InForce, Revoked, SignedContract};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::peer::{Presented, VerifiedPeer};
use hansa_policy::refusal::Refusal;
use hansa_policy::ruling::{Declined, Facts, Question, Ruled, decide};
use hansa_enforcement::apply::{Permitted, apply};
use hansa_enforcement::bind::Bound;
use hansa_enforcement::cube::Tools;
use hansa_proto::peer::refusal::to_wire;

/// A value that somebody holds, wherever it is from.
fn given<T>() -> T {
    loop {}
}
