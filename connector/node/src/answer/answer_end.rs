//! Latest instant at which a running answer must end.

use crate::participant::Connector;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::time::Duration;

/// Longest time between two looks at the clock, in microseconds. An answer therefore ends at most a second late.
const LOOK: u64 = 500_000;

/// Bounds of a running answer: the decided end, and withdrawals with notice, which can also come while the answer runs.
pub(super) struct AnswerEnd {
    /// Contracts under which the answer runs; empty for the participant's own users.
    pub(super) contracts: Vec<ContractId>,
    /// End from the decision.
    pub(super) decided: UtcTimestamp,
    /// Refusal that is sent when the answer is cut at the decided end.
    pub(super) cut: Refusal,
}

impl AnswerEnd {
    /// Waits for the end of the answer and returns the reason.
    ///
    /// The clock can be set while the answer runs, so it is read repeatedly. Setting the clock back delays no end, because the
    /// log's time then stands still until the clock has caught up.
    pub(super) async fn wait(&self, connector: &Connector) -> Refusal {
        let (begun, clock) = (connector.ticks(), connector.now().micros());
        loop {
            let withdrawn = self.earliest_withdrawal(connector);
            let end = withdrawn.map_or(self.decided, |(_, from)| from.min(self.decided));
            let by_clock = end.micros().saturating_sub(connector.now().micros());
            let passed = connector.ticks().saturating_sub(begun);
            let by_ticks = end.micros().saturating_sub(clock).saturating_sub(passed);
            match u64::try_from(by_clock.min(by_ticks)) {
                Ok(left) if left > 0 => {
                    tokio::time::sleep(Duration::from_micros(left.min(LOOK))).await;
                }
                _ => return self.reason(withdrawn),
            }
        }
    }

    /// Returns the first contract of the answer that is withdrawn with notice, and the instant of the withdrawal. An immediate
    /// withdrawal cuts the answer itself.
    fn earliest_withdrawal(&self, connector: &Connector) -> Option<(ContractId, UtcTimestamp)> {
        connector.contracts.with_registry(|registry| {
            let each = self.contracts.iter();
            each.filter_map(|id| Some((*id, registry.withdrawn_from(*id)?)))
                .filter(|(_, from)| *from > UtcTimestamp::EARLIEST)
                .min_by_key(|(_, from)| *from)
        })
    }

    fn reason(&self, withdrawn: Option<(ContractId, UtcTimestamp)>) -> Refusal {
        // With both at one instant, the decision has already taken its end from the withdrawal.
        match withdrawn.filter(|(_, from)| *from <= self.decided) {
            Some((contract, _)) => {
                let sentence = format!("contract `{}` was withdrawn", contract.to_short_text());
                Refusal::new(ErrorCode::Withdrawn, sentence).with_contract(contract)
            }
            None => self.cut.clone(),
        }
    }
}
