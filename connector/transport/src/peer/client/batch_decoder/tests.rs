//! Tests: invalid bytes end an answer and nothing else.

use super::BatchDecoder;
use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray, StringViewArray};
use arrow_flight::{FlightData, SchemaAsIpc};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use std::sync::Arc;

fn sample() -> RecordBatch {
    let rows = 0..300_i32;
    let names: Vec<_> = rows
        .clone()
        .map(|row| (row % 3 > 0).then(|| format!("a long name of row {row}")))
        .collect();
    RecordBatch::try_from_iter([
        (
            "n",
            Arc::new(Int64Array::from_iter_values(rows.clone().map(i64::from)))
                as arrow_array::ArrayRef,
        ),
        (
            "x",
            Arc::new(Float64Array::from_iter_values(rows.map(f64::from))),
        ),
        ("name", Arc::new(StringArray::from(names.clone()))),
        ("view", Arc::new(StringViewArray::from(names))),
    ])
    .unwrap()
}

/// Messages of the schema and of the batch.
fn encoded(compression: Option<CompressionType>) -> (FlightData, FlightData) {
    let batch = sample();
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .unwrap();
    let schema: FlightData = SchemaAsIpc::new(&batch.schema(), &options).into();
    let (_, data) = IpcDataGenerator::default()
        .encode(
            &batch,
            &mut DictionaryTracker::new(false),
            &options,
            &mut IpcWriteContext::default(),
        )
        .unwrap();
    (schema, data.into())
}

const KINDS: [Option<CompressionType>; 3] = [
    None,
    Some(CompressionType::LZ4_FRAME),
    Some(CompressionType::ZSTD),
];

#[test]
fn batches_are_read_whatever_their_compression() {
    for kind in KINDS {
        let (schema, data) = encoded(kind);
        let decoder = BatchDecoder::from_first(&schema).unwrap();
        assert_eq!(decoder.decode_batch(&data).unwrap(), sample(), "{kind:?}");
    }
}

fn with_byte(bytes: &Bytes, at: usize, change: u8) -> Bytes {
    let mut changed = bytes.to_vec();
    changed[at] ^= change;
    changed.into()
}

#[test]
fn no_changed_byte_does_harm() {
    let mut refused = 0;
    for kind in KINDS {
        let (schema, data) = encoded(kind);
        let decoder = BatchDecoder::from_first(&schema).unwrap();
        for change in [0x01, 0x80, 0xff] {
            for at in 0..schema.data_header.len() {
                let mut schema = schema.clone();
                schema.data_header = with_byte(&schema.data_header, at, change);
                // Another schema may be accepted; then its batches must not do harm either.
                match BatchDecoder::from_first(&schema) {
                    Ok(other) => refused += usize::from(other.decode_batch(&data).is_err()),
                    Err(_) => refused += 1,
                }
            }
            for at in 0..data.data_header.len() {
                let mut data = data.clone();
                data.data_header = with_byte(&data.data_header, at, change);
                refused += usize::from(decoder.decode_batch(&data).is_err());
            }
            for at in (0..data.data_body.len()).step_by(7) {
                let mut data = data.clone();
                data.data_body = with_byte(&data.data_body, at, change);
                refused += usize::from(decoder.decode_batch(&data).is_err());
            }
        }
    }
    assert!(refused > 1000, "only {refused} changes were noticed");
}

#[test]
fn a_buffer_that_unpacks_to_more_than_memory_is_refused() {
    let (schema, data) = encoded(Some(CompressionType::ZSTD));
    let decoder = BatchDecoder::from_first(&schema).unwrap();
    let message = arrow_ipc::root_as_message(&data.data_header).unwrap();
    let buffers = message.header_as_record_batch().unwrap().buffers().unwrap();
    let offsets: Vec<_> = buffers
        .iter()
        .filter(|buffer| buffer.length() > 8)
        .map(|buffer| usize::try_from(buffer.offset()).unwrap())
        .collect();
    for size in [1_i64 << 40, 300 * 1024 * 1024, -2, i64::MIN] {
        let mut data = data.clone();
        let mut body = data.data_body.to_vec();
        body[offsets[0]..offsets[0] + 8].copy_from_slice(&size.to_le_bytes());
        data.data_body = body.into();
        let refusal = decoder.decode_batch(&data).unwrap_err();
        assert!(refusal.sentence.contains("lengths"), "{size}: {refusal}");
    }
}

#[test]
fn types_that_do_not_travel_are_refused() {
    for kind in [
        DataType::new_list(DataType::Int64, true),
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        DataType::Struct(vec![Field::new("a", DataType::Int64, true)].into()),
        DataType::FixedSizeBinary(3),
    ] {
        let schema = Schema::new(vec![Field::new("c", kind.clone(), true)]);
        let options = IpcWriteOptions::default();
        let first: FlightData = SchemaAsIpc::new(&schema, &options).into();
        assert!(BatchDecoder::from_first(&first).is_err(), "{kind}");
    }
}
