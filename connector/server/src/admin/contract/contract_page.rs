//! `contract show`: one contract or negotiation as a page.

mod obligation_ledger;
mod quota_usage;

use super::contract_lookup::{contracts, loaded, sides};
use super::contract_text::{changed, contract_json, payload_text, terms_json, turn, turn_sentence};
use super::{collect, comment};
use crate::admin::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::participant::Connector;
use crate::workflow::{contract_withdrawal, negotiation};
use hansa_identity::seal;
use hansa_policy::contract::signature::{SignatoryRole, SignedMandate};
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::language::Language;
use hansa_proto::contract::page_digest;
use hansa_proto::render::contract_status::{
    ContractStatusLines, SignatureFacts, StatusLineLabel, WithdrawalFacts,
};
use obligation_ledger::ObligationLedger;
use quota_usage::{QuotaUsage, budgets};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn show(
    node: &Arc<Connector>,
    prefix: &str,
    diff: bool,
    odrl: bool,
    tongue: Option<Language>,
    out: &EventSink,
) -> CommandResult {
    let by_contract = contracts(node)
        .into_iter()
        .filter(|(id, _, _)| id.to_string().starts_with(prefix))
        .collect::<Vec<_>>();
    if let [(id, agreement, standing)] = by_contract.as_slice() {
        let (role, _) = sides(node, agreement);
        let read = RenderedPage::of(agreement, tongue);
        let mut data = contract_json(*id, agreement, *standing, role);
        let signatures = signatures(node, *id);
        let budgets = budgets(node, *id, agreement)?;
        let owed = ObligationLedger::of(node, *id, agreement)?.into(&mut data);
        let ended = match standing {
            ContractStatus::Withdrawn => contract_withdrawal::withdrawal_of(node, *id),
            _ => None,
        };
        if let Value::Object(map) = &mut data {
            map.insert("shown".to_owned(), shown_json(agreement));
            map.insert("page".to_owned(), json!(read.page));
            let withdrawal = ended.as_ref().map(|ended| {
                json!({
                    "by": ended.party.domain(),
                    "at": ended.issued_at.to_string(),
                    "reason": ended.reason,
                })
            });
            map.insert("withdrawal".to_owned(), json!(withdrawal));
            map.insert("officers".to_owned(), officers_json(node, *id)?);
            let listed: Vec<Value> = signatures.iter().map(CheckedSignature::json).collect();
            map.insert("signatures".to_owned(), json!(listed));
            let listed: Vec<Value> = budgets.iter().map(QuotaUsage::json).collect();
            map.insert("budgets".to_owned(), json!(listed));
        }
        let text = if odrl {
            payload_text(agreement)
        } else {
            let ending = ended.as_ref().map(|ended| WithdrawalFacts {
                party: &ended.party,
                issued_at: ended.issued_at,
                reason: &ended.reason,
            });
            let lines = ContractStatusLines::of(read.tongue, agreement);
            let state = lines.state(*standing, ending);
            page(&lines, &read, *id, agreement, &state, &signatures, &budgets) + &owed
        };
        out.object(data, text).await?;
        return Ok(0);
    }
    collect(node, out).await?;
    let (name, open) = loaded(node, prefix)?;
    let agreement = &open.state.proposal().agreement;
    let read = RenderedPage::of(agreement, tongue);
    let comments = negotiation::clause_comment::all(node, &name)?;
    let text = if diff {
        match &open.before {
            None => "nothing was changed yet".to_owned(),
            Some(before) => changed(before, agreement),
        }
    } else if odrl {
        payload_text(agreement)
    } else {
        let lines = ContractStatusLines::of(read.tongue, agreement);
        format!(
            "{}{}\n{}",
            page(
                &lines,
                &read,
                open.state.proposal().contract,
                agreement,
                &format!("{} ({name})", lines.phase(open.state.phase())),
                &[],
                &[],
            ),
            comment::text(&comments),
            turn_sentence(&open)
        )
    };
    out.object(
        json!({
            "negotiation": name,
            "state": open.state.phase().as_str(),
            "would_become": open.state.proposal().contract.to_string(),
            "turn": turn(&open),
            "comments": comment::json(&comments),
            "terms": terms_json(agreement),
            "shown": shown_json(agreement),
            "page": read.page,
            "officers": officers_json(node, open.state.proposal().contract)?,
            "diff": open.before.as_ref().map(|before| changed(before, agreement)),
        }),
        text,
    )
    .await?;
    Ok(0)
}

/// A contract as a page.
fn page(
    lines: &ContractStatusLines<'_>,
    read: &RenderedPage,
    id: ContractId,
    agreement: &Agreement,
    state: &str,
    signatures: &[CheckedSignature],
    budgets: &[QuotaUsage],
) -> String {
    let mut text = hansa_proto::render::agreement_in(read.tongue, Some(id), agreement);
    let mut line = |label: StatusLineLabel, value: &str| {
        text.push('\n');
        text.push_str(&lines.line(label, value));
    };
    line(StatusLineLabel::Shown, &lines.shown());
    line(StatusLineLabel::State, state);
    for signature in signatures {
        line(StatusLineLabel::Signed, &signature.text(lines));
    }
    for budget in budgets {
        line(StatusLineLabel::Used, &budget.text(lines));
    }
    text
}

/// The page as somebody reads it now.
struct RenderedPage {
    tongue: Language,
    page: String,
}

impl RenderedPage {
    /// In the language that was asked for, else in that in which it is signed; always in the form that is signed.
    fn of(agreement: &Agreement, wanted: Option<Language>) -> Self {
        let signed = agreement.rendering.unwrap_or_default();
        let shown = match wanted {
            Some(tongue) => signed.in_language(tongue),
            None => signed,
        };
        Self {
            tongue: shown.language,
            page: hansa_proto::render::page(shown, agreement),
        }
    }
}

/// Who has asked for a deed that needs two, and who has approved it.
fn officers_json(node: &Connector, contract: ContractId) -> Result<Value, Refusal> {
    let words = node.records.index(|state| state.pending_approvals())?;
    let of = words.iter().filter(|word| word.contract == contract);
    // Who it was stands beside the log, as long as nobody has erased it.
    let user = |pseudonym: &str| node.records.pseudonyms.user(pseudonym);
    let told = of.map(|word| {
        json!({
            "deed": word.action,
            "first": word.first,
            "first_user": user(&word.first),
            "second": word.second,
            "second_user": word.second.as_deref().and_then(user),
        })
    });
    Ok(Value::Array(told.collect()))
}

/// The page that is part of what is signed.
fn shown_json(agreement: &Agreement) -> Value {
    agreement.rendering.map_or(Value::Null, |shown| {
        json!({
            "form": shown.version.as_str(),
            "language": shown.language.tag(),
            "zone": shown.zone.as_str(),
            "sha256": page_digest(shown, agreement).to_string(),
        })
    })
}

/// A signature of a contract, checked again now.
struct CheckedSignature {
    role: SignatoryRole,
    key: String,
    algorithm: String,
    /// When it was made, by the signer's clock, in seconds.
    issued_at: i64,
    /// To whom the seal is issued, where it is one.
    sealed_for: Option<String>,
    mandate: Option<SignedMandate>,
    fault: Option<Refusal>,
}

impl CheckedSignature {
    fn json(&self) -> Value {
        json!({
            "role": self.role.as_str(),
            "key": self.key,
            "algorithm": self.algorithm,
            "issued_at": self.issued_at,
            "sealed_for": self.sealed_for,
            "mandate": self.mandate.as_ref().map(|SignedMandate { mandate, statement, .. }| json!({
                "statement": statement.to_string(),
                "capacity": mandate.capacity,
                "up_to": mandate.up_to.as_str(),
                "longest_days": mandate.longest_days,
                "until": mandate.not_after.to_string(),
            })),
            "valid": self.fault.is_none(),
            "fault": self.fault.as_ref().map(ToString::to_string),
        })
    }

    fn text(&self, lines: &ContractStatusLines<'_>) -> String {
        lines.signature(&SignatureFacts {
            role: self.role,
            algorithm: &self.algorithm,
            key: &self.key,
            issued_at: self.issued_at,
            sealed_for: self.sealed_for.as_deref(),
            mandate: self
                .mandate
                .as_ref()
                .map(|signed| (&signed.mandate, signed.statement)),
            valid: self.fault.is_none(),
        })
    }
}

fn signatures(node: &Connector, id: ContractId) -> Vec<CheckedSignature> {
    let Ok(bytes) = node.records.documents.contract(id) else {
        return Vec::new();
    };
    let Ok(signed) = hansa_proto::envelope::parse_contract(&bytes)
        .or_else(|_| hansa_proto::envelope::parse_offer(&bytes))
    else {
        return Vec::new();
    };
    let at = node
        .records
        .index(|state| state.contracts())
        .ok()
        .and_then(|events| events.into_iter().find(|event| event.id == id))
        .and_then(|event| event.activated)
        .unwrap_or_else(|| node.now());
    let bundle = node.identity.trust.bundle();
    signed
        .signatures
        .iter()
        .map(|signature| {
            let checked = signed.check_signature(signature.role, &bundle.keys(at));
            CheckedSignature {
                role: signature.role,
                key: signature.kid.clone(),
                algorithm: signature.alg.to_string(),
                issued_at: signature.issued_at,
                sealed_for: signature.seal.as_ref().and_then(seal::issued_to),
                mandate: signature.mandate.as_deref().cloned(),
                fault: checked.err(),
            }
        })
        .collect()
}
