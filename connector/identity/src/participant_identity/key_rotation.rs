//! Another signing key: made beside the one in force, and put in its place when the league has registered it.

use super::{IdentityFiles, request_with};
use crate::bundle::TrustBundle;
use crate::participant_identity::admission_request::Applicant;
use crate::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::{Path, PathBuf};

/// Makes another signing key and the request that proves it; the one in force stays until a join brings the league's word.
///
/// A request that was made before and not answered yet is written again with the same key.
///
/// # Errors
/// When a key can't be read or written.
pub fn rekey(files: &IdentityFiles, applicant: &Applicant) -> Result<Vec<u8>, Refusal> {
    let next = match waiting(files)? {
        Some(next) => next,
        None => {
            let algorithm = FileSigner::open(&files.signing_key)?.algorithm();
            FileSigner::create(&beside(&files.signing_key, "next"), algorithm)?
        }
    };
    request_with(files, applicant, &next)
}

/// The key that waits for the league's word, if there is one.
pub(super) fn waiting(files: &IdentityFiles) -> Result<Option<FileSigner>, Refusal> {
    let next = beside(&files.signing_key, "next");
    next.exists().then(|| FileSigner::open(&next)).transpose()
}

/// The signing key that counts under `bundle`: the one in force, or the one that waits.
pub(super) fn chosen(
    files: &IdentityFiles,
    id: &ParticipantId,
    bundle: &TrustBundle,
) -> Result<(FileSigner, bool), Refusal> {
    let next = waiting(files)?;
    match next.filter(|next| is_current(id, bundle, next)) {
        Some(next) => Ok((next, true)),
        None => Ok((FileSigner::open(&files.signing_key)?, false)),
    }
}

/// Whether the league registers the key for the participant, and has not ended it.
pub(super) fn is_current(id: &ParticipantId, bundle: &TrustBundle, signer: &FileSigner) -> bool {
    let keys = bundle.member(id).map(|member| member.keys.as_slice());
    let last = keys
        .unwrap_or_default()
        .iter()
        .filter(|key| !key.only_contracts)
        .max_by_key(|key| key.not_before);
    last.is_some_and(|key| key.key == *signer.public() && key.revoked_at.is_none())
}

/// Puts the key that waited in force. The one before is no longer needed: what it signed is checked with its public half.
pub(super) fn adopt(files: &IdentityFiles) -> Result<(), Refusal> {
    let next = beside(&files.signing_key, "next");
    std::fs::rename(&next, &files.signing_key).map_err(|error| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("`{}` can't be put in force: {error}", next.display()),
        )
    })
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
