//! Shape of every page: head, banner, navigation, content, footer.

use crate::asset::{icon_address, style_sheet_address};
use crate::frame::{ForkNotice, PageFrame, PersonLabel, PersonRole};
use crate::message::message;
use crate::part::act_note::render_act_note;
use crate::part::address::{QueryAddress, own_path, query_without};
use crate::part::command_notice::render_notice;
use crate::part::help_address::{INCIDENT_HELP, help_address};
use crate::part::session_end::render_session_end;
use crate::part::text::reveal_controls;
use crate::part::time::render_instant;
use hansa_policy::term::language::Language;
use maud::{DOCTYPE, Markup, html};

/// Content of a page and its names.
pub(crate) struct PageContent {
    /// Subject of the page, for the window of the browser.
    pub(crate) title: String,
    /// Main heading.
    pub(crate) heading: Markup,
    /// Content below the heading.
    pub(crate) body: Markup,
    /// `true` if the page reports an error.
    pub(crate) is_error: bool,
}

impl PageContent {
    /// Content of a page whose heading is its title.
    pub(crate) fn new(title: String, body: Markup) -> Self {
        Self {
            heading: html! { (title) },
            title,
            body,
            is_error: false,
        }
    }
}

/// Page that a link of the navigation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NavigationTarget {
    Overview,
    Datasets,
    Contracts,
    Catalog,
    Ask,
    Evidence,
    Operations,
    Settings,
}

impl NavigationTarget {
    const ALL: [Self; 8] = [
        Self::Overview,
        Self::Datasets,
        Self::Contracts,
        Self::Catalog,
        Self::Ask,
        Self::Evidence,
        Self::Operations,
        Self::Settings,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Datasets => "/datasets",
            Self::Contracts => "/contracts",
            Self::Catalog => "/catalog",
            Self::Ask => "/ask",
            Self::Evidence => "/evidence",
            Self::Operations => "/operations",
            Self::Settings => "/settings",
        }
    }

    /// Roles that open the page; empty for everybody.
    const fn roles(self) -> &'static [PersonRole] {
        match self {
            Self::Overview => &[],
            Self::Datasets => &[PersonRole::Officer],
            Self::Contracts => &[
                PersonRole::Officer,
                PersonRole::Analyst,
                PersonRole::Auditor,
            ],
            Self::Catalog => &[PersonRole::Officer, PersonRole::Analyst],
            Self::Ask => &[PersonRole::Analyst],
            Self::Evidence => &[PersonRole::Officer, PersonRole::Auditor],
            Self::Operations => &[PersonRole::Operator],
            Self::Settings => &[PersonRole::Auditor, PersonRole::Operator],
        }
    }

    fn is_open_to(self, person: PersonLabel<'_>) -> bool {
        let roles = self.roles();
        roles.is_empty() || roles.iter().any(|role| person.roles.contains(role))
    }

    fn label(self, language: Language) -> String {
        match self {
            Self::Overview => message!(language, "nav-overview"),
            Self::Datasets => message!(language, "nav-datasets"),
            Self::Contracts => message!(language, "nav-contracts"),
            Self::Catalog => message!(language, "nav-catalog"),
            Self::Ask => message!(language, "nav-ask"),
            Self::Evidence => message!(language, "nav-evidence"),
            Self::Operations => message!(language, "nav-operations"),
            Self::Settings => message!(language, "nav-settings"),
        }
    }

    /// Value of `aria-current` on a page: the page itself, or a page below it.
    fn current_mark(self, path: &str) -> Option<&'static str> {
        let is_below = self != Self::Overview
            && path
                .strip_prefix(self.path())
                .is_some_and(|rest| rest.starts_with('/'));
        if path == self.path() {
            Some("page")
        } else {
            is_below.then_some("true")
        }
    }
}

/// Whole page as text.
pub(crate) fn render_layout(frame: &PageFrame<'_>, content: &PageContent) -> String {
    let language = frame.language;
    let document = PageDocument {
        title: page_title(frame, content),
        head: html! {
            meta name="referrer" content="same-origin";
            link rel="icon" type="image/svg+xml" href=(icon_address());
            link rel="stylesheet" href=(style_sheet_address());
        },
        banner: html! {
            (render_banner(frame))
            @if let Some(person) = frame.person {
                (render_navigation(frame, person))
                (render_forks(frame))
            }
        },
        lead: html! {
            @if let Some(instant) = frame.as_of {
                p.as-of {
                    (message!(language, "as-of")) " " (render_instant(frame, instant)) " "
                    a href=(page_address(frame)) { (message!(language, "refresh")) }
                }
            }
        },
        notices: html! {
            @if let Some(done) = frame.done {
                (render_act_note(frame, done))
            }
            @for notice in frame.notices {
                (render_notice(language, notice))
            }
        },
        footer: render_footer(frame),
    };
    render_document(language, &document, content)
}

/// Parts of a page around its content.
pub(crate) struct PageDocument {
    /// Title, for the window of the browser.
    pub(crate) title: String,
    /// Elements of the head after those of every page.
    pub(crate) head: Markup,
    /// Elements before the content: banner and navigation.
    pub(crate) banner: Markup,
    /// Elements of the content before its heading.
    pub(crate) lead: Markup,
    /// Elements between the heading and the content.
    pub(crate) notices: Markup,
    /// Elements after the content.
    pub(crate) footer: Markup,
}

/// Whole page as text, from the parts around its content.
pub(crate) fn render_document(
    language: Language,
    document: &PageDocument,
    content: &PageContent,
) -> String {
    let page = html! {
        (DOCTYPE)
        html lang=(language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (document.title) }
                (document.head)
            }
            body {
                a.skip href="#content" { (message!(language, "skip")) }
                (document.banner)
                main id="content" tabindex="-1" {
                    (document.lead)
                    h1 { (content.heading) }
                    (document.notices)
                    (content.body)
                }
                (document.footer)
            }
        }
    };
    page.into_string()
}

fn page_title(frame: &PageFrame<'_>, content: &PageContent) -> String {
    let language = frame.language;
    let product = message!(language, "product-name");
    let mut title = reveal_controls(&content.title).into_owned();
    if content.is_error {
        title = message!(language, "title-error", title);
    }
    if frame.participant_name.is_empty() {
        format!("{title} – {product}")
    } else {
        let participant = reveal_controls(frame.participant_name);
        format!("{title} – {participant} – {product}")
    }
}

fn render_banner(frame: &PageFrame<'_>) -> Markup {
    let language = frame.language;
    html! {
        header.banner {
            p.product {
                strong { (message!(language, "product-name")) }
                @if !frame.participant_name.is_empty() {
                    " · " bdi { (reveal_controls(frame.participant_name)) }
                }
                @if !frame.participant_domain.is_empty() {
                    " " span.domain { (reveal_controls(frame.participant_domain)) }
                }
            }
            @if frame.demo || frame.clock_offset.is_some() {
                p.notice {
                    @if frame.demo { strong.badge { (message!(language, "demonstration")) } }
                    @if let Some(offset) = frame.clock_offset {
                        @let offset = reveal_controls(offset);
                        " " strong.badge { (message!(language, "clock-offset", offset)) }
                    }
                }
            }
            @if let Some(person) = frame.person {
                (render_person(frame, person))
            }
            (render_language_links(frame))
        }
    }
}

fn render_person(frame: &PageFrame<'_>, person: PersonLabel<'_>) -> Markup {
    let language = frame.language;
    let roles: Vec<String> = person
        .roles
        .iter()
        .map(|role| role_word(language, *role))
        .collect();
    html! {
        form.leave method="post" action="/leave" {
            span {
                a href="/me" { bdi { (reveal_controls(person.name)) } }
                @if !roles.is_empty() { " · " (roles.join(", ")) }
            }
            button type="submit" { (message!(language, "leave")) }
        }
    }
}

/// Role in a language.
pub(crate) fn role_word(language: Language, role: PersonRole) -> String {
    match role {
        PersonRole::Officer => message!(language, "role-officer"),
        PersonRole::Signer => message!(language, "role-signer"),
        PersonRole::Analyst => message!(language, "role-analyst"),
        PersonRole::Auditor => message!(language, "role-auditor"),
        PersonRole::Operator => message!(language, "role-operator"),
    }
}

fn render_language_links(frame: &PageFrame<'_>) -> Markup {
    html! {
        nav.languages aria-label=(message!(frame.language, "nav-languages")) {
            ul {
                @for other in Language::ALL {
                    li {
                        a href=(language_address(frame, other)) lang=(other.tag()) hreflang=(other.tag())
                            aria-current=[(other == frame.language).then_some("true")] {
                            (message!(other, "language-name"))
                        }
                    }
                }
            }
        }
    }
}

/// Address of the page in a language, with the rest of its query.
fn language_address(frame: &PageFrame<'_>, language: Language) -> String {
    let base = QueryAddress::new(own_path(frame.address));
    query_without(frame.address, "lang")
        .fold(base, QueryAddress::with_pair)
        .with_value("lang", language.tag())
        .to_string()
}

/// Address of the page itself.
fn page_address(frame: &PageFrame<'_>) -> String {
    let base = QueryAddress::new(own_path(frame.address));
    query_without(frame.address, "lang")
        .fold(base, QueryAddress::with_pair)
        .to_string()
}

fn render_navigation(frame: &PageFrame<'_>, person: PersonLabel<'_>) -> Markup {
    let language = frame.language;
    let path = own_path(frame.address);
    html! {
        nav.sections aria-label=(message!(language, "nav-sections")) {
            ul {
                @for target in NavigationTarget::ALL.into_iter().filter(|target| target.is_open_to(person)) {
                    li {
                        a href=(target.path()) aria-current=[target.current_mark(path)] {
                            (target.label(language))
                            @if let (NavigationTarget::Overview, Some(number)) = (target, frame.waiting) {
                                " " span.count {
                                    (number)
                                    span.unseen { " " (message!(language, "nav-waiting")) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Warning of logs with two histories, on each page.
fn render_forks(frame: &PageFrame<'_>) -> Markup {
    let language = frame.language;
    let forks = match frame.forks {
        ForkNotice::Known([]) => return html! {},
        ForkNotice::Known(forks) => Some(forks),
        ForkNotice::Unreadable => None,
    };
    html! {
        section.forks aria-label=(message!(language, "fork-notice")) {
            @match forks {
                Some(forks) => {
                    @for fork in forks {
                        @let log = reveal_controls(&fork.owner);
                        p {
                            strong.fault { (message!(language, "fork-mark")) } " "
                            @if fork.is_own { (message!(language, "fork-own")) }
                            @else { (message!(language, "fork-other", log)) }
                        }
                    }
                    p { a href=(INCIDENT_HELP) { (message!(language, "fork-steps")) } }
                }
                None => { p { strong.fault { (message!(language, "fork-unreadable")) } } }
            }
        }
    }
}

fn render_footer(frame: &PageFrame<'_>) -> Markup {
    let language = frame.language;
    html! {
        footer {
            (render_session_end(frame))
            @if let Some(command) = frame.command {
                details {
                    summary { (message!(language, "as-command")) }
                    pre { code { (reveal_controls(command)) } }
                    p.hint { (message!(language, "as-command-hint")) }
                }
            }
            nav aria-label=(message!(language, "nav-statements")) {
                ul {
                    @if frame.person.is_some() {
                        li { a href=(help_address(own_path(frame.address))) { (message!(language, "help-of-page")) } }
                        li { a href="/help" { (message!(language, "help-title")) } }
                    }
                    li { a href="/accessibility" { (message!(language, "accessibility-title")) } }
                    li { a href="/licences" { (message!(language, "licences-title")) } }
                }
            }
        }
    }
}
