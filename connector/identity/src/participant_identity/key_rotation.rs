//! Rotation of the signing key: a new key is created beside the present one, and replaces it when the league has registered it.

use super::{IdentityFiles, request_with};
use crate::bundle::TrustBundle;
use crate::participant_identity::admission_request::Applicant;
use crate::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::{Path, PathBuf};

/// Creates a new signing key and its request. The present key stays until a join confirms the new one.
///
/// A pending request is written again with its key.
///
/// # Errors
/// When a key can't be read or written.
pub fn create_rekey_request(
    files: &IdentityFiles,
    applicant: &Applicant,
) -> Result<Vec<u8>, Refusal> {
    let next = match open_pending_key(files)? {
        Some(next) => next,
        None => {
            let algorithm = FileSigner::open(&files.signing_key)?.algorithm();
            FileSigner::create(&append_ending(&files.signing_key, "next"), algorithm)?
        }
    };
    request_with(files, applicant, &next)
}

/// Pending key, if there is one.
pub(super) fn open_pending_key(files: &IdentityFiles) -> Result<Option<FileSigner>, Refusal> {
    let next = append_ending(&files.signing_key, "next");
    next.exists().then(|| FileSigner::open(&next)).transpose()
}

/// Signing key that is valid under `bundle`: the present or the pending one.
pub(super) fn choose_signing_key(
    files: &IdentityFiles,
    id: &ParticipantId,
    bundle: &TrustBundle,
) -> Result<(FileSigner, bool), Refusal> {
    let next = open_pending_key(files)?;
    match next.filter(|next| is_current(id, bundle, next)) {
        Some(next) => Ok((next, true)),
        None => Ok((FileSigner::open(&files.signing_key)?, false)),
    }
}

/// True if the league registers the key for the participant, and has not ended it.
pub(super) fn is_current(id: &ParticipantId, bundle: &TrustBundle, signer: &FileSigner) -> bool {
    let keys = bundle.member(id).map(|member| member.keys.as_slice());
    let last = keys
        .unwrap_or_default()
        .iter()
        .filter(|key| !key.only_contracts)
        .max_by_key(|key| key.not_before);
    last.is_some_and(|key| key.key == *signer.public_key() && key.revoked_at.is_none())
}

/// Puts the pending key in force. The private key of the former one is not needed: its signatures are verified with the public key.
pub(super) fn adopt_pending_key(files: &IdentityFiles) -> Result<(), Refusal> {
    let next = append_ending(&files.signing_key, "next");
    std::fs::rename(&next, &files.signing_key).map_err(|error| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("`{}` can't be put in force: {error}", next.display()),
        )
    })
}

fn append_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
