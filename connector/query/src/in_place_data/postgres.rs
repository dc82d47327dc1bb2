//! A table of PostgreSQL that stays where it is: columns, filters and limits of a question go into the database.

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

/// A database and how it is reached. The password is in a file of its own, never here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresEndpoint {
    /// Host, port, user and database in the form `host=… user=… dbname=…`.
    pub database: String,
    /// The file with the password.
    pub password: Option<PathBuf>,
    /// The file with the certificates that the server's must come from; absent for a socket or an address of this machine,
    /// where nothing travels.
    pub root_certificate: Option<PathBuf>,
}

/// A table or view of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresTable {
    /// The database.
    pub server: PostgresEndpoint,
    /// The schema that the table is in.
    pub schema: String,
    /// The table or view.
    pub name: String,
    /// Its columns that the dataset has, in the dataset's order.
    pub columns: Vec<PostgresColumn>,
    /// Its keys over these columns, by their names in the table: no two rows have the same values in all columns of one. The
    /// primary key comes first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresColumn {
    /// Its name in the table.
    pub name: String,
    /// Its type in the database.
    pub kind: PgType,
    /// Whether it may be without a value.
    pub nullable: bool,
}

/// The types of columns that can be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PgType {
    /// `text`, `varchar`.
    Text,
    /// `uuid`, `char(n)` without the blanks that fill it up, and enumerations: as their text.
    AsText,
    /// `boolean`.
    Bool,
    /// `smallint`, `integer`, `bigint`.
    Int,
    /// `real`, `double precision`.
    Float,
    /// `numeric` as decimals, none of whose digits is lost.
    Numeric {
        /// The digits of a value.
        precision: u8,
        /// Those behind the point.
        scale: u8,
        /// The database says nothing of the digits of the column: a row with a value that has more is none of the dataset.
        is_checked: bool,
    },
    /// `date`.
    Date,
    /// `timestamptz`.
    Instant,
}

impl PgType {
    /// The type of the dataset's column.
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
    /// The names of the columns of the first key that consists of columns for which `is_shown` holds, which is asked of their
    /// places in the dataset.
    pub(crate) fn key_within(&self, is_shown: impl Fn(usize) -> bool) -> Option<&[String]> {
        let place = |name: &String| self.columns.iter().position(|column| column.name == *name);
        let is_within =
            |key: &&Vec<String>| key.iter().all(|name| place(name).is_some_and(&is_shown));
        self.keys.iter().find(is_within).map(Vec::as_slice)
    }

    /// `"schema"."name"`.
    fn quoted_name(&self) -> String {
        format!("{}.{}", ident(&self.schema), ident(&self.name))
    }

    /// Which rows of the table are rows of the dataset: not those with a number that is none, or with an instant or a date
    /// beyond what a column can hold. They count as unreadable, as rows of files do, whatever a question asks for: which rows
    /// there are must not depend on the columns that are looked at.
    fn readable(&self) -> Vec<String> {
        self.columns
            .iter()
            .filter_map(PostgresColumn::readable)
            .collect()
    }
}

impl PostgresColumn {
    /// As a value of the dataset's type.
    fn value(&self) -> String {
        let name = ident(&self.name);
        match self.kind {
            PgType::Text | PgType::AsText => format!("{name}::text"),
            PgType::Int => format!("{name}::int8"),
            PgType::Float => format!("{name}::float8"),
            PgType::Numeric { .. } => format!("{name}::numeric"),
            PgType::Bool | PgType::Date | PgType::Instant => name,
        }
    }

    /// As an operand: where it can be, the column itself, so that the database may use its indexes.
    fn operand(&self) -> String {
        match self.kind {
            PgType::AsText => self.value(),
            _ => ident(&self.name),
        }
    }

    fn readable(&self) -> Option<String> {
        let value = self.operand();
        let within = match self.kind {
            // That a column is NOT NULL is not checked of every row of every kind of table.
            PgType::Text | PgType::AsText | PgType::Bool | PgType::Int => {
                let name = ident(&self.name);
                return (!self.nullable).then(|| format!("({name} IS NOT NULL)"));
            }
            // The database puts NaN above infinity.
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

/// A name in quotes.
fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Where the calendar ends. Functions over times know no later day, and instants are written with years of four digits.
const BEYOND: &str = "10000-01-01";
