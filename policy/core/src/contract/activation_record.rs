//! Record in the log of the activation of a contract.

use super::VerifiedContract;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::contracts::ActivationRecord;

impl Evidence for VerifiedContract {
    fn to_record_body(&self) -> RecordBody {
        let agreement = &self.agreement;
        let consumer = agreement
            .assignee_id()
            .map_or_else(|| "h:public".to_owned(), ToString::to_string);
        ActivationRecord {
            contract: self.id.to_string(),
            event: "activate".to_owned(),
            provider: agreement.provider.id.to_string(),
            consumer,
            dataset: agreement.dataset.id.to_string(),
            not_before: agreement.not_before,
            not_after: agreement.not_after,
        }
        .into()
    }
}
