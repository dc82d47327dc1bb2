//! Flight SQL for the programs of analysts: data frames, notebooks, and whatever speaks ADBC, JDBC or ODBC.
//!
//! Each call presents an access token, or comes over a connection that showed a certificate of the league. It is identified by these
//! before anything else happens; no session is kept. A prepared
//! statement is its text: whoever holds its handle holds no right, and it is decided anew each time that it is executed.
//!
//! Apache Arrow, Flight SQL, protocol of arrow-flight 59.

pub mod access_token;
mod client_query_service;
mod client_status;
pub mod connection_check;
mod metadata_tables;
pub mod server;
mod statement_handle;
#[cfg(test)]
mod tests;

use access_token::AccessToken;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use futures::stream::BoxStream;
use hansa_policy::peer::PeerCertificate;
use hansa_policy::refusal::Refusal;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// A table as a client may name it: `owner.name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTable {
    /// The alias of its owner.
    pub owner: String,
    /// Its name, behind the owner's.
    pub name: String,
    /// The columns that its contract shows.
    pub columns: SchemaRef,
}

/// A statement as it was planned; nothing was asked of anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementDescription {
    /// The columns of its answer.
    pub columns: SchemaRef,
    /// The parameters that it has, in order.
    pub parameters: SchemaRef,
}

/// An answer on its way.
pub struct ClientAnswer {
    /// Its columns.
    pub columns: SchemaRef,
    /// Its rows. An error ends them, and all rows before it are void. Dropping them ends the answer.
    pub rows: BoxStream<'static, Result<RecordBatch, Refusal>>,
    /// What proves it; absent where nobody else was asked.
    pub evidence: Option<Arc<dyn AnswerEvidence>>,
}

/// What proves an answer: read behind its last row.
pub trait AnswerEvidence: Send + Sync {
    /// The requests that it was made of; may wait for the disk.
    ///
    /// # Errors
    /// When the index can't be read.
    fn requests(&self) -> Result<Vec<AnsweredRequest>, Refusal>;
}

/// A request to a participant, as both logs name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredRequest {
    /// Who answered.
    pub participant: String,
    /// The id of the request.
    pub request: String,
    /// The digest of its receipt, once that is in the log.
    pub receipt: Option<String>,
}

impl fmt::Debug for ClientAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAnswer")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// What a call presents of whoever makes it.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClientCredentials<'a> {
    /// The access token.
    pub token: Option<&'a AccessToken>,
    /// The certificate of the league that its connection showed.
    pub certificate: Option<&'a PeerCertificate>,
    /// From which address its connection comes.
    pub address: Option<IpAddr>,
}

/// What answers clients.
#[async_trait::async_trait]
pub trait FlightSqlHandler: Send + Sync + 'static {
    /// Who asks, for which purpose. Only [`FlightSqlHandler::identify`] makes one, and everything else needs one.
    type Client: Clone + Send + Sync + 'static;

    /// Identifies a client by what it presents; asked at each call.
    ///
    /// # Errors
    /// `TOKEN_REQUIRED` where it presents nothing, `TOKEN_INVALID`, that its certificate does not count, or the refusal of its purpose.
    fn identify(
        &self,
        presented: ClientCredentials<'_>,
        purpose: Option<&str>,
    ) -> Result<Self::Client, Refusal>;

    /// The receipts that the client was given and that nobody countersigns, the newest first.
    ///
    /// # Errors
    /// When they can't be read.
    async fn receipts(&self, client: &Self::Client) -> Result<Vec<Bytes>, Refusal>;

    /// The tables that the client may name.
    ///
    /// # Errors
    /// When they can't be gathered.
    async fn tables(&self, client: &Self::Client) -> Result<Vec<ClientTable>, Refusal>;

    /// Plans a statement; `parameters` is the one row of its values, where they are known.
    ///
    /// # Errors
    /// Why it can't be planned for this client.
    async fn describe(
        &self,
        client: &Self::Client,
        sql: &str,
        parameters: Option<RecordBatch>,
    ) -> Result<StatementDescription, Refusal>;

    /// Executes a statement.
    ///
    /// # Errors
    /// Why it is not answered.
    async fn run(
        &self,
        client: &Self::Client,
        sql: &str,
        parameters: Option<RecordBatch>,
    ) -> Result<ClientAnswer, Refusal>;
}
