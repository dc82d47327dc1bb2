//! A signature that is made on another machine: the draft that goes there, and the signature that comes back.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::report_json;
use crate::contract::contract_lookup::load_negotiation;
use crate::contract::exchange_messages;
use crate::contract::negotiation_step::{send_step, waits_for_second_officer};
use hansa_node::negotiation::open_negotiation::OpenNegotiation;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_policy::negotiation::NextMessage;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::contract_draft::{self, ContractDraft};
use hansa_proto::envelope;
use hansa_proto::peer::message::MessageContent;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// `contract export n-…`: what waits for our signature, or will once the other side has signed, as a file.
pub(super) async fn export_draft(
    connector: &Arc<Connector>,
    prefix: &str,
    out: &EventSink,
) -> CommandResult {
    exchange_messages(connector, out).await?;
    let (name, open) = load_negotiation(connector, prefix)?;
    let (role, _) = due_signature(&open)?;
    let draft = ContractDraft {
        negotiation: name,
        role,
        agreement: open.state.proposal().agreement.clone(),
    };
    let text = String::from_utf8_lossy(&contract_draft::to_bytes(&draft)).into_owned();
    let exported = ExportedDraft {
        contract: draft.contract_id(),
        draft: serde_json::from_str(&text).unwrap_or(Value::Null),
        file: text,
    };
    out.send_document(report_json(&exported), exported.file)
        .await?;
    Ok(0)
}

/// Draft that is to be signed elsewhere.
#[derive(Debug, Serialize)]
struct ExportedDraft {
    /// Contract that it would become.
    contract: ContractId,
    draft: Value,
    /// Text of the draft, byte by byte.
    file: String,
}

/// `contract attach`: a signature that was made elsewhere takes the step that is due. It is checked as any other is.
pub(super) async fn attach_signature(
    connector: &Arc<Connector>,
    prefix: &str,
    bytes: &[u8],
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    exchange_messages(connector, out).await?;
    let (name, open) = load_negotiation(connector, prefix)?;
    let (role, wanted) = due_signature(&open)?;
    let signed = envelope::parse_half(bytes.trim_ascii_end(), role)?;
    if signed.id != wanted {
        return Err(Refusal::new(
            ErrorCode::NegotiationState,
            format!(
                "the signature is for the terms `{}`, but the newest terms are `{}`",
                signed.id.to_short_text(),
                wanted.to_short_text()
            ),
        )
        .with_help(format!(
            "export the draft again and sign that: hansa contract export {name}"
        ))
        .into());
    }
    if waits_for_second_officer(connector, &name, &open, caller, out).await? {
        return Ok(0);
    }
    let contract = bytes::Bytes::copy_from_slice(bytes.trim_ascii_end());
    let content = match role {
        SignatoryRole::Provider => MessageContent::Agreement {
            negotiation: name.clone(),
            contract,
        },
        SignatoryRole::Consumer => MessageContent::Verification {
            negotiation: name.clone(),
            contract,
        },
    };
    send_step(connector, &name, &open, content, out).await
}

/// For whom a signature is due, and on what.
fn due_signature(open: &OpenNegotiation) -> Result<(SignatoryRole, ContractId), Refusal> {
    let no = |sentence: &str, help: &str| {
        Err(Refusal::new(ErrorCode::NegotiationState, sentence).with_help(help))
    };
    match open.state.next_message(open.own) {
        Some(NextMessage::Agreement(contract)) => Ok((SignatoryRole::Provider, contract)),
        Some(NextMessage::Verification(contract)) => Ok((SignatoryRole::Consumer, contract)),
        Some(NextMessage::Acceptance(_)) => no(
            "what is due is to accept, which needs no signature; the provider signs next",
            "accept it with hansa contract sign, and sign when the provider has",
        ),
        Some(NextMessage::Finalization(_)) => no(
            "both signatures are here already",
            "hansa contract sign puts them together",
        ),
        None => no(
            "no signature of ours is due now",
            "hansa contract show tells whose turn it is",
        ),
    }
}
