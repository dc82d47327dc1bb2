//! Tests with real clients of Flight SQL over real TLS, and a handler that answers one question.

use super::access_token::AccessToken;
use super::server::{PURPOSE_HEADER, serve_clients};
use super::{ClientAnswer, ClientTable, FlightSqlHandler, StatementDescription};
use crate::client_fixture::{ID, client_secret, identify_client};
use crate::flight_sql::ClientCredentials;
use crate::peer::settings::TransportSettings;
use crate::peer::testing::tls_league::TlsLeague;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Int64Array, RecordBatch, StringArray};
use arrow_flight::error::FlightError;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{CommandGetDbSchemas, CommandGetTables, SqlInfo};
use arrow_flight::{Action, FlightInfo};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

/// Handler for one token: as many numbers as the parameter states.
struct NumbersHandler;

fn columns() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))
}

#[async_trait::async_trait]
impl FlightSqlHandler for NumbersHandler {
    type Client = Option<String>;

    fn identify(
        &self,
        presented: ClientCredentials<'_>,
        purpose: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        identify_client(presented, purpose)
    }

    async fn receipts(&self, _: &Option<String>) -> Result<Vec<Bytes>, Refusal> {
        Ok(vec![
            Bytes::from_static(b"newest"),
            Bytes::from_static(b"older"),
        ])
    }

    async fn tables(&self, purpose: &Option<String>) -> Result<Vec<ClientTable>, Refusal> {
        let names = match purpose {
            Some(_) => vec!["counts", "trips"],
            None => vec!["counts"],
        };
        Ok(names
            .into_iter()
            .map(|name| ClientTable {
                owner: "munster".to_owned(),
                name: name.to_owned(),
                columns: columns(),
            })
            .collect())
    }

    async fn describe_statement(
        &self,
        _: &Option<String>,
        sql: &str,
        parameters: Option<RecordBatch>,
    ) -> Result<StatementDescription, Refusal> {
        if sql.starts_with("FETCH") {
            return Err(
                Refusal::new(ErrorCode::SqlSyntax, "`FETCH` is no word of SQL")
                    .with_help("write SELECT"),
            );
        }
        let has_place = sql.contains('?') && parameters.is_none();
        let place = has_place.then(|| Field::new("$1", DataType::Int64, true));
        Ok(StatementDescription {
            columns: columns(),
            parameters: Arc::new(Schema::new(place.into_iter().collect::<Vec<_>>())),
        })
    }

    async fn run(
        &self,
        _: &Option<String>,
        sql: &str,
        parameters: Option<RecordBatch>,
    ) -> Result<ClientAnswer, Refusal> {
        let count = match &parameters {
            Some(row) => row.column(0).as_primitive::<Int64Type>().value(0),
            None => 3,
        };
        let numbers = Int64Array::from_iter_values(0..count);
        let batch = RecordBatch::try_new(columns(), vec![Arc::new(numbers)]).unwrap();
        let mut rows = vec![Ok(batch)];
        if sql.contains("broken") {
            rows.push(Err(Refusal::new(ErrorCode::StreamCut, "it broke")));
        }
        Ok(ClientAnswer {
            columns: columns(),
            rows: stream::iter(rows).boxed(),
            evidence: None,
        })
    }
}

struct Face {
    address: SocketAddr,
    league: TlsLeague,
}

impl Face {
    async fn start() -> Self {
        let league = TlsLeague::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve_clients(
            listener,
            league.client_tls(),
            TransportSettings::default(),
            Arc::new(NumbersHandler),
            std::future::pending(),
        ));
        Self { address, league }
    }

    async fn channel(&self) -> Channel {
        let (address, tls) = (self.address, self.league.client_without_certificate());
        let connect = move |_| {
            let connector = TlsConnector::from(Arc::clone(&tls));
            async move {
                let stream = TcpStream::connect(address).await?;
                let name = address.ip().into();
                let secured = connector.connect(name, stream).await?;
                Ok::<_, std::io::Error>(TokioIo::new(secured))
            }
        };
        let endpoint = Endpoint::from_static("http://face");
        endpoint
            .connect_with_connector(tower::service_fn(connect))
            .await
            .unwrap()
    }

    async fn stranger(&self) -> FlightSqlServiceClient<Channel> {
        FlightSqlServiceClient::new(self.channel().await)
    }

    async fn client(&self) -> FlightSqlServiceClient<Channel> {
        let mut client = self.stranger().await;
        client.set_token(AccessToken::new(ID, &client_secret()).unwrap().to_text());
        client
    }
}

async fn rows(
    client: &mut FlightSqlServiceClient<Channel>,
    info: FlightInfo,
) -> Result<Vec<RecordBatch>, FlightError> {
    let announced = info.clone().try_decode_schema()?;
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let stream = client.do_get(ticket).await?;
    let batches: Vec<RecordBatch> = stream.try_collect().await?;
    for batch in &batches {
        assert_eq!(*batch.schema(), announced);
    }
    Ok(batches)
}

fn count(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

#[tokio::test]
async fn without_a_token_nothing_is_answered() {
    let face = Face::start().await;
    let mut stranger = face.stranger().await;
    let nothing = [
        stranger.execute("SELECT 1".to_owned(), None).await.err(),
        stranger.get_catalogs().await.err(),
        stranger
            .get_sql_info(vec![SqlInfo::FlightSqlServerName])
            .await
            .err(),
        stranger.get_table_types().await.err(),
        stranger.get_tables(CommandGetTables::default()).await.err(),
        stranger.prepare("SELECT 1".to_owned(), None).await.err(),
        stranger.do_get(arrow_flight::Ticket::new("x")).await.err(),
    ];
    for error in nothing {
        let error = error.unwrap().to_string();
        assert!(error.contains("TOKEN_REQUIRED"), "{error}");
    }
    let wrong = stranger.handshake(ID, &"d".repeat(64)).await.unwrap_err();
    assert!(wrong.to_string().contains("TOKEN_INVALID"), "{wrong}");
    // Identity comes from the token alone.
    stranger.set_header("x-forwarded-user", "root");
    let error = stranger.get_catalogs().await.unwrap_err().to_string();
    assert!(error.contains("TOKEN_REQUIRED"), "{error}");
}

#[tokio::test]
async fn a_handshake_with_user_and_password_gives_the_token_itself() {
    let face = Face::start().await;
    let mut client = face.stranger().await;
    let payload = client.handshake(ID, &client_secret()).await.unwrap();
    let token = AccessToken::new(ID, &client_secret()).unwrap().to_text();
    assert_eq!(payload, token.as_bytes());
    assert_eq!(client.token(), Some(&token));
    let info = client.execute("SELECT n".to_owned(), None).await.unwrap();
    assert_eq!(count(&rows(&mut client, info).await.unwrap()), 3);
}

#[tokio::test]
async fn statements_are_executed_with_and_without_parameters() {
    let face = Face::start().await;
    let mut client = face.client().await;
    let info = client.execute("SELECT n".to_owned(), None).await.unwrap();
    assert!(info.endpoint[0].location.is_empty());
    assert_eq!(count(&rows(&mut client, info).await.unwrap()), 3);
    let mut statement = client.prepare("SELECT ?".to_owned(), None).await.unwrap();
    assert_eq!(*statement.dataset_schema().unwrap(), *columns());
    assert_eq!(statement.parameter_schema().unwrap().fields().len(), 1);
    for wanted in [5, 0, 2] {
        let row = RecordBatch::try_new(columns(), vec![Arc::new(Int64Array::from(vec![wanted]))]);
        statement.set_parameters(row.unwrap()).unwrap();
        let info = statement.execute().await.unwrap();
        let found = rows(&mut client, info).await.unwrap();
        assert_eq!(i64::try_from(count(&found)).unwrap(), wanted);
    }
    let two = RecordBatch::try_new(columns(), vec![Arc::new(Int64Array::from(vec![1, 2]))]);
    statement.set_parameters(two.unwrap()).unwrap();
    let error = statement.execute().await.unwrap_err().to_string();
    assert!(error.contains("one row of parameters"), "{error}");
    statement.close().await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_told_whole_and_a_broken_answer_is_an_error() {
    let face = Face::start().await;
    let mut client = face.client().await;
    let error = client.execute("FETCH".to_owned(), None).await.unwrap_err();
    let error = error.to_string();
    for part in [
        "SQL_SYNTAX: `FETCH` is no word of SQL",
        "help: write SELECT",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let info = client.execute("broken".to_owned(), None).await.unwrap();
    let error = rows(&mut client, info).await.unwrap_err().to_string();
    assert!(error.contains("STREAM_CUT: it broke"), "{error}");
    for write in ["INSERT", "UPDATE"] {
        let error = client.execute_update(write.to_owned(), None).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("STATEMENT_NOT_ALLOWED"), "{error}");
    }
    let error = client.do_get(arrow_flight::Ticket::new("x")).await;
    assert!(error.is_err());
}

#[tokio::test]
async fn metadata_is_of_the_tables_of_the_client_and_patterns_may_be_any_text() {
    let face = Face::start().await;
    let mut client = face.client().await;
    async fn tables(client: &mut FlightSqlServiceClient<Channel>, pattern: Option<&str>) -> usize {
        let asked = CommandGetTables {
            table_name_filter_pattern: pattern.map(str::to_owned),
            include_schema: true,
            ..CommandGetTables::default()
        };
        let info = client.get_tables(asked).await.unwrap();
        count(&rows(client, info).await.unwrap())
    }
    assert_eq!(tables(&mut client, None).await, 1);
    assert_eq!(tables(&mut client, Some("co%")).await, 1);
    let long = format!("SELECT '%_\\' FROM {}", "munster.counts, ".repeat(1_000));
    assert_eq!(tables(&mut client, Some(&long)).await, 0);
    let info = client.get_db_schemas(CommandGetDbSchemas::default()).await;
    let owners = rows(&mut client, info.unwrap()).await.unwrap();
    let owner: &StringArray = owners[0].column(1).as_string();
    assert_eq!(owner.value(0), "munster");
    let info = client.get_catalogs().await.unwrap();
    assert_eq!(count(&rows(&mut client, info).await.unwrap()), 0);
    let info = client.get_table_types().await.unwrap();
    assert_eq!(count(&rows(&mut client, info).await.unwrap()), 1);
    let info = client.get_sql_info(Vec::new()).await.unwrap();
    assert!(count(&rows(&mut client, info).await.unwrap()) > 30);
    let info = client
        .get_xdbc_type_info(arrow_flight::sql::CommandGetXdbcTypeInfo { data_type: None })
        .await
        .unwrap();
    assert!(count(&rows(&mut client, info).await.unwrap()) > 5);
    // The purpose of a connection is sent with each call.
    client.set_header(PURPOSE_HEADER, "traffic-planning");
    assert_eq!(tables(&mut client, None).await, 2);
}

#[tokio::test]
async fn a_session_is_closed_and_has_no_options() {
    let face = Face::start().await;
    let channel = face.channel().await;
    let mut client = arrow_flight::FlightClient::new(channel);
    let bearer = format!(
        "Bearer {}",
        AccessToken::new(ID, &client_secret()).unwrap().to_text()
    );
    client.add_header("authorization", &bearer).unwrap();
    let mut act = async |name: &str, body: Vec<u8>| {
        let results = client.do_action(Action::new(name, body)).await?;
        results.try_collect::<Vec<_>>().await
    };
    assert_eq!(
        act("CloseSession", Vec::new()).await.unwrap()[0].as_ref(),
        [8, 1]
    );
    let options = act("GetSessionOptions", Vec::new()).await.unwrap();
    assert!(options[0].is_empty());
    // The only option, `catalog`, is refused by its name.
    let asked = [&[10, 13, 10, 7][..], b"catalog", &[18, 2, 10, 0]].concat();
    let refused = act("SetSessionOptions", asked).await.unwrap();
    assert!(
        refused[0]
            .as_ref()
            .windows(7)
            .any(|part| part == b"catalog")
    );
    assert!(act("SetSessionOptions", vec![255]).await.is_err());
    assert_eq!(
        act("CancelFlightInfo", Vec::new()).await.unwrap()[0].as_ref(),
        [8, 3]
    );
    assert!(act("Anything", Vec::new()).await.is_err());
}
