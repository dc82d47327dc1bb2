//! Comma-separated values (RFC 4180): lines end with CR and LF, the first one contains the column names.
//!
//! NULL is an empty field, an empty text is `""`. Dates and instants are written as in ISO 8601, instants in UTC.

use super::AnswerWriter;
use super::column_rules::unwritten_rows_refusal;
use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, SchemaRef};
use hansa_policy::refusal::Refusal;

/// Writer of CSV.
#[derive(Debug)]
pub struct CsvWriter {
    columns: SchemaRef,
    /// True if the file must be safe to open in a spreadsheet.
    is_guarded: bool,
}

impl CsvWriter {
    /// Writer for rows of these columns.
    #[must_use]
    pub const fn new(columns: SchemaRef, is_guarded: bool) -> Self {
        Self {
            columns,
            is_guarded,
        }
    }

    fn write_text(&self, text: &str, out: &mut Vec<u8>) {
        // INVARIANT: cells-are-no-formulas. A spreadsheet executes a cell that begins like this as a formula.
        let begins_formula =
            text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
        let guard = match self.is_guarded && begins_formula {
            true => "'",
            false => "",
        };
        if text.is_empty() || text.contains(['"', ',', '\r', '\n']) {
            out.push(b'"');
            out.extend_from_slice(guard.as_bytes());
            out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(guard.as_bytes());
            out.extend_from_slice(text.as_bytes());
        }
    }
}

impl AnswerWriter for CsvWriter {
    fn write_begin(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        for (at, field) in self.columns.fields().iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self.write_text(field.name(), out);
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn write_rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let options = FormatOptions::default();
        let mut cells = Vec::with_capacity(rows.num_columns());
        for column in rows.columns() {
            let formatter = ArrayFormatter::try_new(column.as_ref(), &options)
                .map_err(unwritten_rows_refusal)?;
            cells.push((column, formatter, is_plain(column.data_type())));
        }
        for row in 0..rows.num_rows() {
            for (at, (column, formatter, is_plain)) in cells.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                if column.is_null(row) {
                    continue;
                }
                let value = formatter
                    .value(row)
                    .try_to_string()
                    .map_err(unwritten_rows_refusal)?;
                match is_plain {
                    true => out.extend_from_slice(value.as_bytes()),
                    false => self.write_text(&value, out),
                }
            }
            out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    fn write_end(&mut self, _: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }
}

/// True if values of the type need no quotes and never begin a formula.
fn is_plain(data_type: &DataType) -> bool {
    data_type.is_numeric()
        || matches!(
            data_type,
            DataType::Boolean
                | DataType::Date32
                | DataType::Date64
                | DataType::Time32(_)
                | DataType::Time64(_)
                | DataType::Timestamp(_, _)
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
        StringArray, TimestampMicrosecondArray,
    };
    use std::sync::Arc;

    fn written(columns: Vec<(&str, ArrayRef)>, is_guarded: bool) -> String {
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = CsvWriter::new(rows.schema(), is_guarded);
        let mut out = Vec::new();
        writer.write_begin(&mut out).unwrap();
        writer.write_rows(&rows, &mut out).unwrap();
        writer.write_end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_cell_of_text_begins_a_formula() {
        let texts = [
            "=1+1", "+a", "-a", "@SUM(A1)", "\t=1", "\r=1", "＝1", "a=1", "'=1", "=\"x\",1",
        ];
        let column = || -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
        assert_eq!(
            written(vec![("=x", column())], true),
            "'=x\r\n'=1+1\r\n'+a\r\n'-a\r\n'@SUM(A1)\r\n'\t=1\r\n\"'\r=1\"\r\n'＝1\r\na=1\r\n'=1\r\n\"'=\"\"x\"\",1\"\r\n"
        );
        let plain = written(vec![("=x", column())], false);
        assert!(plain.starts_with("=x\r\n=1+1\r\n+a\r\n"), "{plain}");
    }

    #[test]
    fn each_value_is_written_in_one_way() {
        let instants = TimestampMicrosecondArray::from(vec![Some(1_767_225_600_500_000), None]);
        let written = written(
            vec![
                ("n", Arc::new(Int64Array::from(vec![Some(-7), None]))),
                ("f", Arc::new(Float64Array::from(vec![-1.5, f64::NAN]))),
                (
                    "d",
                    Arc::new(
                        Decimal128Array::from(vec![-1250, 3])
                            .with_precision_and_scale(10, 2)
                            .unwrap(),
                    ),
                ),
                ("b", Arc::new(BooleanArray::from(vec![true, false]))),
                ("day", Arc::new(Date32Array::from(vec![20_454, 0]))),
                ("at", Arc::new(instants.with_timezone("UTC"))),
                ("s", Arc::new(StringArray::from(vec![Some(""), None]))),
            ],
            true,
        );
        assert_eq!(
            written,
            "n,f,d,b,day,at,s\r\n-7,-1.5,-12.50,true,2026-01-01,2026-01-01T00:00:00.500Z,\"\"\r\n\
             ,NaN,0.03,false,1970-01-01,,\r\n"
        );
    }
}
