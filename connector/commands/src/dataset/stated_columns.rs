//! Statements of `hansa dataset add` about single columns.

use crate::dataset::arguments::ColumnStatementArgs;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_query::ingest::schema_inference::draft_config::{ColumnFact, ColumnStatement};

/// Reads the statements as they were typed.
///
/// # Errors
/// `USAGE` for a word without `=`, a name that is none, or a text that is not one line.
pub(super) fn parse_statements(args: ColumnStatementArgs) -> Result<Vec<ColumnStatement>, Refusal> {
    let ColumnStatementArgs {
        rename,
        meaning,
        unit,
        personal,
    } = args;
    let mut statements = Vec::new();
    for word in &rename {
        let pair = split_pair("--rename", word)?;
        let name = pair.value.parse::<SqlIdentifier>().map_err(|fault| {
            let sentence = format!("`{}` is no name of a column: {fault}", pair.value);
            Refusal::new(ErrorCode::UsageWrong, sentence)
        })?;
        statements.push(pair.state(ColumnFact::Name(name)));
    }
    for word in &meaning {
        let pair = split_pair("--meaning", word)?;
        let text = read_line("meaning", pair.value)?;
        statements.push(pair.state(ColumnFact::Meaning(text)));
    }
    for word in &unit {
        let pair = split_pair("--unit", word)?;
        let text = read_line("unit", pair.value)?;
        statements.push(pair.state(ColumnFact::Unit(text)));
    }
    for column in personal.unwrap_or_default() {
        statements.push(ColumnStatement {
            column,
            fact: ColumnFact::Personal,
        });
    }
    Ok(statements)
}

/// Column and value of an option.
struct StatedPair<'a> {
    column: &'a str,
    value: &'a str,
}

impl StatedPair<'_> {
    fn state(&self, fact: ColumnFact) -> ColumnStatement {
        ColumnStatement {
            column: self.column.to_owned(),
            fact,
        }
    }
}

fn split_pair<'a>(option: &str, word: &'a str) -> Result<StatedPair<'a>, Refusal> {
    let parts = word.split_once('=');
    let parts = parts.filter(|(column, value)| !column.is_empty() && !value.is_empty());
    let (column, value) = parts.ok_or_else(|| {
        let sentence = format!("`{option} {word}` names no column and no value");
        Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help(format!("write {option} COLUMN=VALUE"))
    })?;
    Ok(StatedPair { column, value })
}

fn read_line(what: &str, text: &str) -> Result<String, Refusal> {
    SingleLineText::parse(what, text)?;
    Ok(text.to_owned())
}
