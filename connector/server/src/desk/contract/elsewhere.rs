//! A signature that is made on another machine: the draft that goes there, and the signature that comes back.

use super::collect;
use super::find::loaded;
use super::step::{step, waits};
use crate::desk::Outcome;
use crate::desk::out::Out;
use crate::node::Node;
use crate::walk::negotiate::Open;
use hansa_policy::contract::Role;
use hansa_policy::id::ContractId;
use hansa_policy::negotiate::Send;
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::draft::{self, Draft};
use hansa_proto::envelope;
use hansa_proto::peer::letter::Content;
use serde_json::{Value, json};
use std::sync::Arc;

/// `contract export n-…`: what waits for our signature, or will once the other side has signed, as a file.
pub(super) async fn export(node: &Arc<Node>, prefix: &str, out: &Out) -> Outcome {
    collect(node, out).await?;
    let (name, open) = loaded(node, prefix)?;
    let (role, _) = due(&open)?;
    let draft = Draft {
        negotiation: name,
        role,
        agreement: open.state.proposal().agreement.clone(),
    };
    let text = String::from_utf8_lossy(&draft::to_bytes(&draft)).into_owned();
    let data: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    out.document(
        json!({"contract": draft.contract().to_string(), "draft": data, "file": text}),
        text.clone(),
    )
    .await?;
    Ok(0)
}

/// `contract attach`: a signature that was made elsewhere takes the step that is due. It is checked as any other is.
pub(super) async fn attach(
    node: &Arc<Node>,
    prefix: &str,
    bytes: &[u8],
    caller: Option<u32>,
    out: &Out,
) -> Outcome {
    collect(node, out).await?;
    let (name, open) = loaded(node, prefix)?;
    let (role, wanted) = due(&open)?;
    let signed = envelope::parse_half(bytes.trim_ascii_end(), role)?;
    if signed.id != wanted {
        return Err(Refusal::new(
            Code::NegotiationState,
            format!(
                "the signature is under `{}`, and `{}` is on the table",
                signed.id.short(),
                wanted.short()
            ),
        )
        .with_help(format!(
            "export the draft again and sign that: hansa contract export {name}"
        ))
        .into());
    }
    if waits(node, &name, &open, caller, out).await? {
        return Ok(0);
    }
    let contract = bytes::Bytes::copy_from_slice(bytes.trim_ascii_end());
    let content = match role {
        Role::Provider => Content::Agreement {
            negotiation: name.clone(),
            contract,
        },
        Role::Consumer => Content::Verification {
            negotiation: name.clone(),
            contract,
        },
    };
    step(node, &name, &open, content, out).await
}

/// For whom a signature is due, and on what.
fn due(open: &Open) -> Result<(Role, ContractId), Refusal> {
    let no = |sentence: &str, help: &str| {
        Err(Refusal::new(Code::NegotiationState, sentence).with_help(help))
    };
    match open.state.due(open.own) {
        Some(Send::Agreement(contract)) => Ok((Role::Provider, contract)),
        Some(Send::Verification(contract)) => Ok((Role::Consumer, contract)),
        Some(Send::Acceptance(_)) => no(
            "what is due is to accept, which needs no signature; the provider signs next",
            "accept it with hansa contract sign, and sign when the provider has",
        ),
        Some(Send::Finalization(_)) => no(
            "both signatures are here already",
            "hansa contract sign puts them together",
        ),
        None => no(
            "no signature of ours is due now",
            "hansa contract show tells whose turn it is",
        ),
    }
}
