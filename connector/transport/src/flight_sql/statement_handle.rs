//! Handle of a statement: it contains the statement itself, since no session is kept.
//!
//! A handle gives no right: its author could have sent the statement. Its bytes are untrusted, and are read like the answer of a
//! peer.

use crate::peer::client::batch_decoder::BatchDecoder;
use arrow_array::RecordBatch;
use arrow_flight::utils::batches_to_flight_data;
use arrow_flight::{FlightData, SchemaAsIpc};
use arrow_ipc::writer::IpcWriteOptions;
use arrow_schema::{ArrowError, SchemaRef};
use bytes::Bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use prost::Message;
use std::sync::Arc;

/// Statement with its bound parameters, if any.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StatementHandle {
    /// SQL text.
    pub(super) sql: String,
    /// Single row of its parameters.
    pub(super) parameters: Option<RecordBatch>,
    /// Columns of the answer when it was planned.
    pub(super) columns: SchemaRef,
}

#[derive(Clone, PartialEq, Message)]
struct HandleMessage {
    #[prost(string, tag = "1")]
    sql: String,
    /// Schema and one batch, or empty.
    #[prost(message, repeated, tag = "2")]
    parameters: Vec<FlightData>,
    /// Schema of the answer.
    #[prost(message, optional, tag = "3")]
    columns: Option<FlightData>,
}

impl StatementHandle {
    /// Bytes of the handle.
    ///
    /// # Errors
    /// `INTERNAL` when Arrow can't write them.
    pub(super) fn encode(&self) -> Result<Bytes, Refusal> {
        let failed = |cause: ArrowError| {
            Refusal::new(ErrorCode::Internal, "a statement can't be written").caused_by(cause)
        };
        let parameters = match &self.parameters {
            Some(row) => {
                batches_to_flight_data(&row.schema(), vec![row.clone()]).map_err(failed)?
            }
            None => Vec::new(),
        };
        let options = IpcWriteOptions::default();
        let message = HandleMessage {
            sql: self.sql.clone(),
            parameters,
            columns: Some(SchemaAsIpc::new(&self.columns, &options).into()),
        };
        Ok(message.encode_to_vec().into())
    }

    /// Parses a handle sent by a client.
    ///
    /// # Errors
    /// `USAGE` when the bytes are not a handle.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let invalid = |cause: Refusal| unreadable_handle_refusal().caused_by(cause.sentence);
        let message = HandleMessage::decode(bytes)
            .map_err(|cause| unreadable_handle_refusal().caused_by(cause))?;
        let columns = message.columns.ok_or_else(unreadable_handle_refusal)?;
        let columns = BatchDecoder::from_first(&columns).map_err(invalid)?;
        let parameters = match message.parameters.as_slice() {
            [] => None,
            [schema, row] => {
                let decoder = BatchDecoder::from_first(schema).map_err(invalid)?;
                Some(decoder.decode_batch(row).map_err(invalid)?)
            }
            _ => return Err(unreadable_handle_refusal()),
        };
        Ok(Self {
            sql: message.sql,
            parameters,
            columns: Arc::clone(columns.schema()),
        })
    }
}

fn unreadable_handle_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::UsageWrong,
        "the handle of a statement is none of this connector",
    )
    .with_help("prepare the statement again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int64Array, StringArray};
    use arrow_schema::{DataType, Field, Schema};
    use hansa_test_support::property_cases::seed;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    #[test]
    fn a_handle_is_read_as_it_was_written_and_everything_else_is_refused() {
        let columns = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        let row = RecordBatch::try_new(
            Arc::clone(&columns),
            vec![Arc::new(Int64Array::from(vec![Some(7)]))],
        )
        .unwrap();
        for parameters in [None, Some(row)] {
            let handle = StatementHandle {
                sql: "SELECT n FROM munster.counts WHERE n > ?".to_owned(),
                parameters,
                columns: Arc::clone(&columns),
            };
            let bytes = handle.encode().unwrap();
            assert_eq!(StatementHandle::decode(&bytes).unwrap(), handle);
            // A truncated handle is invalid.
            for end in 0..bytes.len() {
                assert!(StatementHandle::decode(&bytes[..end]).is_err(), "{end}");
            }
        }
        assert!(StatementHandle::decode(b"0123456789").is_err());
    }

    /// A handle with changed bytes is another statement or invalid, and affects only its call.
    #[test]
    fn forged_handles_end_well() {
        let mut random = StdRng::seed_from_u64(seed("HANSA_PROPERTY_SEED"));
        let columns = Arc::new(Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new("t", DataType::Utf8, true),
        ]));
        let row = RecordBatch::try_new(
            Arc::clone(&columns),
            vec![
                Arc::new(Int64Array::from(vec![Some(7)])),
                Arc::new(StringArray::from(vec![Some("seven")])),
            ],
        )
        .unwrap();
        let handle = StatementHandle {
            sql: "SELECT n FROM munster.counts".to_owned(),
            parameters: Some(row),
            columns,
        };
        let bytes = handle.encode().unwrap();
        for _ in 0..20_000 {
            let mut forged = bytes.to_vec();
            for _ in 0..random.random_range(1..4) {
                let place = random.random_range(0..forged.len());
                forged[place] = match random.random_range(0..3) {
                    0 => forged[place] ^ (1 << random.random_range(0..8)),
                    1 => 0xff,
                    _ => random.random(),
                };
            }
            if let Err(refusal) = StatementHandle::decode(&forged) {
                assert_eq!(refusal.code, ErrorCode::UsageWrong, "{refusal}");
            }
        }
    }
}
