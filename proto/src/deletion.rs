//! Statement `deletion/1` by which a consumer states that the data of some answers is deleted.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ContractId, ParticipantId, RequestId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most answers of one statement, so that it fits into a record.
pub const MOST: usize = 500;

/// Content of the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletionStatement {
    /// Provider of the answers.
    pub provider: ParticipantId,
    /// Consumer that states the deletion.
    pub consumer: ParticipantId,
    /// Contract of the answers.
    pub contract: ContractId,
    /// Questions whose answers are deleted; at least one, at most [`MOST`].
    pub requests: BTreeSet<RequestId>,
    /// Time of the statement. The data is deleted by then.
    pub stated_at: UtcTimestamp,
}

impl Statement for DeletionStatement {
    const FORM: &'static str = "deletion/1";
    const KIND: StatementKind = StatementKind::Deletion;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Consumer);

    fn check_rules(&self) -> Result<(), String> {
        if self.requests.is_empty() || self.requests.len() > MOST {
            return Err(format!("it is about 1 to {MOST} answers"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::{from_bytes, to_bytes};
    use hansa_audit_log::digest::Digest;

    #[test]
    fn a_statement_has_one_spelling() {
        let deletion = DeletionStatement {
            provider: "lindau.example".parse().unwrap(),
            consumer: "acme.example".parse().unwrap(),
            contract: ContractId(Digest::of(b"contract")),
            requests: [RequestId([1; 16]), RequestId([2; 16])].into(),
            stated_at: "2026-06-01T00:00:00Z".parse().unwrap(),
        };
        let bytes = to_bytes(&deletion);
        assert_eq!(from_bytes::<DeletionStatement>(&bytes), Ok(deletion));
        let text = String::from_utf8(bytes).unwrap();
        let (one, two) = ("01".repeat(16), "02".repeat(16));
        for (from, to) in [
            ("deletion/1".to_owned(), "deletion/2".to_owned()),
            (
                format!("[\"{one}\",\"{two}\"]"),
                format!("[\"{two}\",\"{one}\"]"),
            ),
            (format!("[\"{one}\",\"{two}\"]"), "[]".to_owned()),
            (one, "x".repeat(32)),
            (
                "\"statedAt\"".to_owned(),
                "\"more\":1,\"statedAt\"".to_owned(),
            ),
        ] {
            let other = text.replacen(&from, &to, 1);
            assert_ne!(other, text, "{from}");
            assert!(
                from_bytes::<DeletionStatement>(other.as_bytes()).is_err(),
                "{other}"
            );
        }
    }
}
