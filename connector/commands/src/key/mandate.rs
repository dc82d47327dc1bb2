//! `hansa key mandate`: a participant states who may sign for it; needs no connector.

use crate::cli::output::OutputSettings;
use crate::key::arguments::MandateArgs;
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
use serde_json::json;

/// Writes and signs a mandate, read back as everybody reads it.
///
/// # Errors
/// What nobody would take, or what is wrong with the key.
pub(crate) fn run(
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
            "nobody mandates itself: the holder is another key than the one that signs",
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
    let bytes = envelope::assemble(&payload, &[(header, signature)]);
    let read = mandate::from_envelope(&bytes)?;
    hansa_node::process::named_file::write(&args.output, &bytes)?;
    show.result(
        &json!({
            "participant": stated.participant.as_str(),
            "holder": stated.holder,
            "up_to": stated.up_to.as_str(),
            "longest_days": stated.longest_days,
            "not_after": stated.not_after.to_string(),
            "statement": read.statement.to_string(),
            "file": args.output,
        }),
        &format!(
            "{} may sign for {} up to {}, for {} days, until {}; it is in {}\nnext, where it signs: hansa contract sign --offline DRAFT --key FILE --mandate {}",
            stated.holder,
            stated.participant.domain(),
            stated.up_to.as_str(),
            stated.longest_days,
            stated.not_after,
            args.output.display(),
            args.output.display()
        ),
    );
    Ok(0)
}

const DAY: i64 = 24 * 3600 * 1_000_000;
