//! The statement `usage/1` by which a provider says what was used under a contract and what that costs, month by month.

use evidence::json::{Json, canonical};
use evidence::time::Time;
use policy::id::{ClauseId, ContractId, ParticipantId};
use policy::money::Money;
use policy::term::price::Price;

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
        ("hansa", Json::text("usage/1")),
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
