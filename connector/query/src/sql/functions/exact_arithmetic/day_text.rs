//! Days as texts. The engine writes a sign before the year of days after 9999 and of those before the year 1 (DataFusion 55.2).

use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion_common::Result;

/// The texts of days, as PostgreSQL writes them (its manual, 8.5.2): the year 10000 has five digits, and that before the year 1 is `0001`
/// followed by `BC`.
///
/// # Errors
/// Those of the engine's cast.
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

/// The text of a day with its year as PostgreSQL writes it.
fn write_year(text: &str) -> String {
    let (year, day) = text.split_at(text.len().saturating_sub("-MM-DD".len()));
    match year.parse::<i64>() {
        Ok(year) if year < 1 => format!("{:04}{day} BC", 1 - year),
        _ => text.trim_start_matches('+').to_owned(),
    }
}
