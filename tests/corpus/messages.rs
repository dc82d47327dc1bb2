//! Messages of an answer, as the targets and their seeds need them.

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_flight::FlightData;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use std::sync::Arc;

fn batch() -> RecordBatch {
    let site: ArrayRef = Arc::new(StringArray::from(vec![Some("Hafen"), None, Some("Insel")]));
    let bikes: ArrayRef = Arc::new(Int64Array::from(vec![Some(310), Some(77), None]));
    RecordBatch::try_from_iter_with_nullable([("site", site, true), ("bikes", bikes, true)])
        .expect("the batch")
}

/// The schema and the rows of an answer.
pub(crate) fn answer(compression: Option<CompressionType>) -> [FlightData; 2] {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .expect("the options");
    let maker = IpcDataGenerator::default();
    let mut dictionaries = DictionaryTracker::new(false);
    let batch = batch();
    let schema =
        maker.schema_to_bytes_with_dictionary_tracker(&batch.schema(), &mut dictionaries, &options);
    let mut context = IpcWriteContext::default();
    let (_, rows) = maker
        .encode(&batch, &mut dictionaries, &options, &mut context)
        .expect("the rows");
    [schema.into(), rows.into()]
}

/// The schema alone.
pub(crate) fn schema() -> FlightData {
    let [schema, _] = answer(None);
    schema
}

/// A message as the target takes it.
#[cfg_attr(
    not(test),
    allow(dead_code, reason = "the seeds are made by the tests")
)]
pub(crate) fn framed(kind: u8, message: &FlightData) -> Vec<u8> {
    let mut bytes = vec![kind];
    let length = u32::try_from(message.data_header.len()).expect("a short header");
    bytes.extend(length.to_le_bytes());
    bytes.extend_from_slice(&message.data_header);
    bytes.extend_from_slice(&message.data_body);
    bytes
}
