//! What is paid: the key `price`.

use super::LocatedTerms;
use super::conduct::number;
use super::file_reader::{required_value, several};
use hansa_policy::money::parse_written_amount;
use hansa_policy::term::Term;
use hansa_policy::term::price::{PriceTerm, PriceUnit, is_amount, is_currency};
use hansa_toml_reader::TomlValue;
use toml::de::DeValue;

/// `[{ amount = 0.05, currency = "EUR", per = "query", prepaid = 100 }]`
pub(super) fn read(value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    for item in several(value, DeValue::is_table) {
        let Some(table) = item.table_with(&["amount", "currency", "per", "prepaid"]) else {
            continue;
        };
        let amount = required_value(&item, &table, "amount").and_then(|amount| {
            let text = number(amount).filter(|text| is_amount(text));
            if text.is_none() {
                amount.ill_typed("an amount such as 0.05");
            }
            text
        });
        let currency = required_value(&item, &table, "currency").and_then(|currency| {
            let text = currency.text()?;
            if is_currency(&text) {
                return Some(text);
            }
            currency.ill_typed("a currency such as EUR");
            None
        });
        let known = PriceUnit::ALL.map(|per| (per.as_str(), per));
        let per = required_value(&item, &table, "per").and_then(|per| per.word(&known));
        let prepaid = table.get("prepaid").map(|paid| {
            let text = number(paid).filter(|text| parse_written_amount(text).is_ok());
            if text.is_none() {
                paid.ill_typed("an amount such as 100");
            }
            text
        });
        if let (Some(_), Some(text)) = (&prepaid, &amount)
            && parse_written_amount(text).is_err()
        {
            item.ill_typed("a price of up to 6 digits behind the point");
        }
        if let (Some(amount), Some(currency), Some(per)) = (amount, currency, per) {
            terms.add(
                &item,
                Term::Price(PriceTerm {
                    amount,
                    currency,
                    per,
                    prepaid: prepaid.flatten(),
                }),
            );
        }
    }
}
