//! ZIP file with a few parts (APPNOTE 6.3), written part by part. Sizes and checksums are written into each header afterwards.

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};

/// File that is being written.
#[derive(Debug)]
pub(super) struct ZipFile {
    file: File,
    parts: Vec<ZipPart>,
    /// Largest size, bytes; below the 4 GB of the format without ZIP64.
    most: u32,
}

/// Finished part.
#[derive(Debug)]
struct ZipPart {
    name: &'static str,
    at: u32,
    sum: u32,
    packed: u32,
    plain: u32,
}

/// Part that is being written.
#[derive(Debug)]
pub(super) struct ZipPartWriter {
    zip: ZipFile,
    name: &'static str,
    at: u32,
    packer: DeflateEncoder<File>,
    sum: Crc,
    plain: u64,
}

const HEAD: u32 = 0x0403_4b50;
const ENTRY: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;

/// Flag for names in UTF-8.
const FLAGS: u16 = 1 << 11;

/// Version needed to extract, and compression method.
const VERSION: u16 = 20;
const DEFLATED: u16 = 8;

/// Earliest date of the format, 1980-01-01, so that the file does not disclose its creation time.
const DAY: u16 = 0x21;

impl ZipFile {
    pub(super) const fn new(file: File, most: u32) -> Self {
        Self {
            file,
            parts: Vec::new(),
            most,
        }
    }

    /// Starts a part.
    pub(super) fn start_part(mut self, name: &'static str) -> io::Result<ZipPartWriter> {
        let at = self.part_offset()?;
        let head = local_header(name, 0, 0, 0)?;
        self.file.write_all(&head)?;
        let packer = DeflateEncoder::new(self.file.try_clone()?, Compression::fast());
        Ok(ZipPartWriter {
            zip: self,
            name,
            at,
            packer,
            sum: Crc::new(),
            plain: 0,
        })
    }

    /// Writes a complete part.
    pub(super) fn with_part(self, name: &'static str, text: &str) -> io::Result<Self> {
        let mut part = self.start_part(name)?;
        part.write(text.as_bytes())?;
        part.finish()
    }

    /// Finishes the file, and returns it at its start with its length.
    pub(super) fn finish(mut self) -> io::Result<(File, u64)> {
        let at = self.part_offset()?;
        let mut list = Vec::new();
        for part in &self.parts {
            list.extend_from_slice(&ENTRY.to_le_bytes());
            list.extend_from_slice(&VERSION.to_le_bytes());
            list.extend_from_slice(&header_fields(
                part.name,
                part.sum,
                part.packed,
                part.plain,
            )?);
            // Comment length, disk number and both attributes are zero.
            list.extend_from_slice(&[0; 10]);
            list.extend_from_slice(&part.at.to_le_bytes());
            list.extend_from_slice(part.name.as_bytes());
        }
        let count = u16::try_from(self.parts.len()).map_err(io::Error::other)?;
        let length = u32::try_from(list.len()).map_err(io::Error::other)?;
        list.extend_from_slice(&END.to_le_bytes());
        list.extend_from_slice(&[0; 4]);
        list.extend_from_slice(&count.to_le_bytes());
        list.extend_from_slice(&count.to_le_bytes());
        list.extend_from_slice(&length.to_le_bytes());
        list.extend_from_slice(&at.to_le_bytes());
        list.extend_from_slice(&[0; 2]);
        self.file.write_all(&list)?;
        let length = self.file.stream_position()?;
        self.file.seek(SeekFrom::Start(0))?;
        Ok((self.file, length))
    }

    fn part_offset(&mut self) -> io::Result<u32> {
        let place = self.file.stream_position()?;
        let place = u32::try_from(place)
            .ok()
            .filter(|place| *place <= self.most);
        place.ok_or_else(|| io::ErrorKind::FileTooLarge.into())
    }
}

impl ZipPartWriter {
    /// Writes further bytes of the part.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.plain = self
            .plain
            .saturating_add(bytes.len().try_into().unwrap_or(u64::MAX));
        self.packer.write_all(bytes)?;
        self.zip.part_offset().map(|_| ())
    }

    /// Finishes the part.
    pub(super) fn finish(self) -> io::Result<ZipFile> {
        self.packer.finish()?;
        let mut zip = self.zip;
        let end = zip.part_offset()?;
        let (sum, begin) = (self.sum.sum(), local_header(self.name, 0, 0, 0)?.len());
        let begin = self
            .at
            .saturating_add(u32::try_from(begin).map_err(io::Error::other)?);
        let packed = end.saturating_sub(begin);
        let plain = u32::try_from(self.plain);
        let plain = plain.map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        zip.file.seek(SeekFrom::Start(self.at.into()))?;
        zip.file
            .write_all(&local_header(self.name, sum, packed, plain)?)?;
        zip.file.seek(SeekFrom::Start(end.into()))?;
        zip.parts.push(ZipPart {
            name: self.name,
            at: self.at,
            sum,
            packed,
            plain,
        });
        Ok(zip)
    }
}

/// Local header of a part.
fn local_header(name: &str, sum: u32, packed: u32, plain: u32) -> io::Result<Vec<u8>> {
    let mut head = HEAD.to_le_bytes().to_vec();
    head.extend_from_slice(&header_fields(name, sum, packed, plain)?);
    head.extend_from_slice(name.as_bytes());
    Ok(head)
}

/// Common fields of the local header and the central directory.
fn header_fields(name: &str, sum: u32, packed: u32, plain: u32) -> io::Result<Vec<u8>> {
    let mut fields = Vec::new();
    for word in [VERSION, FLAGS, DEFLATED, 0, DAY] {
        fields.extend_from_slice(&word.to_le_bytes());
    }
    for word in [sum, packed, plain] {
        fields.extend_from_slice(&word.to_le_bytes());
    }
    let length = u16::try_from(name.len()).map_err(io::Error::other)?;
    fields.extend_from_slice(&length.to_le_bytes());
    // No extra fields.
    fields.extend_from_slice(&[0; 2]);
    Ok(fields)
}
