//! Content of a source file, decompressed if necessary, and checked against the declared kind.

use crate::ingest::config::{SourceConfig, SourceKind};
use crate::ingest::content_kind::{ContentKind, HEAD};
use crate::ingest::packed_file::{gzip_reader, zip_reader};
use crate::ingest::source_files::SourceFile;
use crate::ingest::text_encoding::{
    StatedEncoding, encoding_contradiction, entry_name, scan_lines, stated_encoding,
};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek as _};

/// Bytes of a source file from its beginning.
pub struct SourceContent {
    kind: ContentKind,
    head: Vec<u8>,
    given: usize,
    rest: Box<dyn Read + Send>,
    shown: String,
}

impl fmt::Debug for SourceContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceContent")
            .field("shown", &self.shown)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl SourceContent {
    /// Opens a file of any kind.
    ///
    /// # Errors
    /// `FILE_MISSING`, `SOURCE_OUTSIDE`; `SOURCE_KIND_UNKNOWN` if a compressed file contains something other than one table;
    /// `SOURCE_UNREADABLE` if a compressed file is damaged.
    pub fn open(file: &SourceFile) -> Result<Self, Refusal> {
        let shown = file.display_name.as_str();
        let outer = Self::from_reader(Box::new(file.open()?), shown)?;
        let unpacked = match outer.kind {
            ContentKind::Gzip => {
                gzip_reader(file.open()?).map_err(|error| unreadable_file_refusal(shown, &error))?
            }
            ContentKind::Zip => zip_reader(file.open()?, shown)?,
            ContentKind::Text
            | ContentKind::Json
            | ContentKind::Parquet
            | ContentKind::Arrow
            | ContentKind::Unread(_) => return Ok(outer),
        };
        Self::from_reader(unpacked, shown)
    }

    /// Opens a file of a source of this kind.
    ///
    /// # Errors
    /// As [`SourceContent::open`]; `SOURCE_KIND_UNKNOWN` if the file is of another kind.
    pub fn open_as(file: &SourceFile, wanted: SourceKind) -> Result<Self, Refusal> {
        let content = Self::open(file)?;
        content.kind.expect(wanted, &content.shown)?;
        Ok(content)
    }

    /// Opens a file of delimited text in the encoding of its source.
    ///
    /// # Errors
    /// As [`SourceContent::open_as`]; `SOURCE_UNREADABLE` if the first bytes indicate another encoding.
    pub fn open_text(file: &SourceFile, config: &SourceConfig) -> Result<Self, Refusal> {
        let content = Self::open_as(file, SourceKind::Text)?;
        let stated = content.stated_encoding();
        let is_empty = content.head.is_empty();
        let Some(why) = encoding_contradiction(stated, config.encoding, is_empty) else {
            return Ok(content);
        };
        let refusal = unreadable_file_refusal(&content.shown, &why);
        Err(match stated {
            Some(stated) => refusal.with_help(format!(
                "say encoding = \"{}\" in [dataset.source]",
                entry_name(stated.encoding)
            )),
            None => refusal,
        })
    }

    /// Checks the first bytes of the content.
    #[must_use]
    pub fn begins_with(&self, bytes: &[u8]) -> bool {
        self.head.starts_with(bytes)
    }

    /// Kind of the content.
    #[must_use]
    pub const fn kind(&self) -> ContentKind {
        self.kind
    }

    fn stated_encoding(&self) -> Option<StatedEncoding> {
        stated_encoding(&self.head)
    }

    fn from_reader(mut from: Box<dyn Read + Send>, shown: &str) -> Result<Self, Refusal> {
        let mut head = Vec::new();
        let most = u64::try_from(HEAD).unwrap_or(u64::MAX);
        (&mut from)
            .take(most)
            .read_to_end(&mut head)
            .map_err(|error| unreadable_file_refusal(shown, &error))?;
        Ok(Self {
            kind: ContentKind::of(&head),
            head,
            given: 0,
            rest: from,
            shown: shown.to_owned(),
        })
    }
}

impl Read for SourceContent {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.head.get(self.given..).unwrap_or_default();
        if ready.is_empty() {
            return self.rest.read(target);
        }
        let count = ready.read(target)?;
        self.given = self.given.saturating_add(count);
        Ok(count)
    }
}

/// Opens a Parquet file. A compressed one is decompressed into an unnamed temporary file first, since Parquet is read from its end.
///
/// # Errors
/// As [`SourceContent::open_as`].
pub fn open_parquet(file: &SourceFile) -> Result<File, Refusal> {
    let shown = file.display_name.as_str();
    let outer = SourceContent::from_reader(Box::new(file.open()?), shown)?.kind;
    if !matches!(outer, ContentKind::Gzip | ContentKind::Zip) {
        outer.expect(SourceKind::Parquet, shown)?;
        return file.open();
    }
    let mut packed = SourceContent::open_as(file, SourceKind::Parquet)?;
    let unpacked = tempfile::tempfile().and_then(|mut unpacked| {
        io::copy(&mut packed, &mut unpacked)?;
        unpacked.rewind()?;
        Ok(unpacked)
    });
    unpacked.map_err(|error| unreadable_file_refusal(shown, &error))
}

/// Inferred encoding of a text file: the indicated one, otherwise UTF-8 if every line is valid, otherwise Latin-1.
///
/// # Errors
/// As [`SourceContent::open`]; `SOURCE_UNREADABLE` if only some lines are UTF-8, or if a line is plausible in neither encoding.
pub fn guess_encoding(file: &SourceFile) -> Result<&'static Encoding, Refusal> {
    let mut content = SourceContent::open(file)?;
    if let Some(stated) = content.stated_encoding() {
        return Ok(stated.encoding);
    }
    let shown = content.shown.clone();
    let scan = scan_lines(&mut content, MOST_SCANNED)
        .map_err(|error| unreadable_file_refusal(&shown, &error))?;
    let Some(other) = scan.other_line() else {
        return Ok(UTF_8);
    };
    let at = |line: u64, why: &str| {
        unreadable_file_refusal(&shown, why)
            .with_place(shown.clone(), Some(line), None)
            .with_help("save the whole file in UTF-8")
    };
    if let Some(utf8) = scan.utf8_line() {
        let why = format!(
            "it is written in two encodings: line {utf8} in UTF-8, and line {other} in another"
        );
        return Err(at(other.max(utf8), &why));
    }
    if let Some(line) = scan.unlikely_line() {
        let why =
            format!("line {line} is not in UTF-8, and its letters are hardly those of latin-1");
        return Err(at(line, &why).with_help(
            "or write the entry by hand with the encoding of whoever made the file: windows-1250, iso-8859-2, ibm866, macintosh, …",
        ));
    }
    Ok(WINDOWS_1252)
}

/// Number of bytes examined for the encoding. The rest is checked when it is read.
const MOST_SCANNED: u64 = 64 << 20;

fn unreadable_file_refusal(shown: &str, why: &(impl fmt::Display + ?Sized)) -> Refusal {
    Refusal::new(
        ErrorCode::SourceUnreadable,
        format!("`{shown}` can't be read: {why}"),
    )
    .with_place(shown, None, None)
}

#[cfg(test)]
mod tests;
