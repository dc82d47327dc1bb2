//! A provider with Ed25519, a consumer with P-256, and what they agreed.

use super::*;
use crate::samples;
use hansa_policy::contract::deed::Deed;
use hansa_policy::contract::{Agreed, SignatureCheck};
use hansa_policy::id::ParticipantId;
use josekit::jwk::KeyPair;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::ed::{EdCurve, EdKeyPair};
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm;
use josekit::jws::alg::eddsa::EddsaJwsAlgorithm;
use josekit::jws::{JwsSigner, JwsVerifier};

/// A protected header and a signature.
pub(super) type Entry = (String, Vec<u8>);

pub(super) struct Scene {
    pub(super) keys: Keys,
    pub(super) payload: Vec<u8>,
    pub(super) agreement: Agreement,
}

pub(super) fn scene() -> Scene {
    let keys = Keys([Key::ed25519("munster.example"), Key::p256("firma.example")]);
    let mut agreement = samples::short_agreement();
    agreement.provider.signing_key.clone_from(&keys.0[0].kid);
    let Assignee::Participant(consumer) = &mut agreement.assignee else {
        panic!()
    };
    consumer.signing_key.clone_from(&keys.0[1].kid);
    Scene {
        payload: contract::to_bytes(&agreement),
        keys,
        agreement,
    }
}

impl Scene {
    pub(super) fn provider(&self) -> Entry {
        self.keys.0[0].entry(Kind::Agreement, Role::Provider, &self.payload)
    }

    pub(super) fn consumer(&self) -> Entry {
        self.keys.0[1].entry(Kind::Agreement, Role::Consumer, &self.payload)
    }

    /// The payload with these entries.
    pub(super) fn with(&self, entries: &[&Entry]) -> Vec<u8> {
        envelope(&self.payload, entries)
    }

    pub(super) fn signed(&self) -> Vec<u8> {
        self.with(&[&self.provider(), &self.consumer()])
    }

    pub(super) fn accept(&self, bytes: &[u8]) -> Result<Agreed, Refusal> {
        parse_contract(bytes)?.verify(&self.keys)
    }

    #[track_caller]
    pub(super) fn refused(&self, bytes: &[u8], code: Code) {
        let refusal = self
            .accept(bytes)
            .expect_err(&String::from_utf8_lossy(bytes));
        assert_eq!(refusal.code, code, "{refusal}");
    }
}

/// `payload` with these entries.
pub(super) fn envelope(payload: &[u8], entries: &[&Entry]) -> Vec<u8> {
    let entries: Vec<Entry> = entries.iter().copied().cloned().collect();
    assemble(payload, &entries)
}

/// The registered keys, the provider's first.
pub(super) struct Keys(pub(super) [Key; 2]);

impl SignatureCheck for Keys {
    fn check(&self, signer: &ParticipantId, signature: &Signature, _: Deed) -> Result<(), Refusal> {
        let key = self.0.iter().find(|key| key.kid == signature.kid);
        let key = key
            .filter(|key| key.owner == *signer)
            .ok_or_else(|| Refusal::new(Code::SignerNotParty, "another key"))?;
        if key.alg != signature.alg {
            return Err(Refusal::new(Code::SignatureAlg, "another algorithm"));
        }
        key.verifier
            .verify(&signature.signing_input, &signature.signature)
            .map_err(|_| Refusal::new(Code::SignatureInvalid, "no match"))
    }

    fn needs_mandate(&self, _: &ParticipantId) -> bool {
        false
    }

    fn mandate_revoked(
        &self,
        _: &ParticipantId,
        _: &hansa_policy::contract::mandate::SignedMandate,
        _: &Signature,
    ) -> bool {
        false
    }

    fn logged(&self) -> Option<hansa_audit_log::time::Time> {
        None
    }
}

/// A key of a party: `EdDSA` or `ES256`.
pub(super) struct Key {
    owner: ParticipantId,
    alg: &'static str,
    pub(super) kid: String,
    signer: Box<dyn JwsSigner>,
    verifier: Box<dyn JwsVerifier>,
}

impl Key {
    pub(super) fn p256(owner: &str) -> Self {
        let pair = EcKeyPair::generate(EcCurve::P256).unwrap();
        let alg = EcdsaJwsAlgorithm::Es256;
        let signer = alg.signer_from_pem(pair.to_pem_private_key()).unwrap();
        let public = pair.to_pem_public_key();
        let verifier = alg.verifier_from_pem(&public).unwrap();
        Self::of(owner, "ES256", &public, signer, verifier)
    }

    fn ed25519(owner: &str) -> Self {
        let pair = EdKeyPair::generate(EdCurve::Ed25519).unwrap();
        let alg = EddsaJwsAlgorithm::Eddsa;
        let signer = alg.signer_from_pem(pair.to_pem_private_key()).unwrap();
        let public = pair.to_pem_public_key();
        let verifier = alg.verifier_from_pem(&public).unwrap();
        Self::of(owner, "EdDSA", &public, signer, verifier)
    }

    fn of(
        owner: &str,
        alg: &'static str,
        public: &[u8],
        signer: impl JwsSigner + 'static,
        verifier: impl JwsVerifier + 'static,
    ) -> Self {
        Self {
            owner: owner.parse().unwrap(),
            alg,
            kid: base64url::encode(Digest::of(public).as_bytes()),
            signer: Box::new(signer),
            verifier: Box::new(verifier),
        }
    }

    pub(super) fn entry(&self, kind: Kind, role: Role, payload: &[u8]) -> Entry {
        let header = protected_header(kind, role, self.alg, &self.kid, 1_763_629_200);
        self.entry_with(header, payload)
    }

    pub(super) fn entry_with(&self, header: String, payload: &[u8]) -> Entry {
        let signature = self.signer.sign(&signing_input(&header, payload)).unwrap();
        (header, signature)
    }
}

/// `bytes` with one bit of one byte turned, for each byte.
pub(super) fn flipped(bytes: &[u8], bit: u8) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len()).map(move |index| {
        let mut bad = bytes.to_vec();
        bad[index] ^= 1 << bit;
        (index, bad)
    })
}
