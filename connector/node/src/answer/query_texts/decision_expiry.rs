//! Expiry of decisions, except those on which a later step depends: owed deletion statements, receipts without countersignature,
//! the first use of a contract whose time runs from it, and prepaid amounts that are still being spent.

#[cfg(test)]
mod tests;

use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::PrepaidDraft;
use hansa_audit_log::record::body::{AnswerBody, RecordBody};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::retention::{self, ExpiryRun, RetainedContracts, RetentionHandler};
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_store::document_folder::{DocumentFolder, StoredDocumentKind};
use std::collections::BTreeSet;

/// Dependencies that keep decisions in the log.
struct RecordDependencies<'a> {
    documents: &'a DocumentFolder,
    /// Questions that stay: a deletion statement is owed for their answers, by this participant or to it, or their receipts lack a
    /// countersignature, or the time of a contract runs from them.
    owed: BTreeSet<String>,
    /// Contracts, by their first version, of which a version can still be used.
    alive: BTreeSet<ContractId>,
    of: RetainedContracts,
}

impl RetentionHandler for RecordDependencies<'_> {
    fn lasting_contracts(&self) -> RetainedContracts {
        self.of.clone()
    }

    fn is_needed(&self, record: &Record) -> bool {
        // A record that can't be read stays.
        let Ok(body) = record.read_body() else {
            return true;
        };
        let charges: &[PrepaidDraft] = match &body {
            RecordBody::Answer(AnswerBody::Permit(permit)) => &permit.charges,
            RecordBody::Answer(AnswerBody::Progress(progress)) => &progress.charges,
            RecordBody::Answer(_)
            | RecordBody::Contract(_)
            | RecordBody::Message(_)
            | RecordBody::Publication(_)
            | RecordBody::Configuration(_)
            | RecordBody::Incident(_)
            | RecordBody::Upkeep(_) => &[],
        };
        let is_alive = |charge: &PrepaidDraft| {
            let contract = charge.contract.parse();
            contract.map_or(true, |contract| self.alive.contains(&contract))
        };
        body.request()
            .is_some_and(|request| self.owed.contains(request))
            || charges.iter().any(is_alive)
    }

    fn drop_receipt(&self, digest: Digest) -> Result<(), Refusal> {
        self.documents
            .remove_document(StoredDocumentKind::Receipt, digest)
    }
}

impl Connector {
    /// Erases decisions whose configured retention is over. Blocks.
    ///
    /// # Errors
    /// If a file of the log is damaged or can't be written.
    pub fn expire_decisions(&self) -> Result<Option<ExpiryRun>, Refusal> {
        // By a wrong clock, all decisions could seem old.
        self.trusted_clock()?;
        let keeping = self.config().keeping.decisions.as_micros();
        let keeping = i64::try_from(keeping).unwrap_or(i64::MAX);
        let before = self.now().plus_micros(keeping.saturating_neg());
        // Shared with archiving: only one of the two runs at a time.
        let _one = self.records.archive_lock.lock();
        let expired = retention::expire_decisions(
            &self.records.log,
            before,
            &self.find_record_dependencies()?,
        )?;
        if let Some(expired) = &expired {
            tracing::info!(
                records = expired.records,
                kept = expired.retained,
                "log.expired"
            );
        }
        Ok(expired)
    }

    fn find_record_dependencies(&self) -> Result<RecordDependencies<'_>, Refusal> {
        let now: UtcTimestamp = self.now();
        let (mut asking, mut alive) = (BTreeSet::new(), BTreeSet::new());
        let mut of = RetainedContracts::default();
        let own = self.id();
        self.contracts.with_registry(|registry| {
            for (id, agreement, status) in registry.all_contracts(now) {
                let attests = |term: &Term| matches!(term, Term::Attest { .. });
                if agreement.clauses.iter().any(|one| attests(&one.term)) {
                    asking.insert(id.to_string());
                }
                // The first use of an own contract counts in the differencing check against groups of other contracts, which can be
                // signed at any time.
                if agreement.provider.id == own {
                    of.first_use.push(id.to_string());
                }
                if matches!(status, ContractStatus::InForce | ContractStatus::NotYet) {
                    alive.insert(registry.first_version(id));
                    let any =
                        |is: fn(&Term) -> bool| agreement.clauses.iter().any(|one| is(&one.term));
                    let counted = of.first_use.last() == Some(&id.to_string());
                    if !counted && any(|term| matches!(term, Term::Lasts(_))) {
                        of.first_use.push(id.to_string());
                    }
                    if any(|term| matches!(term, Term::Receipts(_))) {
                        of.receipts.push(id.to_string());
                    }
                }
            }
        });
        let mut owed = self.records.index(|state| state.all_owed())?;
        for (request, contracts, stated) in self.records.index(|state| state.all_taken())? {
            let named = contracts.split(' ').filter(|id| asking.contains(*id));
            if u64::try_from(named.count()).unwrap_or(u64::MAX) > stated {
                owed.insert(request);
            }
        }
        for id in &of.first_use {
            owed.extend(self.records.index(|state| state.first_question(id))?);
        }
        for id in &of.receipts {
            owed.extend(self.records.index(|state| state.not_countersigned(id))?);
        }
        Ok(RecordDependencies {
            documents: &self.records.documents,
            owed,
            alive,
            of,
        })
    }
}
