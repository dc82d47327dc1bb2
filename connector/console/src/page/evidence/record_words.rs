//! Kinds and outcomes of records in words.

use crate::message::message;
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Outcomes that a list can be limited to, beside the kinds.
pub(super) const OUTCOMES: [&str; 4] = ["done", "cut", "cancelled", "failed"];

/// Kind of a record in a language. A kind that this crate does not know is shown as it is.
pub(super) fn record_kind_word(language: Language, kind: &str) -> String {
    match kind {
        "permit" => message!(language, "record-permit"),
        "refuse" => message!(language, "record-refuse"),
        "refusal_count" => message!(language, "record-refusal-count"),
        "no_new_data" => message!(language, "record-no-new-data"),
        "progress" => message!(language, "record-progress"),
        "close" => message!(language, "record-close"),
        "receipt_ack" => message!(language, "record-receipt-ack"),
        "one_sided_receipt" => message!(language, "record-one-sided-receipt"),
        "open_block" => message!(language, "record-open-block"),
        "remote_query" => message!(language, "record-remote-query"),
        "received" => message!(language, "record-received"),
        "not_received" => message!(language, "record-not-received"),
        "model_seen" => message!(language, "record-model-seen"),
        "answer_cancelled" => message!(language, "record-answer-cancelled"),
        "action_count" => message!(language, "record-action-count"),
        "contract" => message!(language, "record-contract"),
        "withdraw" => message!(language, "record-withdraw"),
        "restriction" => message!(language, "record-restriction"),
        "group" => message!(language, "record-group"),
        "approval" => message!(language, "record-approval"),
        "usage" => message!(language, "record-usage"),
        "top_up" => message!(language, "record-top-up"),
        "deletion" => message!(language, "record-deletion"),
        "notice" => message!(language, "record-notice"),
        "notice_received" => message!(language, "record-notice-received"),
        "credential" => message!(language, "record-credential"),
        "template" => message!(language, "record-template"),
        "message" => message!(language, "record-message"),
        "messages_fetched" => message!(language, "record-messages-fetched"),
        "message_replaced" => message!(language, "record-message-replaced"),
        "partner_message" => message!(language, "record-partner-message"),
        "partner_data" => message!(language, "record-partner-data"),
        "portal_notice" => message!(language, "record-portal-notice"),
        "publish" => message!(language, "record-publish"),
        "unpublish" => message!(language, "record-unpublish"),
        "release" => message!(language, "record-release"),
        "snapshot_check" => message!(language, "record-snapshot-check"),
        "trust" => message!(language, "record-trust"),
        "config" => message!(language, "record-config"),
        "config_changed" => message!(language, "record-config-changed"),
        "peer" => message!(language, "record-peer"),
        "rulebook" => message!(language, "record-rulebook"),
        "access_token" => message!(language, "record-access-token"),
        "console_act" => message!(language, "record-console-act"),
        "console_passkey" => message!(language, "record-console-passkey"),
        "console_view" => message!(language, "record-console-view"),
        "console_sign_in" => message!(language, "record-console-sign-in"),
        "console_refused" => message!(language, "record-console-refused"),
        "checkpoint_seen" => message!(language, "record-checkpoint-seen"),
        "checkpoint_gossiped" => message!(language, "record-checkpoint-gossiped"),
        "witnessed" => message!(language, "record-witnessed"),
        "log_fork" => message!(language, "record-log-fork"),
        "incident" => message!(language, "record-incident"),
        "segment" => message!(language, "record-segment"),
        "archive" => message!(language, "record-archive"),
        "expire" => message!(language, "record-expire"),
        "pause" => message!(language, "record-pause"),
        "resume" => message!(language, "record-resume"),
        "stop" => message!(language, "record-stop"),
        "repair" => message!(language, "record-repair"),
        "clock" => message!(language, "record-clock"),
        "erase" => message!(language, "record-erase"),
        other => reveal_controls(other).into_owned(),
    }
}

/// Outcome of an answer in a language; none for another word.
pub(super) fn outcome_word(language: Language, outcome: &str) -> Option<String> {
    match outcome {
        "done" => Some(message!(language, "outcome-done")),
        "cut" => Some(message!(language, "outcome-cut")),
        "cancelled" => Some(message!(language, "outcome-cancelled")),
        "failed" => Some(message!(language, "outcome-failed")),
        _ => None,
    }
}

/// Outcome with a mark, or a code as it is.
pub(super) fn render_outcome(language: Language, outcome: &str) -> Markup {
    let class = match outcome {
        "done" => "state good",
        "cut" | "cancelled" | "failed" => "state over",
        _ => "",
    };
    html! {
        @match outcome_word(language, outcome) {
            Some(word) => { span class=(class) { (word) } }
            None => { code { (reveal_controls(outcome)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_audit_log::record::body::RecordBody;

    #[test]
    fn each_kind_and_each_outcome_has_a_word() {
        for language in Language::ALL {
            for kind in RecordBody::KINDS {
                assert_ne!(record_kind_word(language, kind), *kind, "{language}");
            }
            for outcome in OUTCOMES {
                assert!(outcome_word(language, outcome).is_some());
            }
        }
        assert_eq!(record_kind_word(Language::De, "new\0"), "new⟨U+0000⟩");
        assert_eq!(outcome_word(Language::De, "GROUP_TOO_SMALL"), None);
    }
}
