//! Statement `usage/1` by which a provider states the usage of a contract and its charges by month.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ClauseId, ContractId, ParticipantId};
use hansa_policy::money::MoneyAmount;
use hansa_policy::term::price::{PriceTerm, PriceUnit};
use serde::{Deserialize, Serialize};

/// Content of the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsageStatement {
    /// Provider, which signs.
    pub provider: ParticipantId,
    /// Consumer; absent for a public view.
    pub consumer: Option<ParticipantId>,
    /// Contract, by its first version.
    pub contract: ContractId,
    /// Usage by version and month.
    pub lines: Vec<MonthlyUsage>,
    /// Prepaid amounts, if any.
    pub prepaid: Option<PrepaidUsage>,
    /// Time of the statement. Later answers are not in it.
    pub stated_at: UtcTimestamp,
}

/// Usage of one version in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MonthlyUsage {
    /// Version of the contract.
    pub contract: ContractId,
    /// Month in UTC, such as 2026-06.
    pub month: String,
    /// Answered questions.
    pub questions: u64,
    /// Sent rows.
    pub rows: u64,
    /// Sent bytes.
    pub bytes: u64,
    /// Charges by clause.
    pub sums: Vec<ClauseCharge>,
}

/// Charge by one clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ClauseChargeForm", into = "ClauseChargeForm")]
pub struct ClauseCharge {
    /// Clause of the price.
    pub clause: ClauseId,
    /// Price of the clause.
    pub price: PriceTerm,
    /// Number of charged units: questions, rows, bytes or months.
    pub count: u64,
}

impl ClauseCharge {
    /// Returns the sum of the charge.
    #[must_use]
    pub fn comes_to(&self) -> MoneyAmount {
        self.price.unit_price().saturating_mul(self.count)
    }
}

/// Prepaid amounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PrepaidUsageForm", into = "PrepaidUsageForm")]
pub struct PrepaidUsage {
    /// Currency (ISO 4217).
    pub currency: String,
    /// Paid amount.
    pub paid: MoneyAmount,
    /// Spent amount. For an answer that a crash ended, the whole reservation counts.
    pub spent: MoneyAmount,
}

/// Members of a charge in the payload. The sum is written for people, and a wrong sum is refused as another spelling.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClauseChargeForm {
    clause: ClauseId,
    per: PriceUnit,
    amount: String,
    currency: String,
    count: u64,
    sum: MoneyAmount,
}

impl From<ClauseCharge> for ClauseChargeForm {
    fn from(charge: ClauseCharge) -> Self {
        Self {
            sum: charge.comes_to(),
            clause: charge.clause,
            per: charge.price.per,
            amount: charge.price.amount,
            currency: charge.price.currency,
            count: charge.count,
        }
    }
}

impl From<ClauseChargeForm> for ClauseCharge {
    fn from(form: ClauseChargeForm) -> Self {
        Self {
            clause: form.clause,
            price: PriceTerm {
                amount: form.amount,
                currency: form.currency,
                per: form.per,
                // Prepaid amounts are separate from the lines.
                prepaid: None,
            },
            count: form.count,
        }
    }
}

/// Members of a prepaid amount in the payload. The remaining amount is written for people, like the sum of a charge.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrepaidUsageForm {
    currency: String,
    paid: MoneyAmount,
    spent: MoneyAmount,
    left: MoneyAmount,
}

impl From<PrepaidUsage> for PrepaidUsageForm {
    fn from(prepaid: PrepaidUsage) -> Self {
        Self {
            left: prepaid.paid.saturating_sub(prepaid.spent),
            currency: prepaid.currency,
            paid: prepaid.paid,
            spent: prepaid.spent,
        }
    }
}

impl From<PrepaidUsageForm> for PrepaidUsage {
    fn from(form: PrepaidUsageForm) -> Self {
        Self {
            currency: form.currency,
            paid: form.paid,
            spent: form.spent,
        }
    }
}

impl Statement for UsageStatement {
    const FORM: &'static str = "usage/1";
    const KIND: StatementKind = StatementKind::Usage;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::{from_bytes, to_bytes};
    use hansa_audit_log::digest::Digest;

    #[test]
    fn a_statement_has_one_spelling_and_its_sums_are_right() {
        let price = PriceTerm {
            amount: "0.05".to_owned(),
            currency: "EUR".to_owned(),
            per: PriceUnit::Query,
            prepaid: None,
        };
        let version = ContractId(Digest::of(b"contract"));
        let usage = UsageStatement {
            provider: "lindau.example".parse().unwrap(),
            consumer: Some("acme.example".parse().unwrap()),
            contract: version,
            lines: vec![MonthlyUsage {
                contract: version,
                month: "2026-06".to_owned(),
                questions: 3,
                rows: 40,
                bytes: 4000,
                sums: vec![ClauseCharge {
                    clause: ClauseId(2),
                    price,
                    count: 3,
                }],
            }],
            prepaid: Some(PrepaidUsage {
                currency: "EUR".to_owned(),
                paid: hansa_policy::money::parse_written_amount("10").unwrap(),
                spent: hansa_policy::money::parse_written_amount("0.15").unwrap(),
            }),
            stated_at: "2026-06-01T00:00:00Z".parse().unwrap(),
        };
        let bytes = to_bytes(&usage);
        assert_eq!(from_bytes::<UsageStatement>(&bytes), Ok(usage));
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("usage/1", "usage/2"),
            ("\"sum\":\"0.15\"", "\"sum\":\"0.10\""),
            ("\"left\":\"9.85\"", "\"left\":\"9.8\""),
            ("\"per\":\"query\"", "\"per\":\"question\""),
            ("\"month\":", "\"moon\":1,\"month\":"),
            ("\"statedAt\"", "\"more\":1,\"statedAt\""),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from}: {text}");
            assert!(
                from_bytes::<UsageStatement>(other.as_bytes()).is_err(),
                "{other}"
            );
        }
    }
}
