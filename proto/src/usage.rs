//! The statement `usage/1` by which a provider says what was used under a contract and what that costs, month by month.

use crate::envelope::{self, OpenedEnvelope, StatementKind};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use hansa_policy::id::{ClauseId, ContractId, ParticipantId};
use hansa_policy::money::MoneyAmount;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};
use hansa_policy::term::price::{PriceTerm, PriceUnit};

const FORMAT: &str = "usage/1";

/// What is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepaidUsage {
    /// The currency (ISO 4217).
    pub currency: String,
    /// So much.
    pub paid: MoneyAmount,
    /// What of it is spent; of an answer that a crash has ended, all that was reserved.
    pub spent: MoneyAmount,
}

/// A statement of use as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedUsage {
    /// What is stated.
    pub usage: UsageStatement,
    /// SHA-256 of its payload.
    pub statement: Digest,
    /// The provider's signature.
    pub signature: Signature,
}

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(usage: &UsageStatement) -> Vec<u8> {
    let UsageStatement {
        provider,
        consumer,
        contract,
        lines,
        prepaid,
        stated_at,
    } = usage;
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("provider", Json::text(provider)),
        ("consumer", consumer.as_ref().map_or(Json::Null, Json::text)),
        ("contract", Json::text(contract)),
        ("lines", Json::List(lines.iter().map(line).collect())),
        (
            "prepaid",
            prepaid.as_ref().map_or(Json::Null, |prepaid| {
                Json::object([
                    ("currency", Json::text(&prepaid.currency)),
                    ("paid", Json::text(prepaid.paid)),
                    ("spent", Json::text(prepaid.spent)),
                    ("left", Json::text(prepaid.paid.less(prepaid.spent))),
                ])
            }),
        ),
        ("statedAt", Json::text(stated_at)),
    ]))
}

fn line(line: &MonthlyUsage) -> Json {
    let sums = line.sums.iter().map(|sum| {
        Json::object([
            ("clause", Json::text(sum.clause)),
            ("per", Json::text(sum.price.per.as_str())),
            ("amount", Json::text(&sum.price.amount)),
            ("currency", Json::text(&sum.price.currency)),
            ("count", Json::count(sum.count)),
            ("sum", Json::text(sum.comes_to())),
        ])
    });
    Json::object([
        ("contract", Json::text(line.contract)),
        ("month", Json::text(&line.month)),
        ("questions", Json::count(line.questions)),
        ("rows", Json::count(line.rows)),
        ("bytes", Json::count(line.bytes)),
        ("sums", Json::List(sums.collect())),
    ])
}

/// The statement that the payload makes; its sums are what its prices and counts come to.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<UsageStatement, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let lines = payload.list("lines")?;
    let prepaid = match payload.object_or_null("prepaid")? {
        None => None,
        Some(mut read) => {
            let prepaid = PrepaidUsage {
                currency: read.text("currency")?,
                paid: read.parsed("paid")?,
                spent: read.parsed("spent")?,
            };
            read.parsed::<MoneyAmount>("left")?;
            read.finish()?;
            Some(prepaid)
        }
    };
    let usage = UsageStatement {
        provider: payload.parsed("provider")?,
        consumer: payload.parsed_or_null("consumer")?,
        contract: payload.parsed("contract")?,
        lines: lines
            .into_iter()
            .map(|line| read_line(StrictObjectReader::of(line, "lines", codes)?, codes))
            .collect::<Result<_, _>>()?,
        prepaid,
        stated_at: payload.parsed("statedAt")?,
    };
    payload.finish()?;
    if to_bytes(&usage) != bytes {
        return Err(codes.wrong(
            "a value of the statement is not in its one spelling, or a sum is not what it comes to",
        ));
    }
    Ok(usage)
}

fn read_line(
    mut line: StrictObjectReader,
    codes: ReaderErrorCodes,
) -> Result<MonthlyUsage, Refusal> {
    let sums = line.list("sums")?.into_iter().map(|sum| {
        let mut sum = StrictObjectReader::of(sum, "lines.sums", codes)?;
        let per = sum.text("per")?;
        let per = PriceUnit::ALL.into_iter().find(|one| one.as_str() == per);
        let price = PriceTerm {
            amount: sum.text("amount")?,
            currency: sum.text("currency")?,
            per: per.ok_or_else(|| codes.wrong("a price is for nothing that is counted"))?,
            // What was paid stands beside the lines.
            prepaid: None,
        };
        let read = ClauseCharge {
            clause: sum.parsed("clause")?,
            price,
            count: sum.count("count")?,
        };
        sum.parsed::<MoneyAmount>("sum")?;
        sum.finish()?;
        Ok(read)
    });
    let sums = sums.collect::<Result<_, Refusal>>()?;
    let read = MonthlyUsage {
        contract: line.parsed("contract")?,
        month: line.text("month")?,
        questions: line.count("questions")?,
        rows: line.count("rows")?,
        bytes: line.count("bytes")?,
        sums,
    };
    line.finish()?;
    Ok(read)
}

/// Reads a statement in its envelope: exactly one signature, the provider's.
///
/// # Errors
/// As [`envelope::parse_contract`], with `STATEMENT_MALFORMED`.
pub fn from_envelope(bytes: &[u8]) -> Result<SignedUsage, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = envelope::open(bytes, StatementKind::Usage)?;
    envelope::insist_on_roles(&signatures, &[SignatoryRole::Provider])?;
    Ok(SignedUsage {
        usage: from_bytes(&payload)?,
        statement: Digest::of(&payload),
        signature: envelope::only(signatures)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
                paid: hansa_policy::money::written("10").unwrap(),
                spent: hansa_policy::money::written("0.15").unwrap(),
            }),
            stated_at: "2026-06-01T00:00:00Z".parse().unwrap(),
        };
        let bytes = to_bytes(&usage);
        assert_eq!(from_bytes(&bytes), Ok(usage));
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
            assert!(from_bytes(other.as_bytes()).is_err(), "{other}");
        }
    }
}
