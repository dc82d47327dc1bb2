//! HTTP for programs that do not speak Arrow: saved queries and statements as CSV, JSON, GeoJSON and workbooks.
//!
//! Each request presents an access token, and is identified by it before its path is looked at. What is asked goes the way of
//! Flight SQL. An answer that fails after its first byte ends without the end that its protocol has, so that no program takes it for a
//! whole one.

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
mod problem;
mod request;
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

impl ClientSavedQuery {
    /// Its path: aliases and names have letters, digits and `_` alone.
    fn path(&self) -> String {
        match &self.owner {
            Some(owner) => format!("/v1/queries/{owner}/{}", self.query.name),
            None => format!("/v1/queries/{}", self.query.name),
        }
    }
}

/// A dataset that anybody on the web may fetch, as it is now. Another version of it, or another view, is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDataset {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The address of its licence.
    pub licence: String,
    /// The text that names its source, where the owner wants one.
    pub attribution: Option<String>,
    /// The identity of the public view.
    pub contract: String,
    /// The label of its snapshot.
    pub version: String,
    /// The columns of the view.
    pub columns: SchemaRef,
}

impl OpenDataset {
    /// The forms in which it is fetched whole: the ending of each file, and its media type.
    #[must_use]
    pub fn files(&self) -> Vec<(&'static str, &'static str)> {
        open_format::files(self)
    }
}

/// A page for data portals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalPage {
    /// The status of HTTP.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// Where it is instead.
    pub location: Option<String>,
    /// The body.
    pub body: Bytes,
    /// What is the same as long as the page says the same.
    pub tag: String,
}

/// All rows of an open dataset, and what they stand on.
pub struct OpenAnswer {
    /// The rows.
    pub answer: ClientAnswer,
    /// Whether they may still be shown.
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

/// Whether an answer that is kept may still be shown to anybody.
pub trait OpenAnswerStanding: Send + Sync {
    /// Why not, where it may not.
    fn ended_view_refusal(&self) -> Option<Refusal>;
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

    /// Whether anybody on the web may fetch anything. Asked before a request is counted, so that it looks at little.
    fn opens_anything(&self) -> bool;

    /// Whether portals are told something at a path. Asked before a request is counted, likewise.
    fn tells_portals(&self, path: &[String]) -> bool;

    /// What answers connectors of other makes; nothing where none is spoken to.
    fn dataspace(&self) -> Option<Arc<dyn DataspaceHandler>>;

    /// A clock that only counts, in microseconds.
    fn ticks(&self) -> i64;

    /// The datasets that anybody on the web may fetch now, in order of their names.
    fn open_datasets(&self) -> Vec<OpenDataset>;

    /// The page of the catalogue for portals at this path: in a form that the client takes, the best one first; nothing where none is
    /// told of.
    ///
    /// # Errors
    /// When it can't be put together.
    async fn portal(
        &self,
        path: &[String],
        accept: Option<&[String]>,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Option<PortalPage>, Refusal>;

    /// Counts a request of somebody who is not known.
    ///
    /// # Errors
    /// After how long another one has a place.
    fn admit_stranger(&self, from: Option<IpAddr>) -> Result<(), Duration>;

    /// All rows of an open dataset; the question is recorded as any other.
    ///
    /// # Errors
    /// Why it is not answered.
    async fn open_answer(&self, dataset: &OpenDataset) -> Result<OpenAnswer, Refusal>;

    /// Writes rows of these columns as Parquet.
    ///
    /// # Errors
    /// `USAGE` where two columns have one name.
    fn parquet_writer(&self, columns: SchemaRef) -> Result<Box<dyn AnswerWriter>, Refusal>;

    /// Takes one request and so many bytes from what is reserved on the log for a dataset, or for the list of them.
    ///
    /// # Errors
    /// When the log can't be written; then nothing may leave.
    async fn reserve(&self, dataset: Option<&OpenDataset>, bytes: u64) -> Result<(), Refusal>;
}

/// The rows of a transfer in their form. `writer` is whoever writes what is not written here.
///
/// # Errors
/// Where they fail within their first bytes, or have no writer.
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
    answer_body::body(answer, writer).await
}
