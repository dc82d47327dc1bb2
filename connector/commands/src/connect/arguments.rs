//! `hansa connect`: how programs of analysts ask.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `hansa connect`
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct ConnectArgs {
    /// The program
    #[arg(value_enum)]
    pub(crate) program: ClientProgram,
    /// Tries the connection with the access token in this file, and says what it reaches
    #[arg(long, value_name = "FILE")]
    pub(crate) test: Option<PathBuf>,
    /// The purpose of the connection that is tried, of a token for several
    #[arg(long, requires = "test")]
    pub(crate) purpose: Option<String>,
}

/// A program, or a library of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientProgram {
    /// pandas, over ADBC
    Python,
    /// Polars, over ADBC
    Polars,
    /// DuckDB in Python, over ADBC
    Duckdb,
    /// R, over ADBC
    R,
    /// A program in Java
    Jdbc,
    /// DBeaver, over JDBC
    Dbeaver,
    /// Excel and whatever speaks ODBC
    Excel,
}
