//! Beside the log: the texts of questions, each under a key of its own, which can be destroyed.
//!
//! The log commits to a text under a salt and holds neither. Here both stand, encrypted (JWE, `dir` with A256GCM); whoever
//! destroys the key of one has destroyed the text and the salt, and what the log holds of it is a random value. Two files:
//! `objects.jsonl` with one object a line, and `keys` with 32 bytes for each, zeros where the key was destroyed. A disk that
//! keeps old blocks, and copies that were made before, are out of its reach.

use evidence::digest::Digest;
use evidence::json::{Json, Limits, canonical, parse};
use evidence::time::Time;
use josekit::jwe::{self, Dir, JweHeader};
use policy::refusal::{Code, Refusal};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

const OBJECTS: &str = "objects.jsonl";
const KEYS: &str = "keys";
const KEY: usize = 32;

/// The texts of a participant's log. Clones are not made: one participant, one store.
#[derive(Debug)]
pub struct Side {
    folder: PathBuf,
    files: Mutex<Files>,
}

#[derive(Debug)]
struct Files {
    objects: File,
    keys: File,
    count: u64,
}

/// A text that can still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    number: u64,
    /// What the log holds of it.
    pub commit: Digest,
    /// When it was put here.
    pub at: Time,
}

impl Side {
    /// The store in `folder`, made if it is not there.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL` when it can't be opened.
    pub fn open(folder: &Path) -> Result<Self, Refusal> {
        crate::files::folder(folder)?;
        let files =
            Files::open(folder).map_err(|error| crate::files::unwritable(folder, &error))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            files: Mutex::new(files),
        })
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &io::Error) -> Refusal {
        crate::files::unwritable(&self.folder, error)
    }

    /// Keeps a text and the salt under which the log commits to it.
    ///
    /// # Errors
    /// When it can't be written; the log does not need it.
    pub fn keep(&self, at: Time, salt: [u8; 16], text: &str) -> Result<(), Refusal> {
        let commit = commitment(&salt, text);
        let key: [u8; KEY] = rand::random();
        let salt: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
        let inside = Json::object([("salt", Json::text(salt)), ("text", Json::text(text))]);
        let sealed = seal(&key, &canonical(&inside)).map_err(|reason| broken(&reason))?;
        let mut files = self.files();
        let number = files.count;
        let mut line = canonical(&Json::object([
            ("n", Json::count(number)),
            ("commit", Json::text(commit)),
            ("at", Json::text(at)),
            ("jwe", Json::text(sealed)),
        ]));
        line.push(b'\n');
        let place = number.saturating_mul(32);
        let written = files
            .keys
            .write_all_at(&key, place)
            .and_then(|()| files.objects.write_all(&line));
        files.count = number.saturating_add(1);
        written.map_err(|error| self.failed(&error))
    }

    /// The text that the log commits to so, if it can still be read.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn text_of(&self, commit: Digest) -> Result<Option<String>, Refusal> {
        let files = self.files();
        let mut found = None;
        files
            .each(&self.folder, |held, sealed| {
                if held.commit == commit {
                    found = Some((held.number, sealed.to_owned()));
                }
            })
            .map_err(|error| self.failed(&error))?;
        let Some((number, sealed)) = found else {
            return Ok(None);
        };
        let Some(key) = files.key(number).map_err(|error| self.failed(&error))? else {
            return Ok(None);
        };
        drop(files);
        let read = || {
            let inside = parse(&open(&key, &sealed)?, Limits::default()).ok()?;
            let text = inside.get("text")?.as_text()?.to_owned();
            let salt = unhex(inside.get("salt")?.as_text()?)?;
            (commitment(&salt, &text) == commit).then_some(text)
        };
        match read() {
            Some(text) => Ok(Some(text)),
            None => Err(broken("a text is not the one that the log commits to")),
        }
    }

    /// The texts that can still be read.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn held(&self) -> Result<Vec<Held>, Refusal> {
        let files = self.files();
        let mut all = Vec::new();
        files
            .each(&self.folder, |held, _| all.push(held))
            .and_then(|()| {
                let mut live = Vec::new();
                for held in all {
                    if files.key(held.number)?.is_some() {
                        live.push(held);
                    }
                }
                Ok(live)
            })
            .map_err(|error| self.failed(&error))
    }

    /// Destroys the keys of texts; when this returns, that survives a loss of power. The caller has recorded it.
    ///
    /// # Errors
    /// When it can't be written; then it is to be done again.
    pub fn erase(&self, texts: &[Held]) -> Result<(), Refusal> {
        let mut files = self.files();
        let erased = texts
            .iter()
            .try_for_each(|held| {
                let place = held.number.saturating_mul(32);
                files.keys.write_all_at(&[0; KEY], place)
            })
            .and_then(|()| files.keys.sync_all())
            .and_then(|()| files.drop_erased(&self.folder));
        erased.map_err(|error| self.failed(&error))
    }
}

impl Files {
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
            // A crash ended one in the middle.
            objects.write_all(b"\n")?;
        }
        let count = keys.metadata()?.len().div_ceil(32);
        Ok(Self {
            objects,
            keys,
            count,
        })
    }

    /// The key of an object, unless it was destroyed.
    fn key(&self, number: u64) -> io::Result<Option<[u8; KEY]>> {
        let mut key = [0; KEY];
        match self.keys.read_exact_at(&mut key, number.saturating_mul(32)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        Ok((key != [0; KEY]).then_some(key))
    }

    /// Each object that is written whole.
    fn each(&self, folder: &Path, mut act: impl FnMut(Held, &str)) -> io::Result<()> {
        for line in BufReader::new(File::open(folder.join(OBJECTS))?).split(b'\n') {
            let line = line?;
            let read = || {
                let limits = Limits {
                    bytes: 1 << 20,
                    depth: 4,
                };
                let object = parse(&line, limits).ok()?;
                let held = Held {
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

    /// Takes away the objects that nobody can read any more.
    fn drop_erased(&mut self, folder: &Path) -> io::Result<()> {
        let beside = folder.join("objects.new");
        let mut kept = File::create(&beside)?;
        for line in BufReader::new(File::open(folder.join(OBJECTS))?).split(b'\n') {
            let line = line?;
            let number = parse(&line, Limits::default())
                .ok()
                .and_then(|object| object.get("n")?.as_count());
            let live = match number {
                Some(number) => self.key(number)?.is_some(),
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

fn commitment(salt: &[u8; 16], text: &str) -> Digest {
    Digest::of_parts(&[salt, text.as_bytes()])
}

fn seal(key: &[u8; KEY], bytes: &[u8]) -> Result<String, String> {
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    let encrypter = Dir.encrypter_from_bytes(key).map_err(|e| e.to_string())?;
    jwe::serialize_compact(bytes, &header, &encrypter).map_err(|e| e.to_string())
}

fn open(key: &[u8; KEY], sealed: &str) -> Option<Vec<u8>> {
    let decrypter = Dir.decrypter_from_bytes(key).ok()?;
    let (bytes, _) = jwe::deserialize_compact(sealed, &decrypter).ok()?;
    Some(bytes)
}

fn unhex(text: &str) -> Option<[u8; 16]> {
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

fn broken(reason: &str) -> Refusal {
    Refusal::new(
        Code::StateBroken,
        format!("the texts beside the log: {reason}"),
    )
}

#[cfg(test)]
mod tests {
    use super::{KEYS, OBJECTS, Side, commitment};
    use evidence::time::Time;

    #[test]
    fn an_erased_text_is_gone_and_the_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let at = |n: i64| Time::from_micros(1_800_000_000_000_000 + n).unwrap();
        let side = Side::open(dir.path()).unwrap();
        for n in 0..5_u8 {
            side.keep(
                at(i64::from(n)),
                [n; 16],
                &format!("SELECT 'Ida Boy-Ed {n}'"),
            )
            .unwrap();
        }
        let commit = |n: u8| commitment(&[n; 16], &format!("SELECT 'Ida Boy-Ed {n}'"));
        let text = |side: &Side, n: u8| side.text_of(commit(n)).unwrap();
        assert_eq!(text(&side, 3).as_deref(), Some("SELECT 'Ida Boy-Ed 3'"));
        let stored = || {
            let files = [KEYS, OBJECTS].map(|name| std::fs::read(dir.path().join(name)).unwrap());
            files.concat()
        };
        let contains = |wanted: &[u8]| stored().windows(wanted.len()).any(|part| part == wanted);
        assert!(!contains(b"Boy-Ed"), "nothing stands here in the clear");
        let key = std::fs::read(dir.path().join(KEYS)).unwrap()[96..128].to_vec();
        assert!(contains(&key));
        let held = side.held().unwrap();
        assert_eq!(held.len(), 5);
        assert_eq!(held[3].at, at(3));
        side.erase(&held[3..4]).unwrap();
        assert_eq!(text(&side, 3), None);
        assert!(!contains(&key));
        // In another run, after a crash in the middle of a line.
        drop(side);
        let path = dir.path().join(OBJECTS);
        let mut torn = std::fs::read(&path).unwrap();
        torn.extend(b"{\"n\":9,");
        std::fs::write(&path, torn).unwrap();
        let side = Side::open(dir.path()).unwrap();
        side.keep(at(9), [9; 16], "SELECT 9").unwrap();
        assert_eq!(
            side.text_of(commitment(&[9; 16], "SELECT 9"))
                .unwrap()
                .as_deref(),
            Some("SELECT 9")
        );
        assert_eq!(side.held().unwrap().len(), 5);
        for n in [0, 1, 2, 4] {
            assert!(text(&side, n).is_some());
        }
        // Another text in its place is not taken for it.
        let changed = std::fs::read_to_string(&path).unwrap();
        let swapped = changed.replace(&commit(0).to_string(), &commit(7).to_string());
        std::fs::write(&path, swapped).unwrap();
        assert!(side.text_of(commit(7)).is_err());
    }
}
