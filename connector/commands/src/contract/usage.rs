//! `contract usage` and `contract top-up`: what was used, and what was paid for it beforehand.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::cli::output::render_table;
use crate::contract::contract_lookup::{contract_by_prefix, own_role_and_counterparty};
use hansa_node::contract::contract_usage;
use hansa_node::participant::Connector;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ContractId;
use hansa_policy::money::{self, MoneyAmount};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::price::PriceUnit;
use hansa_proto::statement;
use hansa_proto::usage::{ClauseCharge, PrepaidUsage, UsageStatement};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

pub(super) async fn state_usage(
    connector: &Arc<Connector>,
    prefix: &str,
    out: &EventSink,
) -> CommandResult {
    let (contract, agreement) = find_own_contract(connector, prefix)?;
    let (role, _) = own_role_and_counterparty(connector, &agreement);
    if role != "provider" {
        let sentence = "the provider states what was used; your own log says what you asked";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("hansa audit reconcile compares both")
            .into());
    }
    let counted = contract_usage::count_usage(connector, contract)?;
    let statement = contract_usage::issue_usage_statement(connector, &counted).await?;
    let payload = statement::to_bytes(&counted);
    out.send_report(&UsageReport {
        usage: serde_json::from_slice(&payload).unwrap_or_default(),
        file: String::from_utf8_lossy(&statement).into_owned(),
        counted,
    })
    .await?;
    Ok(0)
}

/// Usage of a contract as it is stated.
#[derive(Debug, Serialize)]
struct UsageReport {
    usage: Value,
    /// Signed statement.
    file: String,
    #[serde(skip)]
    counted: UsageStatement,
}

impl CommandReport for UsageReport {
    fn to_text(&self) -> String {
        let lines = self.counted.lines.iter().map(|line| {
            let sums: Vec<String> = line.sums.iter().map(describe_charge).collect();
            vec![
                line.month.clone(),
                line.contract.to_short_text(),
                line.questions.to_string(),
                line.rows.to_string(),
                line.bytes.to_string(),
                sums.join(", "),
            ]
        });
        let header = ["MONTH", "VERSION", "QUESTIONS", "ROWS", "BYTES", "COMES TO"];
        let mut text = render_table(&header, &lines.collect::<Vec<_>>());
        if let Some(prepaid) = &self.counted.prepaid {
            text.push_str(&format!("\n{}", remaining_usage_text(prepaid)));
        }
        text
    }
}

pub(super) async fn top_up(
    connector: &Arc<Connector>,
    prefix: &str,
    amount: &str,
    out: &EventSink,
) -> CommandResult {
    let (contract, agreement) = find_own_contract(connector, prefix)?;
    let amount = money::parse_written_amount(amount)
        .ok()
        .filter(|amount| *amount > MoneyAmount::NOTHING)
        .ok_or_else(|| {
            let sentence = format!("`{amount}` is no amount such as 100 or 0.05");
            Refusal::new(ErrorCode::UsageWrong, sentence)
        })?;
    let prepaid = contract_usage::top_up(connector, contract, &agreement, amount).await?;
    out.send_report(&PrepaidReport { contract, prepaid })
        .await?;
    Ok(0)
}

/// Amount that was paid beforehand for a contract.
#[derive(Debug, Serialize)]
struct PrepaidReport {
    contract: ContractId,
    #[serde(flatten)]
    prepaid: PrepaidUsage,
}

impl CommandReport for PrepaidReport {
    fn to_text(&self) -> String {
        remaining_usage_text(&self.prepaid)
    }
}

/// What is left of what was paid beforehand, in words.
pub(super) fn remaining_usage_text(prepaid: &PrepaidUsage) -> String {
    let PrepaidUsage {
        currency,
        paid,
        spent,
    } = prepaid;
    let left = paid.saturating_sub(*spent);
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

fn find_own_contract(
    connector: &Connector,
    prefix: &str,
) -> Result<(ContractId, Agreement), Refusal> {
    let contract = contract_by_prefix(connector, prefix)?;
    let agreement = connector
        .contracts
        .with_registry(|registry| registry.agreement(contract).cloned());
    let agreement = agreement.ok_or_else(|| {
        let sentence = format!("no contract `{}` here", contract.to_short_text());
        Refusal::new(ErrorCode::ContractUnknown, sentence)
    })?;
    Ok((contract, agreement))
}
