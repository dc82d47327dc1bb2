//! Contracts that a newer trust bundle makes void, by revoking a key, a seal or a mandate for the time of their signature.

use crate::contract::contract_files::read_contract;
use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};

impl Connector {
    /// Checks each contract in force, or later in force, against the current trust bundle, with the keys valid when it was
    /// recorded.
    ///
    /// A contract with a voided key, seal or mandate ends at once, with its running answers; the next start checks it again.
    /// Participants that left the league are handled elsewhere, because their contracts can become usable again.
    pub(super) fn end_voided(&self) {
        let now = self.now();
        let held: Vec<ContractId> = self.contracts.with_registry(|registry| {
            registry
                .all_contracts(now)
                .filter(|(_, _, status)| {
                    matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
                })
                .map(|(id, _, _)| id)
                .collect()
        });
        for (id, why) in held
            .into_iter()
            .filter_map(|id| Some((id, self.borne_out(id).err()?)))
            .filter(|(_, why)| voids_signature(why.code))
        {
            self.end_void(id, &why);
        }
    }

    /// Checks a contract that has just come into force, recorded at `at`, against the current bundle. A bundle that arrived
    /// meanwhile did not find it in the registry.
    pub(crate) fn end_if_void(&self, id: ContractId, bytes: &[u8], at: UtcTimestamp) {
        let borne_out = read_contract(bytes, id, &self.identity.trust.bundle(), at);
        if let Some(why) = borne_out.err().filter(|why| voids_signature(why.code)) {
            self.end_void(id, &why);
        }
    }

    fn end_void(&self, id: ContractId, why: &Refusal) {
        tracing::error!(name: "contract.void", contract = %id.to_short_text(), %why, "a contract is void");
        self.contracts
            .with_registry_mut(|registry| registry.end_contract(id, self.now()));
        self.queries.running.cut_contract(id, why);
    }

    /// Checks that a restart with the current bundle would bring the contract into force again.
    fn borne_out(&self, id: ContractId) -> Result<(), Refusal> {
        let bytes = run_waiting(|| self.records.documents.read_contract(id))?;
        let activated = self.records.index(|state| state.contract_activation(id))?;
        let at = activated
            .ok_or_else(|| Refusal::new(ErrorCode::ContractUnknown, "its record is missing"))?;
        read_contract(&bytes, id, &self.identity.trust.bundle(), at).map(|_| ())
    }
}

/// Checks that an error makes a signature void for good. Leaving the league does not, because a participant can return to its
/// contracts.
const fn voids_signature(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::KeyRevoked | ErrorCode::SealNotTrusted | ErrorCode::MandateRevoked
    )
}
