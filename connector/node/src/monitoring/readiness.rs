//! Readiness checks before questions can be answered. Peers are not checked, because an unreachable peer affects no other one.

use crate::participant::Connector;
use hansa_transport::monitoring::ReadinessCheck;

/// Runs the checks.
pub fn run_checks(connector: &Connector) -> Vec<ReadinessCheck> {
    let log = find_write_fault(connector)
        .map(|broken| hansa_audit_store::unwritable_log_refusal(&broken));
    let index = connector.records.index(|_| Ok(()));
    let checks = [
        ("log", log),
        ("state", index.err()),
        ("clock", connector.trusted_clock().err()),
        (
            "trust bundle",
            connector
                .identity
                .trust
                .bundle()
                .check_expiry(connector.now())
                .err(),
        ),
        // Without a certificate, no peer answers us either.
        ("certificate", connector.own_certificate().err()),
    ];
    checks
        .into_iter()
        .map(|(name, fault)| ReadinessCheck { name, fault })
        .collect()
}

/// Reason why nothing can be recorded, or no answer opened, if any.
pub fn find_write_fault(connector: &Connector) -> Option<hansa_audit_log::ledger::LedgerError> {
    let reserve = connector.config().limits.reserve;
    connector
        .records
        .log
        .ledger_error()
        .or_else(|| hansa_audit_store::low_space(connector.records.log.folder(), reserve))
}
