//! Certificate verifiers for TLS handshakes, at both ends.

use super::{TrustStore, tls_refusal_error};
use crate::bundle::TrustBundle;
use crate::certificate::{self, CertificateUsage, PeerCertificateError, VerifiedChain};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::Arc;

/// Checks that a chain is the server certificate of `expected`.
pub(super) fn verify_listener(
    chain: &[CertificateDer<'_>],
    bundle: &TrustBundle,
    expected: &ParticipantId,
    now: UtcTimestamp,
) -> Result<VerifiedChain, PeerCertificateError> {
    let chain = certificate::verify_chain(chain, bundle, CertificateUsage::Server, now)?;
    if chain.leaf().identity == *expected {
        return Ok(chain);
    }
    Err(PeerCertificateError::OtherParticipant {
        expected: expected.clone(),
        found: chain.leaf().identity.clone(),
    })
}

/// Verifier of a caller's certificate.
#[derive(Debug)]
pub(super) struct CallerCertVerifier {
    store: Arc<TrustStore>,
    algorithms: WebPkiSupportedAlgorithms,
    /// True if a caller without a certificate is refused.
    is_mandatory: bool,
}

impl CallerCertVerifier {
    pub(super) fn new(store: Arc<TrustStore>, provider: &CryptoProvider) -> Self {
        Self {
            store,
            algorithms: provider.signature_verification_algorithms,
            is_mandatory: true,
        }
    }

    /// Verifier that also admits callers without a certificate.
    pub(super) fn allow_anonymous_callers(self) -> Self {
        Self {
            is_mandatory: false,
            ..self
        }
    }
}

impl ClientCertVerifier for CallerCertVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.is_mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // Hints would disclose the authorities to strangers.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let chain = join_chain(end_entity, intermediates);
        certificate::verify_chain(
            &chain,
            &self.store.bundle(),
            CertificateUsage::Client,
            from_unix_time(now)?,
        )
        .map(|_| ClientCertVerified::assertion())
        .map_err(|fault| match fault {
            // With a specific alert, so that the caller learns the reason.
            PeerCertificateError::Expired(..) => {
                Error::InvalidCertificate(CertificateError::Expired)
            }
            other => tls_refusal_error(other.to_refusal()),
        })
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Verifier of a server's certificate.
#[derive(Debug)]
pub(super) struct ListenerCertVerifier {
    store: Arc<TrustStore>,
    expected: ParticipantId,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ListenerCertVerifier {
    pub(super) fn new(
        store: Arc<TrustStore>,
        expected: ParticipantId,
        provider: &CryptoProvider,
    ) -> Self {
        Self {
            store,
            expected,
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ServerCertVerifier for ListenerCertVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = join_chain(end_entity, intermediates);
        verify_listener(
            &chain,
            &self.store.bundle(),
            &self.expected,
            from_unix_time(now)?,
        )
        .and_then(|_| certificate::check_host_name(end_entity, server_name))
        .map(|()| ServerCertVerified::assertion())
        .map_err(|fault| tls_refusal_error(fault.of_a_peer()))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn join_chain<'a>(
    end_entity: &CertificateDer<'a>,
    intermediates: &[CertificateDer<'a>],
) -> Vec<CertificateDer<'a>> {
    let mut chain = vec![end_entity.clone()];
    chain.extend_from_slice(intermediates);
    chain
}

fn from_unix_time(now: UnixTime) -> Result<UtcTimestamp, Error> {
    i64::try_from(now.as_secs())
        .ok()
        .and_then(|seconds| seconds.checked_mul(1_000_000))
        .and_then(|micros| UtcTimestamp::from_micros(micros).ok())
        .ok_or(Error::FailedToGetCurrentTime)
}

fn only_tls13() -> Error {
    Error::General("only TLS 1.3 is spoken".to_owned())
}
