//! League with its own certificate authority and its signed trust bundle, for pilots and the demonstration. Larger leagues use
//! existing authorities.

use crate::bundle::{self, BundleContent, CertificateAnchor, LeagueMember, TrustBundle};
use crate::certificate::authority_certificate::AuthorityCertificate;
use crate::keys::SignatureAlgorithm;
use crate::participant_identity::admission_request::AdmissionRequest;
use crate::participant_identity::join_file::JoinFile;
use crate::signature::{FileSigner, MandateRegistration, ParticipantSigner, RegisteredKey, SLACK};
use crate::{certificate, pem};
use hansa_audit_log::time::UtcTimestamp;
use hansa_files::FileVisibility;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rcgen::KeyPair;
use rustls_pki_types::CertificateDer;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

pub(super) mod certificate_issuance;
pub mod credential_issuers;
pub mod rulebook_issuance;
pub mod signer_registration;
#[cfg(test)]
mod tests;

/// Settings of a new league.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeagueSettings {
    /// Name for people.
    pub name: String,
    /// Algorithm of the authority's key and of the league's signing key.
    pub algorithm: SignatureAlgorithm,
    /// True for a demonstration league.
    pub demo: bool,
}

/// Folder of a league, locked while this value exists.
#[derive(Debug)]
pub struct LeagueAuthority {
    folder: PathBuf,
    authority: KeyPair,
    signer: FileSigner,
    bundle: TrustBundle,
    _lock: File,
}

/// Result of an admission.
#[derive(Debug)]
pub struct AdmittedMember {
    /// Identity of the admitted participant.
    pub id: ParticipantId,
    /// Join file to be sent to the participant.
    pub join: JoinFile,
    /// First instant at which its certificate is no longer valid.
    pub not_after: UtcTimestamp,
}

impl LeagueAuthority {
    /// Creates a league in a new folder.
    ///
    /// # Errors
    /// `FILE_EXISTS`, `DISK_FULL` or `STATE_BROKEN`.
    pub fn init(
        folder: &Path,
        founding: &LeagueSettings,
        now: UtcTimestamp,
    ) -> Result<Self, Refusal> {
        if folder.join(BUNDLE).exists() {
            return Err(Refusal::new(
                ErrorCode::FileExists,
                format!("`{}` already holds a league", folder.display()),
            ));
        }
        hansa_files::create_folder(folder)?;
        let lock = lock_league(folder)?;
        let signer = FileSigner::create(&folder.join(SIGNING_KEY), founding.algorithm)?;
        let authority = certificate_issuance::new_key(founding.algorithm)?;
        hansa_files::create_file(
            &folder.join(AUTHORITY_KEY),
            authority.serialize_pem().as_bytes(),
            FileVisibility::Owner,
        )?;
        let (certificate, not_after) =
            certificate_issuance::issue_authority(founding, &authority, now)?;
        let facts = AuthorityCertificate::read(&certificate).map_err(|fault| fault.to_refusal())?;
        let anchor = CertificateAnchor {
            certificate,
            spki: facts.spki,
            identities: BTreeSet::new(),
            not_after,
        };
        let content = BundleContent {
            league: founding.name.clone(),
            key: signer.public_key().clone(),
            sequence: 1,
            issued_at: now,
            expires_at: now.plus_micros(bundle::LONGEST),
            demo: founding.demo,
            anchors: vec![anchor],
            parties: Vec::new(),
            denied: BTreeSet::new(),
            issuers: Vec::new(),
        };
        let bundle = TrustBundle::seal(&content, &signer)?;
        hansa_files::create_file(
            &folder.join(BUNDLE),
            &bundle.to_bytes(),
            FileVisibility::Everybody,
        )?;
        Ok(Self {
            folder: folder.to_owned(),
            authority,
            signer,
            bundle,
            _lock: lock,
        })
    }

    /// Opens the folder of a league.
    ///
    /// # Errors
    /// `FILE_MISSING`, `STATE_LOCKED`, `KEY_INVALID`, `BUNDLE_INVALID` or `WRONG_LEAGUE`.
    pub fn open(folder: &Path) -> Result<Self, Refusal> {
        let bundle = TrustBundle::open(&folder.join(BUNDLE))?;
        let lock = lock_league(folder)?;
        let signer = FileSigner::open(&folder.join(SIGNING_KEY))?;
        if bundle.content().key != *signer.public_key() {
            return Err(Refusal::new(
                ErrorCode::WrongLeague,
                "the trust bundle in the folder is signed by another league",
            ));
        }
        Ok(Self {
            authority: pem::key_pair(&folder.join(AUTHORITY_KEY))?,
            folder: folder.to_owned(),
            signer,
            bundle,
            _lock: lock,
        })
    }

    /// Admits the participant that wrote `request`, or renews its certificate. With a new signing key the former one ends now; its
    /// signatures stay valid.
    ///
    /// # Errors
    /// `KEY_INVALID` when the request's proof of possession fails, or a name in it belongs to another participant;
    /// `PEER_NOT_TRUSTED` when the participant was expelled; `USAGE` for more days than a certificate may last.
    pub fn admit(
        &mut self,
        request: &[u8],
        days: u16,
        now: UtcTimestamp,
    ) -> Result<AdmittedMember, Refusal> {
        let request = AdmissionRequest::read(request)?;
        if !(1..=LONGEST_LEAF_DAYS).contains(&days) {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!("a certificate lasts 1 to {LONGEST_LEAF_DAYS} days, not {days}"),
            ));
        }
        let mut content = self.bundle.content().clone();
        certificate_issuance::names_apart(&content, &request)?;
        let member = enlist_member(&mut content, &request, now)?;
        member.name.clone_from(&request.name);
        member.address.clone_from(&request.address);
        member.note_key = request.note.clone();
        let anchor = self.own_anchor(&mut content)?;
        anchor.identities.insert(request.id.clone());
        let until = now
            .plus_micros(i64::from(days).saturating_mul(DAY))
            .min(anchor.not_after);
        let issuer = anchor.certificate.clone();
        let leaf =
            certificate_issuance::issue_leaf(&request, &issuer, &self.authority, now, until)?;
        self.keep_issued(&request.id, &leaf)?;
        self.publish_bundle(content, now)?;
        Ok(AdmittedMember {
            id: request.id.clone(),
            not_after: until,
            join: JoinFile {
                id: request.id,
                chain: vec![leaf],
                bundle: self.bundle.clone(),
            },
        })
    }

    /// Expels a participant: no authority may certify it any more, its certificates are revoked, and its keys end now.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is not a member.
    pub fn expel(&mut self, id: &ParticipantId, now: UtcTimestamp) -> Result<(), Refusal> {
        let mut content = self.bundle.content().clone();
        let member = content
            .parties
            .iter_mut()
            .find(|party| party.id == *id && party.expelled_at.is_none())
            .ok_or_else(|| {
                Refusal::new(ErrorCode::PeerUnknown, format!("{id} is not in the league"))
            })?;
        member.expelled_at = Some(now);
        for key in &mut member.keys {
            let ended = key.revoked_at.map_or(now, |earlier| earlier.min(now));
            key.revoked_at = Some(ended);
        }
        for anchor in &mut content.anchors {
            anchor.identities.remove(id);
        }
        for certificate in self.issued_certificates(id)? {
            let leaf = certificate::parse_leaf(&certificate).map_err(|fault| fault.to_refusal())?;
            if now < leaf.not_after {
                content.denied.insert(leaf.digest);
            }
        }
        self.publish_bundle(content, now)
    }

    /// Signs the bundle again with the next number, valid for thirty days, and returns its bytes.
    ///
    /// # Errors
    /// `DISK_FULL` or `STATE_BROKEN`.
    pub fn export_bundle(&mut self, now: UtcTimestamp) -> Result<Vec<u8>, Refusal> {
        self.publish_bundle(self.bundle.content().clone(), now)?;
        Ok(self.bundle.to_bytes())
    }

    /// Current bundle, with the list of members.
    #[must_use]
    pub const fn bundle(&self) -> &TrustBundle {
        &self.bundle
    }

    fn publish_bundle(
        &mut self,
        mut content: BundleContent,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        content.sequence = content.sequence.saturating_add(1);
        content.issued_at = now;
        content.expires_at = now.plus_micros(bundle::LONGEST);
        let bundle = TrustBundle::seal(&content, &self.signer)?;
        hansa_files::replace_file(
            &self.folder.join(BUNDLE),
            &bundle.to_bytes(),
            FileVisibility::Everybody,
        )?;
        self.bundle = bundle;
        Ok(())
    }

    /// Anchor of the authority in this folder. A league may list others, too.
    fn own_anchor<'a>(
        &self,
        content: &'a mut BundleContent,
    ) -> Result<&'a mut CertificateAnchor, Refusal> {
        let own = certificate_issuance::spki_digest(&self.authority);
        content
            .anchors
            .iter_mut()
            .find(|anchor| anchor.spki == own)
            .ok_or_else(|| {
                Refusal::new(
                    ErrorCode::KeyInvalid,
                    "the authority's key in the folder is in no anchor of the bundle",
                )
            })
    }

    /// Stores every issued certificate, so that it can be revoked.
    fn keep_issued(
        &self,
        id: &ParticipantId,
        certificate: &CertificateDer<'_>,
    ) -> Result<(), Refusal> {
        let folder = self.folder.join(ISSUED).join(id.domain());
        hansa_files::create_folder(&folder)?;
        let digest = hansa_audit_log::digest::Digest::of(certificate);
        hansa_files::create_file(
            &folder.join(format!("{digest}.pem")),
            pem::encode_certificates(std::slice::from_ref(certificate)).as_bytes(),
            FileVisibility::Everybody,
        )
    }

    fn issued_certificates(
        &self,
        id: &ParticipantId,
    ) -> Result<Vec<CertificateDer<'static>>, Refusal> {
        let folder = self.folder.join(ISSUED).join(id.domain());
        let mut found = Vec::new();
        if !folder.exists() {
            return Ok(found);
        }
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| hansa_files::unreadable_file_refusal(&folder, &error))?;
        for entry in entries {
            let path = entry
                .map_err(|error| hansa_files::unreadable_file_refusal(&folder, &error))?
                .path();
            found.extend(crate::participant_identity::read_certificates(&path)?);
        }
        Ok(found)
    }
}

/// Default validity of a certificate, days.
pub const LEAF_DAYS: u16 = 7;

/// Longest validity of a certificate, days.
pub const LONGEST_LEAF_DAYS: u16 = 90;

pub(super) const DAY: i64 = 24 * 3600 * 1_000_000;

/// Validity of a signing key from its admission, years.
const KEY_YEARS: i64 = 5;

const BUNDLE: &str = "trust-bundle.json";
const SIGNING_KEY: &str = "league.pem";
const AUTHORITY_KEY: &str = "authority.pem";
const ISSUED: &str = "issued";

/// Adds the participant, or finds it, and registers its key.
fn enlist_member<'a>(
    content: &'a mut BundleContent,
    request: &AdmissionRequest,
    now: UtcTimestamp,
) -> Result<&'a mut LeagueMember, Refusal> {
    let registered = RegisteredKey {
        key: request.signing.clone(),
        // Signatures contain whole seconds, and the clocks of participants differ.
        not_before: now.plus_micros(-SLACK),
        not_after: now.plus_micros(KEY_YEARS * 365 * DAY),
        revoked_at: None,
        compromised_since: None,
        only_contracts: false,
    };
    let position = content
        .parties
        .iter()
        .position(|party| party.id == request.id);
    let Some(position) = position else {
        content.parties.push(LeagueMember {
            id: request.id.clone(),
            name: request.name.clone(),
            keys: vec![registered],
            seals: Vec::new(),
            mandates: MandateRegistration::default(),
            note_key: request.note.clone(),
            address: request.address.clone(),
            expelled_at: None,
        });
        content.parties.sort_by(|a, b| a.id.cmp(&b.id));
        return content
            .parties
            .iter_mut()
            .find(|party| party.id == request.id)
            .ok_or_else(|| Refusal::new(ErrorCode::Internal, "the new member was not listed"));
    };
    let member = content
        .parties
        .get_mut(position)
        .ok_or_else(|| Refusal::new(ErrorCode::Internal, "the member was not listed"))?;
    if member.expelled_at.is_some() {
        return Err(Refusal::new(
            ErrorCode::PeerNotTrusted,
            format!("{} was expelled from the league", request.id),
        ));
    }
    let known = member
        .keys
        .iter()
        .any(|one| one.key == request.signing && one.counts_at(now));
    if !known {
        if member.keys.iter().any(|one| one.key == request.signing) {
            return Err(Refusal::new(
                ErrorCode::KeyInvalid,
                format!(
                    "the signing key of {} is no longer valid: make a new one",
                    request.id
                ),
            ));
        }
        for one in member.keys.iter_mut().filter(|one| !one.only_contracts) {
            one.not_after = one.not_after.min(now);
        }
        member.keys.push(registered);
    }
    Ok(member)
}

fn lock_league(folder: &Path) -> Result<File, Refusal> {
    let path = folder.join(".lock");
    let file =
        File::create(&path).map_err(|error| hansa_files::unwritable_file_refusal(&path, &error))?;
    file.try_lock().map_err(|cause| {
        Refusal::new(
            ErrorCode::StateLocked,
            format!(
                "another process works on the league in `{}`",
                folder.display()
            ),
        )
        .caused_by(cause)
    })?;
    Ok(file)
}
