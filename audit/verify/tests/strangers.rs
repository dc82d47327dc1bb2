//! Tests: an independent implementation reads a log's tiles, heads and proofs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::messages::FetchedMessagesRecord;
use hansa_audit_log::time::{ClockReading, UtcTimestamp};
use hansa_audit_store::key::LogSigningKey;
use hansa_audit_store::{AuditLog, LogConfig, tiles};
use signed_note::{Note, StandardVerifier, VerifierList};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tlog_tiles::{
    Checkpoint, Error, Hash, Tile, TileHashReader, TileReader, check_record, check_tree,
    prove_record, prove_tree, record_hash,
};

#[derive(Debug)]
struct SampleEvidence(u64);

impl Evidence for SampleEvidence {
    fn to_record_body(&self) -> RecordBody {
        FetchedMessagesRecord {
            peer: "hansa://acme.example".to_owned(),
            number: self.0,
            carried: false,
            refused: None,
        }
        .into()
    }
}

/// Log with this many records.
fn log(folder: &Path, records: u64) -> AuditLog {
    let key = LogSigningKey::create(&folder.join("note.key"), "lindau.example").unwrap();
    let tick = ClockReading {
        wall: UtcTimestamp::from_micros(1_800_000_000_000_000).unwrap(),
        mono_ns: 0,
    };
    let config = LogConfig::new(
        folder.join("log"),
        "lindau.example",
        Arc::new(key),
        Arc::new(move || tick),
        "boot",
    );
    let (log, _) = AuditLog::open(config).unwrap();
    for n in 0..records {
        let _ = log.record_blocking(SampleEvidence(n)).unwrap();
    }
    log.close();
    log
}

/// Tiles of a folder.
struct TileFolder(PathBuf);

impl TileReader for TileFolder {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile: &Tile| {
            // The specification no longer has the height in the path.
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            std::fs::read(self.0.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// Records of an entry bundle.
fn entries(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let [high, low, rest @ ..] = bytes {
        let (record, after) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        found.push(record.to_vec());
        bytes = after;
    }
    found
}

fn theirs(hashes: &[Digest]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(*hash.as_bytes())).collect()
}

#[test]
fn a_stranger_reads_the_tiles() {
    const SIZE: u64 = 600;
    let place = tempfile::tempdir().unwrap();
    let log = log(place.path(), SIZE);
    let out = place.path().join("tiles");
    assert_eq!(tiles::write_tiles(&log, &log.head(), &out).unwrap(), SIZE);
    // Existing files are not overwritten.
    assert!(tiles::write_tiles(&log, &log.head(), &out).is_err());

    let key = std::fs::read_to_string(out.join("key")).unwrap();
    let verifier = StandardVerifier::new(key.trim()).unwrap();
    let note = std::fs::read(out.join("checkpoint")).unwrap();
    let note = Note::from_bytes(&note).unwrap();
    let known = VerifierList::new(vec![Box::new(verifier)]);
    let (good, other) = note.verify(&known).unwrap();
    assert_eq!((good.len(), other.len()), (1, 0));
    let head = Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!(head.origin(), "lindau.example/hansa/evidence");
    assert_eq!(head.size(), SIZE);

    let folder = TileFolder(out.clone());
    let reader = TileHashReader::new(SIZE, *head.hash(), &folder);
    let mut records = Vec::new();
    for name in ["000", "001", "002.p/88"] {
        let bytes = std::fs::read(out.join("tile/entries").join(name)).unwrap();
        records.extend(entries(&bytes));
    }
    assert_eq!(records.len(), 600);
    for (at, record) in (0..).zip(&records) {
        let hash = record_hash(record);
        let proof = prove_record(SIZE, at, &reader).unwrap();
        check_record(&proof, SIZE, *head.hash(), at, hash).unwrap();
        // Other implementations accept the proofs of this log.
        let ours = theirs(&log.inclusion_proof(at, SIZE).unwrap());
        check_record(&ours, SIZE, *head.hash(), at, hash).unwrap();
        assert!(check_record(&ours, SIZE, *head.hash(), (at + 1) % SIZE, hash).is_err());
    }
    // From every earlier size: the tiles lead to the root that the log had then.
    for size in [1, 2, 255, 256, 257, 512, 599] {
        let before = tlog_tiles::tree_hash(size, &reader).unwrap();
        let ours = theirs(&log.consistency_proof(size, SIZE).unwrap());
        check_tree(&ours, SIZE, *head.hash(), size, before).unwrap();
        let proof = prove_tree(SIZE, size, &reader).unwrap();
        assert_eq!(proof, ours, "{size}");
    }
}

#[test]
fn a_tile_that_was_changed_leads_to_another_root() {
    let place = tempfile::tempdir().unwrap();
    let log = log(place.path(), 300);
    let out = place.path().join("tiles");
    tiles::write_tiles(&log, &log.head(), &out).unwrap();
    let tile = out.join("tile/0/000");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[7] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    let folder = TileFolder(out);
    let root = Hash(*log.head().checkpoint.root.as_bytes());
    let reader = TileHashReader::new(300, root, &folder);
    // The second record is proven by the hash of the first one, which was changed.
    let second = entries(&std::fs::read(folder.0.join("tile/entries/000")).unwrap())[1].clone();
    let held = prove_record(300, 1, &reader)
        .is_ok_and(|proof| check_record(&proof, 300, root, 1, record_hash(&second)).is_ok());
    assert!(!held);
}
