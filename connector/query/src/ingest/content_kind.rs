//! Detection of a file's kind by its first bytes. The extension of its name has no effect here.

use crate::ingest::config::SourceKind;
use crate::ingest::text_encoding::{StatedEncoding, stated_encoding};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::de::IgnoredAny;

/// Kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentKind {
    /// Text of no other kind.
    Text,
    /// JSON: one value, or one value on each line.
    Json,
    /// Parquet file.
    Parquet,
    /// Arrow file (Feather version 2) or Arrow stream.
    Arrow,
    /// Gzip file with one compressed file.
    Gzip,
    /// Zip archive.
    Zip,
    /// Unsupported kind.
    Unread(UnreadKind),
}

/// Unsupported kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnreadKind {
    /// Name with an article.
    pub name: &'static str,
    /// Remedy: a way to a supported file.
    pub help: &'static str,
}

impl ContentKind {
    /// Detects the kind from the first bytes of a file. [`HEAD`] bytes are enough.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        if head.starts_with(b"\x1f\x8b") {
            return Self::Gzip;
        }
        if [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x07\x08"]
            .iter()
            .any(|start| head.starts_with(start))
        {
            return Self::Zip;
        }
        let stated = stated_encoding(head);
        let is_wide_text = stated.is_some_and(|stated| stated.encoding != encoding_rs::UTF_8);
        if !is_wide_text {
            if let Some(kind) = binary_kind(head) {
                return kind;
            }
            if head.contains(&0) || has_many_controls(head) {
                return Self::Unread(BINARY);
            }
        }
        let encoding = stated.map_or(encoding_rs::UTF_8, |stated: StatedEncoding| stated.encoding);
        let (text, ..) = encoding.decode(head);
        text_kind(&text)
    }

    /// Refuses a file that is not of the declared kind. Faults within a file of the right kind are left to its reader.
    ///
    /// # Errors
    /// `SOURCE_KIND_UNKNOWN`.
    pub fn expect(self, wanted: SourceKind, shown: &str) -> Result<(), Refusal> {
        match (self, wanted) {
            (Self::Text, _)
            | (Self::Json, SourceKind::GeoJson | SourceKind::Json)
            | (Self::Parquet, SourceKind::Parquet)
            | (Self::Arrow, SourceKind::Arrow) => Ok(()),
            (Self::Unread(kind), _) => Err(unsupported_kind_refusal(shown, kind)),
            (Self::Gzip | Self::Zip, _) => Err(unsupported_kind_refusal(shown, NESTED)),
            (Self::Json, _) => Err(kind_mismatch_refusal(shown, "JSON", wanted).with_help(
                "kind = \"geojson\" reads GeoJSON, and kind = \"json\" a list of objects",
            )),
            (Self::Parquet, _) => Err(kind_mismatch_refusal(shown, "Parquet", wanted)
                .with_help("kind = \"parquet\" reads it")),
            (Self::Arrow, _) => Err(kind_mismatch_refusal(shown, "Arrow", wanted)
                .with_help("kind = \"arrow\" reads it")),
        }
    }
}

impl ContentKind {
    /// Refuses everything but one plain table: delimited text, Parquet or JSON. A packed file is refused, too: its size says nothing
    /// about that of its content.
    ///
    /// # Errors
    /// `SOURCE_KIND_UNKNOWN`.
    pub fn expect_plain_table(self, shown: &str) -> Result<(), Refusal> {
        let kind = match self {
            Self::Text | Self::Json | Self::Parquet => return Ok(()),
            Self::Unread(kind) => kind,
            Self::Gzip | Self::Zip => PACKED,
            Self::Arrow => ARROW,
        };
        let sentence = format!("`{shown}` is {}, which is not taken here", kind.name);
        let refusal = Refusal::new(ErrorCode::SourceKindUnknown, sentence);
        Err(refusal.with_help(kind.help))
    }
}

/// Refusal of a file of an unsupported kind.
#[must_use]
pub fn unsupported_kind_refusal(shown: &str, kind: UnreadKind) -> Refusal {
    let sentence = format!("`{shown}` is {}, which is not read", kind.name);
    Refusal::new(ErrorCode::SourceKindUnknown, sentence)
        .with_place(shown, None, None)
        .with_help(kind.help)
        .with_help(READ_KINDS)
}

/// Supported kinds, as a hint.
pub const READ_KINDS: &str = "read are delimited text (CSV), Parquet, Arrow, GeoJSON and JSON objects, also a single one in a gzip or zip file; tables of \
                              PostgreSQL in place";

/// Magic string at the start of an Arrow file. At its end the two zeros are missing (Arrow columnar format, "IPC File Format").
pub const ARROW_FILE_MARK: &[u8] = b"ARROW1\0\0";
/// Marker at the start of each message of an Arrow stream since version 0.15 of the format ("Encapsulated message format").
pub const ARROW_MESSAGE_MARK: &[u8] = b"\xff\xff\xff\xff";

/// Number of bytes that determine the kind of a file.
pub const HEAD: usize = 64 * 1024;

/// Public transport feed, which consists of several tables.
pub const GTFS: UnreadKind = UnreadKind {
    name: "a GTFS feed",
    help: "each of its files is a table of its own: unpack the feed and add them one by one, as in hansa dataset add stops.txt",
};

/// Compressed file within a compressed file.
const NESTED: UnreadKind = UnreadKind {
    name: "a packed file that holds another",
    help: "unpack it once",
};

/// Compressed file or archive where a plain file is asked for.
const PACKED: UnreadKind = UnreadKind {
    name: "a packed file",
    help: "unpack it first",
};

/// Arrow file where a file for people is asked for.
const ARROW: UnreadKind = UnreadKind {
    name: "an Arrow file",
    help: CONVERT,
};

const BINARY: UnreadKind = UnreadKind {
    name: "a file with bytes that no text has (NUL or other control characters), of an unknown kind",
    help: "save the table as CSV",
};

fn kind_mismatch_refusal(shown: &str, found: &str, wanted: SourceKind) -> Refusal {
    let sentence = format!(
        "`{shown}` is {found}, and its source is read as kind = \"{}\"",
        wanted.as_str()
    );
    Refusal::new(ErrorCode::SourceKindUnknown, sentence).with_place(shown, None, None)
}

/// Bytes at a fixed offset that only one kind of file has.
struct Signature {
    at: usize,
    bytes: &'static [u8],
    kind: UnreadKind,
}

const fn kind_signature(
    at: usize,
    bytes: &'static [u8],
    name: &'static str,
    help: &'static str,
) -> Signature {
    Signature {
        at,
        bytes,
        kind: UnreadKind { name, help },
    }
}

const UNPACK: &str = "unpack it first, or pack it with gzip or zip";
const SAVE: &str = "save each table as CSV";
const EXPORT: &str = "export each table as CSV";
const CONVERT: &str = "convert it to Parquet or CSV";
const LAYER: &str = "export the layer as GeoJSON, or its table as CSV: ogr2ogr does both";
const PICTURE: &str = "a picture or a page holds no table: ask its owner for the numbers";

/// Signatures. A more specific one comes first.
const SIGNATURES: [Signature; 39] = [
    kind_signature(68, b"GPKG", "a GeoPackage", LAYER),
    kind_signature(0, b"SQLite format 3\0", "a database of SQLite", EXPORT),
    kind_signature(
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old file of Excel or Word (.xls, .doc)",
        SAVE,
    ),
    kind_signature(
        0,
        b"\x09\x08\x10\x00\x00\x06\x05\x00",
        "an old file of Excel (.xls)",
        SAVE,
    ),
    kind_signature(0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    kind_signature(0, b"\xfd7zXZ\0", "a file packed with xz", UNPACK),
    kind_signature(0, b"\x28\xb5\x2f\xfd", "a file packed with zstd", UNPACK),
    kind_signature(0, b"\x04\x22\x4d\x18", "a file packed with lz4", UNPACK),
    kind_signature(0, b"\x1f\x9d", "a file packed with compress (.Z)", UNPACK),
    kind_signature(0, b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    kind_signature(257, b"ustar", "a tar archive", UNPACK),
    kind_signature(0, b"MSCF\0\0\0\0", "a CAB archive", UNPACK),
    kind_signature(0, b"FEA1", "a Feather file of version 1", CONVERT),
    kind_signature(
        0,
        b"PARE",
        "an encrypted Parquet file",
        "write it without encryption",
    ),
    kind_signature(0, b"ORC", "an ORC file", CONVERT),
    kind_signature(0, b"Obj\x01", "an Avro file", CONVERT),
    kind_signature(0, b"\x89HDF\r\n\x1a\n", "an HDF5 or NetCDF file", CONVERT),
    kind_signature(0, b"CDF\x01", "a NetCDF file", CONVERT),
    kind_signature(0, b"CDF\x02", "a NetCDF file", CONVERT),
    kind_signature(0, b"CDF\x05", "a NetCDF file", CONVERT),
    kind_signature(0, b"GRIB", "a GRIB file", CONVERT),
    kind_signature(0, b"fgb\x03", "a FlatGeobuf file", LAYER),
    kind_signature(0, b"\x00\x00\x27\x0a", "a Shapefile", LAYER),
    kind_signature(
        4,
        b"\x0a\x09OSMHeader",
        "an OpenStreetMap file (PBF)",
        LAYER,
    ),
    kind_signature(4, b"Standard Jet DB", "a database of Access", EXPORT),
    kind_signature(4, b"Standard ACE DB", "a database of Access", EXPORT),
    kind_signature(0, b"$FL2", "a file of SPSS", EXPORT),
    kind_signature(0, b"RDX3\n", "a file of R", EXPORT),
    kind_signature(0, b"PGDMP", "a dump of PostgreSQL", EXPORT),
    kind_signature(0, b"\x80\x04\x95", "a pickle of Python", CONVERT),
    kind_signature(0, b"\x80\x05\x95", "a pickle of Python", CONVERT),
    kind_signature(0, b"\x89PNG\r\n\x1a\n", "a picture (PNG)", PICTURE),
    kind_signature(0, b"\xff\xd8\xff", "a picture (JPEG)", PICTURE),
    kind_signature(0, b"GIF8", "a picture (GIF)", PICTURE),
    kind_signature(0, b"II*\0", "a picture (TIFF)", PICTURE),
    kind_signature(0, b"MM\0*", "a picture (TIFF)", PICTURE),
    kind_signature(0, b"\0\0\xfe\xff", "text in UTF-32", "save it in UTF-8"),
    kind_signature(0, b"\xff\xfe\0\0", "text in UTF-32", "save it in UTF-8"),
    kind_signature(0, b"\x7fELF", "a program", "name the file with the table"),
];

/// Detects a kind other than text. A signature of letters could also start a text, so it counts only together with bytes that no
/// text contains.
fn binary_kind(head: &[u8]) -> Option<ContentKind> {
    if head.starts_with(b"%PDF-") {
        return Some(ContentKind::Unread(UnreadKind {
            name: "a PDF",
            help: PICTURE,
        }));
    }
    if head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY") {
        return Some(ContentKind::Unread(UnreadKind {
            name: "a file packed with bzip2",
            help: UNPACK,
        }));
    }
    if !head.iter().any(is_no_text) {
        return None;
    }
    if head.starts_with(b"PAR1") {
        return Some(ContentKind::Parquet);
    }
    if head.starts_with(ARROW_FILE_MARK) || head.starts_with(ARROW_MESSAGE_MARK) {
        return Some(ContentKind::Arrow);
    }
    let found = SIGNATURES.iter().find(|signature| {
        head.get(signature.at..)
            .is_some_and(|rest| rest.starts_with(signature.bytes))
    });
    if let Some(signature) = found {
        return Some(ContentKind::Unread(signature.kind));
    }
    is_dbf(head).then_some(ContentKind::Unread(UnreadKind {
        name: "a dBASE table (.dbf)",
        help: SAVE,
    }))
}

/// Checks for a control character that no table of text contains. Separators (1C to 1F) are permitted.
fn is_no_text(byte: &u8) -> bool {
    matches!(byte, 0x00..=0x08 | 0x0e..=0x1a)
}

/// Checks that more than one byte in a hundred is a control character other than a separator or white space. A single one may occur
/// in a text, and Hive files use the first three as separators.
fn has_many_controls(head: &[u8]) -> bool {
    let controls = head
        .iter()
        .filter(|byte| matches!(byte, 0x04..=0x08 | 0x0e..=0x1a));
    let controls = controls.count();
    controls > 3 && controls.saturating_mul(100) > head.len()
}

/// Checks for the fixed part of a dBASE header: version, date, and the lengths of header and row.
fn is_dbf(head: &[u8]) -> bool {
    let Some(
        [
            version,
            _,
            month,
            day,
            _,
            _,
            _,
            _,
            low,
            high,
            row_low,
            row_high,
        ],
    ) = head.get(..12)
    else {
        return false;
    };
    let header = u16::from_le_bytes([*low, *high]);
    let row = u16::from_le_bytes([*row_low, *row_high]);
    matches!(version, 0x02..=0x05 | 0x30..=0x32 | 0x43 | 0x83 | 0x8b | 0x8c | 0xcb | 0xf5 | 0xfb)
        && (1..=12).contains(month)
        && (1..=31).contains(day)
        && header >= 65
        && row > 0
        && header % 32 < 2
}

/// Kind of a text: a table, or a format that only resembles one.
fn text_kind(text: &str) -> ContentKind {
    let text = text.trim_start_matches(is_before_text);
    if is_json(text) {
        return ContentKind::Json;
    }
    if text.starts_with("{\\rtf") {
        return ContentKind::Unread(UnreadKind {
            name: "a text document (RTF)",
            help: SAVE,
        });
    }
    detect_markup(text).map_or(ContentKind::Text, ContentKind::Unread)
}

/// Checks for characters that may precede a JSON value: blanks, a byte order mark, and the record separator of a JSON text sequence
/// (RFC 7464).
fn is_before_text(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{feff}' | '\u{1e}')
}

/// Checks that a text, possibly truncated, starts with a complete JSON object or list, or is inside one until its end. Lines that
/// all start with `{` also count as JSON.
fn is_json(text: &str) -> bool {
    if !text.starts_with(['{', '[']) {
        return false;
    }
    let mut lines = text
        .lines()
        .map(|line| line.trim_start_matches(is_before_text))
        .filter(|line| !line.is_empty());
    if text.starts_with('{') && !text.starts_with("{\\") && lines.all(|line| line.starts_with('{'))
    {
        return true;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => match values.next() {
            None | Some(Ok(_)) => true,
            Some(Err(error)) => error.is_eof(),
        },
        Some(Err(error)) => error.is_eof(),
        None => false,
    }
}

/// Kind of a text that starts with an element, comment or declaration of a markup language.
fn detect_markup(text: &str) -> Option<UnreadKind> {
    let mut letters = text.chars();
    let opens = letters.next() == Some('<')
        && letters
            .next()
            .is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '!' | '?'));
    if !opens {
        return None;
    }
    let head: String = text.chars().take(4096).collect();
    let head = head.to_ascii_lowercase();
    let holds = |words: &[&str]| words.iter().any(|word| head.contains(word));
    let begins = |words: &[&str]| words.iter().any(|word| head.starts_with(word));
    let is_page = holds(&["<!doctype html", "<html"])
        || begins(&[
            "<body", "<head", "<table", "<div", "<script", "<meta", "<title",
        ]);
    // A first value such as `<none>` is no element.
    if !is_page && !begins(&["<!", "<?"]) && !holds(&["</", "/>"]) {
        return None;
    }
    Some(if is_page {
        UnreadKind {
            name: "a web page (HTML)",
            help: "portals send such a page where the file is elsewhere: open the address in a browser and save the file itself",
        }
    } else if holds(&["urn:schemas-microsoft-com:office:spreadsheet"]) {
        UnreadKind {
            name: "a workbook of Excel (XML)",
            help: SAVE,
        }
    } else if holds(&["<kml"]) {
        UnreadKind {
            name: "a KML file",
            help: LAYER,
        }
    } else if holds(&["opengis.net/gml", "<gml:"]) {
        UnreadKind {
            name: "a GML file",
            help: LAYER,
        }
    } else {
        UnreadKind {
            name: "XML",
            help: "ask for the table as CSV",
        }
    })
}

#[cfg(test)]
mod tests;
