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

use file_reader::{PolicyFileReader, each, texts};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_policy::contract::TemplateReference;
use hansa_policy::id::{ClauseId, PurposeId};
use hansa_policy::nearest_word::nearest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter;
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::term::{Clause, Term};
use hansa_toml_reader::{TomlReader, TomlTable, TomlValue};
use std::collections::BTreeMap;

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
    /// True if it names the columns that leave: by `columns`, or by the groups and measures of `aggregate`.
    pub names_columns: bool,
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
pub const KEYS: [&str; 50] = [
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
    "one_sided_receipts",
    "open_data",
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

/// The word of `columns` by which each column may leave.
const EACH_COLUMN: &str = "all";

/// Reads the policy `text` for `dataset`; `file` is its name for messages. Of a dataset without columns, which was never published,
/// any name may be one.
///
/// # Errors
/// Every problem, in the order of the file.
pub fn parse(text: &str, file: &str, dataset: &Dataset) -> Result<PolicyDraft, Vec<Refusal>> {
    let file = &TomlReader::new(file, text, file_reader::STYLE);
    let parsed = file.parse()?;
    let reader = PolicyFileReader { file, dataset };
    let keys = file.root(&parsed);
    keys.allow(&KEYS);
    let mut terms = LocatedTerms::default();
    let title = title(&keys);
    if let Some(value) = keys.get("purpose") {
        purposes(value, &mut terms, Term::Purpose);
    }
    if let Some(value) = keys.get("purpose_not") {
        purposes(value, &mut terms, Term::PurposeNot);
    }
    let (not_before, not_after) = validity::read(&reader, keys.get("valid"), &mut terms);
    let shown = keys.get("columns").and_then(|value| {
        if is_each_column(&reader, value) {
            return None;
        }
        let columns = reader.columns(value);
        terms.add_unless_empty(value, &columns, Term::Columns(columns.clone()));
        Some(columns)
    });
    if let Some(value) = keys.get("rows") {
        rows(&reader, value, &mut terms);
    }
    value_form::read(&reader, &keys, &mut terms);
    if let Some(value) = keys.get("aggregate") {
        aggregate::read(&reader, value, shown.as_deref(), &mut terms);
    }
    quota::read(&reader, &keys, &mut terms);
    conduct::read(&reader, &keys, &mut terms);
    if let Some(value) = keys.get("duties") {
        duties(&reader, value, &mut terms);
    }
    if let Some(value) = keys.get("prohibit") {
        prohibition::read(&reader, value, &mut terms);
    }
    let legal = keys.get("legal").and_then(legal::read);
    let template = keys.get("template").and_then(template::read);
    match title {
        Some(title) if file.is_clean() => {
            let (clauses, lines) = terms.into_numbered_clauses();
            Ok(PolicyDraft {
                title,
                clauses,
                not_before,
                not_after,
                legal,
                template,
                names_columns: keys.get("columns").is_some() || keys.get("aggregate").is_some(),
                lines,
            })
        }
        _ => Err(file.take_problems()),
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
                Some(near) => format!("did you mean `{near}`?"),
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

/// The terms that were read, each with its line.
#[derive(Debug, Default)]
struct LocatedTerms(Vec<(u64, Term)>);

impl LocatedTerms {
    fn add(&mut self, at: &TomlValue<'_>, term: Term) {
        self.0.push((at.line(), term));
    }

    fn add_unless_empty<T>(&mut self, at: &TomlValue<'_>, list: &[T], term: Term) {
        if !list.is_empty() {
            self.add(at, term);
        }
    }

    fn into_numbered_clauses(self) -> (Vec<Clause>, BTreeMap<ClauseId, u64>) {
        let placed = self.0.into_iter().zip(2..);
        placed
            .map(|((line, term), number)| {
                let id = ClauseId(number);
                (Clause { id, term }, (id, line))
            })
            .unzip()
    }
}

fn title(keys: &TomlTable<'_>) -> Option<String> {
    let value = keys.required_value("title")?;
    let title = value.text()?;
    if title.trim().is_empty() {
        value.problem(ErrorCode::ConfigInvalid, "the title is empty");
        return None;
    }
    Some(title)
}

fn purposes(value: &TomlValue<'_>, terms: &mut LocatedTerms, term: fn(Vec<PurposeId>) -> Term) {
    let found: Vec<PurposeId> = each(value);
    terms.add_unless_empty(value, &found, term(found.clone()));
}

/// True if `columns` says that each column may leave. A column of that name stands in a list.
fn is_each_column(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> bool {
    let is_word = value.node.as_str() == Some(EACH_COLUMN);
    if is_word && file_reader::column_of(reader.dataset, EACH_COLUMN).is_some() {
        let sentence = format!("`{EACH_COLUMN}` is each column, and a column of this dataset");
        let refusal = Refusal::new(ErrorCode::TermIllTyped, sentence);
        value.refuse(refusal.with_help(format!("that column alone is [\"{EACH_COLUMN}\"]")));
    }
    is_word
}

fn rows(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let Some(text) = value.text() else {
        return;
    };
    match row_filter::parse(&text) {
        Ok(filter) => {
            for column in filter.columns() {
                reader.column(value, column.as_str());
            }
            terms.add(value, Term::Rows(filter));
        }
        Err(refusal) => value.refuse(refusal),
    }
}

/// `"attribution"`, `{ attribution = "…" }`, `"delete-after 30 days"`.
fn duties(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    for item in texts(value) {
        if item.node.is_table() {
            let table = item.table_with(&["attribution"]);
            if let Some(text) = table.and_then(|table| table.text("attribution")) {
                terms.add(&item, Term::Attribution(text));
            }
        } else if let Some(text) = item.text() {
            duty(reader, &item, &text, terms);
        }
    }
}

fn duty(reader: &PolicyFileReader<'_>, at: &TomlValue<'_>, text: &str, terms: &mut LocatedTerms) {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["attribution"] => match &reader.dataset.attribution {
            Some(attribution) => terms.add(at, Term::Attribution(attribution.clone())),
            None => {
                let sentence = "the dataset says nothing of how its source is named";
                let help = "write { attribution = \"…\" }, or set attribution on the dataset";
                at.refuse(Refusal::new(ErrorCode::ConfigInvalid, sentence).with_help(help));
            }
        },
        ["consent"] => terms.add(at, Term::ObtainConsent),
        ["delete-after", days, "days" | "day"] => match days.parse() {
            Ok(days) if days > 0 => terms.add(at, Term::DeleteAfter { days }),
            _ => {
                let sentence = format!("`{days}` is no number of days");
                at.problem(ErrorCode::TermIllTyped, sentence);
            }
        },
        ["attest-within", days, "days" | "day"] => match days.parse() {
            Ok(days) if days > 0 => terms.add(at, Term::Attest { days }),
            _ => {
                let sentence = format!("`{days}` is no number of days");
                at.problem(ErrorCode::TermIllTyped, sentence);
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
                at.problem(ErrorCode::TermIllTyped, sentence);
            } else {
                at.word(&known);
            }
        }
        [] => at.problem(ErrorCode::TermIllTyped, "the duty is empty"),
    }
}
