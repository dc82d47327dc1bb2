//! The statement `usage/1` by which a provider says what was used under a contract and what that costs, month by month.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ClauseId, ContractId, ParticipantId};
use hansa_policy::money::MoneyAmount;
use hansa_policy::term::price::{PriceTerm, PriceUnit};
use serde::{Deserialize, Serialize};

/// What is stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsageStatement {
    /// Who gave, and signs.
    pub provider: ParticipantId,
    /// Who received; absent for a public view.
    pub consumer: Option<ParticipantId>,
    /// The contract, by its first version.
    pub contract: ContractId,
    /// What was used, by version and month.
    pub lines: Vec<MonthlyUsage>,
    /// What was paid beforehand, where something was.
    pub prepaid: Option<PrepaidUsage>,
    /// When it is stated; what was answered later is not in it.
    pub stated_at: UtcTimestamp,
}

/// What was used under one version in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MonthlyUsage {
    /// The version.
    pub contract: ContractId,
    /// The month (UTC), such as 2026-06.
    pub month: String,
    /// Questions that were answered.
    pub questions: u64,
    /// Rows that were sent.
    pub rows: u64,
    /// Bytes that were sent.
    pub bytes: u64,
    /// What that costs.
    pub sums: Vec<ClauseCharge>,
}

/// What something costs by one clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ClauseChargeForm", into = "ClauseChargeForm")]
pub struct ClauseCharge {
    /// The clause.
    pub clause: ClauseId,
    /// The price.
    pub price: PriceTerm,
    /// Of how many: questions, rows, bytes or months.
    pub count: u64,
}

impl ClauseCharge {
    /// What it comes to.
    #[must_use]
    pub fn comes_to(&self) -> MoneyAmount {
        self.price.each().times(self.count)
    }
}

/// What was paid beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PrepaidUsageForm", into = "PrepaidUsageForm")]
pub struct PrepaidUsage {
    /// The currency (ISO 4217).
    pub currency: String,
    /// So much.
    pub paid: MoneyAmount,
    /// What of it is spent; of an answer that a crash has ended, all that was reserved.
    pub spent: MoneyAmount,
}

/// The members of a charge in the payload. The sum is written for people; another one than it comes to is another spelling.
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
                // What was paid stands beside the lines.
                prepaid: None,
            },
            count: form.count,
        }
    }
}

/// The members of a prepaid amount in the payload. What is left is written for people, as the sum of a charge is.
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
            left: prepaid.paid.less(prepaid.spent),
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
