//! Lines of a command: warnings and refusals as boxes with their remedies, others as they are.

use crate::message::message;
use crate::part::code_words::translate_code;
use crate::part::error_code::{error_address, render_error_code};
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Kind of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    /// Something is unwise, and nothing was refused.
    Warning,
    /// Something was refused or failed.
    Refusal,
}

/// Warning or refusal with its code. Its sentences are English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodedNotice<'a> {
    pub(crate) kind: NoticeKind,
    pub(crate) code: &'a str,
    pub(crate) sentence: &'a str,
    pub(crate) facts: Vec<NoticeFact<'a>>,
    /// Remedies, the most useful first.
    pub(crate) help: Vec<&'a str>,
}

/// Fact of a notice, by the name that commands give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoticeFact<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
}

/// Lines of a command: those of its results, and its coded notices.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CommandLines<'a> {
    /// Lines without a code.
    pub(crate) plain: Vec<&'a str>,
    /// Warnings and refusals.
    pub(crate) coded: Vec<CodedNotice<'a>>,
}

impl<'a> CommandLines<'a> {
    /// Reads the lines as commands print them: `warning[CODE]: sentence`, and below it its facts, each with two spaces before it.
    pub(crate) fn read(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut read = Self::default();
        let mut is_inside = false;
        for line in lines {
            if let Some(notice) = CodedNotice::begin(line) {
                read.coded.push(notice);
                is_inside = true;
                continue;
            }
            let fact = line.strip_prefix("  ").filter(|_| is_inside);
            match (fact, read.coded.last_mut()) {
                (Some(fact), Some(notice)) => notice.add_fact(fact),
                (_, _) => {
                    read.plain.push(line);
                    is_inside = false;
                }
            }
        }
        read
    }
}

impl<'a> CodedNotice<'a> {
    fn begin(line: &'a str) -> Option<Self> {
        let (kind, rest) = match line.strip_prefix("warning[") {
            Some(rest) => (NoticeKind::Warning, rest),
            None => (NoticeKind::Refusal, line.strip_prefix("error[")?),
        };
        let (code, sentence) = rest.split_once("]: ")?;
        error_address(code)?;
        Some(Self {
            kind,
            code,
            sentence,
            facts: Vec::new(),
            help: Vec::new(),
        })
    }

    fn add_fact(&mut self, fact: &'a str) {
        let (name, value) = fact.split_once(' ').unwrap_or(("", fact));
        let value = value.trim_start();
        match name {
            "help" => self.help.push(value),
            _ => self.facts.push(NoticeFact { name, value }),
        }
    }

    /// Box with the sentence, the facts and the remedies.
    pub(crate) fn render(&self, language: Language) -> Markup {
        let (class, title) = match self.kind {
            NoticeKind::Warning => ("told", message!(language, "notice-warning")),
            NoticeKind::Refusal => ("summary", message!(language, "notice-refusal")),
        };
        let facts = self.facts.iter().map(|fact| {
            let value = html! { span.plain lang="en" dir="auto" { (reveal_controls(fact.value)) } };
            Fact::new(fact_name(language, fact.name), value)
        });
        let facts: Vec<Fact> = facts.collect();
        let words = translate_code(language, self.code);
        html! {
            div class=(class) {
                p { strong { (title) } " " (render_error_code(self.code)) }
                @if let Some(words) = &words { p { (words.cause) } }
                p lang="en" dir="auto" { (reveal_controls(self.sentence)) }
                @if !facts.is_empty() { (render_facts(&facts)) }
                @if words.is_some() || !self.help.is_empty() {
                    p { (message!(language, "fault-help")) ":" }
                    ul {
                        @if let Some(words) = &words { li { (words.remedy) } }
                        @for line in &self.help { li lang="en" dir="auto" { (reveal_controls(line)) } }
                    }
                }
            }
        }
    }
}

/// Name of a fact in a language. A fact that this crate does not know keeps its name.
fn fact_name(language: Language, name: &str) -> String {
    match name {
        "contract" => message!(language, "fault-contract"),
        "clause" => message!(language, "fault-clause"),
        "allowed" => message!(language, "fault-allowed"),
        "where" => message!(language, "notice-where"),
        other => reveal_controls(other).into_owned(),
    }
}

/// Notice beside a page: a box where it has a code, else its lines.
pub(crate) fn render_notice(language: Language, text: &str) -> Markup {
    let lines = CommandLines::read(text.lines());
    html! {
        @if !lines.plain.is_empty() {
            p.notice.told lang="en" { (reveal_controls(&lines.plain.join("\n"))) }
        }
        @for notice in &lines.coded { (notice.render(language)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coded_lines_are_read_with_their_facts_and_others_stay() {
        let text = "changed policy/a.toml\n  as you asked\nwarning[LICENCE_ALREADY_OPEN]: it lets anybody do it\n  \
                    where     policy/a.toml:7\n  help      remove the clause\n  help      check the licence\nin force now\n  \
                    from today\nerror[PEER_UNREACHABLE]: acme.example: it does not answer\nerror[no code]: x\nwarning: y";
        let lines = CommandLines::read(text.lines());
        assert_eq!(
            lines.plain,
            [
                "changed policy/a.toml",
                "  as you asked",
                "in force now",
                "  from today",
                "error[no code]: x",
                "warning: y"
            ]
        );
        let [warning, refusal] = lines.coded.as_slice() else {
            panic!("{lines:?}");
        };
        assert_eq!(warning.kind, NoticeKind::Warning);
        assert_eq!(warning.code, "LICENCE_ALREADY_OPEN");
        assert_eq!(warning.help, ["remove the clause", "check the licence"]);
        let place = NoticeFact {
            name: "where",
            value: "policy/a.toml:7",
        };
        assert_eq!(warning.facts, [place]);
        assert_eq!(refusal.kind, NoticeKind::Refusal);
        assert_eq!(refusal.sentence, "acme.example: it does not answer");
        let shown = warning.render(Language::De).into_string();
        assert!(shown.contains("Warnung"), "{shown}");
        assert!(shown.contains("<li>Entfernen Sie die Klausel"), "{shown}");
        assert!(
            shown.contains("/help/errors/LICENCE_ALREADY_OPEN"),
            "{shown}"
        );
    }
}
