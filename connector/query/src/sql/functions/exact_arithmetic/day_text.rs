//! Dates as texts. The engine writes a sign before years after 9999 and before year 1 (DataFusion 55.2).

use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion_common::Result;

/// Texts of dates in the notation of PostgreSQL (manual, 8.5.2): the year 10000 has five digits, and the year before year 1 is
/// `0001` with the suffix `BC`.
///
/// # Errors
/// Errors of the engine's cast.
pub(in crate::sql::functions) fn write_days(days: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let written = cast(days, &DataType::Utf8)?;
    let texts = written.as_string::<i32>();
    let has_sign = |text: &str| text.starts_with(['+', '-']) || text.starts_with("0000-");
    if !texts.iter().flatten().any(has_sign) {
        return Ok(cast(&written, to)?);
    }
    let texts: StringArray = texts.iter().map(|text| text.map(write_year)).collect();
    Ok(cast(&texts, to)?)
}

/// Text of a date with the year in the notation of PostgreSQL.
fn write_year(text: &str) -> String {
    let (year, day) = text.split_at(text.len().saturating_sub("-MM-DD".len()));
    match year.parse::<i64>() {
        Ok(year) if year < 1 => format!("{:04}{day} BC", 1 - year),
        _ => text.trim_start_matches('+').to_owned(),
    }
}
