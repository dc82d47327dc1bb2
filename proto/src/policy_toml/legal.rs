//! `legal`: the text that is bound to the contract.

use super::LegalFile;
use super::file_reader::required_value;
use hansa_policy::refusal::ErrorCode;
use hansa_toml_reader::TomlValue;

/// Reads it; what is wrong with it is a problem of the file.
pub(super) fn read_legal(value: &TomlValue<'_>) -> Option<LegalFile> {
    let table = value.table_with(&["file", "language"])?;
    let text = |key: &str| required_value(value, &table, key)?.text();
    let (file, language) = (text("file"), text("language"));
    let language = language?;
    let mut parts = language.split('-');
    let first = parts.next().unwrap_or_default();
    let fits = (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_lowercase())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        });
    if !fits {
        let sentence = format!("`{language}` is no language such as de or en-GB");
        value.add_problem(ErrorCode::TermIllTyped, sentence);
        return None;
    }
    Some(LegalFile {
        file: file?,
        language,
        line: value.line(),
    })
}
