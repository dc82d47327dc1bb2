//! `hansa contract withdraw --offline`: reads a contract, shows its page, and signs its end; needs no connector.

use crate::cli::GlobalArgs;
use crate::cli::command_effect::asked;
use crate::cli::output::OutputSettings;
use crate::cli::terminal::line_err;
use crate::offline::offline_signer::OfflineSigner;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{Assignee, ContractParty, SignedContract};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::envelope::{self, StatementKind};
use hansa_proto::withdrawal::{self, WithdrawalStatement};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What is to end, by what, and for whom.
pub(crate) struct WithdrawalArgs<'a> {
    /// The contract's file.
    pub(crate) file: &'a Path,
    /// The key.
    pub(crate) key: &'a Path,
    /// Its certificates, where it is a seal's.
    pub(crate) certificates: Option<&'a Path>,
    /// For whom, where the key does not say.
    pub(crate) role: Option<SignatoryRole>,
    /// Why.
    pub(crate) reason: SingleLineText,
    /// Where to write it.
    pub(crate) output: Option<&'a Path>,
}

/// Shows and signs.
///
/// # Errors
/// What is wrong with the contract or the key, or that nobody said yes.
pub(crate) fn run(
    args: &WithdrawalArgs<'_>,
    global: &GlobalArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let place = |refusal: Refusal| refusal.with_place(args.file.display().to_string(), None, None);
    let bytes = crate::offline::read(args.file)?;
    let signed = envelope::parse_contract(bytes.trim_ascii_end())
        .or_else(|first| {
            envelope::parse_partner_contract(bytes.trim_ascii_end()).map_err(|_| first)
        })
        .map_err(place)?;
    let signer = OfflineSigner::open(args.key, args.certificates)?;
    let (role, party) = side(&signed, &signer, args.role)?;
    line_err(&hansa_proto::render::agreement(
        Some(signed.id),
        &signed.agreement,
    ));
    let facts = |statement: Option<&Path>| {
        json!({
            "contract": signed.id.to_string(),
            "role": role.as_str(),
            "party": party.id.as_str(),
            "reason": args.reason.as_str(),
            "key": signer.kid(),
            "statement": statement.map(|file| file.display().to_string()),
        })
    };
    if global.dry_run {
        show.result(&facts(None), "nothing was signed");
        return Ok(0);
    }
    if !global.yes {
        asked(
            &format!(
                "End this for {}, the {}, for good?",
                party.id.domain(),
                role.as_str()
            ),
            global,
        )?;
    }
    let payload = withdrawal::to_bytes(&WithdrawalStatement {
        contract: signed.id,
        party: party.id.clone(),
        effective_at: now,
        issued_at: now,
        reason: args.reason.to_string(),
    });
    let statement = signer.sign(StatementKind::Withdrawal, role, &payload, None, now)?;
    let target = args.output.map_or_else(
        || {
            let mut name = args.file.as_os_str().to_owned();
            name.push(".withdrawal");
            PathBuf::from(name)
        },
        Path::to_path_buf,
    );
    crate::offline::write(&target, &statement)?;
    show.result(
        &facts(Some(&target)),
        &format!(
            "signed; the contract ends when the statement reaches the connector\nnext, where it runs: hansa contract attach {} {}",
            signed.id.short(),
            target.display()
        ),
    );
    Ok(0)
}

/// For whom the key signs: as the contract names it, or as somebody says.
fn side<'a>(
    signed: &'a SignedContract,
    signer: &OfflineSigner,
    said: Option<SignatoryRole>,
) -> Result<(SignatoryRole, &'a ContractParty), Refusal> {
    let provider = (SignatoryRole::Provider, &signed.agreement.provider);
    let consumer = match &signed.agreement.assignee {
        Assignee::Participant(consumer) => Some((SignatoryRole::Consumer, consumer)),
        Assignee::Public | Assignee::Partner(_) => None,
    };
    let sides = [Some(provider), consumer];
    let fits = |(role, party): &(SignatoryRole, &ContractParty)| match said {
        Some(said) => said == *role,
        None => party.signing_key == signer.kid(),
    };
    sides.into_iter().flatten().find(fits).ok_or_else(|| {
        Refusal::new(
            ErrorCode::SignerNotParty,
            format!(
                "the contract does not say for whom the key `{}` signs",
                signer.kid()
            ),
        )
        .with_contract(signed.id)
        .with_help("say it: --role provider, or --role consumer")
    })
}
