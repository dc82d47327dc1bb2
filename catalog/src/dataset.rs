//! Catalogue entry of a dataset.

use crate::feed::DatasetFeed;
use crate::saved_query::SavedQuery;
use arrow_schema::SchemaRef;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::serialize_as_text;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::value::cube::ReleaseTerm;
use hansa_policy::value::decimal_type::DecimalType;
use hansa_policy::value::time::TimeBucketWidth;
use serde::{Deserialize, Serialize};

/// Published dataset: the entry that peers receive and that contracts refer to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dataset {
    /// Identity of the dataset.
    pub id: DatasetId,
    /// Title for people.
    pub title: String,
    /// Licence, as an SPDX or national identifier, `CC-BY-4.0`, `dl-de/by-2-0`, `proprietary`.
    pub licence: String,
    /// Attribution text that the owner asks for.
    pub attribution: Option<String>,
    /// True for a high-value dataset under the regulation (term 42).
    pub high_value: bool,
    /// Models that the dataset conforms to, checked at publication.
    pub model: Option<String>,
    /// Origin of the values; absent where the owner does not state it.
    pub kind: Option<DatasetKind>,
    /// Owner's statements on quality, collection and service.
    pub description: DatasetDescription,
    /// Statements that the owner has saved for others.
    pub queries: Vec<SavedQuery>,
    /// Column whose distinct values a smallest group size counts.
    pub unit_column: Option<SqlIdentifier>,
    /// True if rows are about persons.
    pub personal: bool,
    /// Columns in order. An entry for a peer contains only the columns that the peer may know.
    pub columns: Vec<DatasetColumn>,
    /// Owner's digest of the schema with all columns; absent where it is the digest of the columns in this entry.
    pub whole_schema: Option<Digest>,
    /// Registered grid for aggregate contracts.
    pub grid: Option<RegisteredGrid>,
    /// Feed; absent for other datasets. A feed only grows, and each publication adds a segment.
    pub feed: Option<DatasetFeed>,
    /// Label of the published snapshot, such as `2026-11-20.3`.
    pub version: String,
    /// Instant of publication.
    pub published_at: UtcTimestamp,
    /// Number of rows in the snapshot; 0 where it is not disclosed.
    pub rows: u64,
    /// Size of the snapshot on disk, bytes; 0 where it is not disclosed.
    pub bytes: u64,
    /// First and last instant of the time column, where there is one.
    pub time_span: Option<(UtcTimestamp, UtcTimestamp)>,
    /// West, south, east and north in degrees, where there are coordinates.
    #[serde(with = "degrees_as_text")]
    pub area: Option<[f64; 4]>,
    /// IANA zone of the dataset's civil times.
    pub zone: String,
}

/// Origin of the values of a dataset, from a closed list. Figures over several cities can then keep counted and forecast values
/// apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatasetKind {
    /// Measured by an instrument, or counted.
    Measured,
    /// Forecast of a time that was in the future when it was made.
    Forecast,
    /// Computed by a model for places or times without measurements.
    Modelled,
    /// Estimated from other figures, by a rule or by experience.
    Estimated,
}

impl DatasetKind {
    /// All origins with their names in configuration and catalogue.
    pub const ALL: [(&'static str, Self); 4] = [
        ("measured", Self::Measured),
        ("forecast", Self::Forecast),
        ("modelled", Self::Modelled),
        ("estimated", Self::Estimated),
    ];

    /// Name in configuration and catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Forecast => "forecast",
            Self::Modelled => "modelled",
            Self::Estimated => "estimated",
        }
    }
}

impl std::fmt::Display for DatasetKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for DatasetKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hit = Self::ALL.iter().find(|(word, _)| *word == text);
        hit.map(|(_, kind)| *kind).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|(word, _)| *word).collect();
            format!("the kinds are {}", words.join(", "))
        })
    }
}

/// Owner's statements about the quality and the service of a dataset. Data spaces owe recipients this description besides content,
/// use restrictions and licence (Regulation (EU) 2023/2854, Article 33(1)(a) and (c); the scope of prEN 18235-3). Each statement is
/// one line of text; its truth is not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetDescription {
    /// Quality of the data, such as completeness and plausibility checks.
    pub quality: Option<String>,
    /// Uncertainty of the values of the dataset; [`DatasetColumn::uncertainty`] is that of one column.
    pub uncertainty: Option<String>,
    /// Method by which the data were collected.
    pub collection_method: Option<String>,
    /// Quality of the service: frequency of new data, expected response times, contact.
    pub service_level: Option<String>,
}

impl DatasetDescription {
    /// Largest size of one statement, bytes, in the configuration and on the wire.
    pub const LONGEST: usize = 1_000;

    /// Statements with their keys, in display order.
    #[must_use]
    pub fn statements(&self) -> [(&'static str, Option<&str>); 4] {
        let Self {
            quality,
            uncertainty,
            collection_method,
            service_level,
        } = self;
        [
            ("quality", quality.as_deref()),
            ("uncertainty", uncertainty.as_deref()),
            ("collection_method", collection_method.as_deref()),
            ("service_level", service_level.as_deref()),
        ]
    }
}

/// Column of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetColumn {
    /// Name of the column.
    pub name: SqlIdentifier,
    /// Type, from a closed list.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// True if NULL may occur.
    pub nullable: bool,
    /// Unit in UCUM notation, such as `ug.m-3`.
    pub unit: Option<String>,
    /// Coordinate reference system of a coordinate, such as `OGC:CRS84`.
    pub crs: Option<String>,
    /// True if the values are about persons.
    pub personal: bool,
    /// Meaning of the column.
    pub meaning: Option<String>,
    /// Uncertainty of the values, such as `± 5 %`; absent where the owner does not state it.
    pub uncertainty: Option<String>,
    /// Conversion at publication, with the source of the factor.
    pub conversion: Option<String>,
    /// Key space of the values. The owner states that no other participant has keys of its own in common: keys of different
    /// participants in one space are never equal.
    pub own_keys: Option<SqlIdentifier>,
    /// Approximate number of distinct values, rounded up to a power of two; 0 where it is not disclosed.
    pub distinct: u64,
}

/// Type of a column, from a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// 64-bit signed integer.
    Int,
    /// 64-bit floating point.
    Float,
    /// Exact decimal number with a fixed number of decimals.
    Decimal(DecimalType),
    /// Boolean.
    Bool,
    /// Calendar date.
    Date,
    /// Instant in UTC, microseconds.
    Instant,
}

impl ColumnType {
    /// Types without digits in their name: all except [`Self::Decimal`].
    pub const PLAIN: [Self; 6] = [
        Self::Text,
        Self::Int,
        Self::Float,
        Self::Bool,
        Self::Date,
        Self::Instant,
    ];

    /// Arrow type of the values: `Utf8`, `Int64`, `Float64`, `Decimal128`, `Boolean`, `Date32` or `Timestamp(µs, UTC)`.
    #[must_use]
    pub fn to_arrow(self) -> arrow_schema::DataType {
        use arrow_schema::{DataType, TimeUnit};
        match self {
            Self::Text => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Decimal(kind) => {
                // The scale is at most 38.
                let scale = i8::try_from(kind.scale()).unwrap_or_default();
                DataType::Decimal128(kind.precision(), scale)
            }
            Self::Bool => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// Column type of an Arrow type that [`Self::to_arrow`] gives.
    #[must_use]
    pub fn of_arrow(kind: &arrow_schema::DataType) -> Option<Self> {
        match kind {
            arrow_schema::DataType::Decimal128(precision, scale) => {
                let scale = u8::try_from(*scale).ok()?;
                DecimalType::new(*precision, scale).map(Self::Decimal)
            }
            kind => Self::PLAIN.into_iter().find(|one| one.to_arrow() == *kind),
        }
    }
}

/// Writes the name in configuration and catalogue.
impl std::fmt::Display for ColumnType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Instant => "instant",
            Self::Decimal(kind) => return write!(f, "{kind}"),
        })
    }
}

impl std::str::FromStr for ColumnType {
    type Err = String;

    /// Parses the canonical notation that [`std::fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("decimal") {
            return text.parse().map(Self::Decimal);
        }
        let plain = Self::PLAIN.into_iter();
        plain
            .clone()
            .find(|kind| kind.to_string() == text)
            .ok_or_else(|| {
                let words: Vec<String> = plain.map(|kind| kind.to_string()).collect();
                format!("the types are {} and decimal(p,s)", words.join(", "))
            })
    }
}

serialize_as_text!(ColumnType, DatasetKind);

/// Registered grid of a dataset, with its finest cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisteredGrid {
    /// Identifier `hansa://<domain>/grid/<dataset>-1`.
    pub id: String,
    /// Dimensions of the grid.
    pub dimensions: Vec<GridDimension>,
    /// Release of the cells; absent: cells are computed for each question.
    pub release: Option<ReleaseTerm>,
}

/// Dimension of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GridDimension {
    /// Column of the dimension.
    pub column: SqlIdentifier,
    /// Width of a bucket, for an instant or a date.
    pub bucket: Option<TimeBucketWidth>,
    /// IANA zone in which the buckets begin; absent: UTC.
    pub zone: Option<String>,
}

impl Dataset {
    /// Arrow schema: fields in order, no metadata.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<arrow_schema::Field> = self
            .columns
            .iter()
            .map(|column| {
                arrow_schema::Field::new(
                    column.name.as_str(),
                    column.kind.to_arrow(),
                    column.nullable,
                )
            })
            .collect();
        std::sync::Arc::new(arrow_schema::Schema::new(fields))
    }

    /// Digest of the schema with all columns, even if the entry does not contain them all.
    #[must_use]
    pub fn schema_digest(&self) -> Digest {
        self.whole_schema.unwrap_or_else(|| self.shown_digest())
    }

    /// Digest of the schema with all columns, keyed with a secret of the owner. Contracts pin it. A participant that sees some of
    /// the columns can't test guesses about the others against it, or learn that there are none.
    #[must_use]
    pub fn sealed_digest(&self, secret: &[u8; 32]) -> Digest {
        let id = self.id.to_string();
        Digest::of_parts(&[
            b"schema/2\n",
            secret,
            id.as_bytes(),
            b"\n",
            self.column_listing().as_bytes(),
        ])
    }

    /// Digest of the columns in this entry: names, types and nullability in order, canonical, without metadata.
    #[must_use]
    pub fn shown_digest(&self) -> Digest {
        Digest::of(format!("schema/1\n{}\n", self.column_listing()).as_bytes())
    }

    fn column_listing(&self) -> String {
        let listing: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                format!(
                    "{}:{}:{}",
                    column.name,
                    column.kind,
                    if column.nullable { "null" } else { "notnull" }
                )
            })
            .collect();
        listing.join("\n")
    }
}

/// Degrees as their shortest decimal text, since strict JSON has no floating point.
mod degrees_as_text {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(
        area: &Option<[f64; 4]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let texts = area.map(|edges| edges.map(|edge| edge.to_string()));
        texts.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<[f64; 4]>, D::Error> {
        let Some(texts) = Option::<[String; 4]>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let mut area = [0.0; 4];
        for (edge, text) in area.iter_mut().zip(&texts) {
            let degrees = text
                .parse()
                .ok()
                .filter(|degrees: &f64| degrees.is_finite());
            *edge =
                degrees.ok_or_else(|| D::Error::custom(format_args!("`{text}`: no degrees")))?;
        }
        Ok(Some(area))
    }
}
