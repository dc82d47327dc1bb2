//! Policies as short TOML files that a data officer can read: from the file to clauses, and from clauses to a file.
//!
//! Every problem is told at once, each with its line, its key and the nearest word that is known.

mod aggregate;
mod conduct;
mod conduct_writer;
pub mod examples;
mod file_reader;
mod file_writer;
mod geography;
mod legal;
mod mask;
mod price;
mod prohibition;
mod quota;
mod template;
mod validity;
mod value_form;

#[cfg(test)]
mod tests;

use file_reader::{CheckedTable, KeyLocation, LocatedValue, PolicyFileReader};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_policy::contract::TemplateReference;
use hansa_policy::id::{ClauseId, PurposeId};
use hansa_policy::nearest_word::nearest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter;
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::term::{Clause, Term};
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
    pub not_before: Option<UtcTimestamp>,
    /// First instant no longer in force.
    pub not_after: Option<UtcTimestamp>,
    /// The legal text to bind.
    pub legal: Option<LegalFile>,
    /// The template from which it was filled, where it says so.
    pub template: Option<TemplateReference>,
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
    let mut sheet = PolicyFileReader::new(file, text, dataset);
    let (root, faults) = DeTable::parse_recoverable(text);
    if !faults.is_empty() {
        no_toml(&mut sheet, &faults);
        return Err(sheet.into_problems());
    }
    let keys = sheet.entries("", root.get_ref(), Some(&KEYS));
    let mut terms = LocatedTerms::default();
    let title = title(&mut sheet, &keys);
    if let Some(value) = keys.get("purpose") {
        purposes(&mut sheet, value, &mut terms, Term::Purpose);
    }
    if let Some(value) = keys.get("purpose_not") {
        purposes(&mut sheet, value, &mut terms, Term::PurposeNot);
    }
    let (not_before, not_after) = validity::read(&mut sheet, keys.get("valid"), &mut terms);
    let shown = keys.get("columns").map(|value| {
        let columns = sheet.columns(value);
        terms.add_unless_empty(&value.at, &columns, Term::Columns(columns.clone()));
        columns
    });
    if let Some(value) = keys.get("rows") {
        rows(&mut sheet, value, &mut terms);
    }
    value_form::read(&mut sheet, &keys, &mut terms);
    if let Some(value) = keys.get("aggregate") {
        aggregate::read(&mut sheet, value, shown.as_deref(), &mut terms);
    }
    quota::read(&mut sheet, &keys, &mut terms);
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
            let refusal = Refusal::new(ErrorCode::TermUnknown, sentence)
                .with_place(file, line, Some("purpose".to_owned()))
                .with_help(help);
            found.push(refusal);
        }
    }
    found
}

/// Clauses as the text of a policy file.
#[must_use]
pub fn to_text(title: &str, clauses: &[Clause]) -> PolicyFileText {
    file_writer::policy(title, clauses)
}

/// A policy file made of clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFileText {
    /// Its text.
    pub text: String,
    /// Clauses that the format can't say; they stand in the text as comments.
    pub unsupported: Vec<ClauseId>,
}

/// The terms that were read, each with its place.
#[derive(Debug, Default)]
struct LocatedTerms(Vec<(usize, Term)>);

impl LocatedTerms {
    fn add(&mut self, at: &KeyLocation, term: Term) {
        self.0.push((at.offset, term));
    }

    fn add_unless_empty<T>(&mut self, at: &KeyLocation, list: &[T], term: Term) {
        if !list.is_empty() {
            self.add(at, term);
        }
    }

    fn numbered(self, sheet: &PolicyFileReader<'_>) -> (Vec<Clause>, BTreeMap<ClauseId, u64>) {
        let placed = self.0.into_iter().zip(2..);
        placed
            .map(|((offset, term), number)| {
                let id = ClauseId(number);
                (Clause { id, term }, (id, sheet.line(offset)))
            })
            .unzip()
    }
}

fn no_toml(sheet: &mut PolicyFileReader<'_>, faults: &[toml::de::Error]) {
    for fault in faults {
        let at = KeyLocation {
            offset: fault.span().map_or(0, |span| span.start),
            key: String::new(),
        };
        let sentence = format!("the file is no TOML: {}", fault.message());
        sheet.problem(&at, ErrorCode::ConfigInvalid, sentence);
    }
}

fn title(sheet: &mut PolicyFileReader<'_>, keys: &CheckedTable<'_>) -> Option<String> {
    let Some(value) = keys.get("title") else {
        let start = KeyLocation {
            offset: 0,
            key: "title".to_owned(),
        };
        sheet.problem(&start, ErrorCode::ConfigInvalid, "the policy has no title");
        return None;
    };
    let title = sheet.text(value)?;
    if title.trim().is_empty() {
        sheet.problem(&value.at, ErrorCode::ConfigInvalid, "the title is empty");
        return None;
    }
    Some(title)
}

fn purposes(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
    terms: &mut LocatedTerms,
    term: fn(Vec<PurposeId>) -> Term,
) {
    let mut found: Vec<PurposeId> = Vec::new();
    for (at, text) in sheet.texts(value) {
        match text.parse::<PurposeId>() {
            Ok(purpose) if found.contains(&purpose) => {
                let sentence = format!("the purpose `{purpose}` is listed twice");
                sheet.problem(&at, ErrorCode::TermIllTyped, sentence);
            }
            Ok(purpose) => found.push(purpose),
            Err(fault) => {
                sheet.problem(&at, ErrorCode::TermIllTyped, format!("`{text}`: {fault}"));
            }
        }
    }
    terms.add_unless_empty(&value.at, &found, term(found.clone()));
}

fn rows(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>, terms: &mut LocatedTerms) {
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
fn duties(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>, terms: &mut LocatedTerms) {
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

fn duty(sheet: &mut PolicyFileReader<'_>, at: &KeyLocation, text: &str, terms: &mut LocatedTerms) {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["attribution"] => match &sheet.dataset.attribution {
            Some(attribution) => terms.add(at, Term::Attribution(attribution.clone())),
            None => sheet.problem_with_help(
                at,
                ErrorCode::ConfigInvalid,
                "the dataset says nothing of how its source is named",
                Some("write { attribution = \"…\" }, or set attribution on the dataset".to_owned()),
            ),
        },
        ["consent"] => terms.add(at, Term::ObtainConsent),
        ["delete-after", days, "days" | "day"] => match days.parse() {
            Ok(days) if days > 0 => terms.add(at, Term::DeleteAfter { days }),
            _ => {
                let sentence = format!("`{days}` is no number of days");
                sheet.problem(at, ErrorCode::TermIllTyped, sentence);
            }
        },
        ["attest-within", days, "days" | "day"] => match days.parse() {
            Ok(days) if days > 0 => terms.add(at, Term::Attest { days }),
            _ => {
                let sentence = format!("`{days}` is no number of days");
                sheet.problem(at, ErrorCode::TermIllTyped, sentence);
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
                sheet.problem(at, ErrorCode::TermIllTyped, sentence);
            } else {
                sheet.word(at, text, "duty", &known);
            }
        }
        [] => sheet.problem(at, ErrorCode::TermIllTyped, "the duty is empty"),
    }
}
