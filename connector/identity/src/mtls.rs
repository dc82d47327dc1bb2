//! TLS between participants: 1.3 only, both ends with a certificate, checked against the bundle of the moment.

use crate::bundle::Bundle;
use crate::certificate::{self, CertificateFault, Leaf, Usage};
use crate::identity::{self, Files, Identity};
use crate::mtls::held::{Held, OwnCertificate};
use crate::mtls::verifier::{CallerCheck, ListenerCheck};
use hansa_audit_log::time::{Clock, Time};
use hansa_policy::id::ParticipantId;
use hansa_policy::peer::{Presented, VerifiedPeer};
use hansa_policy::refusal::{Code, Refusal};
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use rustls::server::NoServerSessionStorage;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

mod held;
#[cfg(test)]
mod tests;
mod verifier;

/// What this participant believes and shows at the moment. Configurations made from it follow every swap, so that
/// nothing is restarted; open connections stay.
#[derive(Debug)]
pub struct TrustStore {
    id: ParticipantId,
    held: RwLock<Arc<Held>>,
}

impl TrustStore {
    /// A store of this identity.
    #[must_use]
    pub fn new(identity: &Identity) -> Arc<Self> {
        Arc::new(Self {
            id: identity.id.clone(),
            held: RwLock::new(Arc::new(Held {
                certified: Arc::clone(&identity.certified),
                bundle: Arc::new(identity.bundle.clone()),
            })),
        })
    }

    /// Who we are.
    #[must_use]
    pub const fn id(&self) -> &ParticipantId {
        &self.id
    }

    /// The bundle of the moment.
    #[must_use]
    pub fn bundle(&self) -> Arc<Bundle> {
        Arc::clone(&self.held().bundle)
    }

    /// What our own certificate says; others refuse us from its end on.
    ///
    /// # Errors
    /// `CERTIFICATE_EXPIRED` with what to do.
    pub fn own_certificate(&self, now: Time) -> Result<Leaf, Refusal> {
        let held = self.held();
        let first = held.certified.cert.first();
        let leaf = first
            .ok_or(CertificateFault::Unreadable)
            .and_then(certificate::leaf)
            .map_err(|fault| fault.refusal())?;
        if now < leaf.not_after {
            return Ok(leaf);
        }
        Err(CertificateFault::Expired(self.id.clone(), leaf.not_after).of_our_own())
    }

    /// Puts an identity that was read again in the place of this one: certificate and bundle in one step.
    ///
    /// # Errors
    /// `WRONG_LEAGUE`, `BUNDLE_INVALID` for an older bundle, `KEY_INVALID` for another participant.
    pub fn swap(&self, identity: &Identity) -> Result<(), Refusal> {
        if identity.id != self.id {
            return Err(Refusal::new(
                Code::KeyInvalid,
                format!("this participant is {}, not {}", self.id, identity.id),
            ));
        }
        self.put(
            Arc::new(identity.bundle.clone()),
            Some(Arc::clone(&identity.certified)),
        )
    }

    /// Puts a newer bundle in the place of this one.
    ///
    /// # Errors
    /// `WRONG_LEAGUE`, or `BUNDLE_INVALID` for an older one.
    pub fn swap_bundle(&self, bundle: Bundle) -> Result<(), Refusal> {
        self.put(Arc::new(bundle), None)
    }

    /// Takes a bundle that somebody shows if it is newer: into use, then into its file. Two that come at once are taken one after the
    /// other, so that the file never holds an older one than it could.
    ///
    /// # Errors
    /// As [`Bundle::accept_newer`]; then everything stays as it was. `DISK_FULL` or `STATE_BROKEN` where there is no file for it: whom it
    /// puts out is out all the same, until the next start.
    pub fn take_newer(
        &self,
        files: &Files,
        shown: &[u8],
        now: Time,
    ) -> Result<Option<Arc<Bundle>>, Refusal> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let Some(newer) = held.bundle.accept_newer(shown, now)? else {
            return Ok(None);
        };
        let bundle = Arc::new(newer);
        *held = Arc::new(Held {
            certified: Arc::clone(&held.certified),
            bundle: Arc::clone(&bundle),
        });
        identity::install_bundle(files, &bundle)?;
        Ok(Some(bundle))
    }

    /// Checks a caller at a request, by the bundle and the time of now: a check at the handshake alone would outlive
    /// an expulsion.
    ///
    /// # Errors
    /// `BUNDLE_INVALID` when our own bundle is over; `PEER_NOT_TRUSTED` or `CERTIFICATE_EXPIRED`.
    pub fn recognise(&self, presented: &Presented, now: Time) -> Result<VerifiedPeer, Refusal> {
        let bundle = self.bundle();
        bundle.current(now)?;
        bundle
            .roster()
            .recognise(presented, now)
            .map_err(|stranger| {
                let code = match stranger {
                    hansa_policy::peer::Stranger::CertificateExpired => Code::CertificateExpired,
                    hansa_policy::peer::Stranger::NotInBundle
                    | hansa_policy::peer::Stranger::IssuerMayNotSpeak
                    | hansa_policy::peer::Stranger::Denied => Code::PeerNotTrusted,
                };
                Refusal::new(code, stranger.to_string())
            })
    }

    fn held(&self) -> Arc<Held> {
        // What a lock holds is replaced in one assignment: a panic elsewhere leaves it whole.
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(
        &self,
        bundle: Arc<Bundle>,
        certified: Option<Arc<rustls::sign::CertifiedKey>>,
    ) -> Result<(), Refusal> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.bundle.same_league(&bundle)?;
        bundle.not_before_number(held.bundle.content().sequence)?;
        let certified = certified.unwrap_or_else(|| Arc::clone(&held.certified));
        *held = Arc::new(Held { certified, bundle });
        Ok(())
    }
}

/// The configuration of the end that accepts connections.
///
/// # Errors
/// `INTERNAL` when the TLS library can't do what is asked of it.
pub fn server_config(store: &Arc<TrustStore>, clock: &Clock) -> Result<Arc<ServerConfig>, Refusal> {
    let provider = Arc::new(provider());
    let verifier = CallerCheck::new(Arc::clone(store), &provider);
    let mut config =
        ServerConfig::builder_with_details(provider, Arc::new(Watch(Clock::clone(clock))))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| impossible(&error))?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(OwnCertificate(Arc::clone(store))));
    whole_server(&mut config);
    Ok(Arc::new(config))
}

/// The configuration for connections to `expected`: whoever else answers is refused, whatever name was dialled.
///
/// # Errors
/// `INTERNAL` when the TLS library can't do what is asked of it.
pub fn client_config(
    store: &Arc<TrustStore>,
    expected: &ParticipantId,
    clock: &Clock,
) -> Result<Arc<ClientConfig>, Refusal> {
    let provider = Arc::new(provider());
    let verifier = ListenerCheck::new(Arc::clone(store), expected.clone(), &provider);
    let mut config =
        ClientConfig::builder_with_details(provider, Arc::new(Watch(Clock::clone(clock))))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| impossible(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(OwnCertificate(Arc::clone(store))));
    whole_client(&mut config);
    Ok(Arc::new(config))
}

/// DOOR: what a caller's finished handshake presented, verified again by the bundle of now.
///
/// # Errors
/// `PEER_NOT_TRUSTED` and the other codes of certificates.
pub fn attest(
    store: &TrustStore,
    connection: &ServerConnection,
    now: Time,
) -> Result<Presented, Refusal> {
    let shown = presented(connection.is_handshaking(), connection.peer_certificates())?;
    let chain = certificate::verify(shown, &store.bundle(), Usage::Client, now)
        .map_err(|fault| fault.refusal())?;
    Ok(Presented::attest(
        chain.leaf().identity.clone(),
        chain.leaf().digest,
        chain.anchor(),
        chain.not_after(),
    ))
}

/// Whether the other end of a connection that we opened is still `expected`, by the bundle of now.
///
/// # Errors
/// `PEER_NOT_TRUSTED` and the other codes of certificates.
pub fn check_listener(
    store: &TrustStore,
    expected: &ParticipantId,
    connection: &ClientConnection,
    now: Time,
) -> Result<(), Refusal> {
    let shown = presented(connection.is_handshaking(), connection.peer_certificates())?;
    verifier::listener(shown, &store.bundle(), expected, now)
        .map(|_| ())
        .map_err(|fault| fault.of_a_peer().with_participant(expected.clone()))
}

/// The refusal inside an error of the TLS library, if one of our checks made it.
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

/// What holds of each end that accepts connections: nothing is taken up again from an earlier connection.
pub(super) fn whole_server(config: &mut ServerConfig) {
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Resumption would skip the check of the caller's certificate.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
}

/// The same of each end that opens connections.
pub(super) fn whole_client(config: &mut ClientConfig) {
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
}

/// One of our own refusals within an error of the TLS library: for the end that refuses; the other end sees an alert alone.
pub(super) fn refused(refusal: Refusal) -> rustls::Error {
    rustls::Error::InvalidCertificate(rustls::CertificateError::Other(rustls::OtherError(
        Arc::new(refusal),
    )))
}

/// The one selection of algorithms, handed to each configuration: nothing is set for the whole process.
pub(super) fn provider() -> CryptoProvider {
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

fn presented<'a>(
    handshaking: bool,
    certificates: Option<&'a [CertificateDer<'static>]>,
) -> Result<&'a [CertificateDer<'static>], Refusal> {
    match certificates {
        Some(chain) if !handshaking => Ok(chain),
        Some(_) | None => Err(Refusal::new(
            Code::PeerNotTrusted,
            "the connection has shown no certificate",
        )),
    }
}

/// The refusal for what the TLS library can't do.
pub(super) fn impossible(error: &impl fmt::Display) -> Refusal {
    Refusal::new(Code::Internal, format!("TLS can't be set up: {error}"))
}

/// The clock that was handed in, as the TLS library wants it.
pub(super) struct Watch(pub(super) Clock);

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl TimeProvider for Watch {
    fn current_time(&self) -> Option<UnixTime> {
        let micros = u64::try_from((self.0)().wall.micros()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_micros(micros)))
    }
}
