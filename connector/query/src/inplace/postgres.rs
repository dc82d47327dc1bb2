//! A table of PostgreSQL that stays where it is: columns, filters and limits of a question go into the database.

pub mod catalog;
mod decode;
mod render;
pub(crate) mod room;
pub mod scan;
pub mod session;

use hansa_catalog::dataset::ColumnType;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A database and how it is reached. The password is in a file of its own, never here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
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
pub struct Table {
    /// The database.
    pub server: Server,
    /// The schema that the table is in.
    pub schema: String,
    /// The table or view.
    pub name: String,
    /// Its columns that the dataset has, in the dataset's order.
    pub columns: Vec<TableColumn>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableColumn {
    /// Its name in the table.
    pub name: String,
    /// Its type in the database.
    pub kind: Kind,
    /// Whether it may be without a value.
    pub nullable: bool,
}

/// The types of columns that can be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `text`, `varchar`.
    Text,
    /// `uuid`, `char(n)` and enumerations: as their text.
    AsText,
    /// `boolean`.
    Bool,
    /// `smallint`, `integer`, `bigint`.
    Int,
    /// `real`, `double precision`.
    Float,
    /// `numeric` with a precision: as a floating-point number.
    Numeric,
    /// `date`.
    Date,
    /// `timestamptz`.
    Instant,
}

impl Kind {
    /// The type of the dataset's column.
    #[must_use]
    pub const fn column(self) -> ColumnType {
        match self {
            Self::Text | Self::AsText => ColumnType::Text,
            Self::Bool => ColumnType::Bool,
            Self::Int => ColumnType::Int,
            Self::Float | Self::Numeric => ColumnType::Float,
            Self::Date => ColumnType::Date,
            Self::Instant => ColumnType::Instant,
        }
    }
}

impl Table {
    /// `"schema"."name"`.
    fn quoted(&self) -> String {
        format!("{}.{}", ident(&self.schema), ident(&self.name))
    }

    /// Which rows of the table are rows of the dataset: not those with a number that is none, or with an instant or a date
    /// beyond what a column can hold. They count as unreadable, as rows of files do, whatever a question asks for: which rows
    /// there are must not depend on the columns that are looked at.
    fn readable(&self) -> Vec<String> {
        self.columns
            .iter()
            .filter_map(TableColumn::readable)
            .collect()
    }
}

impl TableColumn {
    /// As a value of the dataset's type.
    fn value(&self) -> String {
        let name = ident(&self.name);
        match self.kind {
            Kind::Text | Kind::AsText => format!("{name}::text"),
            Kind::Int => format!("{name}::int8"),
            Kind::Float | Kind::Numeric => format!("{name}::float8"),
            Kind::Bool | Kind::Date | Kind::Instant => name,
        }
    }

    /// As an operand: where it can be, the column itself, so that the database may use its indexes.
    fn operand(&self) -> String {
        match self.kind {
            Kind::AsText | Kind::Numeric => self.value(),
            _ => ident(&self.name),
        }
    }

    fn readable(&self) -> Option<String> {
        let value = self.operand();
        let within = match self.kind {
            // That a column is NOT NULL is not checked of every row of every kind of table.
            Kind::Text | Kind::AsText | Kind::Bool | Kind::Int => {
                let name = ident(&self.name);
                return (!self.nullable).then(|| format!("({name} IS NOT NULL)"));
            }
            // The database puts NaN above infinity.
            Kind::Float | Kind::Numeric => {
                format!("{value} > '-Infinity' AND {value} < 'Infinity'")
            }
            Kind::Date | Kind::Instant => {
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

/// No day from here on fits into microseconds since 1970.
const BEYOND: &str = "290000-01-01";
