//! Issuers of credentials that a league names, with the keys that are stored in the league's folder.

use super::{DAY, KEY_YEARS, LeagueAuthority};
use crate::bundle::CredentialIssuer;
use crate::keys::{PublicKey, SignatureAlgorithm};
use crate::signature::{FileSigner, ParticipantSigner as _, RegisteredKey, SLACK};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::attribute::AttributeKind;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Issuer to be named by the league.
#[derive(Debug)]
pub struct IssuerRegistration {
    /// Identity of the issuer.
    pub id: ParticipantId,
    /// Name for people.
    pub name: String,
    /// Kinds of attributes that the issuer may state.
    pub states: BTreeSet<AttributeKind>,
    /// Key of the issuer; absent for a key in the league's folder, which is created if it is missing.
    pub key: Option<PublicKey>,
}

impl LeagueAuthority {
    /// Names an issuer in the next bundle. An existing entry is replaced.
    ///
    /// # Errors
    /// `USAGE` for an issuer without attributes; `KEY_INVALID`, `BUNDLE_INVALID` for a key that belongs to another one.
    pub fn name_issuer(
        &mut self,
        naming: IssuerRegistration,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        if naming.states.is_empty() {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                "an issuer states something: --states sector, --states region",
            ));
        }
        let key = match naming.key {
            Some(key) => key,
            None => self.issuer_signer(&naming.id)?.public_key().clone(),
        };
        let mut content = self.bundle.content().clone();
        content.issuers.retain(|issuer| issuer.id != naming.id);
        content.issuers.push(CredentialIssuer {
            id: naming.id,
            name: naming.name,
            keys: vec![RegisteredKey {
                key,
                not_before: now.plus_micros(-SLACK),
                not_after: now.plus_micros(KEY_YEARS * 365 * DAY),
                revoked_at: None,
                compromised_since: None,
                only_contracts: false,
            }],
            states: naming.states,
        });
        content.issuers.sort_by(|a, b| a.id.cmp(&b.id));
        self.publish_bundle(content, now)
    }

    /// Removes an issuer. From the next bundle on, its credentials are not valid.
    ///
    /// # Errors
    /// `USAGE` when the issuer is not named.
    pub fn drop_issuer(&mut self, id: &ParticipantId, now: UtcTimestamp) -> Result<(), Refusal> {
        let mut content = self.bundle.content().clone();
        let before = content.issuers.len();
        content.issuers.retain(|issuer| issuer.id != *id);
        if content.issuers.len() == before {
            return Err(unknown_issuer_refusal(id));
        }
        self.publish_bundle(content, now)
    }

    /// Signer for a named issuer whose key is in the league's folder.
    ///
    /// # Errors
    /// `USAGE` for an issuer that is not named here; `KEY_INVALID`, `KEY_FILE_PERMISSIONS`.
    pub fn open_issuer_signer(&self, id: &ParticipantId) -> Result<FileSigner, Refusal> {
        let path = self.issuer_key(id);
        let named = self.bundle.content().issuers.iter();
        if !path.exists() || named.filter(|issuer| issuer.id == *id).count() == 0 {
            return Err(unknown_issuer_refusal(id));
        }
        FileSigner::open(&path)
    }

    fn issuer_key(&self, id: &ParticipantId) -> PathBuf {
        self.folder
            .join("issuers")
            .join(format!("{}.pem", id.domain()))
    }

    fn issuer_signer(&self, id: &ParticipantId) -> Result<FileSigner, Refusal> {
        let path = self.issuer_key(id);
        if path.exists() {
            return FileSigner::open(&path);
        }
        hansa_files::create_folder(&self.folder.join("issuers"))?;
        FileSigner::create(&path, SignatureAlgorithm::EdDsa)
    }
}

fn unknown_issuer_refusal(id: &ParticipantId) -> Refusal {
    Refusal::new(
        ErrorCode::UsageWrong,
        format!("{} is no issuer of this league", id.domain()),
    )
    .with_help(format!(
        "name it: hansa league issuer {} --states sector",
        id.domain()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::TrustBundle;
    use crate::league_fixture::{LeagueFixture, start_time};
    use hansa_audit_log::digest::Digest;
    use hansa_policy::attribute::{Credential, ParticipantAttribute};
    use hansa_policy::contract::signature::{SignatoryRole, Signature};

    fn credential(signer: &FileSigner, issuer: &ParticipantId, of: &ParticipantId) -> Credential {
        let input = b"header.payload".to_vec();
        Credential {
            statement: Digest::of(&input),
            issuer: issuer.clone(),
            subject: of.clone(),
            attributes: vec![ParticipantAttribute::Sector("nace:H49".parse().unwrap())],
            issued_at: start_time(),
            until: start_time().plus_micros(90 * DAY),
            signature: Signature {
                role: SignatoryRole::Provider,
                kid: signer.kid().to_owned(),
                alg: signer.algorithm().as_str().to_owned(),
                issued_at: start_time().micros() / 1_000_000,
                signature: signer.sign(&input).unwrap(),
                seal: None,
                mandate: None,
                signing_input: input,
            },
        }
    }

    #[test]
    fn an_issuer_counts_from_its_bundle_on_until_another_drops_it() {
        let mut sample = LeagueFixture::new();
        let chamber: ParticipantId = "chamber.example".parse().unwrap();
        let acme: ParticipantId = "acme.example".parse().unwrap();
        let before = sample.league.bundle().clone();
        let naming = |id: &str, key| IssuerRegistration {
            id: id.parse().unwrap(),
            name: "Chamber".to_owned(),
            states: [AttributeKind::Sector].into(),
            key,
        };
        assert!(sample.league.open_issuer_signer(&chamber).is_err());
        let first = naming("chamber.example", None);
        sample.league.name_issuer(first, start_time()).unwrap();
        let signer = sample.league.open_issuer_signer(&chamber).unwrap();
        let good = credential(&signer, &chamber, &acme);
        let bundle = sample.league.bundle().clone();
        let shown =
            |bundle: &TrustBundle, credential: &Credential, of: &ParticipantId, days: i64| {
                let now = start_time().plus_micros(days * DAY);
                let shown = bundle.attested_attributes(credential, of, now);
                shown.map(|list| list.len()).map_err(|why| why.code)
            };
        let invalid = Err(ErrorCode::CredentialInvalid);
        assert_eq!(shown(&bundle, &good, &acme, 1), Ok(1));
        assert_eq!(shown(&bundle, &good, &acme, 90), invalid, "over");
        assert_eq!(shown(&bundle, &good, &chamber, 1), invalid, "another's");
        assert_eq!(shown(&before, &good, &acme, 1), invalid, "not named yet");
        let mut forged = good.clone();
        forged.signature.signing_input = b"header.other".to_vec();
        let by_nobody = Err(ErrorCode::SignatureInvalid);
        assert_eq!(shown(&bundle, &forged, &acme, 1), by_nobody);
        // A member's own key can't sign credentials, whoever claims it.
        let member = sample.admit("acme.example", start_time());
        let mut own = good.clone();
        own.signature.kid = member.signer.kid().to_owned();
        own.signature.signature = member.signer.sign(&own.signature.signing_input).unwrap();
        let not_theirs = Err(ErrorCode::SignerNotParty);
        assert_eq!(shown(&bundle, &own, &acme, 1), not_theirs);
        // A bundle with issuers is parsed as signed; a key belongs to one owner only.
        let again = TrustBundle::read(&bundle.to_bytes()).unwrap();
        assert_eq!(again.content(), bundle.content());
        let twin = naming("other.example", Some(signer.public_key().clone()));
        let refused = sample.league.name_issuer(twin, start_time()).unwrap_err();
        assert_eq!(refused.code, ErrorCode::BundleInvalid);
        sample.league.drop_issuer(&chamber, start_time()).unwrap();
        let now = sample.league.bundle();
        assert_eq!(shown(now, &good, &acme, 1), invalid, "dropped");
        assert!(sample.league.drop_issuer(&chamber, start_time()).is_err());
    }
}
