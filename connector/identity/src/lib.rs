//! Keys, certificates, the trust bundle, and signatures: the identity of a participant, and the basis of its trust.
//!
//! A league has one authority. It admits participants and signs the trust bundle, which names the members, the certificate
//! authorities and the valid keys. Two participants trust each other through the bundle alone.
//!
//! # The walk
//!
//! 1. **Found.** [`LeagueAuthority::init`] makes a league with its first [`TrustBundle`].
//! 2. **Join.** A participant makes its keys and an admission request: [`participant_identity::create_identity`]. The league answers with an
//!    [`AdmittedMember`], whose [`JoinFile`] contains certificate and bundle. [`participant_identity::load_identity`] gives a
//!    [`ParticipantIdentity`].
//! 3. **Trust.** A [`TrustStore`] holds the current identity and bundle. TLS configurations that are made from it follow each
//!    change: [`mtls::server_config`], [`mtls::client_config`].
//! 4. **Identify.** [`mtls::attest_certificate`] reads a [`PeerCertificate`] after a finished handshake. [`TrustStore::recognise_caller`] checks it at
//!    every request and gives a [`VerifiedPeer`].
//! 5. **Sign.** A [`ParticipantSigner`] signs contracts and statements. The one on files is [`FileSigner`].
//! 6. **Verify.** [`TrustBundle::keys`] gives the [`RegisteredKeys`], the one [`SignatureVerifier`] of the product.
//! 7. **Seal.** An organization signs with an X.509 certificate: [`SealSigner`], verified under a [`SealAnchor`].
//! 8. **Stamp.** An authority outside the league states when bytes existed: [`TimeStampRequest`] is the request, and
//!    [`time_stamp::verify_token`] verifies a token under [`TimeStampAnchors`].
//!
//! [`PeerCertificate`]: hansa_policy::PeerCertificate
//! [`VerifiedPeer`]: hansa_policy::VerifiedPeer
//! [`SignatureVerifier`]: hansa_policy::SignatureVerifier
//!
//! # What it must never do
//!
//! - Trust a bundle that is not signed by the league, has expired, or has a lower number than an earlier one.
//! - Copy, print or send a private key.
//! - Identify a peer at the handshake alone. A bundle can change while a connection is open.
//! - Depend on the query engine.
//!
//! # Identifying a peer
//!
//! The handshake below is a real one, with mutual TLS 1.3, over two buffers in memory.
//!
//! ```
//! use hansa_identity::{TrustStore, mtls};
//! use hansa_policy::{ContractId, ContractRegistry, ErrorCode};
//! # use hansa_audit_log::{Clock, ClockReading, Digest, UtcTimestamp};
//! # use hansa_identity::{Applicant, IdentityFiles, LeagueAuthority, LeagueSettings, ParticipantIdentity, SignatureAlgorithm};
//! # use hansa_identity::participant_identity;
//! # use std::{error::Error, path::Path, sync::Arc};
//! # fn admit(league: &mut LeagueAuthority, at: &Path, domain: &str, now: UtcTimestamp) -> Result<ParticipantIdentity, Box<dyn Error>> {
//! #     let files = IdentityFiles::in_folder(&at.join(domain));
//! #     let applicant = Applicant { id: domain.parse()?, name: domain.to_owned(), address: Some(format!("{domain}:7443")) };
//! #     let request = participant_identity::create_identity(&files, &applicant, SignatureAlgorithm::EdDsa)?;
//! #     let admitted = league.admit(&request, 7, now)?;
//! #     participant_identity::install_join_file(&files, &applicant.id, &admitted.join.to_bytes(), now)?;
//! #     Ok(participant_identity::load_identity(&files, &applicant.id, 0, now)?)
//! # }
//! # fn main() -> Result<(), Box<dyn Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let now: UtcTimestamp = "2026-06-01T12:00:00Z".parse()?;
//! # let clock: Clock = Arc::new(move || ClockReading { wall: now, mono_ns: 0 });
//! # let settings = LeagueSettings { name: "Lake league".to_owned(), algorithm: SignatureAlgorithm::EdDsa, demo: true };
//! # let mut league = LeagueAuthority::init(&folder.path().join("league"), &settings, now)?;
//! # let lindau = admit(&mut league, folder.path(), "lindau.example", now)?;
//! # let firm = admit(&mut league, folder.path(), "firm.example", now)?;
//!
//! // Lindau listens and the firm calls. Each has the bundle of the league.
//! let (trust, callers_trust) = (TrustStore::new(&lindau), TrustStore::new(&firm));
//! trust.swap_bundle(league.bundle().clone())?;
//! let mut server = rustls::ServerConnection::new(mtls::server_config(&trust, &clock)?)?;
//! let config = mtls::client_config(&callers_trust, &lindau.id, &clock)?;
//! let mut client = rustls::ClientConnection::new(config, "lindau.example".try_into()?)?;
//! # let mut wire = Vec::new();
//! # while client.is_handshaking() || server.is_handshaking() {
//! #     while client.wants_write() {
//! #         client.write_tls(&mut wire)?;
//! #     }
//! #     let mut rest = wire.as_slice();
//! #     while !rest.is_empty() {
//! #         server.read_tls(&mut rest)?;
//! #         server.process_new_packets()?;
//! #     }
//! #     wire.clear();
//! #     while server.wants_write() {
//! #         server.write_tls(&mut wire)?;
//! #     }
//! #     let mut rest = wire.as_slice();
//! #     while !rest.is_empty() {
//! #         client.read_tls(&mut rest)?;
//! #         client.process_new_packets()?;
//! #     }
//! #     wire.clear();
//! # }
//!
//! // The bytes of the handshake went to and fro.
//! let certificate = mtls::attest_certificate(&trust, &server, now)?;
//! let peer = trust.recognise_caller(&certificate, now)?;
//! assert_eq!(peer.id(), &firm.id);
//!
//! // A peer is no contract: what it can't name does not exist.
//! let contracts = ContractRegistry::new(lindau.id.clone());
//! let unknown = contracts.in_force(&peer, &[ContractId(Digest::of(b"none"))], now).unwrap_err();
//! assert_eq!(unknown.code, ErrorCode::ContractUnknown);
//!
//! // The league expels the firm. The next request over the same connection is refused.
//! league.expel(&firm.id, now)?;
//! trust.swap_bundle(league.bundle().clone())?;
//! let refusal = trust.recognise_caller(&certificate, now).unwrap_err();
//! assert_eq!(refusal.code, ErrorCode::PeerNotTrusted);
//! # Ok(())
//! # }
//! ```
//!
//! # A trust bundle
//!
//! The authority signs the bundle with its key. A changed byte, or a lower number, is refused.
//!
//! ```
//! use hansa_identity::{LeagueAuthority, LeagueSettings, SignatureAlgorithm, TrustBundle};
//! use hansa_policy::ErrorCode;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let now: hansa_audit_log::UtcTimestamp = "2026-06-01T12:00:00Z".parse()?;
//!
//! let settings = LeagueSettings { name: "Lake league".to_owned(), algorithm: SignatureAlgorithm::EdDsa, demo: true };
//! let mut league = LeagueAuthority::init(&folder.path().join("league"), &settings, now)?;
//! let older = league.bundle().clone();
//! let bytes = league.export_bundle(now)?;
//!
//! let newer = TrustBundle::read(&bytes)?;
//! assert_eq!((older.content().sequence, newer.content().sequence), (1, 2));
//! newer.check_expiry(now)?;
//!
//! let forged = String::from_utf8(bytes)?.replace("Lake league", "Fake league");
//! assert_eq!(TrustBundle::read(forged.as_bytes()).unwrap_err().code, ErrorCode::BundleInvalid);
//! let rolled_back = older.not_before_number(newer.content().sequence);
//! assert_eq!(rolled_back.unwrap_err().code, ErrorCode::BundleInvalid);
//! # Ok(())
//! # }
//! ```
//!
//! # A signature
//!
//! ```
//! use hansa_identity::{FileSigner, ParticipantSigner, PrivateKey, SignatureAlgorithm};
//! use hansa_policy::ErrorCode;
//! use std::os::unix::fs::PermissionsExt;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//!
//! let file = folder.path().join("signing.key");
//! let signer = FileSigner::create(&file, SignatureAlgorithm::EdDsa)?;
//! let signature = signer.sign(b"a statement")?;
//! assert!(signer.public_key().accepts_signature(b"a statement", &signature));
//! assert!(!signer.public_key().accepts_signature(b"another statement", &signature));
//!
//! // A key file that others can read is refused.
//! std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644))?;
//! assert_eq!(PrivateKey::open(&file).unwrap_err().code, ErrorCode::KeyFilePermissions);
//! # Ok(())
//! # }
//! ```
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::as_conversions,
        reason = "tests"
    )
)]

pub mod bundle;
pub mod certificate;
pub mod cluster;
pub mod fingerprint;
pub mod jwk;
pub mod keys;
pub mod league;
#[cfg(test)]
pub(crate) mod league_fixture;
pub mod mtls;
#[cfg(test)]
mod mutated_input;
pub mod participant_identity;
pub mod passkey;
mod pem;
pub mod rulebook;
pub mod seal;
pub mod signature;
pub mod signed_envelope;
pub mod time_stamp;

pub use crate::bundle::{
    BundleContent, CertificateAnchor, CredentialIssuer, LeagueMember, TrustBundle,
};
pub use crate::certificate::{LeafCertificate, PeerCertificateError, VerifiedChain};
pub use crate::fingerprint::KeyFingerprint;
pub use crate::keys::{PrivateKey, PublicKey, SignatureAlgorithm};
pub use crate::league::{AdmittedMember, LeagueAuthority, LeagueSettings};
pub use crate::mtls::TrustStore;
pub use crate::participant_identity::admission_request::{AdmissionRequest, Applicant};
pub use crate::participant_identity::join_file::JoinFile;
pub use crate::participant_identity::{IdentityFiles, ParticipantIdentity};
pub use crate::rulebook::{RulebookContent, RulebookDraft, SignedRulebook};
pub use crate::seal::SealAnchor;
pub use crate::seal::signer::SealSigner;
pub use crate::signature::{FileSigner, ParticipantSigner, RegisteredKey, RegisteredKeys};
pub use crate::time_stamp::VerifiedTimeStamp;
pub use crate::time_stamp::anchors::TimeStampAnchors;
pub use crate::time_stamp::request::TimeStampRequest;
