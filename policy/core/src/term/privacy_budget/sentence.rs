//! The budget in words.

use super::{Language, TimeBucketWidth};
use crate::value::privacy_budget::PrivacyBudgetTerm;

/// The sentence.
pub(super) fn said(budget: &PrivacyBudgetTerm, tongue: Language) -> String {
    let PrivacyBudgetTerm {
        most,
        per,
        each,
        unit,
        cells,
        rows,
        bounds,
        values,
        from,
    } = budget;
    let per = match per {
        TimeBucketWidth::QuarterHour => {
            tongue.pick("quarter hour", "Viertelstunde", "quarto de hora")
        }
        TimeBucketWidth::Hour => tongue.pick("hour", "Stunde", "hora"),
        TimeBucketWidth::Day => tongue.pick("day", "Tag", "dia"),
        TimeBucketWidth::Week => tongue.pick("week", "Woche", "semana"),
        TimeBucketWidth::Month => tongue.pick("month", "Monat", "mês"),
        TimeBucketWidth::Year => tongue.pick("year", "Jahr", "ano"),
    };
    let held: Vec<String> = bounds
        .iter()
        .map(|one| {
            let (measure, low, high) = (&one.measure, one.low, one.high);
            tongue.pick(
                format!("{measure} from {low} to {high}"),
                format!("{measure} von {low} bis {high}"),
                format!("{measure} de {low} a {high}"),
            )
        })
        .collect();
    let held = match held.is_empty() {
        true => String::new(),
        false => tongue.pick(
            format!(", values held within {}", tongue.all_of(&held)),
            format!(", Werte begrenzt auf {}", tongue.all_of(&held)),
            format!(", valores limitados a {}", tongue.all_of(&held)),
        ),
    };
    let named: Vec<String> = values
        .iter()
        .map(|one| format!("{} {}", one.column, tongue.all_of(&one.list)))
        .collect();
    let named = match named.is_empty() {
        true => String::new(),
        false => format!(" ({})", named.join("; ")),
    };
    tongue.pick(
        format!(
            "numbers have noise that is drawn once: a release spends epsilon {each}, all contracts on the dataset \
             together at most {most} for each {per} of data and each {unit}; of one {unit} at most {cells} groups of a \
             release count, with {rows} rows in each{held}; every group is there from {from} on, also an empty one{named}, \
             and a number can be below zero"
        ),
        format!(
            "Zahlen haben ein einmal gezogenes Rauschen: eine Freigabe verbraucht Epsilon {each}, alle Verträge über den \
             Datensatz zusammen höchstens {most} je {per} der Daten und je {unit}; von einem {unit} zählen höchstens {cells} \
             Gruppen einer Freigabe mit je {rows} Zeilen{held}; ab {from} ist jede Gruppe da, auch eine leere{named}, und \
             eine Zahl kann unter null liegen"
        ),
        format!(
            "os números têm um ruído sorteado uma só vez: uma divulgação gasta épsilon {each}, todos os contratos sobre o \
             conjunto de dados no máximo {most} por {per} de dados e por {unit}; de um {unit} contam no máximo {cells} grupos \
             de uma divulgação, com {rows} linhas em cada um{held}; a partir de {from} existe cada grupo, mesmo vazio{named}, \
             e um número pode ser inferior a zero"
        ),
    )
}
