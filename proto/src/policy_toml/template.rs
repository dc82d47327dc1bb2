//! `template`: from which policy with holes this one was filled, as `hansa policy template` writes it.

use super::conduct::parsed;
use super::file_reader::{LocatedValue, PolicyFileReader};
use crate::template::is_line;
use hansa_policy::contract::TemplateReference;
use hansa_policy::refusal::ErrorCode;

/// Reads it; what is wrong with it is a problem of the sheet.
pub(super) fn read(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
) -> Option<TemplateReference> {
    let table = sheet.table(value, Some(&["author", "title", "version", "sha256"]))?;
    for key in ["author", "title", "version", "sha256"] {
        if table.get(key).is_none() {
            let sentence = format!("`template` has no `{key}`");
            sheet.problem(&value.at, ErrorCode::ConfigInvalid, sentence);
        }
    }
    let title = table.get("title").and_then(|title| {
        let text = sheet.text(title)?;
        if is_line(&text) {
            return Some(text);
        }
        sheet.ill_typed(title, "one line of text");
        None
    });
    let author = table.get("author").and_then(|id| parsed(sheet, id));
    let version = table.get("version").and_then(|number| sheet.small(number));
    let sha256 = table.get("sha256").and_then(|digest| parsed(sheet, digest));
    Some(TemplateReference {
        author: author?,
        title: title?,
        version: version?,
        sha256: sha256?,
    })
}
