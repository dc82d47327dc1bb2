//! Statement `notice/1` by which a provider informs a consumer about an event under their contract.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ContractId, ParticipantId};
use serde::{Deserialize, Serialize};

/// Content of the notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoticeStatement {
    /// Provider that sends the notice.
    pub provider: ParticipantId,
    /// Consumer that receives the notice.
    pub consumer: ParticipantId,
    /// Contract of the event.
    pub contract: ContractId,
    /// Topic, such as `first-use` or `refusal:2026-06-01`. Users get one notice per topic.
    pub topic: String,
    /// Detail of the event, such as a code.
    pub detail: String,
    /// Time of the event.
    pub at: UtcTimestamp,
}

impl Statement for NoticeStatement {
    const FORM: &'static str = "notice/1";
    const KIND: StatementKind = StatementKind::Notice;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);

    fn check_rules(&self) -> Result<(), String> {
        let plain = |text: &str| {
            text.len() <= 100
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        };
        if !plain(&self.topic) || !plain(&self.detail) || self.topic.contains('/') {
            return Err("it says what happened in a few plain characters".to_owned());
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
    fn a_notice_has_one_spelling() {
        let notice = NoticeStatement {
            provider: "lindau.example".parse().unwrap(),
            consumer: "acme.example".parse().unwrap(),
            contract: ContractId(Digest::of(b"contract")),
            topic: "refusal:2026-06-01".to_owned(),
            detail: "QUOTA_ROWS".to_owned(),
            at: "2026-06-01T00:00:00Z".parse().unwrap(),
        };
        let bytes = to_bytes(&notice);
        assert_eq!(from_bytes::<NoticeStatement>(&bytes), Ok(notice));
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("notice/1", "notice/2"),
            ("refusal:", "../"),
            ("QUOTA_ROWS", "QUOTA\u{202e}"),
            ("\"topic\"", "\"more\":1,\"topic\""),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from}");
            assert!(
                from_bytes::<NoticeStatement>(other.as_bytes()).is_err(),
                "{other}"
            );
        }
    }
}
