//! Certificate authority of a cluster. By it, and by no league's, a connector and the workers that run stages of its questions
//! identify each other.

use crate::certificate::authority_certificate::AuthorityCertificate;
use crate::cluster::verifier::{ClusterCallerVerifier, WorkerCertVerifier};
use crate::keys::SignatureAlgorithm;
use crate::league::{DAY, certificate_issuance};
use crate::mtls::{TlsClock, crypto_provider, unsupported_tls_refusal, whole_client, whole_server};
use crate::participant_identity::read_certificates;
use crate::{certificate, pem};
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_files::FileVisibility;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rcgen::{
    BasicConstraints, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::client::WebPkiServerVerifier;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, ServerName};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(test)]
mod tests;
mod verifier;

/// Creates a cluster in a folder: its authority, valid for ten years, and the connector's certificate and key.
///
/// # Errors
/// `FILE_EXISTS` when a cluster exists already, else `DISK_FULL` or `STATE_BROKEN`.
pub fn create_cluster(folder: &Path, now: UtcTimestamp) -> Result<(), Refusal> {
    for name in [AUTHORITY, CONNECTOR] {
        if certificate_of(folder, name).exists() || key_of(folder, name).exists() {
            return Err(Refusal::new(
                ErrorCode::FileExists,
                format!("`{}` already holds a cluster", folder.display()),
            )
            .with_help("admit a worker to it: hansa cluster add NAME")
            .with_help("or move the folder away, and each worker gets a new certificate"));
        }
    }
    hansa_files::create_folder(folder)?;
    let key = certificate_issuance::new_key(SignatureAlgorithm::Es256)?;
    // The key is created first: of two simultaneous calls, the second one fails here.
    hansa_files::create_file(
        &key_of(folder, AUTHORITY),
        key.serialize_pem().as_bytes(),
        FileVisibility::Owner,
    )?;
    let until = certificate_issuance::whole_second(now.plus_micros(AUTHORITY_YEARS * 365 * DAY));
    let mut params = certificate_issuance::certificate_params(now, until);
    params.distinguished_name.push(
        DnType::CommonName,
        format!(
            "cluster authority {}",
            certificate_issuance::spki_digest(&key).to_short_text()
        ),
    );
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let made = params
        .self_signed(&key)
        .map_err(|error| pem::certificate_library_refusal(&error))?;
    hansa_files::create_file(
        &certificate_of(folder, AUTHORITY),
        pem::encode_certificates(std::slice::from_ref(made.der())).as_bytes(),
        FileVisibility::Everybody,
    )?;
    issue_certificate(folder, CONNECTOR, None, now).map(|_| ())
}

/// Admits a worker: makes its certificate and its key, in files that must be copied to its machine together with `ca.crt`.
///
/// # Errors
/// `USAGE` for a name that no worker can have; `FILE_EXISTS` when it was admitted already; `FILE_MISSING` without a
/// cluster in the folder, else `CERTIFICATE_EXPIRED`, `KEY_INVALID`, `DISK_FULL` or `STATE_BROKEN`.
pub fn admit_worker(
    folder: &Path,
    worker: &SqlIdentifier,
    now: UtcTimestamp,
) -> Result<(PathBuf, PathBuf), Refusal> {
    if [AUTHORITY, CONNECTOR].contains(&worker.as_str()) {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{worker}` is the name of a file of the cluster itself"),
        )
        .with_help("give the worker another name"));
    }
    let name = server_name(worker)?;
    issue_certificate(folder, worker.as_str(), Some(&name), now)
}

/// TLS configuration of the connector, which opens connections. Each connection names its worker by [`server_name`].
///
/// # Errors
/// `FILE_MISSING`, `KEY_FILE_PERMISSIONS`, `KEY_INVALID` or `CERTIFICATE_EXPIRED` of the files in the folder; `INTERNAL` when the
/// TLS library does not support the configuration.
pub fn connector_config(folder: &Path, clock: &Clock) -> Result<Arc<ClientConfig>, Refusal> {
    client_config(folder, CONNECTOR, clock)
}

/// TLS configuration of a worker for connections to other workers of its cluster.
///
/// # Errors
/// As [`connector_config`].
pub fn member_config(
    folder: &Path,
    worker: &SqlIdentifier,
    clock: &Clock,
) -> Result<Arc<ClientConfig>, Refusal> {
    client_config(folder, worker.as_str(), clock)
}

fn client_config(folder: &Path, file: &str, clock: &Clock) -> Result<Arc<ClientConfig>, Refusal> {
    let (roots, authority) = read_roots(folder)?;
    let own = read_own_certificate(folder, file, clock)?;
    let provider = Arc::new(crypto_provider());
    let path = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
        .build()
        .map_err(unsupported_tls_refusal)?;
    let mut config =
        ClientConfig::builder_with_details(provider, Arc::new(TlsClock(Clock::clone(clock))))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(unsupported_tls_refusal)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(WorkerCertVerifier { path, authority }))
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    whole_client(&mut config);
    Ok(Arc::new(config))
}

/// TLS configuration of a worker as server for its connector and other workers. [`caller_name`] gives the caller.
///
/// # Errors
/// As [`connector_config`].
pub fn worker_config(
    folder: &Path,
    worker: &SqlIdentifier,
    clock: &Clock,
) -> Result<Arc<ServerConfig>, Refusal> {
    let (roots, authority) = read_roots(folder)?;
    let own = read_own_certificate(folder, worker.as_str(), clock)?;
    let provider = Arc::new(crypto_provider());
    let path = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider))
        // Hints would disclose the authority to strangers.
        .clear_root_hint_subjects()
        .build()
        .map_err(unsupported_tls_refusal)?;
    let mut config =
        ServerConfig::builder_with_details(provider, Arc::new(TlsClock(Clock::clone(clock))))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(unsupported_tls_refusal)?
            .with_client_cert_verifier(Arc::new(ClusterCallerVerifier { path, authority }))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    whole_server(&mut config);
    Ok(Arc::new(config))
}

/// Name of the worker with a certificate that [`worker_config`] accepted, as written by [`server_name`]; none for the connector.
///
/// # Errors
/// `PEER_NOT_TRUSTED` when the certificate is neither a connector's nor a worker's.
pub fn caller_name(certificate: &CertificateDer<'_>) -> Result<Option<String>, Refusal> {
    verifier::caller_name(certificate)
}

/// Name of a worker in its certificate. Underscores become hyphens; names have no hyphens, so the result is unique.
///
/// # Errors
/// `USAGE` for a name that ends with an underscore, since no domain label ends with a hyphen.
pub fn server_name(worker: &SqlIdentifier) -> Result<ServerName<'static>, Refusal> {
    let label = worker.as_str().replace('_', "-");
    ServerName::try_from(format!("{label}{WORKERS}")).map_err(|cause| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("a worker can't be named `{worker}`: its name ends with a letter or a digit"),
        )
        .caused_by(cause)
    })
}

/// Suffix of the names of workers; no real host has it (RFC 2606, section 2).
const WORKERS: &str = ".worker.invalid";
const AUTHORITY: &str = "ca";
const CONNECTOR: &str = "connector";
const AUTHORITY_YEARS: i64 = 10;
const LEAF_YEARS: i64 = 2;

fn certificate_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.crt"))
}

fn key_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.key"))
}

/// Makes a key and its certificate: for a worker with its name, or for the connector without a name and as client only. A stolen
/// certificate of a worker can't start a question, since it is not a connector's.
fn issue_certificate(
    folder: &Path,
    file: &str,
    name: Option<&ServerName<'_>>,
    now: UtcTimestamp,
) -> Result<(PathBuf, PathBuf), Refusal> {
    let authority = read_authority(folder)?;
    let end = AuthorityCertificate::read(&authority)
        .map_err(|fault| fault.to_refusal())?
        .not_after;
    if now >= end {
        return Err(
            expired_certificate_refusal(&certificate_of(folder, AUTHORITY), end).with_help(ANEW),
        );
    }
    let signer = pem::key_pair(&key_of(folder, AUTHORITY))?;
    let until =
        certificate_issuance::whole_second(now.plus_micros(LEAF_YEARS * 365 * DAY)).min(end);
    let mut params = certificate_issuance::certificate_params(now, until);
    params.distinguished_name.push(DnType::CommonName, file);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = match name {
        Some(name) => {
            let name = name.to_str().into_owned();
            let name = name
                .try_into()
                .map_err(|error| pem::certificate_library_refusal(&error))?;
            params.subject_alt_names = vec![SanType::DnsName(name)];
            vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ]
        }
        None => vec![ExtendedKeyUsagePurpose::ClientAuth],
    };
    let issuer = Issuer::from_ca_cert_der(&authority, &signer)
        .map_err(|error| pem::certificate_library_refusal(&error))?;
    let key = certificate_issuance::new_key(SignatureAlgorithm::Es256)?;
    let made = params
        .signed_by(&key, &issuer)
        .map_err(|error| pem::certificate_library_refusal(&error))?;
    write_certificate_files(folder, file, made.der(), &key)
}

/// Writes both files or none.
fn write_certificate_files(
    folder: &Path,
    name: &str,
    made: &CertificateDer<'_>,
    key: &KeyPair,
) -> Result<(PathBuf, PathBuf), Refusal> {
    let (certificate, private) = (certificate_of(folder, name), key_of(folder, name));
    let there_already = |refusal: Refusal| match refusal.code {
        ErrorCode::FileExists => refusal.with_help(format!(
            "to make another one, move {name}.crt and {name}.key away first"
        )),
        _ => refusal,
    };
    hansa_files::create_file(
        &private,
        key.serialize_pem().as_bytes(),
        FileVisibility::Owner,
    )
    .map_err(there_already)?;
    let text = pem::encode_certificates(std::slice::from_ref(made));
    if let Err(refusal) =
        hansa_files::create_file(&certificate, text.as_bytes(), FileVisibility::Everybody)
    {
        // A key without a certificate would block the next attempt.
        hansa_files::remove_file(&private)?;
        return Err(there_already(refusal));
    }
    Ok((certificate, private))
}

const ANEW: &str = "move the folder away and found the cluster again: hansa cluster init";

fn read_authority(folder: &Path) -> Result<CertificateDer<'static>, Refusal> {
    let path = certificate_of(folder, AUTHORITY);
    let mut chain = read_certificates(&path).map_err(|refusal| match refusal.code {
        ErrorCode::FileMissing => refusal.with_help(
            "found the cluster with hansa cluster init; a worker's machine gets a copy of its ca.crt",
        ),
        _ => refusal,
    })?;
    match (chain.pop(), chain.is_empty()) {
        (Some(one), true) => Ok(one),
        (_, _) => Err(Refusal::new(
            ErrorCode::KeyInvalid,
            format!("`{}` holds more than one certificate", path.display()),
        )
        .with_place(path.display().to_string(), None, None)),
    }
}

fn read_roots(folder: &Path) -> Result<(Arc<RootCertStore>, AuthorityCertificate), Refusal> {
    let authority = read_authority(folder)?;
    let facts = AuthorityCertificate::read(&authority).map_err(|fault| {
        let path = certificate_of(folder, AUTHORITY);
        fault
            .to_refusal()
            .with_place(path.display().to_string(), None, None)
    })?;
    let mut roots = RootCertStore::empty();
    roots.add(authority).map_err(unsupported_tls_refusal)?;
    Ok((Arc::new(roots), facts))
}

/// Own certificate with its key, checked to be valid now.
fn read_own_certificate(
    folder: &Path,
    name: &str,
    clock: &Clock,
) -> Result<Arc<CertifiedKey>, Refusal> {
    let path = certificate_of(folder, name);
    let chain = read_certificates(&path).map_err(|refusal| match refusal.code {
        ErrorCode::FileMissing if name != CONNECTOR => refusal.with_help(format!(
            "make it beside the connector with hansa cluster add {name}, and copy {name}.crt and {name}.key here"
        )),
        _ => refusal,
    })?;
    let certified = pem::build_certified_key(chain, &key_of(folder, name))?;
    let end = certified
        .cert
        .first()
        .ok_or(certificate::PeerCertificateError::Unreadable)
        .and_then(certificate::not_after)
        .map_err(|fault| {
            fault
                .to_refusal()
                .with_place(path.display().to_string(), None, None)
        })?;
    if clock().wall < end {
        return Ok(certified);
    }
    let refusal = expired_certificate_refusal(&path, end);
    Err(if name == CONNECTOR {
        refusal.with_help(ANEW)
    } else {
        refusal.with_help(format!(
            "beside the connector, move {name}.crt and {name}.key away and make them again: hansa cluster add {name}"
        ))
    })
}

fn expired_certificate_refusal(path: &Path, end: UtcTimestamp) -> Refusal {
    Refusal::new(
        ErrorCode::CertificateExpired,
        format!("the certificate `{}` expired on {end}", path.display()),
    )
    .with_place(path.display().to_string(), None, None)
}
