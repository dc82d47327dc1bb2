//! `hansa contract sign --offline`: reads a draft, shows the page that is signed, and signs it; needs no connector.

use crate::cli::Global;
use crate::cli::consent::asked;
use crate::cli::show::{Show, line_err};
use evidence::time::Time;
use keep::trust::signature::{FileSigner, Signer as _};
use policy::contract::{Assignee, Role};
use policy::refusal::{Code, Refusal};
use proto::contract::page_digest;
use proto::draft::{self, Draft};
use proto::envelope::{self, Kind};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Shows and signs.
///
/// # Errors
/// What is wrong with the draft or the key, or that nobody said yes.
pub(crate) fn run(
    file: &Path,
    key: &Path,
    output: Option<&Path>,
    global: &Global,
    now: Time,
    show: Show,
) -> Result<u8, Refusal> {
    let place = |refusal: Refusal| refusal.with_place(file.display().to_string(), None, None);
    let draft = draft::from_bytes(&crate::local::read(file)?).map_err(place)?;
    let Some(shown) = draft.agreement.shown else {
        return Err(place(
            Refusal::new(
                Code::ContractMalformed,
                "the draft does not say which page its signers are shown",
            )
            .with_help("upgrade the connector that made it, and propose again"),
        ));
    };
    let signer = FileSigner::open(key)?;
    check_key(&draft, signer.kid(), key)?;
    let digest = page_digest(shown, &draft.agreement);
    line_err(&proto::render::agreement(None, &draft.agreement));
    line_err(&format!(
        "This page, {} in {}, has the digest {digest}, which is part of what is signed.",
        shown.form, shown.tongue
    ));
    let facts = |signature: Option<&Path>| {
        json!({
            "negotiation": draft.negotiation,
            "would_become": draft.contract().to_string(),
            "role": draft.role.as_str(),
            "shown": {
                "form": shown.form.as_str(),
                "language": shown.tongue.tag(),
                "sha256": digest.to_string(),
            },
            "key": signer.kid(),
            "signature": signature.map(|file| file.display().to_string()),
        })
    };
    if global.dry_run {
        show.result(&facts(None), "nothing was signed");
        return Ok(0);
    }
    if !global.yes {
        asked(
            &format!(
                "Sign this for the {}, with the key {}?",
                draft.role.as_str(),
                key.display()
            ),
            global,
        )?;
    }
    let payload = draft.payload();
    let header = envelope::protected_header(
        Kind::Agreement,
        draft.role,
        signer.algorithm().as_str(),
        signer.kid(),
        now.micros().div_euclid(1_000_000),
    );
    let signature = signer.sign(&envelope::signing_input(&header, &payload))?;
    let bytes = envelope::assemble(&payload, &[(header, signature)]);
    let target = output.map_or_else(|| signed_name(file), Path::to_path_buf);
    crate::local::write(&target, &bytes)?;
    show.result(
        &facts(Some(&target)),
        &format!(
            "signed; the signature is in {}\nnext, where the connector runs: hansa contract attach {} {}",
            target.display(),
            draft.negotiation,
            target.display()
        ),
    );
    Ok(0)
}

/// Beside the draft, under a name that says what it is.
fn signed_name(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".signed");
    PathBuf::from(name)
}

/// The key is that which the draft names for this side; with another one nobody would accept the signature.
fn check_key(draft: &Draft, kid: &str, key: &Path) -> Result<(), Refusal> {
    let party = match (draft.role, &draft.agreement.assignee) {
        (Role::Provider, _) => Some(&draft.agreement.provider),
        (Role::Consumer, Assignee::Participant(consumer)) => Some(consumer),
        (Role::Consumer, Assignee::Public) => None,
    };
    if party.is_some_and(|party| party.signing_key == kid) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::SignerNotParty,
        format!(
            "the draft is to be signed for the {} with the key `{}`; `{}` holds `{kid}`",
            draft.role.as_str(),
            party.map_or("none", |party| party.signing_key.as_str()),
            key.display()
        ),
    )
    .with_help("take the key that the league registers for the participant"))
}
