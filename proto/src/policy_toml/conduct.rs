//! Tables and texts of the terms about the conduct of the parties: when, with whom, and on what footing.

use super::file_reader::PolicyFileReader;
use super::value_form::{Percentage, Plain, TableReader, ValueForm, quote_text, table_form};
use hansa_policy::id::DatasetId;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::embargo::{EmbargoDelay, EmbargoTerm};
use hansa_policy::term::inform::NotificationTerm;
use hansa_policy::term::key_transfer::{KeyRecipients, KeyTransferTerm};
use hansa_policy::term::relative_window::{RelativeWindowTerm, WindowStart};
use hansa_policy::term::service_level::ServiceLevelTerm;
use hansa_toml_reader::TomlValue;

/// The units of delays, in seconds, the largest first.
const UNITS: [(&str, u64); 4] = [
    ("days", 86_400),
    ("hours", 3_600),
    ("minutes", 60),
    ("seconds", 1),
];

table_form!(RelativeWindowTerm {
    days = "days": Plain;
    since = "since": Plain, or |_| Some(WindowStart::Activation);
});

table_form!(EmbargoTerm {
    column = "column": Plain;
    delay = "for": Plain;
});

table_form!(KeyTransferTerm {
    columns = "columns": Plain;
    to = "to": Plain;
});

table_form!(ServiceLevelTerm {
    availability = "availability": Percentage;
    p95_ms = "p95_ms": Plain;
});

table_form!(NotificationTerm {
    events = "of": Plain;
    recipients = "whom": Plain;
});

/// `"90 days"`, or the table `{ days = 90, since = "first-use" }`.
pub(super) enum Window {}

impl ValueForm<RelativeWindowTerm> for Window {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<RelativeWindowTerm> {
        if value.node.is_table() {
            return Plain::read(reader, value);
        }
        let EmbargoDelay(seconds) = Plain::read(reader, value)?;
        let days = u32::try_from(seconds / 86_400).ok();
        let days = days.filter(|_| seconds.is_multiple_of(86_400));
        if days.is_none() {
            value.ill_typed("a number of days such as \"90 days\"");
        }
        Some(RelativeWindowTerm {
            days: days?,
            since: WindowStart::Activation,
        })
    }

    fn write(value: &RelativeWindowTerm) -> Option<String> {
        Plain::write(value)
    }
}

/// `"24 hours"`
impl ValueForm<EmbargoDelay> for Plain {
    fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<EmbargoDelay> {
        let text = value.text()?;
        let found = text.split_once(' ').and_then(|(number, unit)| {
            let is_named = |name: &str| name == unit || name.strip_suffix('s') == Some(unit);
            let (_, seconds) = UNITS.iter().find(|(name, _)| is_named(name))?;
            let number: u64 = number.parse().ok()?;
            number.checked_mul(*seconds).filter(|delay| *delay > 0)
        });
        if found.is_none() {
            let sentence = format!("`{text}` is no length of time such as 24 hours");
            value.add_problem(ErrorCode::TermIllTyped, sentence);
        }
        found.map(EmbargoDelay)
    }

    fn write(EmbargoDelay(delay): &EmbargoDelay) -> Option<String> {
        let mut units = UNITS.iter();
        let (unit, seconds) = units.find(|(_, seconds)| delay.is_multiple_of(*seconds))?;
        Some(quote_text(&format!("{} {unit}", delay / seconds)))
    }
}

/// Participants, or `"anybody"`.
impl ValueForm<KeyRecipients> for Plain {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<KeyRecipients> {
        if value.node.as_str() == Some("anybody") {
            return Some(KeyRecipients::Anybody);
        }
        Self::read(reader, value).map(KeyRecipients::These)
    }

    fn write(value: &KeyRecipients) -> Option<String> {
        match value {
            KeyRecipients::Anybody => Some(quote_text("anybody")),
            KeyRecipients::These(list) => Self::write(list),
        }
    }
}

/// Datasets, or `"none"`.
pub(super) enum JoinPartners {}

impl ValueForm<Vec<DatasetId>> for JoinPartners {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<Vec<DatasetId>> {
        if value.node.as_str() == Some("none") {
            return Some(Vec::new());
        }
        Plain::read(reader, value)
    }

    fn write(value: &Vec<DatasetId>) -> Option<String> {
        match value.is_empty() {
            true => Some(quote_text("none")),
            false => Plain::write(value),
        }
    }
}
