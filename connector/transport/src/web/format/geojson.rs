//! Collection of points (RFC 7946), with the other columns as properties. Its last members say if it is complete.

use super::AnswerWriter;
use super::column_rules::{
    answer_reads, check_distinct_names, describe_columns, json_lines, unwritten_rows_refusal,
};
use arrow_array::cast::AsArray as _;
use arrow_array::types::Float64Type;
use arrow_array::{Array, Float64Array, RecordBatch};
use arrow_schema::{DataType, Schema, SchemaRef};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::Value;

/// Names of columns with longitude and latitude, in degrees of WGS 84.
const COORDINATES: [(&str, &str); 2] = [("lon", "lat"), ("longitude", "latitude")];

/// Indices of the coordinates among the columns.
#[must_use]
pub fn find_coordinates(columns: &Schema) -> Option<(usize, usize)> {
    let number = |name: &str| {
        let (at, field) = columns.column_with_name(name)?;
        field.data_type().is_numeric().then_some(at)
    };
    let mut pairs = COORDINATES.into_iter();
    pairs.find_map(|(longitude, latitude)| Some((number(longitude)?, number(latitude)?)))
}

/// Writer of GeoJSON.
#[derive(Debug)]
pub struct GeoJsonWriter {
    columns: SchemaRef,
    longitude: usize,
    latitude: usize,
    count: u64,
    is_complete: bool,
}

impl GeoJsonWriter {
    /// Writer for rows of these columns.
    ///
    /// # Errors
    /// `USAGE` when there are no coordinates, or two columns have one name.
    pub fn new(columns: SchemaRef) -> Result<Self, Refusal> {
        check_distinct_names(&columns)?;
        let (longitude, latitude) = find_coordinates(&columns).ok_or_else(|| {
            Refusal::new(
                ErrorCode::UsageWrong,
                "the answer has no two columns with longitude and latitude",
            )
            .with_help("name them lon and lat, in degrees: SELECT x AS lon, y AS lat, …")
        })?;
        Ok(Self {
            columns,
            longitude,
            latitude,
            count: 0,
            is_complete: true,
        })
    }

    /// Writer of an answer that lacks the rows of a participant, which its last member says.
    #[must_use]
    pub fn of_incomplete_answer(self) -> Self {
        Self {
            is_complete: false,
            ..self
        }
    }

    /// Writes the end, with these members before its own.
    pub(crate) fn end_with(&self, members: &[(&str, Value)], out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n]");
        for (name, value) in members {
            out.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
        }
        let (count, is_complete) = (self.count, self.is_complete);
        let tail = format!(",\"numberReturned\":{count},\"complete\":{is_complete}}}\n");
        out.extend_from_slice(tail.as_bytes());
    }

    fn read_degrees(rows: &RecordBatch, at: usize, most: f64) -> Result<Float64Array, Refusal> {
        let column = rows.columns().get(at).ok_or_else(|| {
            Refusal::new(ErrorCode::Internal, "a row has fewer columns than was said")
        })?;
        let degrees =
            arrow_cast::cast(column, &DataType::Float64).map_err(unwritten_rows_refusal)?;
        let degrees = degrees.as_primitive::<Float64Type>().clone();
        match degrees.iter().flatten().all(|one| one.abs() <= most) {
            true => Ok(degrees),
            false => Err(Refusal::new(
                ErrorCode::EvaluationFailed,
                format!("a coordinate is beyond {most} degrees"),
            )
            .with_help("GeoJSON has longitude and latitude of WGS 84 alone")),
        }
    }
}

impl AnswerWriter for GeoJsonWriter {
    fn write_begin(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let (columns, reads) = (describe_columns(&self.columns), answer_reads(&self.columns));
        let head = format!(
            "{{\"type\":\"FeatureCollection\",\"columns\":{columns},\"reads\":{reads},\"features\":["
        );
        out.extend_from_slice(head.as_bytes());
        Ok(())
    }

    fn write_rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let longitudes = Self::read_degrees(rows, self.longitude, 180.0)?;
        let latitudes = Self::read_degrees(rows, self.latitude, 90.0)?;
        let others: Vec<usize> = (0..rows.num_columns())
            .filter(|at| *at != self.longitude && *at != self.latitude)
            .collect();
        let lines = match others.is_empty() {
            true => Vec::new(),
            false => json_lines(&rows.project(&others).map_err(unwritten_rows_refusal)?)?,
        };
        let mut lines = lines.split(|byte| *byte == b'\n');
        for row in 0..rows.num_rows() {
            let properties = lines
                .next()
                .filter(|line| !line.is_empty())
                .unwrap_or(b"{}");
            let geometry = match longitudes.is_null(row) || latitudes.is_null(row) {
                true => "null".to_owned(),
                false => format!(
                    "{{\"type\":\"Point\",\"coordinates\":[{},{}]}}",
                    longitudes.value(row),
                    latitudes.value(row)
                ),
            };
            let head = format!(
                "{}{{\"type\":\"Feature\",\"geometry\":{geometry},\"properties\":",
                if self.count == 0 { "\n" } else { ",\n" }
            );
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(properties);
            out.push(b'}');
            self.count = self.count.saturating_add(1);
        }
        Ok(())
    }

    fn write_end(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.end_with(&[], out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, StringArray};
    use serde_json::json;
    use std::sync::Arc;

    fn rows(longitudes: Vec<Option<f64>>, more: bool) -> RecordBatch {
        let latitudes: Vec<f64> = longitudes.iter().map(|_| 51.5).collect();
        let names: Vec<&str> = longitudes.iter().map(|_| "a").collect();
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            ("lat", Arc::new(Float64Array::from(latitudes))),
            ("lon", Arc::new(Float64Array::from(longitudes))),
        ];
        if more {
            columns.push(("name", Arc::new(StringArray::from(names))));
        }
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn written(rows: &RecordBatch) -> Result<Value, Refusal> {
        let mut writer = GeoJsonWriter::new(rows.schema())?;
        let mut out = Vec::new();
        writer.write_begin(&mut out)?;
        writer.write_rows(rows, &mut out)?;
        writer.write_end(&mut out)?;
        Ok(serde_json::from_slice(&out).unwrap())
    }

    #[test]
    fn points_have_longitude_first() {
        let whole = written(&rows(vec![Some(7.25), None], true)).unwrap();
        let point = json!({"type": "Point", "coordinates": [7.25, 51.5]});
        assert_eq!(whole["features"][0]["geometry"], point);
        assert_eq!(whole["features"][0]["properties"], json!({"name": "a"}));
        assert_eq!(whole["features"][1]["geometry"], Value::Null);
        assert_eq!(whole["complete"], json!(true));
        let columns = rows(Vec::new(), true).schema();
        let mut lacking = GeoJsonWriter::new(columns).unwrap().of_incomplete_answer();
        let mut out = Vec::new();
        lacking.write_begin(&mut out).unwrap();
        lacking.write_end(&mut out).unwrap();
        let lacking: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(lacking["complete"], json!(false));
        let bare = written(&rows(vec![Some(0.0)], false)).unwrap();
        assert_eq!(bare["features"][0]["properties"], json!({}));
        let beyond = written(&rows(vec![Some(500.0)], true)).unwrap_err();
        assert_eq!(beyond.code, ErrorCode::EvaluationFailed);
        let none = RecordBatch::new_empty(Arc::new(Schema::empty()));
        assert_eq!(written(&none).unwrap_err().code, ErrorCode::UsageWrong);
    }
}
