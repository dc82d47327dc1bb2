//! The catalogue entry of a dataset as it travels: canonical JSON `dataset/2`, read as strictly as a contract.

use crate::contract::text_or_null;
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::{
    Dataset, DatasetColumn, DatasetDescription, GridDimension, RegisteredGrid,
};
use hansa_catalog::feed::DatasetFeed;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};
use hansa_policy::term::odrl::word;
use hansa_policy::value::cube::{LateDataPolicy, ReleaseTerm};
use hansa_policy::value::time::TimeBucketWidth;

#[cfg(test)]
mod tests;

const FORMAT: &str = "dataset/2";
const CODES: ReaderErrorCodes = ReaderErrorCodes::of(ErrorCode::PeerDataInvalid);

/// The entry as canonical JSON.
#[must_use]
pub fn to_bytes(dataset: &Dataset) -> Vec<u8> {
    canonical(&to_json(dataset))
}

/// The dataset that the bytes describe.
///
/// # Errors
/// `PEER_DATA_INVALID`, when they are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<Dataset, Refusal> {
    from_json(&strict_json::document(
        bytes,
        LIMITS,
        ErrorCode::PeerDataInvalid,
    )?)
}

/// The entry as JSON.
#[must_use]
pub fn to_json(dataset: &Dataset) -> Json {
    let Dataset {
        id,
        title,
        licence,
        attribution,
        high_value,
        model,
        // They travel beside the entry: who does not know them reads the entry still.
        kind: _,
        description: _,
        queries: _,
        unit_column,
        personal,
        columns,
        // What `schemaSha256` says where it is another than that of the columns.
        whole_schema: _,
        grid,
        feed,
        version,
        published_at,
        rows,
        bytes,
        time_span,
        area,
        zone,
    } = dataset;
    let time_span = time_span.map_or(Json::Null, |(first, last)| {
        Json::List(vec![Json::text(first), Json::text(last)])
    });
    // Strict JSON has no floating point: degrees travel in their shortest decimal text.
    let area = area.map_or(Json::Null, |edges| {
        Json::List(edges.iter().map(Json::text).collect())
    });
    Json::object([
        ("hansa", Json::text(FORMAT)),
        ("id", Json::text(id)),
        ("title", Json::text(title)),
        ("licence", Json::text(licence)),
        ("attribution", text_or_null(attribution.as_ref())),
        ("highValue", Json::Bool(*high_value)),
        ("model", text_or_null(model.as_ref())),
        ("unitColumn", text_or_null(unit_column.as_ref())),
        ("personal", Json::Bool(*personal)),
        (
            "columns",
            Json::List(columns.iter().map(column_json).collect()),
        ),
        ("schemaSha256", Json::text(dataset.schema_digest())),
        ("grid", grid.as_ref().map_or(Json::Null, grid_json)),
        // That it is one, and nothing of its segments.
        ("feed", Json::Bool(feed.is_some())),
        ("version", Json::text(version)),
        ("publishedAt", Json::text(published_at)),
        ("rows", Json::count(*rows)),
        ("bytes", Json::count(*bytes)),
        ("timeSpan", time_span),
        ("area", area),
        ("zone", Json::text(zone)),
    ])
}

/// The dataset that the JSON describes.
///
/// # Errors
/// `PEER_DATA_INVALID`, when it is not in the one accepted form.
pub fn from_json(json: &Json) -> Result<Dataset, Refusal> {
    let mut members = StrictObjectReader::of(json.clone(), "dataset", CODES)?;
    members.exactly_text("hansa", FORMAT)?;
    let mut columns: Vec<DatasetColumn> = Vec::new();
    for (at, item) in members.items("columns")? {
        let column = column(StrictObjectReader::of(item, at, CODES)?)?;
        if columns.iter().any(|known| known.name == column.name) {
            return Err(CODES.wrong(format!("the column `{}` stands twice", column.name)));
        }
        columns.push(column);
    }
    let mut dataset = Dataset {
        id: members.parsed("id")?,
        title: members.text("title")?,
        licence: members.text("licence")?,
        attribution: members.text_or_null("attribution")?,
        high_value: members.flag("highValue")?,
        model: members.text_or_null("model")?,
        kind: None,
        description: DatasetDescription::default(),
        queries: Vec::new(),
        unit_column: members.parsed_or_null("unitColumn")?,
        personal: members.flag("personal")?,
        columns,
        whole_schema: None,
        grid: members.object_or_null("grid")?.map(grid).transpose()?,
        feed: members.flag("feed")?.then(DatasetFeed::default),
        version: members.text("version")?,
        published_at: members.parsed("publishedAt")?,
        rows: members.count("rows")?,
        bytes: members.count("bytes")?,
        time_span: time_span(&mut members)?,
        area: area(&mut members)?,
        zone: members.text("zone")?,
    };
    let whole: Digest = members.parsed("schemaSha256")?;
    dataset.whole_schema = (whole != dataset.shown_digest()).then_some(whole);
    members.finish()?;
    known_columns(&dataset)?;
    likely_counts(&dataset)?;
    if to_json(&dataset) != *json {
        return Err(CODES.wrong(format!(
            "the entry of `{}` is not in its one spelling",
            dataset.id
        )));
    }
    Ok(dataset)
}

fn known_columns(dataset: &Dataset) -> Result<(), Refusal> {
    let dimensions = dataset.grid.iter().flat_map(|grid| &grid.dimensions);
    let named = dimensions
        .map(|dimension| &dimension.column)
        .chain(&dataset.unit_column);
    for name in named {
        if dataset.columns.iter().all(|column| column.name != *name) {
            return Err(CODES.wrong(format!("the entry has no column `{name}`, but names it")));
        }
    }
    Ok(())
}

/// Numbers of different values are powers of two, and no more than rows could have.
fn likely_counts(dataset: &Dataset) -> Result<(), Refusal> {
    for DatasetColumn { name, distinct, .. } in &dataset.columns {
        let likely = distinct.is_power_of_two() && *distinct <= dataset.rows.next_power_of_two();
        if *distinct > 0 && !(likely && dataset.rows > 0) {
            return Err(CODES.wrong(format!(
                "`distinct` of `{name}` is no power of two, or more than its rows can have"
            )));
        }
    }
    Ok(())
}

fn column_json(column: &DatasetColumn) -> Json {
    let DatasetColumn {
        name,
        kind,
        nullable,
        unit,
        crs,
        personal,
        meaning,
        // It travels beside the entry, with the description.
        uncertainty: _,
        conversion,
        own_keys,
        distinct,
    } = column;
    Json::object([
        ("name", Json::text(name)),
        ("type", Json::text(kind)),
        ("nullable", Json::Bool(*nullable)),
        ("unit", text_or_null(unit.as_ref())),
        ("crs", text_or_null(crs.as_ref())),
        ("personal", Json::Bool(*personal)),
        ("meaning", text_or_null(meaning.as_ref())),
        ("conversion", text_or_null(conversion.as_ref())),
        ("ownKeys", text_or_null(own_keys.as_ref())),
        ("distinct", Json::count(*distinct)),
    ])
}

fn column(mut members: StrictObjectReader) -> Result<DatasetColumn, Refusal> {
    let kind = members.text("type")?;
    let column = DatasetColumn {
        name: members.parsed("name")?,
        kind: kind
            .parse()
            .map_err(|_| CODES.unknown(format!("the column type `{kind}` is not known")))?,
        nullable: members.flag("nullable")?,
        unit: members.text_or_null("unit")?,
        crs: members.text_or_null("crs")?,
        personal: members.flag("personal")?,
        meaning: members.text_or_null("meaning")?,
        uncertainty: None,
        conversion: members.text_or_null("conversion")?,
        own_keys: members.parsed_or_null("ownKeys")?,
        distinct: members.count("distinct")?,
    };
    members.finish()?;
    Ok(column)
}

const BUCKETS: [(&str, TimeBucketWidth); 6] = [
    ("quarter-hour", TimeBucketWidth::QuarterHour),
    ("hour", TimeBucketWidth::Hour),
    ("day", TimeBucketWidth::Day),
    ("week", TimeBucketWidth::Week),
    ("month", TimeBucketWidth::Month),
    ("year", TimeBucketWidth::Year),
];

fn grid_json(grid: &RegisteredGrid) -> Json {
    let dimensions = grid.dimensions.iter().map(|dimension| {
        let GridDimension {
            column,
            bucket,
            zone,
        } = dimension;
        let bucket = bucket.as_ref().map(|bucket| word(&BUCKETS, bucket));
        Json::object([
            ("column", Json::text(column)),
            ("bucket", text_or_null(bucket)),
            ("zone", text_or_null(zone.as_ref())),
        ])
    });
    Json::object([
        ("id", Json::text(&grid.id)),
        ("dimensions", Json::List(dimensions.collect())),
        (
            "release",
            grid.release.as_ref().map_or(Json::Null, release_json),
        ),
    ])
}

fn release_json(release: &ReleaseTerm) -> Json {
    let ReleaseTerm {
        column,
        every,
        late,
    } = release;
    Json::object([
        ("column", Json::text(column)),
        ("every", Json::text(word(&BUCKETS, every))),
        ("late", Json::text(word(&LateDataPolicy::ALL, late))),
    ])
}

fn release(mut members: StrictObjectReader) -> Result<ReleaseTerm, Refusal> {
    let known = |list: &[(&str, TimeBucketWidth)], met: &str| {
        let hit = list
            .iter()
            .find(|(word, _)| *word == met)
            .map(|(_, value)| *value);
        hit.ok_or_else(|| CODES.unknown(format!("the bucket `{met}` is not known")))
    };
    let release = ReleaseTerm {
        column: members.parsed("column")?,
        every: known(&BUCKETS, &members.text("every")?)?,
        late: {
            let met = members.text("late")?;
            let hit = LateDataPolicy::ALL.iter().find(|(word, _)| *word == met);
            hit.ok_or_else(|| {
                CODES.unknown(format!("the word `{met}` for late rows is not known"))
            })?
            .1
        },
    };
    members.finish()?;
    Ok(release)
}

fn grid(mut members: StrictObjectReader) -> Result<RegisteredGrid, Refusal> {
    let id = members.text("id")?;
    let mut dimensions = Vec::new();
    for item in members.list("dimensions")? {
        let mut members = StrictObjectReader::of(item, "grid.dimensions", CODES)?;
        let column: SqlIdentifier = members.parsed("column")?;
        let bucket = match members.text_or_null("bucket")? {
            None => None,
            Some(met) => {
                let known = BUCKETS.iter().find(|(word, _)| *word == met);
                let known = known
                    .ok_or_else(|| CODES.unknown(format!("the bucket `{met}` is not known")))?;
                Some(known.1)
            }
        };
        let zone = members.text_or_null("zone")?;
        members.finish()?;
        dimensions.push(GridDimension {
            column,
            bucket,
            zone,
        });
    }
    let release = members
        .object_or_null("release")?
        .map(release)
        .transpose()?;
    members.finish()?;
    Ok(RegisteredGrid {
        id,
        dimensions,
        release,
    })
}

fn time_span(
    members: &mut StrictObjectReader,
) -> Result<Option<(UtcTimestamp, UtcTimestamp)>, Refusal> {
    let Some(texts) = texts(members, "timeSpan")? else {
        return Ok(None);
    };
    let instants: Vec<UtcTimestamp> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    match (texts.as_slice(), instants.as_slice()) {
        ([_, _], [first, last]) if first <= last => Ok(Some((*first, *last))),
        _ => Err(CODES.wrong("`timeSpan` is not first and last instant")),
    }
}

fn area(members: &mut StrictObjectReader) -> Result<Option<[f64; 4]>, Refusal> {
    let Some(texts) = texts(members, "area")? else {
        return Ok(None);
    };
    let edges: Vec<f64> = texts
        .iter()
        .filter_map(|text| text.parse().ok())
        .filter(|edge: &f64| edge.is_finite())
        .collect();
    match (texts.as_slice(), edges.as_slice()) {
        ([_, _, _, _], [west, south, east, north]) => Ok(Some([*west, *south, *east, *north])),
        _ => Err(CODES.wrong("`area` is not west, south, east and north")),
    }
}

fn texts(members: &mut StrictObjectReader, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let items = match members.take(name)? {
        Json::Null => return Ok(None),
        Json::List(items) => items,
        Json::Bool(_) | Json::Int(_) | Json::Text(_) | Json::Object(_) => {
            return Err(CODES.wrong(format!("`{name}` is no list")));
        }
    };
    let texts: Option<Vec<String>> = items
        .iter()
        .map(|item| item.as_text().map(str::to_owned))
        .collect();
    let texts = texts.ok_or_else(|| CODES.wrong(format!("`{name}` is no list of texts")))?;
    Ok(Some(texts))
}
