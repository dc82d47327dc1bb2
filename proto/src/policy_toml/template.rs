//! `template`: from which policy with parameters this one was filled, as `hansa policy template` writes it.

use super::file_reader::required_value;
use crate::template::is_line;
use hansa_policy::contract::TemplateReference;
use hansa_toml_reader::TomlValue;

/// Reads it; what is wrong with it is a problem of the file.
pub(super) fn read(value: &TomlValue<'_>) -> Option<TemplateReference> {
    let table = value.table_with(&["author", "title", "version", "sha256"])?;
    let author = required_value(value, &table, "author");
    let title = required_value(value, &table, "title");
    let version = required_value(value, &table, "version");
    let sha256 = required_value(value, &table, "sha256");
    let title = title.and_then(|title| {
        let text = title.text()?;
        if is_line(&text) {
            return Some(text);
        }
        title.ill_typed("one line of text");
        None
    });
    let author = author.and_then(TomlValue::parse_text);
    let version = version.and_then(|number| number.whole(1));
    let sha256 = sha256.and_then(TomlValue::parse_text);
    Some(TemplateReference {
        author: author?,
        title: title?,
        version: version?,
        sha256: sha256?,
    })
}
