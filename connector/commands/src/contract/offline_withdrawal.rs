//! `hansa contract withdraw --offline`: reads a contract, shows its page, and signs its end; needs no connector.

use crate::cli::GlobalArgs;
use crate::cli::command_report::CommandReport;
use crate::cli::consent::ask_confirmation;
use crate::cli::output::OutputSettings;
use crate::cli::terminal::line_err;
use crate::key::offline_signer::OfflineSigner;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::withdrawal::effective_instant;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{Assignee, ContractParty, SignedContract};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::statement;
use hansa_proto::withdrawal::WithdrawalStatement;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What is to end, by what, and for whom.
pub(crate) struct OfflineWithdrawalArgs<'a> {
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
    /// From when, where it is not at once.
    pub(crate) from: Option<&'a str>,
    /// Where to write it.
    pub(crate) output: Option<&'a Path>,
}

/// Shows and signs.
///
/// # Errors
/// What is wrong with the contract or the key, or that nobody said yes.
pub(crate) fn sign_withdrawal(
    args: &OfflineWithdrawalArgs<'_>,
    global: &GlobalArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let place = |refusal: Refusal| refusal.with_place(args.file.display().to_string(), None, None);
    let bytes = hansa_node::process::named_file::read_named_file(args.file)?;
    let signed = envelope::parse_contract(bytes.trim_ascii_end())
        .or_else(|first| {
            envelope::parse_partner_contract(bytes.trim_ascii_end()).map_err(|_| first)
        })
        .map_err(place)?;
    let from = match args.from {
        // The zone of the participant is known where its connector runs.
        Some(text) => {
            let from = effective_instant::read_instant(text, None)?;
            effective_instant::check_instant(from, now, signed.agreement.not_after)?;
            Some(from)
        }
        None => None,
    };
    let signer = OfflineSigner::open(args.key, args.certificates)?;
    let (role, party) = find_signing_party(&signed, &signer, args.role)?;
    line_err(&hansa_proto::render::render_agreement(
        Some(signed.id),
        &signed.agreement,
    ));
    let mut withdrawal = OfflineWithdrawal {
        contract: signed.id,
        role,
        party: &party.id,
        reason: args.reason.as_str(),
        from,
        key: signer.kid(),
        statement: None,
    };
    if global.dry_run {
        show.print_report(&withdrawal);
        return Ok(0);
    }
    if !global.yes {
        let when = from.map_or_else(String::new, |from| format!(" from {from} on"));
        ask_confirmation(
            &format!(
                "End this for {}, the {}, for good{when}?",
                party.id.domain(),
                role.as_str()
            ),
            global,
        )?;
    }
    let payload = statement::to_bytes(&WithdrawalStatement {
        contract: signed.id,
        party: party.id.clone(),
        effective_at: from.unwrap_or(now),
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
    hansa_node::process::named_file::write_named_file(&target, &statement)?;
    withdrawal.statement = Some(target.display().to_string());
    show.print_report(&withdrawal);
    Ok(0)
}

/// End of a contract, with the signed statement where there is one.
#[derive(Debug, Serialize)]
struct OfflineWithdrawal<'a> {
    contract: ContractId,
    role: SignatoryRole,
    party: &'a ParticipantId,
    reason: &'a str,
    from: Option<UtcTimestamp>,
    key: &'a str,
    /// File of the statement.
    statement: Option<String>,
}

impl CommandReport for OfflineWithdrawal<'_> {
    fn to_text(&self) -> String {
        let Some(file) = &self.statement else {
            return "nothing was signed".to_owned();
        };
        let ends = match self.from {
            Some(from) => {
                format!("the contract ends at {from}, once the statement has reached the connector")
            }
            None => "the contract ends when the statement reaches the connector".to_owned(),
        };
        format!(
            "signed; {ends}\nnext, where it runs: hansa contract attach {} {file}",
            self.contract.to_short_text(),
        )
    }
}

/// For whom the key signs: as the contract names it, or as somebody says.
fn find_signing_party<'a>(
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
        .with_help("name the side: --role provider, or --role consumer")
    })
}
