//! When, where to, with whom and on what footing: the keys of the terms about the conduct of the parties, both ways.

use super::LocatedTerms;
use super::file_reader::{CheckedTable, KeyLocation, LocatedValue, PolicyFileReader};
use super::price;
use super::value_form::decimal;
use hansa_policy::group::GroupName;
use hansa_policy::id::DatasetId;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use hansa_policy::term::embargo::{EmbargoDelay, EmbargoTerm};
use hansa_policy::term::hours::HoursTerm;
use hansa_policy::term::inform::{InformEvent, NotificationTerm, Recipient};
use hansa_policy::term::key_transfer::{KeyRecipients, KeyTransferTerm};
use hansa_policy::term::legal_basis::LegalBasis;
use hansa_policy::term::relative_window::{RelativeWindowTerm, WindowStart};
use hansa_policy::term::schema_version::SchemaCompatibility;
use hansa_policy::term::service_level::ServiceLevelTerm;
use hansa_policy::value::delivery::{DeliveryFormat, NetworkPrefix};
use hansa_policy::value::sector::SectorCode;
use std::fmt::Display;
use std::str::FromStr;

pub(super) const SINCE: [(&str, WindowStart); 2] = [
    ("activation", WindowStart::Activation),
    ("first-use", WindowStart::FirstUse),
];

/// The units of delays, in seconds, the largest first.
pub(super) const UNITS: [(&str, u64); 4] = [
    ("days", 86_400),
    ("hours", 3_600),
    ("minutes", 60),
    ("seconds", 1),
];

pub(super) fn read(
    sheet: &mut PolicyFileReader<'_>,
    keys: &CheckedTable<'_>,
    terms: &mut LocatedTerms,
) {
    if let Some(value) = keys.get("group")
        && let Some(group) = group(sheet, value)
    {
        terms.add(&value.at, Term::Group(group));
    }
    if let Some(value) = keys.get("sectors") {
        let list: Vec<SectorCode> = each(sheet, value);
        terms.add_unless_empty(&value.at, &list, Term::Sector(list.clone()));
    }
    if let Some(value) = keys.get("region")
        && let Some(region) = parsed(sheet, value)
    {
        terms.add(&value.at, Term::Region(region));
    }
    if let Some(value) = keys.get("lasts") {
        lasts(sheet, value, terms);
    }
    if let Some(value) = keys.get("hours")
        && let Some(hours) = parsed::<HoursTerm>(sheet, value)
    {
        terms.add(&value.at, Term::Hours(hours));
    }
    if let Some(value) = keys.get("embargo") {
        embargo(sheet, value, terms);
    }
    if let Some(value) = keys.get("join") {
        join(sheet, value, terms);
    }
    if let Some(value) = keys.get("rows_per_second")
        && let Some(rows) = sheet.count(value)
    {
        terms.add(&value.at, Term::RowsPerSecond(rows));
    }
    if let Some(value) = keys.get("concurrent")
        && let Some(most) = sheet.small(value)
    {
        terms.add(&value.at, Term::Concurrent(most));
    }
    if let Some(value) = keys.get("open_receipts")
        && let Some(most) = sheet.small(value)
    {
        terms.add(&value.at, Term::Receipts(most));
    }
    if let Some(value) = keys.get("schema")
        && let Some(text) = sheet.text(value)
    {
        let known = SchemaCompatibility::ALL.map(|schemas| (schemas.as_str(), schemas));
        if let Some(schemas) = sheet.word(&value.at, &text, "treatment of versions", &known) {
            terms.add(&value.at, Term::Version(schemas));
        }
    }
    if let Some(value) = keys.get("networks") {
        let list: Vec<NetworkPrefix> = each(sheet, value);
        terms.add_unless_empty(&value.at, &list, Term::Networks(list.clone()));
    }
    if let Some(value) = keys.get("formats") {
        let list = words(
            sheet,
            value,
            "format",
            &DeliveryFormat::ALL.map(|format| (format.as_str(), format)),
        );
        terms.add_unless_empty(&value.at, &list, Term::Formats(list.clone()));
    }
    if let Some(value) = keys.get("exclusive") {
        match value.node.as_bool() {
            Some(true) => terms.add(&value.at, Term::Exclusive),
            Some(false) => {}
            None => sheet.ill_typed(value, "true or false"),
        }
    }
    if let Some(value) = keys.get("legal_basis")
        && let Some(text) = sheet.text(value)
    {
        let known = LegalBasis::ALL.map(|basis| (basis.as_str(), basis));
        if let Some(basis) = sheet.word(&value.at, &text, "legal basis", &known) {
            terms.add(&value.at, Term::LegalBasis(basis));
        }
    }
    if let Some(value) = keys.get("service") {
        service(sheet, value, terms);
    }
    if let Some(value) = keys.get("price") {
        price::read(sheet, value, terms);
    }
    if let Some(value) = keys.get("inform") {
        let list = words(
            sheet,
            value,
            "event",
            &InformEvent::ALL.map(|event| (event.as_str(), event)),
        );
        terms.add_unless_empty(&value.at, &list, Term::Inform(list.clone()));
    }
    if let Some(value) = keys.get("notify") {
        notify(sheet, value, terms);
    }
}

/// `{ of = ["first-use", "refusal"], whom = ["provider", "consumer"] }`
fn notify(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = sheet.table(value, Some(&["of", "whom"])) else {
        return;
    };
    let events = InformEvent::ALL.map(|event| (event.as_str(), event));
    let of = required(sheet, value, &table, "of").map(|of| words(sheet, &of, "event", &events));
    let sides = Recipient::ALL.map(|side| (side.as_str(), side));
    let whom = required(sheet, value, &table, "whom").map(|of| words(sheet, &of, "party", &sides));
    if let (Some(of), Some(whom)) = (of, whom)
        && !of.is_empty()
        && !whom.is_empty()
    {
        terms.add(
            &value.at,
            Term::Notify(NotificationTerm {
                events: of,
                recipients: whom,
            }),
        );
    }
}

/// `"90 days"`, or `{ days = 90, since = "first-use" }`.
fn lasts(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>, terms: &mut LocatedTerms) {
    let (days, since) = if value.node.is_table() {
        let Some(table) = sheet.table(value, Some(&["days", "since"])) else {
            return;
        };
        let days = required(sheet, value, &table, "days").and_then(|days| sheet.small(&days));
        let since = match table.get("since") {
            None => Some(WindowStart::Activation),
            Some(since) => sheet
                .text(since)
                .and_then(|text| sheet.word(&since.at, &text, "beginning", &SINCE)),
        };
        (days, since)
    } else {
        let days = delay(sheet, value).and_then(|delay| {
            let whole = delay.0.is_multiple_of(86_400);
            whole
                .then(|| u32::try_from(delay.0 / 86_400).ok())
                .flatten()
        });
        if days.is_none() && sheet.is_clean() {
            sheet.ill_typed(value, "a number of days such as \"90 days\"");
        }
        (days, Some(WindowStart::Activation))
    };
    if let (Some(days), Some(since)) = (days, since) {
        terms.add(&value.at, Term::Lasts(RelativeWindowTerm { days, since }));
    }
}

/// `{ column = "started_at", for = "24 hours" }`
fn embargo(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = sheet.table(value, Some(&["column", "for"])) else {
        return;
    };
    let column = required(sheet, value, &table, "column").and_then(|column| {
        let text = sheet.text(&column)?;
        sheet.column(&column.at, &text)
    });
    let delay = required(sheet, value, &table, "for").and_then(|delay| self::delay(sheet, &delay));
    if let (Some(column), Some(delay)) = (column, delay) {
        terms.add(&value.at, Term::Embargo(EmbargoTerm { column, delay }));
    }
}

/// `{ keys = […], with = […] or "none", keys_stay = true, travel = { columns = […], to = […] or "anybody" } }`
fn join(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = sheet.table(value, Some(&["keys", "with", "keys_stay", "travel"])) else {
        return;
    };
    if let Some(keys) = table.get("keys") {
        let list = sheet.columns(keys);
        terms.add_unless_empty(&keys.at, &list, Term::JoinKeys(list.clone()));
    }
    if let Some(with) = table.get("with") {
        if with.node.as_str() == Some("none") {
            terms.add(&with.at, Term::JoinWith(Vec::new()));
        } else {
            let list: Vec<DatasetId> = each(sheet, with);
            terms.add_unless_empty(&with.at, &list, Term::JoinWith(list.clone()));
        }
    }
    if let Some(stay) = table.get("keys_stay") {
        match stay.node.as_bool() {
            Some(true) => terms.add(&stay.at, Term::KeysStay),
            Some(false) => {}
            None => sheet.ill_typed(stay, "true or false"),
        }
    }
    if let Some(value) = table.get("travel") {
        travel(sheet, value, terms);
    }
}

/// `{ columns = […], to = […] or "anybody" }`
fn travel(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = sheet.table(value, Some(&["columns", "to"])) else {
        return;
    };
    let columns = required(sheet, value, &table, "columns").map(|columns| sheet.columns(&columns));
    let to = required(sheet, value, &table, "to").map(|to| match to.node.as_str() {
        Some("anybody") => KeyRecipients::Anybody,
        _ => KeyRecipients::These(each(sheet, &to)),
    });
    let (Some(columns), Some(to)) = (columns, to) else {
        return;
    };
    if to == KeyRecipients::These(Vec::new()) {
        sheet.ill_typed(value, "columns, and participants or \"anybody\"");
        return;
    }
    let term = Term::KeysTravel(KeyTransferTerm {
        columns: columns.clone(),
        to,
    });
    terms.add_unless_empty(&value.at, &columns, term);
}

/// `{ availability = 99.5, p95_ms = 2000 }`
fn service(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = sheet.table(value, Some(&["availability", "p95_ms"])) else {
        return;
    };
    let availability = required(sheet, value, &table, "availability").and_then(|share| {
        let text = number(&share).filter(|text| {
            let share: f64 = text.parse().unwrap_or(f64::NAN);
            (0.0..=100.0).contains(&share)
        });
        if text.is_none() {
            sheet.ill_typed(&share, "a share in percent such as 99.5");
        }
        text
    });
    let p95_ms = required(sheet, value, &table, "p95_ms").and_then(|ms| sheet.small(&ms));
    if let (Some(availability), Some(p95_ms)) = (availability, p95_ms) {
        terms.add(
            &value.at,
            Term::Service(ServiceLevelTerm {
                availability,
                p95_ms,
            }),
        );
    }
}

pub(super) fn required<'v>(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'v>,
    table: &CheckedTable<'v>,
    key: &str,
) -> Option<LocatedValue<'v>> {
    let found = table.get(key).cloned();
    if found.is_none() {
        let sentence = format!("`{}` has no `{key}`", value.at.key);
        sheet.problem(&value.at, ErrorCode::ConfigInvalid, sentence);
    }
    found
}

/// A number, or a text that is one.
pub(super) fn number(value: &LocatedValue<'_>) -> Option<String> {
    let text = value.node.as_str().map(str::to_owned);
    text.filter(|text| hansa_policy::term::odrl::is_decimal(text))
        .or_else(|| decimal(value))
}

fn delay(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>) -> Option<EmbargoDelay> {
    let text = sheet.text(value)?;
    let found = text.split_once(' ').and_then(|(number, unit)| {
        let plural = if unit.ends_with('s') {
            unit.to_owned()
        } else {
            format!("{unit}s")
        };
        let (_, seconds) = UNITS.iter().find(|(known, _)| *known == plural)?;
        let number: u64 = number.parse().ok()?;
        number.checked_mul(*seconds).filter(|delay| *delay > 0)
    });
    if found.is_none() {
        sheet.problem(
            &value.at,
            ErrorCode::TermIllTyped,
            format!("`{text}` is no length of time such as 24 hours"),
        );
    }
    found.map(EmbargoDelay)
}

/// A group by its name alone. Whose it is can't be said: a list of somebody else is looked at by nobody here.
fn group(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>) -> Option<GroupName> {
    let text = sheet.text(value)?;
    let Some((owner, name)) = text.split_once("/g/") else {
        return made(sheet, &value.at, &text);
    };
    sheet.problem(
        &value.at,
        ErrorCode::TermUnknown,
        format!(
            "`{text}` names a group of {owner}: the provider's own list alone is looked at, and named without its owner, as `{name}`"
        ),
    );
    None
}

pub(super) fn parsed<T: FromStr<Err: Display>>(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
) -> Option<T> {
    let text = sheet.text(value)?;
    made(sheet, &value.at, &text)
}

fn made<T: FromStr<Err: Display>>(
    sheet: &mut PolicyFileReader<'_>,
    at: &KeyLocation,
    text: &str,
) -> Option<T> {
    match text.parse() {
        Ok(parsed) => Some(parsed),
        Err(fault) => {
            sheet.problem(at, ErrorCode::TermIllTyped, format!("`{text}`: {fault}"));
            None
        }
    }
}

/// The items of a list of texts, each at most once.
pub(super) fn each<T: FromStr<Err: Display> + PartialEq>(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
) -> Vec<T> {
    let mut found = Vec::new();
    for (at, text) in sheet.texts(value) {
        let Some(item) = made(sheet, &at, &text) else {
            continue;
        };
        once(sheet, &at, &text, item, &mut found);
    }
    found
}

fn words<T: Copy + PartialEq>(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
    what: &str,
    known: &[(&'static str, T)],
) -> Vec<T> {
    let mut found = Vec::new();
    for (at, text) in sheet.texts(value) {
        if let Some(item) = sheet.word(&at, &text, what, known) {
            once(sheet, &at, &text, item, &mut found);
        }
    }
    found
}

fn once<T: PartialEq>(
    sheet: &mut PolicyFileReader<'_>,
    at: &KeyLocation,
    text: &str,
    item: T,
    found: &mut Vec<T>,
) {
    if found.contains(&item) {
        sheet.problem(
            at,
            ErrorCode::TermIllTyped,
            format!("`{text}` is listed twice"),
        );
    } else {
        found.push(item);
    }
}
