//! What every attempt begins with.

extern crate hansa_audit_log;
extern crate hansa_policy;

use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{FlushProof, Ledger, RecordReceipt, Recorded, PendingRecord};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::{VerifiedContract, Agreement, ContractRegistry, ActiveContracts, VerifiedWithdrawal, SignedContract};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::peer::{PeerCertificate, VerifiedPeer};
use hansa_policy::refusal::Refusal;
use hansa_policy::decision::{PendingRefusal, PermitDecision, decide_question};
use hansa_enforcement::permitted_plan::{PermittedPlan, apply};
use hansa_enforcement::bound_plan::BoundPlan;
use hansa_enforcement::cube_plan::PrivatePlanContext;
use hansa_proto::peer::refusal::to_wire;
use hansa_policy::decision::decision_input::DecisionInput;
use hansa_policy::decision::query_shape::QueryShape;

/// A value that somebody holds, wherever it is from.
fn given<T>() -> T {
    loop {}
}
