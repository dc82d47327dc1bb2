//! The papers that go out with the records: contracts, withdrawals, receipts, credentials, lists of groups, statements of
//! deletion, of use and of incidents, guards, and the trust bundle.

use crate::node::Node;
use hansa_audit_store::papers::{PaperKind, Papers};
use hansa_policy::refusal::{Code, Refusal};
use hansa_store::contracts::Kind;
use std::collections::BTreeMap;

/// What this participant keeps.
pub(super) struct Kept<'a> {
    node: &'a Node,
    /// Withdrawals by their statement, as records name them.
    withdrawals: BTreeMap<String, Vec<u8>>,
    /// Credentials that were shown, and lists of groups, by their statement.
    statements: BTreeMap<String, Vec<u8>>,
}

impl<'a> Kept<'a> {
    /// Reads what is not found by its name.
    pub(super) fn of(node: &'a Node) -> Result<Self, Refusal> {
        let mut withdrawals = BTreeMap::new();
        for bytes in node.documents.all(Kind::Withdrawal)? {
            if let Ok(withdrawal) = hansa_proto::envelope::parse_withdrawal(&bytes) {
                withdrawals.insert(withdrawal.statement.to_string(), bytes);
            }
        }
        let mut statements = BTreeMap::new();
        for bytes in node.documents.all(Kind::Shown)? {
            if let Ok(credential) = hansa_proto::credential::from_envelope(&bytes) {
                statements.insert(credential.statement.to_string(), bytes);
            }
        }
        for bytes in node.documents.all(Kind::Group)? {
            if let Ok(group) = hansa_proto::group::from_envelope(&bytes) {
                statements.insert(group.statement.to_string(), bytes);
            }
        }
        Ok(Self {
            node,
            withdrawals,
            statements,
        })
    }
}

impl Papers for Kept<'_> {
    fn trust(&self) -> (String, Vec<u8>) {
        let bundle = self.node.trust.bundle();
        (bundle.digest().to_string(), bundle.to_bytes())
    }

    fn paper(&self, kind: PaperKind, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let documents = &self.node.documents;
        let read = match kind {
            PaperKind::Contract => name.parse().ok().map(|id| documents.contract(id)),
            PaperKind::Receipt => {
                let digest = name.parse().ok();
                digest.map(|digest| documents.read(Kind::Receipt, digest))
            }
            PaperKind::Deletion | PaperKind::Usage | PaperKind::Incident => {
                let digest = name.parse().ok();
                digest.map(|digest| documents.read(Kind::Statement, digest))
            }
            PaperKind::Guard => {
                let digest = name.parse().ok();
                digest.map(|digest| documents.read(Kind::Guard, digest))
            }
            PaperKind::Withdrawal => return Ok(self.withdrawals.get(name).cloned()),
            PaperKind::Statement => return Ok(self.statements.get(name).cloned()),
            PaperKind::Trust => return Ok(None),
        };
        match read {
            None => Ok(None),
            Some(Ok(bytes)) => Ok(Some(bytes)),
            // A refusal may name a contract that never was.
            Some(Err(missing)) if missing.code == Code::FileMissing => Ok(None),
            Some(Err(refusal)) => Err(refusal),
        }
    }
}
