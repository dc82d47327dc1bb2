//! Policies as short TOML files that a data officer can read: from the file to clauses, and from clauses to a file.
//!
//! Every problem is told at once, each with its line, its key and the nearest word that is known.

mod aggregate;
mod conduct;
pub mod examples;
mod form;
mod legal;
mod limits;
mod mask;
mod place;
mod price;
mod prohibition;
mod said;
mod sheet;
mod template;
mod window;
mod write;

#[cfg(test)]
mod tests;

use crate::nearest::nearest;
use hansa_audit_log::time::Time;
use hansa_catalog::dataset::Dataset;
use hansa_policy::contract::Template;
use hansa_policy::id::{ClauseId, PurposeId};
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::row_filter;
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::term::{Clause, Term};
use sheet::{At, Sheet, Table, Value};
use std::collections::BTreeMap;
use toml::de::DeTable;

/// What a policy file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDraft {
    /// Its title.
    pub title: String,
    /// Its clauses; the first has the number 2, since the permission itself is the first of the contract.
    pub clauses: Vec<Clause>,
    /// First instant in force.
    pub not_before: Option<Time>,
    /// First instant no longer in force.
    pub not_after: Option<Time>,
    /// The legal text to bind.
    pub legal: Option<LegalFile>,
    /// The template from which it was filled, where it says so.
    pub template: Option<Template>,
    /// The line of the file on which each clause stands.
    pub lines: BTreeMap<ClauseId, u64>,
}

/// A legal text beside the policy; its digest goes into the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalFile {
    /// The file, as it is named in the policy.
    pub file: String,
    /// Its language (BCP 47).
    pub language: String,
    /// The line of the policy that names it.
    pub line: u64,
}

/// The keys of a policy file, in the order in which they are documented.
pub const KEYS: [&str; 48] = [
    "title",
    "purpose",
    "purpose_not",
    "group",
    "sectors",
    "region",
    "valid",
    "lasts",
    "hours",
    "columns",
    "rows",
    "embargo",
    "area",
    "within",
    "mask",
    "coarsen",
    "cells",
    "aggregate",
    "join",
    "queries_per_hour",
    "queries_per_day",
    "queries_per_week",
    "queries_per_30_days",
    "rows_per_hour",
    "rows_per_day",
    "rows_per_week",
    "rows_per_30_days",
    "bytes_per_hour",
    "bytes_per_day",
    "bytes_per_week",
    "bytes_per_30_days",
    "rows_per_second",
    "concurrent",
    "result_rows",
    "networks",
    "formats",
    "open_receipts",
    "schema",
    "exclusive",
    "legal_basis",
    "service",
    "price",
    "inform",
    "notify",
    "duties",
    "prohibit",
    "legal",
    "template",
];

/// Reads the policy `text` for `dataset`; `file` is its name for messages. Of a dataset without columns, which was never published,
/// any name may be one.
///
/// # Errors
/// Every problem, in the order of the file.
pub fn parse(text: &str, file: &str, dataset: &Dataset) -> Result<PolicyDraft, Vec<Refusal>> {
    let mut sheet = Sheet::new(file, text, dataset);
    let (root, faults) = DeTable::parse_recoverable(text);
    if !faults.is_empty() {
        no_toml(&mut sheet, &faults);
        return Err(sheet.into_problems());
    }
    let keys = sheet.entries("", root.get_ref(), Some(&KEYS));
    let mut terms = Terms::default();
    let title = title(&mut sheet, &keys);
    if let Some(value) = keys.get("purpose") {
        purposes(&mut sheet, value, &mut terms, Term::Purpose);
    }
    if let Some(value) = keys.get("purpose_not") {
        purposes(&mut sheet, value, &mut terms, Term::PurposeNot);
    }
    let (not_before, not_after) = window::read(&mut sheet, keys.get("valid"), &mut terms);
    let shown = keys.get("columns").map(|value| {
        let columns = sheet.columns(value);
        terms.add_unless_empty(&value.at, &columns, Term::Columns(columns.clone()));
        columns
    });
    if let Some(value) = keys.get("rows") {
        rows(&mut sheet, value, &mut terms);
    }
    form::read(&mut sheet, &keys, &mut terms);
    if let Some(value) = keys.get("aggregate") {
        aggregate::read(&mut sheet, value, shown.as_deref(), &mut terms);
    }
    limits::read(&mut sheet, &keys, &mut terms);
    conduct::read(&mut sheet, &keys, &mut terms);
    if let Some(value) = keys.get("duties") {
        duties(&mut sheet, value, &mut terms);
    }
    if let Some(value) = keys.get("prohibit") {
        prohibition::read(&mut sheet, value, &mut terms);
    }
    let legal = keys
        .get("legal")
        .and_then(|value| legal::read(&mut sheet, value));
    let template = keys
        .get("template")
        .and_then(|value| template::read(&mut sheet, value));
    match title {
        Some(title) if sheet.is_clean() => {
            let (clauses, lines) = terms.numbered(&sheet);
            Ok(PolicyDraft {
                title,
                clauses,
                not_before,
                not_after,
                legal,
                template,
                lines,
            })
        }
        _ => Err(sheet.into_problems()),
    }
}

/// The purposes of the draft that `taxonomy` does not hold, each with its line in `file` and the nearest one that it does.
#[must_use]
pub fn unknown_purposes(draft: &PolicyDraft, file: &str, taxonomy: &Taxonomy) -> Vec<Refusal> {
    let mut found = Vec::new();
    for clause in &draft.clauses {
        let named = clause.term.purposes().iter();
        for purpose in named.filter(|purpose| !taxonomy.contains(purpose)) {
            let known = taxonomy.purposes().map(PurposeId::as_str);
            let help = match nearest(purpose.as_str(), known) {
                Some(near) => format!("did you mean `{near}`"),
                None => format!("declare it: [purpose.{purpose}] with its parent and its text"),
            };
            let line = draft.lines.get(&clause.id).copied();
            let sentence = format!("there is no purpose `{purpose}`");
            let refusal = Refusal::new(Code::TermUnknown, sentence)
                .with_place(file, line, Some("purpose".to_owned()))
                .with_help(help);
            found.push(refusal);
        }
    }
    found
}

/// Clauses as the text of a policy file.
#[must_use]
pub fn to_text(title: &str, clauses: &[Clause]) -> Written {
    write::policy(title, clauses)
}

/// A policy file made of clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its text.
    pub text: String,
    /// Clauses that the format can't say; they stand in the text as comments.
    pub left_out: Vec<ClauseId>,
}

/// The terms that were read, each with its place.
#[derive(Debug, Default)]
struct Terms(Vec<(usize, Term)>);

impl Terms {
    fn add(&mut self, at: &At, term: Term) {
        self.0.push((at.offset, term));
    }

    fn add_unless_empty<T>(&mut self, at: &At, list: &[T], term: Term) {
        if !list.is_empty() {
            self.add(at, term);
        }
    }

    fn numbered(self, sheet: &Sheet<'_>) -> (Vec<Clause>, BTreeMap<ClauseId, u64>) {
        let placed = self.0.into_iter().zip(2..);
        placed
            .map(|((offset, term), number)| {
                let id = ClauseId(number);
                (Clause { id, term }, (id, sheet.line(offset)))
            })
            .unzip()
    }
}

fn no_toml(sheet: &mut Sheet<'_>, faults: &[toml::de::Error]) {
    for fault in faults {
        let at = At {
            offset: fault.span().map_or(0, |span| span.start),
            key: String::new(),
        };
        let sentence = format!("the file is no TOML: {}", fault.message());
        sheet.problem(&at, Code::ConfigInvalid, sentence);
    }
}

fn title(sheet: &mut Sheet<'_>, keys: &Table<'_>) -> Option<String> {
    let Some(value) = keys.get("title") else {
        let start = At {
            offset: 0,
            key: "title".to_owned(),
        };
        sheet.problem(&start, Code::ConfigInvalid, "the policy has no title");
        return None;
    };
    let title = sheet.text(value)?;
    if title.trim().is_empty() {
        sheet.problem(&value.at, Code::ConfigInvalid, "the title is empty");
        return None;
    }
    Some(title)
}

fn purposes(
    sheet: &mut Sheet<'_>,
    value: &Value<'_>,
    terms: &mut Terms,
    term: fn(Vec<PurposeId>) -> Term,
) {
    let mut found: Vec<PurposeId> = Vec::new();
    for (at, text) in sheet.texts(value) {
        match text.parse::<PurposeId>() {
            Ok(purpose) if found.contains(&purpose) => {
                let sentence = format!("the purpose `{purpose}` is listed twice");
                sheet.problem(&at, Code::TermIllTyped, sentence);
            }
            Ok(purpose) => found.push(purpose),
            Err(fault) => {
                sheet.problem(&at, Code::TermIllTyped, format!("`{text}`: {fault}"));
            }
        }
    }
    terms.add_unless_empty(&value.at, &found, term(found.clone()));
}

fn rows(sheet: &mut Sheet<'_>, value: &Value<'_>, terms: &mut Terms) {
    let Some(text) = sheet.text(value) else {
        return;
    };
    match row_filter::parse(&text) {
        Ok(filter) => {
            for column in filter.columns() {
                sheet.column(&value.at, column.as_str());
            }
            terms.add(&value.at, Term::Rows(filter));
        }
        Err(refusal) => sheet.refusal(&value.at, refusal),
    }
}

/// `"attribution"`, `{ attribution = "…" }`, `"delete-after 30 days"`.
fn duties(sheet: &mut Sheet<'_>, value: &Value<'_>, terms: &mut Terms) {
    let items = if value.node.is_str() {
        Some(vec![value.clone()])
    } else {
        sheet.items(value)
    };
    for item in items.unwrap_or_default() {
        if item.node.is_table() {
            let table = sheet.table(&item, Some(&["attribution"]));
            let named = table.and_then(|table| table.get("attribution").cloned());
            if let Some(text) = named.and_then(|text| sheet.text(&text)) {
                terms.add(&item.at, Term::Attribution(text));
            }
        } else if let Some(text) = sheet.text(&item) {
            duty(sheet, &item.at, &text, terms);
        }
    }
}

fn duty(sheet: &mut Sheet<'_>, at: &At, text: &str, terms: &mut Terms) {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["attribution"] => match &sheet.dataset.attribution {
            Some(attribution) => terms.add(at, Term::Attribution(attribution.clone())),
            None => sheet.problem_with_help(
                at,
                Code::ConfigInvalid,
                "the dataset says nothing of how its source is named",
                Some("write { attribution = \"…\" }, or set attribution on the dataset".to_owned()),
            ),
        },
        ["consent"] => terms.add(at, Term::ObtainConsent),
        ["delete-after", days, "days" | "day"] => match days.parse() {
            Ok(days) if days > 0 => terms.add(at, Term::DeleteAfter { days }),
            _ => {
                let sentence = format!("`{days}` is no number of days");
                sheet.problem(at, Code::TermIllTyped, sentence);
            }
        },
        ["attest-within", days, "days" | "day"] => match days.parse() {
            Ok(days) if days > 0 => terms.add(at, Term::Attest { days }),
            _ => {
                let sentence = format!("`{days}` is no number of days");
                sheet.problem(at, Code::TermIllTyped, sentence);
            }
        },
        [first, ..] => {
            let known = [
                ("attribution", ()),
                ("consent", ()),
                ("delete-after 30 days", ()),
                ("attest-within 30 days", ()),
            ];
            if matches!(*first, "delete-after" | "attest-within") {
                let sentence = format!("the duty `{text}` is not written like {first} 30 days");
                sheet.problem(at, Code::TermIllTyped, sentence);
            } else {
                sheet.word(at, text, "duty", &known);
            }
        }
        [] => sheet.problem(at, Code::TermIllTyped, "the duty is empty"),
    }
}
