//! `hansa key mandate`: a participant states who may sign for it; needs no connector.

use crate::cli::command_report::{CommandReport, serialize_path};
use crate::cli::output::OutputSettings;
use crate::key::arguments::MandateArgs;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::contract::mandate::{DisclosureClass, Mandate};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::mandate;
use hansa_proto::statement;
use serde::Serialize;
use std::path::PathBuf;

/// Writes and signs a mandate, read back as everybody reads it.
///
/// # Errors
/// What nobody would take, or what is wrong with the key.
pub(crate) fn write_mandate(
    args: &MandateArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let wrong = |sentence: String| Refusal::new(ErrorCode::UsageWrong, sentence);
    let id = |text: &str| -> Result<ParticipantId, Refusal> {
        text.parse()
            .map_err(|fault| wrong(format!("`{text}`: {fault}")))
    };
    let signer = FileSigner::open(&args.signed_by)?;
    if signer.kid() == args.holder {
        return Err(Refusal::new(
            ErrorCode::MandateExceeded,
            "a key can't mandate itself: the holder must be another key than the one that signs",
        ));
    }
    let stated = Mandate {
        participant: id(&args.of)?,
        holder: args.holder.clone(),
        capacity: args.capacity.clone(),
        up_to: DisclosureClass::from_word(&args.up_to)
            .ok_or_else(|| wrong(format!("`{}` is no class of data", args.up_to)))?,
        longest_days: args.longest,
        counterparties: args
            .with
            .iter()
            .map(|text| id(text))
            .collect::<Result<_, _>>()?,
        not_before: now.plus_micros(-hansa_identity::signature::SLACK),
        not_after: now.plus_micros(i64::from(args.days).saturating_mul(DAY)),
    };
    let payload = statement::to_bytes(&stated);
    let header = envelope::protected_header(
        StatementKind::Mandate,
        SignatoryRole::Provider,
        signer.algorithm().as_str(),
        signer.kid(),
        now.micros().div_euclid(1_000_000),
    );
    let signature = signer.sign(&envelope::signing_input(&header, &payload))?;
    let bytes = envelope::assemble_statement(&payload, &[(header, signature)]);
    let read = mandate::from_envelope(&bytes)?;
    hansa_node::process::named_file::write_named_file(&args.output, &bytes)?;
    show.print_report(&MandateReport {
        participant: stated.participant,
        holder: stated.holder,
        up_to: stated.up_to.as_str(),
        longest_days: stated.longest_days,
        not_after: stated.not_after,
        statement: read.statement,
        file: args.output.clone(),
    });
    Ok(0)
}

/// Mandate that was signed.
#[derive(Debug, Serialize)]
struct MandateReport {
    participant: ParticipantId,
    holder: String,
    up_to: &'static str,
    longest_days: u32,
    not_after: UtcTimestamp,
    statement: Digest,
    #[serde(serialize_with = "serialize_path")]
    file: PathBuf,
}

impl CommandReport for MandateReport {
    fn to_text(&self) -> String {
        let file = self.file.display();
        format!(
            "{} may sign for {} up to {}, for {} days, until {}; it is in {file}\nnext, where it signs: hansa contract sign --offline DRAFT --key FILE --mandate {file}",
            self.holder,
            self.participant.domain(),
            self.up_to,
            self.longest_days,
            self.not_after,
        )
    }
}

const DAY: i64 = 24 * 3600 * 1_000_000;
