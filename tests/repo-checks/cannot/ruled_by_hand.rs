//! error: E0451
//! Only `decide` permits a question: a ruling can't be written down by hand.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::Time;
use hansa_policy::contract::InForce;
use hansa_policy::id::RequestId;
use hansa_policy::ruling::Ruled;
use hansa_policy::ruling::since::Part;
use std::collections::BTreeMap;

pub fn forge<Q>(question: Q, standing: InForce, request: RequestId) -> Ruled<Q> {
    Ruled {
        question,
        standing,
        request,
        purpose: None,
        sql_commit: Digest::of(b""),
        effects: BTreeMap::new(),
        at: Time::EPOCH,
        prohibits: BTreeMap::new(),
        snapshots: BTreeMap::new(),
        relied: BTreeMap::new(),
        budgets: Vec::new(),
        row_limit: None,
        rates: Vec::new(),
        ends: Time::LATEST,
        prohibited: Time::LATEST,
        guard_begins: Time::LATEST,
        guards: BTreeMap::new(),
        fares: Vec::new(),
        node_version: String::new(),
        mark: None,
        part: Part::default(),
    }
}
