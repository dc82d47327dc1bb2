//! Flight SQL for programs of analysts: data frames, notebooks, and clients of ADBC, JDBC or ODBC.
//!
//! Each call presents an access token, or comes over a connection with a certificate of the league. The call is identified first,
//! and no session is kept. The handle of a prepared statement contains its text. It gives no right: each execution is decided anew.
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

/// Table that a client may name: `owner.name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTable {
    /// Alias of its owner.
    pub owner: String,
    /// Name of the table at its owner.
    pub name: String,
    /// Columns that the contract shows.
    pub columns: SchemaRef,
}

/// Description of a planned statement. Nothing was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementDescription {
    /// Columns of the answer.
    pub columns: SchemaRef,
    /// Parameters of the statement, in order.
    pub parameters: SchemaRef,
}

/// Running answer.
pub struct ClientAnswer {
    /// Columns of the answer.
    pub columns: SchemaRef,
    /// Rows of the answer. An error ends the stream and makes all earlier rows void. Dropping the stream ends the answer.
    pub rows: BoxStream<'static, Result<RecordBatch, Refusal>>,
    /// Evidence of the answer; absent where no other participant was asked.
    pub evidence: Option<Arc<dyn AnswerEvidence>>,
}

/// Evidence of an answer, available after its last row.
pub trait AnswerEvidence: Send + Sync {
    /// Requests of the answer. The call may wait for the disk.
    ///
    /// # Errors
    /// When the index can't be read.
    fn requests(&self) -> Result<Vec<AnsweredRequest>, Refusal>;
}

/// Request to a participant, as named in both logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredRequest {
    /// Participant that answered.
    pub participant: String,
    /// Identity of the request.
    pub request: String,
    /// Digest of its receipt, once the receipt is in the log.
    pub receipt: Option<String>,
}

impl fmt::Debug for ClientAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAnswer")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// Credentials of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClientCredentials<'a> {
    /// Access token.
    pub token: Option<&'a AccessToken>,
    /// Certificate of the league that the connection presented.
    pub certificate: Option<&'a PeerCertificate>,
    /// Address from which the connection comes.
    pub address: Option<IpAddr>,
}

/// Handler of clients.
#[async_trait::async_trait]
pub trait FlightSqlHandler: Send + Sync + 'static {
    /// Identified client with its purpose. Only [`FlightSqlHandler::identify`] makes one, and all other functions need one.
    type Client: Clone + Send + Sync + 'static;

    /// Identifies a client by its credentials. Called for each call.
    ///
    /// # Errors
    /// `TOKEN_REQUIRED` without credentials, `TOKEN_INVALID`, the refusal of an invalid certificate, or the refusal of the purpose.
    fn identify(
        &self,
        presented: ClientCredentials<'_>,
        purpose: Option<&str>,
    ) -> Result<Self::Client, Refusal>;

    /// Receipts for the client without countersignature, the newest first.
    ///
    /// # Errors
    /// When the receipts can't be read.
    async fn receipts(&self, client: &Self::Client) -> Result<Vec<Bytes>, Refusal>;

    /// Tables that the client may name.
    ///
    /// # Errors
    /// When the tables can't be collected.
    async fn tables(&self, client: &Self::Client) -> Result<Vec<ClientTable>, Refusal>;

    /// Plans a statement. `parameters` is the single row of its values, where they are known.
    ///
    /// # Errors
    /// The reason why the statement can't be planned for this client.
    async fn describe_statement(
        &self,
        client: &Self::Client,
        sql: &str,
        parameters: Option<RecordBatch>,
    ) -> Result<StatementDescription, Refusal>;

    /// Executes a statement.
    ///
    /// # Errors
    /// The reason why there is no answer.
    async fn run(
        &self,
        client: &Self::Client,
        sql: &str,
        parameters: Option<RecordBatch>,
    ) -> Result<ClientAnswer, Refusal>;
}
