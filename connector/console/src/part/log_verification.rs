//! Verification of the own log: what runs, and the last result.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use maud::{Markup, html};
use serde::Deserialize;

/// Verification that runs, and the last result since the connector was started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct LogVerification {
    /// Verification that runs.
    #[serde(default)]
    pub running: Option<RunningVerification>,
    /// Last result.
    #[serde(default)]
    pub last: Option<VerificationResult>,
}

/// Verification that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RunningVerification {
    /// Instant of its beginning.
    pub began: String,
    /// Number of records under its head.
    pub records: u64,
    /// Number of records that were checked until now.
    pub checked: u64,
}

/// Result of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct VerificationResult {
    /// Instant of its end.
    pub at: String,
    /// Number of records under its head.
    pub records: u64,
    /// Faults; empty where all is in order.
    #[serde(default)]
    pub faults: Vec<VerificationFault>,
}

/// Fault that a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct VerificationFault {
    /// Code of the fault.
    pub code: String,
    /// English sentence of the fault.
    pub sentence: String,
}

/// Last result in a few words, with a link to its page for who may open it.
pub(crate) fn render_last_result(frame: &PageFrame<'_>, verification: &LogVerification) -> Markup {
    let language = frame.language;
    html! {
        span.plain {
            @match &verification.last {
                None => { (message!(language, "verified-never")) }
                Some(last) => {
                    @let records = language.format_number(last.records);
                    (render_instant_text(frame, &last.at)) " · "
                    (message!(language, "verified-records", records)) " · "
                    (render_state(frame, last))
                }
            }
            @if verification.running.is_some() { br; (message!(language, "verification-runs")) }
        }
    }
}

/// State of a result, with a mark that differs in its form, not only in its colour.
fn render_state(frame: &PageFrame<'_>, result: &VerificationResult) -> Markup {
    let language = frame.language;
    html! {
        @match result.faults.len() {
            0 => { span class="state good" { (message!(language, "verified-good")) } }
            number => {
                strong.fault {
                    @let number = language.format_number(u64::try_from(number).unwrap_or(u64::MAX));
                    (message!(language, "verified-faults", number))
                }
            }
        }
    }
}

/// Last result with each fault.
pub(crate) fn render_result(frame: &PageFrame<'_>, result: &VerificationResult) -> Markup {
    let language = frame.language;
    let records = language.format_number(result.records);
    html! {
        p {
            (message!(language, "verified-at")) " " (render_instant_text(frame, &result.at)) " · "
            (message!(language, "verified-records", records)) " · "
            (render_state(frame, result))
        }
        @if !result.faults.is_empty() {
            ul {
                @for fault in &result.faults {
                    li {
                        code { (reveal_controls(&fault.code)) } " "
                        span lang="en" { (reveal_controls(&fault.sentence)) }
                    }
                }
            }
        }
    }
}
