//! Limits of a question for memory, time and threads. Oversized questions are refused, while others are still served.

use crate::answer::frames::{FrameCompression, UnlimitedMeter, stream_answer_frames};
use crate::execute::cancellation::{CancellationSignal, cancellation_pair, cut_answer_refusal};
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn build_city(rows: i64) -> FixtureParticipant {
    let set = build_dataset("t", &["x:int"]);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(0..rows))];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let mut city = FixtureParticipant::new();
    city.publish(
        set,
        &batch,
        DatasetFileLayout {
            row_group: 1 << 20,
            ..DatasetFileLayout::default()
        },
        [],
    );
    city
}

/// Reads the answer to its end. Returns the row count and the peak of reserved memory.
fn drain_answer(city: &FixtureParticipant, sql: &str) -> Result<(u64, usize), Refusal> {
    futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let mut answer = city.answer(sql, CancellationSignal::new_idle()).await?;
        let mut rows = 0;
        while let Some(batch) = answer.next().await {
            rows += u64::try_from(batch?.num_rows()).unwrap();
        }
        Ok((rows, answer.peak_memory()))
    })
}

#[test]
fn a_long_answer_streams_in_bounded_memory() {
    let mut city = build_city(2_000);
    city.limits.memory = 8 << 20;
    let (rows, peak) = drain_answer(&city, "SELECT a.x, b.x y FROM t a CROSS JOIN t b").unwrap();
    assert_eq!(rows, 4_000_000);
    assert!(peak < 4 << 20, "{peak} bytes");
    assert_eq!(city.runtime().memory_used(), 0);
}

/// Run with `cargo heavy -- --ignored --nocapture hundred_million`.
#[test]
#[ignore = "long"]
fn a_hundred_million_rows_stream_in_bounded_memory() {
    let mut city = build_city(10_000);
    city.limits.memory = 8 << 20;
    city.limits.time = Duration::from_secs(3_600);
    let (before, started) = (resident_bytes(), Instant::now());
    // The rows are encoded as messages, as in production, and no message is kept.
    let (rows, bytes, most) = futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let sql = "SELECT a.x, b.x y FROM t a CROSS JOIN t b";
        let answer = city
            .answer(sql, CancellationSignal::new_idle())
            .await
            .unwrap();
        let mut frames = stream_answer_frames(answer, UnlimitedMeter, FrameCompression::Lz4);
        let (mut rows, mut bytes, mut most) = (0, 0, 0);
        while let Some(frame) = frames.next().await {
            let frame = frame.unwrap();
            rows += frame.rows;
            bytes += frame.bytes();
            most = most.max(resident_bytes());
        }
        (rows, bytes, most)
    });
    let grown = most.saturating_sub(before);
    println!(
        "{rows} rows in {} MiB, {:?}: {} MiB more in memory at most",
        bytes >> 20,
        started.elapsed(),
        grown >> 20
    );
    assert_eq!(rows, 100_000_000);
    assert!(grown < 128 << 20, "{grown} bytes more in memory");
    assert_eq!(city.runtime().memory_used(), 0);
}

/// Resident memory of this process, in bytes.
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn what_does_not_fit_spills_or_is_refused() {
    let mut city = build_city(300_000);
    city.limits.memory = 24 << 20;
    // The data exceeds the memory limit, so the sort spills to disk.
    let (rows, _) = drain_answer(&city, "SELECT x, -x y, x*2 z, x*3 w FROM t ORDER BY y").unwrap();
    assert_eq!(rows, 300_000);
    city.limits.memory = 1 << 20;
    let refusal =
        drain_answer(&city, "SELECT count(*) FROM t a JOIN t b ON a.x = b.x").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{refusal}");
    assert_eq!(city.runtime().memory_used(), 0);
}

/// The build side of a join is concatenated from its batches, which exist until that is done, so both copies are counted. A join
/// without memory ends; the engine would read the side a second time and, over several partitions, return rows twice.
#[test]
fn a_join_counts_both_copies_of_the_side_that_it_builds() {
    let mut city = build_city(300_000);
    let joins = [
        "SELECT max(a.x + b.x) FROM t a CROSS JOIN (SELECT x FROM t LIMIT 1) b",
        "SELECT count(*) FROM t a JOIN (SELECT x FROM t LIMIT 1) b ON a.x + b.x < 0",
        "SELECT count(*) FROM t a LEFT JOIN (SELECT x FROM t LIMIT 1) b ON a.x + b.x < 0",
    ];
    for partitions in [1, 3] {
        city.limits.partitions = partitions;
        // One copy fits in memory, two do not.
        city.limits.memory = 4 << 20;
        for sql in joins {
            let refusal = drain_answer(&city, sql).expect_err(sql);
            assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{sql}: {refusal}");
        }
        assert_eq!(city.runtime().memory_used(), 0);
        city.limits.memory = 16 << 20;
        for sql in joins {
            assert_eq!(drain_answer(&city, sql).expect(sql).0, 1);
        }
        assert_eq!(city.runtime().memory_used(), 0);
    }
}

/// A count of all pairs needs no column, so its join keeps millions of batches without columns.
#[test]
fn a_join_counts_batches_without_columns() {
    let mut city = build_city(300_000);
    city.limits.memory = 4 << 20;
    city.limits.time = Duration::from_secs(3_600);
    let refusal = drain_answer(&city, "SELECT count(*) FROM t a, t b, t c").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{refusal}");
    assert_eq!(city.runtime().memory_used(), 0);
}

#[test]
fn a_window_keeps_no_more_than_its_memory() {
    let mut city = build_city(1_000);
    city.limits.memory = 4 << 20;
    // One million numbers, all of which are kept.
    for sql in [
        "SELECT sum(a.x) OVER () FROM t a CROSS JOIN t b",
        "SELECT sum(a.x) OVER (ORDER BY a.x ROWS BETWEEN 9000000 PRECEDING AND CURRENT ROW) FROM t a CROSS JOIN t b",
        "SELECT lag(a.x, 9000000) OVER () FROM t a CROSS JOIN t b",
        "SELECT lag(a.x, 9000000) OVER (ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) FROM t a CROSS JOIN t b",
        "SELECT max(s) FROM (SELECT ntile(4) OVER () s FROM t a CROSS JOIN t b) w",
    ] {
        let refusal = drain_answer(&city, sql).expect_err(sql);
        assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{sql}: {refusal}");
    }
    assert_eq!(city.runtime().memory_used(), 0);
    // Rows that pass through are held for a moment only.
    for sql in [
        "SELECT row_number() OVER () FROM t a CROSS JOIN t b",
        "SELECT lag(a.x) OVER () FROM t a CROSS JOIN t b",
        "SELECT avg(a.x) OVER (ROWS BETWEEN 9 PRECEDING AND 9 FOLLOWING) FROM t a CROSS JOIN t b",
    ] {
        let (rows, _) = drain_answer(&city, sql).expect(sql);
        assert_eq!(rows, 1_000_000, "{sql}");
    }
    city.limits.memory = 64 << 20;
    let (rows, _) = drain_answer(&city, "SELECT sum(x) OVER (ORDER BY x) FROM t").unwrap();
    assert_eq!(rows, 1_000);
    // Only one of several consecutive groups is kept.
    city.limits.memory = 24 << 20;
    let groups = "SELECT sum(b.x) OVER (PARTITION BY a.x ORDER BY b.x) FROM t a CROSS JOIN t b";
    let (rows, _) = drain_answer(&city, groups).expect(groups);
    assert_eq!(rows, 1_000_000);
    let whole = groups.replace("PARTITION BY a.x", "PARTITION BY a.x - a.x");
    let refusal = drain_answer(&city, &whole).expect_err(&whole);
    assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{refusal}");
}

#[test]
fn bombs_end_in_time_and_others_are_served() {
    let mut city = build_city(30_000);
    city.limits.time = Duration::from_secs(2);
    let bombs = [
        "SELECT count(*) FROM t a, t b, t c WHERE a.x + b.x + c.x = -1",
        "SELECT count(*) FROM t a JOIN t b ON a.x * b.x < -1",
        "SELECT count(*) FROM t a CROSS JOIN t b CROSS JOIN t c",
    ];
    std::thread::scope(|scope| {
        let running: Vec<_> = bombs
            .iter()
            .map(|sql| {
                let city = &city;
                scope.spawn(move || drain_answer(city, sql))
            })
            .collect();
        assert_eq!(city.query_rows("SELECT max(x) FROM t").unwrap(), ["29999"]);
        for (bomb, sql) in running.into_iter().zip(bombs) {
            let refusal = bomb.join().unwrap().expect_err(sql);
            assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{sql}: {refusal}");
        }
    });
    assert_eq!(city.query_rows("SELECT min(x) FROM t").unwrap(), ["0"]);
}

#[test]
fn a_withdrawal_ends_a_busy_question() {
    let city = build_city(30_000);
    futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let (stop, watch) = cancellation_pair();
        let mut answer = city
            .answer("SELECT count(*) FROM t a JOIN t b ON a.x * b.x < -1", watch)
            .await
            .unwrap();
        stop.stop(cut_answer_refusal(ErrorCode::Withdrawn));
        let refusal = answer.next().await.unwrap().unwrap_err();
        assert_eq!(refusal.code, ErrorCode::Withdrawn);
        assert!(answer.next().await.is_none());
    });
}

#[test]
fn distinct_texts_spill_or_are_refused() {
    let set = build_dataset("t", &["id:int", "s:text"]);
    let texts = (0..1_000).map(|at| format!("row {at} with some text behind it"));
    let batch = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(Int64Array::from_iter_values(0..1_000)) as ArrayRef,
            Arc::new(arrow_array::StringArray::from_iter_values(texts)),
        ],
    )
    .unwrap();
    let mut city = FixtureParticipant::new();
    city.publish(set, &batch, DatasetFileLayout::default(), []);
    let mut refused = 0;
    for (memory, spill) in [(4 << 20, 4 << 20), (8 << 20, 8 << 20), (256 << 20, 1)] {
        city.limits.memory = memory;
        city.limits.spill = spill;
        for sql in [
            "SELECT count(*) FROM (SELECT DISTINCT a.s x, b.s y FROM t a CROSS JOIN t b) w",
            "SELECT count(DISTINCT a.s || b.s) FROM t a CROSS JOIN t b",
            "SELECT x FROM (SELECT a.s || b.s x FROM t a CROSS JOIN t b) w ORDER BY x LIMIT 1 OFFSET 900000",
        ] {
            match drain_answer(&city, sql) {
                Ok((rows, _)) => assert_eq!(rows, 1, "{sql}"),
                Err(refusal) => {
                    refused += 1;
                    assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{sql}: {refusal}");
                }
            }
        }
        assert_eq!(city.runtime().memory_used(), 0);
    }
    assert!(refused > 2, "{refused}");
}
