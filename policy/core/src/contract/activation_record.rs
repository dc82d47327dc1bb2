//! What a contract leaves in the log when it starts.

use super::VerifiedContract;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Evidence, RecordContent};

impl Evidence for VerifiedContract {
    fn entry(&self) -> RecordContent {
        let consumer = self
            .agreement
            .assignee_id()
            .map_or_else(|| "h:public".to_owned(), ToString::to_string);
        RecordContent {
            kind: "contract",
            body: Json::object([
                ("contract", Json::Text(self.id.to_string())),
                ("event", Json::Text("activate".to_owned())),
                (
                    "provider",
                    Json::Text(self.agreement.provider.id.to_string()),
                ),
                ("consumer", Json::Text(consumer)),
                ("dataset", Json::Text(self.agreement.dataset.id.to_string())),
                (
                    "not_before",
                    Json::Text(self.agreement.not_before.to_string()),
                ),
                (
                    "not_after",
                    Json::Text(self.agreement.not_after.to_string()),
                ),
            ]),
        }
    }
}
