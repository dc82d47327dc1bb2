//! The handle of a statement: the statement itself, since no session is kept.
//!
//! It carries no right. Whoever makes one up could have sent the same text.

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use bytes::Bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use prost::Message;
use std::io::Cursor;
use std::sync::Arc;

/// A statement, with its parameters where they were bound.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StatementHandle {
    /// Its text.
    pub(super) sql: String,
    /// The one row of its parameters.
    pub(super) parameters: Option<RecordBatch>,
    /// The columns that its answer had when it was planned.
    pub(super) columns: SchemaRef,
}

#[derive(Clone, PartialEq, Message)]
struct HandleMessage {
    #[prost(string, tag = "1")]
    sql: String,
    /// A stream of Arrow IPC.
    #[prost(bytes = "bytes", optional, tag = "2")]
    parameters: Option<Bytes>,
    /// A stream of Arrow IPC without rows.
    #[prost(bytes = "bytes", tag = "3")]
    columns: Bytes,
}

impl StatementHandle {
    /// Its bytes.
    ///
    /// # Errors
    /// `INTERNAL` where Arrow can't write them.
    pub(super) fn encode(&self) -> Result<Bytes, Refusal> {
        let parameters = self.parameters.as_ref();
        let message = HandleMessage {
            sql: self.sql.clone(),
            parameters: parameters
                .map(|row| ipc(&row.schema(), Some(row)))
                .transpose()?,
            columns: ipc(&self.columns, None)?,
        };
        Ok(message.encode_to_vec().into())
    }

    /// Reads what a client sends back.
    ///
    /// # Errors
    /// `USAGE` where it is no handle.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let message =
            HandleMessage::decode(bytes).map_err(|cause| unreadable().caused_by(cause))?;
        let (columns, none) = read(&message.columns)?;
        if none.is_some() {
            return Err(unreadable());
        }
        let parameters = match message.parameters {
            None => None,
            Some(bytes) => Some(read(&bytes)?.1.ok_or_else(unreadable)?),
        };
        Ok(Self {
            sql: message.sql,
            parameters,
            columns,
        })
    }
}

fn ipc(schema: &Schema, row: Option<&RecordBatch>) -> Result<Bytes, Refusal> {
    let written = || {
        let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
        if let Some(row) = row {
            writer.write(row)?;
        }
        writer.into_inner()
    };
    let bytes: Result<Vec<u8>, ArrowError> = written();
    bytes.map(Bytes::from).map_err(|cause| {
        Refusal::new(ErrorCode::Internal, "a statement can't be written").caused_by(cause)
    })
}

/// The schema of a stream, and its one batch if it has any.
fn read(bytes: &[u8]) -> Result<(SchemaRef, Option<RecordBatch>), Refusal> {
    let failed = |cause: ArrowError| unreadable().caused_by(cause);
    let mut reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(failed)?;
    let schema = Arc::clone(&reader.schema());
    let row = reader.next().transpose().map_err(failed)?;
    if reader.next().is_some() {
        return Err(unreadable());
    }
    Ok((schema, row))
}

fn unreadable() -> Refusal {
    Refusal::new(
        ErrorCode::UsageWrong,
        "the handle of a statement is none of this connector",
    )
    .with_help("prepare the statement again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Int64Array;
    use arrow_schema::{DataType, Field};

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
            // Cut short anywhere, it is none.
            for end in 0..bytes.len() {
                assert!(StatementHandle::decode(&bytes[..end]).is_err(), "{end}");
            }
        }
        assert!(StatementHandle::decode(b"0123456789").is_err());
    }
}
