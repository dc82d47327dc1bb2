//! The access tokens of this house: one for each person, for purposes that it lists, until a day.
//!
//! The secret is shown once and kept as its digest alone. What a token is good for is a document that the log names; a token whose
//! document is lost counts no longer.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::serialized::{from_form, to_form};
use hansa_audit_log::json::{JsonLimits, canonical, parse};
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

/// The name under which the index remembers what became of a token.
pub(crate) fn index_key(id: &str) -> String {
    format!("access_token/{id}")
}

/// What the index remembers of a token that counts.
pub(crate) const CREATED: u64 = 1;

/// What it remembers of one that was revoked: the higher one stays.
pub(crate) const REVOKED: u64 = 2;

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenGrant {
    /// Its id.
    pub id: String,
    /// The digest of its secret.
    pub secret: Digest,
    /// Whom it is for, by the pseudonym of the year in which it was created.
    pub actor: String,
    /// The contract for which a participant without a connector presents it; of one of this house there is none.
    pub contract: Option<ContractId>,
    /// The purposes that a connection may name.
    pub purposes: Vec<PurposeId>,
    /// Since when it counts.
    pub from: UtcTimestamp,
    /// Until when it counts.
    pub until: UtcTimestamp,
    /// `true` once it was revoked, as the index remembers.
    #[serde(skip)]
    pub is_revoked: bool,
}

/// The version of the document.
const FORM: &str = "access-token/1";

impl AccessTokenGrant {
    /// The document.
    pub fn document(&self) -> Vec<u8> {
        canonical(&to_form(FORM, self))
    }

    fn of_document(bytes: &[u8]) -> Result<Self, String> {
        let document = parse(bytes, JsonLimits::default()).map_err(|fault| fault.to_string())?;
        from_form(FORM, &document)
    }
}

/// All tokens that the log names.
#[derive(Debug, Default)]
pub struct AccessTokenRegister {
    tokens: RwLock<BTreeMap<String, Arc<AccessTokenGrant>>>,
}

impl AccessTokenRegister {
    /// Those that the log names, by their documents.
    ///
    /// # Errors
    /// When the index can't be read. A document that can't be read is told as a fault.
    pub(crate) fn load(
        state: &StateIndex,
        documents: &DocumentFolder,
        faults: &mut Vec<Refusal>,
    ) -> Result<Self, Refusal> {
        let mut tokens = BTreeMap::new();
        for bytes in documents.all(StoredDocumentKind::AccessToken)? {
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
            // What was kept before a crash and never recorded was told to nobody.
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

    /// Adds one whose record is durable.
    pub fn add(&self, grant: AccessTokenGrant) {
        self.tokens
            .write()
            .insert(grant.id.clone(), Arc::new(grant));
    }

    /// Revokes one, as the log says already.
    pub fn revoke(&self, id: &str) {
        if let Some(grant) = self.tokens.write().get_mut(id) {
            Arc::make_mut(grant).is_revoked = true;
        }
    }

    /// Whether one was revoked; one that is not there counts as such.
    pub fn is_revoked(&self, id: &str) -> bool {
        let tokens = self.tokens.read();
        tokens.get(id).is_none_or(|grant| grant.is_revoked)
    }

    /// All, by their ids.
    pub fn all(&self) -> Vec<Arc<AccessTokenGrant>> {
        self.tokens.read().values().cloned().collect()
    }

    /// The token that somebody presents, if it is one of these and counts at `now`.
    ///
    /// # Errors
    /// `TOKEN_INVALID`. Only whoever knows its secret learns that it is over or revoked.
    pub fn recognise(
        &self,
        presented: &AccessToken,
        now: UtcTimestamp,
    ) -> Result<Arc<AccessTokenGrant>, Refusal> {
        let invalid = |sentence: String| Refusal::new(ErrorCode::TokenInvalid, sentence);
        let found = self.tokens.read().get(presented.id()).cloned();
        // Digests of secrets that nobody can guess: how long it takes to compare them tells nothing.
        let grant = found
            .filter(|grant| grant.secret == Digest::of(presented.secret().as_bytes()))
            .ok_or_else(|| invalid("the access token is none of this connector".to_owned()))?;
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
            let text = String::from_utf8(grant.document()).unwrap();
            assert_eq!(read(&text), Ok(grant));
            for (from, to) in [
                ("access-token/1", "access-token/2"),
                // Without it a token for a contract would be one of the house.
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
