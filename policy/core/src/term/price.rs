//! Term 40: what is paid. Counted and shown; where it is paid beforehand, nothing is answered beyond what was paid.
//!
//! A month is one of the calendar, in UTC: each that has begun since the contract came into force is paid for.

use super::odrl::{decimal, iri, is_decimal, with, word};
use super::rule::{
    AdmissionCheck, AdmissionContext, ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition,
    OdrlReader, OdrlWriter, TermRule, TermSpec,
};
use crate::money::{self, MoneyAmount};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;

/// Term 40: what is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceTerm {
    /// The amount, as decimal text.
    pub amount: String,
    /// The currency (ISO 4217).
    pub currency: String,
    /// For what.
    pub per: PriceUnit,
    /// What was paid beforehand, as decimal text; absent where it is paid afterwards.
    pub prepaid: Option<String>,
}

impl PriceTerm {
    /// What one of the things costs that are counted: a question, a row, a byte or a month.
    #[must_use]
    pub fn each(&self) -> MoneyAmount {
        // Both were read as amounts; what is none costs more than anybody has.
        let amount = money::parse_written_amount(&self.amount).unwrap_or(MoneyAmount::ENDLESS);
        match self.per {
            PriceUnit::Megabyte => amount.millionth(),
            PriceUnit::Query | PriceUnit::Row | PriceUnit::Month => amount,
        }
    }

    /// What was paid beforehand.
    #[must_use]
    pub fn prepaid_amount(&self) -> Option<MoneyAmount> {
        let paid = self.prepaid.as_ref()?;
        Some(money::parse_written_amount(paid).unwrap_or(MoneyAmount::NOTHING))
    }
}

/// For what a price is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceUnit {
    /// A question that was answered.
    Query,
    /// A row that was sent.
    Row,
    /// A million bytes that were sent.
    Megabyte,
    /// A month.
    Month,
}

impl PriceUnit {
    /// Everything that a price may be for.
    pub const ALL: [Self; 4] = [Self::Query, Self::Row, Self::Megabyte, Self::Month];

    /// For what, in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Row => "row",
            Self::Megabyte => "MB",
            Self::Month => "month",
        }
    }

    /// The unit of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == word)
    }
}

hansa_audit_log::serialize_as_word!(PriceUnit);

const PRICED: [(&str, PriceUnit); 4] = [
    ("h:query", PriceUnit::Query),
    ("h:row", PriceUnit::Row),
    ("h:MB", PriceUnit::Megabyte),
    ("h:month", PriceUnit::Month),
];

pub(super) static PRICE: TermSpec = TermSpec {
    numbers: &[40],
    name: "price",
    position: OdrlPosition::Duty,
    operand: "compensate",
    operators: &[],
    executed: &[EnforcementPoint::Recorded],
    codes: &[],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "pay; the log counts questions, rows and bytes, and nothing is stopped",
    test: "every_term_has_a_sentence_of_its_own",
};

pub(super) static PREPAID: TermSpec = TermSpec {
    numbers: &[40],
    name: "prepaid",
    position: OdrlPosition::Duty,
    operand: "compensate",
    operators: &[],
    executed: &[
        EnforcementPoint::Admission,
        EnforcementPoint::Answer,
        EnforcementPoint::Ledger,
    ],
    codes: &[ErrorCode::PrepaidSpent],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "pay more beforehand; the provider puts it on the books: hansa contract top-up",
    test: "what_was_paid_beforehand_is_spent_to_the_last_row",
};

impl TermRule for PriceTerm {
    fn spec(&self) -> &'static TermSpec {
        if self.prepaid.is_some() {
            &PREPAID
        } else {
            &PRICE
        }
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        // What is not paid beforehand stands always; what is, must be there before use.
        let when = match self.prepaid {
            Some(_) => "h:beforeUse",
            None => "h:always",
        };
        let price = Json::object([
            ("h:when", Json::text(when)),
            ("payAmount", decimal(&self.amount)),
            ("unit", Json::text(&self.currency)),
            ("unitOfCount", iri(word(&PRICED, &self.per))),
        ]);
        match &self.prepaid {
            Some(paid) => with(price, [("h:prepaid", decimal(paid))]),
            None => price,
        }
    }

    fn canonical(&self) -> Json {
        let price = Json::object([
            (
                "amount",
                Json::text(super::canonical_value::decimal(&self.amount)),
            ),
            ("currency", Json::text(&self.currency)),
            ("per", Json::text(self.per.as_str())),
        ]);
        match &self.prepaid {
            Some(paid) => with(
                price,
                [("prepaid", Json::text(super::canonical_value::decimal(paid)))],
            ),
            None => price,
        }
    }

    fn decides(&self) -> Option<ClauseSubject> {
        self.prepaid
            .is_some()
            .then_some(ClauseSubject::Kind("prepaid"))
    }

    fn check(&self) -> Option<AdmissionCheck> {
        self.prepaid.is_some().then_some(AdmissionCheck::Count)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        if self.prepaid.is_none() {
            return Ok(());
        }
        let balance = &to.context.balance;
        let months = match self.per {
            PriceUnit::Month => balance.months_due,
            PriceUnit::Query | PriceUnit::Row | PriceUnit::Megabyte => 1,
        };
        if balance.left >= self.each().times(months) {
            return Ok(());
        }
        Err(self.spent_prepayment_refusal(balance.left))
    }

    fn subject(&self) -> String {
        self.per.as_str().to_owned()
    }

    // What is paid lets out nothing more or less.
    fn presence(&self) -> Ordering {
        Ordering::Equal
    }
}

impl PriceTerm {
    /// What was paid beforehand is not enough.
    #[must_use]
    pub fn spent_prepayment_refusal(&self, left: MoneyAmount) -> Refusal {
        let currency = &self.currency;
        Refusal::new(
            ErrorCode::PrepaidSpent,
            format!("of what was paid beforehand {left} {currency} are left"),
        )
        .with_help("pay more; the provider puts it on the books: hansa contract top-up")
    }
}

/// Reads its form.
pub(super) fn read(form: &mut OdrlReader<'_>) -> Result<PriceTerm, Refusal> {
    let prepaid = if form.members.has("h:prepaid") {
        Some(form.decimal("h:prepaid")?)
    } else {
        None
    };
    form.when(if prepaid.is_some() {
        "h:beforeUse"
    } else {
        "h:always"
    })?;
    let amount = form.decimal("payAmount")?;
    let currency = form.text("unit")?;
    if !is_currency(&currency) || amount.starts_with('-') {
        return Err(form.wrong(format!(
            "`{amount} {currency}` is no price such as 0.05 EUR"
        )));
    }
    if let Some(paid) = &prepaid
        && let Err(fault) =
            money::parse_written_amount(paid).and(money::parse_written_amount(&amount))
    {
        return Err(form.wrong(format!("`{amount}`, `{paid}`: {fault}")));
    }
    Ok(PriceTerm {
        amount,
        currency,
        per: form.word("unitOfCount", &PRICED, "unit of count")?,
        prepaid,
    })
}

/// The month of the calendar (UTC) in which an instant lies, counted from the year 0.
#[must_use]
pub fn month(at: UtcTimestamp) -> u64 {
    let text = at.to_string();
    let mut parts = text.split('-').map(|part| part.parse::<u64>().unwrap_or(0));
    let (year, month) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    year.saturating_mul(12).saturating_add(month)
}

/// Whether the text has the form of a currency (ISO 4217).
#[must_use]
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether the text is an amount that can be paid.
#[must_use]
pub fn is_amount(text: &str) -> bool {
    is_decimal(text) && !text.starts_with('-')
}
