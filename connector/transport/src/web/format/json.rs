//! Answer as one JSON object. Its last members mark it as complete, so that a cut one is invalid JSON.

use super::AnswerWriter;
use super::column_rules::{answer_reads, check_distinct_names, describe_columns, json_lines};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use hansa_policy::refusal::Refusal;

/// Writer of a JSON object.
#[derive(Debug)]
pub(crate) struct JsonWriter {
    columns: SchemaRef,
    count: u64,
}

impl JsonWriter {
    /// Writer for rows of these columns.
    ///
    /// # Errors
    /// `USAGE` when two columns have one name.
    pub(crate) fn new(columns: SchemaRef) -> Result<Self, Refusal> {
        check_distinct_names(&columns)?;
        Ok(Self { columns, count: 0 })
    }
}

impl AnswerWriter for JsonWriter {
    fn write_begin(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let (columns, reads) = (describe_columns(&self.columns), answer_reads(&self.columns));
        let head = format!("{{\"columns\":{columns},\"reads\":{reads},\"rows\":[");
        out.extend_from_slice(head.as_bytes());
        Ok(())
    }

    fn write_rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        for line in json_lines(rows)?.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            out.extend_from_slice(if self.count == 0 { b"\n" } else { b",\n" });
            out.extend_from_slice(line);
            self.count = self.count.saturating_add(1);
        }
        Ok(())
    }

    fn write_end(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let tail = format!("\n],\"row_count\":{},\"complete\":true}}\n", self.count);
        out.extend_from_slice(tail.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};
    use arrow_schema::{DataType, Field, Schema};
    use hansa_policy::refusal::ErrorCode;
    use serde_json::{Value, json};
    use std::sync::Arc;

    #[test]
    fn a_cut_answer_is_no_json() {
        let rows = RecordBatch::try_from_iter::<_, &str>([
            (
                "n",
                Arc::new(Int64Array::from(vec![Some(1), None])) as ArrayRef,
            ),
            ("s", Arc::new(StringArray::from(vec!["a\n\"b", "ü"]))),
        ])
        .unwrap();
        let mut writer = JsonWriter::new(rows.schema()).unwrap();
        let mut out = Vec::new();
        writer.write_begin(&mut out).unwrap();
        writer.write_rows(&rows, &mut out).unwrap();
        writer.write_rows(&rows.slice(0, 1), &mut out).unwrap();
        writer.write_end(&mut out).unwrap();
        let whole: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(whole["rows"][1], json!({"n": null, "s": "ü"}));
        assert_eq!(
            (&whole["row_count"], &whole["complete"]),
            (&json!(3), &json!(true))
        );
        assert_eq!(whole["columns"][0], json!({"name": "n", "type": "int"}));
        for end in 0..out.len() - 1 {
            assert!(
                serde_json::from_slice::<Value>(&out[..end]).is_err(),
                "{end}"
            );
        }
    }

    #[test]
    fn what_json_can_not_say_is_refused() {
        let twice = Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new("n", DataType::Int64, true),
        ]);
        let refusal = JsonWriter::new(Arc::new(twice)).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::UsageWrong);
        let column: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN]));
        let rows = RecordBatch::try_from_iter([("f", column)]).unwrap();
        let mut writer = JsonWriter::new(rows.schema()).unwrap();
        let refusal = writer.write_rows(&rows, &mut Vec::new()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::EvaluationFailed);
    }
}
