//! Calls of Flight SQL.

use super::client_status::refusal_status;
use super::statement_handle::StatementHandle;
use super::{ClientTable, FlightSqlHandler, metadata_tables};
use crate::peer::client::batch_decoder::BatchDecoder;
use arrow_array::RecordBatch;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::metadata::{SqlInfoData, XdbcTypeInfoData};
use arrow_flight::sql::server::{FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, CommandGetCatalogs, CommandGetCrossReference,
    CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys, CommandGetPrimaryKeys,
    CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo,
    CommandPreparedStatementQuery, CommandStatementIngest, CommandStatementQuery,
    CommandStatementUpdate, DoPutPreparedStatementResult, ProstMessageExt, SqlInfo,
    TicketStatementQuery,
};
use arrow_flight::{
    Action, ActionType, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightData,
    FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest, HandshakeResponse, IpcMessage,
    SchemaAsIpc, Ticket,
};
use arrow_ipc::writer::IpcWriteOptions;
use arrow_schema::Schema;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use prost::Message;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status, Streaming};

/// Identified client, as attached to each call.
#[derive(Clone)]
pub(super) struct IdentifiedClient<C> {
    /// Client of the call.
    pub(super) client: C,
    /// Text of the token, for the response to a handshake.
    pub(super) token: Arc<str>,
}

/// Flight SQL service.
pub(super) struct ClientQueryService<H> {
    handler: Arc<H>,
    info: SqlInfoData,
    types: XdbcTypeInfoData,
}

impl<H: FlightSqlHandler> ClientQueryService<H> {
    /// Service of this handler.
    ///
    /// # Errors
    /// `INTERNAL` when its metadata can't be built.
    pub(super) fn new(handler: Arc<H>) -> Result<Self, Refusal> {
        Ok(Self {
            handler,
            info: metadata_tables::sql_info()?,
            types: metadata_tables::type_info()?,
        })
    }

    async fn tables<T>(&self, request: &Request<T>) -> Result<Vec<ClientTable>, Status> {
        let client = identified_client::<H, T>(request)?;
        self.handler
            .tables(&client.client)
            .await
            .map_err(refusal_status)
    }

    async fn execute_statement<T>(
        &self,
        request: &Request<T>,
        handle: &[u8],
    ) -> Result<Response<FlightRows>, Status> {
        let client = identified_client::<H, T>(request)?;
        let statement = StatementHandle::decode(handle).map_err(refusal_status)?;
        let answer = self
            .handler
            .run(&client.client, &statement.sql, statement.parameters)
            .await
            .map_err(refusal_status)?;
        let rows = answer
            .rows
            .map_err(|refusal| FlightError::Tonic(Box::new(refusal_status(refusal))));
        Ok(Response::new(
            FlightDataEncoderBuilder::new()
                .with_schema(answer.columns)
                .build(rows)
                .map_err(Status::from)
                .boxed(),
        ))
    }
}

type FlightRows = BoxStream<'static, Result<arrow_flight::FlightData, Status>>;

/// Client of a call. Unidentified calls are refused before; without a client there is no answer.
fn identified_client<H: FlightSqlHandler, T>(
    request: &Request<T>,
) -> Result<IdentifiedClient<H::Client>, Status> {
    let found = request.extensions().get::<IdentifiedClient<H::Client>>();
    found.cloned().ok_or_else(|| {
        refusal_status(Refusal::new(
            ErrorCode::Internal,
            "a call came here without its client",
        ))
    })
}

/// Flight info for rows that a ticket fetches. The endpoint has no location, so that the client stays on its connection.
fn announce_rows(
    columns: &Schema,
    ticket: impl ProstMessageExt,
    descriptor: FlightDescriptor,
) -> Result<Response<FlightInfo>, Status> {
    let ticket = Ticket::new(ticket.as_any().encode_to_vec());
    let info = FlightInfo::new()
        .try_with_schema(columns)
        .map_err(|cause| {
            refusal_status(
                Refusal::new(ErrorCode::Internal, "a schema can't be written").caused_by(cause),
            )
        })?
        .with_endpoint(FlightEndpoint::new().with_ticket(ticket))
        .with_descriptor(descriptor);
    Ok(Response::new(info))
}

/// Response with available rows.
fn rows_response(rows: Result<RecordBatch, Refusal>) -> Result<Response<FlightRows>, Status> {
    let rows = rows.map_err(refusal_status)?;
    Ok(Response::new(
        FlightDataEncoderBuilder::new()
            .with_schema(rows.schema())
            .build(stream::once(async { Ok(rows) }))
            .map_err(Status::from)
            .boxed(),
    ))
}

/// Schema as the first message of an Arrow IPC stream.
fn schema_message(columns: &Schema) -> Result<Bytes, Status> {
    let options = IpcWriteOptions::default();
    let message: Result<IpcMessage, _> = SchemaAsIpc::new(columns, &options).try_into();
    message.map(|message| message.0).map_err(|cause| {
        refusal_status(
            Refusal::new(ErrorCode::Internal, "a schema can't be written").caused_by(cause),
        )
    })
}

fn flight_descriptor(request: Request<FlightDescriptor>) -> FlightDescriptor {
    request.into_inner()
}

fn read_only() -> Status {
    refusal_status(Refusal::new(
        ErrorCode::StatementNotAllowed,
        "data can't be written through a connector; only queries are accepted",
    ))
}

/// Request to set session options. There are no sessions, so nothing can be set.
#[derive(Clone, PartialEq, Message)]
struct SetSessionOptionsRequest {
    #[prost(map = "string, message", tag = "1")]
    options: std::collections::HashMap<String, AnyValue>,
}

/// Ignored value of an option.
#[derive(Clone, PartialEq, Message)]
struct AnyValue {}

#[derive(Clone, PartialEq, Message)]
struct SetSessionOptionsResult {
    #[prost(btree_map = "string, message", tag = "1")]
    errors: BTreeMap<String, SessionOptionError>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionOptionError {
    #[prost(int32, tag = "1")]
    value: i32,
}

/// Value `SetSessionOptionsResult.ErrorValue.INVALID_NAME`.
const INVALID_NAME: i32 = 1;

/// Result of a session action whose first member is a status.
#[derive(Clone, PartialEq, Message)]
struct CloseSessionResult {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// Value `CloseSessionResult.Status.CLOSED`.
const CLOSED: i32 = 1;

#[derive(Clone, PartialEq, Message)]
struct GetSessionOptionsResult {}

/// Action that returns the receipts of a program without a connector, each as a JWS.
const RECEIPTS_ACTION: &str = "hansa.Receipts";

const ACTIONS: [(&str, &str); 5] = [
    (
        RECEIPTS_ACTION,
        "The receipts that nobody countersigns, the newest first",
    ),
    ("CancelFlightInfo", "Ends the answer that a ticket began"),
    ("CloseSession", "Ends the session, of which nothing is kept"),
    (
        "GetSessionOptions",
        "The options of the session, of which there are none",
    ),
    ("SetSessionOptions", "Refuses each option by its name"),
];

#[tonic::async_trait]
impl<H: FlightSqlHandler> FlightSqlService for ClientQueryService<H> {
    type FlightService = Self;

    /// Checks user and password at once. The response is the token itself, which stays valid over restarts.
    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<
        Response<Pin<Box<dyn futures::Stream<Item = Result<HandshakeResponse, Status>> + Send>>>,
        Status,
    > {
        let client = identified_client::<H, _>(&request)?;
        if client.token.is_empty() {
            // A client with a certificate needs no token.
            return Ok(Response::new(Box::pin(stream::empty())));
        }
        let bearer = format!("Bearer {}", client.token);
        let value: MetadataValue<_> = bearer.parse().map_err(|_| {
            refusal_status(Refusal::new(
                ErrorCode::Internal,
                "a token can't be written",
            ))
        })?;
        let answer = HandshakeResponse {
            protocol_version: 0,
            payload: Bytes::copy_from_slice(client.token.as_bytes()),
        };
        let stream: Pin<Box<dyn futures::Stream<Item = _> + Send>> =
            Box::pin(stream::once(async { Ok(answer) }));
        let mut response = Response::new(stream);
        response.metadata_mut().insert("authorization", value);
        Ok(response)
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let client = identified_client::<H, _>(&request)?;
        let planned = self
            .handler
            .describe_statement(&client.client, &query.query, None)
            .await;
        let planned = planned.map_err(refusal_status)?;
        let handle = StatementHandle {
            sql: query.query,
            parameters: None,
            columns: Arc::clone(&planned.columns),
        };
        let ticket = TicketStatementQuery {
            statement_handle: handle.encode().map_err(refusal_status)?,
        };
        announce_rows(&planned.columns, ticket, flight_descriptor(request))
    }

    async fn get_flight_info_prepared_statement(
        &self,
        command: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let _client = identified_client::<H, _>(&request)?;
        let handle =
            StatementHandle::decode(&command.prepared_statement_handle).map_err(refusal_status)?;
        announce_rows(&handle.columns, command, flight_descriptor(request))
    }

    async fn get_flight_info_catalogs(
        &self,
        command: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let columns = metadata_tables::catalog_batch()
            .map_err(refusal_status)?
            .schema();
        announce_rows(&columns, command, flight_descriptor(request))
    }

    async fn get_flight_info_schemas(
        &self,
        command: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let columns = metadata_tables::owner_batch(command.clone(), &[]);
        let columns = columns.map_err(refusal_status)?.schema();
        announce_rows(&columns, command, flight_descriptor(request))
    }

    async fn get_flight_info_tables(
        &self,
        command: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let columns = metadata_tables::table_batch(command.clone(), &[]);
        let columns = columns.map_err(refusal_status)?.schema();
        announce_rows(&columns, command, flight_descriptor(request))
    }

    async fn get_flight_info_table_types(
        &self,
        command: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let columns = metadata_tables::table_types()
            .map_err(refusal_status)?
            .schema();
        announce_rows(&columns, command, flight_descriptor(request))
    }

    async fn get_flight_info_sql_info(
        &self,
        command: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        announce_rows(&self.info.schema(), command, flight_descriptor(request))
    }

    async fn get_flight_info_primary_keys(
        &self,
        command: CommandGetPrimaryKeys,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let columns = metadata_tables::primary_keys().schema();
        announce_rows(&columns, command, flight_descriptor(request))
    }

    async fn get_flight_info_exported_keys(
        &self,
        command: CommandGetExportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let columns = metadata_tables::foreign_keys().schema();
        announce_rows(&columns, command, flight_descriptor(request))
    }

    async fn get_flight_info_imported_keys(
        &self,
        command: CommandGetImportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let columns = metadata_tables::foreign_keys().schema();
        announce_rows(&columns, command, flight_descriptor(request))
    }

    async fn get_flight_info_cross_reference(
        &self,
        command: CommandGetCrossReference,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let columns = metadata_tables::foreign_keys().schema();
        announce_rows(&columns, command, flight_descriptor(request))
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        command: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        announce_rows(&self.types.schema(), command, flight_descriptor(request))
    }

    async fn do_get_statement(
        &self,
        ticket: TicketStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        self.execute_statement(&request, &ticket.statement_handle)
            .await
    }

    async fn do_get_prepared_statement(
        &self,
        command: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        self.execute_statement(&request, &command.prepared_statement_handle)
            .await
    }

    async fn do_get_catalogs(
        &self,
        _: CommandGetCatalogs,
        _: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        rows_response(metadata_tables::catalog_batch())
    }

    async fn do_get_schemas(
        &self,
        command: CommandGetDbSchemas,
        request: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        let tables = self.tables(&request).await?;
        rows_response(metadata_tables::owner_batch(command, &tables))
    }

    async fn do_get_tables(
        &self,
        command: CommandGetTables,
        request: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        let tables = self.tables(&request).await?;
        rows_response(metadata_tables::table_batch(command, &tables))
    }

    async fn do_get_table_types(
        &self,
        _: CommandGetTableTypes,
        _: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        rows_response(metadata_tables::table_types())
    }

    async fn do_get_sql_info(
        &self,
        command: CommandGetSqlInfo,
        _: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        let rows = command.into_builder(&self.info).build();
        rows_response(rows.map_err(|cause| {
            Refusal::new(ErrorCode::Internal, "what the service is can't be told").caused_by(cause)
        }))
    }

    async fn do_get_primary_keys(
        &self,
        _: CommandGetPrimaryKeys,
        _: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        rows_response(Ok(metadata_tables::primary_keys()))
    }

    async fn do_get_exported_keys(
        &self,
        _: CommandGetExportedKeys,
        _: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        rows_response(Ok(metadata_tables::foreign_keys()))
    }

    async fn do_get_imported_keys(
        &self,
        _: CommandGetImportedKeys,
        _: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        rows_response(Ok(metadata_tables::foreign_keys()))
    }

    async fn do_get_cross_reference(
        &self,
        _: CommandGetCrossReference,
        _: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        rows_response(Ok(metadata_tables::foreign_keys()))
    }

    async fn do_get_xdbc_type_info(
        &self,
        command: CommandGetXdbcTypeInfo,
        _: Request<Ticket>,
    ) -> Result<Response<FlightRows>, Status> {
        let rows = command.into_builder(&self.types).build();
        rows_response(rows.map_err(|cause| {
            Refusal::new(ErrorCode::Internal, "the types can't be told").caused_by(cause)
        }))
    }

    async fn do_put_statement_update(
        &self,
        _: CommandStatementUpdate,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(read_only())
    }

    async fn do_put_statement_ingest(
        &self,
        _: CommandStatementIngest,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(read_only())
    }

    async fn do_put_prepared_statement_query(
        &self,
        command: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        let client = identified_client::<H, _>(&request)?;
        let statement =
            StatementHandle::decode(&command.prepared_statement_handle).map_err(refusal_status)?;
        let row = read_parameters(request.into_inner()).await?;
        let planned = self
            .handler
            .describe_statement(&client.client, &statement.sql, row.clone())
            .await
            .map_err(refusal_status)?;
        let bound = StatementHandle {
            parameters: row,
            columns: planned.columns,
            ..statement
        };
        Ok(DoPutPreparedStatementResult {
            prepared_statement_handle: Some(bound.encode().map_err(refusal_status)?),
        })
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let client = identified_client::<H, _>(&request)?;
        let planned = self
            .handler
            .describe_statement(&client.client, &query.query, None)
            .await;
        let planned = planned.map_err(refusal_status)?;
        let handle = StatementHandle {
            sql: query.query,
            parameters: None,
            columns: Arc::clone(&planned.columns),
        };
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: handle.encode().map_err(refusal_status)?,
            dataset_schema: schema_message(&planned.columns)?,
            parameter_schema: match planned.parameters.fields().is_empty() {
                true => Bytes::new(),
                false => schema_message(&planned.parameters)?,
            },
        })
    }

    async fn do_action_close_prepared_statement(
        &self,
        _: ActionClosePreparedStatementRequest,
        _: Request<Action>,
    ) -> Result<(), Status> {
        Ok(())
    }

    async fn list_custom_actions(&self) -> Option<Vec<Result<ActionType, Status>>> {
        let all = ACTIONS.iter().map(|(name, description)| {
            Ok(ActionType {
                r#type: (*name).to_owned(),
                description: (*description).to_owned(),
            })
        });
        Some(all.collect())
    }

    async fn do_action_fallback(
        &self,
        request: Request<Action>,
    ) -> Result<Response<<Self as FlightService>::DoActionStream>, Status> {
        if request.get_ref().r#type == RECEIPTS_ACTION {
            let client = identified_client::<H, _>(&request)?;
            let receipts = self.handler.receipts(&client.client).await;
            let receipts = receipts.map_err(refusal_status)?.into_iter();
            let results = receipts.map(|body| Ok(arrow_flight::Result { body }));
            return Ok(Response::new(Box::pin(stream::iter(
                results.collect::<Vec<_>>(),
            ))));
        }
        let action = request.into_inner();
        let unreadable = |cause: prost::DecodeError| {
            refusal_status(
                Refusal::new(
                    ErrorCode::UsageWrong,
                    "the body of the action can't be read",
                )
                .caused_by(cause),
            )
        };
        let body = match action.r#type.as_str() {
            "CloseSession" => CloseSessionResult { status: CLOSED }.encode_to_vec(),
            "GetSessionOptions" => GetSessionOptionsResult {}.encode_to_vec(),
            "SetSessionOptions" => {
                let asked = SetSessionOptionsRequest::decode(action.body).map_err(unreadable)?;
                let errors = asked.options.into_keys();
                let errors = errors.map(|name| {
                    (
                        name,
                        SessionOptionError {
                            value: INVALID_NAME,
                        },
                    )
                });
                SetSessionOptionsResult {
                    errors: errors.collect(),
                }
                .encode_to_vec()
            }
            "CancelFlightInfo" => {
                let _info = CancelFlightInfoRequest::decode(action.body).map_err(unreadable)?;
                // An answer runs only within the call that fetches it, so there is nothing else to cancel.
                let status = CancelStatus::NotCancellable.into();
                CancelFlightInfoResult { status }.encode_to_vec()
            }
            _ => {
                return Err(refusal_status(Refusal::new(
                    ErrorCode::UsageWrong,
                    "there is no action of that name",
                )));
            }
        };
        let result = arrow_flight::Result { body: body.into() };
        let stream: <Self as FlightService>::DoActionStream =
            Box::pin(stream::once(async { Ok(result) }));
        Ok(Response::new(stream))
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}

/// Single row of parameters; none where the client binds nothing. More rows would be more than one question.
async fn read_parameters(
    mut frames: impl Stream<Item = Result<FlightData, Status>> + Unpin,
) -> Result<Option<RecordBatch>, Status> {
    let invalid = |cause: Refusal| {
        refusal_status(
            Refusal::new(ErrorCode::UsageWrong, "the parameters can't be read")
                .caused_by(cause.sentence),
        )
    };
    let mut decoder: Option<BatchDecoder> = None;
    let mut found: Option<RecordBatch> = None;
    while let Some(frame) = frames.next().await {
        // The first message carries the descriptor of the call.
        let frame = FlightData {
            flight_descriptor: None,
            app_metadata: Bytes::new(),
            ..frame?
        };
        let Some(decoder) = &decoder else {
            decoder = Some(BatchDecoder::from_first(&frame).map_err(invalid)?);
            continue;
        };
        let batch = decoder.decode_batch(&frame).map_err(invalid)?;
        if batch.num_rows() == 0 {
            continue;
        }
        if found.is_some() || batch.num_rows() > 1 {
            return Err(refusal_status(
                Refusal::new(
                    ErrorCode::UsageWrong,
                    "a statement takes one row of parameters at a time",
                )
                .with_help("execute it once for each row"),
            ));
        }
        found = Some(batch);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::SchemaRef;

    #[test]
    fn an_announced_schema_is_the_one_that_is_sent() {
        let asked = CommandGetTables {
            include_schema: true,
            ..CommandGetTables::default()
        };
        let columns: SchemaRef = Arc::new(Schema::empty());
        let table = ClientTable {
            owner: "munster".to_owned(),
            name: "counts".to_owned(),
            columns,
        };
        let announced = metadata_tables::table_batch(asked.clone(), &[]).unwrap();
        let sent = metadata_tables::table_batch(asked, std::slice::from_ref(&table)).unwrap();
        assert_eq!(announced.schema(), sent.schema());
        let asked = CommandGetDbSchemas::default();
        let announced = metadata_tables::owner_batch(asked.clone(), &[]).unwrap();
        let sent = metadata_tables::owner_batch(asked, &[table]).unwrap();
        assert_eq!(announced.schema(), sent.schema());
    }
}
