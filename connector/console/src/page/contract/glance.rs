//! Contract in one look: what leaves, what for, how much, until when, and how much of it the connector enforces.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::contract::report::{PageBlock, TermText};
use crate::part::contract_words::kind_word;
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Terms that limit the amount.
const AMOUNTS: [&str; 5] = [
    "queries",
    "row_quota",
    "byte_quota",
    "rows_per_second",
    "result_rows",
];

/// Terms of a contract or a proposal, with the lines of its page.
pub(super) struct ContractGlance<'a> {
    pub(super) terms: &'a [TermText],
    pub(super) blocks: &'a [PageBlock],
    /// Tag of the language of these lines.
    pub(super) language: &'a str,
    /// Content in the word of `hansa contract list`; empty where it is not known.
    pub(super) kind: &'a str,
    /// First instant; empty where it is not known.
    pub(super) not_before: &'a str,
    /// First instant after the end; empty where it is not known.
    pub(super) not_after: &'a str,
}

/// Section with the facts that somebody reads first.
pub(super) fn render_glance(frame: &PageFrame<'_>, glance: &ContractGlance<'_>) -> Markup {
    let facts = list_facts(frame, glance);
    html! {
        @if !facts.is_empty() {
            section aria-labelledby="glance" {
                h2 id="glance" { (message!(frame.language, "glance")) }
                (render_facts(&facts))
            }
        }
    }
}

fn list_facts(frame: &PageFrame<'_>, glance: &ContractGlance<'_>) -> Vec<Fact> {
    let language = frame.language;
    let clauses = |name: String, wanted: &[&str]| {
        let value = render_clauses(glance, wanted)?;
        Some(Fact::new(name, value))
    };
    let instant = |name: String, at: &str, wanted: &str| match at.is_empty() {
        true => clauses(name, &[wanted]),
        false => Some(Fact::new(name, render_instant_text(frame, at))),
    };
    let kind = (!glance.kind.is_empty()).then(|| {
        let value = html! { (kind_word(language, glance.kind)) };
        Fact::new(message!(language, "fact-kind"), value)
    });
    let facts = [
        kind,
        clauses(message!(language, "glance-columns"), &["columns"]),
        clauses(
            message!(language, "glance-purpose"),
            &["purpose", "purpose_not"],
        ),
        clauses(message!(language, "glance-amount"), &AMOUNTS),
        instant(
            message!(language, "fact-from"),
            glance.not_before,
            "not_before",
        ),
        instant(
            message!(language, "column-end"),
            glance.not_after,
            "not_after",
        ),
    ];
    let mut facts: Vec<Fact> = facts.into_iter().flatten().collect();
    facts.extend(list_force_facts(language, glance.terms));
    facts
}

/// Clauses of some terms, as the page has them; none where the contract has no such clause.
fn render_clauses(glance: &ContractGlance<'_>, wanted: &[&str]) -> Option<Markup> {
    let terms = glance.terms.iter();
    let terms = terms.filter(|term| wanted.contains(&term.term.as_str()));
    let terms: Vec<&TermText> = terms.collect();
    (!terms.is_empty()).then(|| {
        html! {
            @for term in terms {
                p.plain {
                    (reveal_controls(&term.clause)) " "
                    @match find_line(glance.blocks, &term.clause) {
                        Some(line) => { span lang=(glance.language) dir="auto" { (reveal_controls(line)) } }
                        None => { span lang="en" { (reveal_controls(&term.text)) } }
                    }
                }
            }
        }
    })
}

/// Line of the page with a clause.
fn find_line<'a>(blocks: &'a [PageBlock], clause: &str) -> Option<&'a str> {
    let is_line =
        |block: &&PageBlock| block.form == "clause" && block.clause.as_deref() == Some(clause);
    blocks.iter().find(is_line).map(|block| block.text.as_str())
}

/// Numbers of the clauses that the connector enforces, and of those that are only agreed.
fn list_force_facts(language: Language, terms: &[TermText]) -> Vec<Fact> {
    if terms.is_empty() {
        return Vec::new();
    }
    let (enforced, agreed): (Vec<&TermText>, Vec<&TermText>) =
        terms.iter().partition(|term| term.enforced);
    let count = |terms: &[&TermText]| {
        let number = u64::try_from(terms.len()).unwrap_or(u64::MAX);
        let number = language.format_number(number);
        message!(language, "clauses-number", number)
    };
    let names: Vec<_> = agreed
        .iter()
        .map(|term| reveal_controls(&term.clause))
        .collect();
    vec![
        Fact::new(
            message!(language, "fact-enforced"),
            html! { (count(&enforced)) },
        ),
        Fact::new(
            message!(language, "fact-agreed"),
            html! { (count(&agreed)) @if !names.is_empty() { " (" (names.join(", ")) ")" } },
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make_term(clause: &str, term: &str, enforced: bool) -> TermText {
        TermText {
            clause: clause.to_owned(),
            term: term.to_owned(),
            text: format!("English {term}"),
            enforced,
        }
    }

    #[test]
    fn the_first_facts_are_the_lines_of_the_page() {
        let terms = [
            make_term("#c2", "purpose", true),
            make_term("#c4", "not_after", true),
            make_term("#c9", "row_quota", true),
            make_term("#c15", "attribution", false),
        ];
        let block = |clause: &str, text: &str| PageBlock {
            part: "enforced".to_owned(),
            form: "clause".to_owned(),
            name: None,
            clause: Some(clause.to_owned()),
            text: text.to_owned(),
        };
        let blocks = [
            block("#c2", "Zweck: Verkehrsplanung"),
            block("#c9", "höchstens 10.000 Zeilen"),
        ];
        let mut glance = ContractGlance {
            terms: &terms,
            blocks: &blocks,
            language: "de",
            kind: "",
            not_before: "",
            not_after: "",
        };
        let frame = PageFrame::new(Language::Pt, "/contracts/7f3a");
        let text = render_glance(&frame, &glance).into_string();
        for part in [
            "Num relance",
            "<span lang=\"de\" dir=\"auto\">Zweck: Verkehrsplanung</span>",
            "höchstens 10.000 Zeilen",
            "<span lang=\"en\">English not_after</span>",
            "cláusulas: 3",
            "cláusulas: 1 (#c15)",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("English attribution") && !text.contains("Colunas"));
        glance.not_after = "2029-12-31T23:00:00Z";
        let text = render_glance(&frame, &glance).into_string();
        assert!(text.contains("<time") && !text.contains("English not_after"));
        glance.terms = &[];
        glance.not_after = "";
        assert_eq!(render_glance(&frame, &glance).into_string(), "");
    }
}
