//! Rows as text for people.

use arrow_array::{Array as _, RecordBatch};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Converts each row to text cells. NULL becomes an empty cell; instants are written in their time zone, with the offset.
pub fn to_text_cells(batch: &RecordBatch) -> Result<Vec<Vec<String>>, Refusal> {
    let options = arrow_cast::display::FormatOptions::default();
    let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
    for column in batch.columns() {
        let formatter = arrow_cast::display::ArrayFormatter::try_new(column.as_ref(), &options)
            .map_err(unprintable_value_refusal)?;
        let is_float = column.data_type().is_floating();
        for (index, row) in rows.iter_mut().enumerate() {
            if column.is_null(index) {
                row.push(String::new());
                continue;
            }
            let cell = formatter.value(index).to_string();
            row.push(if is_float { shorten_float(cell) } else { cell });
        }
    }
    Ok(rows)
}

/// Shortens long fractions of floating-point numbers for people. Small numbers keep their digits, and files keep every digit.
fn shorten_float(cell: String) -> String {
    let is_long = cell.split_once('.').is_some_and(|(_, fraction)| {
        fraction.len() > 3 && fraction.bytes().all(|digit| digit.is_ascii_digit())
    });
    match cell.parse::<f64>() {
        Ok(number) if is_long && number.abs() >= 0.1 => format!("{number:.3}"),
        _ => cell,
    }
}

fn unprintable_value_refusal(fault: arrow_schema::ArrowError) -> Refusal {
    Refusal::new(ErrorCode::Internal, format!("a value has no text: {fault}")).caused_by(fault)
}

#[cfg(test)]
mod tests {
    //! Tests: the cells of a table for people have the values of the answer.

    use crate::answer::cell_text::to_text_cells;
    use arrow_array::{
        ArrayRef, Decimal128Array, Float64Array, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    };
    use std::sync::Arc;

    #[test]
    fn cells_keep_offsets_fractions_and_digits() {
        let micros = 1_792_792_800_123_456;
        let decimal = Decimal128Array::from(vec![900_719_925_474_099_312_345])
            .with_precision_and_scale(25, 4)
            .unwrap();
        let columns: [(&str, ArrayRef); 7] = [
            (
                "utc",
                Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone("UTC")),
            ),
            (
                "vienna",
                Arc::new(
                    TimestampMicrosecondArray::from(vec![micros]).with_timezone("Europe/Vienna"),
                ),
            ),
            ("decimal", Arc::new(decimal)),
            ("text", Arc::new(StringArray::from(vec!["1.23456"]))),
            ("float", Arc::new(Float64Array::from(vec![-31.236_789]))),
            ("small", Arc::new(Float64Array::from(vec![0.000_123_4]))),
            ("none", Arc::new(Float64Array::from(vec![None]))),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, column)| (name, column, true)),
        )
        .unwrap();
        assert_eq!(
            to_text_cells(&batch).unwrap(),
            [[
                "2026-10-23T22:00:00.123456Z",
                "2026-10-24T00:00:00.123456+02:00",
                "90071992547409931.2345",
                "1.23456",
                "-31.237",
                "0.0001234",
                "",
            ]]
        );
    }
}
