//! Flight SQL for the programs of analysts: data frames, notebooks, and whatever speaks ADBC, JDBC or ODBC.
//!
//! Each call presents an access token, and is identified by it before anything else happens; no session is kept. A prepared
//! statement is its text: whoever holds its handle holds no right, and it is decided anew each time that it is executed.
//!
//! Apache Arrow, Flight SQL, protocol of arrow-flight 59.

pub mod access_token;
mod client_connection;
mod client_query_service;
mod client_status;
mod metadata_tables;
pub mod server;
mod statement_handle;
#[cfg(test)]
mod tests;

use access_token::AccessToken;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::stream::BoxStream;
use hansa_policy::refusal::Refusal;
use std::fmt;

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
}

impl fmt::Debug for ClientAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAnswer")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// What answers clients.
#[async_trait::async_trait]
pub trait FlightSqlHandler: Send + Sync + 'static {
    /// Who asks, for which purpose. Only [`FlightSqlHandler::identify`] makes one, and everything else needs one.
    type Client: Clone + Send + Sync + 'static;

    /// Identifies a client by what it presents; asked at each call.
    ///
    /// # Errors
    /// `TOKEN_REQUIRED` where it presents nothing, `TOKEN_INVALID`, or the refusal of its purpose.
    fn identify(
        &self,
        presented: Option<&AccessToken>,
        purpose: Option<&str>,
    ) -> Result<Self::Client, Refusal>;

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
