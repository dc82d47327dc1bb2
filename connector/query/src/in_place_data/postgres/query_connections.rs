//! Connections to databases. All reads of one question from a database use one database snapshot.

use super::PostgresEndpoint;
use super::connection_limits::{ConnectionLimits, ConnectionPermit};
use super::table_description::quote_text;
use futures::StreamExt as _;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CancelToken, Client, Config, NoTls, Row, RowStream};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connections of one question.
#[derive(Clone)]
pub(crate) struct QueryConnections {
    limit: Duration,
    databases: ConnectionLimits,
    connection_slots: Arc<Semaphore>,
    first: Arc<Mutex<BTreeMap<PostgresEndpoint, ExportedSnapshot>>>,
}

/// Connection that exports the database snapshot for the other connections of a question.
struct ExportedSnapshot {
    open: Arc<PostgresConnection>,
    state: String,
}

impl fmt::Debug for QueryConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryConnections").finish_non_exhaustive()
    }
}

impl QueryConnections {
    /// Creates the set without connections. A statement may take as long as the question.
    pub(crate) fn new(limit: Duration, databases: ConnectionLimits) -> Self {
        Self {
            limit,
            databases,
            connection_slots: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            first: Arc::default(),
        }
    }

    /// Opens a connection with a read-only transaction on the snapshot of the question's first connection. Each scan has its own
    /// connection, because two scans on one connection could wait for each other forever.
    pub(super) async fn open(
        &self,
        server: &PostgresEndpoint,
    ) -> Result<Arc<PostgresConnection>, Refusal> {
        // Waiting for another scan of the same question could take forever.
        let permit = Arc::clone(&self.connection_slots).try_acquire_owned();
        let permit = permit.map_err(|_| {
            let sentence =
                format!("a question reads a database {MOST_AT_ONCE} times at once at most");
            Refusal::new(ErrorCode::ResourceLimit, sentence)
        })?;
        let mut first = self.first.lock().await;
        if let Some(first) = first.get(server) {
            let connection_permit = self.databases.take_connection(server)?;
            let state = first.state.clone();
            let held = Arc::clone(&first.open);
            let open = PostgresConnection::open(server, self.limit).await?;
            let open = open.with_permits(permit, connection_permit);
            open.run(READING).await?;
            open.run(&format!("SET TRANSACTION SNAPSHOT {}", quote_text(&state)))
                .await?;
            drop(held);
            return Ok(Arc::new(open));
        }
        let connection_permit = match first.is_empty() {
            true => self.databases.wait_for_connection(server).await?,
            false => self.databases.take_connection(server)?,
        };
        let open = PostgresConnection::open(server, self.limit).await?;
        let open = Arc::new(open.with_permits(permit, connection_permit));
        open.run(READING).await?;
        let state = open.read_rows("SELECT pg_export_snapshot()").await?;
        let state = state.first().map(|row| row.get::<_, String>(0));
        let state = state.ok_or_else(|| unreadable_database_refusal("it gave no snapshot"))?;
        first.insert(
            server.clone(),
            ExportedSnapshot {
                open: Arc::clone(&open),
                state,
            },
        );
        Ok(open)
    }
}

/// Maximum number of scans of one question with a connection each.
const MOST_AT_ONCE: usize = 8;

const READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Open connection. Dropping it cancels a running statement in the database.
pub(super) struct PostgresConnection {
    client: Client,
    cancel: CancelToken,
    tls: Option<MakeRustlsConnect>,
    /// Connection task. It ends after all answers, when the connection is dropped.
    task: Option<tokio::task::JoinHandle<()>>,
    /// Set while a statement may run.
    busy: AtomicBool,
    /// Permits among the connections of the question and of all questions.
    permits: Option<(OwnedSemaphorePermit, ConnectionPermit)>,
}

impl PostgresConnection {
    /// Connects to the server. `limit` is the statement timeout.
    pub(super) async fn open(server: &PostgresEndpoint, limit: Duration) -> Result<Self, Refusal> {
        let (config, tls) = connection_settings(server)?;
        let (client, connection): (Client, futures::future::BoxFuture<'static, _>) = match &tls {
            None => {
                let (client, connection) = config
                    .connect(NoTls)
                    .await
                    .map_err(|error| database_error_refusal(&error))?;
                (client, Box::pin(connection))
            }
            Some(tls) => {
                let (client, connection) = config
                    .connect(tls.clone())
                    .await
                    .map_err(|error| database_error_refusal(&error))?;
                (client, Box::pin(connection))
            }
        };
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(name: "in_place.connection", detail = %error, "a connection to a database ended");
            }
        });
        let cancel = client.cancel_token();
        let open = Self {
            client,
            cancel,
            tls,
            task: Some(task),
            busy: AtomicBool::new(false),
            permits: None,
        };
        // Only operators of the database itself are used, whatever the user's settings are. JIT compilation is off: it takes longer
        // than most statements, and can't be cancelled.
        open.run(&format!(
            "SET search_path = pg_catalog; SET standard_conforming_strings = on; SET jit = off; SET timezone = 'UTC'; \
             SET default_transaction_read_only = on; SET statement_timeout = {0}; \
             SET idle_in_transaction_session_timeout = {0}",
            limit.as_millis().min(MOST)
        ))
        .await?;
        Ok(open)
    }

    fn with_permits(mut self, question: OwnedSemaphorePermit, database: ConnectionPermit) -> Self {
        self.permits = Some((question, database));
        self
    }

    /// Marks the connection as idle.
    pub(super) fn mark_idle(&self) {
        self.busy.store(false, Ordering::Relaxed);
    }

    /// Runs statements without rows.
    pub(super) async fn run(&self, sql: &str) -> Result<(), Refusal> {
        let ran = self.client.batch_execute(sql).await;
        ran.map_err(|error| database_error_refusal(&error))
    }

    /// Reads all rows of a small result.
    pub(super) async fn read_rows(&self, sql: &str) -> Result<Vec<Row>, Refusal> {
        let mut stream = Box::pin(self.stream(sql).await?);
        let mut rows = Vec::new();
        while let Some(row) = stream.next().await {
            rows.push(row.map_err(|error| database_error_refusal(&error))?);
        }
        self.mark_idle();
        Ok(rows)
    }

    /// Streams the rows of a result. A slow reader slows down the database.
    pub(super) async fn stream(&self, sql: &str) -> Result<RowStream, Refusal> {
        self.busy.store(true, Ordering::Relaxed);
        let none: [(&(dyn ToSql + Sync), Type); 0] = [];
        let asked = self.client.query_typed_raw(sql, none).await;
        asked.map_err(|error| database_error_refusal(&error))
    }
}

impl Drop for PostgresConnection {
    fn drop(&mut self) {
        let Some(mut task) = self.task.take() else {
            return;
        };
        let runtime = tokio::runtime::Handle::try_current();
        let (true, Ok(runtime)) = (self.busy.load(Ordering::Relaxed), runtime) else {
            task.abort();
            return;
        };
        let (cancel, tls) = (self.cancel.clone(), self.tls.take());
        // The question may open another connection at once; other questions wait until the statement has ended in the database.
        let permit = self.permits.take().map(|(_, permit)| permit);
        runtime.spawn(async move {
            let _place = permit;
            // A statement that only computes does not notice a closed connection, and a cancellation before the start of a
            // statement has no effect. So it is repeated.
            for pause in PAUSES {
                let reported = match &tls {
                    None => cancel.cancel_query(NoTls).await,
                    Some(tls) => cancel.cancel_query(tls.clone()).await,
                };
                if let Err(error) = reported {
                    tracing::debug!(name: "in_place.cancel", detail = %error, "a statement could not be cancelled");
                }
                if tokio::time::timeout(pause, &mut task).await.is_ok() {
                    return;
                }
            }
            task.abort();
        });
    }
}

/// Refusal for an unreadable database, with the reason for the owner.
pub(super) fn unreadable_database_refusal(why: &str) -> Refusal {
    let sentence = format!("the database can't be read: {why}");
    Refusal::new(ErrorCode::SourceUnreadable, sentence)
}

/// Refusal with the text of the database or its client.
pub(super) fn database_error_refusal(error: &tokio_postgres::Error) -> Refusal {
    let mut text = error.to_string();
    let mut below = std::error::Error::source(error);
    while let Some(cause) = below {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        below = cause.source();
    }
    unreadable_database_refusal(&text)
}

/// Connection settings and TLS configuration.
fn connection_settings(
    server: &PostgresEndpoint,
) -> Result<(Config, Option<MakeRustlsConnect>), Refusal> {
    let mut config = parse_connection_string(&server.database)?;
    if let Some(path) = &server.password {
        let password = std::fs::read_to_string(path).map_err(|error| {
            Refusal::new(
                ErrorCode::SourceUnreadable,
                format!("the password of the database can't be read: {error}"),
            )
            .with_place(path.display().to_string(), None, None)
        })?;
        config.password(password.trim_end_matches(['\r', '\n']));
    }
    config.application_name("hansa").connect_timeout(CONNECT);
    let Some(path) = &server.root_certificate else {
        config.ssl_mode(SslMode::Disable);
        return Ok((config, None));
    };
    let wrong = |why: String| {
        Refusal::new(
            ErrorCode::SourceUnreadable,
            format!("the root certificate of the database can't be used: {why}"),
        )
        .with_place(path.display().to_string(), None, None)
    };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|why| wrong(why.to_string()))? {
        let certificate = certificate.map_err(|why| wrong(why.to_string()))?;
        roots
            .add(certificate)
            .map_err(|why| wrong(why.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| wrong(why.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.ssl_mode(SslMode::Require);
    Ok((config, Some(MakeRustlsConnect::new(tls))))
}

/// Parses the connection string. It must not contain secrets or settings that have their own key.
///
/// # Errors
/// `CONFIG_INVALID`.
fn parse_connection_string(database: &str) -> Result<Config, Refusal> {
    database
        .parse()
        .map_err(|error| Refusal::new(ErrorCode::ConfigInvalid, format!("`database`: {error}")))
}

/// Problem of a connection string, for the author of the configuration.
#[must_use]
pub fn connection_string_problem(database: &str, verified: bool) -> Option<String> {
    let config = match database.parse::<Config>() {
        Ok(config) => config,
        Err(error) => return Some(error.to_string()),
    };
    if config.get_password().is_some() {
        return Some("a password does not belong here: put it into a file, and name that with `password_file`".to_owned());
    }
    let words = ["sslmode", "options", "target_session_attrs"];
    if let Some(word) = words.into_iter().find(|word| database.contains(word)) {
        return Some(format!(
            "`{word}` is not used: TLS is on wherever `root_certificate` is given"
        ));
    }
    if config.get_user().is_none() || config.get_dbname().is_none() {
        return Some("it lacks `user` or `dbname`".to_owned());
    }
    let hosts = config.get_hosts();
    if hosts.len() != 1 || !config.get_hostaddrs().is_empty() {
        return Some("it names one `host`".to_owned());
    }
    let here = hosts.iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|at| at.is_loopback())
        }
    });
    (!here && !verified).then(|| {
        "the database is on another machine: name the certificates that its own comes from with `root_certificate`"
            .to_owned()
    })
}

const CONNECT: Duration = Duration::from_secs(5);

/// Waiting times for the end of a statement after each cancellation.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(10),
];

/// Maximum statement timeout of the database, in milliseconds.
const MOST: u128 = 2_147_483_647;
