//! `duties`: what the consumer has to do.

use super::file_entry::PolicyFileEntry;
use super::file_reader::{LocatedTerms, PolicyFileReader, list_texts};
use super::value_form::quote_text;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_toml_reader::TomlValue;

/// Reads `"attribution"`, `{ attribution = "…" }`, `"consent"`, `"delete-after 30 days"` or `"attest-within 30 days"`.
pub(super) fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    for item in list_texts(value) {
        let term = if item.node.is_table() {
            let table = item.table_with(&["attribution"]);
            let text = table.and_then(|table| table.required_value("attribution")?.text());
            text.map(Term::Attribution)
        } else {
            read_duty(reader, &item)
        };
        terms.add_if_read(&item, term);
    }
}

/// Writes a duty as an item of the list.
pub(super) fn write(term: &Term) -> Option<PolicyFileEntry> {
    let item = match term {
        Term::Attribution(text) => format!("{{ attribution = {} }}", quote_text(text)),
        Term::ObtainConsent => quote_text("consent"),
        Term::DeleteAfter { days } => quote_text(&format!("delete-after {days} days")),
        Term::Attest { days } => quote_text(&format!("attest-within {days} days")),
        _ => return None,
    };
    Some(PolicyFileEntry::item("duties", item))
}

fn read_duty(reader: &PolicyFileReader<'_>, at: &TomlValue<'_>) -> Option<Term> {
    let text = at.text()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["attribution"] => {
            let attribution = reader.dataset.attribution.clone();
            if attribution.is_none() {
                let sentence = "the dataset says nothing of how its source is named";
                let help = "write { attribution = \"…\" }, or set attribution on the dataset";
                at.refuse(Refusal::new(ErrorCode::ConfigInvalid, sentence).with_help(help));
            }
            attribution.map(Term::Attribution)
        }
        ["consent"] => Some(Term::ObtainConsent),
        ["delete-after", number, "days" | "day"] => {
            read_days(at, number).map(|days| Term::DeleteAfter { days })
        }
        ["attest-within", number, "days" | "day"] => {
            read_days(at, number).map(|days| Term::Attest { days })
        }
        [first @ ("delete-after" | "attest-within"), ..] => {
            let sentence = format!("the duty `{text}` is not written like {first} 30 days");
            at.add_problem(ErrorCode::TermIllTyped, sentence);
            None
        }
        [_, ..] => {
            let known = [
                ("attribution", ()),
                ("consent", ()),
                ("delete-after 30 days", ()),
                ("attest-within 30 days", ()),
            ];
            at.word(&known);
            None
        }
        [] => {
            at.add_problem(ErrorCode::TermIllTyped, "the duty is empty");
            None
        }
    }
}

fn read_days(at: &TomlValue<'_>, number: &str) -> Option<u32> {
    let days = number.parse().ok().filter(|days| *days > 0);
    if days.is_none() {
        let sentence = format!("`{number}` is no number of days");
        at.add_problem(ErrorCode::TermIllTyped, sentence);
    }
    days
}
