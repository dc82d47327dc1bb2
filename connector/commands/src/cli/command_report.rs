//! Results of commands: an object for programs by its fields, and the same facts as text for people.

use crate::cli::output::{refusal_json, render_table};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::path::Path;

/// Result of a command. The names of its fields are stable.
pub(crate) trait CommandReport: Serialize {
    /// Text for people, with the same facts.
    fn to_text(&self) -> String;
}

/// Object of a list, which is a line of a table for people. The names of its fields are stable.
pub(crate) trait ReportRow: Serialize {
    /// Heads of the columns.
    const HEADER: &'static [&'static str];

    /// Cells of the line.
    fn cells(&self) -> Vec<String>;
}

/// The object of a result. A report that has no form in JSON is told as an internal error, never as nothing.
pub(crate) fn report_json(report: &impl Serialize) -> Value {
    serde_json::to_value(report).unwrap_or_else(|fault| {
        let sentence = format!("the result has no form in JSON: {fault}");
        refusal_json(&Refusal::new(ErrorCode::Internal, sentence))
    })
}

/// Serialises a path as people see it, with U+FFFD for bytes that are not UTF-8. A report follows its effect, so it must not fail.
pub(crate) fn serialize_path<S: Serializer>(
    path: &impl AsRef<Path>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.as_ref().display())
}

/// Serialises a path as [`serialize_path`] does, or null.
pub(crate) fn serialize_optional_path<S: Serializer>(
    path: &Option<impl AsRef<Path>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => serialize_path(path, serializer),
        None => serializer.serialize_none(),
    }
}

/// The table of a list.
pub(crate) fn report_table<R: ReportRow>(rows: &[R]) -> String {
    render_table(R::HEADER, &rows.iter().map(R::cells).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    #[derive(Serialize)]
    struct WrittenFile<'a> {
        #[serde(serialize_with = "serialize_path")]
        file: &'a Path,
        #[serde(serialize_with = "serialize_optional_path")]
        copy: Option<&'a Path>,
    }

    #[test]
    fn a_path_that_is_not_utf_8_is_written_as_people_see_it() {
        let file = Path::new(OsStr::from_bytes(b"b\xffe"));
        let report = WrittenFile {
            file,
            copy: Some(file),
        };
        let shown = "b\u{fffd}e";
        assert_eq!(
            report_json(&report),
            serde_json::json!({ "file": shown, "copy": shown })
        );
    }

    #[test]
    fn a_result_without_a_form_in_json_is_an_internal_error() {
        #[derive(Serialize)]
        struct PlainPath<'a> {
            file: &'a Path,
        }
        let file = Path::new(OsStr::from_bytes(b"b\xffe"));
        assert_eq!(report_json(&PlainPath { file })["code"], "INTERNAL");
    }
}
