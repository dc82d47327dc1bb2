//! `prohibit`: what is not done with the data, and what is refused or taken away, both ways.

use super::file_entry::PolicyFileEntry;
use super::file_reader::{LocatedTerms, PolicyFileReader, list_items};
use super::validity::{EndInstant, FirstInstant};
use super::value_form::{Optional, Plain, TableReader, ValueForm, table_form};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{PurposeId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter::RowFilter;
use hansa_policy::term::Term;
use hansa_policy::term::hours::HoursTerm;
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use hansa_policy::value::delivery::NetworkPrefix;
use hansa_toml_reader::TomlValue;

/// The keys of a prohibition that is executed.
struct ProhibitionTable {
    action: ProhibitedAction,
    purpose: Option<Vec<PurposeId>>,
    from: Option<UtcTimestamp>,
    until: Option<UtcTimestamp>,
    hours: Option<HoursTerm>,
    networks: Option<Vec<NetworkPrefix>>,
    rows: Option<RowFilter>,
    columns: Option<Vec<SqlIdentifier>>,
}

table_form!(ProhibitionTable {
    action = "action": ActionOrUse, or |_| Some(ProhibitedAction::Use);
    purpose = "purpose": Optional<Plain>, or |_| Some(None);
    from = "from": Optional<FirstInstant>, or |_| Some(None);
    until = "until": Optional<EndInstant>, or |_| Some(None);
    hours = "hours": Optional<Plain>, or |_| Some(None);
    networks = "networks": Optional<Plain>, or |_| Some(None);
    rows = "rows": Optional<Plain>, or |_| Some(None);
    columns = "columns": Optional<Plain>, or |_| Some(None);
});

/// An action; any use is left out.
enum ActionOrUse {}

impl ValueForm<ProhibitedAction> for ActionOrUse {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<ProhibitedAction> {
        Plain::read(reader, value)
    }

    fn write(value: &ProhibitedAction) -> Option<String> {
        Plain::write(value)
    }

    fn is_left_out(value: &ProhibitedAction) -> bool {
        *value == ProhibitedAction::Use
    }
}

/// A prohibition takes rows away, or columns.
impl ValueForm<ProhibitionTerm> for Plain {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<ProhibitionTerm> {
        let table: ProhibitionTable = Self::read(reader, value)?;
        let part = match (table.rows, table.columns) {
            (None, None) => None,
            (Some(rows), None) => Some(ProhibitedPart::Rows(rows)),
            (None, Some(columns)) => Some(ProhibitedPart::Columns(columns)),
            (Some(_), Some(_)) => {
                let sentence = "a prohibition takes rows away, or columns, and not both at once";
                let refusal = Refusal::new(ErrorCode::TermIllTyped, sentence);
                value.refuse(refusal.with_help("write two prohibitions"));
                return None;
            }
        };
        Some(ProhibitionTerm {
            action: table.action,
            part,
            condition: ProhibitionCondition {
                purpose: table.purpose,
                from: table.from,
                until: table.until,
                hours: table.hours,
                networks: table.networks,
            },
        })
    }

    fn write(value: &ProhibitionTerm) -> Option<String> {
        let (rows, columns) = match value.part.clone() {
            None => (None, None),
            Some(ProhibitedPart::Rows(rows)) => (Some(rows), None),
            Some(ProhibitedPart::Columns(columns)) => (None, Some(columns)),
        };
        let ProhibitionCondition {
            purpose,
            from,
            until,
            hours,
            networks,
        } = value.condition.clone();
        Self::write(&ProhibitionTable {
            action: value.action,
            purpose,
            from,
            until,
            hours,
            networks,
            rows,
            columns,
        })
    }
}

/// `["distribute", { purpose = "dpv:Marketing" }, { rows = "district = 'B'" }]`
pub(super) fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let mut found = Vec::new();
    for item in list_items(value, |node| node.is_str() || node.is_table()) {
        if item.node.is_table() {
            let prohibition: Option<ProhibitionTerm> = Plain::read(reader, &item);
            terms.add_if_read(&item, prohibition.map(Term::from));
            continue;
        }
        let Some(forbidden) = Plain::read(reader, &item) else {
            continue;
        };
        if found.contains(&forbidden) {
            let word = item.node.as_str().unwrap_or_default();
            let sentence = format!("`{word}` is prohibited twice");
            item.add_problem(ErrorCode::TermIllTyped, sentence);
        }
        found.push(forbidden);
        terms.add(&item, Term::Prohibit(forbidden));
    }
}

/// Writes a prohibition as an item of the list.
pub(super) fn write(term: &Term) -> Option<PolicyFileEntry> {
    let item = match term {
        Term::Prohibition(one) => Plain::write(one.as_ref()),
        Term::Prohibit(forbidden) => Plain::write(forbidden),
        _ => None,
    };
    Some(PolicyFileEntry::item("prohibit", item?))
}
