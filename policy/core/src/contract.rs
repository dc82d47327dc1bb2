//! Contracts: agreement, signatures, registry of contracts in force, withdrawal.
//!
//! Each proof type, such as [`VerifiedContract`], has exactly one constructor that does the check.

mod accessors;
mod activation_record;
mod agreement;
mod assignee_contracts;
pub mod civil_zone;
pub mod combination_check;
mod consumer_contracts;
pub mod differencing;
mod grant;
pub mod mandate;
mod mandate_check;
mod provider_contracts;
mod registry;
pub mod rendering;
mod required_signatures;
pub mod seal;
pub mod signature;
pub mod signature_purpose;
mod simulation;
pub mod task_contract;
mod verified_withdrawal;

use crate::contract::assignee_contracts::AssigneeContracts;
use crate::contract::rendering::PageRendering;
use crate::contract::signature::{Signature, SignatureVerifier};
use crate::contract::signature_purpose::SignaturePurpose;
use crate::id::{ContractId, DatasetId, ParticipantId};
use crate::peer::VerifiedPeer;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::purpose::OwnPurpose;
use crate::term::{Clause, open_data};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The unsigned agreement: the payload of a contract in domain form (wire form: `hansa_proto::contract`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Label `urn:uuid:…`. The identity of the contract is the hash of the payload, not this label.
    pub uid: String,
    /// Version under the label, from 1.
    pub version: u32,
    /// The contract that this one replaces.
    pub supersedes: Option<ContractId>,
    /// Participant that owns the dataset and answers.
    pub provider: ContractParty,
    /// Recipient: a participant, a partner, or everybody.
    pub assignee: Assignee,
    /// Dataset of the contract.
    pub dataset: DatasetRef,
    /// Clauses of the policy in their order. Clause numbers are unique.
    pub clauses: Vec<Clause>,
    /// First instant in force.
    pub not_before: UtcTimestamp,
    /// First instant no longer in force.
    pub not_after: UtcTimestamp,
    /// Version and digest of the purpose vocabulary that both sides used, `version:sha256:…`.
    pub purposes: String,
    /// Provider's own purposes that the clauses use: name, parent purpose and text of each.
    pub own_purposes: Vec<OwnPurpose>,
    /// Legal text that is bound to the contract.
    pub legal: Option<LegalText>,
    /// Template from which the terms were filled in, as stated by the proposer.
    pub template: Option<TemplateReference>,
    /// Digest of the statement that names the provider's signatory and his capacity. The statement is kept beside the log.
    pub signatory: Option<Digest>,
    /// Language and time zone of the page that the signers see.
    pub rendering: PageRendering,
    /// Instant of the proposal.
    pub proposed_at: UtcTimestamp,
    /// 16 random bytes in base64url.
    pub nonce: String,
}

/// A party of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractParty {
    /// Identity of the participant.
    pub id: ParticipantId,
    /// Name for people.
    pub name: String,
    /// Number in a public register, where given.
    pub legal_id: Option<String>,
    /// RFC 7638 thumbprint of the party's signing key, in base64url.
    pub signing_key: String,
    /// SHA-256 of the SPKI of the authority that issues the party's TLS certificates.
    pub tls_issuer: Digest,
}

/// Recipient of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignee {
    /// One participant; both sign.
    Participant(ContractParty),
    /// Any participant of the league (term 43). The provider alone signs.
    Public,
    /// Connector of another product. Its signatures can't be checked here, so the provider alone signs.
    Partner(ContractPartner),
}

/// A partner that speaks the Dataspace Protocol and is no participant of the league.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractPartner {
    /// Local identity of the partner.
    pub id: ParticipantId,
    /// Name for people.
    pub name: String,
    /// Identity in the Dataspace Protocol, such as a DID.
    pub protocol_id: String,
}

/// The dataset of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetRef {
    /// Identity of the dataset.
    pub id: DatasetId,
    /// Digest of its schema when the contract was made.
    #[serde(rename = "schemaSha256")]
    pub schema: Digest,
    /// True for a high-value dataset (term 42).
    pub high_value: bool,
}

/// The legal text bound to a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalText {
    /// File name or address.
    pub text_ref: String,
    /// SHA-256 of the text.
    pub text: Digest,
    /// Language of the text (BCP 47).
    pub language: String,
}

/// A template from which terms were filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateReference {
    /// Author of the template.
    pub author: ParticipantId,
    /// Title: one line.
    pub title: String,
    /// Version of the template, from 1.
    pub version: u32,
    /// SHA-256 of the template's file.
    pub sha256: Digest,
}

/// Contract as read from its envelope. Its signatures are not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedContract {
    /// SHA-256 of the payload bytes.
    pub id: ContractId,
    /// Content of the payload.
    pub agreement: Agreement,
    /// The signatures: two for a contract, the provider's alone for a public view and for a contract with a partner.
    pub signatures: Vec<Signature>,
}

/// Contract with all required signatures checked.
#[derive(Debug, Clone)]
pub struct VerifiedContract {
    id: ContractId,
    agreement: Agreement,
}

impl SignedContract {
    /// Checks that the contract carries exactly the required signatures, each by the key of its party.
    /// This is the only constructor of [`VerifiedContract`].
    ///
    /// # Errors
    /// A refusal with the code of the first check that fails.
    pub fn verify(
        self,
        keys: &(impl SignatureVerifier + ?Sized),
    ) -> Result<VerifiedContract, Refusal> {
        self.check_all(keys)?;
        Ok(VerifiedContract {
            id: self.id,
            agreement: self.agreement,
        })
    }
}

/// Withdrawal as read from its envelope. Its signature is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedWithdrawal {
    /// SHA-256 of the statement's bytes.
    pub statement: Digest,
    /// Contract that ends.
    pub contract: ContractId,
    /// Party that withdraws.
    pub party: ParticipantId,
    /// Instant of effect, never before the receipt of the withdrawal. Later than `issued_at` only where the party gives notice.
    pub effective_at: UtcTimestamp,
    /// Instant of writing.
    pub issued_at: UtcTimestamp,
    /// Reason, for people.
    pub reason: String,
    /// The party's signature.
    pub signature: Signature,
}

/// Withdrawal with a checked signature of a party of the contract.
#[derive(Debug, Clone)]
pub struct VerifiedWithdrawal {
    contract: ContractId,
    party: ParticipantId,
    effective_at: Option<UtcTimestamp>,
    statement: Digest,
    /// Signed statement as text. Set where the record itself must hold the statement.
    envelope: Option<String>,
}

/// Contracts of this participant, as provider and as consumer.
#[derive(Debug, Clone)]
pub struct ContractRegistry {
    own: ParticipantId,
    contracts: BTreeMap<ContractId, RegistryEntry>,
    superseded: BTreeMap<ContractId, BTreeSet<ContractId>>,
    /// Contracts by assignee, with public views, and by dataset. A question looks only at its own part of the registry.
    taken: BTreeMap<ParticipantId, AssigneeContracts>,
    public: AssigneeContracts,
    over: BTreeMap<DatasetId, BTreeSet<ContractId>>,
}

#[derive(Debug, Clone)]
struct RegistryEntry {
    agreement: Agreement,
    /// Instant of effect of the withdrawal. The earliest possible instant where the contract ended with the record of its
    /// withdrawal.
    withdrawn: Option<UtcTimestamp>,
}

impl ContractRegistry {
    /// Checks the contracts that a peer names, and gives [`ActiveContracts`]: each is a contract of this provider, with this caller
    /// or public, and in force. This is the only constructor of [`ActiveContracts`] for a peer.
    ///
    /// A contract with another participant gives the error `CONTRACT_UNKNOWN`, with exactly the text for a contract that does not
    /// exist.
    ///
    /// # Errors
    /// `CONTRACT_UNKNOWN`, `WITHDRAWN`, `SUPERSEDED`, `EXPIRED`, `NOT_YET_VALID`, or `CONTRACT_AMBIGUOUS` when two of them give the same dataset.
    pub fn in_force(
        &self,
        who: &VerifiedPeer,
        ids: &[ContractId],
        now: UtcTimestamp,
    ) -> Result<ActiveContracts, Refusal> {
        for id in ids {
            // INVARIANT: partner-by-transfer. Data for a partner leaves only by a transfer under the partner's contract.
            let is_partner = |agreement: &Agreement| agreement.partner().is_some();
            if self.agreement(*id).is_some_and(is_partner) && !who.presents_token_of(*id) {
                let sentence = format!("no contract `{}` with you", id.to_short_text());
                return Err(Refusal::new(ErrorCode::ContractUnknown, sentence));
            }
        }
        Ok(ActiveContracts {
            asker: Requester::Peer(who.clone()),
            grants: self.dataset_grants(who.id(), ids, now)?,
        })
    }

    /// Gives the public view `id` for an unidentified caller on the web: a view of this provider, in force, with a signed clause
    /// for open data.
    ///
    /// # Errors
    /// `DATASET_UNKNOWN` where there is no such view, with exactly the text for a dataset that does not exist;
    /// `POLICY_CONTRADICTION` where another clause needs an identified caller.
    pub fn on_web(&self, id: ContractId, now: UtcTimestamp) -> Result<ActiveContracts, Refusal> {
        let unknown = || Refusal::new(ErrorCode::DatasetUnknown, "there is no such open dataset");
        let agreement = self.provided_agreement(id, now).map_err(|_| unknown())?;
        // INVARIANT: open-by-signature. A public view is for members of the league unless one of its clauses opens it to everybody.
        if agreement.assignee != Assignee::Public || !open_data::is_open(&agreement.clauses) {
            return Err(unknown());
        }
        // The time clauses are checked at each download, since a published file stays available after its question was decided.
        if open_data::clause_out_of_time(&agreement.clauses, now).is_some() {
            return Err(unknown());
        }
        if let Some(clause) = open_data::closing_clause(&agreement.clauses) {
            let sentence = "the clause can't be kept with somebody who is not known";
            let refusal = Refusal::new(ErrorCode::PolicyContradiction, sentence);
            return Err(refusal
                .with_contract(id)
                .with_clause(clause.id, clause.term.to_english()));
        }
        Ok(ActiveContracts {
            asker: Requester::Web(self.own.clone()),
            grants: self.dataset_grants(&self.own, &[id], now)?,
        })
    }

    /// Gives the house contract, under which the owner asks for its own datasets.
    /// The grants come from the house policy, never from a peer.
    #[must_use]
    pub fn owner_contracts(
        &self,
        datasets: impl IntoIterator<Item = (DatasetId, Digest)>,
    ) -> ActiveContracts {
        let grants = datasets
            .into_iter()
            .filter(|(dataset, _)| dataset.owner == self.own)
            .map(|(dataset, schema)| (dataset, DatasetGrant::for_house(schema)))
            .collect();
        ActiveContracts {
            asker: Requester::House(self.own.clone()),
            grants,
        }
    }
}

/// The state of a contract at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContractStatus {
    /// The contract can be used.
    InForce,
    /// The first instant in force is in the future.
    NotYet,
    /// The last instant in force is past.
    Expired,
    /// A party has withdrawn the contract.
    Withdrawn,
    /// A newer version has replaced the contract.
    Superseded,
}

/// Permission that one contract gives for one dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetGrant {
    contract: Option<ContractId>,
    first: Option<ContractId>,
    schema: Digest,
    clauses: Vec<Clause>,
    purposes: String,
    own_purposes: Vec<OwnPurpose>,
    not_before: UtcTimestamp,
    not_after: UtcTimestamp,
}

/// Contracts under which one question is asked. All are in force at the instant of the decision.
#[derive(Debug)]
pub struct ActiveContracts {
    asker: Requester,
    grants: BTreeMap<DatasetId, DatasetGrant>,
}

/// Caller of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requester {
    /// Another participant.
    Peer(VerifiedPeer),
    /// User of this participant, under the house contract.
    House(ParticipantId),
    /// Unidentified caller on the web, under public views with open data. Holds the identity of the provider.
    Web(ParticipantId),
    /// Simulated caller: a local user looks at what this participant could see.
    Supposed(ParticipantId),
}

impl ActiveContracts {
    /// Contracts for a simulation by a local user. No answer may rest on them.
    const fn from_supposed_grants(
        who: ParticipantId,
        grants: BTreeMap<DatasetId, DatasetGrant>,
    ) -> Self {
        Self {
            asker: Requester::Supposed(who),
            grants,
        }
    }
}

impl VerifiedContract {
    /// Checks a withdrawal of this contract. This is the only constructor of [`VerifiedWithdrawal`].
    ///
    /// # Errors
    /// When the withdrawal names another contract, is not by a party of this contract, or has a signature that is not valid.
    pub fn verify_withdrawal(
        &self,
        withdrawal: &SignedWithdrawal,
        keys: &impl SignatureVerifier,
    ) -> Result<VerifiedWithdrawal, Refusal> {
        if withdrawal.contract != self.id {
            return Err(Refusal::new(
                ErrorCode::ContractUnknown,
                "the withdrawal is for another contract",
            ));
        }
        let party = &withdrawal.party;
        if !self.agreement.is_party(party) {
            return Err(Refusal::new(
                ErrorCode::SignerNotParty,
                "the withdrawal is not by a party of the contract",
            )
            .with_contract(self.id));
        }
        keys.check_signature(party, &withdrawal.signature, SignaturePurpose::Withdrawal)
            .map_err(|refusal| refusal.with_contract(self.id))?;
        Ok(VerifiedWithdrawal {
            contract: self.id,
            party: party.clone(),
            // `issued_at` comes from the party's clock, which may be wrong. Without notice, the withdrawal has effect from its
            // record on.
            effective_at: (withdrawal.effective_at > withdrawal.issued_at)
                .then_some(withdrawal.effective_at),
            statement: withdrawal.statement,
            envelope: None,
        })
    }
}

impl ContractRegistry {
    /// Verified contract as it was admitted. It can be withdrawn even if its file is lost.
    #[must_use]
    pub fn verified_contract(&self, id: ContractId) -> Option<VerifiedContract> {
        let agreement = self.contracts.get(&id)?.agreement.clone();
        Some(VerifiedContract { id, agreement })
    }
}

#[cfg(test)]
mod tests;
