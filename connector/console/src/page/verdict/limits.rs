//! Limits of the check: facts that no exported file can prove.

use crate::message::message;
use crate::part::folder_layout::{FolderFrame, FolderPage, render_folder_page};
use crate::part::layout::PageContent;
use crate::part::text::reveal_controls;
use maud::{Markup, html};

/// Page with the limits.
#[must_use]
pub fn render_limits(frame: &FolderFrame<'_>) -> String {
    let language = frame.language;
    let files = &frame.check.files;
    let owners: std::collections::BTreeSet<&str> = files.iter().map(|file| file.owner()).collect();
    let stamped = files.iter().any(|file| !file.time_stamps.is_empty());
    let body = html! {
        p { (message!(language, "limits-lead")) }
        dl.limits {
            (render_limit(message!(language, "limit-use"), message!(language, "limit-use-text")))
            (render_limit(message!(language, "limit-rows"), message!(language, "limit-rows-text")))
            (render_limit(message!(language, "limit-newer"), message!(language, "limit-newer-text")))
            (render_limit(message!(language, "limit-elsewhere"), message!(language, "limit-elsewhere-text")))
            @if !stamped {
                (render_limit(message!(language, "limit-clock"), message!(language, "limit-clock-text")))
            }
            @if owners.len() < 2 {
                (render_limit(message!(language, "limit-one-side"), message!(language, "limit-one-side-text")))
            }
            @if files.iter().any(|file| file.part) {
                (render_limit(message!(language, "limit-part"), message!(language, "limit-part-text")))
            }
            @if files.iter().any(|file| file.one_sided > 0) {
                (render_limit(message!(language, "limit-one-sided"), message!(language, "limit-one-sided-text")))
            }
            @if files.iter().any(|file| file.time_stamps_not_judged > 0) {
                (render_limit(message!(language, "limit-not-judged"), message!(language, "limit-not-judged-text")))
            }
            @if files.iter().any(|file| file.passkey_acts_not_linked > 0) {
                (render_limit(message!(language, "limit-not-linked"), message!(language, "limit-not-linked-text")))
            }
            @if files.iter().any(|file| file.login_acts > 0) {
                (render_limit(message!(language, "limit-login"), message!(language, "limit-login-text")))
            }
        }
        @if files.iter().any(|file| !file.unseen.is_empty()) {
            h2 { (message!(language, "limits-unseen")) }
            @for file in files.iter().filter(|file| !file.unseen.is_empty()) {
                h3 { bdi { (reveal_controls(&file.file)) } }
                ul lang="en" {
                    @for fact in &file.unseen {
                        li dir="auto" { (reveal_controls(fact)) }
                    }
                }
            }
        }
    };
    let title = FolderPage::Limits.title(language);
    render_folder_page(frame, &PageContent::new(title, body))
}

fn render_limit(name: String, text: String) -> Markup {
    html! {
        div {
            dt { strong { (name) } }
            dd { (text) }
        }
    }
}
