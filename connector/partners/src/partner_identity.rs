//! Identification by an `Authorization` value: tokens of partners and control planes, and plain names in a demonstration.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::config::ConnectorConfig;
use hansa_node::config::dataspace::PartnerConfig;
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;

/// Most bytes of a token file.
const TOKEN: u64 = 16 * 1024;

/// Fewest characters of a token.
const SHORTEST: usize = 16;

/// Time in microseconds after which token files are read again.
const FRESH: i64 = 2_000_000;

/// Cache of the partners' tokens, so that frequent requests do not read files.
#[derive(Default)]
pub(super) struct PartnerTokens(Mutex<Option<ReadTokens>>);

struct ReadTokens {
    at: UtcTimestamp,
    config: Arc<ConnectorConfig>,
    /// Digests of the `Authorization` values, with their holders.
    tokens: Vec<(Digest, TokenHolder)>,
}

/// Holder of a token, by the name in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenHolder {
    Partner(String),
    ControlPlane(String),
}

impl PartnerTokens {
    /// Finds the holder of the token in an `Authorization` value.
    pub(super) fn find_holder(
        &self,
        config: &Arc<ConnectorConfig>,
        authorization: &str,
        now: UtcTimestamp,
    ) -> Option<TokenHolder> {
        // Digests are compared, so the time of the comparison reveals nothing about a token.
        let shown = Digest::of(authorization.as_bytes());
        let mut read = self.0.lock();
        let is_fresh = |read: &&ReadTokens| {
            let age = now.micros().saturating_sub(read.at.micros());
            (0..FRESH).contains(&age) && Arc::ptr_eq(&read.config, config)
        };
        if read.as_ref().filter(is_fresh).is_none() {
            let partners = config.dataspace.iter();
            let partners = partners.flat_map(|dataspace| &dataspace.partners);
            let partners = partners.map(|partner| {
                let holder = TokenHolder::Partner(partner.name.to_string());
                (&partner.token_file, holder)
            });
            let planes = config.dataspace.iter();
            let planes = planes.flat_map(|dataspace| &dataspace.control_planes);
            let planes = planes.map(|plane| {
                let holder = TokenHolder::ControlPlane(plane.name.to_string());
                (&plane.token_file, holder)
            });
            let tokens = partners.chain(planes).filter_map(|(file, holder)| {
                let presented = format!("Bearer {}", read_token(file)?);
                Some((Digest::of(presented.as_bytes()), holder))
            });
            *read = Some(ReadTokens {
                at: now,
                tokens: tokens.collect(),
                config: Arc::clone(config),
            });
        }
        let tokens = read.iter().flat_map(|read| &read.tokens);
        let mut found = tokens.filter(|(digest, _)| *digest == shown);
        found.next().map(|(_, holder)| holder.clone())
    }
}

/// Reads a partner's token from its file: at least 16 characters.
fn read_token(file: &Path) -> Option<String> {
    let text = read_token_file(file)?;
    if text.len() < SHORTEST {
        tracing::warn!(file = %file.display(), "dataspace.token_too_short");
        return None;
    }
    Some(text)
}

/// Reads a one-line token for presentation to others, who decide on its length.
pub(super) fn read_token_file(file: &Path) -> Option<String> {
    let read = hansa_files::read_private(file, TOKEN);
    let bytes = read
        .inspect_err(|refusal| tracing::warn!(%refusal, "dataspace.token_unread"))
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.trim().to_owned())
}

/// Checks that a name alone identifies the partner: only if configured so, in a demonstration.
pub(super) fn believes_name(partner: &PartnerConfig, name: &str, is_trial: bool) -> bool {
    is_trial && partner.mock_identity && partner.protocol_id == name
}

/// Name in the JSON object that test connectors present.
pub(super) fn mock_identity(authorization: &str) -> Option<String> {
    let text = authorization
        .strip_prefix("Bearer ")
        .unwrap_or(authorization);
    if !text.starts_with('{') {
        return None;
    }
    let object: serde_json::Value = serde_json::from_str(text).ok()?;
    object.get("clientId")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_believed_in_a_trial_that_says_so() {
        let partner = |mock_identity| PartnerConfig {
            name: "firm".parse().unwrap(),
            participant: "firm.example".parse().unwrap(),
            title: "Firm".to_owned(),
            protocol_id: "did:web:firm.example".to_owned(),
            address: "http://127.0.0.1:8080/dsp".to_owned(),
            data_address: None,
            token_file: "keys/firm.token".into(),
            own_token_file: None,
            purpose: None,
            mock_identity,
            unsigned_agreements: false,
        };
        let shown = "{\"clientId\":\"did:web:firm.example\",\"region\":\"any\"}";
        let name = mock_identity(shown).unwrap();
        assert!(believes_name(&partner(true), &name, true));
        assert!(!believes_name(&partner(true), &name, false));
        assert!(!believes_name(&partner(false), &name, true));
        assert!(!believes_name(
            &partner(true),
            "did:web:other.example",
            true
        ));
        assert_eq!(mock_identity("Bearer 0123"), None);
        assert_eq!(mock_identity("{\"clientId\":7}"), None);
    }
}
