//! A first look at a file that nobody has described yet: a configuration entry with what was seen and what was assumed.

pub mod guess;

use crate::source;
use crate::source::bounded::USUAL_ROW_BYTES;
use crate::source::config::{Header, Kind, ShortRows, SourceConfig, Spot};
use crate::source::files::SourceFile;
use crate::source::raw::{Event, Raw};
use crate::source::source_roots::SourceRoots;
use guess::Column;
use policy::id::Name;
use policy::refusal::{Code, Refusal};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The first rows of a source as they are, for `dataset sample`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Line and fields of each row; an absent field is none.
    pub rows: Vec<(u64, Vec<Option<String>>)>,
}

/// The first `most` rows of a file that a person names, as fields, before any type.
fn sample(path: &Path, shown: &str, config: &SourceConfig, most: usize) -> Result<Sample, Refusal> {
    let anywhere = SourceRoots::of(Path::new("/"));
    let file = SourceFile::new(path.to_owned(), shown.to_owned(), anywhere);
    sample_of(&file, config, most)
}

/// The first `most` rows of a file of a source, as fields, before any type.
///
/// # Errors
/// `SOURCE_UNREADABLE`; `SOURCE_OUTSIDE` where it lies where no source may be.
pub fn sample_of(file: &SourceFile, config: &SourceConfig, most: usize) -> Result<Sample, Refusal> {
    let mut sample = Sample {
        names: Vec::new(),
        rows: Vec::new(),
    };
    let enough = || Refusal::new(Code::Interrupted, "enough was read");
    let outcome = source::read(file, config, &mut |event| {
        match event {
            Event::Header(names) => sample.names = names.to_vec(),
            Event::Row { line, fields } => {
                let fields = fields.iter().map(|field| match field {
                    Raw::Null => None,
                    // Of a number that is whole it is seen that it need not be.
                    Raw::Float(number) => Some(format!("{number:?}")),
                    other => Some(other.shown()),
                });
                sample.rows.push((line, fields.collect()));
            }
            Event::Broken { .. } | Event::Counted(_) => {}
        }
        if sample.rows.len() >= most {
            Err(enough())
        } else {
            Ok(())
        }
    });
    match outcome {
        Err(refusal) if refusal != enough() => Err(refusal),
        _ => Ok(sample),
    }
}

/// What a person says of a new dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Its name; absent: from the file's name.
    pub name: Option<Name>,
    /// What it is, for people; absent: the name.
    pub title: Option<String>,
    /// Its licence; absent: left to be filled in.
    pub licence: Option<String>,
}

/// An entry for the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name of the dataset.
    pub name: Name,
    /// The text, with comments that say what was seen and what was assumed.
    pub text: String,
}

/// A commented `[[dataset]]` entry for a file. `shown` is its path as it will stand in the configuration.
///
/// # Errors
/// `FILE_MISSING`, `SOURCE_UNREADABLE`, or that the file's name makes no name.
pub fn entry(path: &Path, shown: &str, about: &About) -> Result<Entry, Refusal> {
    let source = assume(path, shown)?;
    let sample = sample(path, shown, &source, ROWS)?;
    let mut text = String::new();
    let mut put = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    let name = match &about.name {
        Some(name) => name.clone(),
        None => named_after(path)?,
    };
    let title = about.title.as_deref().unwrap_or(name.as_str());
    let licence = about.licence.as_deref().unwrap_or_default();
    put(&format!(
        "# Written by `hansa dataset add` after a look at {} rows of {shown}.",
        sample.rows.len()
    ));
    put("# Check each line: what was assumed says so. Lines that begin with # are not in force.");
    put("");
    put("[[dataset]]");
    put(&format!("name        = \"{name}\""));
    put(&format!(
        "title       = {}                  # what is it, for people",
        quoted(title)
    ));
    put(&format!(
        "licence     = {}                  # CC-BY-4.0, dl-de/by-2-0, proprietary, …",
        quoted(licence)
    ));
    put("# attribution = \"\"                # how the source wants to be named");
    put(
        "# zone        = \"Europe/Berlin\"   # IANA zone of its local times, where it is not the participant's",
    );
    put("# unit_column = \"\"                # whose distinct values a minimum group counts");
    put(
        "# max_bad_rows = 0.001             # share of rows that may be unreadable; none unless stated",
    );
    put("");
    put("[dataset.source]");
    put(&format!("kind      = \"{}\"", source.kind.as_str()));
    put(&format!("path      = {}", quoted(shown)));
    if source.kind == Kind::Text {
        put(&format!(
            "delimiter = {}    # assumed: it gives the most fields in the first line",
            quoted(&char::from(source.delimiter).to_string())
        ));
        let encoding = if source.encoding == encoding_rs::UTF_8 {
            "encoding  = \"utf-8\"    # every byte looked at is"
        } else {
            "encoding  = \"latin-1\"    # assumed: the bytes are not UTF-8"
        };
        put(encoding);
        let decimal = if sample_uses_comma(&sample, source.delimiter) {
            ","
        } else {
            "."
        };
        put(&format!(
            "decimal   = \"{decimal}\"    # assumed from the numbers seen"
        ));
        put(
            "# header_rows = 1            # lines before the first row; their cells are joined with |",
        );
        put(
            "# nulls     = [\"\"]           # words that mean \"no value\", such as \"-\" or \"NA\"",
        );
    }
    let mut taken = vec!["source".to_owned()];
    for (index, header) in sample.names.iter().enumerate() {
        let values = sample
            .rows
            .iter()
            .map(|(_, fields)| fields.get(index).and_then(Option::as_deref));
        let column = Column::look(header, values, source.decimal);
        put("");
        column.lines(&mut taken).iter().for_each(|line| put(line));
    }
    Ok(Entry { name, text })
}

/// A name for the dataset that a file holds.
fn named_after(path: &Path) -> Result<Name, Refusal> {
    let stem = path.file_stem().unwrap_or_default();
    let name = guess::name(&stem.to_string_lossy(), "dataset");
    name.parse()
        .map_err(|fault| Refusal::new(Code::UsageWrong, format!("`{name}`: {fault}")))
}

/// How a file seems to be written.
fn assume(path: &Path, shown: &str) -> Result<SourceConfig, Refusal> {
    let missing = |error: std::io::Error| {
        Refusal::new(
            Code::FileMissing,
            format!("`{shown}` can't be read: {error}"),
        )
        .with_place(shown, None, None)
    };
    let mut head = Vec::new();
    let file = File::open(path).map_err(missing)?;
    file.take(256 * 1024)
        .read_to_end(&mut head)
        .map_err(missing)?;
    let ending = path.extension().map(|end| end.to_ascii_lowercase());
    let kind = match ending.as_deref().and_then(|end| end.to_str()) {
        Some("parquet") => Kind::Parquet,
        Some("geojson" | "json") => Kind::GeoJson,
        _ => Kind::Text,
    };
    // The piece may end inside a character, which is at most four bytes long.
    let utf8 = match std::str::from_utf8(&head) {
        Ok(_) => true,
        Err(error) => {
            error.error_len().is_none() && head.len().saturating_sub(error.valid_up_to()) < 4
        }
    };
    let encoding = if utf8 {
        encoding_rs::UTF_8
    } else {
        encoding_rs::WINDOWS_1252
    };
    let (text, ..) = encoding.decode(&head);
    let first = text.lines().next().unwrap_or_default();
    let fields = |delimiter: char| first.matches(delimiter).count();
    let delimiter = [',', ';', '\t', '|']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| fields(*delimiter))
        .unwrap_or(',');
    let mut config = SourceConfig {
        place: Spot {
            file: shown.to_owned(),
            line: 1,
        },
        kind,
        paths: vec![shown.to_owned()],
        delimiter: u8::try_from(delimiter).unwrap_or(b','),
        encoding,
        skip_lines: 0,
        header: Header::Lines(1),
        short_rows: ShortRows::Refuse,
        nulls: vec![String::new()],
        decimal: '.',
        skip_columns: Vec::new(),
        in_place: None,
        max_row_bytes: USUAL_ROW_BYTES,
    };
    if kind == Kind::Text {
        let seen = sample(path, shown, &config, ROWS)?;
        if sample_uses_comma(&seen, config.delimiter) {
            config.decimal = ',';
        }
    }
    Ok(config)
}

/// Whether numbers are written with a comma, and none with a point.
fn sample_uses_comma(sample: &Sample, delimiter: u8) -> bool {
    let fields = || sample.rows.iter().flat_map(|(_, fields)| fields).flatten();
    let with = |mark: char| {
        fields().any(|text| text.contains(mark) && source::raw::float(text, mark).is_some())
    };
    delimiter != b',' && with(',') && !with('.')
}

/// As a TOML text.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// How many rows are looked at.
const ROWS: usize = 2000;

#[cfg(test)]
mod tests;
