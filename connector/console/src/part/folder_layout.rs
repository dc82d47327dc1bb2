//! Shape of the pages in a folder: no console serves them, so they have no session, no script, and links from file to file.
//!
//! The policy of each page stands in a `meta` element. It permits its own style sheet by the digest of its text, since browsers don't
//! agree on what `'self'` means for a file.

use crate::asset::style_sheet_text;
use crate::frame::PageFrame;
use crate::message::message;
use crate::page::verdict::{CheckView, JudgedFile};
use crate::part::layout::{PageContent, PageDocument, render_document};
use crate::part::text::reveal_controls;
use hansa_audit_log::digest::Digest;
use hansa_policy::term::language::Language;
use maud::{Markup, PreEscaped, html};
use std::fmt::Write as _;

/// Style of the pages in a folder, in addition to that of the console.
const FOLDER_STYLE: &str = include_str!("../../assets/folder.css");

/// Largest number of files at the foot of a printed sheet.
const MOST_PRINTED_FILES: usize = 6;

/// Values that all pages of a folder share in one language.
#[derive(Debug, Clone, Copy)]
pub struct FolderFrame<'a> {
    /// Language of the page.
    pub language: Language,
    /// Name of the file of this page, in the folder of each language.
    pub page: &'a str,
    /// Result of the check that the folder shows.
    pub check: &'a CheckView,
    /// Name and version of the program that checked.
    pub program: &'a str,
    /// Style sheet in this language.
    pub style: &'a FolderStyle,
}

impl<'a> FolderFrame<'a> {
    /// Frame for the parts of the console. Nobody offline knows the time zone of a participant, so that instants are shown in UTC.
    pub(crate) const fn to_page_frame(self) -> PageFrame<'a> {
        PageFrame::new(self.language, "/")
    }
}

/// Style sheet of a folder, with its digest for the policy. It writes verdict, files and program at the foot of each printed sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderStyle {
    text: String,
    policy: String,
}

impl FolderStyle {
    /// Style sheet for the result of a check in a language.
    #[must_use]
    pub fn new(language: Language, check: &CheckView, program: &str) -> Self {
        let foot = printed_foot(language, check, program);
        // A line has 3.4 mm; what is long takes a second one.
        let lines = foot.lines().map(|line| line.chars().count() / 120 + 1);
        let millimetres = lines.sum::<usize>().saturating_mul(4).saturating_add(12);
        let text = format!(
            "{}{FOLDER_STYLE}@page {{ margin-bottom: {millimetres}mm; @bottom-left {{ content: \"{}\" }} }}\n",
            style_sheet_text(),
            escape_css_string(&foot)
        );
        let digest = encode_base64(Digest::of(text.as_bytes()).as_bytes());
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        );
        Self { text, policy }
    }
}

/// Page of a folder, a link of its navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderPage {
    /// Verdict.
    Verdict,
    /// Findings.
    Findings,
    /// Recipients of answers.
    Recipients,
    /// Contracts.
    Contracts,
    /// Comparison of two files.
    Comparison,
    /// Limits of the check.
    Limits,
}

impl FolderPage {
    /// All pages, in the order of the navigation.
    pub const ALL: [Self; 6] = [
        Self::Verdict,
        Self::Findings,
        Self::Recipients,
        Self::Contracts,
        Self::Comparison,
        Self::Limits,
    ];

    /// Name of the file.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Verdict => "index.html",
            Self::Findings => "findings.html",
            Self::Recipients => "recipients.html",
            Self::Contracts => "contracts.html",
            Self::Comparison => "comparison.html",
            Self::Limits => "limits.html",
        }
    }

    /// Title of the page.
    pub(crate) fn title(self, language: Language) -> String {
        match self {
            Self::Verdict => message!(language, "verdict-title"),
            Self::Findings => message!(language, "verdict-findings"),
            Self::Recipients => message!(language, "verdict-recipients"),
            Self::Contracts => message!(language, "verdict-contracts"),
            Self::Comparison => message!(language, "verdict-comparison"),
            Self::Limits => message!(language, "verdict-limits"),
        }
    }

    /// Value of `aria-current` on a page: the page itself, or a page below it, such as that of one contract.
    fn current_mark(self, page: &str) -> Option<&'static str> {
        let prefix = match self {
            Self::Recipients => "recipients-",
            Self::Contracts => "contract-",
            Self::Verdict | Self::Findings | Self::Comparison | Self::Limits => {
                return (page == self.file_name()).then_some("page");
            }
        };
        if page == self.file_name() {
            Some("page")
        } else {
            page.starts_with(prefix).then_some("true")
        }
    }
}

/// Name of the file with the answers of a month, such as `recipients-2026-11.html`; further parts of a month have a number.
#[must_use]
pub fn month_file_name(month: &str, part: usize) -> String {
    let is_plain = |letter: &char| letter.is_ascii_digit() || *letter == '-';
    let month: String = month.chars().filter(is_plain).collect();
    match part {
        0 | 1 => format!("recipients-{month}.html"),
        _ => format!("recipients-{month}-{part}.html"),
    }
}

/// Name of the file of a contract; none for an identity that is not made of hexadecimal digits.
#[must_use]
pub fn contract_file_name(contract: &str) -> Option<String> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_plain = !contract.is_empty() && contract.bytes().all(is_digit);
    is_plain.then(|| format!("contract-{contract}.html"))
}

/// Whole page of a folder as text.
pub(crate) fn render_folder_page(frame: &FolderFrame<'_>, content: &PageContent) -> String {
    let language = frame.language;
    let document = PageDocument {
        title: format!(
            "{} – {}",
            reveal_controls(&content.title),
            message!(language, "verdict-product")
        ),
        head: render_head(frame.style),
        banner: html! {
            (render_folder_banner(frame))
            (render_page_links(frame))
        },
        lead: html! {},
        notices: html! {},
        footer: render_folder_footer(frame),
    };
    render_document(language, &document, content)
}

/// First page of a folder: the verdict in every language, with the link to the pages in it.
#[must_use]
pub fn render_language_choice(frame: &FolderFrame<'_>) -> String {
    let language = frame.language;
    let content = PageContent::new(
        message!(language, "verdict-product"),
        html! {
            @for other in Language::ALL {
                section.choice-of-language lang=(other.tag()) {
                    h2 { (verdict_sentence(other, frame.check)) }
                    p {
                        a href={ (other.tag()) "/index.html" } hreflang=(other.tag()) {
                            (message!(other, "verdict-read"))
                        }
                    }
                }
            }
        },
    );
    let document = PageDocument {
        title: message!(language, "verdict-product"),
        head: render_head(frame.style),
        banner: html! {},
        lead: html! {},
        notices: html! {},
        footer: render_folder_footer(frame),
    };
    render_document(language, &document, &content)
}

fn render_head(style: &FolderStyle) -> Markup {
    html! {
        meta http-equiv="Content-Security-Policy" content=(style.policy);
        meta name="referrer" content="no-referrer";
        // The text is the style sheet of this crate; its only part from outside is a string of `escape_css_string`.
        style { (PreEscaped(&style.text)) }
    }
}

fn render_folder_banner(frame: &FolderFrame<'_>) -> Markup {
    let language = frame.language;
    html! {
        header.banner {
            p.product { strong { (message!(language, "verdict-product")) } }
            p.notice { (render_verdict(language, frame.check)) }
            nav.languages aria-label=(message!(language, "nav-languages")) {
                ul {
                    @for other in Language::ALL {
                        li {
                            a href={ "../" (other.tag()) "/" (frame.page) } lang=(other.tag()) hreflang=(other.tag())
                                aria-current=[(other == language).then_some("true")] {
                                (message!(other, "language-name"))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn render_page_links(frame: &FolderFrame<'_>) -> Markup {
    let language = frame.language;
    html! {
        nav.sections aria-label=(message!(language, "nav-sections")) {
            ul {
                @for page in FolderPage::ALL {
                    li {
                        a href=(page.file_name()) aria-current=[page.current_mark(frame.page)] {
                            (page.title(language))
                            @if page == FolderPage::Findings {
                                @let number = language.format_number(count_of(frame.check.findings.len()));
                                " " span.count { (number) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn render_folder_footer(frame: &FolderFrame<'_>) -> Markup {
    let language = frame.language;
    html! {
        footer.seal {
            p { strong { (verdict_sentence(language, frame.check)) } }
            ul {
                @for file in &frame.check.files {
                    li { (render_file_digest(language, file)) }
                }
            }
            p { (message!(language, "verdict-program")) " " bdi { (reveal_controls(frame.program)) } }
        }
    }
}

fn render_file_digest(language: Language, file: &JudgedFile) -> Markup {
    html! {
        bdi { (reveal_controls(&file.file)) } ": "
        @match &file.sha256 {
            Some(digest) => { "SHA-256 " code { (reveal_controls(digest)) } }
            None => { (message!(language, "verdict-folder-digest")) }
        }
    }
}

/// Verdict with a mark that differs in its words and its sign, not only in its colour.
pub(crate) fn render_verdict(language: Language, check: &CheckView) -> Markup {
    let class = if check.is_good() {
        "state good"
    } else {
        "mark bad"
    };
    html! { strong class=(class) { (verdict_sentence(language, check)) } }
}

/// Verdict in one sentence, with its sign.
pub(crate) fn verdict_sentence(language: Language, check: &CheckView) -> String {
    match check.verdict.as_str() {
        "good" => message!(language, "verdict-good"),
        "incomplete" => message!(language, "verdict-incomplete"),
        "broken" => message!(language, "verdict-broken"),
        _ => message!(language, "verdict-unknown"),
    }
}

/// Lines at the foot of each printed sheet. The foot of the page itself names all files.
fn printed_foot(language: Language, check: &CheckView, program: &str) -> String {
    let mut foot = verdict_sentence(language, check);
    for file in check.files.iter().take(MOST_PRINTED_FILES) {
        let digest = match &file.sha256 {
            Some(digest) => format!("SHA-256 {digest}"),
            None => message!(language, "verdict-folder-digest"),
        };
        let name = shorten_front(&file.file);
        // Writing to a `String` can't fail.
        let _ = write!(foot, "\n{name}: {digest}");
    }
    if check.files.len() > MOST_PRINTED_FILES {
        foot.push_str("\n…");
    }
    let _ = write!(foot, "\n{program}");
    reveal_controls(&foot).into_owned()
}

/// End of a path, which names the file.
fn shorten_front(path: &str) -> String {
    const LONGEST: usize = 60;
    let left_out = path.chars().count().saturating_sub(LONGEST);
    let end: String = path.chars().skip(left_out).collect();
    if left_out == 0 {
        end
    } else {
        format!("…{end}")
    }
}

/// Text inside the quotes of a string of CSS: each character but ASCII letters and digits as its number (CSS Syntax 3, section 4.3.7).
fn escape_css_string(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            escaped.push(character);
        } else {
            let _ = write!(escaped, "\\{:06x} ", u32::from(character));
        }
    }
    escaped
}

/// Bytes in base64 (RFC 4648, section 4), the form of digests in a policy.
fn encode_base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for place in 0..4_usize {
            let shift = 18_usize.saturating_sub(place.saturating_mul(6));
            let index = usize::try_from((bits >> shift) & 63).unwrap_or_default();
            let letter = LETTERS.get(index).copied().unwrap_or(b'=');
            let is_used = place <= group.len();
            encoded.push(if is_used { char::from(letter) } else { '=' });
        }
    }
    encoded
}

/// Length as a number for texts.
pub(crate) fn count_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_as_policies_want_them() {
        assert_eq!(encode_base64(b""), "");
        assert_eq!(encode_base64(b"f"), "Zg==");
        assert_eq!(encode_base64(b"fo"), "Zm8=");
        assert_eq!(encode_base64(b"foo"), "Zm9v");
        assert_eq!(
            encode_base64(&[0xff, 0xef, 0xbe, 0xfb]),
            "/+++".to_owned() + "+w=="
        );
    }

    #[test]
    fn a_string_of_css_ends_at_its_quote() {
        let escaped = escape_css_string("a\"}</style>\n\u{202e}é\\");
        assert!(!escaped.contains(['"', '<', '>', '}', '\n']), "{escaped}");
        assert_eq!(escape_css_string("a-b"), "a\\00002d b");
    }

    #[test]
    fn names_of_files_are_made_here() {
        assert_eq!(month_file_name("2026-11", 1), "recipients-2026-11.html");
        assert_eq!(
            month_file_name("../2026-11", 3),
            "recipients-2026-11-3.html"
        );
        assert_eq!(contract_file_name("7f3a").unwrap(), "contract-7f3a.html");
        for bad in ["", "..", "7F", "a/b", "7f\0"] {
            assert_eq!(contract_file_name(bad), None, "{bad}");
        }
    }
}
