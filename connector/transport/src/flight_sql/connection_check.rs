//! Check of a connection as a program makes it, step by step, so that the first failing step is reported.

use super::access_token::AccessToken;
use super::server::PURPOSE_HEADER;
use arrow_array::cast::AsArray as _;
use arrow_flight::FlightInfo;
use arrow_flight::error::FlightError;
use arrow_flight::sql::CommandGetTables;
use arrow_flight::sql::client::FlightSqlServiceClient;
use futures::TryStreamExt as _;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};

/// Result of the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionCheck {
    /// Version, as stated by the service.
    pub version: String,
    /// Tables that the token shows, each as `owner.name`.
    pub tables: Vec<String>,
}

/// Connects like a program: address, certificate for the name, token with its purpose, tables, and a statement.
///
/// # Errors
/// `CONFIG_INVALID` for an invalid name, `PEER_UNREACHABLE` when no service answers or its certificate is not trusted for the name,
/// and the refusal of the service.
pub async fn check_connection(
    address: SocketAddr,
    name: &str,
    tls: Arc<rustls::ClientConfig>,
    token: &AccessToken,
    purpose: Option<&str>,
) -> Result<ConnectionCheck, Refusal> {
    let tcp = TcpStream::connect(address).await.map_err(|cause| {
        let sentence = format!("no server answers at {address}");
        Refusal::new(ErrorCode::PeerUnreachable, sentence).caused_by(cause)
    })?;
    let name = ServerName::try_from(name.to_owned()).map_err(|cause| {
        let sentence = format!("`{name}` is no name of a host");
        Refusal::new(ErrorCode::ConfigInvalid, sentence).caused_by(cause)
    })?;
    let secured = TlsConnector::from(tls).connect(name, tcp).await;
    let secured = secured.map_err(|cause| {
        let sentence = format!("no secure connection: {cause}");
        Refusal::new(ErrorCode::PeerUnreachable, sentence).caused_by(cause)
    })?;
    let mut once = Some(TokioIo::new(secured));
    let connector = tower::service_fn(move |_: Uri| {
        let stream = once.take().ok_or(std::io::ErrorKind::NotConnected);
        async move { stream.map_err(std::io::Error::from) }
    });
    let endpoint = Endpoint::from_static("http://connector");
    let channel = endpoint.connect_with_connector(connector).await;
    let channel = channel.map_err(|cause| {
        Refusal::new(ErrorCode::PeerUnreachable, "the connection ended").caused_by(cause)
    })?;
    let mut client = FlightSqlServiceClient::new(channel);
    client.set_token(token.to_text());
    if let Some(purpose) = purpose {
        client.set_header(PURPOSE_HEADER, purpose);
    }
    let info = client.get_tables(CommandGetTables::default()).await;
    let info = info.map_err(service_refusal)?;
    let tables = read_texts(&mut client, info, &[1, 2]).await?;
    let info = client.execute("SELECT version()".to_owned(), None).await;
    let info = info.map_err(service_refusal)?;
    let version = read_texts(&mut client, info, &[0]).await?;
    Ok(ConnectionCheck {
        version: version.into_iter().next().unwrap_or_default(),
        tables,
    })
}

/// Texts in these columns of an answer, joined by a full stop for each row.
async fn read_texts(
    client: &mut FlightSqlServiceClient<Channel>,
    info: FlightInfo,
    columns: &[usize],
) -> Result<Vec<String>, Refusal> {
    let ticket = info
        .endpoint
        .into_iter()
        .find_map(|endpoint| endpoint.ticket);
    let ticket = ticket.ok_or_else(|| {
        Refusal::new(ErrorCode::Internal, "an announcement came without a ticket")
    })?;
    let rows = client.do_get(ticket).await.map_err(service_refusal)?;
    let mut found = Vec::new();
    let batches: Vec<_> = rows.try_collect().await.map_err(service_refusal)?;
    for batch in batches {
        for row in 0..batch.num_rows() {
            let parts = columns.iter().filter_map(|column| {
                let column = batch.columns().get(*column)?.as_string_opt::<i32>()?;
                Some(column.value(row).to_owned())
            });
            found.push(parts.collect::<Vec<_>>().join("."));
        }
    }
    Ok(found)
}

/// Refusal of the service in its own words; its message starts with the code.
fn service_refusal(error: FlightError) -> Refusal {
    let text = match &error {
        FlightError::Tonic(status) => status.message().to_owned(),
        other => other.to_string(),
    };
    let told = text.split_once(": ");
    let told = told.and_then(|(code, rest)| Some((code.parse::<ErrorCode>().ok()?, rest)));
    let (code, text) = told.unwrap_or((ErrorCode::Internal, &text));
    let mut lines = text.lines();
    let mut refusal = Refusal::new(code, lines.next().unwrap_or_default());
    for help in lines.filter_map(|line| line.trim_start().strip_prefix("help: ")) {
        refusal = refusal.with_help(help);
    }
    refusal
}
