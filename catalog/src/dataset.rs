//! The catalogue entry of a dataset.

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

/// A published dataset: the entry that travels to peers, and against which contracts are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dataset {
    /// Which.
    pub id: DatasetId,
    /// Title for people.
    pub title: String,
    /// Licence, as an SPDX or national identifier, `CC-BY-4.0`, `dl-de/by-2-0`, `proprietary`.
    pub licence: String,
    /// How the source wants to be named.
    pub attribution: Option<String>,
    /// 42: it falls under the regulation on high-value datasets.
    pub high_value: bool,
    /// The models that it conforms to, checked at publication.
    pub model: Option<String>,
    /// How its values came about; absent where its owner does not say.
    pub kind: Option<DatasetKind>,
    /// How good its values are, how they were collected, and how it is served.
    pub description: DatasetDescription,
    /// The statements over it that its owner has saved for others.
    pub queries: Vec<SavedQuery>,
    /// The column whose distinct values a minimum group counts.
    pub unit_column: Option<SqlIdentifier>,
    /// Whether rows are about persons.
    pub personal: bool,
    /// The columns in order; in an entry as a peer sees it, those alone that it may know.
    pub columns: Vec<DatasetColumn>,
    /// The name that the owner gives to the schema with all columns; absent where the digest of those that stand here is it.
    pub whole_schema: Option<Digest>,
    /// The registered grid for aggregate contracts.
    pub grid: Option<RegisteredGrid>,
    /// It only grows: what is published of it stays, and what comes later is a segment of its own.
    pub feed: Option<DatasetFeed>,
    /// The label of the published snapshot, such as `2026-11-20.3`.
    pub version: String,
    /// When it was published.
    pub published_at: UtcTimestamp,
    /// Rows of the snapshot; 0 where that is not told.
    pub rows: u64,
    /// Bytes of the snapshot on disk; 0 where that is not told.
    pub bytes: u64,
    /// First and last instant of the time column, where there is one.
    pub time_span: Option<(UtcTimestamp, UtcTimestamp)>,
    /// West, south, east, north in degrees, where there are coordinates.
    #[serde(with = "degrees_as_text")]
    pub area: Option<[f64; 4]>,
    /// IANA zone of the dataset's civil times.
    pub zone: String,
}

/// How the values of a dataset came about. One of the closed list, so that a figure over several cities does not put what was counted
/// and what was only expected together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatasetKind {
    /// By an instrument, or somebody who counted.
    Measured,
    /// Of a time that had not come yet when they were made.
    Forecast,
    /// By a model of what goes on where or when nothing was measured.
    Modelled,
    /// From other figures, by a rule or by experience.
    Estimated,
}

impl DatasetKind {
    /// All of them with their names in configuration and catalogue.
    pub const ALL: [(&'static str, Self); 4] = [
        ("measured", Self::Measured),
        ("forecast", Self::Forecast),
        ("modelled", Self::Modelled),
        ("estimated", Self::Estimated),
    ];

    /// Its name in configuration and catalogue.
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

/// Statements of the owner about the quality of a dataset and about its service: the description that recipients in a data space
/// are owed beside content, use restrictions and licence (Regulation (EU) 2023/2854, Article 33(1)(a) and (c); the scope of
/// prEN 18235-3). Each is one line of text; nothing checks that it is true.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetDescription {
    /// Quality of the data, such as completeness and plausibility checks.
    pub quality: Option<String>,
    /// Uncertainty of the values as a whole; that of one column is [`DatasetColumn::uncertainty`].
    pub uncertainty: Option<String>,
    /// Method by which the data were collected.
    pub collection_method: Option<String>,
    /// Quality of the service: how often new data come, when answers are to be expected, whom to call.
    pub service_level: Option<String>,
}

impl DatasetDescription {
    /// Upper bound on the bytes of one statement, in the configuration and on the wire.
    pub const LONGEST: usize = 1_000;

    /// The statements with their keys, in the order in which they are shown.
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

/// A column of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetColumn {
    /// Its name.
    pub name: SqlIdentifier,
    /// Its type, one of the closed list.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// Whether NULL occurs.
    pub nullable: bool,
    /// Unit in UCUM notation, such as `ug.m-3`.
    pub unit: Option<String>,
    /// Coordinate reference system of a coordinate, such as `OGC:CRS84`.
    pub crs: Option<String>,
    /// Whether its values are about persons.
    pub personal: bool,
    /// What it means.
    pub meaning: Option<String>,
    /// Uncertainty of its values, such as `± 5 %`; absent where the owner does not say.
    pub uncertainty: Option<String>,
    /// How it was converted at publication, with the source of the factor.
    pub conversion: Option<String>,
    /// The space of keys that its values are of, where the owner states that no other participant has them: two of different
    /// participants of one space are never equal.
    pub own_keys: Option<SqlIdentifier>,
    /// About how many different values it has, rounded up to a power of two; 0 where that is not told.
    pub distinct: u64,
}

/// The closed list of column types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// 64-bit signed integer.
    Int,
    /// 64-bit floating point.
    Float,
    /// Decimal number of a fixed number of digits, exact.
    Decimal(DecimalType),
    /// True or false.
    Bool,
    /// Calendar date.
    Date,
    /// Instant in UTC, microseconds.
    Instant,
}

impl ColumnType {
    /// Those without digits to be stated, which is all but [`Self::Decimal`].
    pub const PLAIN: [Self; 6] = [
        Self::Text,
        Self::Int,
        Self::Float,
        Self::Bool,
        Self::Date,
        Self::Instant,
    ];

    /// The Arrow type of its values: `Utf8`, `Int64`, `Float64`, `Decimal128`, `Boolean`, `Date32` or `Timestamp(µs, UTC)`.
    #[must_use]
    pub fn arrow(self) -> arrow_schema::DataType {
        use arrow_schema::{DataType, TimeUnit};
        match self {
            Self::Text => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Decimal(kind) => {
                // At most 38.
                let scale = i8::try_from(kind.scale()).unwrap_or_default();
                DataType::Decimal128(kind.precision(), scale)
            }
            Self::Bool => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// The type of an Arrow type that [`Self::arrow`] gives.
    #[must_use]
    pub fn of_arrow(kind: &arrow_schema::DataType) -> Option<Self> {
        match kind {
            arrow_schema::DataType::Decimal128(precision, scale) => {
                let scale = u8::try_from(*scale).ok()?;
                DecimalType::new(*precision, scale).map(Self::Decimal)
            }
            kind => Self::PLAIN.into_iter().find(|one| one.arrow() == *kind),
        }
    }
}

/// Its name in configuration and catalogue.
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

    /// Reads the one spelling that [`std::fmt::Display`] writes.
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

/// The one registered grid of a dataset: its finest cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisteredGrid {
    /// Its name, `hansa://<domain>/grid/<dataset>-1`.
    pub id: String,
    /// Its dimensions.
    pub dimensions: Vec<GridDimension>,
    /// How its cells are released; computed anew for each question where it says nothing.
    pub release: Option<ReleaseTerm>,
}

/// A dimension of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GridDimension {
    /// The column.
    pub column: SqlIdentifier,
    /// For an instant or a date: the width of a bucket.
    pub bucket: Option<TimeBucketWidth>,
    /// IANA zone in which the bucket begins; absent: UTC.
    pub zone: Option<String>,
}

impl Dataset {
    /// The Arrow schema: fields in order, no metadata.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<arrow_schema::Field> = self
            .columns
            .iter()
            .map(|column| {
                arrow_schema::Field::new(column.name.as_str(), column.kind.arrow(), column.nullable)
            })
            .collect();
        std::sync::Arc::new(arrow_schema::Schema::new(fields))
    }

    /// Digest of the schema with all columns, also where the entry does not show them all.
    #[must_use]
    pub fn schema_digest(&self) -> Digest {
        self.whole_schema.unwrap_or_else(|| self.shown_digest())
    }

    /// The name of the schema with all columns under a secret of the owner: contracts pin it, and whoever sees only some of
    /// the columns can't try guesses of the others against it, nor learn that there are none.
    #[must_use]
    pub fn sealed_digest(&self, secret: &[u8; 32]) -> Digest {
        let id = self.id.to_string();
        Digest::of_parts(&[
            b"schema/2\n",
            secret,
            id.as_bytes(),
            b"\n",
            self.listing().as_bytes(),
        ])
    }

    /// Digest of the columns that stand here: names, types and nullability in order, canonical, without metadata.
    #[must_use]
    pub fn shown_digest(&self) -> Digest {
        Digest::of(format!("schema/1\n{}\n", self.listing()).as_bytes())
    }

    fn listing(&self) -> String {
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

/// Degrees in their shortest decimal text: strict JSON has no floating point.
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
