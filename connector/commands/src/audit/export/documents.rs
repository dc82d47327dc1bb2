//! The documents that go out with the records: contracts, withdrawals, receipts, credentials, lists of groups, statements of
//! deletion, of use and of incidents, restrictions, and the trust bundle.

use hansa_audit_store::documents::{DocumentKind, DocumentStore};
use hansa_node::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::document_folder::StoredDocumentKind;
use std::collections::BTreeMap;

/// What this participant keeps.
pub(super) struct ExportDocuments<'a> {
    connector: &'a Connector,
    /// Withdrawals by their statement, as records name them.
    withdrawals: BTreeMap<String, Vec<u8>>,
    /// Credentials that were shown, and lists of groups, by their statement.
    statements: BTreeMap<String, Vec<u8>>,
}

impl<'a> ExportDocuments<'a> {
    /// Reads what is not found by its name.
    pub(super) fn load(connector: &'a Connector) -> Result<Self, Refusal> {
        let mut withdrawals = BTreeMap::new();
        for bytes in connector
            .records
            .documents
            .read_documents(StoredDocumentKind::Withdrawal)?
        {
            if let Ok(withdrawal) = hansa_proto::envelope::parse_withdrawal(&bytes) {
                withdrawals.insert(withdrawal.statement.to_string(), bytes);
            }
        }
        let mut statements = BTreeMap::new();
        for bytes in connector
            .records
            .documents
            .read_documents(StoredDocumentKind::Shown)?
        {
            if let Ok(credential) = hansa_proto::credential::from_envelope(&bytes) {
                statements.insert(credential.statement.to_string(), bytes);
            }
        }
        for bytes in connector
            .records
            .documents
            .read_documents(StoredDocumentKind::Group)?
        {
            if let Ok(group) = hansa_proto::group::from_envelope(&bytes) {
                statements.insert(group.statement.to_string(), bytes);
            }
        }
        Ok(Self {
            connector,
            withdrawals,
            statements,
        })
    }
}

impl DocumentStore for ExportDocuments<'_> {
    fn trust_bundle(&self) -> (String, Vec<u8>) {
        let bundle = self.connector.identity.trust.bundle();
        (bundle.digest().to_string(), bundle.to_bytes())
    }

    fn document(&self, kind: DocumentKind, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let documents = &self.connector.records.documents;
        let read = match kind {
            DocumentKind::Contract => name.parse().ok().map(|id| documents.read_contract(id)),
            DocumentKind::Receipt => {
                let digest = name.parse().ok();
                digest.map(|digest| documents.read_document(StoredDocumentKind::Receipt, digest))
            }
            DocumentKind::Deletion | DocumentKind::Usage | DocumentKind::Incident => {
                let digest = name.parse().ok();
                digest.map(|digest| documents.read_document(StoredDocumentKind::Statement, digest))
            }
            DocumentKind::Restriction => {
                let digest = name.parse().ok();
                digest
                    .map(|digest| documents.read_document(StoredDocumentKind::Restriction, digest))
            }
            DocumentKind::Withdrawal => return Ok(self.withdrawals.get(name).cloned()),
            DocumentKind::Statement => return Ok(self.statements.get(name).cloned()),
            DocumentKind::Trust => return Ok(None),
        };
        match read {
            None => Ok(None),
            Some(Ok(bytes)) => Ok(Some(bytes)),
            // A refusal may name a contract that never was.
            Some(Err(missing)) if missing.code == ErrorCode::FileMissing => Ok(None),
            Some(Err(refusal)) => Err(refusal),
        }
    }
}
