//! The signed documents that records name: contracts, withdrawals, receipts, the statements on which answers relied, and those
//! of deletion and of use; and the trust bundle, with everybody's keys.
//!
//! A record says by digest what was signed. Whoever is to judge a copy without asking anybody needs the documents beside it.

use crate::history::incident::INCIDENT;
use crate::history::keys_sent::named;
use crate::history::query_entry::ONE_SIDED_RECEIPT;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, JsonLimits, parse};
use hansa_audit_log::record::Record;
use hansa_policy::refusal::Refusal;
use std::collections::BTreeSet;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// The trust bundle, by the digest of what the league signed.
    Trust,
    /// A contract, by its identity.
    Contract,
    /// A withdrawal, by the digest of its statement.
    Withdrawal,
    /// A receipt, by the digest of its bytes.
    Receipt,
    /// A credential or the list of a group, by the digest of its statement.
    Statement,
    /// A consumer's statement of deletion, by the digest of its bytes.
    Deletion,
    /// A provider's statement of use, by the digest of its bytes.
    Usage,
    /// The restriction of a dataset, by the digest of its bytes. It is signed by nobody and stays in the house: it is in the
    /// whole of a log and not in a part that is made for somebody else.
    Guard,
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
        Self::Guard,
        Self::Incident,
    ];

    /// The kind in one word.
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
            Self::Guard => "guard",
            Self::Incident => "incident",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A document as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDocument {
    /// What it is.
    pub kind: DocumentKind,
    /// The digest by which records name it.
    pub name: String,
    /// All of it; absent where a record names it and it was not kept.
    pub text: Option<String>,
}

/// Where documents are kept.
pub trait DocumentStore {
    /// The trust bundle in force: its digest and its bytes.
    fn trust(&self) -> (String, Vec<u8>);

    /// A document that a record names, if it was kept.
    ///
    /// # Errors
    /// When it can't be read.
    fn document(&self, kind: DocumentKind, name: &str) -> Result<Option<Vec<u8>>, Refusal>;
}

/// The documents that records name, gathered record by record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferencedDocuments(BTreeSet<(DocumentKind, String)>);

impl ReferencedDocuments {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what the next record names.
    pub fn see(&mut self, record: &Record) {
        let body = &record.body;
        let one = |name: &str| body.get(name).and_then(Json::as_text);
        let several = body
            .get("contracts")
            .and_then(Json::as_list)
            .unwrap_or_default();
        let contracts = several.iter().filter_map(Json::as_text);
        let lent = named(body, "contract");
        for contract in contracts.chain(one("contract")).chain(lent) {
            self.add(DocumentKind::Contract, contract);
        }
        if record.kind == "permit" {
            let grants = body.get("grants").and_then(Json::as_list);
            for grant in grants.unwrap_or_default() {
                let relied = grant.get("relied_on").and_then(Json::as_list);
                for statement in relied.unwrap_or_default().iter().filter_map(Json::as_text) {
                    self.add(DocumentKind::Statement, statement);
                }
                let restriction = grant.get("guard").and_then(Json::as_text);
                self.add(DocumentKind::Guard, restriction.unwrap_or_default());
            }
        }
        if record.kind == "withdraw" {
            self.add(
                DocumentKind::Withdrawal,
                one("statement").unwrap_or_default(),
            );
        }
        if record.kind == "attest" {
            self.add(DocumentKind::Deletion, one("statement").unwrap_or_default());
        }
        if record.kind == "usage" {
            self.add(DocumentKind::Usage, one("statement").unwrap_or_default());
        }
        if record.kind == INCIDENT {
            self.add(DocumentKind::Incident, one("statement").unwrap_or_default());
        }
        if record.kind == "guard" {
            self.add(DocumentKind::Guard, one("guard").unwrap_or_default());
        }
        if matches!(
            record.kind.as_str(),
            "received" | "receipt_ack" | ONE_SIDED_RECEIPT
        ) {
            self.add(DocumentKind::Receipt, one("receipt").unwrap_or_default());
        }
    }

    fn add(&mut self, kind: DocumentKind, name: &str) {
        if name.parse::<Digest>().is_ok() {
            self.0.insert((kind, name.to_owned()));
        }
    }

    /// Forgets those of a kind.
    pub(super) fn leave_out(&mut self, kind: DocumentKind) {
        self.0.retain(|(one, _)| *one != kind);
    }

    /// Each once, contracts first.
    pub fn iter(&self) -> impl Iterator<Item = (DocumentKind, &str)> {
        self.0.iter().map(|(kind, name)| (*kind, name.as_str()))
    }
}

/// The head that a receipt names, by the digest of its text; `None` if this is no receipt.
#[must_use]
pub fn head_of_receipt(bytes: &[u8]) -> Option<Digest> {
    let envelope = parse(bytes, JsonLimits::default()).ok()?;
    let payload = envelope.get("payload")?.as_text()?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let receipt = parse(&payload, JsonLimits::default()).ok()?;
    let named = receipt.get("provider_checkpoint_digest")?.as_text()?;
    named.parse().ok()
}
