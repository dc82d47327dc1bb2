//! A log as a folder of static files in the layout of C2SP tlog-tiles, for general transparency-log tools.
//!
//! `checkpoint` is the signed head, `key` the public keys, `tile/<L>/<N>` the hash tiles and `tile/entries/<N>` the records.
//! All of it is derived from the segments.

use crate::reader::StoredLine;
use crate::{AuditLog, log_dir};
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::tile::{add_entry, list_bundles, list_tiles};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

/// Writes the log under `head` into the folder `to`, which must not exist yet, and returns the number of records.
///
/// # Errors
/// `FILE_EXISTS`, `EVIDENCE_UNAVAILABLE` or `EVIDENCE_BROKEN` when the log can't be read, and the error of a full disk.
pub fn write_tiles(log: &AuditLog, head: &SignedHead, to: &Path) -> Result<u64, Refusal> {
    if to.exists() {
        let shown = to.display();
        let sentence =
            format!("`{shown}` is there already, and tiles go into a folder of their own");
        return Err(Refusal::new(ErrorCode::FileExists, sentence));
    }
    let size = head.checkpoint.size;
    for tile in list_tiles(size) {
        let bytes = log.read_tree(|tree| tile.bytes(tree));
        let bytes = bytes.ok_or_else(|| {
            Refusal::new(
                ErrorCode::EvidenceUnavailable,
                format!("the log has fewer than {size} records"),
            )
        })?;
        write_tile_file(to, &tile.path(), &bytes)?;
    }
    let mut records = log.read(0);
    for (path, _, width) in list_bundles(size) {
        let (mut bytes, mut whole) = (Vec::new(), true);
        for _ in 0..width {
            let record = match records.next_line().transpose()? {
                Some(StoredLine::Record(record)) => record,
                Some(StoredLine::Expired) => {
                    whole = false;
                    continue;
                }
                None => Vec::new(),
            };
            add_entry(&mut bytes, &record).map_err(|length| {
                let sentence = format!("a record of the log has {length} bytes");
                Refusal::new(ErrorCode::EvidenceBroken, sentence)
            })?;
        }
        // Hash tiles are valid without the entries, as in every pruned log.
        if whole {
            write_tile_file(to, &path, &bytes)?;
        }
    }
    let keys = log_dir::read_keys(log.folder())
        .map_err(|error| log_dir::unavailable_log_refusal(log.folder(), &error))?;
    let keys: String = keys.known.iter().map(|key| format!("{key}\n")).collect();
    write_tile_file(to, log_dir::KEY, keys.as_bytes())?;
    // Written last, so that a folder with a checkpoint is complete.
    write_tile_file(to, "checkpoint", head.to_string().as_bytes())?;
    Ok(size)
}

fn write_tile_file(to: &Path, path: &str, bytes: &[u8]) -> Result<(), Refusal> {
    let file = to.join(path);
    let folder = file.parent().unwrap_or(to);
    std::fs::create_dir_all(folder)
        .map_err(|error| hansa_files::unwritable_file_refusal(folder, &error))?;
    std::fs::write(&file, bytes)
        .map_err(|error| hansa_files::unwritable_file_refusal(&file, &error))
}
