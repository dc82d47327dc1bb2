//! When, where to, with whom and on what footing: the keys of the terms about the conduct of the parties, both ways.

use super::LocatedTerms;
use super::file_reader::{PolicyFileReader, each, required_value, words};
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
use hansa_toml_reader::{TomlTable, TomlValue};

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

pub(super) fn read(reader: &PolicyFileReader<'_>, keys: &TomlTable<'_>, terms: &mut LocatedTerms) {
    if let Some(value) = keys.get("group")
        && let Some(group) = group(value)
    {
        terms.add(value, Term::Group(group));
    }
    if let Some(value) = keys.get("sectors") {
        let list: Vec<SectorCode> = each(value);
        terms.add_unless_empty(value, &list, Term::Sector(list.clone()));
    }
    if let Some(value) = keys.get("region")
        && let Some(region) = value.parse_text()
    {
        terms.add(value, Term::Region(region));
    }
    if let Some(value) = keys.get("lasts") {
        lasts(reader, value, terms);
    }
    if let Some(value) = keys.get("hours")
        && let Some(hours) = value.parse_text::<HoursTerm>()
    {
        terms.add(value, Term::Hours(hours));
    }
    if let Some(value) = keys.get("embargo") {
        embargo(reader, value, terms);
    }
    if let Some(value) = keys.get("join") {
        join(reader, value, terms);
    }
    if let Some(value) = keys.get("rows_per_second")
        && let Some(rows) = value.whole(1)
    {
        terms.add(value, Term::RowsPerSecond(rows));
    }
    if let Some(value) = keys.get("concurrent")
        && let Some(most) = value.whole(1)
    {
        terms.add(value, Term::Concurrent(most));
    }
    if let Some(value) = keys.get("open_receipts")
        && let Some(most) = value.whole(1)
    {
        terms.add(value, Term::Receipts(most));
    }
    if let Some(value) = keys.get("one_sided_receipts")
        && value.flag() == Some(true)
    {
        terms.add(value, Term::OneSidedReceipts);
    }
    if let Some(value) = keys.get("open_data")
        && value.flag() == Some(true)
    {
        terms.add(value, Term::OpenData);
    }
    if let Some(value) = keys.get("schema") {
        let known = SchemaCompatibility::ALL.map(|schemas| (schemas.as_str(), schemas));
        if let Some(schemas) = value.word(&known) {
            terms.add(value, Term::Version(schemas));
        }
    }
    if let Some(value) = keys.get("networks") {
        let list: Vec<NetworkPrefix> = each(value);
        terms.add_unless_empty(value, &list, Term::Networks(list.clone()));
    }
    if let Some(value) = keys.get("formats") {
        let list = words(
            value,
            &DeliveryFormat::ALL.map(|format| (format.as_str(), format)),
        );
        terms.add_unless_empty(value, &list, Term::Formats(list.clone()));
    }
    if let Some(value) = keys.get("exclusive")
        && value.flag() == Some(true)
    {
        terms.add(value, Term::Exclusive);
    }
    if let Some(value) = keys.get("legal_basis") {
        let known = LegalBasis::ALL.map(|basis| (basis.as_str(), basis));
        if let Some(basis) = value.word(&known) {
            terms.add(value, Term::LegalBasis(basis));
        }
    }
    if let Some(value) = keys.get("service") {
        service(value, terms);
    }
    if let Some(value) = keys.get("price") {
        price::read(value, terms);
    }
    if let Some(value) = keys.get("inform") {
        let list = words(
            value,
            &InformEvent::ALL.map(|event| (event.as_str(), event)),
        );
        terms.add_unless_empty(value, &list, Term::Inform(list.clone()));
    }
    if let Some(value) = keys.get("notify") {
        notify(value, terms);
    }
}

/// `{ of = ["first-use", "refusal"], whom = ["provider", "consumer"] }`
fn notify(value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = value.table_with(&["of", "whom"]) else {
        return;
    };
    let events = InformEvent::ALL.map(|event| (event.as_str(), event));
    let of = required_value(value, &table, "of").map(|of| words(of, &events));
    let sides = Recipient::ALL.map(|side| (side.as_str(), side));
    let whom = required_value(value, &table, "whom").map(|of| words(of, &sides));
    if let (Some(of), Some(whom)) = (of, whom)
        && !of.is_empty()
        && !whom.is_empty()
    {
        terms.add(
            value,
            Term::Notify(NotificationTerm {
                events: of,
                recipients: whom,
            }),
        );
    }
}

/// `"90 days"`, or `{ days = 90, since = "first-use" }`.
fn lasts(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let (days, since) = if value.node.is_table() {
        let Some(table) = value.table_with(&["days", "since"]) else {
            return;
        };
        let days = required_value(value, &table, "days").and_then(|days| days.whole(1));
        let since = match table.get("since") {
            None => Some(WindowStart::Activation),
            Some(since) => since.word(&SINCE),
        };
        (days, since)
    } else {
        let days = delay(value).and_then(|delay| {
            let whole = delay.0.is_multiple_of(86_400);
            whole
                .then(|| u32::try_from(delay.0 / 86_400).ok())
                .flatten()
        });
        if days.is_none() && reader.file.is_clean() {
            value.ill_typed("a number of days such as \"90 days\"");
        }
        (days, Some(WindowStart::Activation))
    };
    if let (Some(days), Some(since)) = (days, since) {
        terms.add(value, Term::Lasts(RelativeWindowTerm { days, since }));
    }
}

/// `{ column = "started_at", for = "24 hours" }`
fn embargo(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = value.table_with(&["column", "for"]) else {
        return;
    };
    let column =
        required_value(value, &table, "column").and_then(|column| reader.named_column(column));
    let wait = required_value(value, &table, "for").and_then(delay);
    if let (Some(column), Some(delay)) = (column, wait) {
        terms.add(value, Term::Embargo(EmbargoTerm { column, delay }));
    }
}

/// `{ keys = […], with = […] or "none", keys_stay = true, travel = { columns = […], to = […] or "anybody" } }`
fn join(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = value.table_with(&["keys", "with", "keys_stay", "travel"]) else {
        return;
    };
    if let Some(keys) = table.get("keys") {
        let list = reader.columns(keys);
        terms.add_unless_empty(keys, &list, Term::JoinKeys(list.clone()));
    }
    if let Some(with) = table.get("with") {
        if with.node.as_str() == Some("none") {
            terms.add(with, Term::JoinWith(Vec::new()));
        } else {
            let list: Vec<DatasetId> = each(with);
            terms.add_unless_empty(with, &list, Term::JoinWith(list.clone()));
        }
    }
    if let Some(stay) = table.get("keys_stay")
        && stay.flag() == Some(true)
    {
        terms.add(stay, Term::KeysStay);
    }
    if let Some(value) = table.get("travel") {
        travel(reader, value, terms);
    }
}

/// `{ columns = […], to = […] or "anybody" }`
fn travel(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = value.table_with(&["columns", "to"]) else {
        return;
    };
    let columns = required_value(value, &table, "columns").map(|columns| reader.columns(columns));
    let to = required_value(value, &table, "to").map(|to| match to.node.as_str() {
        Some("anybody") => KeyRecipients::Anybody,
        _ => KeyRecipients::These(each(to)),
    });
    let (Some(columns), Some(to)) = (columns, to) else {
        return;
    };
    if to == KeyRecipients::These(Vec::new()) {
        value.ill_typed("columns, and participants or \"anybody\"");
        return;
    }
    let term = Term::KeysTravel(KeyTransferTerm {
        columns: columns.clone(),
        to,
    });
    terms.add_unless_empty(value, &columns, term);
}

/// `{ availability = 99.5, p95_ms = 2000 }`
fn service(value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = value.table_with(&["availability", "p95_ms"]) else {
        return;
    };
    let availability = required_value(value, &table, "availability").and_then(|share| {
        let text = number(share).filter(|text| {
            let share: f64 = text.parse().unwrap_or(f64::NAN);
            (0.0..=100.0).contains(&share)
        });
        if text.is_none() {
            share.ill_typed("a share in percent such as 99.5");
        }
        text
    });
    let p95_ms = required_value(value, &table, "p95_ms").and_then(|ms| ms.whole(1));
    if let (Some(availability), Some(p95_ms)) = (availability, p95_ms) {
        terms.add(
            value,
            Term::Service(ServiceLevelTerm {
                availability,
                p95_ms,
            }),
        );
    }
}

/// A number, or a text that is one.
pub(super) fn number(value: &TomlValue<'_>) -> Option<String> {
    let text = value.node.as_str().map(str::to_owned);
    text.filter(|text| hansa_policy::term::odrl::is_decimal(text))
        .or_else(|| decimal(value))
}

fn delay(value: &TomlValue<'_>) -> Option<EmbargoDelay> {
    let text = value.text()?;
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
        let sentence = format!("`{text}` is no length of time such as 24 hours");
        value.problem(ErrorCode::TermIllTyped, sentence);
    }
    found.map(EmbargoDelay)
}

/// A group by its name alone. Whose it is can't be said: a list of somebody else is looked at by nobody here.
fn group(value: &TomlValue<'_>) -> Option<GroupName> {
    let text = value.text()?;
    let Some((owner, name)) = text.split_once("/g/") else {
        return value.parse_text();
    };
    value.problem(
        ErrorCode::TermUnknown,
        format!(
            "`{text}` names a group of {owner}: the provider's own list alone is looked at, and named without its owner, as `{name}`"
        ),
    );
    None
}
