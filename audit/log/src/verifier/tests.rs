//! Tests: every change of a copied log is found, and the first bad record is named.

use super::{FaultKind, LogVerifier, VerificationReport};
use crate::digest::Digest;
use crate::note::Checkpoint;
use crate::testing::{
    LOG, NumberedEvidence, sample_ledger, sample_metadata, some_log, stored_lines,
};
use crate::tree::{MerkleTree, leaf_hash};

/// Copy of a log: the bytes of its records, heads over some sizes, and its leaf hashes.
struct CopiedLog {
    bytes: Vec<u8>,
    heads: Vec<Checkpoint>,
    leaves: Vec<Digest>,
}

fn copied(records: &[Vec<u8>], sizes: &[u64]) -> CopiedLog {
    let leaves: Vec<Digest> = records.iter().map(|line| leaf_hash(line)).collect();
    let tree = MerkleTree::of(leaves.iter().copied());
    let heads = sizes
        .iter()
        .map(|size| Checkpoint {
            origin: LOG.to_owned(),
            size: *size,
            root: tree.root(*size).unwrap(),
        })
        .collect();
    CopiedLog {
        bytes: joined(records),
        heads,
        leaves,
    }
}

fn joined(records: &[Vec<u8>]) -> Vec<u8> {
    records
        .iter()
        .flat_map(|line| [line.as_slice(), b"\n"].concat())
        .collect()
}

fn verify(
    bytes: &[u8],
    heads: &[Checkpoint],
    given: &[Checkpoint],
    leaves: &[Digest],
) -> VerificationReport {
    let mut verifier = LogVerifier::new(LOG, heads, given, leaves.to_vec());
    for line in stored_lines(bytes) {
        let _ = verifier.push(&line);
    }
    verifier.finish(bytes.last().is_some_and(|last| *last != b'\n'))
}

/// Verifies the copy with other bytes for its records.
#[track_caller]
fn check(copy: &CopiedLog, bytes: &[u8], index: u64) {
    let found = verify(bytes, &copy.heads, &[], &copy.leaves).fault;
    assert_eq!(
        found.as_ref().map(|fault| fault.index),
        Some(index),
        "{found:?}"
    );
}

#[test]
fn a_good_log() {
    let log = some_log(9);
    for sizes in [&[][..], &[0, 3, 9], &[4], &[9]] {
        let copy = copied(&log, sizes);
        for leaves in [&copy.leaves[..], &copy.leaves[..5], &[]] {
            let report = verify(&copy.bytes, &copy.heads, &[], leaves);
            assert_eq!(report.fault, None);
            assert_eq!(report.records, 9);
            assert_eq!(report.covered, sizes.last().copied().unwrap_or(0));
            assert_eq!(
                report.head.unwrap().root,
                MerkleTree::of(copy.leaves.clone()).root(9).unwrap()
            );
        }
    }
    assert_eq!(verify(&[], &[], &[], &[]).records, 0);
}

#[test]
fn every_flipped_bit_with_leaf_hashes() {
    let log = some_log(6);
    for sizes in [&[][..], &[3], &[2, 6]] {
        let copy = copied(&log, sizes);
        let mut index = 0;
        for place in 0..copy.bytes.len() {
            let mut bytes = copy.bytes.clone();
            bytes[place] ^= 1 << (place % 8);
            check(&copy, &bytes, index);
            index += u64::from(copy.bytes[place] == b'\n');
        }
    }
}

#[test]
fn every_flipped_bit_without_leaf_hashes() {
    let log = some_log(6);
    let copy = CopiedLog {
        leaves: Vec::new(),
        ..copied(&log, &[2, 6])
    };
    let mut index = 0;
    for place in 0..copy.bytes.len() {
        let mut bytes = copy.bytes.clone();
        bytes[place] ^= 1 << (place % 8);
        let fault = verify(&bytes, &copy.heads, &[], &[]).fault.expect("found");
        // The link between the last two records shows that one of them was changed, but not which one.
        let near = fault.index == index || index == 4 && fault.index == 5;
        // An edit of the last record shows at the head alone.
        let at_head = index == 5 && fault.index >= 2;
        assert!(near || at_head, "byte {place} of record {index}: {fault:?}");
        index += u64::from(copy.bytes[place] == b'\n');
    }
}

#[test]
fn deleted_reordered_repeated_cut() {
    let log = some_log(12);
    for sizes in [&[][..], &[5, 12], &[7]] {
        let copy = copied(&log, sizes);
        let bare = CopiedLog {
            leaves: Vec::new(),
            ..copied(&log, &[12])
        };
        for i in 0..12_usize {
            let mut deleted = log.clone();
            deleted.remove(i);
            check(&copy, &joined(&deleted), i as u64);
            check(&bare, &joined(&deleted), i as u64);
            let mut repeated = log.clone();
            repeated.insert(i + 1, log[i].clone());
            check(&copy, &joined(&repeated), i as u64 + 1);
            check(&copy, &joined(&log[..i]), i as u64);
            check(&bare, &joined(&log[..i]), i as u64);
            for j in i + 1..12 {
                let mut swapped = log.clone();
                swapped.swap(i, j);
                check(&copy, &joined(&swapped), i as u64);
                check(&bare, &joined(&swapped), i as u64);
            }
        }
        // Cuts within a record, at every byte of the last two.
        for cut in joined(&log[..10]).len() + 1..copy.bytes.len() {
            let whole = stored_lines(&copy.bytes[..cut]).len() as u64;
            check(&copy, &copy.bytes[..cut], whole);
        }
    }
}

#[test]
fn several_edits_name_the_first() {
    let log = some_log(10);
    let copy = copied(&log, &[10]);
    let edit = |records: &[usize]| {
        let mut edited = log.clone();
        for record in records {
            let text = String::from_utf8(edited[*record].clone()).unwrap();
            edited[*record] = text.replace("boot-1", "boot-9").into_bytes();
        }
        joined(&edited)
    };
    check(&copy, &edit(&[3, 4]), 3);
    check(&copy, &edit(&[8, 2, 9]), 2);
}

#[test]
fn a_log_written_anew_differs_from_its_heads() {
    let log = some_log(10);
    let copy = copied(&log, &[4, 8]);
    // A copy in which record 5 has other content and all later records were linked again.
    let mut other = sample_ledger(crate::testing::MemoryStorage::default());
    for n in 0..10 {
        let _ = other
            .record(
                NumberedEvidence(if n == 5 { 99 } else { n }),
                sample_metadata(n),
            )
            .unwrap();
    }
    let bytes = other.storage_mut().kept.clone();
    check(&copy, &bytes, 5);
    // Without leaf hashes the fault is after the last head that still agrees.
    let report = verify(&bytes, &copy.heads, &[], &[]);
    assert_eq!((report.records, report.covered), (4, 4));
    assert_eq!(
        report.fault.unwrap().what,
        FaultKind::OtherHistory { size: 8 }
    );
    // A forger of the copy rewrites its leaf hashes and heads too, but not the head that a partner has.
    let rewritten = copied(&stored_lines(&bytes), &[4, 8, 10]);
    assert_eq!(
        verify(&bytes, &rewritten.heads, &[], &rewritten.leaves).fault,
        None
    );
    let report = verify(&bytes, &rewritten.heads, &copy.heads, &rewritten.leaves);
    assert_eq!(
        report.fault.unwrap().what,
        FaultKind::OtherHistory { size: 8 }
    );
}

#[test]
fn a_cut_tail_against_the_newest_head() {
    let log = some_log(10);
    let whole = copied(&log, &[4, 7, 10]);
    // Records, heads and leaf hashes are all cut at a head, so the copy is consistent in itself.
    let cut = copied(&log[..7], &[4, 7]);
    assert_eq!(verify(&cut.bytes, &cut.heads, &[], &cut.leaves).fault, None);
    let report = verify(&cut.bytes, &cut.heads, &whole.heads[2..], &cut.leaves);
    let fault = report.fault.unwrap();
    assert_eq!(
        (fault.index, fault.what),
        (7, FaultKind::CutOff { size: 10 })
    );
    // Only the records are cut: the copy's own head, or its leaf hashes, show it.
    check(&whole, &joined(&log[..7]), 7);
    check(&copied(&log, &[4]), &joined(&log[..9]), 9);
}

#[test]
fn damaged_leaf_hashes_accuse_no_record() {
    let log = some_log(10);
    let mut copy = copied(&log, &[4, 10]);
    copy.leaves[6] = leaf_hash(b"x");
    let report = verify(&copy.bytes, &copy.heads, &[], &copy.leaves);
    assert_eq!((report.fault, report.leaves_damaged), (None, true));
}

#[test]
fn sentences() {
    let log = some_log(3);
    let copy = copied(&log, &[3]);
    let fault = |bytes: &[u8]| {
        verify(bytes, &copy.heads, &[], &copy.leaves)
            .fault
            .unwrap()
            .to_string()
    };
    assert_eq!(
        fault(&joined(&log[..2])),
        "record 2 is missing: the log had 3 records"
    );
    assert_eq!(
        fault(&joined(&log[1..])),
        "record 0 is not at its position: record 1 is there"
    );
    assert_eq!(
        fault(&copy.bytes[..copy.bytes.len() - 1]),
        "record 2 is incomplete"
    );
    let text = String::from_utf8(copy.bytes.clone()).unwrap();
    assert_eq!(
        fault(text.replacen("boot-1", "boot-2", 1).as_bytes()),
        "record 0 was edited"
    );
    assert_eq!(
        fault(text.replacen(":{", ": {", 1).as_bytes()),
        "record 0 is damaged: the record is not in its canonical form"
    );
}

#[test]
fn an_older_head_is_held_against_hashes_that_stand_for_records() {
    let log = some_log(12);
    let copy = copied(&log, &[5, 12]);
    let begun = |heads: &[Checkpoint], from: usize| {
        let mut verifier = LogVerifier::new(LOG, heads, &[], copy.leaves.clone());
        let began = verifier.begin_at(from as u64);
        for line in &log[from..] {
            let _ = verifier.push(line);
        }
        (began, verifier.finish(false).fault)
    };
    for from in [5, 7, 11] {
        assert_eq!(begun(&copy.heads, from), (true, None));
    }
    // The newest head is good, and the one before it was signed for another history.
    let mut heads = copy.heads.clone();
    heads[0].root = Digest::of(b"another history");
    for from in [5, 7, 11] {
        let (_, fault) = begun(&heads, from);
        let what = fault.map(|fault| fault.what);
        assert_eq!(
            what,
            Some(FaultKind::OtherHistory { size: 5 }),
            "from {from}"
        );
    }
}

/// Verifies a copy in which these records are past their retention.
fn verify_without(copy: &CopiedLog, records: &[Vec<u8>], gone: &[u64]) -> VerificationReport {
    let mut verifier = LogVerifier::new(LOG, &copy.heads, &[], copy.leaves.clone());
    for (index, line) in (0..).zip(records) {
        if gone.contains(&index) {
            let _ = verifier.skip_record();
        } else {
            let _ = verifier.push(line);
        }
    }
    verifier.finish(false)
}

#[test]
fn leaf_hashes_stand_for_records_whose_time_is_over() {
    let records = some_log(9);
    let copy = copied(&records, &[4, 7]);
    for gone in [&[0][..], &[1, 2], &[0, 3, 5], &[0, 1, 2, 3, 4, 5, 6]] {
        let report = verify_without(&copy, &records, gone);
        assert_eq!((report.fault, report.covered), (None, 7), "{gone:?}");
        assert_eq!(report.records, 9);
    }
    // Only where a signed head covers them, and with the hashes under the head.
    let report = verify_without(&copy, &records, &[7]);
    assert_eq!(
        report.fault.map(|f| (f.index, f.what)),
        Some((7, FaultKind::Gone))
    );
    let mut other = copied(&records, &[4, 7]);
    other.leaves[2] = leaf_hash(b"another record");
    let report = verify_without(&other, &records, &[1, 2]);
    assert!(report.fault.is_some_and(|fault| fault.index <= 4));
    let mut short = copied(&records, &[4, 7]);
    short.leaves.truncate(1);
    let report = verify_without(&short, &records, &[2]);
    assert_eq!(
        report.fault.map(|f| (f.index, f.what)),
        Some((2, FaultKind::Gone))
    );
    // The remaining records are compared with the head as before.
    let mut edited = records.clone();
    let text = String::from_utf8(edited[3].clone()).unwrap();
    edited[3] = text.replace("\"number\":3", "\"number\":4").into_bytes();
    let report = verify_without(&copy, &edited, &[1, 2]);
    assert_eq!(report.fault.map(|fault| fault.index), Some(3));
}

/// A log's owner may sign any record. A record after an expired one must still link to its leaf hash.
#[test]
fn what_follows_an_expired_record_links_to_its_leaf_hash() {
    let mut records = some_log(9);
    for index in 3..records.len() {
        let mut record = crate::record::Record::from_bytes(&records[index]).unwrap();
        record.prev = if index == 3 {
            Digest::of(b"another record")
        } else {
            leaf_hash(&records[index - 1])
        };
        records[index] = record.to_bytes();
    }
    let copy = copied(&records, &[4, 9]);
    let report = verify_without(&copy, &records, &[2]);
    let fault = report.fault.map(|fault| (fault.index, fault.what));
    assert_eq!(fault, Some((3, FaultKind::Edited)));
}
