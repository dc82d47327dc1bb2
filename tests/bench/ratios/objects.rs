//! Rows as objects, to be compared.

use arrow_array::RecordBatch;
use arrow_json::LineDelimitedWriter;
use serde_json::Value;

/// The rows of these batches, in order; a NULL has no member.
pub(crate) fn objects(batches: &[RecordBatch]) -> Vec<Value> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    let text = String::from_utf8(writer.into_inner()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
