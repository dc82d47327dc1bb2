//! The statement `usage/1` by which a provider says what was used under a contract and what that costs, month by month.

use crate::envelope::{self, Kind, Opened};
use crate::strict::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::Time;
use hansa_policy::contract::{Role, Signature};
use hansa_policy::id::{ClauseId, ContractId, ParticipantId};
use hansa_policy::members::{Codes, Members};
use hansa_policy::money::Money;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::term::price::{Price, Priced};

const FORMAT: &str = "usage/1";

/// What is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Who gave, and signs.
    pub provider: ParticipantId,
    /// Who received; absent for a public view.
    pub consumer: Option<ParticipantId>,
    /// The contract, by its first version.
    pub contract: ContractId,
    /// What was used, by version and month.
    pub lines: Vec<Line>,
    /// What was paid beforehand, where something was.
    pub prepaid: Option<Prepaid>,
    /// When it is stated; what was answered later is not in it.
    pub stated_at: Time,
}

/// What was used under one version in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
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
    pub sums: Vec<Sum>,
}

/// What something costs by one clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// The clause.
    pub clause: ClauseId,
    /// The price.
    pub price: Price,
    /// Of how many: questions, rows, bytes or months.
    pub count: u64,
}

impl Sum {
    /// What it comes to.
    #[must_use]
    pub fn comes_to(&self) -> Money {
        self.price.each().times(self.count)
    }
}

/// What was paid beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepaid {
    /// The currency (ISO 4217).
    pub currency: String,
    /// So much.
    pub paid: Money,
    /// What of it is spent; of an answer that a crash has ended, all that was reserved.
    pub spent: Money,
}

/// A statement of use as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedUsage {
    /// What is stated.
    pub usage: Usage,
    /// SHA-256 of its payload.
    pub statement: Digest,
    /// The provider's signature.
    pub signature: Signature,
}

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(usage: &Usage) -> Vec<u8> {
    let Usage {
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

fn line(line: &Line) -> Json {
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
pub fn from_bytes(bytes: &[u8]) -> Result<Usage, Refusal> {
    let codes = Codes::of(Code::StatementMalformed);
    let json = strict::document(bytes, LIMITS, Code::StatementMalformed)?;
    let mut payload = Members::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let lines = payload.list("lines")?;
    let prepaid = match payload.object_or_null("prepaid")? {
        None => None,
        Some(mut read) => {
            let prepaid = Prepaid {
                currency: read.text("currency")?,
                paid: read.parsed("paid")?,
                spent: read.parsed("spent")?,
            };
            read.parsed::<Money>("left")?;
            read.finish()?;
            Some(prepaid)
        }
    };
    let usage = Usage {
        provider: payload.parsed("provider")?,
        consumer: payload.parsed_or_null("consumer")?,
        contract: payload.parsed("contract")?,
        lines: lines
            .into_iter()
            .map(|line| read_line(Members::of(line, "lines", codes)?, codes))
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

fn read_line(mut line: Members, codes: Codes) -> Result<Line, Refusal> {
    let sums = line.list("sums")?.into_iter().map(|sum| {
        let mut sum = Members::of(sum, "lines.sums", codes)?;
        let per = sum.text("per")?;
        let per = Priced::ALL.into_iter().find(|one| one.as_str() == per);
        let price = Price {
            amount: sum.text("amount")?,
            currency: sum.text("currency")?,
            per: per.ok_or_else(|| codes.wrong("a price is for nothing that is counted"))?,
            // What was paid stands beside the lines.
            prepaid: None,
        };
        let read = Sum {
            clause: sum.parsed("clause")?,
            price,
            count: sum.count("count")?,
        };
        sum.parsed::<Money>("sum")?;
        sum.finish()?;
        Ok(read)
    });
    let sums = sums.collect::<Result<_, Refusal>>()?;
    let read = Line {
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
    let Opened {
        payload,
        signatures,
    } = envelope::open(bytes, Kind::Usage)?;
    envelope::insist_on_roles(&signatures, &[Role::Provider])?;
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
        let price = Price {
            amount: "0.05".to_owned(),
            currency: "EUR".to_owned(),
            per: Priced::Query,
            prepaid: None,
        };
        let version = ContractId(Digest::of(b"contract"));
        let usage = Usage {
            provider: "lindau.example".parse().unwrap(),
            consumer: Some("acme.example".parse().unwrap()),
            contract: version,
            lines: vec![Line {
                contract: version,
                month: "2026-06".to_owned(),
                questions: 3,
                rows: 40,
                bytes: 4000,
                sums: vec![Sum {
                    clause: ClauseId(2),
                    price,
                    count: 3,
                }],
            }],
            prepaid: Some(Prepaid {
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
