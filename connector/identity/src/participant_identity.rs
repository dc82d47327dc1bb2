//! Identity of this participant: keys, certificate and bundle, in files that the configuration names.

use crate::bundle::{self, TrustBundle};
use crate::certificate::{self, CertificateUsage, VerifiedChain};
use crate::keys::SignatureAlgorithm;
use crate::participant_identity::admission_request::{AdmissionRequest, Applicant, host_of};
use crate::participant_identity::join_file::JoinFile;
use crate::pem;
use crate::signature::{FileSigner, ParticipantSigner};
use hansa_audit_log::time::UtcTimestamp;
use hansa_files::FileVisibility;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, SanType};
use rustls::sign::CertifiedKey;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::ServerName;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub mod admission_request;
pub mod contract_key;
pub mod join_file;
pub mod key_rotation;
#[cfg(test)]
mod tests;

/// Paths of a participant's keys and certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityFiles {
    /// Key that signs contracts, withdrawals and receipts.
    pub signing_key: PathBuf,
    /// Key that signs the heads of the log.
    pub note_key: PathBuf,
    /// Key of the TLS certificate.
    pub tls_key: PathBuf,
    /// TLS certificate and its intermediate authorities.
    pub tls_cert: PathBuf,
    /// Trust bundle.
    pub bundle: PathBuf,
}

impl IdentityFiles {
    /// Default paths in a participant's folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        let keys = folder.join("keys");
        Self {
            signing_key: keys.join("signing.pem"),
            note_key: keys.join("note.pem"),
            tls_key: keys.join("tls.pem"),
            tls_cert: keys.join("tls-cert.pem"),
            bundle: keys.join("trust-bundle.json"),
        }
    }
}

/// Identity of a participant with its signers.
#[derive(Debug, Clone)]
pub struct ParticipantIdentity {
    /// Identity of the participant.
    pub id: ParticipantId,
    /// Signer of contracts, withdrawals and receipts.
    pub signer: Arc<dyn ParticipantSigner>,
    /// Signer of the heads of the log.
    pub note: Arc<dyn ParticipantSigner>,
    /// Certificate and key for TLS.
    pub certified: Arc<CertifiedKey>,
    /// Verified chain of the certificate.
    pub chain: VerifiedChain,
    /// Bundle of the league.
    pub bundle: TrustBundle,
}

/// Result of a join, for people.
#[derive(Debug)]
pub struct JoinSummary {
    /// Bundle now in force, with the addresses of the other participants.
    pub bundle: TrustBundle,
    /// First instant at which the certificate is no longer valid.
    pub not_after: UtcTimestamp,
}

/// Creates the keys of a new participant and its admission request, which the caller sends to the league. The signing key has the
/// chosen algorithm; heads of logs are always signed with Ed25519.
///
/// # Errors
/// `FILE_EXISTS` when a key exists already, else `DISK_FULL` or `STATE_BROKEN`.
pub fn create_identity(
    files: &IdentityFiles,
    applicant: &Applicant,
    signing: SignatureAlgorithm,
) -> Result<Vec<u8>, Refusal> {
    for path in [&files.signing_key, &files.note_key, &files.tls_key] {
        if path.exists() {
            return Err(Refusal::new(
                ErrorCode::FileExists,
                format!(
                    "`{}` exists already: this participant has keys",
                    path.display()
                ),
            ));
        }
        if let Some(folder) = path.parent() {
            hansa_files::create_folder(folder)?;
        }
    }
    FileSigner::create(&files.signing_key, signing)?;
    FileSigner::create(&files.note_key, SignatureAlgorithm::EdDsa)?;
    let tls = KeyPair::generate().map_err(|error| pem::certificate_library_refusal(&error))?;
    hansa_files::create_file(
        &files.tls_key,
        tls.serialize_pem().as_bytes(),
        FileVisibility::Owner,
    )?;
    write_request(files, applicant)
}

/// Writes a request with the existing keys: for the first admission and for every renewal.
///
/// # Errors
/// When a key can't be read.
pub fn write_request(files: &IdentityFiles, applicant: &Applicant) -> Result<Vec<u8>, Refusal> {
    request_with(files, applicant, &FileSigner::open(&files.signing_key)?)
}

fn request_with(
    files: &IdentityFiles,
    applicant: &Applicant,
    signing: &FileSigner,
) -> Result<Vec<u8>, Refusal> {
    let note = FileSigner::open(&files.note_key)?;
    let tls = pem::key_pair(&files.tls_key)?;
    let text = |text: &str| {
        text.to_owned()
            .try_into()
            .map_err(|error| pem::certificate_library_refusal(&error))
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = vec![
        SanType::URI(text(applicant.id.as_str())?),
        SanType::DnsName(text(applicant.id.domain())?),
    ];
    if let Some(host) = applicant.address.as_deref().map(host_of)
        && host != applicant.id.domain()
        && matches!(ServerName::try_from(host), Ok(ServerName::DnsName(_)))
    {
        params.subject_alt_names.push(SanType::DnsName(text(host)?));
    }
    let csr = params
        .serialize_request(&tls)
        .and_then(|csr| csr.pem())
        .map_err(|error| pem::certificate_library_refusal(&error))?;
    AdmissionRequest::write(applicant, &csr, signing, &note)
}

/// Installs a join file, after a check that it is for this participant and its keys, and from its league.
///
/// A newer bundle that is already installed stays. The bundle is installed before the certificate, each in one step. After a loss
/// of power in between, the old certificate is used under the new bundle, and the join is repeated. A pending signing key comes
/// into force last.
///
/// # Errors
/// `KEY_INVALID`, `WRONG_LEAGUE`, `BUNDLE_INVALID`, `CERTIFICATE_EXPIRED` or `PEER_NOT_TRUSTED`.
pub fn install_join_file(
    files: &IdentityFiles,
    id: &ParticipantId,
    bytes: &[u8],
    now: UtcTimestamp,
) -> Result<JoinSummary, Refusal> {
    let sent = JoinFile::read(bytes)?;
    if sent.id != *id {
        return Err(Refusal::new(
            ErrorCode::KeyInvalid,
            format!("the join file is for {}, this participant is {id}", sent.id),
        ));
    }
    let bundle = if files.bundle.exists() {
        let installed = TrustBundle::open(&files.bundle)?;
        installed
            .accept_newer(&sent.bundle.to_bytes(), now)?
            .unwrap_or(installed)
    } else {
        sent.bundle
    };
    let (signer, is_next) = key_rotation::choose_signing_key(files, id, &bundle)?;
    let note = FileSigner::open(&files.note_key)?;
    let certified = pem::build_certified_key(sent.chain.clone(), &files.tls_key)?;
    let chain = own_chain(id, &certified, &bundle, now)?;
    check_registration(id, &bundle, &signer, &note)?;
    hansa_files::replace_file(&files.bundle, &bundle.to_bytes(), FileVisibility::Everybody)?;
    let certificates = pem::encode_certificates(&sent.chain);
    hansa_files::replace_file(
        &files.tls_cert,
        certificates.as_bytes(),
        FileVisibility::Everybody,
    )?;
    if is_next {
        key_rotation::adopt_pending_key(files)?;
    }
    Ok(JoinSummary {
        bundle,
        not_after: chain.not_after(),
    })
}

/// Replaces the installed bundle by a newer one.
///
/// # Errors
/// `DISK_FULL` or `STATE_BROKEN`.
pub fn install_bundle(files: &IdentityFiles, bundle: &TrustBundle) -> Result<(), Refusal> {
    hansa_files::replace_file(&files.bundle, &bundle.to_bytes(), FileVisibility::Everybody)
}

/// Reads the identity and checks its consistency. `floor` is the highest bundle number that was ever in use here.
///
/// # Errors
/// `FILE_MISSING`, `KEY_FILE_PERMISSIONS`, `KEY_INVALID`, `BUNDLE_INVALID`, `CERTIFICATE_EXPIRED` or `PEER_NOT_TRUSTED`.
pub fn load_identity(
    files: &IdentityFiles,
    id: &ParticipantId,
    floor: u64,
    now: UtcTimestamp,
) -> Result<ParticipantIdentity, Refusal> {
    let signer = FileSigner::open(&files.signing_key)?;
    let note = FileSigner::open(&files.note_key)?;
    let bundle = open_joined_bundle(files)?;
    bundle.not_before_number(floor)?;
    bundle.check_expiry(now)?;
    let certified = pem::build_certified_key(read_certificates(&files.tls_cert)?, &files.tls_key)?;
    let chain = own_chain(id, &certified, &bundle, now)
        .map_err(|refusal| in_file(refusal, &files.tls_cert))?;
    check_registration(id, &bundle, &signer, &note)?;
    Ok(ParticipantIdentity {
        id: id.clone(),
        signer: Arc::new(signer),
        note: Arc::new(note),
        certified,
        chain,
        bundle,
    })
}

/// Trust bundle from the join.
fn open_joined_bundle(files: &IdentityFiles) -> Result<TrustBundle, Refusal> {
    if files.bundle.exists() {
        return TrustBundle::open(&files.bundle);
    }
    Err(Refusal::new(
        ErrorCode::FileMissing,
        "this participant has not joined a league yet: there is no trust bundle",
    )
    .with_place(files.bundle.display().to_string(), None, None)
    .with_help("install what the league has sent: hansa join FILE"))
}

/// All errors in the files of this participant; nothing is changed.
#[must_use]
pub fn find_faults(files: &IdentityFiles, id: &ParticipantId, now: UtcTimestamp) -> Vec<Refusal> {
    let mut found = Vec::new();
    let signer = note_refusal(FileSigner::open(&files.signing_key), &mut found);
    let note = note_refusal(FileSigner::open(&files.note_key), &mut found);
    let key = note_refusal(pem::key_pair(&files.tls_key), &mut found);
    let certificates = note_refusal(read_certificates(&files.tls_cert), &mut found);
    let bundle = note_refusal(open_joined_bundle(files), &mut found);
    let certified = certificates.zip(key).and_then(|(chain, _)| {
        note_refusal(pem::build_certified_key(chain, &files.tls_key), &mut found)
    });
    let Some(bundle) = bundle else {
        return found;
    };
    if note_refusal(bundle.check_expiry(now), &mut found).is_some()
        && let Some(certified) = certified
    {
        let chain = own_chain(id, &certified, &bundle, now)
            .map_err(|refusal| in_file(refusal, &files.tls_cert));
        note_refusal(chain, &mut found);
    }
    if let Some((signer, note)) = signer.zip(note) {
        note_refusal(check_registration(id, &bundle, &signer, &note), &mut found);
    }
    found
}

fn in_file(refusal: Refusal, path: &Path) -> Refusal {
    refusal.with_place(path.display().to_string(), None, None)
}

fn note_refusal<T>(result: Result<T, Refusal>, found: &mut Vec<Refusal>) -> Option<T> {
    result.map_err(|refusal| found.push(refusal)).ok()
}

/// Certificate and its intermediate authorities, from a PEM file.
///
/// # Errors
/// `FILE_MISSING` or `KEY_INVALID`.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Refusal> {
    let bytes = hansa_files::read_file(path, bundle::LARGEST)?;
    let none = || {
        Refusal::new(
            ErrorCode::KeyInvalid,
            format!("`{}` holds no certificate in PEM", path.display()),
        )
        .with_place(path.display().to_string(), None, None)
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(none()),
        Err(cause) => Err(none().caused_by(cause)),
    }
}

/// Checks that the own certificate contains the own identity and is valid for both ends of a connection.
fn own_chain(
    id: &ParticipantId,
    certified: &CertifiedKey,
    bundle: &TrustBundle,
    now: UtcTimestamp,
) -> Result<VerifiedChain, Refusal> {
    let chain = certificate::verify_chain(&certified.cert, bundle, CertificateUsage::Server, now)
        .and_then(|_| {
            certificate::verify_chain(&certified.cert, bundle, CertificateUsage::Client, now)
        })
        .map_err(|fault| fault.of_our_own())?;
    if chain.leaf().identity == *id {
        return Ok(chain);
    }
    Err(Refusal::new(
        ErrorCode::KeyInvalid,
        format!(
            "the certificate is for {}, this participant is {id}",
            chain.leaf().identity
        ),
    ))
}

/// Checks that the bundle registers the own keys. Otherwise other participants would refuse all signatures.
fn check_registration(
    id: &ParticipantId,
    bundle: &TrustBundle,
    signer: &FileSigner,
    note: &FileSigner,
) -> Result<(), Refusal> {
    let member = bundle.member(id).ok_or_else(|| {
        Refusal::new(
            ErrorCode::PeerNotTrusted,
            format!("{id} is not in the trust bundle"),
        )
    })?;
    let known = member
        .keys
        .iter()
        .any(|registered| registered.key == *signer.public_key());
    if known && member.note_key == *note.public_key() {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::KeyInvalid,
        format!("the keys here are not those that the trust bundle registers for {id}"),
    )
    .with_help("send the league a new request, and install the join file that it returns"))
}
