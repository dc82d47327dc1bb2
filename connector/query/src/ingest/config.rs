//! Configuration of a dataset: the content of a `[[dataset]]` table, with units in the type.

pub mod parser;
pub mod recipe_text;
pub mod reference;

use crate::in_place_data::postgres::PostgresEndpoint;
use crate::in_place_data::storage_backend::StorageBackend;
use crate::ingest::number_notation::{LeadingZeroRule, NumberNotation, ThousandsMark};
use crate::ingest::place_extent::PlaceExtent;
use crate::ingest::source_roots::SourceRoots;
use hansa_catalog::dataset::{ColumnType, DatasetDescription, DatasetKind};
use hansa_catalog::saved_query::SavedQuery;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::LateDataPolicy;
use hansa_policy::value::time::TimeBucketWidth;
use regex::Regex;
use std::collections::BTreeMap;
use std::fmt;

/// Configuration of one dataset: its source and the meaning of its columns.
#[derive(Debug, Clone)]
pub struct DatasetConfig {
    /// Name of the dataset.
    pub name: SqlIdentifier,
    /// Position in the configuration file, for messages.
    pub location: ConfigLocation,
    /// Folders that may contain source files. Relative paths start at the folder of the configuration.
    pub folder: SourceRoots,
    /// Title for people.
    pub title: String,
    /// Licence, as an identifier.
    pub licence: String,
    /// Attribution text that the source asks for.
    pub attribution: Option<String>,
    /// Feed: the dataset only grows, and new files become a segment of their own.
    pub feed: bool,
    /// High-value dataset under the EU regulation.
    pub high_value: bool,
    /// Rows with personal data.
    pub personal: bool,
    /// Declared model.
    pub model: Option<String>,
    /// Origin of the values.
    pub kind: Option<DatasetKind>,
    /// Statements about quality and service.
    pub description: DatasetDescription,
    /// Categories of data subjects (Article 30(1)(c) of Regulation (EU) 2016/679). Not shown in the catalogue.
    pub data_subjects: Option<String>,
    /// Saved statements over the dataset, which others may run by name.
    pub queries: Vec<SavedQuery>,
    /// Column whose distinct values a minimum group counts.
    pub unit_column: Option<SqlIdentifier>,
    /// IANA time zone of civil times; the participant's zone if absent.
    pub zone: Option<String>,
    /// Sort order of the rows. If empty: the time column, then the unit column.
    pub sort: Vec<SqlIdentifier>,
    /// Maximum share of unreadable rows that may be left out; 0 by default.
    pub max_bad_rows: f64,
    /// Area of the dataset's places. A row with a place outside can't be read.
    pub extent: Option<PlaceExtent>,
    /// Statement that computes the dataset's rows from the source's rows.
    pub prepare: Option<PrepareStatement>,
    /// Source of the rows.
    pub source: SourceConfig,
    /// Columns that are read from the source.
    pub columns: Vec<ColumnConfig>,
    /// Columns that `prepare` returns.
    pub results: Vec<ResultColumnConfig>,
    /// Columns that become rows.
    pub unpivot: Option<UnpivotConfig>,
    /// Registered grid.
    pub grid: Option<GridConfig>,
    /// Small tables that `prepare` may join.
    pub lookups: BTreeMap<SqlIdentifier, SourceConfig>,
}

/// Position in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigLocation {
    /// Name of the file as the user wrote it.
    pub file: String,
    /// Line number, from 1.
    pub line: u64,
}

impl ConfigLocation {
    /// Refusal at this position.
    #[must_use]
    pub fn refuse(&self, code: ErrorCode, key: &str, sentence: impl Into<String>) -> Refusal {
        Refusal::new(code, sentence).with_place(
            self.file.clone(),
            Some(self.line),
            Some(key.to_owned()),
        )
    }
}

/// Statement that converts source rows to dataset rows.
#[derive(Debug, Clone)]
pub struct PrepareStatement {
    /// One SELECT over `source` and the lookups.
    pub sql: String,
    /// Position in the configuration file.
    pub location: ConfigLocation,
}

/// Files of one kind, and their format.
#[derive(Clone)]
pub struct SourceConfig {
    /// Position in the configuration file.
    pub location: ConfigLocation,
    /// Kind of the source.
    pub kind: SourceKind,
    /// Files, folders or patterns with `*`, relative to the configuration file.
    pub paths: Vec<String>,
    /// Field delimiter.
    pub delimiter: u8,
    /// Text encoding.
    pub encoding: &'static encoding_rs::Encoding,
    /// Number of lines before the header that are skipped.
    pub skip_lines: u32,
    /// Number of lines after the last row that are skipped, such as notes. Blank lines at the end of the file are not counted.
    pub skip_last_lines: u32,
    /// Source of the column names in delimited text.
    pub header: ColumnHeader,
    /// Treatment of rows that lack their last fields.
    pub short_rows: ShortRowHandling,
    /// Words that stand for a missing value.
    pub nulls: Vec<String>,
    /// Decimal mark.
    pub decimal: char,
    /// Thousands separator; none is accepted if absent.
    pub thousands: Option<ThousandsMark>,
    /// Treatment of numbers with leading zeros.
    pub leading_zeros: LeadingZeroRule,
    /// Columns that are skipped, with `*` for any text.
    pub skip_columns: Vec<String>,
    /// Location of the rows, if they stay in place.
    pub in_place: Option<InPlaceConfig>,
    /// Maximum bytes of one row, as [`crate::ingest::bounded_reader`] counts them. A longer row ends the reading.
    pub max_row_bytes: u32,
}

/// Source of the column names in delimited text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnHeader {
    /// Number of header lines before the first row. The cells of a column are joined with `|`.
    Lines(u32),
    /// Column numbers from 1, for a file without a header. The first row gives the number of columns.
    Numbers,
    /// Names from the configuration, in order, for a file without a header.
    Names(Vec<String>),
}

/// Treatment of a row with fewer fields than columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShortRowHandling {
    /// Counted as unreadable. A field may be missing anywhere, which would shift the following values to other columns.
    #[default]
    Refuse,
    /// Missing values, because the source leaves out last fields alone.
    Null,
}

impl ShortRowHandling {
    /// All variants with their names in the configuration.
    pub const ALL: [(&'static str, Self); 2] = [("refuse", Self::Refuse), ("null", Self::Null)];
}

/// Manual implementation, since the recipe of a feed is made of this text. A key with its default value is left out, so that a feed
/// begun before the key existed goes on.
impl fmt::Debug for SourceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            location,
            kind,
            paths,
            delimiter,
            encoding,
            skip_lines,
            skip_last_lines,
            header,
            short_rows,
            nulls,
            decimal,
            thousands,
            leading_zeros,
            skip_columns,
            in_place,
            // The limit changes no row that is read.
            max_row_bytes: _,
        } = self;
        let mut text = f.debug_struct("SourceConfig");
        text.field("place", location)
            .field("kind", kind)
            .field("paths", paths)
            .field("delimiter", delimiter)
            .field("encoding", encoding);
        match header {
            ColumnHeader::Lines(count) => text.field("header_rows", count),
            ColumnHeader::Numbers => text.field("header_rows", &0_u32),
            ColumnHeader::Names(names) => text.field("columns", names),
        };
        text.field("nulls", nulls)
            .field("decimal", decimal)
            .field("skip_columns", skip_columns)
            .field("in_place", in_place);
        if *skip_lines > 0 {
            text.field("skip_lines", skip_lines);
        }
        if *skip_last_lines > 0 {
            text.field("skip_last_lines", skip_last_lines);
        }
        if *short_rows != ShortRowHandling::default() {
            text.field("short_rows", short_rows);
        }
        if let Some(thousands) = thousands {
            text.field("thousands", thousands);
        }
        if *leading_zeros != LeadingZeroRule::default() {
            text.field("leading_zeros", leading_zeros);
        }
        text.finish()
    }
}

/// Source of rows in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InPlaceConfig {
    /// Parquet files.
    Parquet(StorageBackend),
    /// Table of PostgreSQL.
    Postgres {
        /// Database of the table.
        server: PostgresEndpoint,
        /// Schema of the table.
        schema: String,
        /// Name of the table or view.
        table: String,
    },
}

/// Kinds of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Delimited text.
    Text,
    /// Parquet file.
    Parquet,
    /// Arrow file or Arrow stream.
    Arrow,
    /// GeoJSON features with points. Properties become columns, in addition to `lon` and `lat`.
    GeoJson,
    /// JSON objects. Each object is a row, and its members are columns.
    Json,
    /// Table of PostgreSQL in place.
    Postgres,
}

impl SourceKind {
    /// All kinds with their names.
    pub const ALL: [(&'static str, Self); 6] = [
        ("text", Self::Text),
        ("parquet", Self::Parquet),
        ("arrow", Self::Arrow),
        ("geojson", Self::GeoJson),
        ("json", Self::Json),
        ("postgres", Self::Postgres),
    ];

    /// Name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::GeoJson => "geojson",
            Self::Json => "json",
            Self::Postgres => "postgres",
        }
    }
}

/// Configuration of a column.
#[derive(Debug, Clone)]
pub struct ColumnConfig {
    /// Position in the configuration file.
    pub location: ConfigLocation,
    /// Name in the dataset.
    pub name: SqlIdentifier,
    /// Type of the column.
    pub kind: ColumnType,
    /// Source of the values.
    pub origin: ColumnValueOrigin,
    /// Accepted date and time formats, tried in order. If empty: ISO 8601.
    pub formats: Vec<String>,
    /// IANA time zone of civil times.
    pub zone: Option<String>,
    /// Treatment of a local time that occurs twice.
    pub ambiguous: AmbiguousTimeRule,
    /// Treatment of a local time that does not occur.
    pub missing: MissingTimeRule,
    /// Shift of every instant in microseconds, such as from the end of an interval to its start.
    pub shift_us: i64,
    /// Number notation of the column, if it differs from the source's.
    pub numbers: ColumnNumberNotation,
    /// Factor that converts numbers to the declared unit.
    pub factor: Option<ConversionFactor>,
    /// Requirement of a value in every row.
    pub required: bool,
    /// Permission for files to lack the column. Its values are then missing.
    pub optional: bool,
    /// Description of the column.
    pub about: ColumnDescription,
}

/// Number notation of one column. Absent keys are inherited from the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ColumnNumberNotation {
    /// Decimal mark.
    pub decimal: Option<char>,
    /// Thousands separator.
    pub thousands: Option<ThousandsMark>,
    /// Treatment of leading zeros.
    pub leading_zeros: Option<LeadingZeroRule>,
}

impl ColumnNumberNotation {
    /// Number notation of a column of this source.
    #[must_use]
    pub fn resolve_notation(self, source: &SourceConfig) -> NumberNotation {
        let decimal = self.decimal.unwrap_or(source.decimal);
        // An inherited thousands separator is ignored if the column uses it as the decimal mark.
        let inherited = source
            .thousands
            .filter(|mark| ThousandsMark::of(decimal) != Some(*mark));
        NumberNotation {
            decimal,
            thousands: self.thousands.or(inherited),
            leading_zeros: self.leading_zeros.unwrap_or(source.leading_zeros),
        }
    }
}

/// Source of a column's values.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValueOrigin {
    /// One source column, or several joined with a space. In addition to the file's columns: the groups and the value of the
    /// unpivot pattern, `_file`, `_file_name` (without folder and extension) and `_line`.
    From(Vec<String>),
    /// Constant text in every row.
    Constant(String),
    /// Local date of a timestamp column.
    LocalDateOf(SqlIdentifier),
}

/// Rule for a local time that occurs twice, when clocks go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmbiguousTimeRule {
    /// Row is unreadable.
    Refuse,
    /// First occurrence.
    First,
    /// Second occurrence.
    Second,
    /// Order of the rows: times after a step back belong to the second occurrence.
    Sequence,
}

/// Rule for a local time that does not occur, when clocks go forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingTimeRule {
    /// Row is unreadable.
    Refuse,
    /// Time is moved forward by the length of the gap.
    Forward,
}

/// Declared factor from the source's unit to the column's unit.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversionFactor {
    /// Multiplier of the source's numbers.
    pub value: f64,
    /// Unit of the source.
    pub from: String,
    /// Reference for the factor.
    pub source: String,
}

/// Description of a column for the catalogue.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ColumnDescription {
    /// Unit in UCUM notation.
    pub unit: Option<String>,
    /// Coordinate reference system.
    pub crs: Option<String>,
    /// Personal data in the column.
    pub personal: bool,
    /// Meaning of the column.
    pub meaning: Option<String>,
    /// Conversion of the values.
    pub conversion: Option<String>,
    /// Key space whose values in this column no other participant has.
    pub own_keys: Option<SqlIdentifier>,
    /// Uncertainty of the values.
    pub uncertainty: Option<String>,
}

/// Manual implementation, since recipes of feeds are made of this text. A column without an uncertainty has the text from before
/// that field existed.
impl fmt::Debug for ColumnDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            unit,
            crs,
            personal,
            meaning,
            conversion,
            own_keys,
            uncertainty,
        } = self;
        let mut text = f.debug_struct("ColumnDescription");
        text.field("unit", unit)
            .field("crs", crs)
            .field("personal", personal)
            .field("meaning", meaning)
            .field("conversion", conversion)
            .field("own_keys", own_keys);
        if let Some(uncertainty) = uncertainty {
            text.field("uncertainty", uncertainty);
        }
        text.finish()
    }
}

/// Column that `prepare` returns.
#[derive(Debug, Clone)]
pub struct ResultColumnConfig {
    /// Position in the configuration file.
    pub location: ConfigLocation,
    /// Name of the column.
    pub name: SqlIdentifier,
    /// Required type.
    pub kind: Option<ColumnType>,
    /// Requirement of a value in every row.
    pub required: bool,
    /// Description of the column.
    pub about: ColumnDescription,
}

/// Conversion from wide to long form: each matching column becomes a row.
#[derive(Debug, Clone)]
pub struct UnpivotConfig {
    /// Position in the configuration file.
    pub location: ConfigLocation,
    /// Pattern of the column names. Its named groups become columns.
    pub pattern: Regex,
    /// Name of the column with the cell values.
    pub value: String,
}

/// Finest cells of aggregate-only contracts.
#[derive(Debug, Clone)]
pub struct GridConfig {
    /// Position in the configuration file.
    pub location: ConfigLocation,
    /// Columns of the grid.
    pub dimensions: Vec<SqlIdentifier>,
    /// Width of the time buckets.
    pub bucket: Option<TimeBucketWidth>,
    /// Time zone in which the buckets begin.
    pub zone: Option<String>,
    /// Period whose cells are released together.
    pub release: Option<TimeBucketWidth>,
    /// Time dimension by which cells are released.
    pub release_column: Option<SqlIdentifier>,
    /// Treatment of rows that arrive after the release.
    pub late: Option<LateDataPolicy>,
}

#[cfg(test)]
mod tests {
    use crate::ingest::config::parser::parse_datasets;
    use crate::ingest::config::recipe_text::recipe_text;
    use std::path::Path;

    /// Recipe of a dataset whose source has this key in addition to its path.
    fn recipe(key: &str) -> String {
        let text = format!(
            "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"x\"\n[dataset.source]\npath = \"a.csv\"\n{key}\n\
             [[dataset.column]]\nname = \"site\"\ntype = \"text\"\n"
        );
        let datasets = parse_datasets(&text, "hansa.toml", Path::new(".")).unwrap();
        recipe_text(&datasets[0].source)
    }

    #[test]
    fn a_recipe_says_all_that_decides_what_is_read() {
        let plain = recipe("");
        for key in [
            "delimiter = \";\"",
            "encoding = \"latin-1\"",
            "header_rows = 2",
            "nulls = [\"-\"]",
            "decimal = \",\"",
            "skip_columns = [\"x*\"]",
            "kind = \"geojson\"",
        ] {
            assert_ne!(recipe(key), plain, "{key}");
        }
        // The row limit changes no row that is read.
        assert_eq!(recipe("max_row_bytes = 5"), plain);
    }
}
