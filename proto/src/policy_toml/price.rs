//! What is paid: the key `price`.

use super::LocatedTerms;
use super::conduct::{number, required};
use super::file_reader::{LocatedValue, PolicyFileReader};
use hansa_policy::money::written;
use hansa_policy::term::Term;
use hansa_policy::term::price::{PriceTerm, PriceUnit, is_amount, is_currency};

/// `[{ amount = 0.05, currency = "EUR", per = "query", prepaid = 100 }]`
pub(super) fn read(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
    terms: &mut LocatedTerms,
) {
    let items = if value.node.is_table() {
        Some(vec![value.clone()])
    } else {
        sheet.items(value)
    };
    for item in items.unwrap_or_default() {
        let Some(table) = sheet.table(&item, Some(&["amount", "currency", "per", "prepaid"]))
        else {
            continue;
        };
        let amount = required(sheet, &item, &table, "amount").and_then(|amount| {
            let text = number(&amount).filter(|text| is_amount(text));
            if text.is_none() {
                sheet.ill_typed(&amount, "an amount such as 0.05");
            }
            text
        });
        let currency = required(sheet, &item, &table, "currency").and_then(|currency| {
            let text = sheet.text(&currency)?;
            if is_currency(&text) {
                return Some(text);
            }
            sheet.ill_typed(&currency, "a currency such as EUR");
            None
        });
        let per = required(sheet, &item, &table, "per").and_then(|per| {
            let text = sheet.text(&per)?;
            let known = PriceUnit::ALL.map(|per| (per.as_str(), per));
            sheet.word(&per.at, &text, "unit of a price", &known)
        });
        let prepaid = table.get("prepaid").map(|paid| {
            let text = number(paid).filter(|text| written(text).is_ok());
            if text.is_none() {
                sheet.ill_typed(paid, "an amount such as 100");
            }
            text
        });
        if let (Some(_), Some(text)) = (&prepaid, &amount)
            && written(text).is_err()
        {
            sheet.ill_typed(&item, "a price of up to 6 digits behind the point");
        }
        if let (Some(amount), Some(currency), Some(per)) = (amount, currency, per) {
            terms.add(
                &item.at,
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
