//! What a contract leaves in the log when it starts and when it ends.

use super::{Agreed, Revoked};
use crate::id::{ContractId, ParticipantId};
use evidence::json::Json;
use evidence::ledger::{Entry, Evidence};
use evidence::time::Time;

impl Revoked {
    /// The contract that ends.
    #[must_use]
    pub const fn contract(&self) -> ContractId {
        self.contract
    }

    /// Who withdrew it.
    #[must_use]
    pub const fn party(&self) -> &ParticipantId {
        &self.party
    }

    /// From when, where notice was given; else from its record on.
    #[must_use]
    pub const fn effective_at(&self) -> Option<Time> {
        self.effective_at
    }
}

impl Evidence for Agreed {
    fn entry(&self) -> Entry {
        let consumer = self
            .agreement
            .assignee_id()
            .map_or_else(|| "h:public".to_owned(), ToString::to_string);
        Entry {
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

impl Evidence for Revoked {
    fn entry(&self) -> Entry {
        Entry {
            kind: "withdraw",
            body: Json::object([
                ("contract", Json::Text(self.contract.to_string())),
                ("party", Json::Text(self.party.to_string())),
                (
                    "effective",
                    self.effective_at
                        .map_or(Json::Null, |at| Json::Text(at.to_string())),
                ),
                ("statement", Json::Text(self.statement.to_string())),
            ]),
        }
    }
}
