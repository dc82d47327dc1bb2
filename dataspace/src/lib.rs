//! Messages of the Dataspace Protocol 2025-1 (Eclipse Dataspace Working Group, tag `2025-1-err1`): read, written and checked.
//!
//! The functions are pure: they convert bytes to values and values to bytes. Other packages decide on senders, on the state of a
//! process and on addresses; only the transition table of transfers is here, as [`TransferState::next`].
//!
//! Messages are read as plain JSON. A message that a JSON-LD processor could understand differently is refused: duplicate names,
//! unknown contexts, keywords that change the meaning of members. Names may be bare, have one of the known prefixes, or be full
//! IRIs. Members that the protocol does not know are ignored, except in policies ([`PolicyRules`]).
//!
//! Each message has a type with `read` and `to_json`. The result of `to_json` is valid against the schemas of 2025-1, if offers and
//! agreements have a permission or a prohibition.
//!
//! ```
//! use hansa_dataspace::{MessageError, NegotiationEvent, NegotiationEventKind};
//!
//! let message = br#"{
//!     "@context": ["https://w3id.org/dspace/2025/1/context.jsonld"],
//!     "@type": "ContractNegotiationEventMessage",
//!     "consumerPid": "urn:uuid:0c7b8f52-41c3-4b0e-9d59-6d2a3f1e7a01",
//!     "providerPid": "urn:uuid:9e1f4a3c-7d20-4c58-8a7b-52b6c0d4e902",
//!     "eventType": "ACCEPTED"
//! }"#;
//! let event = NegotiationEvent::read(message)?;
//! assert_eq!(event.event, NegotiationEventKind::Accepted);
//! assert_eq!(NegotiationEvent::read(event.to_json().to_string().as_bytes())?, event);
//! # Ok::<(), MessageError>(())
//! ```

mod acknowledgement;
mod address;
mod agreement_record;
mod catalog;
mod catalog_request;
mod data_address;
mod data_flow;
mod data_flow_of_edc;
mod data_flow_state;
mod document;
mod error_body;
mod message_error;
mod negotiation;
mod node;
mod policy_document;
mod policy_rules;
mod process_id;
mod published_catalog;
mod strict_json;
#[cfg(test)]
mod tests;
mod transfer;
mod transfer_state;
mod version_list;
mod vocabulary;

pub use acknowledgement::{NegotiationAck, TransferAck};
pub use address::join_address;
pub use catalog::{Catalog, DataService, Dataset, Distribution, UnusableDataset};
pub use catalog_request::{CatalogRequest, DatasetRequest};
pub use data_address::DataAddress;
pub use data_flow::{
    DataFlowMessage, DataFlowRequest, DataFlowStatus, HTTP_PULL_FORMAT, HTTP_PULL_PROFILE,
};
pub use data_flow_of_edc::EdcDataFlowStart;
pub use data_flow_state::{DataFlowState, DataFlowStep};
pub use error_body::{ErrorBody, ErrorKind};
pub use message_error::MessageError;
pub use negotiation::{
    AgreementVerification, ContractAgreement, ContractOffer, ContractRequest, NegotiationEvent,
    NegotiationEventKind, NegotiationTermination,
};
pub use policy_document::{AgreementDocument, OfferDocument};
pub use policy_rules::PolicyRules;
pub use process_id::{ProcessId, ProcessIdError, ProcessPids};
pub use published_catalog::{PublishedCatalog, PublishedDataset, PublishedOffer};
pub use strict_json::{DEPTH_LIMIT, MESSAGE_LIMIT};
pub use transfer::{
    TransferCompletion, TransferRequest, TransferStart, TransferSuspension, TransferTermination,
};
pub use transfer_state::{TransferMessageKind, TransferState};
pub use version_list::{PROTOCOL_VERSION, ProtocolVersion, VersionAuth, VersionList};
pub use vocabulary::{
    DSPACE_CONTEXT, DSPACE_NAMESPACE, EDC_CONTEXT, EDC_NAMESPACE, ODRL_NAMESPACE,
};
