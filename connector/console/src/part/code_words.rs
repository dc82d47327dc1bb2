//! Codes of refusals and warnings in the languages of the console: those that its pages show most.

use crate::message::message;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Meaning of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeWords {
    /// Sentence about what happened.
    pub(crate) cause: String,
    /// Sentence about what can be done.
    pub(crate) remedy: String,
}

/// Meaning of a code in a language other than English, in which the connector has sentences with the particulars.
pub(crate) fn translate_code(language: Language, code: &str) -> Option<CodeWords> {
    match language {
        Language::En => None,
        Language::De | Language::Pt => describe_code(language, code),
    }
}

/// Meaning of a code, before an English sentence with the particulars; nothing on an English page.
pub(crate) fn render_cause(language: Language, code: &str) -> Markup {
    html! { @if let Some(words) = translate_code(language, code) { (words.cause) " " } }
}

/// Meaning of a code in a language; none for a code that has no sentences here.
pub(crate) fn describe_code(language: Language, code: &str) -> Option<CodeWords> {
    let (cause, remedy) = match code {
        "LICENCE_ALREADY_OPEN" => (
            message!(language, "code-licence-already-open"),
            message!(language, "code-licence-already-open-remedy"),
        ),
        "POLICY_CONTRADICTION" => (
            message!(language, "code-policy-contradiction"),
            message!(language, "code-policy-contradiction-remedy"),
        ),
        "GROUP_TOO_SMALL" => (
            message!(language, "code-group-too-small"),
            message!(language, "code-group-too-small-remedy"),
        ),
        "FILTER_ON_TREATED_COLUMN" => (
            message!(language, "code-filter-on-treated-column"),
            message!(language, "code-filter-on-treated-column-remedy"),
        ),
        "NO_EXPIRY" => (
            message!(language, "code-no-expiry"),
            message!(language, "code-no-expiry-remedy"),
        ),
        "PURPOSE_TOO_BROAD" => (
            message!(language, "code-purpose-too-broad"),
            message!(language, "code-purpose-too-broad-remedy"),
        ),
        "QUOTA_UNFIT" => (
            message!(language, "code-quota-unfit"),
            message!(language, "code-quota-unfit-remedy"),
        ),
        "PERSONAL_VISIBLE" => (
            message!(language, "code-personal-visible"),
            message!(language, "code-personal-visible-remedy"),
        ),
        "COMBINED_DISCLOSURE" => (
            message!(language, "code-combined-disclosure"),
            message!(language, "code-combined-disclosure-remedy"),
        ),
        "FORM_STALE" => (
            message!(language, "code-form-stale"),
            message!(language, "code-form-stale-remedy"),
        ),
        "CONFIG_CHANGED" => (
            message!(language, "code-config-changed"),
            message!(language, "code-config-changed-remedy"),
        ),
        "TERMS_CHANGED" => (
            message!(language, "code-terms-changed"),
            message!(language, "code-terms-changed-remedy"),
        ),
        "ROLE_MISSING" => (
            message!(language, "code-role-missing"),
            message!(language, "code-role-missing-remedy"),
        ),
        "SECOND_OFFICER_NEEDED" => (
            message!(language, "code-second-officer-needed"),
            message!(language, "code-second-officer-needed-remedy"),
        ),
        "CONTRACT_UNKNOWN" => (
            message!(language, "code-contract-unknown"),
            message!(language, "code-contract-unknown-remedy"),
        ),
        "CONTRACT_AMBIGUOUS" => (
            message!(language, "code-contract-ambiguous"),
            message!(language, "code-contract-ambiguous-remedy"),
        ),
        "NEGOTIATION_STATE" => (
            message!(language, "code-negotiation-state"),
            message!(language, "code-negotiation-state-remedy"),
        ),
        "EXPIRED" => (
            message!(language, "code-expired"),
            message!(language, "code-expired-remedy"),
        ),
        "WITHDRAWN" => (
            message!(language, "code-withdrawn"),
            message!(language, "code-withdrawn-remedy"),
        ),
        "DATASET_UNKNOWN" => (
            message!(language, "code-dataset-unknown"),
            message!(language, "code-dataset-unknown-remedy"),
        ),
        "COLUMN_UNKNOWN" => (
            message!(language, "code-column-unknown"),
            message!(language, "code-column-unknown-remedy"),
        ),
        "AGGREGATE_ONLY" => (
            message!(language, "code-aggregate-only"),
            message!(language, "code-aggregate-only-remedy"),
        ),
        "PURPOSE_UNKNOWN" => (
            message!(language, "code-purpose-unknown"),
            message!(language, "code-purpose-unknown-remedy"),
        ),
        "PURPOSE_MISSING" => (
            message!(language, "code-purpose-missing"),
            message!(language, "code-purpose-missing-remedy"),
        ),
        "PURPOSE_NOT_COVERED" => (
            message!(language, "code-purpose-not-covered"),
            message!(language, "code-purpose-not-covered-remedy"),
        ),
        "QUOTA_QUERIES" => (
            message!(language, "code-quota-queries"),
            message!(language, "code-quota-queries-remedy"),
        ),
        "QUOTA_ROWS" => (
            message!(language, "code-quota-rows"),
            message!(language, "code-quota-rows-remedy"),
        ),
        "RESULT_TOO_LARGE" => (
            message!(language, "code-result-too-large"),
            message!(language, "code-result-too-large-remedy"),
        ),
        "PEER_UNREACHABLE" => (
            message!(language, "code-peer-unreachable"),
            message!(language, "code-peer-unreachable-remedy"),
        ),
        "ANSWER_INCOMPLETE" => (
            message!(language, "code-answer-incomplete"),
            message!(language, "code-answer-incomplete-remedy"),
        ),
        "LOG_FORK" => (
            message!(language, "code-log-fork"),
            message!(language, "code-log-fork-remedy"),
        ),
        "SNAPSHOT_DAMAGED" => (
            message!(language, "code-snapshot-damaged"),
            message!(language, "code-snapshot-damaged-remedy"),
        ),
        "STREAM_CUT" => (
            message!(language, "code-stream-cut"),
            message!(language, "code-stream-cut-remedy"),
        ),
        _ => return None,
    };
    Some(CodeWords { cause, remedy })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_policy::refusal::ErrorCode;

    #[test]
    fn a_described_code_exists_and_means_the_same_in_english() {
        let mut described = 0;
        for code in ErrorCode::ALL {
            let Some(words) = describe_code(Language::En, code.as_str()) else {
                continue;
            };
            described += 1;
            assert_eq!(words.cause, code.cause(), "{code}");
            assert_eq!(words.remedy, code.remedy(), "{code}");
            assert_eq!(translate_code(Language::En, code.as_str()), None);
            for language in [Language::De, Language::Pt] {
                let other = translate_code(language, code.as_str()).unwrap();
                assert_ne!(other.cause, words.cause, "{language}: {code}");
            }
        }
        assert_eq!(
            described, 33,
            "a described code is unknown to the connector"
        );
        assert_eq!(describe_code(Language::De, "ANOTHER"), None);
        let shown = render_cause(Language::De, "STREAM_CUT").into_string();
        assert_eq!(shown, "Die Antwort endete vor ihrer letzten Zeile. ");
        let shown = render_cause(Language::En, "STREAM_CUT").into_string();
        assert_eq!(shown, "");
    }
}
