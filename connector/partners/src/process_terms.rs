//! What a participant does by itself in negotiations and transfers, and what it gives.

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

/// A message of a negotiation that is sent without anybody asking for it.
#[derive(Debug, Clone, PartialEq)]
pub enum NegotiationMove {
    /// The consumer counters, with the same offer.
    Request,
    /// The provider offers what is on the table.
    Offer,
    /// The consumer accepts.
    Accept,
    /// The provider agrees.
    Agree,
    /// The consumer verifies.
    Verify,
    /// The provider finalises.
    Finalize,
    /// It is ended, with a code and a reason.
    Terminate(String, String),
}

/// A message of a transfer that is sent without anybody asking for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferMove {
    /// It is started, or resumed.
    Start,
    /// It is suspended.
    Suspend,
    /// All of it was transferred.
    Complete,
    /// It is ended, with a code and a reason.
    Terminate(String, String),
}

/// What a transfer that is asked for would be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferGrant {
    /// The dataset, by its id in the protocol.
    pub(crate) dataset: String,
    /// The contract that stands for the agreement.
    pub(crate) contract: Option<String>,
}

/// An agreement that a provider has made.
#[derive(Debug, Clone, PartialEq)]
pub struct AgreedContract {
    /// As it is sent.
    pub(crate) document: AgreementDocument,
    /// The contract that stands for it, signed; nothing in a trial.
    pub(crate) signed: Option<String>,
    /// How many contracts with the partner on the dataset were withdrawn before.
    pub(crate) withdrawn: usize,
}

/// What the data of a transfer or a data flow is given for.
#[derive(Debug, Clone, Copy)]
pub struct TransferSubject<'a> {
    /// The process here.
    pub(crate) pid: &'a str,
    /// Who has it, by its name in the configuration.
    pub(crate) partner: &'a str,
    /// The contract.
    pub(crate) contract: Option<&'a str>,
}

/// An agreement that a control plane has made.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowAgreement {
    /// The control plane, by its name in the configuration.
    pub(crate) control_plane: String,
    /// The partner who has the data, by its name in the configuration.
    pub(crate) partner: String,
    /// As the control plane keeps it.
    pub(crate) document: AgreementDocument,
}

/// What this participant is in the protocol, and what it does.
#[async_trait]
pub trait ProcessTerms: Send + Sync + 'static {
    /// Its identity in the protocol.
    fn own_id(&self) -> String;

    /// Where it takes messages of 2025-1.
    fn base(&self) -> String;

    /// Now.
    fn now(&self) -> UtcTimestamp;

    /// How long it waits before it says something by itself.
    fn patience(&self) -> Duration {
        Duration::from_millis(500)
    }

    /// Who presents a value of `Authorization`, by the name of the partner.
    fn identify(&self, authorization: &str, from: Option<IpAddr>) -> Option<String>;

    /// A partner that the configuration names.
    fn partner(&self, name: &str) -> Option<Partner>;

    /// What is offered to a partner, in order.
    ///
    /// # Errors
    /// When it can't be told; then nothing is.
    async fn datasets(&self, partner: &Partner) -> Result<Vec<PublishedDataset>, Refusal>;

    /// Whether there is an offer of that id to the partner, on whatever terms.
    fn knows(&self, partner: &Partner, offer: &OfferDocument) -> bool;

    /// What follows by itself in a negotiation.
    fn negotiation_move(&self, process: &NegotiationProcess) -> Option<NegotiationMove>;

    /// As provider: the contract that would be signed. What was drawn before is drawn again word for word, as long as it is still right.
    ///
    /// # Errors
    /// Why it is not agreed.
    fn draft(
        &self,
        _partner: &Partner,
        _process: &NegotiationProcess,
    ) -> Result<Option<String>, Refusal> {
        Ok(None)
    }

    /// Whether the contract of a negotiation is in force here, though its partner was not told yet.
    fn is_in_force(&self, _process: &NegotiationProcess) -> bool {
        false
    }

    /// As provider: the agreement, signed and not in force.
    ///
    /// # Errors
    /// Why it is not agreed; then the negotiation ends.
    async fn agree(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
    ) -> Result<AgreedContract, Refusal>;

    /// As provider: puts the agreement in force, and tells its contract.
    ///
    /// # Errors
    /// Why it is not in force; then the negotiation ends.
    async fn finalize(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
    ) -> Result<Option<String>, Refusal>;

    /// As consumer: whether the agreement of a provider may be accepted.
    ///
    /// # Errors
    /// Why not; then the negotiation ends.
    fn accept(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
        agreement: &AgreementDocument,
    ) -> Result<(), Refusal>;

    /// As consumer: whether offers that nobody asked for are taken note of.
    fn hears_offers(&self) -> bool;

    /// Which control plane of this participant presents a value of `Authorization`, or a path that only it can know.
    fn identify_control_plane(
        &self,
        _authorization: Option<&str>,
        _path: &[String],
    ) -> Option<String> {
        None
    }

    /// A control plane that the configuration names, as messages to it need it.
    fn control_plane(&self, _name: &str) -> Option<Partner> {
        None
    }

    /// As provider: the agreement of a flow, read where its control plane keeps it. Nothing is decided yet.
    ///
    /// # Errors
    /// Why it can't be read.
    async fn flow_agreement(
        &self,
        _control_plane: &str,
        _flow: &DataFlowRequest,
    ) -> Result<FlowAgreement, Refusal> {
        let sentence = "no data is given for control planes here";
        Err(Refusal::new(ErrorCode::ContractUnknown, sentence))
    }

    /// As provider: the contract that stands for an agreement of a control plane, in force; it is signed where there is none yet.
    ///
    /// # Errors
    /// Why no data is given under that agreement.
    async fn flow_contract(&self, _agreement: FlowAgreement) -> Result<String, Refusal> {
        let sentence = "no data is given for control planes here";
        Err(Refusal::new(ErrorCode::ContractUnknown, sentence))
    }

    /// As consumer: the partner of that identity, by its name in the configuration.
    fn partner_of(&self, _identity: &str) -> Option<String> {
        None
    }

    /// Why no data is given, or fetched, by a data flow any longer; nothing where it is.
    fn flow_ends(&self, _flow: &DataFlow) -> Option<Refusal> {
        None
    }

    /// As provider: what a transfer under an agreement would be of; nothing where there is none with that partner.
    ///
    /// # Errors
    /// Why there is none now.
    fn grant(
        &self,
        partner: &Partner,
        agreement: &str,
        format: &str,
    ) -> Result<TransferGrant, Refusal>;

    /// What follows by itself in a transfer.
    fn transfer_move(&self, process: &TransferProcess) -> Option<TransferMove>;

    /// As provider: where the data of a transfer can be had from now on, and the digest of the token that opens it.
    ///
    /// # Errors
    /// Why it is not started; then it ends.
    async fn open(
        &self,
        subject: TransferSubject<'_>,
    ) -> Result<(Option<DataAddress>, Option<String>), Refusal>;

    /// As provider: the rows of a transfer or a data flow that runs. `subject` is as it is kept now.
    async fn rows(
        &self,
        subject: TransferSubject<'_>,
        request: &DataspaceRequest,
    ) -> DataspaceResponse;

    /// The token of a transfer or data flow is good no longer: what runs by it ends.
    fn token_ended(&self, _pid: &str) {}

    /// Records that a message came or is about to go; nothing is done before.
    ///
    /// # Errors
    /// When it can't be recorded.
    async fn record(&self, record: ProcessRecord) -> Result<(), Refusal>;
}

/// What is recorded of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRecord {
    /// The partner, by its name in the configuration.
    pub(crate) partner: String,
    /// Whether it came in.
    pub(crate) is_incoming: bool,
    /// What kind of message it is.
    pub(crate) message: &'static str,
    /// The process here.
    pub(crate) process: String,
    /// The state to which it leads.
    pub(crate) state: String,
    /// The digest of what it says.
    pub(crate) digest: String,
    /// Of a data flow: the agreement at the control plane, and the contract that stands for it here.
    pub(crate) given_under: Option<(String, Option<String>)>,
    /// How many like it were counted alone before, since the last record of one.
    pub(crate) others: u64,
    /// Why it was refused, where it was.
    pub(crate) refused: Option<RefusedMessage>,
}

impl ProcessRecord {
    /// Of a message of a partner that is about no process.
    pub(crate) fn incoming(partner: &str, message: &'static str, digest: String) -> Self {
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

    /// Of a message of a process, in or out.
    pub(crate) fn of(
        process: &PartnerProcess,
        (is_incoming, message): (bool, &'static str),
        digest: String,
    ) -> Self {
        Self {
            is_incoming,
            process: process.pid.clone(),
            state: process.state.clone(),
            ..Self::incoming(&process.partner, message, digest)
        }
    }
}

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedMessage {
    /// Why, as the partner was told.
    pub(crate) reason: String,
    /// How many of the partner were refused before, since the last record of one.
    pub(crate) others: u64,
}
