//! Automatic moves of a participant in negotiations and transfers, and its grants.

use crate::data_flow::DataFlow;
use crate::negotiation_process::NegotiationProcess;
use crate::partner::Partner;
use crate::partner_process::PartnerProcess;
use crate::transfer_process::TransferProcess;
use async_trait::async_trait;
use hansa_audit_log::time::UtcTimestamp;
use hansa_dataspace::{
    AgreementDocument, DataAddress, DataFlowRequest, OfferDocument, PublishedDataset,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::{DataspaceRequest, DataspaceResponse};
use std::net::IpAddr;
use std::time::Duration;

/// Automatic message of a negotiation.
#[derive(Debug, Clone, PartialEq)]
pub enum NegotiationMove {
    /// The consumer makes a counter-request with the current offer.
    Request,
    /// The provider makes the current offer.
    Offer,
    /// The consumer accepts.
    Accept,
    /// The provider agrees.
    Agree,
    /// The consumer verifies.
    Verify,
    /// The provider finalizes.
    Finalize,
    /// Either party terminates, with a code and a reason.
    Terminate(String, String),
}

/// Automatic message of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferMove {
    /// The transfer is started or resumed.
    Start,
    /// The transfer is suspended.
    Suspend,
    /// The transfer is complete.
    Complete,
    /// The transfer is terminated, with a code and a reason.
    Terminate(String, String),
}

/// Data of a requested transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferGrant {
    /// ID of the dataset in the protocol.
    pub(crate) dataset: String,
    /// Contract for the agreement.
    pub(crate) contract: Option<String>,
}

/// Agreement that a provider has made.
#[derive(Debug, Clone, PartialEq)]
pub struct AgreedContract {
    /// Agreement as sent.
    pub(crate) document: AgreementDocument,
    /// Signed contract for it; `None` in the conformance scenario.
    pub(crate) signed: Option<String>,
    /// Number of earlier withdrawn contracts with the partner on the dataset.
    pub(crate) withdrawn: usize,
}

/// Grounds on which the data of a transfer or a data flow is served.
#[derive(Debug, Clone, Copy)]
pub struct TransferSubject<'a> {
    /// Local ID of the process.
    pub(crate) pid: &'a str,
    /// Name of the receiver in the configuration.
    pub(crate) partner: &'a str,
    /// Contract of the data.
    pub(crate) contract: Option<&'a str>,
}

/// Agreement that a control plane has made.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowAgreement {
    /// Name of the control plane in the configuration.
    pub(crate) control_plane: String,
    /// Name of the receiving partner in the configuration.
    pub(crate) partner: String,
    /// Agreement as the control plane stores it.
    pub(crate) document: AgreementDocument,
}

/// Identity and behaviour of this participant in the protocol.
#[async_trait]
pub trait ProcessTerms: Send + Sync + 'static {
    /// Participant ID in the protocol.
    fn own_id(&self) -> String;

    /// Address for messages of version 2025-1.
    fn base_address(&self) -> String;

    /// Current time.
    fn now(&self) -> UtcTimestamp;

    /// Pause before an automatic move.
    fn patience(&self) -> Duration {
        Duration::from_millis(500)
    }

    /// Name of the partner that presents an `Authorization` value.
    fn identify_partner(&self, authorization: &str, from: Option<IpAddr>) -> Option<String>;

    /// Configured partner of a name.
    fn partner(&self, name: &str) -> Option<Partner>;

    /// Offers to a partner, in order.
    ///
    /// # Errors
    /// If the offers can't be determined; no catalog is sent then.
    async fn datasets(&self, partner: &Partner) -> Result<Vec<PublishedDataset>, Refusal>;

    /// Checks that an offer with that id to the partner exists, with any terms.
    fn knows_offer(&self, partner: &Partner, offer: &OfferDocument) -> bool;

    /// Next automatic move of a negotiation.
    fn negotiation_move(&self, process: &NegotiationProcess) -> Option<NegotiationMove>;

    /// As provider, returns the contract to sign. An existing draft that is still correct is returned unchanged.
    ///
    /// # Errors
    /// The reason why the provider does not agree.
    fn draft(
        &self,
        _partner: &Partner,
        _process: &NegotiationProcess,
    ) -> Result<Option<String>, Refusal> {
        Ok(None)
    }

    /// Checks that the contract of a negotiation is in force here, even if its partner does not know yet.
    fn is_in_force(&self, _process: &NegotiationProcess) -> bool {
        false
    }

    /// As provider, returns the signed agreement, which is not yet in force.
    ///
    /// # Errors
    /// The reason why the provider does not agree; the negotiation ends then.
    async fn conclude_agreement(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
    ) -> Result<AgreedContract, Refusal>;

    /// As provider, puts the agreement in force and returns its contract.
    ///
    /// # Errors
    /// The reason why the agreement is not in force; the negotiation ends then.
    async fn finalize_agreement(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
    ) -> Result<Option<String>, Refusal>;

    /// As consumer, checks that a provider's agreement is acceptable.
    ///
    /// # Errors
    /// The reason why not; the negotiation ends then.
    fn check_agreement(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
        agreement: &AgreementDocument,
    ) -> Result<(), Refusal>;

    /// As consumer, returns true if unsolicited offers are accepted for review.
    fn hears_offers(&self) -> bool;

    /// Name of the control plane of this participant that presents an `Authorization` value or a secret path.
    fn identify_control_plane(
        &self,
        _authorization: Option<&str>,
        _path: &[String],
    ) -> Option<String> {
        None
    }

    /// Configured control plane as a receiver of messages.
    fn control_plane(&self, _name: &str) -> Option<Partner> {
        None
    }

    /// As provider, fetches the agreement of a flow from its control plane, without a decision.
    ///
    /// # Errors
    /// The reason why it can't be read.
    async fn flow_agreement(
        &self,
        _control_plane: &str,
        _flow: &DataFlowRequest,
    ) -> Result<FlowAgreement, Refusal> {
        let sentence = "no data is given for control planes here";
        Err(Refusal::new(ErrorCode::ContractUnknown, sentence))
    }

    /// As provider, returns the contract in force for a control plane's agreement. A missing one is signed.
    ///
    /// # Errors
    /// The reason why no data is served under that agreement.
    async fn flow_contract(&self, _agreement: FlowAgreement) -> Result<String, Refusal> {
        let sentence = "no data is given for control planes here";
        Err(Refusal::new(ErrorCode::ContractUnknown, sentence))
    }

    /// As consumer, returns the configured name of the partner with that participant ID.
    fn partner_of(&self, _identity: &str) -> Option<String> {
        None
    }

    /// Reason why a data flow must end; `None` while it may continue.
    fn flow_ends(&self, _flow: &DataFlow) -> Option<Refusal> {
        None
    }

    /// As provider, returns the data of a transfer under an agreement; `None` if the partner has no such agreement.
    ///
    /// # Errors
    /// The reason why no transfer is possible now.
    fn grant_transfer(
        &self,
        partner: &Partner,
        agreement: &str,
        format: &str,
    ) -> Result<TransferGrant, Refusal>;

    /// Next automatic move of a transfer.
    fn transfer_move(&self, process: &TransferProcess) -> Option<TransferMove>;

    /// As provider, returns a new address for the data of a transfer, and the digest of its token.
    ///
    /// # Errors
    /// The reason why the transfer is not started; it ends then.
    async fn open(
        &self,
        subject: TransferSubject<'_>,
    ) -> Result<(Option<DataAddress>, Option<String>), Refusal>;

    /// As provider, returns the rows of a running transfer or data flow. `subject` is its stored state.
    async fn transfer_rows(
        &self,
        subject: TransferSubject<'_>,
        request: &DataspaceRequest,
    ) -> DataspaceResponse;

    /// Ends the answers of a transfer or data flow whose token is no longer valid.
    fn token_ended(&self, _pid: &str) {}

    /// Records a received or outgoing message. No step is taken before.
    ///
    /// # Errors
    /// If the message can't be recorded.
    async fn record(&self, record: ProcessRecord) -> Result<(), Refusal>;
}

/// Record of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRecord {
    /// Name of the partner in the configuration.
    pub(crate) partner: String,
    /// True for a received message.
    pub(crate) is_incoming: bool,
    /// Kind of the message.
    pub(crate) message: &'static str,
    /// Local ID of the process.
    pub(crate) process: String,
    /// Resulting state.
    pub(crate) state: String,
    /// Digest of the content.
    pub(crate) digest: String,
    /// For a data flow: the agreement at the control plane, and the contract here.
    pub(crate) given_under: Option<(String, Option<String>)>,
    /// Number of similar messages that were only counted since the last record.
    pub(crate) others: u64,
    /// Refusal of the message, if any.
    pub(crate) refused: Option<RefusedMessage>,
}

impl ProcessRecord {
    /// Makes the record of a partner's message without a process.
    pub(crate) fn incoming_message(partner: &str, message: &'static str, digest: String) -> Self {
        Self {
            partner: partner.to_owned(),
            is_incoming: true,
            message,
            process: String::new(),
            state: String::new(),
            digest,
            given_under: None,
            others: 0,
            refused: None,
        }
    }

    /// Makes the record of a process's message, received or outgoing.
    pub(crate) fn for_process(
        process: &PartnerProcess,
        is_incoming: bool,
        message: &'static str,
        digest: String,
    ) -> Self {
        Self {
            is_incoming,
            process: process.pid.clone(),
            state: process.state.clone(),
            ..Self::incoming_message(&process.partner, message, digest)
        }
    }
}

/// Refused message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedMessage {
    /// Reason as sent to the partner.
    pub(crate) reason: String,
    /// Number of the partner's refused messages since the last record.
    pub(crate) others: u64,
}
