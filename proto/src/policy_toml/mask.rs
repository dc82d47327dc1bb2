//! `mask`: what a column shows instead of its values.

use super::LocatedTerms;
use super::file_reader::{PolicyFileReader, non_empty_items};
use super::value_form::{decimal, kind_of};
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::row_filter::PolicyLiteral;
use hansa_policy::term::Term;
use hansa_policy::term::band::BandTerm;
use hansa_policy::term::lookup::is_level;
use hansa_policy::term::prefix::PrefixTerm;
use hansa_policy::term::pseudonym::PseudonymTerm;
use hansa_policy::value::column::{LookupTerm, MaskValue};
use hansa_toml_reader::{TomlTable, TomlValue};

const FORMS: [&str; 5] = ["constant", "hash", "prefix", "bands", "level"];

/// `"null"`, `"hash"`, `{ constant = … }`, `{ hash = EPOCH }`, `{ prefix = 4 }` or `{ bands = [0, 18, 65] }`,
/// or `{ level = "section", table = "SHA-256" }`
pub(super) fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let name = reader.column(value, value.key);
    let term = if value.node.is_table() {
        let keys = ["constant", "hash", "prefix", "bands", "level", "table"];
        let Some(table) = value.table_with(&keys) else {
            return;
        };
        table_form(reader, value, &table, name)
    } else {
        match value.word(&[("null", false), ("hash", true)]) {
            Some(true) => hash(reader, value, name, 1),
            Some(false) => name.map(|column| Term::Mask {
                column,
                mask: MaskValue::Null,
            }),
            None => None,
        }
    };
    if let Some(term) = term {
        terms.add(value, term);
    }
}

fn table_form(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    table: &TomlTable<'_>,
    name: Option<SqlIdentifier>,
) -> Option<Term> {
    if let Some(level) = table.get("level") {
        return lookup(reader, value, level, table, name);
    }
    let [constant, epoch, prefix, bands, _] = FORMS.map(|form| table.get(form));
    match (constant, epoch, prefix, bands) {
        _ if table.get("table").is_some() => {
            let sentence = "a `table` has a `level` that is shown";
            value.problem(ErrorCode::ConfigInvalid, sentence);
            None
        }
        (Some(constant), None, None, None) => {
            let value = literal(reader, constant, name.as_ref())?;
            Some(Term::Mask {
                column: name?,
                mask: MaskValue::Constant(value),
            })
        }
        (None, Some(epoch), None, None) => {
            let number = epoch.whole(1)?;
            hash(reader, value, name, number)
        }
        (None, None, Some(length), None) => {
            let length = length.whole(1)?;
            let column = of_type(reader, value, name, &[ColumnType::Text], "prefix")?;
            Some(Term::Prefix(PrefixTerm { column, length }))
        }
        (None, None, None, Some(list)) => {
            let numbers = [ColumnType::Int, ColumnType::Float];
            let column = of_type(reader, value, name, &numbers, "bands");
            let items = non_empty_items(list)?;
            let edges: Vec<String> = items.iter().filter_map(|item| decimal(item)).collect();
            if edges.len() != items.len() {
                list.ill_typed("a list of numbers");
                return None;
            }
            Some(Term::Band(BandTerm {
                column: column?,
                edges,
            }))
        }
        _ => {
            let sentence = format!("a mask has exactly one of {}", FORMS.join(", "));
            value.problem(ErrorCode::ConfigInvalid, sentence);
            None
        }
    }
}

fn lookup(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    level: &TomlValue<'_>,
    table: &TomlTable<'_>,
    name: Option<SqlIdentifier>,
) -> Option<Term> {
    let mut forms = FORMS.iter().filter(|form| **form != "level");
    if forms.any(|form| table.get(form).is_some()) {
        let sentence = format!("a mask has exactly one of {}", FORMS.join(", "));
        value.problem(ErrorCode::ConfigInvalid, sentence);
        return None;
    }
    let Some(file) = table.get("table") else {
        let sentence = "a `level` is that of a `table`, named by the SHA-256 of its file";
        value.problem(ErrorCode::ConfigInvalid, sentence);
        return None;
    };
    let file = super::geography::digest(file);
    let text = level.text()?;
    if !is_level(&text) {
        level.problem(ErrorCode::TermIllTyped, "the level has no name");
        return None;
    }
    let kinds = [ColumnType::Text, ColumnType::Int];
    let column = of_type(reader, value, name, &kinds, "level of a table");
    Some(Term::Lookup(LookupTerm {
        column: column?,
        table: file?,
        level: text,
    }))
}

fn hash(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    name: Option<SqlIdentifier>,
    epoch: u32,
) -> Option<Term> {
    let kinds = [ColumnType::Text, ColumnType::Int];
    let column = of_type(reader, value, name, &kinds, "hash here")?;
    Some(Term::Pseudonym(PseudonymTerm { column, epoch }))
}

fn of_type(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    name: Option<SqlIdentifier>,
    kinds: &[ColumnType],
    what: &str,
) -> Option<SqlIdentifier> {
    let name = name?;
    let kind = kind_of(reader, &name)?;
    if kinds.contains(&kind) {
        return Some(name);
    }
    let sentence = format!("`{name}` is of type {}, which has no {what}", kind);
    value.problem(ErrorCode::TermIllTyped, sentence);
    None
}

fn literal(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    column: Option<&SqlIdentifier>,
) -> Option<PolicyLiteral> {
    let kind = column.and_then(|column| kind_of(reader, column))?;
    let found = match kind {
        ColumnType::Text => value
            .node
            .as_str()
            .map(|text| PolicyLiteral::Text(text.to_owned())),
        ColumnType::Bool => value.node.as_bool().map(PolicyLiteral::Bool),
        ColumnType::Int => integer(value).map(PolicyLiteral::Int),
        ColumnType::Float | ColumnType::Decimal(_) => match integer(value) {
            Some(number) => Some(PolicyLiteral::Int(number)),
            None => decimal(value).map(PolicyLiteral::Decimal),
        },
        ColumnType::Date => moment(value)
            .filter(|text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok())
            .map(PolicyLiteral::Text),
        ColumnType::Instant => moment(value)
            .filter(|text| text.parse::<jiff::Timestamp>().is_ok())
            .map(PolicyLiteral::Text),
    };
    if found.is_none() {
        value.ill_typed(&format!("a value of the column's type, {}", kind));
    }
    found
}

fn integer(value: &TomlValue<'_>) -> Option<i64> {
    let number = value.node.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn moment(value: &TomlValue<'_>) -> Option<String> {
    match (value.node.as_datetime(), value.node.as_str()) {
        (Some(datetime), _) => Some(datetime.to_string()),
        (None, text) => text.map(str::to_owned),
    }
}
