//! From clauses to the text of a policy file.

use super::PolicyFileText;
use super::aggregate;
use super::file_entry::PolicyFileEntry;
use super::keys::{key_names, write_term};
use super::value_form::{EACH_COLUMN, quote_text};
use hansa_policy::term::Clause;

/// Writes the policy; what the format can't say is left out and named.
pub(super) fn write_policy(title: &str, clauses: &[Clause]) -> PolicyFileText {
    let dimensions = aggregate::find_dimensions(clauses);
    let mut entries = vec![PolicyFileEntry::alone("title", quote_text(title))];
    let mut left_out = Vec::new();
    for clause in clauses {
        let entry = write_term(&clause.term);
        let entry = entry.and_then(|entry| aggregate::place_entry(entry, &clause.term, dimensions));
        if !entry.is_some_and(|entry| add_entry(&mut entries, entry)) {
            left_out.push(clause);
        }
    }
    if dimensions.is_some() {
        aggregate::gather_entries(&mut entries);
    } else if !entries.iter().any(|entry| entry.key == "columns") {
        let each = PolicyFileEntry::alone("columns", quote_text(EACH_COLUMN));
        entries.push(each);
    }
    entries.sort_by_key(|entry| key_names().position(|key| key == entry.key));
    let width = entries.iter().map(|entry| entry.key.len()).max();
    let width = width.unwrap_or_default();
    let said = entries
        .iter()
        .map(|entry| format!("{:width$} = {}\n", entry.key, entry.to_toml()));
    let unsaid = left_out.iter().map(|clause| {
        let plain = clause.term.to_english();
        format!("# can't be said in this format: {} {plain}\n", clause.id)
    });
    PolicyFileText {
        text: said.chain(unsaid).collect(),
        unsupported: left_out.iter().map(|clause| clause.id).collect(),
    }
}

/// Adds an entry, or its part to the entry of its key; false, where that is already said.
fn add_entry(entries: &mut Vec<PolicyFileEntry>, entry: PolicyFileEntry) -> bool {
    if let Some(known) = entries.iter_mut().find(|known| known.key == entry.key) {
        return known.merge(entry);
    }
    let is_said = entries
        .iter()
        .any(|known| aggregate::excludes_key(&known.key, &entry.key));
    if !is_said {
        entries.push(entry);
    }
    !is_said
}
