//! Policies as short TOML files that a data officer can read: from the file to clauses, and from clauses to a file.
//!
//! Every problem is told at once, each with its line, its key and the nearest word that is known.

mod aggregate;
mod coarsen;
mod conduct;
mod duties;
pub mod examples;
mod file_entry;
mod file_reader;
mod file_writer;
mod geography;
pub mod keys;
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

use file_reader::PolicyFileReader;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_policy::contract::TemplateReference;
use hansa_policy::id::{ClauseId, PurposeId};
use hansa_policy::nearest_word::find_nearest_word;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Clause;
use hansa_policy::term::purpose::Taxonomy;
use hansa_toml_reader::{TomlReader, TomlTable};
use std::collections::BTreeMap;
use validity::{not_after, not_before};
use value_form::{Plain, ValueForm as _};

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

/// Reads the policy `text` for `dataset`; `file` is its name for messages. Of a dataset without columns, which was never published,
/// any name may be one.
///
/// # Errors
/// Every problem, in the order of the file.
pub fn parse_policy(
    text: &str,
    file: &str,
    dataset: &Dataset,
) -> Result<PolicyDraft, Vec<Refusal>> {
    let file = &TomlReader::new(file, text, file_reader::STYLE);
    let parsed = file.parse()?;
    let reader = PolicyFileReader { dataset };
    let keys = file.root(&parsed);
    keys.allow(&keys::key_names().collect::<Vec<_>>());
    let title = read_title(&keys);
    let terms = keys::read_terms(&reader, &keys);
    let legal = keys.get("legal").and_then(legal::read_legal);
    let template = keys.get("template");
    let template = template.and_then(|value| Plain::read(&reader, value));
    match title {
        Some(title) if file.is_clean() => {
            let (not_before, not_after) = (terms.find(not_before), terms.find(not_after));
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
            let help = match find_nearest_word(purpose.as_str(), known) {
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
    file_writer::write_policy(title, clauses)
}

/// A policy file made of clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFileText {
    /// Its text.
    pub text: String,
    /// Clauses that the format can't say; they stand in the text as comments.
    pub unsupported: Vec<ClauseId>,
}

fn read_title(keys: &TomlTable<'_>) -> Option<String> {
    let value = keys.required_value("title")?;
    let title = value.text()?;
    if title.trim().is_empty() {
        value.add_problem(ErrorCode::ConfigInvalid, "the title is empty");
        return None;
    }
    Some(title)
}
