//! What has to be in order before a question can be answered. Peers are not among it: one that is away makes nobody else wait.

use crate::participant::Connector;
use hansa_transport::monitoring::ReadinessCheck;

/// Looks at each.
pub(crate) fn checks(node: &Connector) -> Vec<ReadinessCheck> {
    let log = unwritable(node).map(|broken| hansa_audit_store::refusal(&broken));
    let index = node.records.index(|_| Ok(()));
    let mut checks = vec![
        ("log", log),
        ("state", index.err()),
        ("clock", node.trusted_clock().err()),
        (
            "trust bundle",
            node.identity.trust.bundle().current(node.now()).err(),
        ),
    ];
    if node.config().listen.is_some() {
        checks.push(("certificate", node.own_certificate().err()));
    }
    checks
        .into_iter()
        .map(|(name, fault)| ReadinessCheck { name, fault })
        .collect()
}

/// Why nothing can be recorded, or no entry opened, if so.
pub(crate) fn unwritable(node: &Connector) -> Option<hansa_audit_log::ledger::LedgerError> {
    let reserve = node.config().limits.reserve;
    node.records
        .log
        .broken()
        .or_else(|| hansa_audit_store::low_space(node.records.log.folder(), reserve))
}
