//! Text for spreadsheets: a cell that begins like a formula is marked as text, so that no program runs it.

use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::borrow::Cow;
use std::sync::Arc;

/// Columns of [`guard_rows`] for an answer with these columns.
pub fn guard_columns(columns: &SchemaRef) -> SchemaRef {
    let fields = columns.fields().iter().map(|field| {
        let kind = match is_text(field.data_type()) {
            true => DataType::Utf8,
            false => field.data_type().clone(),
        };
        Field::new(guard_text(field.name()), kind, true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
}

/// Rows whose texts begin with an apostrophe where a spreadsheet would read them as a formula. Numbers keep their values.
///
/// # Errors
/// `INTERNAL` for rows that do not have the columns of the answer.
pub fn guard_rows(rows: &RecordBatch) -> Result<RecordBatch, Refusal> {
    let columns: Result<Vec<ArrayRef>, ArrowError> =
        rows.columns().iter().map(guard_column).collect();
    let columns = columns.map_err(report_fault)?;
    RecordBatch::try_new(guard_columns(&rows.schema()), columns).map_err(report_fault)
}

fn guard_column(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if !is_text(column.data_type()) {
        return Ok(Arc::clone(column));
    }
    let texts = arrow_cast::cast(column, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>().iter();
    let guarded: StringArray = texts.map(|text| text.map(guard_text)).collect();
    Ok(Arc::new(guarded))
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// Text with an apostrophe before it where it begins like a formula. A tab or a line break before the formula does not hide it.
fn guard_text(text: &str) -> Cow<'_, str> {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    match is_formula {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

fn report_fault(fault: ArrowError) -> Refusal {
    Refusal::new(
        ErrorCode::Internal,
        "the rows have no form for spreadsheets",
    )
    .caused_by(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::types::Int32Type;
    use arrow_array::{DictionaryArray, Int64Array, StringViewArray};

    #[test]
    fn formulas_become_texts_and_numbers_stay() {
        let texts = [Some("=HYPERLINK(\"x\")"), Some("-1+2"), Some("ä"), None];
        let words: DictionaryArray<Int32Type> = vec!["@a", "b", "+c", "\t=d"].into_iter().collect();
        let rows = RecordBatch::try_from_iter_with_nullable([
            (
                "=a",
                Arc::new(StringViewArray::from_iter(texts)) as ArrayRef,
                true,
            ),
            ("words", Arc::new(words) as ArrayRef, true),
            (
                "number",
                Arc::new(Int64Array::from(vec![-1, 2, -3, 4])) as ArrayRef,
                true,
            ),
        ])
        .unwrap();
        let guarded = guard_rows(&rows).unwrap();
        assert_eq!(guarded.schema(), guard_columns(&rows.schema()));
        assert_eq!(guarded.schema().field(0).name(), "'=a");
        let column = |at: usize| -> Vec<Option<String>> {
            let column = guarded.column(at).as_string::<i32>().iter();
            column.map(|text| text.map(str::to_owned)).collect()
        };
        let expect = |texts: [Option<&str>; 4]| texts.map(|text| text.map(str::to_owned));
        assert_eq!(
            column(0),
            expect([Some("'=HYPERLINK(\"x\")"), Some("'-1+2"), Some("ä"), None])
        );
        assert_eq!(
            column(1),
            expect([Some("'@a"), Some("b"), Some("'+c"), Some("'\t=d")])
        );
        assert_eq!(guarded.column(2), rows.column(2));
    }
}
