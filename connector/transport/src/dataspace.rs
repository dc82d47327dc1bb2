//! The Dataspace Protocol over HTTP: requests of connectors of other makes, and messages to them. What a message says is read elsewhere.

pub mod client;
pub mod server;

use crate::flight_sql::ClientAnswer;
use crate::web::format::AnswerWriter;
use async_trait::async_trait;
use hansa_policy::refusal::Refusal;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// A request of a partner, its body read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataspaceRequest {
    /// Whether it is a `POST`; otherwise it is a `GET`.
    pub is_post: bool,
    /// The parts of its path behind `/dsp`.
    pub path: Vec<String>,
    /// Its parameters, each once.
    pub parameters: BTreeMap<String, String>,
    /// From where it comes.
    pub address: Option<IpAddr>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What a request of the protocol is answered.
#[derive(Debug)]
pub struct DataspaceResponse {
    /// The status of HTTP.
    pub status: u16,
    /// Where the page behind this one is, and the one before it, by their relation.
    pub links: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: DataspaceBody,
}

/// What is sent to a partner.
pub enum DataspaceBody {
    /// A message in JSON; empty where there is none.
    Json(Vec<u8>),
    /// The rows of a transfer.
    Rows {
        /// The rows.
        answer: Box<ClientAnswer>,
        /// How they are written.
        format: TransferFormat,
        /// Who writes them, where it is not done here.
        writer: Option<Box<dyn AnswerWriter>>,
    },
}

/// In which form the rows of a transfer are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferFormat {
    /// CSV (RFC 4180).
    Csv,
    /// One object of JSON for each row, each on a line.
    JsonLines,
    /// The stream of Arrow.
    Arrow,
    /// Parquet.
    Parquet,
}

impl TransferFormat {
    /// Each of them, the first one where nothing is said.
    pub const ALL: [Self; 4] = [Self::Csv, Self::JsonLines, Self::Arrow, Self::Parquet];

    /// Its name in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }

    /// The media type.
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
    /// A message.
    #[must_use]
    pub const fn json(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            links: Vec::new(),
            body: DataspaceBody::Json(body),
        }
    }
}

/// What answers the requests of partners.
#[async_trait]
pub trait DataspaceHandler: Send + Sync + 'static {
    /// The versions of the protocol, which anybody may ask for. (Dataspace Protocol 2025-1, section 4.3)
    fn versions(&self) -> Vec<u8>;

    /// Who presents a value of `Authorization`, or a path that only one can know. Asked before the body is read.
    ///
    /// # Errors
    /// When it is nobody that the configuration names.
    fn identify(
        &self,
        authorization: Option<&str>,
        address: Option<IpAddr>,
        path: &[String],
    ) -> Result<PartnerKey, Refusal>;

    /// The answer to a request of an identified partner.
    async fn answer(&self, partner: &PartnerKey, request: DataspaceRequest) -> DataspaceResponse;
}

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartnerKey {
    /// A partner, by its name in the configuration.
    Partner(String),
    /// Whoever presents the token of a transfer.
    Transfer {
        /// The process of the provider.
        process: String,
        /// The digest of the token.
        token: String,
    },
    /// A control plane of this participant, by its name in the configuration.
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
