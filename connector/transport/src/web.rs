//! HTTP interface for programs without Arrow: saved queries and statements as CSV, JSON, GeoJSON and workbooks.
//!
//! Each request presents an access token, and is identified before its path is looked at. Questions use the code of Flight SQL. An
//! answer that fails after its first byte ends without the end mark of its protocol, so that no program takes it for a complete
//! one.

mod agent_tools;
mod answer_body;
mod features;
pub(crate) mod format;
mod negotiated_format;
mod open_data;
mod open_format;
mod openapi;
mod parameter_values;
mod portal_pages;
pub(crate) mod problem;
pub(crate) mod request;
mod routes;
pub mod server;
#[cfg(test)]
mod tests;

use crate::dataspace::{DataspaceHandler, TransferFormat};
use crate::flight_sql::{ClientAnswer, FlightSqlHandler};
use arrow_schema::SchemaRef;
use axum::body::Body;
use bytes::Bytes;
use format::AnswerWriter;
use hansa_catalog::SavedQuery;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Saved query that a client may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSavedQuery {
    /// Alias of the participant that declares the query with its dataset; absent: this participant.
    pub owner: Option<String>,
    /// Declaration of the query.
    pub query: SavedQuery,
    /// Statement to be run, with the parameters as `$1` and so on, in the order of their declaration.
    pub statement: String,
    /// Columns of the answer.
    pub columns: SchemaRef,
}

impl ClientSavedQuery {
    /// Path of the query. Aliases and names contain only letters, digits and `_`.
    fn path(&self) -> String {
        match &self.owner {
            Some(owner) => format!("/v1/queries/{owner}/{}", self.query.name),
            None => format!("/v1/queries/{}", self.query.name),
        }
    }
}

/// Present version of a dataset that everybody on the web may fetch. Another version or another view is a different value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDataset {
    /// Name of the dataset.
    pub name: String,
    /// Title of the dataset.
    pub title: String,
    /// Address of its licence.
    pub licence: String,
    /// Attribution text, where the owner demands it.
    pub attribution: Option<String>,
    /// Identity of the public view.
    pub contract: String,
    /// Label of the snapshot.
    pub version: String,
    /// Columns of the view.
    pub columns: SchemaRef,
}

impl OpenDataset {
    /// Formats of complete files: file name extension and media type of each.
    #[must_use]
    pub fn files(&self) -> Vec<(&'static str, &'static str)> {
        open_format::file_formats(self)
    }
}

/// Page for data portals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalPage {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub content_type: &'static str,
    /// Address of a redirection.
    pub location: Option<String>,
    /// Body of the page.
    pub body: Bytes,
    /// Tag that is equal for equal content.
    pub tag: String,
}

/// All rows of an open dataset, with the check of their validity.
pub struct OpenAnswer {
    /// Answer with the rows.
    pub answer: ClientAnswer,
    /// Check that the rows may still be sent.
    pub standing: Box<dyn OpenAnswerStanding>,
}

impl fmt::Debug for OpenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = &self.answer.columns;
        f.debug_struct("OpenAnswer")
            .field("columns", columns)
            .finish_non_exhaustive()
    }
}

/// Check that a cached answer may still be sent to everybody.
pub trait OpenAnswerStanding: Send + Sync {
    /// Refusal if the view has ended.
    fn ended_view_refusal(&self) -> Option<Refusal>;
}

/// Handler of clients over HTTP. It identifies and executes as for Flight SQL.
#[async_trait::async_trait]
pub trait WebHandler: FlightSqlHandler {
    /// Saved queries that the client may run, in order: those that can be planned under the present contracts.
    ///
    /// # Errors
    /// When the queries can't be collected.
    async fn saved_queries(&self, client: &Self::Client) -> Result<Vec<ClientSavedQuery>, Refusal>;

    /// Saved query with this name.
    ///
    /// # Errors
    /// `QUERY_UNKNOWN` when there is no such query for this client, or the reason why it can't be planned.
    async fn saved_query(
        &self,
        client: &Self::Client,
        owner: Option<&str>,
        name: &str,
    ) -> Result<ClientSavedQuery, Refusal>;

    /// Remote queries and clauses of a statement, without running it.
    ///
    /// # Errors
    /// The reason why the statement can't be planned for this client.
    async fn explain_statement(&self, client: &Self::Client, sql: &str) -> Result<Value, Refusal>;

    /// True if there is any open data. Called before a request is counted, so it must be cheap.
    fn opens_anything(&self) -> bool;

    /// True if portals may read the path. Called before a request is counted, so it must be cheap.
    fn tells_portals(&self, path: &[String]) -> bool;

    /// Handler of the Dataspace Protocol; none where no partners are configured.
    fn dataspace(&self) -> Option<Arc<dyn DataspaceHandler>>;

    /// Monotonic clock, microseconds.
    fn ticks(&self) -> i64;

    /// Open datasets at present, in the order of their names.
    fn open_datasets(&self) -> Vec<OpenDataset>;

    /// Page of the catalogue for portals at this path, in the best format that the client accepts; none where there is no such
    /// page.
    ///
    /// # Errors
    /// When the page can't be built.
    async fn find_portal_page(
        &self,
        path: &[String],
        accept: Option<&[String]>,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Option<PortalPage>, Refusal>;

    /// Counts a request of an unidentified caller.
    ///
    /// # Errors
    /// The time after which another request is possible.
    fn admit_stranger(&self, from: Option<IpAddr>) -> Result<(), Duration>;

    /// All rows of an open dataset. The question is recorded like any other.
    ///
    /// # Errors
    /// The reason why there is no answer.
    async fn open_answer(&self, dataset: &OpenDataset) -> Result<OpenAnswer, Refusal>;

    /// Writer of Parquet for these columns.
    ///
    /// # Errors
    /// `USAGE` when two columns have one name.
    fn parquet_writer(&self, columns: SchemaRef) -> Result<Box<dyn AnswerWriter>, Refusal>;

    /// Takes one request and a number of bytes from the reservation in the log for a dataset, or for the list of datasets.
    ///
    /// # Errors
    /// When the log can't be written; then nothing may be sent.
    async fn reserve(&self, dataset: Option<&OpenDataset>, bytes: u64) -> Result<(), Refusal>;
}

/// Rows of a transfer in their format. `writer` writes a format that is not implemented here.
///
/// # Errors
/// When the answer fails within its first bytes, or the format has no writer.
pub(crate) async fn transfer_body(
    answer: ClientAnswer,
    format: TransferFormat,
    writer: Option<Box<dyn AnswerWriter>>,
) -> Result<Body, Refusal> {
    let columns = Arc::clone(&answer.columns);
    let writer: Box<dyn AnswerWriter> = match (writer, format) {
        (Some(writer), _) => writer,
        (None, TransferFormat::Csv) => Box::new(format::csv::CsvWriter::new(columns, false)),
        (None, TransferFormat::JsonLines) => {
            Box::new(format::json_lines::JsonLinesWriter::new(&columns)?)
        }
        (None, TransferFormat::Arrow) => {
            Box::new(format::arrow_stream::ArrowStreamWriter::new(&columns)?)
        }
        (None, TransferFormat::Parquet) => {
            let sentence = "nobody writes this form";
            return Err(Refusal::new(ErrorCode::Internal, sentence));
        }
    };
    answer_body::stream_body(answer, writer).await
}
