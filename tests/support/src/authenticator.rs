//! Authenticator of passkeys in software: it signs whatever a test wants, also what no authenticator would.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a harness reports by failing the test"
)]

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Flags of an answer of a person who is present and verified.
pub const PRESENT_AND_VERIFIED: u8 = 0x05;

/// Flag of an answer with a new key.
pub const WITH_NEW_KEY: u8 = 0x40;

/// Authenticator with one key.
#[derive(Debug)]
pub struct TestAuthenticator {
    key: AuthenticatorKey,
    /// Identity of the key.
    pub credential: Vec<u8>,
    /// Host of the website.
    pub party: String,
    /// Scheme, host and port of the website.
    pub origin: String,
    /// Flags of the next answer.
    pub flags: u8,
    /// Counter of the last answer.
    pub counter: u32,
}

#[derive(Debug)]
enum AuthenticatorKey {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Algorithm of an authenticator's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticatorAlgorithm {
    /// ES256
    P256,
    /// EdDSA on Ed25519
    Ed25519,
}

/// Answer of an authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatorAnswer {
    /// Bytes of `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// Bytes of `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// Signature; empty for a new key.
    pub signature: Vec<u8>,
}

impl TestAuthenticator {
    /// Authenticator for a website.
    ///
    /// # Panics
    /// When the origin has no scheme, or the library makes no key.
    #[must_use]
    pub fn new(algorithm: AuthenticatorAlgorithm, origin: &str) -> Self {
        let key = match algorithm {
            AuthenticatorAlgorithm::P256 => {
                let made = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
                AuthenticatorKey::P256(made.unwrap())
            }
            AuthenticatorAlgorithm::Ed25519 => {
                AuthenticatorKey::Ed25519(Ed25519KeyPair::generate().unwrap())
            }
        };
        let (_, authority) = origin.split_once("://").unwrap();
        let mut made = Self {
            key,
            credential: Vec::new(),
            party: authority.split(':').next().unwrap().to_owned(),
            origin: origin.to_owned(),
            flags: PRESENT_AND_VERIFIED,
            counter: 0,
        };
        made.credential = digest(&SHA256, &made.spki()).as_ref()[..16].to_vec();
        made
    }

    /// SubjectPublicKeyInfo of the key.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        match &self.key {
            AuthenticatorKey::P256(key) => {
                let prefix = hex("3059301306072a8648ce3d020106082a8648ce3d030107034200");
                [prefix.as_slice(), key.public_key().as_ref()].concat()
            }
            AuthenticatorKey::Ed25519(key) => {
                let prefix = hex("302a300506032b6570032100");
                [prefix.as_slice(), key.public_key().as_ref()].concat()
            }
        }
    }

    /// Client data of an operation, `webauthn.create` or `webauthn.get`.
    #[must_use]
    pub fn client_data(&self, operation: &str, challenge: &[u8]) -> Vec<u8> {
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        let origin = &self.origin;
        format!(
            r#"{{"type":"{operation}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
        )
        .into_bytes()
    }

    /// Authenticator data without a key. The counter grows where it counts.
    pub fn authenticator_data(&mut self) -> Vec<u8> {
        if self.counter > 0 {
            self.counter += 1;
        }
        let mut data = digest(&SHA256, self.party.as_bytes()).as_ref().to_vec();
        data.push(self.flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// Answer with the new key.
    ///
    /// # Panics
    /// When the identity of the key is too long.
    pub fn create(&mut self, challenge: &[u8]) -> AuthenticatorAnswer {
        self.flags |= WITH_NEW_KEY;
        let mut data = self.authenticator_data();
        self.flags &= !WITH_NEW_KEY;
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
        data.extend(&self.credential);
        data.extend(self.cose_key());
        AuthenticatorAnswer {
            client_data: self.client_data("webauthn.create", challenge),
            authenticator_data: data,
            signature: Vec::new(),
        }
    }

    /// Answer to a challenge.
    pub fn get(&mut self, challenge: &[u8]) -> AuthenticatorAnswer {
        let client_data = self.client_data("webauthn.get", challenge);
        let data = self.authenticator_data();
        self.sign(client_data, data)
    }

    /// Answer with these bytes.
    ///
    /// # Panics
    /// When the library does not sign.
    #[must_use]
    pub fn sign(&self, client_data: Vec<u8>, authenticator_data: Vec<u8>) -> AuthenticatorAnswer {
        let signed = [
            authenticator_data.as_slice(),
            digest(&SHA256, &client_data).as_ref(),
        ]
        .concat();
        let signature = match &self.key {
            AuthenticatorKey::P256(key) => key
                .sign(&SystemRandom::new(), &signed)
                .unwrap()
                .as_ref()
                .to_vec(),
            AuthenticatorKey::Ed25519(key) => key.sign(&signed).as_ref().to_vec(),
        };
        AuthenticatorAnswer {
            client_data,
            authenticator_data,
            signature,
        }
    }

    fn cose_key(&self) -> Vec<u8> {
        match &self.key {
            AuthenticatorKey::P256(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = point[1..].split_at(32);
                let begin = hex("a5010203262001215820");
                [begin.as_slice(), x, &hex("225820"), y].concat()
            }
            AuthenticatorKey::Ed25519(key) => {
                let begin = hex("a4010103272006215820");
                [begin.as_slice(), key.public_key().as_ref()].concat()
            }
        }
    }
}

fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
