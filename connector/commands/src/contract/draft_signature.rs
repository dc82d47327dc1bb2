//! `hansa contract sign --offline`: reads a draft, shows the page that is signed, and signs it; needs no connector.

use crate::cli::GlobalArgs;
use crate::cli::command_report::CommandReport;
use crate::cli::consent::ask_confirmation;
use crate::cli::output::OutputSettings;
use crate::cli::terminal::line_err;
use crate::contract::contract_page::ShownPage;
use crate::key::offline_signer::OfflineSigner;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::Assignee;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::contract::page_digest;
use hansa_proto::contract_draft::{self, ContractDraft};
use hansa_proto::envelope::kind::StatementKind;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Shows and signs.
///
/// # Errors
/// What is wrong with the draft or the key, or that nobody said yes.
pub(crate) fn sign_draft(
    file: &Path,
    signer: &OfflineSigner,
    mandate: Option<&Path>,
    output: Option<&Path>,
    global: &GlobalArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let place = |refusal: Refusal| refusal.with_place(file.display().to_string(), None, None);
    let draft =
        contract_draft::from_bytes(&hansa_node::process::named_file::read_named_file(file)?)
            .map_err(place)?;
    check_key(&draft, signer)?;
    let mandate = mandate
        .map(|file| read_fitting_mandate(file, &draft, signer, now))
        .transpose()?;
    let digest = page_digest(&draft.agreement);
    line_err(&hansa_proto::render::render_agreement(
        None,
        &draft.agreement,
    ));
    line_err(&format!(
        "This page, {} in {}, has the digest {digest}, which is part of what is signed.",
        PageRendering::FORM,
        draft.agreement.rendering.language
    ));
    let mut signed = SignedDraft {
        negotiation: &draft.negotiation,
        would_become: draft.contract_id(),
        role: draft.role,
        shown: ShownPage::of(&draft.agreement),
        key: signer.kid(),
        seal: matches!(signer, OfflineSigner::Seal(_)),
        signature: None,
    };
    if global.dry_run {
        show.print_report(&signed);
        return Ok(0);
    }
    if !global.yes {
        ask_confirmation(
            &format!(
                "Sign this for the {}, with the key {}?",
                draft.role.as_str(),
                signer.kid()
            ),
            global,
        )?;
    }
    let bytes = signer.sign(
        StatementKind::Agreement,
        draft.role,
        &draft.payload(),
        mandate.as_deref(),
        now,
    )?;
    let target = output.map_or_else(|| signed_name(file), Path::to_path_buf);
    hansa_node::process::named_file::write_named_file(&target, &bytes)?;
    signed.signature = Some(target.display().to_string());
    show.print_report(&signed);
    Ok(0)
}

/// Draft with the page that was shown, and the signature where there is one.
#[derive(Debug, Serialize)]
struct SignedDraft<'a> {
    negotiation: &'a str,
    would_become: ContractId,
    role: SignatoryRole,
    shown: ShownPage,
    key: &'a str,
    seal: bool,
    /// File of the signature.
    signature: Option<String>,
}

impl CommandReport for SignedDraft<'_> {
    fn to_text(&self) -> String {
        match &self.signature {
            None => "nothing was signed".to_owned(),
            Some(file) => format!(
                "signed; the signature is in {file}\nnext, where the connector runs: hansa contract attach {} {file}",
                self.negotiation
            ),
        }
    }
}

/// A mandate, if it lets this key sign this; who signed the mandate is judged where the signature is attached.
fn read_fitting_mandate(
    file: &Path,
    draft: &ContractDraft,
    signer: &OfflineSigner,
    now: UtcTimestamp,
) -> Result<Vec<u8>, Refusal> {
    let place = |refusal: Refusal| refusal.with_place(file.display().to_string(), None, None);
    let bytes = hansa_node::process::named_file::read_named_file(file)?
        .trim_ascii_end()
        .to_vec();
    let signed = hansa_proto::mandate::from_envelope(&bytes).map_err(place)?;
    let party = match (draft.role, draft.agreement.assignee_id()) {
        (SignatoryRole::Consumer, Some(consumer)) => consumer,
        _ => &draft.agreement.provider.id,
    };
    signed
        .mandate
        .check_agreement(&draft.agreement, party, signer.kid(), now)
        .map_err(place)?;
    Ok(bytes)
}

/// Beside the draft, under a name that says what it is.
fn signed_name(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".signed");
    PathBuf::from(name)
}

/// The key is that which the draft names for this side; with another one nobody would accept the signature. Whether a seal
/// counts, the trust bundle says, where the signature is attached.
fn check_key(draft: &ContractDraft, signer: &OfflineSigner) -> Result<(), Refusal> {
    let OfflineSigner::Key(_) = signer else {
        return Ok(());
    };
    let kid = signer.kid();
    let party = match (draft.role, &draft.agreement.assignee) {
        (SignatoryRole::Provider, _) => Some(&draft.agreement.provider),
        (SignatoryRole::Consumer, Assignee::Participant(consumer)) => Some(consumer),
        (SignatoryRole::Consumer, Assignee::Public | Assignee::Partner(_)) => None,
    };
    if party.is_some_and(|party| party.signing_key == kid) {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::SignerNotParty,
        format!(
            "the draft must be signed for the {} with the key `{}`; the given key is `{kid}`",
            draft.role.as_str(),
            party.map_or("none", |party| party.signing_key.as_str()),
        ),
    )
    .with_help("take the key that the league registers for the participant"))
}
