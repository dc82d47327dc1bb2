//! Passkeys of people: what an authenticator signs in a browser, read and verified without the browser (WebAuthn Level 3, sections
//! 5.8.1, 6.1, 7.1 and 7.2).
//!
//! A connector verifies a signature before an act, and an auditor verifies the same bytes again from the record of the act. No
//! attestation is asked for: the maker of an authenticator proves nothing about the person.

mod authenticator_data;
mod client_data;
#[cfg(test)]
mod tests;

use crate::keys::{PublicKey, SignatureAlgorithm};
use crate::passkey::authenticator_data::AuthenticatorData;
use crate::passkey::client_data::check_client_data;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Website for which a passkey is good: the console of one participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    origin: String,
    id: String,
}

impl RelyingParty {
    /// Relying party of an origin: scheme, host and port. Its identity is the host.
    ///
    /// # Errors
    /// `PASSKEY_INVALID` for a text that is no origin.
    pub fn from_origin(origin: &str) -> Result<Self, Refusal> {
        let authority = ["https://", "http://"]
            .iter()
            .find_map(|scheme| origin.strip_prefix(scheme));
        let host = authority.map(|authority| match authority.split_once(':') {
            Some((host, _)) => host,
            None => authority,
        });
        match host {
            Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', '[']) => {
                Ok(Self {
                    origin: origin.to_owned(),
                    id: host.to_owned(),
                })
            }
            _ => {
                let sentence = "a passkey is for an address with a scheme and a host";
                Err(Refusal::new(ErrorCode::PasskeyInvalid, sentence))
            }
        }
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Host, without scheme and port.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Reason why the answer of an authenticator proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyFault {
    /// The client data are no JSON object with the members of WebAuthn.
    #[error("the client data can't be read")]
    ClientData,
    /// The client data are of another operation.
    #[error("the answer is of another operation of the authenticator")]
    Operation,
    /// The challenge is another one.
    #[error("the answer is to another challenge")]
    Challenge,
    /// The page of the browser was of another origin, or stood in a page of another origin.
    #[error("the answer was given on the page of another address")]
    Origin,
    /// The authenticator data have another length or unknown parts.
    #[error("the authenticator data can't be read")]
    AuthenticatorData,
    /// The authenticator answered for another website.
    #[error("the answer is for another website")]
    RelyingParty,
    /// Nobody touched the authenticator.
    #[error("nobody was present at the authenticator")]
    NotPresent,
    /// The authenticator did not verify the person.
    #[error("the authenticator did not verify the person by a PIN, a finger or a face")]
    NotVerified,
    /// The counter did not grow, so the authenticator may have a copy.
    #[error("the counter of the authenticator did not grow, so there may be a copy of it")]
    Counter,
    /// The key is of another algorithm, not on its curve, or another one than the authenticator names.
    #[error("the public key is none on P-256 or Ed25519, or not that of the authenticator")]
    Key,
    /// The signature is not by the key over these bytes.
    #[error("the signature does not match")]
    Signature,
}

impl From<PasskeyFault> for Refusal {
    fn from(fault: PasskeyFault) -> Self {
        Self::new(ErrorCode::PasskeyInvalid, fault.to_string()).caused_by(fault)
    }
}

/// Act of a person, to which the signature of a passkey is bound.
#[derive(Debug, Clone, Copy)]
pub struct ActChallenge<'a> {
    /// Participant whose person acts.
    pub participant: &'a ParticipantId,
    /// Words of the act, such as `contract sign`.
    pub act: &'a str,
    /// Identity of the contract or the negotiation.
    pub subject: &'a str,
    /// SHA-256 of the page that was shown, in hexadecimal digits.
    pub shown: &'a str,
    /// Pseudonym of the person.
    pub actor: &'a str,
    /// Random bytes of this act alone.
    pub random: &'a [u8; 32],
    /// Instant at which the act began to wait for its person.
    pub at: UtcTimestamp,
}

impl ActChallenge<'_> {
    /// Computes the challenge that the authenticator signs.
    #[must_use]
    pub fn compute(&self) -> Digest {
        frame_and_digest(&[
            b"hansa console act 1",
            self.participant.to_string().as_bytes(),
            self.act.as_bytes(),
            self.subject.as_bytes(),
            self.shown.as_bytes(),
            self.actor.as_bytes(),
            self.random,
            self.at.to_string().as_bytes(),
        ])
    }
}

/// Computes the challenge for a new passkey, from the key of the form that sends it.
#[must_use]
pub fn compute_creation_challenge(participant: &ParticipantId, form_key: &str) -> Digest {
    frame_and_digest(&[
        b"hansa console passkey 1",
        participant.to_string().as_bytes(),
        form_key.as_bytes(),
    ])
}

/// Digest of parts with their lengths in front, so that no two lists of parts have one digest.
fn frame_and_digest(parts: &[&[u8]]) -> Digest {
    let lengths: Vec<[u8; 8]> = parts
        .iter()
        .map(|part| u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes())
        .collect();
    let framed: Vec<&[u8]> = lengths
        .iter()
        .zip(parts)
        .flat_map(|(length, part)| [length.as_slice(), part])
        .collect();
    Digest::of_parts(&framed)
}

/// Passkey that a person has added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Public key.
    pub key: PublicKey,
    /// Counter of the authenticator at its last answer; 0 where it counts nothing.
    pub counter: u32,
}

/// Answer of an authenticator to a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyAssertion {
    /// Bytes of `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// Bytes of `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// Signature over both: ASN.1 for ES256 (RFC 3279), 64 bytes for Ed25519.
    pub signature: Vec<u8>,
}

impl PasskeyAssertion {
    /// Verifies the answer by the key of a passkey. Gives the counter of the authenticator.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(
        &self,
        passkey: &Passkey,
        challenge: Digest,
        party: &RelyingParty,
    ) -> Result<u32, PasskeyFault> {
        check_client_data(&self.client_data, "webauthn.get", challenge, party.origin())?;
        let data = AuthenticatorData::parse(&self.authenticator_data)?;
        data.check_presence(party.id())?;
        if data.credential.is_some() {
            return Err(PasskeyFault::AuthenticatorData);
        }
        let client_digest = Digest::of(&self.client_data);
        let signed = [
            self.authenticator_data.as_slice(),
            client_digest.as_bytes().as_slice(),
        ]
        .concat();
        if !passkey
            .key
            .accepts_passkey_signature(&signed, &self.signature)
        {
            return Err(PasskeyFault::Signature);
        }
        // INVARIANT: passkey-counter. An authenticator that counts has answered nothing in the meantime (section 7.2, step 22).
        let counts = passkey.counter != 0 || data.counter != 0;
        if counts && data.counter <= passkey.counter {
            return Err(PasskeyFault::Counter);
        }
        Ok(data.counter)
    }
}

/// Origin in client data, as the browser has written it. It is verified by nothing but the signature over these bytes.
///
/// # Errors
/// Client data that can't be read.
pub fn read_origin(client_data: &[u8]) -> Result<String, PasskeyFault> {
    client_data::read_origin(client_data)
}

/// Answer of an authenticator that has made a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyCreation {
    /// Bytes of `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// Bytes of `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// SubjectPublicKeyInfo of the key, as `getPublicKey()` gives it.
    pub spki: Vec<u8>,
}

/// Passkey that an authenticator has made, with its identity there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedPasskey {
    /// Identity of the key at its authenticator.
    pub credential: Vec<u8>,
    /// Key and counter.
    pub passkey: Passkey,
}

impl PasskeyCreation {
    /// Verifies the answer.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(
        &self,
        challenge: Digest,
        party: &RelyingParty,
    ) -> Result<CreatedPasskey, PasskeyFault> {
        check_client_data(
            &self.client_data,
            "webauthn.create",
            challenge,
            party.origin(),
        )?;
        let data = AuthenticatorData::parse(&self.authenticator_data)?;
        data.check_presence(party.id())?;
        let credential = data.credential.ok_or(PasskeyFault::AuthenticatorData)?;
        let key = PublicKey::from_spki(&self.spki).map_err(|_| PasskeyFault::Key)?;
        let rest = credential.key_and_extensions.strip_prefix(
            // The one form of a COSE key that authenticators write: canonical CBOR (CTAP 2.1, section 8).
            cose_key(&key).as_slice(),
        );
        let rest = rest.ok_or(PasskeyFault::Key)?;
        if rest.is_empty() == data.has_extensions {
            return Err(PasskeyFault::AuthenticatorData);
        }
        Ok(CreatedPasskey {
            credential: credential.id.to_vec(),
            passkey: Passkey {
                key,
                counter: data.counter,
            },
        })
    }
}

/// COSE key in canonical CBOR (RFC 9052, section 7; RFC 9053, sections 2 and 7).
fn cose_key(key: &PublicKey) -> Vec<u8> {
    let raw = key.raw_bytes();
    match key.algorithm() {
        SignatureAlgorithm::Es256 => {
            let (x, y) = raw.split_at_checked(32).unwrap_or((raw, &[]));
            let begin = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
            [begin.as_slice(), x, &[0x22, 0x58, 0x20], y].concat()
        }
        SignatureAlgorithm::EdDsa => {
            let begin = [0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20];
            [begin.as_slice(), raw].concat()
        }
    }
}
