//! Tests: texts are stored, found and erased.

use super::{ErasableTextStore, KEYS, OBJECTS, text_commitment};
use hansa_audit_log::time::UtcTimestamp;

/// After a loss of power the file of keys may be shorter than the file of texts.
#[test]
fn no_number_is_used_twice() {
    let dir = tempfile::tempdir().unwrap();
    let at = UtcTimestamp::from_micros(1_800_000_000_000_000).unwrap();
    let keep = |side: &ErasableTextStore, n: u8| {
        let _held = side
            .store_text(at, [n; 16], &format!("SELECT {n}"))
            .unwrap();
    };
    let commit = |n: u8| text_commitment(&[n; 16], &format!("SELECT {n}"));
    let side = ErasableTextStore::open(dir.path()).unwrap();
    (0..5).for_each(|n| keep(&side, n));
    drop(side);
    let keys = std::fs::OpenOptions::new()
        .write(true)
        .open(dir.path().join(KEYS))
        .unwrap();
    keys.set_len(64).unwrap();
    let side = ErasableTextStore::open(dir.path()).unwrap();
    (5..8).for_each(|n| keep(&side, n));
    for n in [0, 1, 5, 6, 7] {
        let text = side.text_of(commit(n)).unwrap();
        assert_eq!(text, Some(format!("SELECT {n}")), "{n}");
    }
    for n in 2..5 {
        assert_eq!(side.text_of(commit(n)).unwrap(), None, "{n}");
    }
}

#[test]
fn an_erased_text_is_gone_and_the_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let at = |n: i64| UtcTimestamp::from_micros(1_800_000_000_000_000 + n).unwrap();
    let side = ErasableTextStore::open(dir.path()).unwrap();
    for n in 0..5_u8 {
        side.store_text(
            at(i64::from(n)),
            [n; 16],
            &format!("SELECT 'Ida Boy-Ed {n}'"),
        )
        .unwrap();
    }
    let commit = |n: u8| text_commitment(&[n; 16], &format!("SELECT 'Ida Boy-Ed {n}'"));
    let text = |side: &ErasableTextStore, n: u8| side.text_of(commit(n)).unwrap();
    assert_eq!(text(&side, 3).as_deref(), Some("SELECT 'Ida Boy-Ed 3'"));
    let stored = || {
        let files = [KEYS, OBJECTS].map(|name| std::fs::read(dir.path().join(name)).unwrap());
        files.concat()
    };
    let contains = |wanted: &[u8]| stored().windows(wanted.len()).any(|part| part == wanted);
    assert!(!contains(b"Boy-Ed"), "nothing stands here in the clear");
    let key = std::fs::read(dir.path().join(KEYS)).unwrap()[96..128].to_vec();
    assert!(contains(&key));
    let held = side.stored_texts().unwrap();
    assert_eq!(held.len(), 5);
    assert_eq!(held[3].at, at(3));
    side.erase_texts(&held[3..4]).unwrap();
    assert_eq!(text(&side, 3), None);
    assert!(!contains(&key));
    // In a later run, after a crash in the middle of a line.
    drop(side);
    let path = dir.path().join(OBJECTS);
    let mut torn = std::fs::read(&path).unwrap();
    torn.extend(b"{\"n\":9,");
    std::fs::write(&path, torn).unwrap();
    let side = ErasableTextStore::open(dir.path()).unwrap();
    side.store_text(at(9), [9; 16], "SELECT 9").unwrap();
    assert_eq!(
        side.text_of(text_commitment(&[9; 16], "SELECT 9"))
            .unwrap()
            .as_deref(),
        Some("SELECT 9")
    );
    assert_eq!(side.stored_texts().unwrap().len(), 5);
    for n in [0, 1, 2, 4] {
        assert!(text(&side, n).is_some());
    }
    // Another text in its place is not accepted.
    let changed = std::fs::read_to_string(&path).unwrap();
    let swapped = changed.replace(&commit(0).to_string(), &commit(7).to_string());
    std::fs::write(&path, swapped).unwrap();
    assert!(side.text_of(commit(7)).is_err());
}
