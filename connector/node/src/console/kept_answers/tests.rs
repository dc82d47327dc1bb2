//! Tests: an answer is of one person, for its time, and its rows are read by their number.

use super::answer_file::{AnswerFile, AnswerWriter};
use super::{AnswerPhase, KeptAnswerLimits, KeptAnswers, KeptQuestion, LIFE};
use crate::config::person_key::PersonKey;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Int64Array, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use bytes::Bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

const NOW: i64 = 3_000_000;

const MARIA: PersonKey = PersonKey::of_user(1001);
const JONAS: PersonKey = PersonKey::of_user(1002);

fn question(person: &PersonKey) -> KeptQuestion {
    KeptQuestion {
        person: person.clone(),
        sql: "SELECT 1".to_owned(),
        purpose: String::new(),
        is_partial: false,
        at: "2026-11-30T12:00:00Z".parse().unwrap(),
    }
}

fn open(answers: &KeptAnswers, id: &str, person: &PersonKey, ticks: i64) -> Result<(), Refusal> {
    let file = tempfile::tempfile().unwrap();
    answers
        .open(id.to_owned(), question(person), file, ticks)
        .map(|_| ())
}

fn numbers(first: i64, count: i64) -> RecordBatch {
    let column = Int64Array::from_iter_values(first..first + count);
    RecordBatch::try_from_iter([("n", Arc::new(column) as _)]).unwrap()
}

/// Bytes of the stream of a question, one piece a batch, as a command sends them.
fn stream(batches: &[RecordBatch]) -> Vec<Bytes> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    let mut pieces = Vec::new();
    for batch in batches {
        writer.write(batch).unwrap();
        pieces.push(Bytes::from(std::mem::take(writer.get_mut())));
    }
    writer.finish().unwrap();
    pieces.push(Bytes::from(writer.into_inner().unwrap()));
    pieces
}

fn values(batches: &[RecordBatch]) -> Vec<i64> {
    let columns = batches
        .iter()
        .map(|batch| batch.column(0).as_primitive::<Int64Type>());
    columns
        .flat_map(|column| column.values().to_vec())
        .collect()
}

#[test]
fn an_answer_is_found_by_its_person_alone_and_for_its_time() {
    let answers = KeptAnswers::default();
    open(&answers, "a", &MARIA, NOW).unwrap();
    assert!(answers.find("a", &JONAS, NOW).is_none());
    assert!(answers.find("b", &MARIA, NOW).is_none());
    assert!(answers.list(&JONAS, NOW).is_empty());
    // A running answer is kept, however long nobody looks.
    let answer = answers.find("a", &MARIA, NOW + 10 * LIFE).unwrap();
    answer.end(AnswerPhase::Complete, NOW + 10 * LIFE);
    let end = NOW + 10 * LIFE;
    assert!(answers.find("a", &MARIA, end + LIFE - 1).is_some());
    assert!(answers.expire("a", end + 2 * LIFE - 2));
    assert!(!answers.expire("a", end + 2 * LIFE - 1));
    assert!(answers.find("a", &MARIA, end).is_none());
}

#[test]
fn a_person_has_two_answers_and_the_oldest_that_has_ended_gives_way() {
    let answers = KeptAnswers::default();
    open(&answers, "a", &MARIA, NOW).unwrap();
    open(&answers, "b", &MARIA, NOW + 1).unwrap();
    let refusal = open(&answers, "c", &MARIA, NOW + 2).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::TooManyStreams);
    open(&answers, "other", &JONAS, NOW + 2).unwrap();
    let newer = answers.find("b", &MARIA, NOW).unwrap();
    newer.end(AnswerPhase::Stopped, NOW);
    open(&answers, "c", &MARIA, NOW + 3).unwrap();
    let own: Vec<_> = answers
        .list(&MARIA, NOW)
        .iter()
        .map(|a| a.id.clone())
        .collect();
    assert_eq!(own, ["c", "a"]);
    assert_eq!(answers.list(&JONAS, NOW).len(), 1);
}

#[test]
fn an_answer_stays_while_its_file_is_sent_and_its_bytes_count() {
    let answers = KeptAnswers::with_limits(KeptAnswerLimits {
        answers: 2,
        bytes: 1_000,
    });
    open(&answers, "a", &MARIA, NOW).unwrap();
    let answer = answers.find("a", &MARIA, NOW).unwrap();
    let bytes = stream(&[numbers(0, 300)]).remove(0);
    AnswerWriter::default()
        .take_bytes(&answer.rows, bytes)
        .unwrap();
    assert!(answer.rows.bytes() > 1_000, "{}", answer.rows.bytes());
    answer.end(AnswerPhase::Complete, NOW);
    let sent = answers.begin_sending(&answer).unwrap();
    let again = answers.begin_sending(&answer).unwrap_err();
    assert_eq!(again.code, ErrorCode::TooManyStreams);
    // The younger one gives way in its place, and time does not end it.
    open(&answers, "b", &MARIA, NOW + 1).unwrap();
    let younger = answers.find("b", &MARIA, NOW + 1).unwrap();
    younger.end(AnswerPhase::Complete, NOW + 1);
    open(&answers, "c", &MARIA, NOW + 2).unwrap();
    assert!(answers.find("b", &MARIA, NOW + 2).is_none());
    assert!(answers.expire("a", NOW + 10 * LIFE));
    let refusal = open(&answers, "d", &MARIA, NOW + 10 * LIFE).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::TooManyStreams);
    let refusal = answers.check_bytes(&MARIA).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ResourceLimit);
    assert!(answers.check_bytes(&JONAS).is_ok());
    drop(sent);
    assert!(!answers.expire("a", NOW + 20 * LIFE));
    assert!(answers.check_bytes(&MARIA).is_ok());
    // An answer that has given way is not sent any more.
    let gone = answers.begin_sending(&answer).unwrap_err();
    assert_eq!(gone.code, ErrorCode::AnswerUnknown);
}

#[test]
fn a_stream_that_ends_in_the_middle_is_no_whole_answer() {
    let file = AnswerFile::new(tempfile::tempfile().unwrap());
    let whole = stream(&[numbers(0, 300)]).remove(0);
    let mut writer = AnswerWriter::default();
    let cut = whole.slice(..whole.len() - 100);
    writer.take_bytes(&file, cut).unwrap();
    let refusal = writer.finish(&file).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::StreamCut);
    // A question that was stopped keeps the rows that have come.
    writer.write_open_rows(&file).unwrap();
}

#[test]
fn rows_are_read_by_their_number_from_few_pieces() {
    let batches: Vec<_> = (0..40_i64).map(|at| numbers(at * 300, 300)).collect();
    let file = AnswerFile::new(tempfile::tempfile().unwrap());
    let mut writer = AnswerWriter::default();
    let mut pieces = stream(&batches).into_iter();
    assert!(file.schema().is_none());
    assert!(writer.take_bytes(&file, pieces.next().unwrap()).unwrap());
    assert_eq!(file.rows(), 300, "the first rows are there at once");
    for bytes in pieces {
        writer.take_bytes(&file, bytes).unwrap();
    }
    writer.finish(&file).unwrap();
    assert_eq!((file.rows(), file.pieces()), (12_000, 4));
    for (first, count) in [
        (0, 50),
        (299, 2),
        (290, 50),
        (4_490, 50),
        (11_980, 50),
        (12_000, 50),
    ] {
        let end = (first + count).min(12_000);
        let expect: Vec<i64> = (first..end).collect();
        let read = file
            .read_rows(first.unsigned_abs(), count.unsigned_abs())
            .unwrap();
        assert_eq!(values(&read), expect, "{first}");
    }
    let whole: Vec<_> = (0..5).flat_map(|at| file.read_piece(at).unwrap()).collect();
    assert_eq!(values(&whole), (0..12_000).collect::<Vec<i64>>());
    file.clear();
    assert_eq!((file.rows(), file.bytes()), (0, 0));
    assert!(file.read_rows(0, 50).unwrap().is_empty());
}

#[test]
fn an_answer_without_rows_has_its_columns() {
    let file = AnswerFile::new(tempfile::tempfile().unwrap());
    let mut writer = AnswerWriter::default();
    for bytes in stream(&[numbers(0, 0)]) {
        writer.take_bytes(&file, bytes).unwrap();
    }
    writer.finish(&file).unwrap();
    assert_eq!(file.schema().unwrap().field(0).name(), "n");
    assert_eq!((file.rows(), file.pieces()), (0, 0));
}

#[test]
fn an_answer_that_failed_has_no_rows() {
    let answers = KeptAnswers::default();
    open(&answers, "a", &MARIA, NOW).unwrap();
    let answer = answers.find("a", &MARIA, NOW).unwrap();
    let mut writer = AnswerWriter::default();
    for bytes in stream(&[numbers(0, 10)]) {
        writer.take_bytes(&answer.rows, bytes).unwrap();
    }
    let refusal = Refusal::new(ErrorCode::StreamCut, "cut");
    answer.end(AnswerPhase::Failed(Box::new(refusal)), NOW);
    assert_eq!(answer.rows.rows(), 0);
    assert!(matches!(answer.phase(), AnswerPhase::Failed(_)));
}
