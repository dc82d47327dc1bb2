//! Fixture: a provider with Ed25519, a consumer with P-256, and their agreement.

use super::*;
use crate::samples;
use hansa_policy::contract::VerifiedContract;
use hansa_policy::contract::signature::SignatureVerifier;
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::id::ParticipantId;
use josekit::jwk::KeyPair;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::ed::{EdCurve, EdKeyPair};
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm;
use josekit::jws::alg::eddsa::EddsaJwsAlgorithm;
use josekit::jws::{JwsSigner, JwsVerifier};

/// Protected header and signature.
pub(super) type SignatureEntry = (String, Vec<u8>);

pub(super) struct EnvelopeFixture {
    pub(super) keys: PartyKeys,
    pub(super) payload: Vec<u8>,
    pub(super) agreement: Agreement,
}

pub(super) fn envelope_fixture() -> EnvelopeFixture {
    let keys = PartyKeys([
        PartyKey::ed25519("munster.example"),
        PartyKey::p256("firma.example"),
    ]);
    let mut agreement = samples::short_agreement();
    agreement.provider.signing_key.clone_from(&keys.0[0].kid);
    let Assignee::Participant(consumer) = &mut agreement.assignee else {
        panic!()
    };
    consumer.signing_key.clone_from(&keys.0[1].kid);
    EnvelopeFixture {
        payload: contract::to_bytes(&agreement),
        keys,
        agreement,
    }
}

impl EnvelopeFixture {
    pub(super) fn provider(&self) -> SignatureEntry {
        self.keys.0[0].entry(
            StatementKind::Agreement,
            SignatoryRole::Provider,
            &self.payload,
        )
    }

    pub(super) fn consumer(&self) -> SignatureEntry {
        self.keys.0[1].entry(
            StatementKind::Agreement,
            SignatoryRole::Consumer,
            &self.payload,
        )
    }

    /// Envelope of the payload with these entries.
    pub(super) fn with(&self, entries: &[&SignatureEntry]) -> Vec<u8> {
        envelope(&self.payload, entries)
    }

    pub(super) fn signed(&self) -> Vec<u8> {
        self.with(&[&self.provider(), &self.consumer()])
    }

    pub(super) fn accept(&self, bytes: &[u8]) -> Result<VerifiedContract, Refusal> {
        parse_contract(bytes)?.verify(&self.keys)
    }

    #[track_caller]
    pub(super) fn refused(&self, bytes: &[u8], code: ErrorCode) {
        let refusal = self
            .accept(bytes)
            .expect_err(&String::from_utf8_lossy(bytes));
        assert_eq!(refusal.code, code, "{refusal}");
    }
}

/// Envelope of `payload` with these entries.
pub(super) fn envelope(payload: &[u8], entries: &[&SignatureEntry]) -> Vec<u8> {
    let entries: Vec<SignatureEntry> = entries.iter().copied().cloned().collect();
    assemble_statement(payload, &entries)
}

/// Registered keys, the provider's first.
pub(super) struct PartyKeys(pub(super) [PartyKey; 2]);

impl SignatureVerifier for PartyKeys {
    fn check_signature(
        &self,
        signer: &ParticipantId,
        signature: &Signature,
        _: SignaturePurpose,
    ) -> Result<(), Refusal> {
        let key = self.0.iter().find(|key| key.kid == signature.kid);
        let key = key
            .filter(|key| key.owner == *signer)
            .ok_or_else(|| Refusal::new(ErrorCode::SignerNotParty, "another key"))?;
        if key.alg != signature.alg {
            return Err(Refusal::new(ErrorCode::SignatureAlg, "another algorithm"));
        }
        key.verifier
            .verify(&signature.signing_input, &signature.signature)
            .map_err(|_| Refusal::new(ErrorCode::SignatureInvalid, "no match"))
    }

    fn needs_mandate(&self, _: &ParticipantId) -> bool {
        false
    }

    fn mandate_revoked(
        &self,
        _: &ParticipantId,
        _: &hansa_policy::contract::signature::SignedMandate,
        _: &Signature,
    ) -> bool {
        false
    }

    fn logged_at(&self) -> Option<hansa_audit_log::time::UtcTimestamp> {
        None
    }
}

/// Key of a party: `EdDSA` or `ES256`.
pub(super) struct PartyKey {
    owner: ParticipantId,
    alg: &'static str,
    pub(super) kid: String,
    signer: Box<dyn JwsSigner>,
    verifier: Box<dyn JwsVerifier>,
}

impl PartyKey {
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

    pub(super) fn entry(
        &self,
        kind: StatementKind,
        role: SignatoryRole,
        payload: &[u8],
    ) -> SignatureEntry {
        let header = protected_header(kind, role, self.alg, &self.kid, 1_763_629_200);
        self.entry_with(header, payload)
    }

    pub(super) fn entry_with(&self, header: String, payload: &[u8]) -> SignatureEntry {
        let signature = self.signer.sign(&signing_input(&header, payload)).unwrap();
        (header, signature)
    }
}

/// Copies of `bytes`, each with one flipped bit in one byte.
pub(super) fn flipped(bytes: &[u8], bit: u8) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len()).map(move |index| {
        let mut bad = bytes.to_vec();
        bad[index] ^= 1 << bit;
        (index, bad)
    })
}
