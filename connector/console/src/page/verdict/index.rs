//! First page in a language: the verdict, the files, and the way to the other pages.

use super::JudgedFile;
use crate::message::message;
use crate::part::folder_layout::{
    FolderFrame, FolderPage, count_of, render_folder_page, verdict_sentence,
};
use crate::part::layout::PageContent;
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Page with the verdict.
#[must_use]
pub fn render_verdict_page(frame: &FolderFrame<'_>) -> String {
    let language = frame.language;
    let check = frame.check;
    let body = html! {
        p { (describe_verdict(language, &check.verdict)) }
        @if !check.findings.is_empty() {
            @let number = language.format_number(count_of(check.findings.len()));
            p { a.act href=(FolderPage::Findings.file_name()) { (message!(language, "verdict-see-findings", number)) } }
        }
        h2 { (message!(language, "verdict-files")) }
        @if check.files.is_empty() {
            p { (message!(language, "verdict-no-files")) }
        } @else {
            (render_files(frame, &check.files))
        }
        p.hint { (message!(language, "verdict-digest-hint")) }
        @if let Some(digest) = check.files.iter().find_map(|file| file.sha256.as_ref().map(|_| &file.file)) {
            pre { code { "sha256sum " (reveal_controls(digest)) } }
        }
        h2 { (message!(language, "verdict-trust")) }
        @match &check.league {
            Some(league) => {
                p { (message!(language, "verdict-trust-key")) }
                p { code { (reveal_controls(league)) } }
                p.hint { (message!(language, "verdict-trust-hint")) }
            }
            None => { p { (message!(language, "verdict-trust-none")) } }
        }
        h2 { (message!(language, "verdict-pages")) }
        dl.facts {
            @for page in FolderPage::ALL.into_iter().filter(|page| *page != FolderPage::Verdict) {
                div {
                    dt { a href=(page.file_name()) { (page.title(language)) } }
                    dd { span.plain { (describe_page(language, page)) } }
                }
            }
        }
    };
    let content = PageContent::new(verdict_sentence(language, check), body);
    render_folder_page(frame, &content)
}

fn describe_verdict(language: Language, verdict: &str) -> String {
    match verdict {
        "good" => message!(language, "verdict-good-meaning"),
        "incomplete" => message!(language, "verdict-incomplete-meaning"),
        "broken" => message!(language, "verdict-broken-meaning"),
        _ => message!(language, "verdict-unknown-meaning"),
    }
}

fn describe_page(language: Language, page: FolderPage) -> String {
    match page {
        FolderPage::Verdict => message!(language, "verdict-title"),
        FolderPage::Findings => message!(language, "verdict-findings-about"),
        FolderPage::Recipients => message!(language, "verdict-recipients-about"),
        FolderPage::Contracts => message!(language, "verdict-contracts-about"),
        FolderPage::Comparison => message!(language, "verdict-comparison-about"),
        FolderPage::Limits => message!(language, "verdict-limits-about"),
    }
}

fn render_files(frame: &FolderFrame<'_>, files: &[JudgedFile]) -> Markup {
    let language = frame.language;
    let instants = frame.to_page_frame();
    html! {
        @for (index, file) in files.iter().enumerate() {
            @let id = format!("file-{index}");
            section aria-labelledby=(id) {
                h3 id=(id) { bdi { (reveal_controls(&file.file)) } }
                (render_facts(&[
                    Fact::new(message!(language, "file-owner"), html! { bdi { (reveal_controls(file.owner())) } }),
                    Fact::new(message!(language, "file-records"), html! {
                        (language.format_number(file.records))
                        @if file.part { br; span.plain { (message!(language, "file-part")) } }
                    }),
                    Fact::new(message!(language, "file-covered"), html! { (language.format_number(file.covered)) }),
                    Fact::new(message!(language, "file-span"), html! {
                        @match (&file.from, &file.to) {
                            (Some(from), Some(to)) => {
                                (render_instant_text(&instants, from)) " – " (render_instant_text(&instants, to))
                            }
                            _ => { (message!(language, "verdict-none")) }
                        }
                    }),
                    Fact::new(message!(language, "file-permitted"), html! { (language.format_number(file.permitted)) }),
                    Fact::new(message!(language, "file-refused"), html! { (language.format_number(file.refused)) }),
                    Fact::new(message!(language, "file-received"), html! { (language.format_number(file.received)) }),
                    Fact::new(message!(language, "file-one-sided"), html! { (language.format_number(file.one_sided)) }),
                ]))
                p {
                    "SHA-256: "
                    @match &file.sha256 {
                        Some(digest) => { code { (reveal_controls(digest)) } }
                        None => { (message!(language, "verdict-folder-digest")) }
                    }
                }
                (render_outside_proofs(frame, file, index))
            }
        }
    }
}

/// Proofs of the age of the records by others than the owner of the log.
fn render_outside_proofs(frame: &FolderFrame<'_>, file: &JudgedFile, index: usize) -> Markup {
    let language = frame.language;
    let instants = frame.to_page_frame();
    let witnesses = file.witnesses.iter().map(|witness| {
        vec![
            html! { bdi { (reveal_controls(&witness.by)) } },
            html! { (message!(language, "proof-witness")) },
            html! { (language.format_number(witness.size)) },
            render_instant_text(&instants, &witness.at),
        ]
    });
    let stamps = file.time_stamps.iter().map(|stamp| {
        vec![
            html! { bdi { (reveal_controls(&stamp.authority)) } },
            html! { (message!(language, "proof-time-stamp")) },
            html! { (language.format_number(stamp.size)) },
            render_instant_text(&instants, &stamp.existed_before),
        ]
    });
    let rows: Vec<Vec<Markup>> = witnesses.chain(stamps).collect();
    let id = format!("proofs-{index}");
    html! {
        @if !rows.is_empty() {
            (render_table(&DataTable {
                id: &id,
                caption: message!(language, "proof-caption"),
                columns: vec![
                    message!(language, "proof-by"),
                    message!(language, "proof-kind"),
                    message!(language, "proof-size"),
                    message!(language, "proof-before"),
                ],
                rows,
            }))
        }
    }
}
