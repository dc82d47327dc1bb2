//! Offer: a dataset, its policy and its recipients.

use crate::dataset::Dataset;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, to_canonical_bytes};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{
    Agreement, Assignee, ContractParty, DatasetRef, LegalText, TemplateReference,
};
use hansa_policy::id::{ContractId, DatasetId, ParticipantId};
use hansa_policy::term::purpose::OwnPurpose;
use hansa_policy::term::{Clause, normal_form};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Offer of a dataset under a policy. A changed policy is another offer and never alters a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Identity of the dataset.
    pub dataset: DatasetId,
    /// Title of the policy.
    pub title: String,
    /// Clauses of the policy.
    pub clauses: Vec<Clause>,
    /// Own purposes that the clauses use.
    pub own_purposes: Vec<OwnPurpose>,
    /// First instant in force.
    pub not_before: UtcTimestamp,
    /// First instant no longer in force.
    pub not_after: UtcTimestamp,
    /// Legal text that is bound to the contract.
    pub legal: Option<LegalText>,
    /// Template from which the policy was filled in.
    pub template: Option<TemplateReference>,
    /// Recipients of the offer.
    pub to: OfferRecipients,
    /// Signing by an officer or by the connector.
    pub sign: SigningMode,
}

/// Recipients of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferRecipients {
    /// Every participant of the league.
    League,
    /// Listed participants.
    Participants(BTreeSet<ParticipantId>),
    /// Every participant of the league, without a contract (term 43): the provider alone signs.
    Public,
}

/// Who signs for the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SigningMode {
    /// An officer signs each contract.
    Officer,
    /// The connector signs for every recipient that asks for exactly this offer.
    Auto,
}

impl OfferRecipients {
    /// True if the offer is made to `peer`, which is a participant of the league.
    #[must_use]
    pub fn admits(&self, peer: &ParticipantId) -> bool {
        match self {
            Self::League | Self::Public => true,
            Self::Participants(listed) => listed.contains(peer),
        }
    }
}

/// Parameters of an agreement on an offer, which differ from one agreement to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementParameters {
    /// Label `urn:uuid:…`.
    pub uid: String,
    /// Version under the label.
    pub version: u32,
    /// Contract that the agreement replaces.
    pub supersedes: Option<ContractId>,
    /// Provider of the dataset.
    pub provider: ContractParty,
    /// Recipient of the contract.
    pub assignee: Assignee,
    /// Label of the purpose vocabulary.
    pub purposes: String,
    /// Digest of the statement that names the provider's signatory and his capacity.
    pub signatory: Option<Digest>,
    /// Language and time zone of the page that the signers see.
    pub rendering: PageRendering,
    /// Instant of the proposal.
    pub proposed_at: UtcTimestamp,
    /// 16 random bytes in base64url.
    pub nonce: String,
}

impl Offer {
    /// Identity of the offer: a digest over the dataset and everything that a contract would take from the offer. Title, recipients
    /// and signing mode are excluded.
    #[must_use]
    pub fn id(&self) -> Digest {
        let own: BTreeSet<String> = self
            .own_purposes
            .iter()
            .map(|own| format!("{}\n{}\n{}", own.name, own.parent, own.text))
            .collect();
        let numbered = self
            .clauses
            .iter()
            .map(|clause| {
                Json::List(vec![
                    Json::Int(i64::from(clause.id.0)),
                    Json::from_display(normal_form::grant_hash(std::slice::from_ref(clause))),
                ])
            })
            .collect();
        let legal = self.legal.as_ref().map_or(Json::Null, |legal| {
            Json::List(vec![
                Json::from_display(&legal.text_ref),
                Json::from_display(legal.text),
                Json::from_display(&legal.language),
            ])
        });
        let mut whole = Json::object([
            ("offer", Json::Int(1)),
            ("dataset", Json::from_display(&self.dataset)),
            ("clauses", Json::List(numbered)),
            ("not_before", Json::from_display(self.not_before)),
            ("not_after", Json::from_display(self.not_after)),
            (
                "own_purposes",
                Json::List(own.into_iter().map(Json::Text).collect()),
            ),
            ("legal", legal),
        ]);
        // Included only where it is set, so that offers without a template keep their identity.
        if let (Json::Object(members), Some(template)) = (&mut whole, &self.template) {
            let template = Json::List(vec![
                Json::from_display(&template.author),
                Json::from_display(&template.title),
                Json::from_count(u64::from(template.version)),
                Json::from_display(template.sha256),
            ]);
            members.insert("template".to_owned(), template);
        }
        Digest::of(&to_canonical_bytes(&whole))
    }

    /// True if a proposed agreement equals this offer: the same dataset, terms, period, purposes, legal text and template. Numbers
    /// and order of the clauses don't matter.
    #[must_use]
    pub fn is_exactly(&self, proposal: &Agreement) -> bool {
        let own = |list: &[OwnPurpose]| list.iter().cloned().collect::<BTreeSet<_>>();
        self.dataset == proposal.dataset.id
            && normal_form::grant_hash(&self.clauses) == normal_form::grant_hash(&proposal.clauses)
            && self.not_before == proposal.not_before
            && self.not_after == proposal.not_after
            && own(&self.own_purposes) == own(&proposal.own_purposes)
            && self.legal == proposal.legal
            && self.template == proposal.template
    }

    /// Unsigned agreement on exactly this offer, for the dataset as published now.
    #[must_use]
    pub fn agreement(&self, dataset: &Dataset, filled: AgreementParameters) -> Agreement {
        let AgreementParameters {
            uid,
            version,
            supersedes,
            provider,
            assignee,
            purposes,
            signatory,
            rendering,
            proposed_at,
            nonce,
        } = filled;
        Agreement {
            uid,
            version,
            supersedes,
            provider,
            assignee,
            dataset: DatasetRef {
                id: dataset.id.clone(),
                schema: dataset.schema_digest(),
                high_value: dataset.high_value,
            },
            clauses: self.clauses.clone(),
            not_before: self.not_before,
            not_after: self.not_after,
            purposes,
            own_purposes: self.own_purposes.clone(),
            legal: self.legal.clone(),
            template: self.template.clone(),
            signatory,
            // Dates on the page are in the zone of the dataset, in which days of its policies begin and end.
            rendering: rendering.in_zone(&dataset.zone),
            proposed_at,
            nonce,
        }
    }
}
