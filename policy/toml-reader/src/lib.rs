//! Reader of TOML files: configuration, datasets and policies.
//!
//! A file written by people may have several mistakes at once. All of them are reported, each with its file, line and key, and with
//! the nearest known word.
//!
//! # The walk
//!
//! 1. A [`TomlReader`] holds the text of a file, its name for messages, and the problems found in it.
//! 2. [`TomlReader::parse`] and [`TomlReader::root`] give the outermost [`TomlTable`].
//! 3. A table gives the [`TomlValue`] of a key, or reads it at once: [`TomlTable::text`], [`TomlTable::table`]. Each requested key
//!    counts as known.
//! 4. [`TomlTable::finish`] refuses all other keys.
//! 5. [`TomlReader::take_problems`] gives all problems in the order of the file.
//!
//! # What it must never do
//!
//! - Accept a key that was not requested. TOML itself refuses a duplicate key.
//! - Stop at the first problem, where the file is TOML.
//! - Know what a key means.
//!
//! # Reading a table
//!
//! ```
//! use hansa_policy::ErrorCode;
//! use hansa_toml_reader::{ProblemStyle, TomlReader};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = "[listen]\nport = 8815\nhots = \"::1\"\nworkers = \"many\"\n";
//! let reader = TomlReader::new("hansa.toml", text, ProblemStyle::CONFIG);
//! let parsed = reader.parse().map_err(|problems| format!("{problems:?}"))?;
//! let listen = reader.root(&parsed).section("listen");
//! assert_eq!(listen.integer::<u16>("port", 1), Some(8815));
//! assert_eq!(listen.text("host"), None);
//! assert_eq!(listen.integer::<u64>("workers", 1), None);
//! listen.finish();
//!
//! let problems = reader.take_problems();
//! assert_eq!(problems[0].code, ErrorCode::ConfigUnknownKey);
//! assert_eq!(problems[0].sentence, "there is no key `listen.hots`");
//! assert_eq!(problems[0].help, ["did you mean `host`?"]);
//! assert_eq!(problems[1].sentence, "`listen.workers` is a text instead of a whole number from 1");
//! assert_eq!(problems[1].location.as_ref().and_then(|place| place.line), Some(4));
//! # Ok(())
//! # }
//! ```

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")
)]

mod line_index;
pub mod reader;
pub mod table;
pub mod value;

pub use crate::reader::{ProblemStyle, TomlReader};
pub use crate::table::TomlTable;
pub use crate::value::TomlValue;
