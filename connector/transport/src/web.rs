//! HTTP for programs that do not speak Arrow: saved queries and statements as CSV, JSON, GeoJSON and workbooks.
//!
//! Each request presents an access token, and is identified by it before its path is looked at. What is asked goes the way of
//! Flight SQL. An answer that fails after its first byte ends without the end that its protocol has, so that no program takes it for a
//! whole one.

mod agent_tools;
mod answer_body;
mod features;
mod format;
mod negotiated_format;
mod openapi;
mod parameter_values;
mod problem;
mod request;
mod routes;
pub mod server;
#[cfg(test)]
mod tests;

use crate::flight_sql::FlightSqlHandler;
use arrow_schema::SchemaRef;
use hansa_catalog::SavedQuery;
use hansa_policy::refusal::Refusal;
use serde_json::Value;

/// A saved query that a client may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSavedQuery {
    /// The alias of the participant that declares it with its dataset; absent: the house itself.
    pub owner: Option<String>,
    /// What was declared.
    pub query: SavedQuery,
    /// The statement that is asked, with the parameters as `$1` and so on, in the order in which they are declared.
    pub statement: String,
    /// The columns of its answer.
    pub columns: SchemaRef,
}

/// What answers clients over HTTP. It identifies and executes as for Flight SQL.
#[async_trait::async_trait]
pub trait WebHandler: FlightSqlHandler {
    /// The saved queries that the client may ask, in order: those that can be planned under the contracts of this moment.
    ///
    /// # Errors
    /// When they can't be gathered.
    async fn saved_queries(&self, client: &Self::Client) -> Result<Vec<ClientSavedQuery>, Refusal>;

    /// One of them.
    ///
    /// # Errors
    /// `QUERY_UNKNOWN` where there is none of that name for this client, or why it can't be planned.
    async fn saved_query(
        &self,
        client: &Self::Client,
        owner: Option<&str>,
        name: &str,
    ) -> Result<ClientSavedQuery, Refusal>;

    /// What would be asked of whom for a statement, and under which clauses; nothing is asked.
    ///
    /// # Errors
    /// Why it can't be planned for this client.
    async fn explain(&self, client: &Self::Client, sql: &str) -> Result<Value, Refusal>;
}
