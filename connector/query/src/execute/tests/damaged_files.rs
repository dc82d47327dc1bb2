//! Files with one changed byte: a question is refused, or its answer does not change.

use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use crate::snapshot::Snapshot;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const QUESTIONS: [&str; 4] = [
    "SELECT count(*), sum(n), sum(x), min(t), max(t) FROM t",
    "SELECT n, x, t FROM t WHERE n = 31777",
    "SELECT count(*) FROM t",
    "SELECT t, count(*), sum(n) FROM t GROUP BY t ORDER BY t",
];

fn city(folder_of: &str) -> FixtureParticipant {
    let set = build_dataset(folder_of, &["n:int", "x:float", "t:text"]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(0..60_000)),
        Arc::new(Float64Array::from_iter_values(
            (0..60_000).map(|n| f64::from(n * 7919 % 10_007) / 8.0),
        )),
        Arc::new(StringArray::from_iter_values(
            (0..60_000).map(|n| format!("site {}", n % 97)),
        )),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let mut city = FixtureParticipant::new();
    let layout = DatasetFileLayout {
        files: 2,
        row_group: 8_000,
        ..DatasetFileLayout::default()
    };
    city.publish(set, &batch, layout, []);
    city
}

/// Writes a file with another modification time. Two writes within one clock tick of the file system would look alike.
fn written(path: &Path, bytes: &[u8], tick: &mut u64) {
    *tick += 1;
    std::fs::write(path, bytes).unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(*tick);
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(at)
        .unwrap();
}

fn all(city: &FixtureParticipant) -> Vec<Result<Vec<String>, Refusal>> {
    QUESTIONS.iter().map(|sql| city.query_rows(sql)).collect()
}

fn held(city: &FixtureParticipant) -> Arc<Snapshot> {
    Arc::clone(city.holdings.values().next().unwrap())
}

#[test]
fn no_question_is_answered_from_other_bytes_than_were_published() {
    let city = city("t");
    let good: Vec<Vec<String>> = all(&city).into_iter().map(Result::unwrap).collect();
    let (mut tick, mut refused) = (0, 0);
    for file in city.files("t") {
        let whole = std::fs::read(&file).unwrap();
        let size = whole.len();
        assert!(size > 300_000, "{size}");
        let last = (1..=40).map(|back| size - back * 13);
        for at in (0..size).step_by(size / 40).chain(last) {
            let mut other = whole.clone();
            other[at] ^= 1 << (at % 8);
            written(&file, &other, &mut tick);
            for (found, good) in all(&city).iter().zip(&good) {
                match found {
                    Ok(rows) => assert_eq!(rows, good, "byte {at}"),
                    Err(refusal) => {
                        assert_eq!(
                            refusal.code,
                            ErrorCode::SnapshotDamaged,
                            "byte {at}: {refusal}"
                        );
                        refused += 1;
                    }
                }
            }
            // After the first detection the damage stays known, whatever part a question reads.
            held(&city).verify().unwrap_err();
            for found in all(&city) {
                assert_eq!(found.unwrap_err().code, ErrorCode::SnapshotDamaged);
            }
            written(&file, &whole, &mut tick);
            held(&city).verify().unwrap();
            assert_eq!(city.query_rows(QUESTIONS[2]).unwrap(), good[2]);
        }
        // Truncated file, and missing file.
        written(&file, &whole[..size - 1], &mut tick);
        for found in all(&city) {
            assert!(found.is_err());
        }
        std::fs::remove_file(&file).unwrap();
        for found in all(&city) {
            assert!(found.is_err());
        }
        written(&file, &whole, &mut tick);
        held(&city).verify().unwrap();
        let again: Vec<Vec<String>> = all(&city).into_iter().map(Result::unwrap).collect();
        assert_eq!(again, good);
    }
    assert!(refused > 150, "{refused}");
}

/// Folder name with characters that have a special meaning in a URL.
#[test]
fn files_are_found_whatever_their_folder_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("ä #~%20 [x] {y}?");
    std::fs::create_dir(&odd).unwrap();
    let mut city = city("t");
    let files: Vec<_> = city
        .files("t")
        .iter()
        .map(|file| {
            let to = odd.join(file.file_name().unwrap());
            std::fs::copy(file, &to).unwrap();
            to
        })
        .collect();
    let good = city.query_rows(QUESTIONS[0]).unwrap();
    let before = held(&city);
    let moved = Snapshot::of_files(before.dataset.clone(), files, before.digest);
    city.holdings
        .insert(before.dataset.id.clone(), Arc::new(moved));
    assert_eq!(city.query_rows(QUESTIONS[0]).unwrap(), good);
}
