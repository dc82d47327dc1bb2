//! From signed bytes to a contract in force: what a contract is, and the one maker of each thing that proves it was checked.

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
    /// `urn:uuid:…`, a label; the identity is the hash of the payload.
    pub uid: String,
    /// Version under that label, from 1.
    pub version: u32,
    /// The contract that this one replaces.
    pub supersedes: Option<ContractId>,
    /// Who gives.
    pub provider: ContractParty,
    /// Who takes.
    pub assignee: Assignee,
    /// What is given.
    pub dataset: DatasetRef,
    /// What the policy says, in clause order; numbers are unique.
    pub clauses: Vec<Clause>,
    /// First instant in force.
    pub not_before: UtcTimestamp,
    /// First instant no longer in force.
    pub not_after: UtcTimestamp,
    /// Version and digest of the purpose vocabulary that both sides used, `version:sha256:…`.
    pub purposes: String,
    /// Own purposes of the provider that the clauses use: name, the purpose that it is part of, and its text.
    pub own_purposes: Vec<OwnPurpose>,
    /// The legal text that is bound to the contract.
    pub legal: Option<LegalText>,
    /// The template whose parameters were filled to make its terms, by the word of whoever proposed them.
    pub template: Option<TemplateReference>,
    /// Who signs for the provider, and in what capacity: digest of a statement kept beside the log.
    pub signatory: Option<Digest>,
    /// The page that its signers are shown.
    pub rendering: PageRendering,
    /// When it was proposed.
    pub proposed_at: UtcTimestamp,
    /// 16 random bytes, base64url.
    pub nonce: String,
}

/// A party of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractParty {
    /// Its identity.
    pub id: ParticipantId,
    /// Its name for people.
    pub name: String,
    /// Its number in a public register, where given.
    pub legal_id: Option<String>,
    /// RFC 7638 thumbprint of the key that signs for it, base64url.
    pub signing_key: String,
    /// SHA-256 of the SPKI that issues its TLS certificates.
    pub tls_issuer: Digest,
}

/// Who takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignee {
    /// One participant; both sign.
    Participant(ContractParty),
    /// 43: any participant of the league; the provider alone signs.
    Public,
    /// A connector of another make, which signs nothing that can be checked here; the provider alone signs.
    Partner(ContractPartner),
}

/// A partner that speaks the Dataspace Protocol and is no participant of the league.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractPartner {
    /// Under which it is known here.
    pub id: ParticipantId,
    /// Its name for people.
    pub name: String,
    /// Its identity in the Dataspace Protocol, such as a DID.
    pub protocol_id: String,
}

/// The dataset of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatasetRef {
    /// Which.
    pub id: DatasetId,
    /// Digest of its schema when the contract was made.
    #[serde(rename = "schemaSha256")]
    pub schema: Digest,
    /// 42: it is a high-value dataset.
    pub high_value: bool,
}

/// The legal text bound to a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalText {
    /// File name or address.
    pub text_ref: String,
    /// Its digest.
    pub text: Digest,
    /// Its language (BCP 47).
    pub language: String,
}

/// A template from which terms were filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateReference {
    /// Who wrote it.
    pub author: ParticipantId,
    /// Its title: one line.
    pub title: String,
    /// Its version, from 1.
    pub version: u32,
    /// SHA-256 of its file.
    pub sha256: Digest,
}

/// A contract as read from its envelope, its signatures not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedContract {
    /// SHA-256 of the payload bytes.
    pub id: ContractId,
    /// What the payload says.
    pub agreement: Agreement,
    /// The signatures: two for a contract, the provider's alone for a public view and for a contract with a partner.
    pub signatures: Vec<Signature>,
}

/// A contract whose signatures were checked, both of them.
#[derive(Debug, Clone)]
pub struct VerifiedContract {
    id: ContractId,
    agreement: Agreement,
}

impl SignedContract {
    /// The one maker of [`VerifiedContract`]: exactly the signatures that the contract needs, each by its party's own key.
    ///
    /// # Errors
    /// A refusal with the code of the first fault.
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

/// A withdrawal as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedWithdrawal {
    /// SHA-256 of the statement's bytes.
    pub statement: Digest,
    /// The contract that ends.
    pub contract: ContractId,
    /// Who withdraws.
    pub party: ParticipantId,
    /// From when; never before it is received. Later than `issued_at` only where the party gives notice.
    pub effective_at: UtcTimestamp,
    /// When it was written.
    pub issued_at: UtcTimestamp,
    /// Why, for people.
    pub reason: String,
    /// The party's signature.
    pub signature: Signature,
}

/// A withdrawal whose signature was checked and that is by a party of the contract.
#[derive(Debug, Clone)]
pub struct VerifiedWithdrawal {
    contract: ContractId,
    party: ParticipantId,
    effective_at: Option<UtcTimestamp>,
    statement: Digest,
    /// The statement as it was signed, where the record is to hold it.
    envelope: Option<String>,
}

/// The contracts that this participant may act on, as provider or as consumer.
#[derive(Debug, Clone)]
pub struct ContractRegistry {
    own: ParticipantId,
    contracts: BTreeMap<ContractId, RegistryEntry>,
    superseded: BTreeMap<ContractId, BTreeSet<ContractId>>,
    /// What each participant takes by name, what anybody may, and what is over a dataset: no question looks through all contracts.
    taken: BTreeMap<ParticipantId, AssigneeContracts>,
    public: AssigneeContracts,
    over: BTreeMap<DatasetId, BTreeSet<ContractId>>,
}

#[derive(Debug, Clone)]
struct RegistryEntry {
    agreement: Agreement,
    /// From when; the earliest instant where it ended with its record, whatever a clock says.
    withdrawn: Option<UtcTimestamp>,
}

impl ContractRegistry {
    /// The one maker of [`ActiveContracts`] for a peer: every contract named is ours to give, is with this caller or public, and is in force.
    ///
    /// A contract of somebody else is `CONTRACT_UNKNOWN`, word for word as one that does not exist.
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
            // INVARIANT: partner-by-transfer. What was given to a partner leaves by a transfer of that contract, and by nothing else.
            let is_partner = |agreement: &Agreement| agreement.partner().is_some();
            if self.agreement(*id).is_some_and(is_partner) && !who.presents_token_of(*id) {
                let sentence = format!("no contract `{}` with you", id.short());
                return Err(Refusal::new(ErrorCode::ContractUnknown, sentence));
            }
        }
        Ok(ActiveContracts {
            asker: Requester::Peer(who.clone()),
            grants: self.dataset_grants(who.id(), ids, now)?,
        })
    }

    /// The public view `id` as anybody on the web may ask under it: ours, in force, and open by a clause that it signs.
    ///
    /// # Errors
    /// `DATASET_UNKNOWN` where there is none, word for word as where there is no such dataset; `POLICY_CONTRADICTION` where another clause
    /// can't be kept with somebody who is not known.
    pub fn on_web(&self, id: ContractId, now: UtcTimestamp) -> Result<ActiveContracts, Refusal> {
        let unknown = || Refusal::new(ErrorCode::DatasetUnknown, "there is no such open dataset");
        let agreement = self.provided_agreement(id, now).map_err(|_| unknown())?;
        // INVARIANT: open-by-signature. A public view is for the league unless a clause of it says more.
        if agreement.assignee != Assignee::Public || !open_data::is_open(&agreement.clauses) {
            return Err(unknown());
        }
        // What nobody asks again decides at each look: a file outlives the question that made it.
        if open_data::clause_out_of_time(&agreement.clauses, now).is_some() {
            return Err(unknown());
        }
        if let Some(clause) = open_data::closing_clause(&agreement.clauses) {
            let sentence = "the clause can't be kept with somebody who is not known";
            let refusal = Refusal::new(ErrorCode::PolicyContradiction, sentence);
            return Err(refusal
                .with_contract(id)
                .with_clause(clause.id, clause.term.plain()));
        }
        Ok(ActiveContracts {
            asker: Requester::Web(self.own.clone()),
            grants: self.dataset_grants(&self.own, &[id], now)?,
        })
    }

    /// The house contract: the owner asks for its own datasets. The grants come from the house policy, never from a peer.
    #[must_use]
    pub fn owner_contracts(
        &self,
        datasets: impl IntoIterator<Item = (DatasetId, Digest)>,
    ) -> ActiveContracts {
        let grants = datasets
            .into_iter()
            .filter(|(dataset, _)| dataset.owner == self.own)
            .map(|(dataset, schema)| (dataset, DatasetGrant::house(schema)))
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
    /// It can be used.
    InForce,
    /// Its first instant is ahead.
    NotYet,
    /// Its last instant is past.
    Expired,
    /// A party ended it.
    Withdrawn,
    /// A newer version took its place.
    Superseded,
}

/// What one contract gives of one dataset.
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

/// The contracts under which one question is asked, all of them in force now.
#[derive(Debug)]
pub struct ActiveContracts {
    asker: Requester,
    grants: BTreeMap<DatasetId, DatasetGrant>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requester {
    /// Another participant.
    Peer(VerifiedPeer),
    /// Our own people, under the house contract.
    House(ParticipantId),
    /// Anybody on the web, under public views that are open. It bears the identity of the participant that gives.
    Web(ParticipantId),
    /// Nobody: our own people look at what this participant could see.
    Supposed(ParticipantId),
}

impl ActiveContracts {
    /// What nobody stands on, for our own people to look at.
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
    /// The one maker of [`VerifiedWithdrawal`].
    ///
    /// # Errors
    /// When the withdrawal names another contract, is not by a party of this one, or its signature does not hold.
    pub fn revoke(
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
        keys.check(party, &withdrawal.signature, SignaturePurpose::Withdrawal)
            .map_err(|refusal| refusal.with_contract(self.id))?;
        Ok(VerifiedWithdrawal {
            contract: self.id,
            party: party.clone(),
            // By the party's own clock, which may go wrong: what is not meant for later counts from its record on.
            effective_at: (withdrawal.effective_at > withdrawal.issued_at)
                .then_some(withdrawal.effective_at),
            statement: withdrawal.statement,
            envelope: None,
        })
    }
}

impl ContractRegistry {
    /// A contract as it was taken in, its signatures checked: what can be withdrawn, whatever becomes of its file.
    #[must_use]
    pub fn verified_contract(&self, id: ContractId) -> Option<VerifiedContract> {
        let agreement = self.contracts.get(&id)?.agreement.clone();
        Some(VerifiedContract { id, agreement })
    }
}

#[cfg(test)]
mod tests;
