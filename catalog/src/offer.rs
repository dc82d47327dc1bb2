//! An offer: a dataset, the policy under which it may be had, and by whom.

use crate::dataset::Dataset;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
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

/// A dataset under a policy, to somebody. A changed policy is another offer and never alters a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The dataset.
    pub dataset: DatasetId,
    /// Title of the policy.
    pub title: String,
    /// What the policy says.
    pub clauses: Vec<Clause>,
    /// The own purposes that it uses.
    pub own_purposes: Vec<OwnPurpose>,
    /// First instant in force.
    pub not_before: UtcTimestamp,
    /// First instant no longer in force.
    pub not_after: UtcTimestamp,
    /// The legal text that is bound to it.
    pub legal: Option<LegalText>,
    /// The template from which its policy was filled.
    pub template: Option<TemplateReference>,
    /// To whom.
    pub to: OfferRecipients,
    /// Who signs for the provider.
    pub sign: SigningMode,
}

/// To whom an offer is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferRecipients {
    /// To every participant of the league.
    League,
    /// To these.
    Participants(BTreeSet<ParticipantId>),
    /// 43: to every participant of the league, without a contract: the provider alone signs.
    Public,
}

/// Who signs for the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SigningMode {
    /// The officer, each contract by hand.
    Officer,
    /// The connector, whoever of the recipients asks for exactly this offer.
    Auto,
}

impl OfferRecipients {
    /// Whether the offer is made to `peer`, who is a participant of the league.
    #[must_use]
    pub fn admits(&self, peer: &ParticipantId) -> bool {
        match self {
            Self::League | Self::Public => true,
            Self::Participants(listed) => listed.contains(peer),
        }
    }
}

/// What makes an agreement of an offer: what differs from one agreement to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementParameters {
    /// `urn:uuid:…`
    pub uid: String,
    /// Version under that label.
    pub version: u32,
    /// The contract that it replaces.
    pub supersedes: Option<ContractId>,
    /// Who gives.
    pub provider: ContractParty,
    /// Who takes.
    pub assignee: Assignee,
    /// Label of the purpose vocabulary.
    pub purposes: String,
    /// Who signs for the provider, and in what capacity.
    pub signatory: Option<Digest>,
    /// The page that the signers are shown.
    pub rendering: PageRendering,
    /// When it is proposed.
    pub proposed_at: UtcTimestamp,
    /// 16 random bytes, base64url.
    pub nonce: String,
}

impl Offer {
    /// Its identity: a digest over the dataset and everything that a contract would take from the offer. The title, the
    /// recipients and who signs do not count.
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
                    Json::text(normal_form::grant_hash(std::slice::from_ref(clause))),
                ])
            })
            .collect();
        let legal = self.legal.as_ref().map_or(Json::Null, |legal| {
            Json::List(vec![
                Json::text(&legal.text_ref),
                Json::text(legal.text),
                Json::text(&legal.language),
            ])
        });
        let mut whole = Json::object([
            ("offer", Json::Int(1)),
            ("dataset", Json::text(&self.dataset)),
            ("clauses", Json::List(numbered)),
            ("not_before", Json::text(self.not_before)),
            ("not_after", Json::text(self.not_after)),
            (
                "own_purposes",
                Json::List(own.into_iter().map(Json::Text).collect()),
            ),
            ("legal", legal),
        ]);
        // An offer without one keeps the name that it had before there was such a thing.
        if let (Json::Object(members), Some(template)) = (&mut whole, &self.template) {
            let template = Json::List(vec![
                Json::text(&template.author),
                Json::text(&template.title),
                Json::count(u64::from(template.version)),
                Json::text(template.sha256),
            ]);
            members.insert("template".to_owned(), template);
        }
        Digest::of(&canonical(&whole))
    }

    /// Whether a proposed agreement is exactly this offer: the same dataset, terms, window, purposes, legal text and template,
    /// whatever the numbers and the order of its clauses.
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

    /// The unsigned agreement on exactly this offer, for the dataset as it is published now.
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
            // Its dates are those of the dataset's zone, in which days of its policies begin and end.
            rendering: rendering.in_zone(&dataset.zone),
            proposed_at,
            nonce,
        }
    }
}
