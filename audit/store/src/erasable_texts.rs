//! Store of erasable texts beside the log. The log commits to each text, and each text has a key of its own, which can be
//! destroyed.
//!
//! The log contains a commitment to the text under a salt, and neither text nor salt. This store holds both, encrypted (JWE, `dir`
//! with A256GCM). Destroying the key erases text and salt, and the commitment becomes a random value. Two files: `objects.jsonl`
//! with one object a line, and `keys` with 32 bytes for each, zeros where the key was destroyed. Old blocks on the disk and earlier
//! copies are not erased.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, JsonLimits, parse_json, to_canonical_bytes};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};
use josekit::jwe::{self, Dir, JweHeader};
use parking_lot::Mutex;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

const OBJECTS: &str = "objects.jsonl";
const KEYS: &str = "keys";
const KEY: usize = 32;

/// Erasable texts of a participant's log. Not cloneable: each participant has one store.
#[derive(Debug)]
pub struct ErasableTextStore {
    folder: PathBuf,
    files: Mutex<ErasableTextFiles>,
}

#[derive(Debug)]
struct ErasableTextFiles {
    objects: File,
    keys: File,
    count: u64,
}

/// Text that can still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredText {
    number: u64,
    /// Commitment in the log.
    pub commit: Digest,
    /// Time of storage.
    pub at: UtcTimestamp,
}

impl ErasableTextStore {
    /// Opens the store in `folder`, and creates it if it does not exist.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL` when the store can't be opened.
    pub fn open(folder: &Path) -> Result<Self, Refusal> {
        hansa_files::create_folder(folder)?;
        let files = ErasableTextFiles::open(folder)
            .map_err(|error| hansa_files::unwritable_file_refusal(folder, &error))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            files: Mutex::new(files),
        })
    }

    fn storage_refusal(&self, error: &io::Error) -> Refusal {
        hansa_files::unwritable_file_refusal(&self.folder, error)
    }

    /// Stores a text with the salt of its commitment.
    ///
    /// # Errors
    /// When the text can't be written. The log does not depend on it.
    pub fn store_text(
        &self,
        at: UtcTimestamp,
        salt: [u8; 16],
        text: &str,
    ) -> Result<StoredText, Refusal> {
        let commit = text_commitment(&salt, text);
        let key: [u8; KEY] = rand::random();
        let salt: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
        let inside = Json::object([
            ("salt", Json::from_display(salt)),
            ("text", Json::from_display(text)),
        ]);
        let sealed = encrypt_bytes(&key, &to_canonical_bytes(&inside))
            .map_err(|reason| damaged_texts_refusal(&reason))?;
        let mut files = self.files.lock();
        let number = files.count;
        let mut line = to_canonical_bytes(&Json::object([
            ("n", Json::from_count(number)),
            ("commit", Json::from_display(commit)),
            ("at", Json::from_display(at)),
            ("jwe", Json::from_display(sealed)),
        ]));
        line.push(b'\n');
        let place = number.saturating_mul(32);
        let before = files.objects.metadata().map(|objects| objects.len());
        let written = files
            .keys
            .write_all_at(&key, place)
            .and_then(|()| files.objects.write_all(&line));
        files.count = number.saturating_add(1);
        if let (Err(_), Ok(before)) = (&written, before) {
            // A partial line would merge with the next one, and leave a key whose text can't be found.
            let _cut = files.objects.set_len(before);
        }
        written.map_err(|error| self.storage_refusal(&error))?;
        Ok(StoredText { number, commit, at })
    }

    /// Stores a text like [`Self::store_text`], durably: on return it survives a loss of power.
    ///
    /// # Errors
    /// As [`Self::store_text`].
    pub fn keep_durably(
        &self,
        at: UtcTimestamp,
        salt: [u8; 16],
        text: &str,
    ) -> Result<StoredText, Refusal> {
        let held = self.store_text(at, salt, text)?;
        let files = self.files.lock();
        files
            .keys
            .sync_all()
            .and_then(|()| files.objects.sync_all())
            .map_err(|error| self.storage_refusal(&error))?;
        Ok(held)
    }

    /// Text of a commitment, if it can still be read.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn text_of(&self, commit: Digest) -> Result<Option<String>, Refusal> {
        let files = self.files.lock();
        let mut found = None;
        files
            .for_each_object(&self.folder, |held, sealed| {
                if held.commit == commit {
                    found = Some((held.number, sealed.to_owned()));
                }
            })
            .map_err(|error| self.storage_refusal(&error))?;
        let Some((number, sealed)) = found else {
            return Ok(None);
        };
        let Some(key) = files
            .read_key(number)
            .map_err(|error| self.storage_refusal(&error))?
        else {
            return Ok(None);
        };
        drop(files);
        let read = || {
            let inside = parse_json(&decrypt_bytes(&key, &sealed)?, JsonLimits::default()).ok()?;
            let text = inside.get("text")?.as_text()?.to_owned();
            let salt = parse_hex(inside.get("salt")?.as_text()?)?;
            (text_commitment(&salt, &text) == commit).then_some(text)
        };
        match read() {
            Some(text) => Ok(Some(text)),
            None => Err(damaged_texts_refusal(
                "a text is not the one that the log commits to",
            )),
        }
    }

    /// Copies both files into a new folder, in a consistent state.
    ///
    /// # Errors
    /// When the files can't be read or written.
    pub fn copy_to(&self, folder: &Path) -> Result<(), Refusal> {
        hansa_files::create_folder(folder)?;
        let _still = self.files.lock();
        for name in [OBJECTS, KEYS] {
            std::fs::copy(self.folder.join(name), folder.join(name))
                .map_err(|error| hansa_files::unwritable_file_refusal(folder, &error))?;
        }
        Ok(())
    }

    /// All texts that can still be read.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn stored_texts(&self) -> Result<Vec<StoredText>, Refusal> {
        let files = self.files.lock();
        let mut all = Vec::new();
        files
            .for_each_object(&self.folder, |held, _| all.push(held))
            .and_then(|()| {
                let mut live = Vec::new();
                for held in all {
                    if files.read_key(held.number)?.is_some() {
                        live.push(held);
                    }
                }
                Ok(live)
            })
            .map_err(|error| self.storage_refusal(&error))
    }

    /// Destroys the keys of texts, durably: on return the erasure survives a loss of power. The caller has recorded the erasure
    /// before.
    ///
    /// # Errors
    /// When the file can't be written. The erasure must then be repeated.
    pub fn erase_texts(&self, texts: &[StoredText]) -> Result<(), Refusal> {
        let mut files = self.files.lock();
        let erased = texts
            .iter()
            .try_for_each(|held| {
                let place = held.number.saturating_mul(32);
                files.keys.write_all_at(&[0; KEY], place)
            })
            .and_then(|()| files.keys.sync_all())
            .and_then(|()| files.drop_erased(&self.folder));
        erased.map_err(|error| self.storage_refusal(&error))
    }
}

impl ErasableTextFiles {
    fn open(folder: &Path) -> io::Result<Self> {
        let open = |name: &str, append: bool| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .append(append)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(folder.join(name))
        };
        let (keys, mut objects) = (open(KEYS, false)?, open(OBJECTS, true)?);
        let length = objects.metadata()?.len();
        let mut last = [b'\n'];
        if length > 0 {
            objects.read_exact_at(&mut last, length - 1)?;
        }
        if last != [b'\n'] {
            // A crash has left a partial line.
            objects.write_all(b"\n")?;
        }
        let mut files = Self {
            objects,
            keys,
            count: 0,
        };
        // Neither file is synced when a text is stored, and either may be longer after a crash. No number is used twice.
        let mut count = files.keys.metadata()?.len().div_ceil(32);
        files.for_each_object(folder, |held, _| {
            count = count.max(held.number.saturating_add(1));
        })?;
        files.count = count;
        Ok(files)
    }

    /// Key of an object, unless it was destroyed.
    fn read_key(&self, number: u64) -> io::Result<Option<[u8; KEY]>> {
        let mut key = [0; KEY];
        match self.keys.read_exact_at(&mut key, number.saturating_mul(32)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        Ok((key != [0; KEY]).then_some(key))
    }

    /// Calls `act` for each complete object.
    fn for_each_object(
        &self,
        folder: &Path,
        mut act: impl FnMut(StoredText, &str),
    ) -> io::Result<()> {
        for line in BufReader::new(File::open(folder.join(OBJECTS))?).split(b'\n') {
            let line = line?;
            let read = || {
                let limits = JsonLimits {
                    bytes: 1 << 20,
                    depth: 4,
                };
                let object = parse_json(&line, limits).ok()?;
                let held = StoredText {
                    number: object.get("n")?.as_count()?,
                    commit: object.get("commit")?.as_text()?.parse().ok()?,
                    at: object.get("at")?.as_text()?.parse().ok()?,
                };
                Some((held, object.get("jwe")?.as_text()?.to_owned()))
            };
            if let Some((held, sealed)) = read() {
                act(held, &sealed);
            }
        }
        Ok(())
    }

    /// Removes the objects whose keys were destroyed.
    fn drop_erased(&mut self, folder: &Path) -> io::Result<()> {
        let beside = folder.join("objects.new");
        let mut kept = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        for line in BufReader::new(File::open(folder.join(OBJECTS))?).split(b'\n') {
            let line = line?;
            let number = parse_json(&line, JsonLimits::default())
                .ok()
                .and_then(|object| object.get("n")?.as_count());
            let live = match number {
                Some(number) => self.read_key(number)?.is_some(),
                None => false,
            };
            if live {
                kept.write_all(&line)?;
                kept.write_all(b"\n")?;
            }
        }
        kept.sync_all()?;
        std::fs::rename(&beside, folder.join(OBJECTS))?;
        self.objects = OpenOptions::new()
            .read(true)
            .append(true)
            .open(folder.join(OBJECTS))?;
        Ok(())
    }
}

fn text_commitment(salt: &[u8; 16], text: &str) -> Digest {
    Digest::of_parts(&[salt, text.as_bytes()])
}

fn encrypt_bytes(key: &[u8; KEY], bytes: &[u8]) -> Result<String, String> {
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    let encrypter = Dir.encrypter_from_bytes(key).map_err(|e| e.to_string())?;
    jwe::serialize_compact(bytes, &header, &encrypter).map_err(|e| e.to_string())
}

fn decrypt_bytes(key: &[u8; KEY], sealed: &str) -> Option<Vec<u8>> {
    let decrypter = Dir.decrypter_from_bytes(key).ok()?;
    let (bytes, _) = jwe::deserialize_compact(sealed, &decrypter).ok()?;
    Some(bytes)
}

fn parse_hex(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != bytes.len() {
        return None;
    }
    for (slot, pair) in bytes.iter_mut().zip(pairs) {
        *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn damaged_texts_refusal(reason: &str) -> Refusal {
    Refusal::new(
        ErrorCode::StateBroken,
        format!("the texts beside the log: {reason}"),
    )
}

#[cfg(test)]
mod tests;
