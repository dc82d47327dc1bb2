//! The negotiations and transfers with partners, as commands see them. They run where the protocol is spoken.

use async_trait::async_trait;
use hansa_audit_log::digest::Digest;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::RwLock;
use serde_json::Value;
use std::sync::{Arc, Weak};

/// A negotiation or a transfer in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerProcessSummary {
    /// Its id here.
    pub pid: String,
    /// When it began, in microseconds.
    pub began: i64,
    /// `negotiation`, `transfer` or `data flow`.
    pub kind: &'static str,
    /// The partner, by its name in the configuration.
    pub partner: String,
    /// Whether this participant provides.
    pub is_provider: bool,
    /// The state.
    pub state: String,
    /// The dataset of a negotiation, the agreement of a transfer or a data flow.
    pub subject: String,
    /// The agreement of a negotiation, once there is one.
    pub agreement: Option<String>,
    /// Why it was ended.
    pub ended: Option<String>,
    /// Where the data of a transfer is, with what opens it.
    pub data_address: Option<(String, String)>,
}

/// An offer of a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerOffer {
    /// The dataset, by its id at the partner.
    pub dataset: String,
    /// Its title.
    pub title: Option<String>,
    /// The offer.
    pub offer: String,
    /// Its rules, in JSON.
    pub rules: String,
    /// The formats in which it can be had.
    pub formats: Vec<String>,
}

/// What is on the table of a negotiation.
#[derive(Debug, Clone, PartialEq)]
pub struct PartnerTerms {
    /// The negotiation in a few words.
    pub summary: PartnerProcessSummary,
    /// The offer, by its id.
    pub offer: String,
    /// Its rules.
    pub rules: Value,
    /// A digest over all that is on the table; whoever agrees names it.
    pub terms: Digest,
}

/// What can be done with partners.
#[async_trait]
pub trait PartnerProcesses: Send + Sync {
    /// All negotiations and transfers, the oldest first.
    fn summaries(&self) -> Vec<PartnerProcessSummary>;

    /// What a partner offers.
    ///
    /// # Errors
    /// `PARTNER_UNKNOWN`, `PARTNER_UNREACHABLE`, `PARTNER_ANSWER_INVALID`; a catalogue that can't be read whole is no catalogue.
    async fn offers(&self, partner: &str) -> Result<Vec<PartnerOffer>, Refusal>;

    /// What is offered to a partner here: the datasets with their offers, and the rules of each.
    ///
    /// # Errors
    /// `PARTNER_UNKNOWN`.
    async fn policies(&self, partner: &str) -> Result<Vec<PartnerOffer>, Refusal>;

    /// Says that all data of a data flow came.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, `NEGOTIATION_STATE`.
    async fn complete_flow(&self, pid: &str) -> Result<(), Refusal>;

    /// Asks a partner for a contract on exactly one of its offers.
    ///
    /// # Errors
    /// As `offers`, or `OFFER_UNKNOWN`.
    async fn request(&self, partner: &str, offer: &str) -> Result<String, Refusal>;

    /// What is on the table of a negotiation.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`.
    fn on_table(&self, pid: &str) -> Result<PartnerTerms, Refusal>;

    /// As provider: the contract that would be signed; nothing where there is nothing to sign here.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, or why there is no such contract.
    async fn agreement_to_sign(&self, pid: &str) -> Result<Option<Agreement>, Refusal>;

    /// Whether a negotiation waits for somebody to sign that contract.
    fn awaits(&self, contract: ContractId) -> bool;

    /// Goes on with a negotiation that waits for people: agrees as provider, accepts as consumer, to the terms that were read.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, `NEGOTIATION_STATE`; `OFFER_UNKNOWN` where something else is on the table by now.
    async fn agree(&self, pid: &str, terms: Digest) -> Result<(), Refusal>;

    /// Ends a negotiation or a transfer.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, `NEGOTIATION_STATE`.
    async fn end(&self, pid: &str, reason: &str) -> Result<(), Refusal>;

    /// Says that all data of a transfer came.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, `NEGOTIATION_STATE`.
    async fn complete(&self, pid: &str) -> Result<(), Refusal>;

    /// Asks a partner for the data of an agreement.
    ///
    /// # Errors
    /// `PARTNER_UNKNOWN`, or when it can't be recorded.
    async fn transfer(
        &self,
        partner: &str,
        agreement: &str,
        format: &str,
    ) -> Result<String, Refusal>;
}

/// Where they are, once the protocol is spoken.
#[derive(Default)]
pub struct PartnerProcessesSlot(RwLock<Option<Weak<dyn PartnerProcesses>>>);

crate::debug_by_name!(PartnerProcessesSlot);

impl PartnerProcessesSlot {
    /// They run from now on.
    pub fn set(&self, processes: &Arc<dyn PartnerProcesses>) {
        *self.0.write() = Some(Arc::downgrade(processes));
    }

    /// They, where they run.
    ///
    /// # Errors
    /// `USAGE`, with what has to be configured.
    pub fn get(&self) -> Result<Arc<dyn PartnerProcesses>, Refusal> {
        let running = self.0.read().as_ref().and_then(Weak::upgrade);
        running.ok_or_else(|| {
            Refusal::new(
                ErrorCode::UsageWrong,
                "the Dataspace Protocol is not spoken here, or no connector runs",
            )
            .with_help("set [dataspace] base and id, [web] listen and a [partner.NAME], and have hansa serve run")
        })
    }
}
