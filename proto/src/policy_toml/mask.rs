//! `mask`: what a column shows instead of its values.

use super::file_entry::PolicyFileEntry;
use super::file_reader::{LocatedTerms, PolicyFileReader, non_empty_items};
use super::value_form::{
    Plain, ValueForm, is_toml_number, quote_text, read_decimal, write_numbers,
};
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

/// Reads the mask of each column.
pub(super) fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    for value in value.table().iter().flat_map(TomlTable::values) {
        let name = reader.column(value, value.key);
        let column = MaskedColumn {
            reader,
            value,
            name,
        };
        terms.add_if_read(value, column.read_mask());
    }
}

/// Writes the mask of a column.
pub(super) fn write(term: &Term) -> Option<PolicyFileEntry> {
    let (column, value) = match term {
        Term::Mask { column, mask } => (column, write_value(mask)?),
        Term::Pseudonym(PseudonymTerm { column, epoch: 1 }) => (column, quote_text("hash")),
        Term::Pseudonym(PseudonymTerm { column, epoch }) => {
            (column, format!("{{ hash = {epoch} }}"))
        }
        Term::Prefix(PrefixTerm { column, length }) => (column, format!("{{ prefix = {length} }}")),
        Term::Band(BandTerm { column, edges }) => {
            (column, format!("{{ bands = {} }}", write_numbers(edges)?))
        }
        Term::Lookup(LookupTerm {
            column,
            table,
            level,
        }) => {
            let (level, table) = (quote_text(level), Plain::write(table)?);
            (column, format!("{{ level = {level}, table = {table} }}"))
        }
        _ => return None,
    };
    Some(PolicyFileEntry::alone(column.as_str(), value).within("mask", 0))
}

fn write_value(mask: &MaskValue) -> Option<String> {
    let value = match mask {
        MaskValue::Null => return Some(quote_text("null")),
        MaskValue::Constant(PolicyLiteral::Text(text)) => quote_text(text),
        MaskValue::Constant(PolicyLiteral::Int(number)) => number.to_string(),
        MaskValue::Constant(PolicyLiteral::Bool(value)) => value.to_string(),
        MaskValue::Constant(PolicyLiteral::Decimal(text))
            if text.contains('.') && is_toml_number(text) =>
        {
            text.clone()
        }
        MaskValue::Constant(PolicyLiteral::Decimal(_)) => return None,
    };
    Some(format!("{{ constant = {value} }}"))
}

/// A column whose mask is being read.
struct MaskedColumn<'r, 'v> {
    reader: &'r PolicyFileReader<'r>,
    value: &'r TomlValue<'v>,
    name: Option<SqlIdentifier>,
}

impl MaskedColumn<'_, '_> {
    /// Reads `"null"`, `"hash"`, `{ constant = … }`, `{ hash = EPOCH }`, `{ prefix = 4 }`, `{ bands = [0, 18, 65] }`, or
    /// `{ level = "section", table = "SHA-256" }`.
    fn read_mask(&self) -> Option<Term> {
        if !self.value.node.is_table() {
            return match self.value.word(&[("null", false), ("hash", true)])? {
                true => self.pseudonym_term(1),
                false => self.mask_term(MaskValue::Null),
            };
        }
        let keys = ["constant", "hash", "prefix", "bands", "level", "table"];
        let table = self.value.table_with(&keys)?;
        let mut forms = FORMS
            .iter()
            .filter_map(|form| Some((*form, table.get(form)?)));
        let sentence = match (forms.next(), forms.next(), table.get("table")) {
            (Some(("level", level)), None, Some(table)) => return self.lookup_term(level, table),
            (Some(("level", _)), None, None) => {
                "a `level` is that of a `table`, named by the SHA-256 of its file".to_owned()
            }
            (Some((form, value)), None, None) => return self.read_form(form, value),
            (None, None, Some(_)) => "a `table` has a `level` that is shown".to_owned(),
            _ => format!("a mask has exactly one of {}", FORMS.join(", ")),
        };
        self.value.add_problem(ErrorCode::ConfigInvalid, sentence);
        None
    }

    fn read_form(&self, form: &str, value: &TomlValue<'_>) -> Option<Term> {
        match form {
            "constant" => self.mask_term(MaskValue::Constant(self.read_literal(value)?)),
            "hash" => self.pseudonym_term(value.integer(1)?),
            "prefix" => {
                let length = value.integer(1)?;
                let column = self.of_type(&[ColumnType::Text], "prefix")?;
                Some(Term::Prefix(PrefixTerm { column, length }))
            }
            _ => {
                let column = self.of_type(&[ColumnType::Int, ColumnType::Float], "bands");
                let items = non_empty_items(value)?;
                let edges: Option<Vec<String>> = items.iter().map(read_decimal).collect();
                if edges.is_none() {
                    value.ill_typed("a list of numbers");
                }
                Some(Term::Band(BandTerm {
                    edges: edges?,
                    column: column?,
                }))
            }
        }
    }

    fn mask_term(&self, mask: MaskValue) -> Option<Term> {
        let column = self.name.clone()?;
        Some(Term::Mask { column, mask })
    }

    fn pseudonym_term(&self, epoch: u32) -> Option<Term> {
        let column = self.of_type(&[ColumnType::Text, ColumnType::Int], "hash here")?;
        Some(Term::Pseudonym(PseudonymTerm { column, epoch }))
    }

    fn lookup_term(&self, level: &TomlValue<'_>, table: &TomlValue<'_>) -> Option<Term> {
        let table = Plain::read(self.reader, table);
        let text = level.text()?;
        if !is_level(&text) {
            level.add_problem(ErrorCode::TermIllTyped, "the level has no name");
            return None;
        }
        let kinds = [ColumnType::Text, ColumnType::Int];
        let column = self.of_type(&kinds, "level of a table");
        Some(Term::Lookup(LookupTerm {
            column: column?,
            table: table?,
            level: text,
        }))
    }

    fn of_type(&self, kinds: &[ColumnType], what: &str) -> Option<SqlIdentifier> {
        let name = self.name.clone()?;
        let kind = self.reader.kind_of(&name)?;
        if kinds.contains(&kind) {
            return Some(name);
        }
        let sentence = format!("`{name}` is of type {kind}, which has no {what}");
        self.value.add_problem(ErrorCode::TermIllTyped, sentence);
        None
    }

    fn read_literal(&self, value: &TomlValue<'_>) -> Option<PolicyLiteral> {
        let kind = self.reader.kind_of(self.name.as_ref()?)?;
        let text = || value.node.as_str().map(str::to_owned);
        let found = match kind {
            ColumnType::Text => text().map(PolicyLiteral::Text),
            ColumnType::Bool => value.node.as_bool().map(PolicyLiteral::Bool),
            ColumnType::Int => read_integer(value).map(PolicyLiteral::Int),
            ColumnType::Float | ColumnType::Decimal(_) => match read_integer(value) {
                Some(number) => Some(PolicyLiteral::Int(number)),
                None => read_decimal(value).map(PolicyLiteral::Decimal),
            },
            ColumnType::Date => read_moment(value)
                .filter(|text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok())
                .map(PolicyLiteral::Text),
            ColumnType::Instant => read_moment(value)
                .filter(|text| text.parse::<jiff::Timestamp>().is_ok())
                .map(PolicyLiteral::Text),
        };
        if found.is_none() {
            value.ill_typed(&format!("a value of the column's type, {kind}"));
        }
        found
    }
}

fn read_integer(value: &TomlValue<'_>) -> Option<i64> {
    let number = value.node.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn read_moment(value: &TomlValue<'_>) -> Option<String> {
    let datetime = value.node.as_datetime().map(ToString::to_string);
    datetime.or_else(|| value.node.as_str().map(str::to_owned))
}
