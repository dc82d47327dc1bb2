//! Dataspace Protocol over HTTP: requests of partners, and messages to partners. The package `hansa-dataspace` parses the messages.

pub mod client;
pub mod server;

use crate::flight_sql::ClientAnswer;
use crate::web::format::AnswerWriter;
use async_trait::async_trait;
use hansa_policy::refusal::Refusal;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// Request of a partner, with its complete body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataspaceRequest {
    /// True for `POST`, false for `GET`.
    pub is_post: bool,
    /// Segments of its path after `/dsp`.
    pub path: Vec<String>,
    /// Query parameters, without duplicates.
    pub parameters: BTreeMap<String, String>,
    /// Address of the caller.
    pub address: Option<IpAddr>,
    /// Body of the request.
    pub body: Vec<u8>,
}

/// Response to a request of the protocol.
#[derive(Debug)]
pub struct DataspaceResponse {
    /// HTTP status.
    pub status: u16,
    /// Addresses of the next and the previous page, by link relation.
    pub links: Vec<(&'static str, String)>,
    /// Body of the response.
    pub body: DataspaceBody,
}

/// Body of a response to a partner.
pub enum DataspaceBody {
    /// Message in JSON; empty where there is none.
    Json(Vec<u8>),
    /// Rows of a transfer.
    Rows {
        /// Answer with the rows.
        answer: Box<ClientAnswer>,
        /// Format of the rows.
        format: TransferFormat,
        /// Writer of the format, where it is not implemented here.
        writer: Option<Box<dyn AnswerWriter>>,
    },
}

/// Format of the rows of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferFormat {
    /// CSV (RFC 4180).
    Csv,
    /// One JSON object a line for each row.
    JsonLines,
    /// Arrow IPC stream.
    Arrow,
    /// Parquet.
    Parquet,
}

impl TransferFormat {
    /// All formats; the first one is the default.
    pub const ALL: [Self; 4] = [Self::Csv, Self::JsonLines, Self::Arrow, Self::Parquet];

    /// Name in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }

    /// Media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::JsonLines => "application/x-ndjson",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl DataspaceResponse {
    /// Response with a message.
    #[must_use]
    pub const fn json(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            links: Vec::new(),
            body: DataspaceBody::Json(body),
        }
    }
}

/// Handler of partners' requests.
#[async_trait]
pub trait DataspaceHandler: Send + Sync + 'static {
    /// Versions of the protocol, available to everybody. (Dataspace Protocol 2025-1, section 4.3)
    fn versions(&self) -> Vec<u8>;

    /// Identifies the caller by a value of `Authorization`, or by a secret path. Called before the body is read.
    ///
    /// # Errors
    /// When the configuration names no such caller.
    fn identify(
        &self,
        authorization: Option<&str>,
        address: Option<IpAddr>,
        path: &[String],
    ) -> Result<PartnerKey, Refusal>;

    /// Response to a request of an identified partner.
    async fn handle_request(
        &self,
        partner: &PartnerKey,
        request: DataspaceRequest,
    ) -> DataspaceResponse;
}

/// Identified caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartnerKey {
    /// Partner, by its name in the configuration.
    Partner(String),
    /// Caller with the token of a transfer.
    Transfer {
        /// Process id at the provider.
        process: String,
        /// Digest of the token.
        token: String,
    },
    /// Control plane of this participant, by its name in the configuration.
    ControlPlane(String),
}

impl fmt::Debug for DataspaceBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(bytes) => write!(f, "Json({} bytes)", bytes.len()),
            Self::Rows { format, .. } => write!(f, "Rows({format:?})"),
        }
    }
}
