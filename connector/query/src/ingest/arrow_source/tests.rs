//! Valid and malformed Arrow files.

use crate::ingest::content_kind::ARROW_FILE_MARK;
use crate::ingest::tests::read_lines;
use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, Decimal128Array, DictionaryArray, Int32Array, RecordBatch, StringViewArray,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

fn batch(first: i32) -> RecordBatch {
    let columns: [(&str, ArrayRef); 4] = [
        (
            "n",
            Arc::new(Int32Array::from(vec![Some(first), None, Some(7)])),
        ),
        ("name", Arc::new(StringViewArray::from(vec!["a", "b", "c"]))),
        (
            "kind",
            Arc::new(DictionaryArray::<Int8Type>::from_iter(["x", "y", "x"])),
        ),
        (
            "paid",
            Arc::new(
                Decimal128Array::from(vec![9_007_199_254_740_993, 1, 2])
                    .with_precision_and_scale(18, 2)
                    .unwrap(),
            ),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

enum Layout {
    File,
    Stream,
}

fn written(layout: &Layout, packing: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(packing)
        .unwrap();
    let batches = [batch(1), batch(2)];
    let schema = batches[0].schema();
    let mut bytes = Vec::new();
    match layout {
        Layout::File => {
            let mut writer =
                FileWriter::try_new_with_options(&mut bytes, &schema, options).unwrap();
            batches
                .iter()
                .for_each(|batch| writer.write(batch).unwrap());
            writer.finish().unwrap();
        }
        Layout::Stream => {
            let mut writer =
                StreamWriter::try_new_with_options(&mut bytes, &schema, options).unwrap();
            batches
                .iter()
                .for_each(|batch| writer.write(batch).unwrap());
            writer.finish().unwrap();
        }
    }
    bytes
}

fn rows(bytes: &[u8]) -> Result<Vec<String>, Refusal> {
    read_lines("arrow", bytes)
}

#[test]
fn files_and_streams_are_read_whole() {
    let wanted = [
        "n,name,kind,paid",
        "1: 1,a,x,90071992547409.93",
        "2: ,b,y,0.01",
        "3: 7,c,x,0.02",
        "4: 2,a,x,90071992547409.93",
        "5: ,b,y,0.01",
        "6: 7,c,x,0.02",
    ];
    for layout in [Layout::File, Layout::Stream] {
        for packing in [
            None,
            Some(CompressionType::LZ4_FRAME),
            Some(CompressionType::ZSTD),
        ] {
            assert_eq!(rows(&written(&layout, packing)).unwrap(), wanted);
        }
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    for layout in [Layout::File, Layout::Stream] {
        let whole = written(&layout, Some(CompressionType::LZ4_FRAME));
        for length in 0..whole.len() {
            let refusal = rows(&whole[..length]).unwrap_err();
            assert!(
                refusal.sentence.contains("a.arrow"),
                "{length}: {}",
                refusal.sentence
            );
        }
    }
}

#[test]
fn a_changed_byte_ends_in_rows_or_a_refusal() {
    for layout in [Layout::File, Layout::Stream] {
        let whole = written(&layout, Some(CompressionType::ZSTD));
        for place in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] ^= flip;
                // Any result is accepted; the reader must end within its limits.
                let _ = rows(&bytes);
            }
        }
    }
}

#[test]
fn a_footer_that_lists_another_number_of_batches_is_refused() {
    let whole = written(&Layout::File, None);
    let stream = written(&Layout::Stream, None);
    // Batches of one file with the footer of another file that has none.
    let empty = {
        let mut bytes = Vec::new();
        let mut writer = FileWriter::try_new(&mut bytes, &batch(1).schema()).unwrap();
        writer.finish().unwrap();
        bytes
    };
    let footer_bytes = i32::from_le_bytes(*empty[..empty.len() - 6].last_chunk().unwrap());
    let footer = &empty[empty.len() - 10 - usize::try_from(footer_bytes).unwrap()..];
    let mixed = [ARROW_FILE_MARK, &stream, footer].concat();
    assert!(rows(&whole).is_ok());
    let refusal = rows(&mixed).unwrap_err();
    assert!(
        refusal
            .sentence
            .contains("its footer lists 0 batches, and it has 2"),
        "{}",
        refusal.sentence
    );
}

#[test]
fn a_stream_without_its_end_or_with_more_behind_it_is_refused() {
    let whole = written(&Layout::Stream, None);
    let refusal = rows(&whole[..whole.len() - 8]).unwrap_err();
    assert!(refusal.sentence.contains("its end is missing"));
    let refusal = rows(&[whole.as_slice(), b"more"].concat()).unwrap_err();
    assert!(refusal.sentence.contains("something follows the end"));
}

#[test]
fn a_row_that_is_too_long_ends_the_reading_with_its_line() {
    let long = "x".repeat(20 << 20);
    let names: ArrayRef = Arc::new(StringViewArray::from(vec!["a", &long]));
    let batch = RecordBatch::try_from_iter([("name", names)]).unwrap();
    let mut bytes = Vec::new();
    let mut writer = FileWriter::try_new(&mut bytes, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let refusal = rows(&bytes).unwrap_err();
    assert_eq!(
        refusal.location.as_ref().and_then(|at| at.line),
        Some(2),
        "{refusal}"
    );
    assert!(refusal.help.join(" ").contains("max_row_bytes"));
}

#[test]
fn what_claims_to_unpack_to_more_than_is_read_at_once_is_refused() {
    let whole = written(&Layout::Stream, Some(CompressionType::ZSTD));
    // The Zstandard magic number follows the uncompressed length.
    let mark = whole
        .windows(4)
        .position(|four| four == b"\x28\xb5\x2f\xfd")
        .unwrap();
    let mut bytes = whole;
    bytes[mark - 8..mark].copy_from_slice(&(1_i64 << 40).to_le_bytes());
    let refusal = rows(&bytes).unwrap_err();
    assert!(
        refusal.sentence.contains("takes more than 512 MB"),
        "{refusal}"
    );
}
