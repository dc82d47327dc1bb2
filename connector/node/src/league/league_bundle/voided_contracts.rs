//! Contracts that a newer trust bundle makes void: by a key, a seal or a mandate that did not count after all when they were
//! signed.

use crate::contract::contract_files::read_contract;
use crate::participant::Connector;
use crate::process::blocking_work::waiting;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};

impl Connector {
    /// Holds each contract that is in force, or will be, against the trust bundle of now, by the keys that counted when it
    /// was recorded. One by a key, a seal or a mandate that was voided ends here and now, with the answers that run under it; the next
    /// start judges it again. Whoever has left the league is cut elsewhere, and may come back to his contracts.
    pub(super) fn end_voided(&self) {
        let now = self.now();
        let held: Vec<ContractId> = self.contracts.with_registry(|registry| {
            registry
                .all(now)
                .filter(|(_, _, status)| {
                    matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
                })
                .map(|(id, _, _)| id)
                .collect()
        });
        for (id, why) in held
            .into_iter()
            .filter_map(|id| Some((id, self.borne_out(id).err()?)))
            .filter(|(_, why)| voids(why.code))
        {
            self.end_void(id, &why);
        }
    }

    /// Holds a contract that has come into force, recorded at that time, against the bundle of now once more: one that came meanwhile
    /// did not find it in the registry.
    pub(crate) fn end_if_void(&self, id: ContractId, bytes: &[u8], at: UtcTimestamp) {
        let borne_out = read_contract(bytes, id, &self.identity.trust.bundle(), at);
        if let Some(why) = borne_out.err().filter(|why| voids(why.code)) {
            self.end_void(id, &why);
        }
    }

    fn end_void(&self, id: ContractId, why: &Refusal) {
        tracing::error!(name: "contract.void", contract = %id.short(), %why, "a contract is void");
        self.contracts
            .with_registry_mut(|registry| registry.end(id, self.now()));
        self.queries.running.cut_contract(id, why);
    }

    /// Whether the contract would come into force again after a start with the bundle of now.
    fn borne_out(&self, id: ContractId) -> Result<(), Refusal> {
        let bytes = waiting(|| self.records.documents.contract(id))?;
        let activated = self.records.index(|state| state.contract_activation(id))?;
        let at = activated.ok_or_else(|| {
            Refusal::new(ErrorCode::ContractUnknown, "its record is not on the books")
        })?;
        read_contract(&bytes, id, &self.identity.trust.bundle(), at).map(|_| ())
    }
}

/// Whether that is wrong with a signature for good. Whoever has left the league may come back to his contracts.
const fn voids(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::KeyRevoked | ErrorCode::SealNotTrusted | ErrorCode::MandateRevoked
    )
}
