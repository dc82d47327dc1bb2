//! Term 40: what is paid; recorded and shown.

use super::Term;
use super::odrl::{decimal, duty, iri, is_decimal, with, word};
use super::rule::{Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::refusal::Refusal;
use evidence::json::Json;
use std::cmp::Ordering;

/// Term 40: what is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The amount, as decimal text.
    pub amount: String,
    /// The currency (ISO 4217).
    pub currency: String,
    /// For what.
    pub per: Priced,
}

/// For what a price is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priced {
    /// A question that was answered.
    Query,
    /// A row that was sent.
    Row,
    /// A million bytes that were sent.
    Megabyte,
    /// A month.
    Month,
}

impl Priced {
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
}

const PRICED: [(&str, Priced); 4] = [
    ("h:query", Priced::Query),
    ("h:row", Priced::Row),
    ("h:MB", Priced::Megabyte),
    ("h:month", Priced::Month),
];

pub(super) static PRICE: Spec = Spec {
    numbers: &[40],
    name: "price",
    place: Place::Duty,
    operand: "compensate",
    operators: &[],
    executed: &[Stage::Recorded],
    codes: &[],
    nature: Nature::Use,
    hides_rows: false,
    mend: "pay; the log counts questions, rows and bytes, and nothing is stopped",
    test: "every_term_has_a_sentence_of_its_own",
    read: read_price,
};

impl Rule for Price {
    fn spec(&self) -> &'static Spec {
        &PRICE
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        with(
            duty("compensate", "h:always"),
            [
                ("payAmount", decimal(&self.amount)),
                ("unit", Json::text(&self.currency)),
                ("unitOfCount", iri(word(&PRICED, &self.per))),
            ],
        )
    }

    fn say(&self, tongue: Tongue) -> String {
        let Self {
            amount,
            currency,
            per,
        } = self;
        let each = match per {
            Priced::Query => tongue.pick("question", "Frage", "pergunta"),
            Priced::Row => tongue.pick("row", "Zeile", "linha"),
            Priced::Megabyte => "MB",
            Priced::Month => tongue.pick("month", "Monat", "mês"),
        };
        tongue.pick(
            format!("the consumer pays {amount} {currency} for each {each}"),
            format!("die Nutzerin zahlt {amount} {currency} je {each}"),
            format!("o utilizador paga {amount} {currency} por {each}"),
        )
    }

    fn normal(&self) -> Json {
        Json::object([
            ("amount", Json::text(super::normal::decimal(&self.amount))),
            ("currency", Json::text(&self.currency)),
            ("per", Json::text(self.per.as_str())),
        ])
    }

    fn about(&self) -> String {
        self.per.as_str().to_owned()
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        matches!(other, Term::Price(other) if other == self).then_some(Ordering::Equal)
    }

    // What is paid lets out nothing more or less.
    fn presence(&self) -> Ordering {
        Ordering::Equal
    }
}

fn read_price(form: &mut Form<'_>) -> Result<Term, Refusal> {
    form.when("h:always")?;
    let amount = form.decimal("payAmount")?;
    let currency = form.text("unit")?;
    if !is_currency(&currency) || amount.starts_with('-') {
        return Err(form.wrong(format!(
            "`{amount} {currency}` is no price such as 0.05 EUR"
        )));
    }
    Ok(Term::Price(Price {
        amount,
        currency,
        per: form.word("unitOfCount", &PRICED, "unit of count")?,
    }))
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
