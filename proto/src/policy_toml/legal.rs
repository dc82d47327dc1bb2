//! `legal`: the text that is bound to the contract.

use super::LegalFile;
use super::file_reader::{LocatedValue, PolicyFileReader};
use hansa_policy::refusal::ErrorCode;

/// Reads it; what is wrong with it is a problem of the sheet.
pub(super) fn read(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
) -> Option<LegalFile> {
    let table = sheet.table(value, Some(&["file", "language"]))?;
    let mut text = |key: &str| match table.get(key) {
        Some(found) => sheet.text(found),
        None => {
            let sentence = format!("`legal` has no `{key}`");
            sheet.problem(&value.at, ErrorCode::ConfigInvalid, sentence);
            None
        }
    };
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
        sheet.problem(&value.at, ErrorCode::TermIllTyped, sentence);
        return None;
    }
    Some(LegalFile {
        file: file?,
        language,
        line: sheet.line(value.at.offset),
    })
}
