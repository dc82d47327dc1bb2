//! `contract usage` and `contract top-up`: what was used, and what was paid for it beforehand.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::output::table;
use crate::contract::contract_lookup::{contract_by_prefix, sides};
use hansa_node::contract::contract_usage;
use hansa_node::participant::Connector;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ContractId;
use hansa_policy::money;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::price::PriceUnit;
use hansa_proto::statement;
use hansa_proto::usage::{ClauseCharge, PrepaidUsage};
use serde_json::json;
use std::sync::Arc;

pub(super) async fn state(
    connector: &Arc<Connector>,
    prefix: &str,
    out: &EventSink,
) -> CommandResult {
    let (contract, agreement) = ours(connector, prefix)?;
    let (role, _) = sides(connector, &agreement);
    if role != "provider" {
        let sentence = "the provider states what was used; your own log says what you asked";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("hansa audit reconcile compares both")
            .into());
    }
    let counted = contract_usage::count(connector, contract)?;
    let statement = contract_usage::state(connector, &counted).await?;
    let mut rows = Vec::new();
    for line in &counted.lines {
        let sums: Vec<String> = line.sums.iter().map(describe_charge).collect();
        rows.push(vec![
            line.month.clone(),
            line.contract.short(),
            line.questions.to_string(),
            line.rows.to_string(),
            line.bytes.to_string(),
            sums.join(", "),
        ]);
    }
    let header = ["MONTH", "VERSION", "QUESTIONS", "ROWS", "BYTES", "COMES TO"];
    let mut text = table(&header, &rows);
    if let Some(prepaid) = &counted.prepaid {
        text.push_str(&format!("\n{}", left(prepaid)));
    }
    let file = String::from_utf8_lossy(&statement).into_owned();
    let payload = statement::to_bytes(&counted);
    let data: serde_json::Value = serde_json::from_slice(&payload).unwrap_or_default();
    out.object(json!({"usage": data, "file": file}), text)
        .await?;
    Ok(0)
}

pub(super) async fn top_up(
    connector: &Arc<Connector>,
    prefix: &str,
    amount: &str,
    out: &EventSink,
) -> CommandResult {
    let (contract, agreement) = ours(connector, prefix)?;
    let amount = money::parse_written_amount(amount)
        .ok()
        .filter(|amount| *amount > money::MoneyAmount::NOTHING)
        .ok_or_else(|| {
            let sentence = format!("`{amount}` is no amount such as 100 or 0.05");
            Refusal::new(ErrorCode::UsageWrong, sentence)
        })?;
    let prepaid = contract_usage::top_up(connector, contract, &agreement, amount).await?;
    out.object(
        json!({
            "contract": contract.to_string(),
            "currency": prepaid.currency,
            "paid": prepaid.paid.to_string(),
            "spent": prepaid.spent.to_string(),
            "left": prepaid.paid.less(prepaid.spent).to_string(),
        }),
        left(&prepaid),
    )
    .await?;
    Ok(0)
}

/// What is left of what was paid beforehand, in words.
pub(super) fn left(prepaid: &PrepaidUsage) -> String {
    let PrepaidUsage {
        currency,
        paid,
        spent,
    } = prepaid;
    let left = paid.less(*spent);
    format!("{left} of {paid} {currency} paid beforehand are left")
}

fn describe_charge(sum: &ClauseCharge) -> String {
    let what = match sum.price.per {
        PriceUnit::Megabyte => "bytes",
        per => per.as_str(),
    };
    let currency = &sum.price.currency;
    format!("{} {currency} ({} {what})", sum.comes_to(), sum.count)
}

fn ours(connector: &Connector, prefix: &str) -> Result<(ContractId, Agreement), Refusal> {
    let contract = contract_by_prefix(connector, prefix)?;
    let agreement = connector
        .contracts
        .with_registry(|registry| registry.agreement(contract).cloned());
    let agreement = agreement.ok_or_else(|| {
        let sentence = format!("no contract `{}` here", contract.short());
        Refusal::new(ErrorCode::ContractUnknown, sentence)
    })?;
    Ok((contract, agreement))
}
