//! What the `[[dataset]]` tables of a configuration file say, with units in the type.

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

/// One dataset as it is configured: where it comes from and what its columns mean.
#[derive(Debug, Clone)]
pub struct DatasetConfig {
    /// Its name.
    pub name: SqlIdentifier,
    /// Where it stands, for messages.
    pub location: ConfigLocation,
    /// Where its files may lie; paths are relative to the folder of the configuration.
    pub folder: SourceRoots,
    /// Title for people.
    pub title: String,
    /// Licence, as an identifier.
    pub licence: String,
    /// How the source wants to be named.
    pub attribution: Option<String>,
    /// It only grows: files that were not there before are a segment of their own.
    pub feed: bool,
    /// It falls under the regulation on high-value datasets.
    pub high_value: bool,
    /// Its rows are about persons.
    pub personal: bool,
    /// The model that it declares to conform to.
    pub model: Option<String>,
    /// How its values came about.
    pub kind: Option<DatasetKind>,
    /// What is stated of its quality and its service.
    pub description: DatasetDescription,
    /// The categories of persons whom its rows are about (Article 30(1)(c) of Regulation (EU) 2016/679). No part of the
    /// catalogue.
    pub data_subjects: Option<String>,
    /// The statements over it that others may ask by name.
    pub queries: Vec<SavedQuery>,
    /// The column whose distinct values a minimum group counts.
    pub unit_column: Option<SqlIdentifier>,
    /// IANA zone of its civil times; absent: the participant's.
    pub zone: Option<String>,
    /// The order of its rows; empty: the time column, then the unit column.
    pub sort: Vec<SqlIdentifier>,
    /// The share of rows that may be unreadable and left out; 0 unless stated.
    pub max_bad_rows: f64,
    /// Where its places lie; a row whose place lies elsewhere can't be read.
    pub extent: Option<PlaceExtent>,
    /// The statement that makes the dataset's rows out of the source's.
    pub prepare: Option<PrepareStatement>,
    /// Where the rows come from.
    pub source: SourceConfig,
    /// What is read from the source.
    pub columns: Vec<ColumnConfig>,
    /// What the columns are that `prepare` makes.
    pub results: Vec<ResultColumnConfig>,
    /// Columns that become rows.
    pub unpivot: Option<UnpivotConfig>,
    /// The registered grid.
    pub grid: Option<GridConfig>,
    /// Small tables that `prepare` may join.
    pub lookups: BTreeMap<SqlIdentifier, SourceConfig>,
}

/// A place in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigLocation {
    /// The file as the user named it.
    pub file: String,
    /// Line from 1.
    pub line: u64,
}

impl ConfigLocation {
    /// A refusal at this place.
    #[must_use]
    pub fn refuse(&self, code: ErrorCode, key: &str, sentence: impl Into<String>) -> Refusal {
        Refusal::new(code, sentence).with_place(
            self.file.clone(),
            Some(self.line),
            Some(key.to_owned()),
        )
    }
}

/// The statement between source and dataset.
#[derive(Debug, Clone)]
pub struct PrepareStatement {
    /// One SELECT over `source` and the lookups.
    pub sql: String,
    /// Where it stands.
    pub location: ConfigLocation,
}

/// Files of one kind and how they are written.
#[derive(Clone)]
pub struct SourceConfig {
    /// Where it stands.
    pub location: ConfigLocation,
    /// The kind.
    pub kind: SourceKind,
    /// Files, folders or patterns with `*`, relative to the configuration file.
    pub paths: Vec<String>,
    /// Between two fields.
    pub delimiter: u8,
    /// The encoding.
    pub encoding: &'static encoding_rs::Encoding,
    /// Lines before everything else that belong to nothing.
    pub skip_lines: u32,
    /// Lines behind everything else that belong to nothing, such as notes; blank ones at the very end are not counted.
    pub skip_last_lines: u32,
    /// What names the columns of text.
    pub header: ColumnHeader,
    /// What becomes of rows of text that lack their last fields.
    pub short_rows: ShortRowHandling,
    /// Words that mean "no value".
    pub nulls: Vec<String>,
    /// The decimal mark.
    pub decimal: char,
    /// The mark between thousands; absent: none is read.
    pub thousands: Option<ThousandsMark>,
    /// The treatment of numbers with zeros at their start.
    pub leading_zeros: LeadingZeroRule,
    /// Columns that are left out before anything else, with `*` for any text.
    pub skip_columns: Vec<String>,
    /// Where the rows stay, if nothing of them is copied.
    pub in_place: Option<InPlaceConfig>,
    /// The most bytes of one row, as [`crate::ingest::bounded_reader`] counts them; a longer one ends the reading.
    pub max_row_bytes: u32,
}

/// What names the columns of delimited text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnHeader {
    /// So many lines before the first row; their cells joined with `|`.
    Lines(u32),
    /// Nothing: a column is called by its number, from 1, and there are as many as the first row has fields.
    Numbers,
    /// Nothing in the file; the configuration names them in order.
    Names(Vec<String>),
}

/// What becomes of a row that has fewer fields than there are columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShortRowHandling {
    /// It is counted as one that can't be read: a field may be missing anywhere, and what follows then belongs to another column.
    #[default]
    Refuse,
    /// The source says that only last fields are left out: they have no value.
    Null,
}

impl ShortRowHandling {
    /// All of them with their names in configuration.
    pub const ALL: [(&'static str, Self); 2] = [("refuse", Self::Refuse), ("null", Self::Null)];
}

/// Written by hand since the recipe of a feed is made of it: what says nothing new reads as it did before the key was there, so that
/// a feed goes on.
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
            // It changes no row that is read.
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

/// Rows that stay where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InPlaceConfig {
    /// Parquet files.
    Parquet(StorageBackend),
    /// A table of PostgreSQL.
    Postgres {
        /// The database.
        server: PostgresEndpoint,
        /// The schema that the table is in.
        schema: String,
        /// The table or view.
        table: String,
    },
}

/// The kinds of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Delimited text.
    Text,
    /// Parquet.
    Parquet,
    /// An Arrow file or an Arrow stream.
    Arrow,
    /// A GeoJSON collection of points; properties are columns, beside `lon` and `lat`.
    GeoJson,
    /// JSON objects, each a row; members are columns.
    Json,
    /// A table of PostgreSQL, which stays where it is.
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

    /// Its name in configuration.
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

/// A column and how it is read.
#[derive(Debug, Clone)]
pub struct ColumnConfig {
    /// Where it stands.
    pub location: ConfigLocation,
    /// Its name in the dataset.
    pub name: SqlIdentifier,
    /// Its type.
    pub kind: ColumnType,
    /// Where its values come from.
    pub origin: ColumnValueOrigin,
    /// Accepted spellings of a date or an instant, tried in order; empty: ISO 8601.
    pub formats: Vec<String>,
    /// IANA zone of a civil time.
    pub zone: Option<String>,
    /// What to do with a local time that occurs twice.
    pub ambiguous: AmbiguousTimeRule,
    /// What to do with a local time that does not occur.
    pub missing: MissingTimeRule,
    /// Moves every instant by so many microseconds, such as from the end of an interval to its start.
    pub shift_us: i64,
    /// Where its numbers are written in another way than those of the source.
    pub numbers: ColumnNumberNotation,
    /// Converts numbers to the declared unit.
    pub factor: Option<ConversionFactor>,
    /// No value may be missing.
    pub required: bool,
    /// Files may lack the column; its values are then missing.
    pub optional: bool,
    /// What it means.
    pub about: ColumnDescription,
}

/// Notation of the numbers of one column; absent keys are those of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ColumnNumberNotation {
    /// The decimal mark.
    pub decimal: Option<char>,
    /// The mark between thousands.
    pub thousands: Option<ThousandsMark>,
    /// The treatment of numbers with zeros at their start.
    pub leading_zeros: Option<LeadingZeroRule>,
}

impl ColumnNumberNotation {
    /// The notation of a column of this source.
    #[must_use]
    pub fn within(self, source: &SourceConfig) -> NumberNotation {
        let decimal = self.decimal.unwrap_or(source.decimal);
        // A mark between thousands of the source is none where the column has it for decimals.
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

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValueOrigin {
    /// One source column, or several joined by a space. Beside the file's own: the groups and the value of the unpivot
    /// pattern, `_file`, `_file_name` (without folder and ending) and `_line`.
    From(Vec<String>),
    /// The same text in every row.
    Constant(String),
    /// The local date of an instant column.
    LocalDateOf(SqlIdentifier),
}

/// A local time that occurs twice, when clocks go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmbiguousTimeRule {
    /// The row is unreadable.
    Refuse,
    /// It is the first.
    First,
    /// It is the second.
    Second,
    /// The order of the rows tells: times that go back are of the second pass.
    Sequence,
}

/// A local time that does not occur, when clocks go forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingTimeRule {
    /// The row is unreadable.
    Refuse,
    /// It is moved forward by the length of the gap.
    Forward,
}

/// A declared factor from the source's unit to the column's.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversionFactor {
    /// What a number is multiplied with.
    pub value: f64,
    /// The source's unit.
    pub from: String,
    /// Who says so.
    pub source: String,
}

/// What a column is, for the catalogue.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ColumnDescription {
    /// UCUM unit.
    pub unit: Option<String>,
    /// Coordinate reference system.
    pub crs: Option<String>,
    /// Its values are about persons.
    pub personal: bool,
    /// What it means.
    pub meaning: Option<String>,
    /// How it was converted.
    pub conversion: Option<String>,
    /// The space of keys of which this participant alone has its values.
    pub own_keys: Option<SqlIdentifier>,
    /// Uncertainty of its values.
    pub uncertainty: Option<String>,
}

/// Recipes of feeds are made of this text. One from before uncertainties were stated stays as it is.
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

/// A column that `prepare` makes.
#[derive(Debug, Clone)]
pub struct ResultColumnConfig {
    /// Where it stands.
    pub location: ConfigLocation,
    /// Its name.
    pub name: SqlIdentifier,
    /// The type that it must have.
    pub kind: Option<ColumnType>,
    /// No value may be missing.
    pub required: bool,
    /// What it is.
    pub about: ColumnDescription,
}

/// Wide to long: each matching column becomes a row.
#[derive(Debug, Clone)]
pub struct UnpivotConfig {
    /// Where it stands.
    pub location: ConfigLocation,
    /// The pattern of the columns' names; its named groups become columns.
    pub pattern: Regex,
    /// The name under which the cell is read.
    pub value: String,
}

/// The finest cells of aggregate contracts.
#[derive(Debug, Clone)]
pub struct GridConfig {
    /// Where it stands.
    pub location: ConfigLocation,
    /// The columns.
    pub dimensions: Vec<SqlIdentifier>,
    /// The width of the buckets of dates and instants.
    pub bucket: Option<TimeBucketWidth>,
    /// The zone in which they begin.
    pub zone: Option<String>,
    /// The period whose cells are released together.
    pub release: Option<TimeBucketWidth>,
    /// The dimension of time by which they are released.
    pub release_column: Option<SqlIdentifier>,
    /// What becomes of rows that come later.
    pub late: Option<LateDataPolicy>,
}

#[cfg(test)]
mod tests {
    use crate::ingest::config::parser::parse;
    use crate::ingest::config::recipe_text::recipe_text;
    use std::path::Path;

    /// What recipes are made of, where the source says this beside its path.
    fn recipe(key: &str) -> String {
        let text = format!(
            "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"x\"\n[dataset.source]\npath = \"a.csv\"\n{key}\n\
             [[dataset.column]]\nname = \"site\"\ntype = \"text\"\n"
        );
        let datasets = parse(&text, "hansa.toml", Path::new(".")).unwrap();
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
        // How long a row may be changes none that is read.
        assert_eq!(recipe("max_row_bytes = 5"), plain);
    }
}
