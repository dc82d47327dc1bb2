//! Negotiations and transfers with Dataspace Protocol partners, as commands see them. They run if the protocol is configured.

use async_trait::async_trait;
use hansa_audit_log::digest::Digest;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::RwLock;
use serde_json::Value;
use std::sync::{Arc, Weak};

/// Summary of a negotiation or a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerProcessSummary {
    /// Local ID of the process.
    pub pid: String,
    /// Start of the process, in microseconds.
    pub began: i64,
    /// `negotiation`, `transfer` or `data flow`.
    pub kind: &'static str,
    /// Name of the partner in the configuration.
    pub partner: String,
    /// True if this participant is the provider.
    pub is_provider: bool,
    /// State of the process.
    pub state: String,
    /// Dataset of a negotiation, or agreement of a transfer or data flow.
    pub subject: String,
    /// Agreement of a negotiation, once it exists.
    pub agreement: Option<String>,
    /// Reason of the end.
    pub ended: Option<String>,
    /// Address of a transfer's data, and the token for it.
    pub data_address: Option<(String, String)>,
}

/// Offer of a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerOffer {
    /// ID of the dataset at the partner.
    pub dataset: String,
    /// Title of the dataset.
    pub title: Option<String>,
    /// ID of the offer.
    pub offer: String,
    /// Rules of the offer, in JSON.
    pub rules: String,
    /// Formats of the data.
    pub formats: Vec<String>,
}

/// Terms of the current proposal in a negotiation.
#[derive(Debug, Clone, PartialEq)]
pub struct PartnerTerms {
    /// Summary of the negotiation.
    pub summary: PartnerProcessSummary,
    /// ID of the offer.
    pub offer: String,
    /// Rules of the offer.
    pub rules: Value,
    /// Digest over the whole proposal. Accepting it requires this digest.
    pub terms: Digest,
}

/// Operations on negotiations and transfers with partners.
#[async_trait]
pub trait PartnerProcesses: Send + Sync {
    /// Returns all negotiations and transfers, the oldest first.
    fn summaries(&self) -> Vec<PartnerProcessSummary>;

    /// Returns the offers of a partner.
    ///
    /// # Errors
    /// `PARTNER_UNKNOWN`, `PARTNER_UNREACHABLE`, `PARTNER_ANSWER_INVALID`; an incomplete catalog is refused.
    async fn fetch_offers(&self, partner: &str) -> Result<Vec<PartnerOffer>, Refusal>;

    /// Returns the local offers to a partner: the datasets with their offers and rules.
    ///
    /// # Errors
    /// `PARTNER_UNKNOWN`.
    async fn local_offers(&self, partner: &str) -> Result<Vec<PartnerOffer>, Refusal>;

    /// Reports the complete arrival of a data flow.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, `NEGOTIATION_STATE`.
    async fn complete_flow(&self, pid: &str) -> Result<(), Refusal>;

    /// Requests a contract on exactly one offer of a partner.
    ///
    /// # Errors
    /// Errors of `offers`, or `OFFER_UNKNOWN`.
    async fn request_contract(&self, partner: &str, offer: &str) -> Result<String, Refusal>;

    /// Returns the current proposal of a negotiation.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`.
    fn on_table(&self, pid: &str) -> Result<PartnerTerms, Refusal>;

    /// As provider, returns the contract to sign; `None` if no signature is due here.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, or the reason why there is no such contract.
    async fn agreement_to_sign(&self, pid: &str) -> Result<Option<Agreement>, Refusal>;

    /// Checks that a negotiation waits for the signature of that contract.
    fn awaits_signature(&self, contract: ContractId) -> bool;

    /// Continues a negotiation that waits for a person: agrees as provider, or accepts as consumer, the proposal with the digest
    /// `terms`.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, `NEGOTIATION_STATE`; `OFFER_UNKNOWN` if the proposal has changed.
    async fn agree_to_terms(&self, pid: &str, terms: Digest) -> Result<(), Refusal>;

    /// Ends a negotiation or a transfer.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, `NEGOTIATION_STATE`.
    async fn end_process(&self, pid: &str, reason: &str) -> Result<(), Refusal>;

    /// Reports the complete arrival of a transfer.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, `NEGOTIATION_STATE`.
    async fn complete_transfer(&self, pid: &str) -> Result<(), Refusal>;

    /// Requests the data of an agreement from a partner.
    ///
    /// # Errors
    /// `PARTNER_UNKNOWN`, or an error if the request can't be recorded.
    async fn request_transfer(
        &self,
        partner: &str,
        agreement: &str,
        format: &str,
    ) -> Result<String, Refusal>;
}

/// Slot for the partner processes, which is filled if the protocol is served.
#[derive(Default)]
pub struct PartnerProcessesSlot(RwLock<Option<Weak<dyn PartnerProcesses>>>);

crate::debug_by_name!(PartnerProcessesSlot);

impl PartnerProcessesSlot {
    /// Fills the slot.
    pub fn set(&self, processes: &Arc<dyn PartnerProcesses>) {
        *self.0.write() = Some(Arc::downgrade(processes));
    }

    /// Returns the partner processes.
    ///
    /// # Errors
    /// `USAGE` with the missing configuration if the slot is empty.
    pub fn get(&self) -> Result<Arc<dyn PartnerProcesses>, Refusal> {
        let running = self.0.read().as_ref().and_then(Weak::upgrade);
        running.ok_or_else(|| {
            Refusal::new(
                ErrorCode::UsageWrong,
                "the Dataspace Protocol is not switched on here, or no connector runs",
            )
            .with_help("set [dataspace] base and id, [web] listen and a [partner.NAME], and have hansa serve run")
        })
    }
}
