//! error: E0451
//! Only `decide_question` permits a question: a ruling can't be written down by hand.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::ActiveContracts;
use hansa_policy::id::RequestId;
use hansa_policy::decision::PermitDecision;
use std::collections::BTreeMap;
use hansa_policy::decision::resolved_row_scope::ResolvedRowScope;

pub fn forge<Q>(question: Q, active: ActiveContracts, request: RequestId) -> PermitDecision<Q> {
    PermitDecision {
        question,
        active,
        request,
        purpose: None,
        sql_commit: Digest::of(b""),
        // Whatever stands here: nobody else has one.
        conditions: unreachable!(),
        at: UtcTimestamp::EPOCH,
        restrictions: BTreeMap::new(),
        connector_version: String::new(),
        mark: None,
        row_scope: ResolvedRowScope::default(),
    }
}
