//! TLS between participants: version 1.3 only, certificates at both ends, verified against the current bundle.

use crate::bundle::TrustBundle;
use crate::certificate::{self, CertificateUsage, LeafCertificate, PeerCertificateError};
use crate::mtls::current_identity::{CurrentIdentity, OwnCertificate};
use crate::mtls::verifier::{CallerCertVerifier, ListenerCertVerifier};
use crate::participant_identity::{self, IdentityFiles, ParticipantIdentity};
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_policy::id::ParticipantId;
use hansa_policy::peer::{
    PeerCertificate, PresentedToken, Roster, UnrecognisedPeerError, VerifiedPeer,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::RwLock;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use rustls::server::NoServerSessionStorage;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub mod client_face;
mod current_identity;
#[cfg(test)]
mod tests;
mod verifier;

/// Current identity and bundle of this participant. Configurations made from the store follow every change without a restart; open
/// connections stay.
#[derive(Debug)]
pub struct TrustStore {
    id: ParticipantId,
    /// Replaced in one assignment, so that a panic elsewhere leaves it consistent.
    current: RwLock<Arc<CurrentIdentity>>,
}

impl TrustStore {
    /// Store of this identity.
    #[must_use]
    pub fn new(identity: &ParticipantIdentity) -> Arc<Self> {
        Arc::new(Self {
            id: identity.id.clone(),
            current: RwLock::new(Arc::new(CurrentIdentity {
                certified: Arc::clone(&identity.certified),
                bundle: Arc::new(identity.bundle.clone()),
            })),
        })
    }

    /// Identity of this participant.
    #[must_use]
    pub const fn id(&self) -> &ParticipantId {
        &self.id
    }

    /// Current bundle.
    #[must_use]
    pub fn bundle(&self) -> Arc<TrustBundle> {
        Arc::clone(&self.current_identity().bundle)
    }

    /// Content of the own certificate. Others refuse it from its end on.
    ///
    /// # Errors
    /// `CERTIFICATE_EXPIRED` with the way to renew it.
    pub fn own_certificate(&self, now: UtcTimestamp) -> Result<LeafCertificate, Refusal> {
        let held = self.current_identity();
        let first = held.certified.cert.first();
        let leaf = first
            .ok_or(PeerCertificateError::Unreadable)
            .and_then(certificate::parse_leaf)
            .map_err(|fault| fault.to_refusal())?;
        if now < leaf.not_after {
            return Ok(leaf);
        }
        Err(PeerCertificateError::Expired(self.id.clone(), leaf.not_after).of_our_own())
    }

    /// Replaces the identity: certificate and bundle in one step.
    ///
    /// # Errors
    /// `WRONG_LEAGUE`, `BUNDLE_INVALID` for an older bundle, `KEY_INVALID` for another participant.
    pub fn replace_identity(&self, identity: &ParticipantIdentity) -> Result<(), Refusal> {
        if identity.id != self.id {
            return Err(Refusal::new(
                ErrorCode::KeyInvalid,
                format!("this participant is {}, not {}", self.id, identity.id),
            ));
        }
        self.set_identity(
            Arc::new(identity.bundle.clone()),
            Some(Arc::clone(&identity.certified)),
        )
    }

    /// Replaces the bundle by a newer one.
    ///
    /// # Errors
    /// `WRONG_LEAGUE`, or `BUNDLE_INVALID` for an older one.
    pub fn swap_bundle(&self, bundle: TrustBundle) -> Result<(), Refusal> {
        self.set_identity(Arc::new(bundle), None)
    }

    /// Accepts a bundle if it is newer: into use, then into its file. Simultaneous calls are serialised, so that the file never
    /// contains an older bundle than possible.
    ///
    /// # Errors
    /// As [`TrustBundle::accept_newer`]; then nothing changes. `DISK_FULL` or `STATE_BROKEN` when the file can't be written: the
    /// bundle is in use all the same, until the next start.
    pub fn take_newer(
        &self,
        files: &IdentityFiles,
        shown: &[u8],
        now: UtcTimestamp,
    ) -> Result<Option<Arc<TrustBundle>>, Refusal> {
        let mut held = self.current.write();
        let Some(newer) = held.bundle.accept_newer(shown, now)? else {
            return Ok(None);
        };
        let bundle = Arc::new(newer);
        *held = Arc::new(CurrentIdentity {
            certified: Arc::clone(&held.certified),
            bundle: Arc::clone(&bundle),
        });
        participant_identity::install_bundle(files, &bundle)?;
        Ok(Some(bundle))
    }

    /// Identifies a caller at a request, by the current bundle and time. A check at the handshake alone would outlive an expulsion.
    ///
    /// # Errors
    /// `BUNDLE_INVALID` when the own bundle has expired; `PEER_NOT_TRUSTED` or `CERTIFICATE_EXPIRED`.
    pub fn recognise_caller(
        &self,
        presented: &PeerCertificate,
        now: UtcTimestamp,
    ) -> Result<VerifiedPeer, Refusal> {
        self.recognise_peer(now, |roster| roster.recognise(presented, now))
    }

    /// Identifies a program that presents the certificate of a participant.
    ///
    /// # Errors
    /// As [`TrustStore::recognise_caller`].
    pub fn recognise_program(
        &self,
        presented: &PeerCertificate,
        now: UtcTimestamp,
    ) -> Result<VerifiedPeer, Refusal> {
        self.recognise_peer(now, |roster| roster.recognise_program(presented, now))
    }

    /// Identifies a program that presents an access token.
    ///
    /// # Errors
    /// As [`TrustStore::recognise_caller`].
    pub fn recognise_token(
        &self,
        presented: PresentedToken,
        now: UtcTimestamp,
    ) -> Result<VerifiedPeer, Refusal> {
        self.recognise_peer(now, |roster| roster.recognise_token(presented))
    }

    /// Identifies a partner that presents the token of a transfer, by the current bundle and the partners in the configuration.
    ///
    /// # Errors
    /// As [`TrustStore::recognise_caller`].
    pub fn recognise_partner(
        &self,
        presented: PresentedToken,
        partners: &BTreeSet<ParticipantId>,
        now: UtcTimestamp,
    ) -> Result<VerifiedPeer, Refusal> {
        self.recognise_peer(now, |roster| roster.recognise_partner(presented, partners))
    }

    fn recognise_peer(
        &self,
        now: UtcTimestamp,
        recognise: impl FnOnce(&Roster) -> Result<VerifiedPeer, UnrecognisedPeerError>,
    ) -> Result<VerifiedPeer, Refusal> {
        let bundle = self.bundle();
        bundle.check_expiry(now)?;
        recognise(bundle.roster()).map_err(|stranger| {
            let code = match stranger {
                UnrecognisedPeerError::CertificateExpired => ErrorCode::CertificateExpired,
                UnrecognisedPeerError::NotInBundle
                | UnrecognisedPeerError::IssuerMayNotSpeak
                | UnrecognisedPeerError::NoPartner
                | UnrecognisedPeerError::Denied => ErrorCode::PeerNotTrusted,
            };
            Refusal::new(code, stranger.to_string())
        })
    }

    fn current_identity(&self) -> Arc<CurrentIdentity> {
        Arc::clone(&self.current.read())
    }

    fn set_identity(
        &self,
        bundle: Arc<TrustBundle>,
        certified: Option<Arc<rustls::sign::CertifiedKey>>,
    ) -> Result<(), Refusal> {
        let mut held = self.current.write();
        held.bundle.same_league(&bundle)?;
        bundle.not_before_number(held.bundle.content().sequence)?;
        let certified = certified.unwrap_or_else(|| Arc::clone(&held.certified));
        *held = Arc::new(CurrentIdentity { certified, bundle });
        Ok(())
    }
}

/// TLS configuration of the server.
///
/// # Errors
/// `INTERNAL` when the TLS library does not support the configuration.
pub fn server_config(store: &Arc<TrustStore>, clock: &Clock) -> Result<Arc<ServerConfig>, Refusal> {
    let provider = Arc::new(crypto_provider());
    let verifier = CallerCertVerifier::new(Arc::clone(store), &provider);
    let mut config =
        ServerConfig::builder_with_details(provider, Arc::new(TlsClock(Clock::clone(clock))))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(unsupported_tls_refusal)?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(OwnCertificate(Arc::clone(store))));
    whole_server(&mut config);
    Ok(Arc::new(config))
}

/// TLS configuration for connections to `expected`. Another participant that answers is refused, whatever the host name.
///
/// # Errors
/// `INTERNAL` when the TLS library does not support the configuration.
pub fn client_config(
    store: &Arc<TrustStore>,
    expected: &ParticipantId,
    clock: &Clock,
) -> Result<Arc<ClientConfig>, Refusal> {
    let provider = Arc::new(crypto_provider());
    let verifier = ListenerCertVerifier::new(Arc::clone(store), expected.clone(), &provider);
    let mut config =
        ClientConfig::builder_with_details(provider, Arc::new(TlsClock(Clock::clone(clock))))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(unsupported_tls_refusal)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(OwnCertificate(Arc::clone(store))));
    whole_client(&mut config);
    Ok(Arc::new(config))
}

/// DOOR: certificate that a caller presented in its finished handshake, verified again by the current bundle.
///
/// # Errors
/// `PEER_NOT_TRUSTED` or another code of a certificate check.
pub fn attest_certificate(
    store: &TrustStore,
    connection: &ServerConnection,
    now: UtcTimestamp,
) -> Result<PeerCertificate, Refusal> {
    let shown = presented_chain(connection.is_handshaking(), connection.peer_certificates())?;
    let chain = certificate::verify_chain(shown, &store.bundle(), CertificateUsage::Client, now)
        .map_err(|fault| fault.to_refusal())?;
    Ok(PeerCertificate::attest(
        chain.leaf().identity.clone(),
        chain.leaf().digest,
        chain.anchor(),
        chain.not_after(),
    ))
}

/// Checks that the server of an open connection is still `expected`, by the current bundle.
///
/// # Errors
/// `PEER_NOT_TRUSTED` or another code of a certificate check.
pub fn check_listener(
    store: &TrustStore,
    expected: &ParticipantId,
    connection: &ClientConnection,
    now: UtcTimestamp,
) -> Result<(), Refusal> {
    let shown = presented_chain(connection.is_handshaking(), connection.peer_certificates())?;
    verifier::verify_listener(shown, &store.bundle(), expected, now)
        .map(|_| ())
        .map_err(|fault| fault.of_a_peer().with_participant(expected.clone()))
}

/// Refusal inside an error of the TLS library, if one of the own checks made it.
#[must_use]
pub fn refusal_within(error: &rustls::Error) -> Option<&Refusal> {
    match error {
        rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) => {
            other.0.downcast_ref()
        }
        _ => None,
    }
}

const ALPN: &[u8] = b"h2";

/// Common settings of servers: no session resumption.
pub(super) fn whole_server(config: &mut ServerConfig) {
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Resumption would skip the verification of the caller's certificate.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
}

/// Common settings of clients: no session resumption.
pub(super) fn whole_client(config: &mut ClientConfig) {
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
}

/// Error of the TLS library with a refusal inside, for this end; the other end sees an alert only.
pub(super) fn tls_refusal_error(refusal: Refusal) -> rustls::Error {
    rustls::Error::InvalidCertificate(rustls::CertificateError::Other(rustls::OtherError(
        Arc::new(refusal),
    )))
}

/// Selection of algorithms, passed to each configuration; no process-wide default is set.
pub(super) fn crypto_provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ],
        kx_groups: vec![
            kx_group::X25519MLKEM768,
            kx_group::X25519,
            kx_group::SECP256R1,
        ],
        ..default_provider()
    }
}

fn presented_chain<'a>(
    handshaking: bool,
    certificates: Option<&'a [CertificateDer<'static>]>,
) -> Result<&'a [CertificateDer<'static>], Refusal> {
    match certificates {
        Some(chain) if !handshaking => Ok(chain),
        Some(_) | None => Err(Refusal::new(
            ErrorCode::PeerNotTrusted,
            "the connection has shown no certificate",
        )),
    }
}

/// Refusal for a configuration that the TLS library does not support.
pub(super) fn unsupported_tls_refusal(
    error: impl std::error::Error + Send + Sync + 'static,
) -> Refusal {
    Refusal::new(ErrorCode::Internal, format!("TLS can't be set up: {error}")).caused_by(error)
}

/// Clock of the caller, in the form of the TLS library.
pub(super) struct TlsClock(pub(super) Clock);

impl fmt::Debug for TlsClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl TimeProvider for TlsClock {
    fn current_time(&self) -> Option<UnixTime> {
        let micros = u64::try_from((self.0)().wall.micros()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_micros(micros)))
    }
}
