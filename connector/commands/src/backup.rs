//! `hansa backup` and `hansa restore`: the state folder as one file.

pub(crate) mod arguments;
pub(crate) mod backup_journal;
pub(crate) mod backup_rehearsal;

use crate::cli::command_report::CommandReport;
use crate::cli::output::OutputSettings;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{RecordBody, UpkeepBody};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::erasable_texts::ErasableTextStore;
use hansa_audit_store::offline;
use hansa_node::config::ConnectorConfig;
use hansa_node::participant::{Connector, pseudonyms, schema_secret};
use hansa_node::process::randomness::random_hex;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs::{File, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folders of a state that a copy holds, in the order in which they are copied: what names something comes after it.
const FOLDERS: [&str; 17] = [
    "contracts",
    "messages",
    "withdrawals",
    "receipts",
    "credentials",
    "shown",
    "groups",
    "restrictions",
    "statements",
    "rulebooks",
    "rulebook-acceptances",
    "access-tokens",
    "datasets",
    // Transfers are asked for anew: what opened their data may have ended since.
    "dataspace/negotiations",
    SIDE,
    pseudonyms::FOLDER,
    "log",
];

const SIDE: &str = "side";

/// Writes a consistent copy of a participant's state while it is in use; gives the number of files.
///
/// The index is copied first and the log last, so that the log is never older than what was made from it. Keys are not
/// copied: they are kept apart from backups.
///
/// # Errors
/// When something can't be read or the file can't be written.
pub(crate) fn write_backup(connector: &Arc<Connector>, file: &Path) -> Result<usize, Refusal> {
    let broken = |fault: std::io::Error| hansa_files::unwritable_file_refusal(file, &fault);
    let config = connector.config();
    // Released cells are on disk before what names them is: no release comes between.
    let _turn = connector.datasets.release_lock.lock();
    let scratch = tempfile::tempdir().map_err(broken)?;
    let index = scratch.path().join("state.db");
    connector.records.index(|state| state.copy_to(&index))?;
    // The copy holds what the state folder holds, so nobody else may read it either.
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .and_then(|made| {
            made.set_permissions(Permissions::from_mode(0o600))?;
            Ok(made)
        })
        .map_err(broken)?;
    let mut archive = tar::Builder::new(std::io::BufWriter::new(made));
    archive.mode(tar::HeaderMode::Deterministic);
    archive
        .append_path_with_name(&index, "state/state.db")
        .map_err(broken)?;
    archive
        .append_path_with_name(
            config.state.join(schema_secret::FILE),
            format!("state/{}", schema_secret::FILE),
        )
        .map_err(broken)?;
    let mut count = 2_usize;
    // Nothing is erased and nothing added between the two files of the texts.
    let texts = scratch.path().join("side");
    connector.records.texts.flushed_store().copy_to(&texts)?;
    connector
        .records
        .pseudonyms
        .copy_to(&scratch.path().join(pseudonyms::FOLDER))?;
    for name in FOLDERS {
        let from = match name {
            SIDE | pseudonyms::FOLDER => scratch.path(),
            _ => config.state.as_path(),
        };
        count = count.saturating_add(append_folder(&mut archive, from, name).map_err(broken)?);
    }
    archive
        .append_path_with_name(&config.file, "hansa.toml")
        .map_err(broken)?;
    let mut inner = archive.into_inner().map_err(broken)?;
    std::io::Write::flush(&mut inner).map_err(broken)?;
    inner.get_ref().sync_all().map_err(broken)?;
    Ok(count)
}

fn append_folder<W: std::io::Write>(
    archive: &mut tar::Builder<W>,
    state: &Path,
    name: &str,
) -> std::io::Result<usize> {
    let mut count = 0_usize;
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        let path = state.join(&name);
        let Ok(entries) = std::fs::read_dir(&path) else {
            continue;
        };
        let mut names: Vec<_> = entries
            .flatten()
            .map(|entry| (entry.path(), entry.file_name()))
            .collect();
        names.sort();
        for (path, file) in names {
            let inside = format!("{name}/{}", file.to_string_lossy());
            if path.is_dir() {
                open.push(inside);
            } else if !hansa_audit_store::reserve::is_empty(&path) {
                // The log grows meanwhile: what was there at the beginning is copied. All other files are written once.
                let source = File::open(&path)?;
                let size = source.metadata()?.len();
                let mut header = tar::Header::new_gnu();
                header.set_size(size);
                header.set_mode(0o600);
                header.set_cksum();
                let source = std::io::BufReader::new(source.take(size));
                archive.append_data(&mut header, format!("state/{inside}"), source)?;
                count = count.saturating_add(1);
            }
        }
    }
    Ok(count)
}

/// Puts a copy back. A copy whose log is shorter than the one that is here is refused.
///
/// # Errors
/// `LEDGER_ROLLBACK`, `STATE_LOCKED`, or when something can't be read or written.
pub(crate) fn restore_backup(
    config: &ConnectorConfig,
    file: &Path,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let broken =
        |fault: std::io::Error| hansa_files::unwritable_file_refusal(&config.state, &fault);
    let parent = config.state.parent().unwrap_or_else(|| Path::new("."));
    let copy = UnpackedCopy::open(config, file)?;
    let (copied, theirs) = (copy.state_folder(), &copy.log);
    if config.state.join("log").exists() {
        let _lock = hansa_node::participant::startup::lock_state_folder(&config.state)?;
        let ours = offline::verify_copy(&config.state.join("log"), None)?;
        if ours.records > theirs.records {
            return Err(Refusal::new(
                ErrorCode::LedgerRollback,
                format!(
                    "the log here holds {} records and the copy {}: the newer records would be lost",
                    ours.records, theirs.records
                ),
            )
            .with_help("if you want that, first move the state folder away; partners will notice"));
        }
        let aside = parent.join(format!("state-before-restore-{}", random_hex(4)));
        std::fs::rename(&config.state, &aside).map_err(broken)?;
    } else if config.state.exists() {
        let aside = parent.join(format!("state-before-restore-{}", random_hex(4)));
        std::fs::rename(&config.state, &aside).map_err(broken)?;
    }
    std::fs::rename(&copied, &config.state).map_err(broken)?;
    File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(broken)?;
    show.print_report(&RestoreReport {
        restored: true,
        records: theirs.records,
        last_record_at: theirs.span.map(|(_, last)| last),
    });
    Ok(0)
}

/// State that was put back from a copy.
#[derive(Debug, Serialize)]
struct RestoreReport {
    restored: bool,
    /// Records in the log of the copy.
    records: u64,
    last_record_at: Option<UtcTimestamp>,
}

impl CommandReport for RestoreReport {
    fn to_text(&self) -> String {
        format!(
            "the state is that of the copy: {} records in its log, the last of {}\n\
             what came later is not in it: a contract that was ended since then is in force again until it is ended again",
            self.records,
            last_record_text(self.last_record_at)
        )
    }
}

/// The time of the last record of a log, as text for people.
fn last_record_text(last: Option<UtcTimestamp>) -> String {
    last.map_or_else(|| "nothing".to_owned(), |last| last.to_string())
}

/// A copy that was unpacked beside the state, and whose log is whole. It goes with this value unless it is moved away.
#[derive(Debug)]
pub(crate) struct UnpackedCopy {
    scratch: tempfile::TempDir,
    /// What its log holds.
    pub(crate) log: offline::CopyReport,
}

impl UnpackedCopy {
    /// Unpacks a copy, checks its log, and takes out what its log says was erased.
    ///
    /// # Errors
    /// When it is damaged, or can't be read or written.
    pub(crate) fn open(config: &ConnectorConfig, file: &Path) -> Result<Self, Refusal> {
        let broken =
            |fault: std::io::Error| hansa_files::unwritable_file_refusal(&config.state, &fault);
        let parent = config.state.parent().unwrap_or_else(|| Path::new("."));
        let scratch = tempfile::tempdir_in(parent).map_err(broken)?;
        let source =
            File::open(file).map_err(|fault| hansa_files::unreadable_file_refusal(file, &fault))?;
        unpack_archive(source, scratch.path())
            .map_err(|fault| hansa_files::unreadable_file_refusal(file, &fault))?;
        let copied = scratch.path().join("state");
        secure_unpacked_files(&copied).map_err(broken)?;
        let log = offline::verify_copy(&copied.join("log"), None)?;
        erase_again(&copied)?;
        match log.refusal() {
            Some(refusal) => Err(refusal.with_help("the copy is damaged; use another")),
            None => Ok(Self { scratch, log }),
        }
    }

    /// The state folder of the copy.
    pub(crate) fn state_folder(&self) -> PathBuf {
        self.scratch.path().join("state")
    }
}

/// Takes out of a copy whatever its own log says was erased: the copy may have been made between the record and the act.
fn erase_again(copied: &Path) -> Result<(), Refusal> {
    let mut erased = ErasedTexts::default();
    offline::visit_copy(&copied.join("log"), None, &mut erased)?;
    for folder in [SIDE, pseudonyms::FOLDER] {
        if !copied.join(folder).exists() {
            continue;
        }
        let side = ErasableTextStore::open(&copied.join(folder))?;
        let mut held = side.stored_texts()?;
        held.retain(|one| erased.0.contains(&one.commit));
        side.erase_texts(&held)?;
    }
    Ok(())
}

/// What a log says was erased.
#[derive(Default)]
struct ErasedTexts(BTreeSet<Digest>);

impl offline::BundleVisitor for ErasedTexts {
    fn record(&mut self, _record: &Record, body: RecordBody) {
        if let RecordBody::Upkeep(UpkeepBody::Erasure(erasure)) = body {
            let named = erasure.objects.iter();
            self.0
                .extend(named.filter_map(|object| object.parse::<Digest>().ok()));
        }
    }
}

/// Unpacks files and folders, and nothing else: a link would lead what follows to files that are not in the copy.
fn unpack_archive(source: File, to: &Path) -> std::io::Result<()> {
    let mut archive = tar::Archive::new(std::io::BufReader::new(source));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if !(kind.is_file() || kind.is_dir()) || !entry.unpack_in(to)? {
            let what = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            return Err(std::io::Error::other(format!(
                "`{}` is no file or folder of a copy",
                hansa_policy::safe_text::to_printable(&what)
            )));
        }
    }
    Ok(())
}

/// Makes unpacked files readable by the owner alone, and durable.
fn secure_unpacked_files(path: &Path) -> std::io::Result<()> {
    let folder = path.is_dir();
    let mode = if folder { 0o700 } else { 0o600 };
    std::fs::set_permissions(path, Permissions::from_mode(mode))?;
    if folder {
        for entry in std::fs::read_dir(path)? {
            secure_unpacked_files(&entry?.path())?;
        }
    }
    File::open(path)?.sync_all()
}
