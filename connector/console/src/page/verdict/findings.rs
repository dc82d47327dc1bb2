//! Findings: what each kind means, and what to ask of whom.

use super::comparison::field_name;
use super::{AnswerVersionsView, FindingView};
use crate::message::message;
use crate::part::folder_layout::{FolderFrame, FolderPage, count_of, render_folder_page};
use crate::part::layout::PageContent;
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Largest number of findings of one kind on the page.
const MOST_OF_A_KIND: usize = 200;

/// Findings of one kind.
struct FindingGroup<'a> {
    verdict: &'a str,
    about: &'a str,
    findings: Vec<&'a FindingView>,
}

/// Page with all findings.
#[must_use]
pub fn render_findings(frame: &FolderFrame<'_>) -> String {
    let language = frame.language;
    let groups = group_findings(&frame.check.findings);
    let body = html! {
        @if groups.is_empty() {
            p { (message!(language, "findings-none")) }
        } @else {
            p { (message!(language, "findings-lead")) }
            @for (index, group) in groups.iter().enumerate() {
                (render_group(language, group, index))
            }
        }
    };
    let title = FolderPage::Findings.title(language);
    render_folder_page(frame, &PageContent::new(title, body))
}

/// Findings by kind: the gravest first, and of those the kinds from which others can follow.
fn group_findings(findings: &[FindingView]) -> Vec<FindingGroup<'_>> {
    let mut groups: Vec<FindingGroup<'_>> = Vec::new();
    for finding in findings {
        let same = |group: &&mut FindingGroup<'_>| {
            group.verdict == finding.verdict && group.about == finding.about
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.findings.push(finding),
            None => groups.push(FindingGroup {
                verdict: &finding.verdict,
                about: &finding.about,
                findings: vec![finding],
            }),
        }
    }
    groups.sort_by_key(|group| (verdict_rank(group.verdict), subject_rank(group.about)));
    groups
}

fn verdict_rank(verdict: &str) -> u8 {
    match verdict {
        "broken" => 0,
        "incomplete" => 2,
        "incident" => 3,
        _ => 1,
    }
}

/// Order of causes: a record that was edited, or a key that nobody vouches for, makes later checks fail as well.
fn subject_rank(about: &str) -> u8 {
    match about {
        "trust" => 0,
        "file" => 1,
        "record" => 2,
        "head" => 3,
        _ => 4,
    }
}

fn render_group(language: Language, group: &FindingGroup<'_>, index: usize) -> Markup {
    let id = format!("kind-{index}");
    let number = language.format_number(count_of(group.findings.len()));
    let omitted = group.findings.len().saturating_sub(MOST_OF_A_KIND);
    let class = if group.verdict == "incident" {
        "mark late"
    } else {
        "mark bad"
    };
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (subject_title(language, group.about)) " (" (number) ")" }
            p { strong class=(class) { (verdict_word(language, group.verdict)) } }
            dl.facts.advice {
                div {
                    dt { (message!(language, "finding-meaning")) }
                    dd { span.plain { (describe_meaning(language, group)) } }
                }
                div {
                    dt { (message!(language, "finding-ask")) }
                    dd { span.plain { (describe_remedy(language, group)) } }
                }
            }
            // Other faults can follow from the first, so that a reader begins there.
            @let has_first_fault = index == 0 && group.verdict == "broken";
            @if has_first_fault { h3 { (message!(language, "finding-first")) } }
            @for (number, finding) in group.findings.iter().take(MOST_OF_A_KIND).enumerate() {
                @if has_first_fault && number == 1 { h3 { (message!(language, "finding-further")) } }
                (render_finding(language, finding, &format!("versions-{index}-{number}")))
            }
            @if omitted > 0 {
                @let number = language.format_number(count_of(omitted));
                p.hint { (message!(language, "findings-omitted", number)) }
            }
        }
    }
}

fn render_finding(language: Language, finding: &FindingView, table: &str) -> Markup {
    html! {
        div.finding {
            p.hint {
                bdi { (reveal_controls(&finding.file)) }
                @if let Some(record) = finding.record {
                    @let record = record.to_string();
                    " · " (message!(language, "finding-record", record))
                }
            }
            @match &finding.versions {
                Some(versions) => { (render_versions(language, versions, table)) }
                // Sentences of the program are English.
                None => { p lang="en" dir="auto" { (reveal_controls(&finding.sentence)) } }
            }
            @if !finding.proof.is_empty() {
                details {
                    summary { (message!(language, "finding-proof")) }
                    @for head in &finding.proof {
                        pre { (reveal_controls(head)) }
                    }
                }
            }
        }
    }
}

/// Entries of both logs about one answer, field by field.
fn render_versions(language: Language, versions: &AnswerVersionsView, id: &str) -> Markup {
    let request = reveal_controls(&versions.request);
    let provider = reveal_controls(&versions.provider);
    let consumer = reveal_controls(&versions.consumer);
    let value = |text: &str| {
        html! {
            @if text.is_empty() {
                (message!(language, "verdict-none"))
            } @else {
                code { (reveal_controls(text)) }
            }
        }
    };
    let rows = versions.fields.iter().map(|field| {
        vec![
            html! { (field_name(language, &field.field)) },
            value(&field.provider),
            value(&field.consumer),
            html! {
                @if field.provider == field.consumer {
                    (message!(language, "versions-same"))
                } @else {
                    strong.fault { (message!(language, "versions-differ")) }
                }
            },
        ]
    });
    render_table(&DataTable {
        id,
        caption: message!(language, "versions-caption", request),
        columns: vec![
            message!(language, "column-member"),
            message!(language, "versions-sent", provider),
            message!(language, "versions-received", consumer),
            message!(language, "versions-result"),
        ],
        rows: rows.collect(),
    })
}

fn verdict_word(language: Language, verdict: &str) -> String {
    match verdict {
        "broken" => message!(language, "finding-broken"),
        "incomplete" => message!(language, "finding-incomplete"),
        "incident" => message!(language, "finding-incident"),
        _ => message!(language, "finding-unknown"),
    }
}

fn subject_title(language: Language, about: &str) -> String {
    match about {
        "record" => message!(language, "about-record"),
        "file" => message!(language, "about-file"),
        "trust" => message!(language, "about-trust"),
        "document" => message!(language, "about-document"),
        "permit" => message!(language, "about-permit"),
        "key_values" => message!(language, "about-key-values"),
        "receipt" => message!(language, "about-receipt"),
        "answer" => message!(language, "about-answer"),
        "head" => message!(language, "about-head"),
        "time_stamp" => message!(language, "about-time-stamp"),
        "statement" => message!(language, "about-statement"),
        "incident" => message!(language, "about-incident"),
        "act" => message!(language, "about-act"),
        other => reveal_controls(other).into_owned(),
    }
}

fn describe_meaning(language: Language, group: &FindingGroup<'_>) -> String {
    match group.verdict {
        "incomplete" => message!(language, "meaning-incomplete"),
        "incident" => message!(language, "meaning-incident"),
        "broken" => match group.about {
            "record" => message!(language, "meaning-record"),
            "file" => message!(language, "meaning-file"),
            "trust" => message!(language, "meaning-trust"),
            "document" => message!(language, "meaning-document"),
            "permit" => message!(language, "meaning-permit"),
            "key_values" => message!(language, "meaning-key-values"),
            "receipt" => message!(language, "meaning-receipt"),
            "answer" => message!(language, "meaning-answer"),
            "head" => message!(language, "meaning-head"),
            "time_stamp" => message!(language, "meaning-time-stamp"),
            "statement" => message!(language, "meaning-statement"),
            "act" => message!(language, "meaning-act"),
            _ => message!(language, "meaning-other"),
        },
        _ => message!(language, "meaning-unknown"),
    }
}

fn describe_remedy(language: Language, group: &FindingGroup<'_>) -> String {
    match group.verdict {
        "incomplete" => match group.about {
            "trust" => message!(language, "ask-trust-missing"),
            "answer" => message!(language, "ask-answer-missing"),
            "receipt" | "document" | "statement" => message!(language, "ask-document-missing"),
            _ => message!(language, "ask-incomplete"),
        },
        "incident" => message!(language, "ask-incident"),
        "broken" => match group.about {
            "record" => message!(language, "ask-record"),
            "file" => message!(language, "ask-file"),
            "trust" => message!(language, "ask-trust"),
            "document" => message!(language, "ask-document"),
            "permit" => message!(language, "ask-permit"),
            "key_values" => message!(language, "ask-key-values"),
            "receipt" => message!(language, "ask-receipt"),
            "answer" => message!(language, "ask-answer"),
            "head" => message!(language, "ask-head"),
            "time_stamp" => message!(language, "ask-time-stamp"),
            "statement" => message!(language, "ask-statement"),
            "act" => message!(language, "ask-act"),
            _ => message!(language, "ask-other"),
        },
        _ => message!(language, "ask-unknown"),
    }
}
