//! Access tokens of this participant: each for one person, for listed purposes, until a day.
//!
//! The secret is shown once; only its digest is stored. The grant of a token is a document that the log names. A token with a lost
//! document is invalid.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::serialized::{from_form, to_form};
use hansa_audit_log::json::{JsonLimits, parse_json, to_canonical_bytes};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, PurposeId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::document_folder::{DocumentFolder, StoredDocumentKind};
use hansa_store::state_index::StateIndex;
use hansa_transport::AccessToken;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Name under which the index stores the state of a token.
pub(crate) fn index_key(id: &str) -> String {
    format!("access_token/{id}")
}

/// State of a valid token in the index.
pub(crate) const CREATED: u64 = 1;

/// State of a revoked token in the index. The higher number wins.
pub(crate) const REVOKED: u64 = 2;

/// Grant of a token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenGrant {
    /// ID of the token.
    pub id: String,
    /// Digest of the secret.
    pub secret: Digest,
    /// Person of the token, by the pseudonym of the year of its creation.
    pub actor: String,
    /// Contract for which a participant without a connector presents the token; `None` for a token of an own user.
    pub contract: Option<ContractId>,
    /// Purposes that a connection may name.
    pub purposes: Vec<PurposeId>,
    /// Start of the validity.
    pub from: UtcTimestamp,
    /// End of the validity.
    pub until: UtcTimestamp,
    /// True if the token was revoked, from the index.
    #[serde(skip)]
    pub is_revoked: bool,
}

/// Version of the document.
const FORM: &str = "access-token/1";

impl AccessTokenGrant {
    /// Writes the grant in canonical form.
    pub fn to_document(&self) -> Vec<u8> {
        to_canonical_bytes(&to_form(FORM, self))
    }

    fn of_document(bytes: &[u8]) -> Result<Self, String> {
        let document =
            parse_json(bytes, JsonLimits::default()).map_err(|fault| fault.to_string())?;
        from_form(FORM, &document)
    }
}

/// All tokens that the log names.
#[derive(Debug, Default)]
pub struct AccessTokenRegister {
    tokens: RwLock<BTreeMap<String, Arc<AccessTokenGrant>>>,
}

impl AccessTokenRegister {
    /// Loads the tokens that the log names from their documents.
    ///
    /// # Errors
    /// If the index can't be read. An unreadable document is reported as a fault.
    pub(crate) fn load(
        state: &StateIndex,
        documents: &DocumentFolder,
        faults: &mut Vec<Refusal>,
    ) -> Result<Self, Refusal> {
        let mut tokens = BTreeMap::new();
        for bytes in documents.read_documents(StoredDocumentKind::AccessToken)? {
            let grant = match AccessTokenGrant::of_document(&bytes) {
                Ok(grant) => grant,
                Err(fault) => {
                    let sentence = format!(
                        "the document of an access token can't be read, so that token does not count: {fault}"
                    );
                    faults.push(Refusal::new(ErrorCode::StateBroken, sentence));
                    continue;
                }
            };
            // A document that a crash left without a record was given to nobody.
            let state = state.stored_number(&index_key(&grant.id))?;
            if state >= CREATED {
                let is_revoked = state >= REVOKED;
                let grant = AccessTokenGrant {
                    is_revoked,
                    ..grant
                };
                tokens.insert(grant.id.clone(), Arc::new(grant));
            }
        }
        Ok(Self {
            tokens: RwLock::new(tokens),
        })
    }

    /// Adds a token with a durable record.
    pub fn add(&self, grant: AccessTokenGrant) {
        self.tokens
            .write()
            .insert(grant.id.clone(), Arc::new(grant));
    }

    /// Revokes a token after the record of the revocation.
    pub fn revoke(&self, id: &str) {
        if let Some(grant) = self.tokens.write().get_mut(id) {
            Arc::make_mut(grant).is_revoked = true;
        }
    }

    /// Returns true if a token was revoked or is unknown.
    pub fn is_revoked(&self, id: &str) -> bool {
        let tokens = self.tokens.read();
        tokens.get(id).is_none_or(|grant| grant.is_revoked)
    }

    /// Returns all tokens in the order of their ids.
    pub fn all_tokens(&self) -> Vec<Arc<AccessTokenGrant>> {
        self.tokens.read().values().cloned().collect()
    }

    /// Finds the valid token for a presented text at `now`.
    ///
    /// # Errors
    /// `TOKEN_INVALID`. Expiry and revocation are only reported to a caller with the right secret.
    pub fn recognise(
        &self,
        presented: &AccessToken,
        now: UtcTimestamp,
    ) -> Result<Arc<AccessTokenGrant>, Refusal> {
        let invalid = |sentence: String| Refusal::new(ErrorCode::TokenInvalid, sentence);
        let found = self.tokens.read().get(presented.id()).cloned();
        // Secrets can't be guessed, so the time to compare their digests reveals nothing.
        let grant = found
            .filter(|grant| grant.secret == Digest::of(presented.secret().as_bytes()))
            .ok_or_else(|| invalid("the access token is not from this connector".to_owned()))?;
        if grant.is_revoked {
            return Err(invalid(format!(
                "the access token {} was revoked",
                grant.id
            )));
        }
        if now >= grant.until {
            return Err(invalid(format!(
                "the access token {} ended at {}",
                grant.id, grant.until
            )));
        }
        Ok(grant)
    }
}

#[cfg(test)]
mod tests {
    use crate::token::access_tokens::AccessTokenGrant;
    use hansa_audit_log::digest::Digest;
    use hansa_policy::id::ContractId;

    #[test]
    fn a_document_has_one_spelling() {
        let house = AccessTokenGrant {
            id: "7f".to_owned(),
            secret: Digest::of(b"secret"),
            actor: "somebody".to_owned(),
            contract: None,
            purposes: vec!["dpv:ResearchAndDevelopment".parse().unwrap()],
            from: "2026-06-01T00:00:00Z".parse().unwrap(),
            until: "2026-07-01T00:00:00Z".parse().unwrap(),
            is_revoked: false,
        };
        let stranger = AccessTokenGrant {
            contract: Some(ContractId(Digest::of(b"contract"))),
            ..house.clone()
        };
        let read = |text: &str| AccessTokenGrant::of_document(text.as_bytes());
        for grant in [house, stranger] {
            let text = String::from_utf8(grant.to_document()).unwrap();
            assert_eq!(read(&text), Ok(grant));
            for (from, to) in [
                ("access-token/1", "access-token/2"),
                // Without the contract, it would be a token of an own user.
                ("\"contract\"", "\"contracts\""),
                ("\"id\"", "\"is_revoked\":false,\"id\""),
                ("\"from\":\"2026", "\"from\":\"26"),
            ] {
                let other = text.replacen(from, to, 1);
                assert_ne!(other, text, "{from}");
                assert!(read(&other).is_err(), "{other}");
            }
        }
    }
}
