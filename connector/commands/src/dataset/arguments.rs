//! The verbs of `hansa dataset`: what a participant publishes.

use crate::dataset::offer_arguments::OfferTermsArgs;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `hansa dataset list`
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
pub struct DatasetListArgs {
    /// Only those with this text in name or title
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Only those behind this one: its name
    #[arg(long, value_name = "NAME")]
    pub after: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
}

/// Statements of `hansa dataset add` about single columns
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
pub struct ColumnStatementArgs {
    /// A name of a column in the dataset, by its proposed name or its name in the file; repeat it for several
    #[arg(long, value_name = "COLUMN=NAME")]
    pub rename: Vec<String>,
    /// The meaning of a column, in one line; repeat it for several
    #[arg(long, value_name = "COLUMN=TEXT")]
    pub meaning: Vec<String>,
    /// The unit of a column, as UCUM writes it; repeat it for several
    #[arg(long, value_name = "COLUMN=UNIT")]
    pub unit: Vec<String>,
    /// The columns whose values are about persons, with commas
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub personal: Option<Vec<String>>,
}

/// `hansa dataset …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetCommand {
    /// Lists the own datasets
    #[command(after_help = "Example: hansa dataset list --json")]
    List(DatasetListArgs),
    /// Shows one dataset
    #[command(after_help = "Example: hansa dataset show bike_counts")]
    Show {
        /// Its name
        name: String,
        /// Language of the clauses: en, de or pt; absent: en
        #[arg(long, value_name = "LANGUAGE", value_parser = ["en", "de", "pt"])]
        language: Option<String>,
    },
    /// Shows the first rows of a dataset, as they would be published
    #[command(after_help = "Example: hansa dataset sample bike_counts --rows 5")]
    Sample {
        /// Its name
        name: String,
        /// Number of rows
        #[arg(long, default_value_t = 10)]
        rows: usize,
        /// Shows no row of a dataset with columns about persons
        #[arg(long)]
        unless_personal: bool,
    },
    /// Counts and describes the values of a published dataset, and keeps the result with its snapshot
    ///
    /// Of each column: rows without a value, distinct values (approximately), the least and the greatest value, the most frequent values,
    /// and how numbers are spread. Of datasets and columns about persons: numbers alone. Only the owner sees a profile.
    #[command(after_help = "Example: hansa dataset profile bike_counts")]
    Profile {
        /// Its name
        name: String,
        /// Shows the profile that is kept, and computes nothing
        #[arg(long)]
        as_kept: bool,
    },
    /// Looks at files and writes a commented entry into the configuration
    ///
    /// The command detects how they are written: lines above the header, several header lines or none, a date and a time of day in two columns,
    /// one column for each station, rows that lack their last fields, notes and totals below the rows, marks between thousands. No value of
    /// the data comes into the configuration. A column that fits two types stays text, and the command asks about it at the end.
    ///
    /// With --offer it also writes a policy and an offer to those who may ask for a contract; with --publish all of that is in force at once.
    /// An offer names the columns that may leave: --columns, --all-columns, or for groups --group-by and --measures. No other column is offered.
    #[command(
        after_help = "Example: hansa dataset add bikes.csv --name bike_counts --title \"Bicycle counts\" --licence CC-BY-4.0\nExample: hansa dataset add bikes.csv --licence CC-BY-4.0 --group-by site,day --measures bikes --functions sum --bucket day --at-least 10 --questions-per-day 100 --purpose dpv:PublicBenefit --until 2027-12-31 --offer league --publish"
    )]
    Add {
        /// Files, a folder, or a pattern with *
        #[arg(required_unless_present = "staged", value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A file that was staged, by its identity; it goes to data/NAME beside the configuration
        #[arg(long, value_name = "ID", conflicts_with = "files", requires = "name")]
        staged: Option<String>,
        /// The name of the dataset; absent: from the name of the file or the folder
        #[arg(long)]
        name: Option<String>,
        /// Title for people
        #[arg(long)]
        title: Option<String>,
        /// Its licence, such as CC-BY-4.0 or proprietary
        #[arg(long)]
        licence: Option<String>,
        /// How its values came about: measured, forecast, modelled or estimated
        #[arg(long)]
        kind: Option<String>,
        /// The columns that may leave, with commas; the others are not read. Absent: asked for one by one on a terminal
        #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
        columns: Option<Vec<String>>,
        /// Each column may leave
        #[arg(long, conflicts_with = "columns")]
        all_columns: bool,
        /// A table with one column for each station stays as it is, without rows for each station
        #[arg(long)]
        keep_wide: bool,
        /// The box in which its places lie, in degrees; a row whose place lies outside can't be read
        #[arg(
            long,
            value_name = "WEST,SOUTH,EAST,NORTH",
            value_delimiter = ',',
            allow_negative_numbers = true
        )]
        extent: Option<Vec<f64>>,
        /// Number of lines at the end of each file that are not rows, such as notes and totals; 0: the last line is a row. Absent: detected or asked
        #[arg(long, value_name = "LINES")]
        skip_last_lines: Option<u32>,
        /// Its rows are about persons
        #[arg(long)]
        about_persons: bool,
        /// Statements about its columns
        #[command(flatten)]
        statements: Box<ColumnStatementArgs>,
        /// The terms of the offer
        #[command(flatten)]
        terms: Box<OfferTermsArgs>,
        /// Publish it at once, and put the offer in force
        #[arg(long)]
        publish: bool,
    },
    /// Takes a copy of a file for a dataset that is added later, as the console does with a file that a person sends
    ///
    /// Its content says what it is: CSV, Parquet or GeoJSON. It waits for a day, for its person alone; two of each person wait at most.
    #[command(after_help = "Example: hansa dataset stage bikes.csv")]
    Stage {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Lists the own files that wait for a dataset
    #[command(after_help = "Example: hansa dataset staged --json")]
    Staged,
    /// Removes a file that waits for a dataset
    #[command(after_help = "Example: hansa dataset unstage 0f3c9a52d1b84e67a0c5d8e1f2b34a96")]
    Unstage {
        /// Its identity, as hansa dataset staged lists it
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Publishes changed datasets
    #[command(after_help = "Example: hansa dataset publish bike_counts --dry-run")]
    Publish {
        /// Names; absent: all
        names: Vec<String>,
        /// Begins a feed again from all its source files; its consumers then read it from its beginning
        #[arg(long, requires = "names")]
        anew: bool,
    },
    /// Refuses questions for a dataset whatever its contracts permit; without an option, shows the present restriction
    #[command(
        after_help = "Example: hansa dataset restrict bike_counts --policy restrictions/bikes.policy.toml"
    )]
    Restrict {
        /// Its name
        name: String,
        /// Sets the restriction that this policy file says: it only refuses, and changes no answer
        #[arg(long, value_name = "FILE", conflicts_with = "remove")]
        policy: Option<PathBuf>,
        /// The text of that file
        #[arg(skip)]
        policy_text: Option<String>,
        /// Takes the restriction away
        #[arg(long)]
        remove: bool,
        /// Approves the change that another officer has asked for, as it is: by the beginning of its identity in hansa approval list
        #[arg(long, value_name = "ID", conflicts_with_all = ["policy", "remove"])]
        approve: Option<String>,
        /// Language of the clauses of the change
        #[arg(skip)]
        language: Option<String>,
    },
    /// Takes a dataset out of the catalogue
    #[command(after_help = "Example: hansa dataset withdraw bike_counts --snapshot 2026-11-20.3")]
    Withdraw {
        /// Its name
        name: String,
        /// Removes a faulty snapshot from disk
        #[arg(long, value_name = "VERSION")]
        snapshot: Option<String>,
    },
    /// Sets one key of a dataset in the configuration; comments and order of the file stay
    ///
    /// Keys: attribution, collection_method, data_subjects, high_value, keep, kind, licence, max_bad_rows, model, personal, quality,
    /// service_level, title, uncertainty, unit_column, zone. The whole configuration is judged before the file changes.
    #[command(
        after_help = "Example: hansa dataset set bike_counts title \"Bicycle counts\"\nExample: hansa dataset set bike_counts quality \"\""
    )]
    Set {
        /// The dataset's name
        name: String,
        /// The key
        key: String,
        /// Its value; an empty text removes the key
        value: String,
        /// SHA-256 of the configuration that the change is made from, as hansa config show --json tells
        #[arg(long, value_name = "SHA256")]
        if_digest: Option<String>,
    },
}
