//! Grounds of a question, as a worker verifies them: contracts with both signatures, or a grant of the own house.

use crate::contract::contract_files::signed_contract;
use crate::worker::stage_worker::CLOCKS;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_policy::contract::ActiveContracts;
use hansa_policy::contract::signature::SignatureVerifier as _;
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::contract::task_contract::TaskContract;
use hansa_policy::id::{ClauseId, DatasetId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::{BriefedContract, QuestionBriefing, TaskDataset};
use hansa_proto::house_grant::HouseGrant;
use hansa_proto::statement;
use hansa_query::snapshot::borrowed_snapshot::open_borrowed_snapshot;
use hansa_query::snapshot::checked_block_cache::CheckedBlockCache;
use hansa_query::snapshot::registry::SnapshotSet;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Folders with the objects that a briefing names.
#[derive(Debug, Clone)]
pub(super) struct WorkerFolders {
    pub(super) own: ParticipantId,
    pub(super) bundle: PathBuf,
    pub(super) state: PathBuf,
    /// Blocks of files that this process has already verified.
    pub(super) memory: CheckedBlockCache,
}

/// Verified grounds of a question.
pub(super) struct QuestionGrounds {
    pub(super) active: ActiveContracts,
    /// Prohibitions in force, as stated by the connector.
    pub(super) held: BTreeMap<DatasetId, BTreeSet<ClauseId>>,
    pub(super) holdings: SnapshotSet,
    /// First instant after the end of the house grant, if any.
    pub(super) granted_until: Option<UtcTimestamp>,
}

impl WorkerFolders {
    /// Verifies the contracts, the grant and the snapshots of a briefing.
    ///
    /// # Errors
    /// The fault of a contract or of the grant; `WORKER_DIFFERS` if a snapshot differs here.
    pub(super) fn verify_grounds(
        &self,
        briefing: &QuestionBriefing,
        now: UtcTimestamp,
    ) -> Result<QuestionGrounds, Refusal> {
        // Read each time, because a key can be revoked at any time.
        let bundle = TrustBundle::open(&self.bundle)?;
        bundle.check_expiry(now)?;
        let mut holdings = SnapshotSet::new();
        for ground in &briefing.grounds {
            let dataset = DatasetId {
                owner: self.own.clone(),
                name: ground.dataset.clone(),
            };
            let snapshot = open_borrowed_snapshot(
                &self.state,
                &dataset,
                &ground.snapshot,
                ground.digest,
                &self.memory,
            )?;
            holdings.insert(dataset, Arc::new(snapshot));
        }
        if let Some(grant) = &briefing.house_grant {
            let ends_at = self.check_house_grant(grant, briefing, &bundle, now)?;
            let datasets = holdings.iter();
            let datasets = datasets.map(|(id, held)| (id.clone(), held.dataset.schema_digest()));
            return Ok(QuestionGrounds {
                active: ActiveContracts::for_house_task(&self.own, datasets),
                held: BTreeMap::new(),
                holdings,
                granted_until: Some(ends_at.plus_micros(CLOCKS)),
            });
        }
        let contracts = briefing.grounds.iter();
        let contracts = contracts.filter_map(|ground| Some((ground, ground.contract.as_ref()?)));
        let contracts = contracts
            .map(|(ground, contract)| self.verify_contract(ground, contract, &bundle, now))
            .collect::<Result<Vec<_>, _>>()?;
        let active = ActiveContracts::for_task(&self.own, &briefing.asker, &contracts, now)?;
        let held = contracts.into_iter();
        let held = held.map(|contract| (contract.dataset().clone(), contract.prohibitions));
        Ok(QuestionGrounds {
            active,
            held: held.collect(),
            holdings,
            granted_until: None,
        })
    }

    fn verify_contract(
        &self,
        ground: &TaskDataset,
        contract: &BriefedContract,
        bundle: &TrustBundle,
        now: UtcTimestamp,
    ) -> Result<TaskContract, Refusal> {
        let signed = signed_contract(&contract.envelope, contract.contract)?;
        // The connector knows when the contract was recorded; its last signature is the earliest possible time.
        let times = signed
            .signatures
            .iter()
            .map(|signature| signature.issued_at);
        let times = times.map(|at| UtcTimestamp::from_micros(at.saturating_mul(1_000_000)));
        let last = times.flatten().max().unwrap_or(now).min(now);
        let agreed = signed.verify(&bundle.keys(last).first_seen(now))?;
        let dataset = &agreed.agreement().dataset.id;
        if dataset.owner != self.own || dataset.name != ground.dataset {
            return Err(Refusal::new(
                ErrorCode::ContractUnknown,
                format!("the contract gives no `{}` of ours", ground.dataset),
            )
            .with_contract(contract.contract));
        }
        Ok(TaskContract {
            agreed,
            first: contract.first,
            prohibitions: contract.active_prohibitions.iter().copied().collect(),
        })
    }

    // INVARIANT: granted-by-the-house. A party that can begin questions but can't sign for the house gets only what contracts
    // permit.
    fn check_house_grant(
        &self,
        envelope: &[u8],
        briefing: &QuestionBriefing,
        bundle: &TrustBundle,
        now: UtcTimestamp,
    ) -> Result<UtcTimestamp, Refusal> {
        let signed = statement::from_envelope::<HouseGrant>(envelope)?;
        let keys = bundle.keys(now).first_seen(now);
        keys.check_signature(&self.own, &signed.signature, SignaturePurpose::Statement)?;
        let HouseGrant {
            participant,
            request,
            question,
            snapshots,
            issued_at,
            ends_at,
        } = signed.content;
        let named = briefing.grounds.iter();
        let named = named.map(|ground| (ground.dataset.clone(), ground.digest));
        let of_this_question = participant == self.own
            && briefing.asker == self.own
            && request == briefing.request
            && question == Digest::of(briefing.sql.as_bytes())
            && snapshots == named.collect();
        let in_time = issued_at <= now.plus_micros(CLOCKS) && now < ends_at.plus_micros(CLOCKS);
        match (of_this_question, in_time) {
            (true, true) => Ok(ends_at),
            (false, _) => Err(Refusal::new(
                ErrorCode::WorkerDiffers,
                "the grant is for another question",
            )),
            (true, false) => Err(Refusal::new(
                ErrorCode::WorkerDiffers,
                "the grant does not count at this instant",
            )),
        }
    }
}
