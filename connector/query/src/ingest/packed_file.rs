//! Single table in a gzip or zip file, decompressed while it is read. Its size is limited and its checksum verified.

pub mod archive_names;

use crate::ingest::content_kind::{UnreadKind, unsupported_kind_refusal};
use archive_names::{is_of_the_system, is_outside, kind_of_names};
use flate2::Crc;
use flate2::bufread::{DeflateDecoder, GzDecoder};
use hansa_policy::refusal::{ErrorCode, Refusal};
use rawzip::{CompressionMethod, ZipArchive};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, SeekFrom};

/// Maximum decompressed size of a file, in bytes.
pub const MOST_UNPACKED: u64 = 4 << 30;

/// Maximum ratio of decompressed and compressed size, applied from [`FREE_UNPACKED`] bytes on.
pub const MOST_RATIO: u64 = 200;

/// Decompressed size in bytes that is permitted for any file.
pub const FREE_UNPACKED: u64 = 64 << 20;

/// Maximum number of entries that are examined in a zip file.
const MOST_ENTRIES: usize = 256;

/// Opens the file in a gzip file.
///
/// # Errors
/// An error if the size of the file can't be determined.
pub fn gzip_reader(mut file: File) -> io::Result<Box<dyn Read + Send>> {
    let packed = file.metadata()?.len();
    file.rewind()?;
    let member = GzipMember {
        decoder: GzDecoder::new(BufReader::new(file)),
        is_ended: false,
    };
    Ok(Box::new(BoundedUnpacking::new(member, packed)))
}

/// Opens the only table in a zip file.
///
/// # Errors
/// `SOURCE_KIND_UNKNOWN` if the archive contains something else or several files; `SOURCE_UNREADABLE` if it is damaged.
pub fn zip_reader(file: File, shown: &str) -> Result<Box<dyn Read + Send>, Refusal> {
    let damaged = |why: &dyn std::fmt::Display| {
        let sentence = format!("`{shown}` can't be read: the zip file is damaged: {why}");
        Refusal::new(ErrorCode::SourceUnreadable, sentence).with_place(shown, None, None)
    };
    let size = file.metadata().map_err(|error| damaged(&error))?.len();
    let directory = file.try_clone().map_err(|error| damaged(&error))?;
    let mut buffer = vec![0_u8; rawzip::RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(directory, &mut buffer).map_err(|error| damaged(&error))?;
    if archive.end_offset() != size {
        return Err(damaged(&"bytes stand behind its end"));
    }
    let mut listed = Vec::new();
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry().map_err(|error| damaged(&error))? {
        let path = entry.file_path();
        let name = String::from_utf8_lossy(path.as_bytes()).into_owned();
        if entry.is_dir() || is_of_the_system(&name) {
            continue;
        }
        if listed.len() == MOST_ENTRIES {
            return Err(several_entries_refusal(shown, &listed, true));
        }
        listed.push(ZipEntry {
            name,
            is_encrypted: entry.flags().is_encrypted() || entry.flags().is_masked(),
            method: entry.compression_method(),
            checksum: entry.crc32(),
            size: entry.uncompressed_size_hint(),
            place: entry.wayfinder(),
        });
    }
    let names: Vec<&str> = listed.iter().map(|entry| entry.name.as_str()).collect();
    if let Some(kind) = kind_of_names(&names) {
        return Err(unsupported_kind_refusal(shown, kind));
    }
    let [entry] = listed.as_slice() else {
        return Err(several_entries_refusal(shown, &listed, false));
    };
    let inside = entry.name.escape_debug();
    if is_outside(&entry.name) {
        return Err(damaged(&format!("the path of `{inside}` leads out of it")));
    }
    if entry.is_encrypted {
        return Err(unsupported_kind_refusal(
            shown,
            UnreadKind {
                name: "an encrypted zip file",
                help: "unpack it with its password",
            },
        ));
    }
    let found = archive
        .get_entry(entry.place)
        .map_err(|error| damaged(&error))?;
    let local = found
        .local_header(&mut buffer)
        .map_err(|error| damaged(&error))?;
    if local.file_path().as_bytes() != entry.name.as_bytes() {
        return Err(damaged(&format!(
            "its directory says `{inside}`, and the file itself another name"
        )));
    }
    let (begin, end) = found.compressed_data_range();
    let packed = end.saturating_sub(begin);
    if end > size {
        return Err(damaged(&"it ends too early"));
    }
    let mut data = file;
    data.seek(SeekFrom::Start(begin))
        .map_err(|error| damaged(&error))?;
    let data = BufReader::new(data.take(packed));
    let content: Box<dyn Read + Send> = match entry.method {
        CompressionMethod::STORE => Box::new(data),
        CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(data)),
        _ => {
            return Err(unsupported_kind_refusal(
                shown,
                UnreadKind {
                    name: "a zip file that is packed by another method than Deflate",
                    help: "pack it anew, or unpack it",
                },
            ));
        }
    };
    let checked = ChecksumReader {
        inner: content,
        checksum: Crc::new(),
        given: 0,
        expected: entry.checksum,
        size: entry.size,
    };
    Ok(Box::new(BoundedUnpacking::new(checked, packed)))
}

/// File in a zip archive, as described by the central directory.
struct ZipEntry {
    name: String,
    is_encrypted: bool,
    method: CompressionMethod,
    checksum: u32,
    size: u64,
    place: rawzip::ZipArchiveEntryWayfinder,
}

/// Refusal of a zip file that does not contain exactly one table.
fn several_entries_refusal(shown: &str, listed: &[ZipEntry], has_more: bool) -> Refusal {
    const SHOWN: usize = 10;
    let mut names: Vec<String> = listed
        .iter()
        .take(SHOWN)
        .map(|entry| format!("`{}`", entry.name.escape_debug()))
        .collect();
    if listed.len() > SHOWN || has_more {
        names.push("…".to_owned());
    }
    let sentence = match names.as_slice() {
        [] => format!("`{shown}` is a zip file with nothing in it"),
        names => format!(
            "`{shown}` is a zip file of several files: {}; of one with a single table that table is read",
            names.join(", ")
        ),
    };
    Refusal::new(ErrorCode::SourceKindUnknown, sentence)
        .with_place(shown, None, None)
        .with_help("unpack it, and add the file that is meant")
}

/// Gzip file with a single member and no trailing bytes. The decoder verifies checksum and size.
struct GzipMember {
    decoder: GzDecoder<BufReader<File>>,
    is_ended: bool,
}

impl Read for GzipMember {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.is_ended || target.is_empty() {
            return Ok(0);
        }
        let count = self.decoder.read(target).map_err(tell_damage)?;
        if count == 0 {
            let rest = self.decoder.get_mut().fill_buf()?;
            if rest.starts_with(b"\x1f\x8b") {
                return Err(invalid_data_error(
                    "the gzip file has several parts; unpack it and pack it anew",
                ));
            }
            if !rest.is_empty() {
                return Err(invalid_data_error(
                    "bytes stand behind the end of the gzip file",
                ));
            }
            self.is_ended = true;
        }
        Ok(count)
    }
}

/// Reader that verifies a checksum and size known in advance.
struct ChecksumReader<R> {
    inner: R,
    checksum: Crc,
    given: u64,
    expected: u32,
    size: u64,
}

impl<R: Read> Read for ChecksumReader<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if target.is_empty() {
            return Ok(0);
        }
        let count = self.inner.read(target).map_err(tell_damage)?;
        self.checksum
            .update(target.get(..count).unwrap_or_default());
        self.given = self.given.saturating_add(count_to_u64(count));
        let is_wrong = if count == 0 {
            self.given != self.size || self.checksum.sum() != self.expected
        } else {
            self.given > self.size
        };
        if is_wrong {
            return Err(invalid_data_error(
                "the zip file is damaged: its checksum is another",
            ));
        }
        Ok(count)
    }
}

/// Reader that stops when the decompressed size exceeds its limits.
struct BoundedUnpacking<R> {
    inner: R,
    packed: u64,
    unpacked: u64,
}

impl<R> BoundedUnpacking<R> {
    const fn new(inner: R, packed: u64) -> Self {
        Self {
            inner,
            packed,
            unpacked: 0,
        }
    }
}

impl<R: Read> Read for BoundedUnpacking<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(target)?;
        self.unpacked = self.unpacked.saturating_add(count_to_u64(count));
        if self.unpacked > MOST_UNPACKED {
            return Err(invalid_data_error("it unpacks to more than 4 GiB"));
        }
        if self.unpacked > FREE_UNPACKED && self.unpacked > self.packed.saturating_mul(MOST_RATIO) {
            return Err(invalid_data_error(
                "it unpacks to more than 200 times its size",
            ));
        }
        Ok(count)
    }
}

fn count_to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn tell_damage(error: io::Error) -> io::Error {
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => error.to_string(),
    };
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the packed file is damaged: {why}"),
    )
}

fn invalid_data_error(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
pub(crate) mod tests;
