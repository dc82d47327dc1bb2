//! Term 40: price. It is counted and shown. Where it is prepaid, no answer exceeds the prepaid amount.
//!
//! Months are calendar months in UTC. Each month that has begun since the contract came into force is charged.

use super::odrl::{decimal_literal, find_word, iri_json, is_decimal, with_members};
use super::rule::{
    AdmissionCheck, AdmissionContext, ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition,
    OdrlReader, OdrlWriter, TermRule, TermSpec,
};
use crate::money::{self, MoneyAmount};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;

/// Term 40: price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceTerm {
    /// Amount as decimal text.
    pub amount: String,
    /// Currency (ISO 4217).
    pub currency: String,
    /// Unit of the price.
    pub per: PriceUnit,
    /// Prepaid amount as decimal text; absent where the price is paid afterwards.
    pub prepaid: Option<String>,
}

impl PriceTerm {
    /// Price of one counted thing: a question, a row, a byte or a month.
    #[must_use]
    pub fn unit_price(&self) -> MoneyAmount {
        // Amounts were checked when the term was read; an invalid one counts as unaffordable.
        let amount = money::parse_written_amount(&self.amount).unwrap_or(MoneyAmount::ENDLESS);
        match self.per {
            PriceUnit::Megabyte => amount.millionth(),
            PriceUnit::Query | PriceUnit::Row | PriceUnit::Month => amount,
        }
    }

    /// Prepaid amount; none where the price is paid afterwards.
    #[must_use]
    pub fn prepaid_amount(&self) -> Option<MoneyAmount> {
        let paid = self.prepaid.as_ref()?;
        Some(money::parse_written_amount(paid).unwrap_or(MoneyAmount::NOTHING))
    }
}

/// Unit of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceUnit {
    /// Answered question.
    Query,
    /// Sent row.
    Row,
    /// Million sent bytes.
    Megabyte,
    /// Calendar month.
    Month,
}

impl PriceUnit {
    /// All units.
    pub const ALL: [Self; 4] = [Self::Query, Self::Row, Self::Megabyte, Self::Month];

    /// Word of the unit.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Row => "row",
            Self::Megabyte => "MB",
            Self::Month => "month",
        }
    }

    /// Unit with this word.
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
    remedy: "pay more in advance; the provider then records the payment: hansa contract top-up",
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

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        // A price without prepayment is a standing duty; a prepayment must exist before use.
        let when = match self.prepaid {
            Some(_) => "h:beforeUse",
            None => "h:always",
        };
        let price = Json::object([
            ("h:when", Json::from_display(when)),
            ("payAmount", decimal_literal(&self.amount)),
            ("unit", Json::from_display(&self.currency)),
            ("unitOfCount", iri_json(find_word(&PRICED, &self.per))),
        ]);
        match &self.prepaid {
            Some(paid) => with_members(price, [("h:prepaid", decimal_literal(paid))]),
            None => price,
        }
    }

    fn to_canonical_json(&self) -> Json {
        let price = Json::object([
            (
                "amount",
                Json::from_display(super::canonical_value::canonical_decimal(&self.amount)),
            ),
            ("currency", Json::from_display(&self.currency)),
            ("per", Json::from_display(self.per.as_str())),
        ]);
        match &self.prepaid {
            Some(paid) => with_members(
                price,
                [(
                    "prepaid",
                    Json::from_display(super::canonical_value::canonical_decimal(paid)),
                )],
            ),
            None => price,
        }
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        self.prepaid
            .is_some()
            .then_some(ClauseSubject::Kind("prepaid"))
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
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
        if balance.left >= self.unit_price().saturating_mul(months) {
            return Ok(());
        }
        Err(self.spent_prepayment_refusal(balance.left))
    }

    fn subject(&self) -> String {
        self.per.as_str().to_owned()
    }

    // A price does not change the disclosed data.
    fn presence(&self) -> Ordering {
        Ordering::Equal
    }
}

impl PriceTerm {
    /// Refusal where the prepaid amount is not enough.
    #[must_use]
    pub fn spent_prepayment_refusal(&self, left: MoneyAmount) -> Refusal {
        let currency = &self.currency;
        Refusal::new(
            ErrorCode::PrepaidSpent,
            format!("only {left} {currency} of the prepaid amount are left"),
        )
        .with_help("pay more; the provider then records the payment: hansa contract top-up")
    }
}

/// Reads the ODRL form.
pub(super) fn read_price(form: &mut OdrlReader<'_>) -> Result<PriceTerm, Refusal> {
    let prepaid = if form.members.has_member("h:prepaid") {
        Some(form.read_decimal("h:prepaid")?)
    } else {
        None
    };
    form.check_duty_moment(if prepaid.is_some() {
        "h:beforeUse"
    } else {
        "h:always"
    })?;
    let amount = form.read_decimal("payAmount")?;
    let currency = form.read_text("unit")?;
    if !is_currency(&currency) || amount.starts_with('-') {
        return Err(form.malformed_refusal(format!(
            "`{amount} {currency}` is no price such as 0.05 EUR"
        )));
    }
    if let Some(paid) = &prepaid
        && let Err(fault) =
            money::parse_written_amount(paid).and(money::parse_written_amount(&amount))
    {
        return Err(form.malformed_refusal(format!("`{amount}`, `{paid}`: {fault}")));
    }
    Ok(PriceTerm {
        amount,
        currency,
        per: form.read_word("unitOfCount", &PRICED, "unit of count")?,
        prepaid,
    })
}

/// Number of the calendar month (UTC) of an instant, counted from the year 0.
#[must_use]
pub fn calendar_month(at: UtcTimestamp) -> u64 {
    let text = at.to_string();
    let mut parts = text.split('-').map(|part| part.parse::<u64>().unwrap_or(0));
    let (year, month) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    year.saturating_mul(12).saturating_add(month)
}

/// True if the text has the form of a currency code (ISO 4217).
#[must_use]
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// True if the text is an amount that can be paid.
#[must_use]
pub fn is_amount(text: &str) -> bool {
    is_decimal(text) && !text.starts_with('-')
}
