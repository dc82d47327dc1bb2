//! Table of PostgreSQL in place. Columns, filters and limits of a question are pushed down into the database.

pub(crate) mod connection_limits;
mod filter_sql;
mod numeric;
pub mod query_connections;
mod row_decoder;
pub mod table_description;
pub mod table_scan;

use hansa_catalog::dataset::ColumnType;
use hansa_policy::value::decimal_type::DecimalType;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Database connection settings. The password is in a separate file, never here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresEndpoint {
    /// Host, port, user and database in the form `host=… user=… dbname=…`.
    pub database: String,
    /// Path of the password file.
    pub password: Option<PathBuf>,
    /// Path of the CA certificates for the server. Absent for a socket or a loopback address, where no data leaves the machine.
    pub root_certificate: Option<PathBuf>,
}

/// Table or view of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresTable {
    /// Database of the table.
    pub server: PostgresEndpoint,
    /// Schema of the table.
    pub schema: String,
    /// Name of the table or view.
    pub name: String,
    /// Columns of the table that the dataset has, in the dataset's order.
    pub columns: Vec<PostgresColumn>,
    /// Unique keys over these columns, by their names in the table. The primary key comes first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Vec<String>>,
}

/// Column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresColumn {
    /// Name in the table.
    pub name: String,
    /// Type in the database.
    pub kind: PgType,
    /// Nullability of the column.
    pub nullable: bool,
}

/// Column types that can be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PgType {
    /// `text`, `varchar`.
    Text,
    /// `uuid`, `char(n)` without its padding, and enumerations, as text.
    AsText,
    /// `boolean`.
    Bool,
    /// `smallint`, `integer`, `bigint`.
    Int,
    /// `real`, `double precision`.
    Float,
    /// `numeric` as an exact decimal.
    Numeric {
        /// Total number of digits.
        precision: u8,
        /// Number of digits after the decimal point.
        scale: u8,
        /// Set if the database does not restrict the digits of the column. A row whose value has more digits does not belong to the
        /// dataset.
        is_checked: bool,
    },
    /// `date`.
    Date,
    /// `timestamptz`.
    Instant,
}

impl PgType {
    /// Type of the dataset's column.
    #[must_use]
    pub fn column(self) -> ColumnType {
        match self {
            Self::Text | Self::AsText => ColumnType::Text,
            Self::Bool => ColumnType::Bool,
            Self::Int => ColumnType::Int,
            Self::Float => ColumnType::Float,
            Self::Numeric {
                precision, scale, ..
            } => DecimalType::new(precision, scale).map_or(ColumnType::Text, ColumnType::Decimal),
            Self::Date => ColumnType::Date,
            Self::Instant => ColumnType::Instant,
        }
    }
}

impl PostgresTable {
    /// Columns of the first key for whose columns `is_shown` holds. The argument is the column's index in the dataset.
    pub(crate) fn key_within(&self, is_shown: impl Fn(usize) -> bool) -> Option<&[String]> {
        let place = |name: &String| self.columns.iter().position(|column| column.name == *name);
        let is_within =
            |key: &&Vec<String>| key.iter().all(|name| place(name).is_some_and(&is_shown));
        self.keys.iter().find(is_within).map(Vec::as_slice)
    }

    /// Quoted name in the form `"schema"."name"`.
    fn quoted_name(&self) -> String {
        format!(
            "{}.{}",
            quote_identifier(&self.schema),
            quote_identifier(&self.name)
        )
    }

    /// Conditions for the rows that belong to the dataset. Rows with NaN or infinity, or with a timestamp or date outside the
    /// supported range, count as unreadable, as in files. The conditions do not depend on the columns of a question, since the set
    /// of rows must not depend on them.
    fn readable_conditions(&self) -> Vec<String> {
        self.columns
            .iter()
            .filter_map(PostgresColumn::readable_condition)
            .collect()
    }
}

impl PostgresColumn {
    /// Expression that converts the column to the dataset's type.
    fn value(&self) -> String {
        let name = quote_identifier(&self.name);
        match self.kind {
            PgType::Text | PgType::AsText => format!("{name}::text"),
            PgType::Int => format!("{name}::int8"),
            PgType::Float => format!("{name}::float8"),
            PgType::Numeric { .. } => format!("{name}::numeric"),
            PgType::Bool | PgType::Date | PgType::Instant => name,
        }
    }

    /// Operand of a filter. It is the bare column where possible, so that the database can use its indexes.
    fn operand(&self) -> String {
        match self.kind {
            PgType::AsText => self.value(),
            _ => quote_identifier(&self.name),
        }
    }

    fn readable_condition(&self) -> Option<String> {
        let value = self.operand();
        let within = match self.kind {
            // The database does not check NOT NULL for every row of every kind of table.
            PgType::Text | PgType::AsText | PgType::Bool | PgType::Int => {
                let name = quote_identifier(&self.name);
                return (!self.nullable).then(|| format!("({name} IS NOT NULL)"));
            }
            // The database sorts NaN above infinity.
            PgType::Float => format!("{value} > '-Infinity' AND {value} < 'Infinity'"),
            PgType::Numeric {
                precision,
                scale,
                is_checked,
            } => {
                let beyond = format!("1{}", "0".repeat(precision.saturating_sub(scale).into()));
                let within =
                    format!("{value} > '-{beyond}'::numeric AND {value} < '{beyond}'::numeric");
                match is_checked {
                    true => format!("{within} AND {value} = trunc({value}, {scale})"),
                    false => within,
                }
            }
            PgType::Date | PgType::Instant => {
                format!("{value} > '-infinity' AND {value} < '{BEYOND}'")
            }
        };
        Some(if self.nullable {
            format!("({value} IS NULL OR {within})")
        } else {
            format!("({within})")
        })
    }
}

/// Quoted identifier.
fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Upper end of the supported calendar. Time functions know no later day, and timestamps have four-digit years.
const BEYOND: &str = "10000-01-01";
