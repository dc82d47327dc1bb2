//! Tests of the messages of an answer, their digest and their limits.

use super::frame_encoder::FrameEncoder;
use super::{
    AnswerFrame, AnswerFrames, FrameCompression, QuotaMeter, UnlimitedMeter, stream_answer_frames,
};
use crate::answer::sealed_answer::{SealedAnswer, StreamOutcome};
use crate::execute::cancellation::{CancellationSignal, cancellation_pair, cut_answer_refusal};
use crate::execute::gated_leaf::mutant_gate::GateMutant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use crate::fixture::{FixtureParticipant, format_rows};
use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow_ipc::reader::StreamDecoder;
use async_trait::async_trait;
use datafusion::arrow::buffer::Buffer;
use hansa_audit_log::ledger::Evidence;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use std::collections::VecDeque;
use std::sync::Arc;

/// A city whose rows count `x` from 0. Rows with even `x` are visible; the texts of hidden rows contain SECRET.
fn city(rows: i64, terms: impl IntoIterator<Item = Term>) -> FixtureParticipant {
    let set = build_dataset("numbers", &["x:int", "seen:bool", "t:text?"]);
    let x = Int64Array::from_iter_values(0..rows);
    let seen = BooleanArray::from_iter((0..rows).map(|x| Some(x % 2 == 0)));
    let text = (0..rows).map(|x| match x % 4 {
        0 => Some(format!("text {x}")),
        2 => None,
        _ => Some(format!("SECRET {x}")),
    });
    let columns: Vec<ArrayRef> = vec![
        Arc::new(x),
        Arc::new(seen),
        Arc::new(StringArray::from_iter(text)),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let mut city = FixtureParticipant::new();
    let even = Term::Rows(RowFilter::Compare {
        column: parse_name("seen"),
        op: ComparisonOperator::Eq,
        with: FilterOperand::Literal(PolicyLiteral::Bool(true)),
    });
    city.publish(
        set,
        &batch,
        DatasetFileLayout::default(),
        std::iter::once(even).chain(terms),
    );
    city
}

struct FrameRun {
    frames: Vec<AnswerFrame>,
    failed: Option<Refusal>,
    sealed: SealedAnswer,
}

fn run<M: QuotaMeter>(
    city: &FixtureParticipant,
    sql: &str,
    meter: M,
    packing: FrameCompression,
) -> FrameRun {
    futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let answer = city
            .answer(sql, CancellationSignal::new_idle())
            .await
            .unwrap();
        let mut sending: AnswerFrames<M> = stream_answer_frames(answer, meter, packing);
        let (mut all, mut failed) = (Vec::new(), None);
        while let Some(frame) = sending.next().await {
            match frame {
                Ok(frame) => all.push(frame),
                Err(refusal) => failed = Some(refusal),
            }
        }
        FrameRun {
            frames: all,
            failed,
            sealed: sending.seal().unwrap().0,
        }
    })
}

/// Batches that an Arrow IPC reader decodes from the messages.
fn decode(frames: &[AnswerFrame]) -> Vec<RecordBatch> {
    let mut stream = Vec::new();
    for frame in frames {
        let padded = frame.header.len().next_multiple_of(8);
        stream.extend([0xff; 4]);
        stream.extend(u32::try_from(padded).unwrap().to_le_bytes());
        stream.extend(&frame.header);
        stream.resize(stream.len() + padded - frame.header.len(), 0);
        stream.extend(&frame.body);
    }
    let mut decoder = StreamDecoder::new();
    let mut buffer = Buffer::from(stream);
    let mut batches = Vec::new();
    while !buffer.is_empty() {
        match decoder.decode(&mut buffer).unwrap() {
            Some(batch) => batches.push(batch),
            None => break,
        }
    }
    batches
}

#[test]
fn carries_the_rows_and_no_hidden_byte() {
    let city = city(50_000, []);
    for packing in [
        FrameCompression::Plain,
        FrameCompression::Lz4,
        FrameCompression::Zstd,
    ] {
        let run = run(
            &city,
            "SELECT x, t FROM numbers ORDER BY x",
            UnlimitedMeter,
            packing,
        );
        assert!(run.failed.is_none());
        let rows = format_rows(&decode(&run.frames));
        assert_eq!(rows.len(), 25_000);
        assert_eq!(rows[2], "4|text 4");
        assert_eq!(run.sealed.outcome(), StreamOutcome::Done);
        assert_eq!(run.sealed.delivered_totals().rows, 25_000);
        let bytes: u64 = run.frames.iter().map(AnswerFrame::bytes).sum();
        assert_eq!(run.sealed.delivered_totals().bytes, bytes);
        let mut digest = blake3::Hasher::new();
        for frame in &run.frames {
            digest.update(&frame.header);
            digest.update(&frame.body);
            if packing == FrameCompression::Plain {
                let body = String::from_utf8_lossy(&frame.body);
                assert!(!body.contains("SECRET"));
            }
        }
        let digest = format!("blake3:{}", digest.finalize().to_hex());
        assert_eq!(run.sealed.delivered_totals().digest, digest);
        assert_eq!(run.sealed.to_record_body().kind(), "close");
    }
}

#[test]
fn an_empty_answer_has_a_schema() {
    let run = run(
        &city(10, []),
        "SELECT x FROM numbers WHERE x > 100",
        UnlimitedMeter,
        FrameCompression::Plain,
    );
    assert_eq!((run.frames.len(), run.frames[0].rows), (1, 0));
    assert_eq!(run.sealed.outcome(), StreamOutcome::Done);
}

#[test]
fn too_many_rows_fail_and_are_not_cut_silently() {
    let city = city(100, [Term::ResultRows(20)]);
    let within = run(
        &city,
        "SELECT x FROM numbers LIMIT 20",
        UnlimitedMeter,
        FrameCompression::Plain,
    );
    assert!(within.failed.is_none());
    let beyond = run(
        &city,
        "SELECT x FROM numbers LIMIT 21",
        UnlimitedMeter,
        FrameCompression::Plain,
    );
    let refusal = beyond.failed.unwrap();
    assert_eq!(refusal.code, ErrorCode::ResultTooLarge);
    assert_eq!(refusal.clause.unwrap().to_string(), "#c2");
    assert_eq!(
        beyond.sealed.outcome(),
        StreamOutcome::Failed(ErrorCode::ResultTooLarge)
    );
    assert_eq!(beyond.sealed.delivered_totals().rows, 0);
}

/// Meter that permits a fixed number of rows.
struct RowCountMeter(u64);

#[async_trait]
impl QuotaMeter for RowCountMeter {
    async fn reserve(&mut self, rows: u64, _: u64) -> Result<(), Refusal> {
        self.0 = self
            .0
            .checked_sub(rows)
            .ok_or_else(|| Refusal::new(ErrorCode::QuotaRows, "the rows are used up"))?;
        Ok(())
    }
}

#[test]
fn nothing_leaves_that_was_not_reserved() {
    let city = city(50_000, []);
    let run = run(
        &city,
        "SELECT x FROM numbers",
        RowCountMeter(20_000),
        FrameCompression::Plain,
    );
    assert_eq!(run.failed.unwrap().code, ErrorCode::QuotaRows);
    let sent: u64 = run.frames.iter().map(|frame| frame.rows).sum();
    assert_eq!(run.sealed.delivered_totals().rows, sent);
    assert!(sent <= 20_000 && sent > 0, "{sent}");
}

#[test]
fn ends_when_the_watch_does() {
    let city = city(500_000, []);
    futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let (stop, watch) = cancellation_pair();
        let answer = city.answer("SELECT * FROM numbers", watch).await.unwrap();
        let mut sending = stream_answer_frames(answer, UnlimitedMeter, FrameCompression::Plain);
        sending.next().await.unwrap().unwrap();
        sending.next().await.unwrap().unwrap();
        stop.stop(cut_answer_refusal(ErrorCode::Withdrawn));
        // Messages that are already encoded may still be sent; the stream ends after them.
        let mut last = None;
        while let Some(frame) = sending.next().await {
            last = Some(frame);
        }
        assert_eq!(last.unwrap().unwrap_err().code, ErrorCode::Withdrawn);
        let (sealed, _) = sending.seal().unwrap();
        assert_eq!(sealed.outcome(), StreamOutcome::Cut(ErrorCode::Withdrawn));
        assert!(sealed.delivered_totals().rows < 100_000);
    });
}

#[test]
fn an_asker_that_goes_away_cancels() {
    let city = city(500_000, []);
    futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let answer = city
            .answer("SELECT * FROM numbers", CancellationSignal::new_idle())
            .await
            .unwrap();
        let mut sending = stream_answer_frames(answer, UnlimitedMeter, FrameCompression::Plain);
        sending.next().await.unwrap().unwrap();
        let (sealed, _) = sending.seal().unwrap();
        assert_eq!(sealed.outcome(), StreamOutcome::Cancelled);
        assert_eq!(sealed.delivered_totals().rows, 0);
    });
}

#[test]
fn a_fallen_question_is_not_a_complete_one() {
    let mut city = city(50_000, []);
    city.remove_protection(GateMutant::Falls);
    for sql in ["SELECT x, t FROM numbers", "SELECT sum(x) FROM numbers"] {
        let run = run(&city, sql, UnlimitedMeter, FrameCompression::Plain);
        assert_eq!(run.failed.unwrap().code, ErrorCode::Internal, "{sql}");
        assert_eq!(
            run.sealed.outcome(),
            StreamOutcome::Failed(ErrorCode::Internal)
        );
    }
}

/// Slices and kernels can leave bits of other rows in the bitmaps of a batch.
#[test]
fn a_message_holds_no_bit_of_another_row() {
    let among = |before: &[bool], after: &[bool]| -> RecordBatch {
        let rows = [Some(true), None, Some(false), Some(true), None];
        let around = |side: &[bool]| side.iter().map(|bit| Some(*bit)).collect::<Vec<_>>();
        let whole = [around(before), rows.to_vec(), around(after)].concat();
        let flags = BooleanArray::from(whole.clone());
        let sure = BooleanArray::from_iter(whole.iter().map(|one| Some(one.unwrap_or(true))));
        let numbers = Int64Array::from_iter(whole.iter().map(|one| one.map(|_| 7)));
        let columns: [(&str, ArrayRef); 3] = [
            ("flags", Arc::new(flags)),
            ("sure", Arc::new(sure)),
            ("numbers", Arc::new(numbers)),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, column)| (name, column, true)),
        );
        batch.unwrap().slice(before.len(), rows.len())
    };
    let sent = |batch: &RecordBatch| {
        let mut queue = VecDeque::new();
        FrameEncoder::new(FrameCompression::Plain)
            .encode_rows(batch, &mut queue)
            .unwrap();
        let frames = queue
            .iter()
            .map(|one| (one.header.clone(), one.body.clone()));
        frames.collect::<Vec<_>>()
    };
    let expected = sent(&among(&[], &[]));
    for before in [0, 1, 3, 8, 11, 16] {
        for bits in [false, true] {
            let batch = among(&vec![bits; before], &[!bits; 9]);
            assert_eq!(batch, among(&[], &[]));
            assert_eq!(sent(&batch), expected, "{before} {bits}");
        }
    }
}
