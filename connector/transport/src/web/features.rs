//! OGC API Features, part 1 (OGC 17-069r4), core: datasets with longitude and latitude as collections of points.
//!
//! A box and a time become conditions of a statement, which is decided like any other. Rows have no ids, so features have none, and
//! there is no path for a single feature. Pages are ranges of the rows in the order of all columns, and are available only as long
//! as the dataset has the version of the first page.

use super::answer_body;
use super::format::AnswerWriter;
use super::format::column_rules::{answer_reads, describe_columns};
use super::format::geojson::{GeoJsonWriter, find_coordinates};
use super::problem::WebError;
use super::request::WebRequest;
use crate::flight_sql::{ClientTable, FlightSqlHandler};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, SchemaRef};
use axum::body::Body;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;

/// Default number of features on a page.
const LIMIT: usize = 1_000;

/// Largest number of features on a page.
const MOST: usize = 10_000;

const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

const CLASSES: [&str; 2] = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
];

/// Landing page.
pub(super) fn landing_page(base: &str) -> Value {
    json!({
        "title": "Hansa",
        "description": "Points of datasets of others, as far as contracts permit",
        "links": [
            make_link("self", &format!("{base}/ogc"), "application/json"),
            make_link("service-desc", &format!("{base}/openapi.json"), "application/vnd.oai.openapi+json;version=3.1"),
            make_link("conformance", &format!("{base}/ogc/conformance"), "application/json"),
            make_link("data", &format!("{base}/ogc/collections"), "application/json"),
        ],
    })
}

/// Conformance classes.
pub(super) fn conformance_classes() -> Value {
    json!({"conformsTo": CLASSES})
}

/// Collections that a client may request.
pub(super) fn list_collections(base: &str, tables: &[ClientTable]) -> Value {
    let all = tables.iter().filter(|table| is_collection(table));
    let all = all.map(|table| describe_collection(base, table));
    json!({
        "links": [make_link("self", &format!("{base}/ogc/collections"), "application/json")],
        "collections": all.collect::<Vec<Value>>(),
    })
}

/// Table of a collection.
///
/// # Errors
/// `DATASET_UNKNOWN` when there is no such table for this client.
pub(super) fn find_table<'a>(
    tables: &'a [ClientTable],
    id: &str,
) -> Result<&'a ClientTable, Refusal> {
    let mut found = tables.iter().filter(|table| is_collection(table));
    found.find(|table| id_of(table) == id).ok_or_else(|| {
        let sentence = format!("there is no collection `{id}` for this token and purpose");
        let refusal = Refusal::new(ErrorCode::DatasetUnknown, sentence);
        refusal.with_help("GET /ogc/collections lists them: datasets with the columns lon and lat")
    })
}

/// Description of a collection.
pub(super) fn describe_collection(base: &str, table: &ClientTable) -> Value {
    let id = id_of(table);
    let path = format!("{base}/ogc/collections/{id}");
    json!({
        "id": id,
        "title": id,
        "itemType": "feature",
        "crs": [CRS84],
        "columns": describe_columns(&table.columns),
        "links": [
            make_link("self", &path, "application/json"),
            make_link("items", &format!("{path}/items"), "application/geo+json"),
        ],
    })
}

/// Page of features.
///
/// # Errors
/// When the request is invalid, or the reason why there is no answer.
pub(super) async fn feature_page<H: FlightSqlHandler>(
    handler: &H,
    client: &H::Client,
    table: &ClientTable,
    mut request: WebRequest,
) -> Result<Response<Body>, WebError> {
    let wanted = FeatureRequest::parse(table, &mut request)?;
    let base = request.base.clone();
    request.finish(&["bbox", "datetime", "limit", "offset", "snapshot", "purpose"])?;
    let (sql, values) = wanted.statement(table);
    let answer = handler.run(client, &sql, values).await?;
    let columns = Arc::clone(&answer.columns);
    let snapshot = snapshot_labels(&columns);
    if let Some(before) = &wanted.snapshot
        && *before != snapshot
    {
        let conflict = StatusCode::CONFLICT;
        let error = WebError::new(
            conflict,
            "the dataset is another one than at the first page",
        );
        return Err(error.with_help("begin again with the first page"));
    }
    let writer = FeaturePageWriter {
        points: GeoJsonWriter::new(columns)?,
        left: wanted.limit,
        has_more: false,
        here: format!(
            "{base}{}",
            wanted.page_path(table, &snapshot, wanted.offset)
        ),
        next: format!(
            "{base}{}",
            wanted.page_path(table, &snapshot, wanted.offset.saturating_add(wanted.limit))
        ),
    };
    let body = answer_body::stream_body(answer, Box::new(writer)).await?;
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("application/geo+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// Request for features.
#[derive(Debug, Clone, PartialEq)]
struct FeatureRequest {
    /// West, south, east and north.
    edges: Option<[f64; 4]>,
    /// First and last instant, where given, and the index of their column.
    time: Option<(usize, Option<String>, Option<String>)>,
    /// Parameters as written, for links.
    written: Vec<(&'static str, String)>,
    limit: usize,
    offset: usize,
    snapshot: Option<String>,
}

impl FeatureRequest {
    fn parse(table: &ClientTable, request: &mut WebRequest) -> Result<Self, WebError> {
        let wrong = |sentence: String| WebError::new(StatusCode::BAD_REQUEST, sentence);
        let mut written = Vec::new();
        let number = |name: &'static str, text: Option<String>, otherwise, least: usize, most| {
            let text = text.map(|text| text.parse().ok());
            let number: usize = text.unwrap_or(Some(otherwise)).unwrap_or(usize::MAX);
            match (least..=most).contains(&number) {
                true => Ok(number),
                false => Err(wrong(format!(
                    "`{name}` is a whole number from {least} to {most}"
                ))),
            }
        };
        let limit = number("limit", request.take_parameter("limit"), LIMIT, 1, MOST)?;
        let offset = number(
            "offset",
            request.take_parameter("offset"),
            0,
            0,
            1_000_000_000,
        )?;
        let edges = match request.take_parameter("bbox") {
            None => None,
            Some(text) => {
                let edges: Vec<f64> = text
                    .split(',')
                    .filter_map(|edge| edge.parse().ok())
                    .collect();
                let edges = match edges.as_slice() {
                    [west, south, east, north]
                        if text.split(',').count() == 4
                            && edges.iter().all(|edge| edge.is_finite())
                            && south <= north =>
                    {
                        [*west, *south, *east, *north]
                    }
                    _ => {
                        return Err(wrong(
                            "`bbox` is west,south,east,north in degrees".to_owned(),
                        ));
                    }
                };
                written.push(("bbox", text));
                Some(edges)
            }
        };
        let time = match request.take_parameter("datetime") {
            None => None,
            Some(text) => {
                let time = parse_time(table, &text)?;
                written.push(("datetime", text));
                Some(time)
            }
        };
        Ok(Self {
            edges,
            time,
            written,
            limit,
            offset,
            snapshot: request.take_parameter("snapshot"),
        })
    }

    /// Statement with the values of its parameters. It asks for one row more than the page has, to find out if there is a next
    /// page.
    fn statement(&self, table: &ClientTable) -> (String, Option<RecordBatch>) {
        let name = |at: usize| {
            let field = table.columns.fields().get(at);
            field.map_or_else(String::new, |field| quote_identifier(field.name()))
        };
        let (mut conditions, mut values) = (Vec::new(), Vec::<(String, ArrayRef)>::new());
        let mut value = |column: ArrayRef| {
            values.push((format!("${}", values.len()), column));
            "?"
        };
        let degrees = |edge: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![edge])) };
        if let (Some([west, south, east, north]), Some((longitude, latitude))) =
            (self.edges, find_coordinates(&table.columns))
        {
            let (longitude, latitude) = (name(longitude), name(latitude));
            let (from, to) = (value(degrees(west)), value(degrees(east)));
            // The western edge of a box across the antimeridian is greater than the eastern one.
            let word = if west <= east { "AND" } else { "OR" };
            conditions.push(format!(
                "({longitude} >= {from} {word} {longitude} <= {to})"
            ));
            let (from, to) = (value(degrees(south)), value(degrees(north)));
            conditions.push(format!("{latitude} >= {from} AND {latitude} <= {to}"));
        }
        if let Some((column, from, to)) = &self.time {
            let field = table.columns.fields().get(*column);
            let word = match field.map(|field| field.data_type()) {
                Some(DataType::Date32 | DataType::Date64) => "DATE",
                Some(DataType::Timestamp(_, None)) => "TIMESTAMP",
                _ => "TIMESTAMP WITH TIME ZONE",
            };
            for (edge, sign) in [(from, ">="), (to, "<=")] {
                if let Some(edge) = edge {
                    let edge = Arc::new(StringArray::from(vec![edge.as_str()]));
                    let edge = value(edge);
                    conditions.push(format!("{} {sign} CAST({edge} AS {word})", name(*column)));
                }
            }
        }
        let columns: Vec<String> = (0..table.columns.fields().len()).map(name).collect();
        let columns = columns.join(", ");
        let conditions = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        };
        let rows = self.limit.saturating_add(1);
        let sql = format!(
            "SELECT {columns} FROM {}.{}{conditions} ORDER BY {columns} LIMIT {rows} OFFSET {}",
            quote_identifier(&table.owner),
            quote_identifier(&table.name),
            self.offset
        );
        let values = values
            .into_iter()
            .map(|(name, column)| (name, column, true));
        (sql, RecordBatch::try_from_iter_with_nullable(values).ok())
    }

    fn page_path(&self, table: &ClientTable, snapshot: &str, offset: usize) -> String {
        let mut path = format!(
            "/ogc/collections/{}/items?limit={}&offset={offset}&snapshot={}",
            id_of(table),
            self.limit,
            percent_encode(snapshot)
        );
        for (name, value) in &self.written {
            path.push_str(&format!("&{name}={}", percent_encode(value)));
        }
        path
    }
}

/// Time condition: an instant, or a range with at most one open end.
fn parse_time(
    table: &ClientTable,
    text: &str,
) -> Result<(usize, Option<String>, Option<String>), WebError> {
    let wrong = |sentence: &str| WebError::new(StatusCode::BAD_REQUEST, sentence);
    let fields = table.columns.fields().iter().enumerate();
    let times: Vec<(usize, bool)> = fields
        .filter_map(|(at, field)| match field.data_type() {
            DataType::Timestamp(_, _) => Some((at, true)),
            DataType::Date32 | DataType::Date64 => Some((at, false)),
            _ => None,
        })
        .collect();
    let [(column, is_instant)] = times.as_slice() else {
        return Err(wrong(
            "`datetime` needs a collection with one column of time",
        ));
    };
    let edge = |text: &str, is_last: bool| -> Result<Option<String>, WebError> {
        if matches!(text, "" | "..") {
            return Ok(None);
        }
        let is_day = text.len() == 10;
        let instant = match (is_day, is_last) {
            (false, _) => text.to_owned(),
            (true, false) => format!("{text}T00:00:00Z"),
            (true, true) => format!("{text}T23:59:59.999999Z"),
        };
        let instant: UtcTimestamp = instant.parse().map_err(|_| {
            wrong("`datetime` is an instant such as 2026-11-20T08:00:00Z, a day, or two of them with / between")
        })?;
        let instant = instant.to_string();
        let day = instant.get(..10).unwrap_or_default().to_owned();
        Ok(Some(match is_instant {
            true => instant,
            false => day,
        }))
    };
    let (from, to) = match text.split_once('/') {
        Some((from, to)) => (edge(from, false)?, edge(to, true)?),
        None => (edge(text, false)?, edge(text, true)?),
    };
    if from.is_none() && to.is_none() {
        return Err(wrong("`datetime` has an end on one side at least"));
    }
    Ok((*column, from, to))
}

/// Writer of a page: its features, and links to itself and to the next page.
#[derive(Debug)]
struct FeaturePageWriter {
    points: GeoJsonWriter,
    left: usize,
    has_more: bool,
    here: String,
    next: String,
}

impl AnswerWriter for FeaturePageWriter {
    fn write_begin(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.points.write_begin(out)
    }

    fn write_rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let count = rows.num_rows().min(self.left);
        self.has_more |= count < rows.num_rows();
        self.left = self.left.saturating_sub(count);
        self.points.write_rows(&rows.slice(0, count), out)
    }

    fn write_end(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let mut links = vec![make_link("self", &self.here, "application/geo+json")];
        if self.has_more {
            links.push(make_link("next", &self.next, "application/geo+json"));
        }
        self.points.end_with(&[("links", Value::Array(links))], out);
        Ok(())
    }
}

fn is_collection(table: &ClientTable) -> bool {
    find_coordinates(&table.columns).is_some()
}

fn id_of(table: &ClientTable) -> String {
    format!("{}.{}", table.owner, table.name)
}

/// Snapshots that an answer read.
fn snapshot_labels(columns: &SchemaRef) -> String {
    let reads = answer_reads(columns);
    let labels = reads.as_array().into_iter().flatten();
    let labels = labels.filter_map(|read| Some(read.get("snapshot")?.as_str()?.to_owned()));
    labels.collect::<Vec<String>>().join(",")
}

fn make_link(relation: &str, path: &str, kind: &str) -> Value {
    json!({"rel": relation, "href": path, "type": kind})
}

/// Quoted SQL identifier of any name.
fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Percent-encoded text for an address.
fn percent_encode(text: &str) -> String {
    let bytes = text.bytes();
    bytes
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' | b':' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::{Field, Schema, TimeUnit};
    use http::Request;

    fn table() -> ClientTable {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let fields = [
            ("lon", DataType::Float64),
            ("lat", DataType::Float64),
            ("a\"b", DataType::Utf8),
            ("at", utc),
        ];
        let fields = fields.map(|(name, kind)| Field::new(name, kind, true));
        ClientTable {
            owner: "lindau".to_owned(),
            name: "trees".to_owned(),
            columns: Arc::new(Schema::new(fields.to_vec())),
        }
    }

    fn asked(query: &str) -> Result<FeatureRequest, u16> {
        let request = Request::get(format!("/?{query}")).header("host", "x");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let mut request = WebRequest::of(parts).unwrap();
        FeatureRequest::parse(&table(), &mut request)
            .map_err(|error| error.response().status().as_u16())
    }

    #[test]
    fn a_box_and_a_time_become_comparisons() {
        let all = "\"lon\", \"lat\", \"a\"\"b\", \"at\"";
        let (sql, values) = asked("").unwrap().statement(&table());
        assert_eq!(
            sql,
            format!("SELECT {all} FROM \"lindau\".\"trees\" ORDER BY {all} LIMIT 1001 OFFSET 0")
        );
        assert!(values.is_none());
        let wanted = asked("bbox=7,51,8.5,52&datetime=2026-01-01/..&limit=5&offset=10").unwrap();
        let (sql, values) = wanted.statement(&table());
        assert_eq!(
            sql,
            format!(
                "SELECT {all} FROM \"lindau\".\"trees\" WHERE (\"lon\" >= ? AND \"lon\" <= ?) AND \"lat\" >= ? AND \"lat\" <= ? \
                 AND \"at\" >= CAST(? AS TIMESTAMP WITH TIME ZONE) ORDER BY {all} LIMIT 6 OFFSET 10"
            )
        );
        assert_eq!(values.unwrap().num_columns(), 5);
        assert_eq!(
            wanted.page_path(&table(), "1,2", 15),
            "/ogc/collections/lindau.trees/items?limit=5&offset=15&snapshot=1,2&bbox=7,51,8.5,52&datetime=2026-01-01%2F.."
        );
        let over = asked("bbox=170,-10,-170,10").unwrap().statement(&table()).0;
        assert!(over.contains("(\"lon\" >= ? OR \"lon\" <= ?)"), "{over}");
        for wrong in [
            "bbox=1,2,3",
            "bbox=1,2,3,4,5,6",
            "bbox=1,2,3,x",
            "bbox=1,5,3,4",
            "bbox=NaN,1,2,3",
            "limit=0",
            "limit=10001",
            "limit=x",
            "offset=-1",
            "datetime=now",
            "datetime=../..",
            "datetime=",
        ] {
            assert_eq!(asked(wrong).unwrap_err(), 400, "{wrong}");
        }
    }
}
