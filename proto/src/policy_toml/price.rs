//! `price`: what is paid.

use super::file_reader::PolicyFileReader;
use super::value_form::{
    Amount, Currency, Optional, Plain, Prepayment, TableReader, ValueForm, table_form,
};
use hansa_policy::money::parse_written_amount;
use hansa_policy::term::price::PriceTerm;
use hansa_toml_reader::TomlValue;

table_form!(PriceTerm {
    amount = "amount": Amount;
    currency = "currency": Currency;
    per = "per": Plain;
    prepaid = "prepaid": Optional<Prepayment>, or |_| Some(None);
});

/// `{ amount = 0.05, currency = "EUR", per = "query", prepaid = 100 }`; what is paid beforehand is counted exactly.
pub(super) enum Price {}

impl ValueForm<PriceTerm> for Price {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<PriceTerm> {
        let price: PriceTerm = Plain::read(reader, value)?;
        if price.prepaid.is_some() && parse_written_amount(&price.amount).is_err() {
            value.ill_typed("a price of up to 6 digits behind the point");
        }
        Some(price)
    }

    fn write(value: &PriceTerm) -> Option<String> {
        Plain::write(value)
    }
}
