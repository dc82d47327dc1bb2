//! Signed documents that records name by digest: contracts, withdrawals, receipts, and statements of credentials, groups, deletion
//! and use; also the trust bundle with the keys of the members.
//!
//! A verifier of a copy without network access needs these documents beside the records.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{JsonLimits, parse_json};
use hansa_audit_log::record::body::{AnswerBody, ContractBody, IncidentBody, RecordBody};
use hansa_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Kind of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// Trust bundle, by the digest of the bytes that the league signed.
    Trust,
    /// Contract, by its identity.
    Contract,
    /// Withdrawal, by the digest of its statement.
    Withdrawal,
    /// Receipt, by the digest of its bytes.
    Receipt,
    /// Credential or list of a group, by the digest of its statement.
    Statement,
    /// Consumer's statement of deletion, by the digest of its bytes.
    Deletion,
    /// Provider's statement of use, by the digest of its bytes.
    Usage,
    /// The restriction of a dataset, by the digest of its bytes. It is signed by nobody and stays in the house: it is in the
    /// whole of a log and not in a part that is made for somebody else.
    Restriction,
    /// A statement by which a participant closes an incident of its log, by the digest of its bytes.
    Incident,
}

impl DocumentKind {
    const ALL: [Self; 9] = [
        Self::Trust,
        Self::Contract,
        Self::Withdrawal,
        Self::Receipt,
        Self::Statement,
        Self::Deletion,
        Self::Usage,
        Self::Restriction,
        Self::Incident,
    ];

    /// Word of the kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Contract => "contract",
            Self::Withdrawal => "withdrawal",
            Self::Receipt => "receipt",
            Self::Statement => "statement",
            Self::Deletion => "deletion",
            Self::Usage => "usage",
            Self::Restriction => "restriction",
            Self::Incident => "incident",
        }
    }

    /// The kind of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

hansa_audit_log::serialize_as_word!(DocumentKind);

/// A document as it was signed; in an export, one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDocument {
    /// What it is.
    #[serde(rename = "document")]
    pub kind: DocumentKind,
    /// Digest by which records name the document.
    pub name: String,
    /// Complete text; absent where a record names the document and it was not kept.
    pub text: Option<String>,
}

/// Store of documents.
pub trait DocumentStore {
    /// Trust bundle in force: its digest and its bytes.
    fn trust_bundle(&self) -> (String, Vec<u8>);

    /// Document that a record names, if it was kept.
    ///
    /// # Errors
    /// When the document can't be read.
    fn document(&self, kind: DocumentKind, name: &str) -> Result<Option<Vec<u8>>, Refusal>;
}

/// Documents that records name, collected record by record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferencedDocuments(BTreeSet<(DocumentKind, String)>);

impl ReferencedDocuments {
    /// Empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the documents that the next record names.
    pub fn add_record_documents(&mut self, body: &RecordBody) {
        for contract in body.contracts() {
            // The contract of a partner has an identity of another form.
            if contract.parse::<Digest>().is_ok() {
                self.add(DocumentKind::Contract, contract);
            }
        }
        match body {
            RecordBody::Answer(body) => self.see_answer(body),
            RecordBody::Contract(body) => match body {
                ContractBody::Withdrawal(withdrawal) => {
                    self.add(DocumentKind::Withdrawal, withdrawal.statement);
                }
                ContractBody::Deletion(deletion) => {
                    self.add(DocumentKind::Deletion, deletion.statement);
                }
                ContractBody::Usage(usage) => self.add(DocumentKind::Usage, usage.statement),
                ContractBody::Restriction(restriction) => {
                    if let Some(document) = restriction.restriction {
                        self.add(DocumentKind::Restriction, document);
                    }
                }
                ContractBody::Activation(_)
                | ContractBody::Group(_)
                | ContractBody::Approval(_)
                | ContractBody::TopUp(_)
                | ContractBody::Notice(_)
                | ContractBody::ReceivedNotice(_)
                | ContractBody::Credential(_)
                | ContractBody::Template(_) => {}
            },
            RecordBody::Incident(IncidentBody::Incident(incident)) => {
                self.add(DocumentKind::Incident, incident.statement);
            }
            RecordBody::Incident(
                IncidentBody::ObservedHead(_)
                | IncidentBody::GossipedHead(_)
                | IncidentBody::WitnessedHead(_)
                | IncidentBody::LogFork(_),
            )
            | RecordBody::Message(_)
            | RecordBody::Publication(_)
            | RecordBody::Configuration(_)
            | RecordBody::Upkeep(_) => {}
        }
    }

    fn see_answer(&mut self, body: &AnswerBody) {
        match body {
            AnswerBody::Permit(permit) => {
                for grant in &permit.grants {
                    for statement in &grant.relied_on {
                        self.add(DocumentKind::Statement, statement);
                    }
                    if let Some(document) = grant.restriction {
                        self.add(DocumentKind::Restriction, document);
                    }
                }
            }
            AnswerBody::Received(received) => {
                if let Some(receipt) = received.receipt {
                    self.add(DocumentKind::Receipt, receipt);
                }
            }
            AnswerBody::ReceiptAcknowledgement(word) => {
                self.add(DocumentKind::Receipt, word.receipt);
            }
            AnswerBody::OneSidedReceipt(receipt) => {
                self.add(DocumentKind::Receipt, receipt.receipt);
            }
            AnswerBody::Refusal(_)
            | AnswerBody::RefusalCount(_)
            | AnswerBody::NoNewData(_)
            | AnswerBody::Progress(_)
            | AnswerBody::Close(_)
            | AnswerBody::OpenBlock(_)
            | AnswerBody::RemoteQuery(_)
            | AnswerBody::NotReceived(_)
            | AnswerBody::ModelSeen(_)
            | AnswerBody::Cancellation(_)
            | AnswerBody::ActionCount(_) => {}
        }
    }

    fn add(&mut self, kind: DocumentKind, name: impl std::fmt::Display) {
        self.0.insert((kind, name.to_string()));
    }

    /// Removes the documents of a kind.
    pub(super) fn leave_out(&mut self, kind: DocumentKind) {
        self.0.retain(|(one, _)| *one != kind);
    }

    /// Documents without duplicates, contracts first.
    pub fn iter(&self) -> impl Iterator<Item = (DocumentKind, &str)> {
        self.0.iter().map(|(kind, name)| (*kind, name.as_str()))
    }
}

/// Digest of the head that a receipt names; `None` if the bytes are not a receipt.
#[must_use]
pub fn head_of_receipt(bytes: &[u8]) -> Option<Digest> {
    let envelope = parse_json(bytes, JsonLimits::default()).ok()?;
    let payload = envelope.get("payload")?.as_text()?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let receipt = parse_json(&payload, JsonLimits::default()).ok()?;
    let named = receipt.get("provider_checkpoint_digest")?.as_text()?;
    named.parse().ok()
}
