//! Connections of a connector: to peers, programs, partners, its own workers, and the command line.
//!
//! Peers speak gRPC and Arrow Flight over mutual TLS. Programs of analysts use Flight SQL over TLS and present a token. Workers use
//! Arrow Flight under certificates of the cluster. The command line uses a Unix socket. This package transports messages. The
//! handler of each interface is a trait that other packages implement.
//!
//! # The walk
//!
//! A provider:
//!
//! 1. [`peer::server::serve_peers`] accepts connections by a [`TlsAcceptorConfig`]. A finished handshake gives a [`PeerCertificate`].
//! 2. At every request [`PeerHandler::recognise`] checks it and gives a [`VerifiedPeer`].
//! 3. [`PeerHandler::answer_query`] gives an [`AnswerStream`] of [`AnswerStreamFrame`] values, the receipt last; or a
//!    [`QueryRejection`], which holds the proof that the refusal is recorded.
//!
//! A consumer:
//!
//! 1. [`PeerClient::connect`] opens a [`PeerEndpoint`] and checks the identity of the other end.
//! 2. [`PeerClient::ask_query`] accepts a recorded [`QueryRecord`] only, and gives an [`AnswerBatchStream`].
//!
//! Programs of analysts: [`flight_sql::server::serve_clients`] with a [`FlightSqlHandler`], which identifies each call by its [`AccessToken`].
//!
//! The command line: [`admin::server::serve_admin`] with an [`AdminHandler`], and [`admin::client::connect_admin`]. Workers:
//! [`cluster::server::serve_tasks`] with a [`TaskHandler`], and a [`WorkerClient`].
//!
//! [`PeerCertificate`]: hansa_policy::PeerCertificate
//! [`VerifiedPeer`]: hansa_policy::VerifiedPeer
//!
//! # What it must never do
//!
//! - Decide. Handlers decide.
//! - Trust a message's statement about its sender. The certificate or the kernel identifies the sender.
//! - Send a question or a refusal that is not recorded.
//! - Depend on the query engine.
//!
//! An example of a whole answer needs a connector at each end; see `tests/e2e`. The examples here show single connections.
//!
//! # A command over the socket
//!
//! ```
//! use futures::stream::{self, BoxStream, StreamExt};
//! use hansa_proto::{AdminCommand, AdminEvent};
//! use hansa_transport::{AdminHandler, SocketAccess, admin};
//!
//! struct CommandCounter;
//!
//! impl AdminHandler for CommandCounter {
//!     fn run(&self, command: AdminCommand, caller: Option<u32>) -> BoxStream<'static, AdminEvent> {
//!         let seen = format!("{} by a known user: {}", command.verb, caller.is_some());
//!         stream::iter([AdminEvent::Notice(seen), AdminEvent::Done { exit_code: 0 }]).boxed()
//!     }
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let command = AdminCommand {
//! #     verb: "status".to_owned(),
//! #     args: serde_json::Map::new(),
//! #     timeout: None,
//! #     directory: "/".into(),
//! #     program: "hansa".to_owned(),
//! # };
//!
//! let socket = folder.path().join("hansa.sock");
//! assert!(admin::client::connect_admin(&socket).await?.is_none());
//!
//! let listener = admin::server::bind_socket(&socket, SocketAccess::Own)?;
//! let nobody_else = std::sync::Arc::new(|_| false);
//! let handler = std::sync::Arc::new(CommandCounter);
//! tokio::spawn(admin::server::serve_admin(listener, handler, nobody_else, std::future::pending()));
//!
//! let client = admin::client::connect_admin(&socket).await?.ok_or("no server listens")?;
//! let events: Vec<AdminEvent> = client.run(&command).collect().await;
//! assert_eq!(events[0], AdminEvent::Notice("status by a known user: true".to_owned()));
//! assert_eq!(events[1], AdminEvent::Done { exit_code: 0 });
//! # Ok(())
//! # }
//! ```
//!
//! # A small message of an answer
//!
//! ```
//! use arrow_flight::FlightData;
//! use hansa_transport::peer::message_packer::{MessagePacker, unpack_message};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let message = FlightData { data_header: vec![7; 200].into(), data_body: vec![0; 4000].into(), ..FlightData::default() };
//! let packed = MessagePacker::default().pack_message(message.clone());
//! assert!(packed.app_metadata.len() < 1000);
//! assert_eq!(unpack_message(packed.clone())?, message);
//!
//! // What is not packed by these rules is refused, not guessed.
//! let cut = FlightData { app_metadata: packed.app_metadata.slice(..20), ..FlightData::default() };
//! assert!(unpack_message(cut).is_err());
//! # Ok(())
//! # }
//! ```
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::as_conversions,
        reason = "tests"
    )
)]

pub mod admin;
mod client_connection;
#[cfg(test)]
mod client_fixture;
pub mod cluster;
mod connection_acceptor;
mod connection_refusal;
pub mod console;
pub mod dataspace;
mod flight;
pub mod flight_sql;
mod http_client;
pub mod internal_error;
pub mod member_hosts;
pub mod monitoring;
pub mod notice_delivery;
pub mod peer;
pub mod peer_handler;
mod secure_connection;
pub mod time_stamp_client;
mod trace_link;
pub mod web;

pub use crate::admin::client::AdminSocketClient;
pub use crate::admin::server::{AdminHandler, SocketAccess};
pub use crate::cluster::client::{TaskRowStream, WorkerClient};
pub use crate::cluster::server::{TaskFrame, TaskHandler};
pub use crate::console::{
    ConsoleAction, ConsoleBody, ConsoleHandler, ConsoleOrigin, ConsoleRequest, ConsoleResponse,
    CookieChange,
};
pub use crate::dataspace::{
    DataspaceBody, DataspaceHandler, DataspaceRequest, DataspaceResponse, PartnerKey,
    TransferFormat,
};
pub use crate::flight_sql::access_token::AccessToken;
pub use crate::flight_sql::server::PURPOSE_HEADER;
pub use crate::flight_sql::{
    AnswerEvidence, AnsweredRequest, ClientAnswer, ClientCredentials, ClientTable,
    FlightSqlHandler, StatementDescription,
};
pub use crate::member_hosts::MemberHosts;
pub use crate::monitoring::{MonitoringHandler, MonitoringToken, ReadinessCheck};
pub use crate::peer::client::answer_stream::{AnswerBatchStream, TransferSummary};
pub use crate::peer::client::{PeerClient, PeerEndpoint, QueryRecord};
pub use crate::peer::server::TlsAcceptorConfig;
pub use crate::peer::settings::TransportSettings;
pub use crate::peer_handler::{
    AnswerStream, AnswerStreamFrame, MessageReceipt, PeerHandler, QueryRejection,
    RejectedConnection,
};
pub use crate::web::format::AnswerWriter;
pub use crate::web::format::csv::CsvWriter;
pub use crate::web::format::geojson::{GeoJsonWriter, find_coordinates};
pub use crate::web::format::workbook::WorkbookWriter;
pub use crate::web::{
    ClientSavedQuery, OpenAnswer, OpenAnswerStanding, OpenDataset, PortalPage, WebHandler,
};
