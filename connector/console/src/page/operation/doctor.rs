//! Check of the running system, hop by hop.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::operation::health::render_finding;
use crate::page::operation::render_links;
use crate::part::error_code::render_error_code;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Check of this connector and of one participant or of all peers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DoctorView {
    /// Domain or alias of the participant; none for all peers.
    pub participant: Option<String>,
    /// Findings in the order of the checks; none before the check.
    pub findings: Option<Vec<DoctorFinding>>,
}

/// Object of `hansa doctor --json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct DoctorFinding {
    /// Domain of the checked participant, or `here`.
    pub at: String,
    /// Name of the check, such as `port`.
    pub check: String,
    /// `true` if the check found no fault.
    pub ok: bool,
    /// Sentence about the finding.
    pub found: String,
    /// Code of the fault.
    #[serde(default)]
    pub code: Option<String>,
    /// Remedy of the fault.
    #[serde(default)]
    pub help: Option<String>,
}

/// Address of the check of a participant, or of all peers. A name with other letters than those of a domain or an alias leads to all.
pub(crate) fn doctor_address(participant: Option<&str>) -> String {
    const ALL: &str = "/operations/doctor";
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let plain = participant
        .filter(|name| !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain));
    plain.map_or_else(|| ALL.to_owned(), |name| format!("{ALL}/{name}"))
}

/// Page that begins a check, or shows its findings.
#[must_use]
pub fn render_doctor(frame: &PageFrame<'_>, view: &DoctorView) -> String {
    let language = frame.language;
    let participant = view.participant.as_deref();
    let body = html! {
        (render_links(frame))
        @match &view.findings {
            None => {
                p { (message!(language, "doctor-what")) }
                p { (message!(language, "doctor-changes-nothing")) }
            }
            Some(findings) => { (render_findings(language, findings)) }
        }
        form method="post" action=(doctor_address(participant)) {
            button.main type="submit" {
                @if view.findings.is_some() {
                    (message!(language, "doctor-run-again"))
                } @else {
                    (message!(language, "doctor-run"))
                }
            }
        }
        @if view.findings.is_none() {
            p.hint { (message!(language, "doctor-duration")) }
        }
        @if participant.is_some() {
            p { a href=(doctor_address(None)) { (message!(language, "doctor-all")) } }
        }
    };
    let title = match participant {
        Some(name) => {
            let name = reveal_controls(name);
            message!(language, "doctor-title-of", name)
        }
        None => message!(language, "doctor-title"),
    };
    render_layout(frame, &PageContent::new(title, body))
}

fn render_findings(language: Language, findings: &[DoctorFinding]) -> Markup {
    let faults = findings.iter().filter(|finding| !finding.ok).count();
    let number = language.format_number(u64::try_from(faults).unwrap_or(u64::MAX));
    let rows = findings.iter().map(|finding| {
        vec![
            html! {
                @if finding.at == "here" { (message!(language, "doctor-here")) }
                @else { bdi { (reveal_controls(&finding.at)) } }
            },
            html! { span lang="en" { (reveal_controls(&finding.check)) } },
            render_finding(language, finding.ok),
            html! {
                @if let Some(code) = &finding.code { (render_error_code(code)) " " }
                span lang="en" { (reveal_controls(&finding.found)) }
                @if let Some(help) = &finding.help {
                    p lang="en" { (reveal_controls(help)) }
                }
            },
        ]
    });
    html! {
        p {
            @if faults == 0 {
                strong { (message!(language, "doctor-no-fault")) }
            } @else {
                strong.fault { (message!(language, "doctor-faults", number)) }
            }
        }
        (render_table(&DataTable {
            id: "doctor-caption",
            caption: message!(language, "doctor-caption"),
            columns: vec![
                message!(language, "doctor-at"),
                message!(language, "health-check"),
                message!(language, "health-finding"),
                message!(language, "doctor-found"),
            ],
            rows: rows.collect(),
        }))
    }
}
