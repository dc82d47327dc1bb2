//! error: E0451
//! Only `decide` permits a question: a ruling can't be written down by hand.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::ActiveContracts;
use hansa_policy::id::RequestId;
use hansa_policy::decision::PermitDecision;
use std::collections::BTreeMap;
use hansa_policy::decision::resolved_row_scope::ResolvedRowScope;

pub fn forge<Q>(question: Q, standing: ActiveContracts, request: RequestId) -> PermitDecision<Q> {
    PermitDecision {
        question,
        standing,
        request,
        purpose: None,
        sql_commit: Digest::of(b""),
        effects: BTreeMap::new(),
        at: UtcTimestamp::EPOCH,
        prohibits: BTreeMap::new(),
        snapshots: BTreeMap::new(),
        relied: BTreeMap::new(),
        budgets: Vec::new(),
        row_limit: None,
        rates: Vec::new(),
        ends: UtcTimestamp::LATEST,
        prohibited: UtcTimestamp::LATEST,
        guard_begins: UtcTimestamp::LATEST,
        guards: BTreeMap::new(),
        charges: Vec::new(),
        node_version: String::new(),
        mark: None,
        row_scope: ResolvedRowScope::default(),
    }
}
