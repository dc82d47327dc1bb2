//! Verification of certificates within a cluster: its authority issues each one directly; a worker's contains one name, the
//! connector's none.

use crate::certificate::authority_certificate::{AuthorityCertificate, CertificatePathError};
use crate::certificate::{PeerCertificateError, parse_certificate, time_from_seconds};
use crate::cluster::WORKERS;
use crate::mtls::tls_refusal_error;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::Arc;
use x509_parser::extensions::GeneralName;

/// Connector's verifier of a worker's certificate.
#[derive(Debug)]
pub(super) struct WorkerCertVerifier {
    pub(super) path: Arc<WebPkiServerVerifier>,
    pub(super) authority: AuthorityCertificate,
}

/// Worker's verifier of its connector's and of other workers' certificates.
#[derive(Debug)]
pub(super) struct ClusterCallerVerifier {
    pub(super) path: Arc<dyn ClientCertVerifier>,
    pub(super) authority: AuthorityCertificate,
}

impl ServerCertVerifier for WorkerCertVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let checked = self.path.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        issued_directly(&self.authority, intermediates, now)?;
        // The library has already checked that the name is the expected one.
        match certificate_names(end_entity) {
            Ok(CertificateNames::Host(_)) => Ok(checked),
            Ok(_) | Err(_) => Err(untrusted_peer_error(
                "the certificate of a worker holds one name, and this one holds another or more",
            )),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.path.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.path.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.path.supported_verify_schemes()
    }
}

impl ClientCertVerifier for ClusterCallerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.path.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let checked = self
            .path
            .verify_client_cert(end_entity, intermediates, now)?;
        issued_directly(&self.authority, intermediates, now)?;
        match caller_name(end_entity) {
            Ok(_) => Ok(checked),
            Err(fault) => Err(tls_refusal_error(fault)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.path.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.path.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.path.supported_verify_schemes()
    }
}

/// Caller by its certificate: none for a connector, which has no name, or the name of a worker.
pub(super) fn caller_name(certificate: &CertificateDer<'_>) -> Result<Option<String>, Refusal> {
    let other = || {
        Refusal::new(
            ErrorCode::PeerNotTrusted,
            "the certificate holds another name than that of a worker, or more than one",
        )
    };
    match certificate_names(certificate).map_err(|_| other())? {
        CertificateNames::None => Ok(None),
        CertificateNames::Host(name) if name.ends_with(WORKERS) => Ok(Some(name)),
        CertificateNames::Host(_) | CertificateNames::Others => Err(other()),
    }
}

enum CertificateNames {
    None,
    Host(String),
    Others,
}

fn certificate_names(
    certificate: &CertificateDer<'_>,
) -> Result<CertificateNames, PeerCertificateError> {
    let parsed = parse_certificate(certificate)?;
    let names = parsed
        .subject_alternative_name()
        .map_err(|_| PeerCertificateError::Unreadable)?;
    let names = names.map_or(&[][..], |names| &names.value.general_names);
    Ok(match names {
        [] => CertificateNames::None,
        [GeneralName::DNSName(name)] => CertificateNames::Host((*name).to_owned()),
        _ => CertificateNames::Others,
    })
}

/// Checks that the cluster's authority issued the certificate directly, and is valid now.
fn issued_directly(
    authority: &AuthorityCertificate,
    intermediates: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<(), Error> {
    let fault = if !intermediates.is_empty() {
        Some(CertificatePathError::TooLong)
    } else {
        let now = i64::try_from(now.as_secs()).map_err(|_| Error::FailedToGetCurrentTime)?;
        let now = time_from_seconds(now).map_err(|_| Error::FailedToGetCurrentTime)?;
        authority.check_issuing_right(now).err()
    };
    match fault {
        None => Ok(()),
        Some(fault) => Err(untrusted_peer_error(&format!(
            "the cluster's authority does not permit the certificate: {fault}"
        ))),
    }
}

fn untrusted_peer_error(sentence: &str) -> Error {
    tls_refusal_error(Refusal::new(ErrorCode::PeerNotTrusted, sentence))
}
