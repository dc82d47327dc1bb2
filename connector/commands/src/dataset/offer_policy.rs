//! The policy that `hansa dataset add` writes for an offer: what was named leaves, and nothing else.

use crate::dataset::offer_arguments::OfferTermsArgs;
use hansa_policy::id::PurposeId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter;
use hansa_query::ingest::schema_inference::draft_config::{DraftDatasetConfig, ProposedColumn};
use jiff::civil::Date;

/// A policy as its file will say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OfferPolicyText {
    /// The text of the file.
    pub(super) text: String,
    /// Assumptions, in plain words.
    pub(super) assumptions: Vec<String>,
}

/// Refuses an offer whose terms do not name the columns that leave. `is_said` tells that somebody has said it of each column.
///
/// # Errors
/// `USAGE` with the list of columns.
pub(super) fn check_named_columns(
    terms: &OfferTermsArgs,
    dataset: &DraftDatasetConfig,
    is_said: bool,
) -> Result<(), Refusal> {
    if terms.lacks_measures() {
        let numbers: Vec<&str> = dataset
            .columns
            .iter()
            .filter(|column| column.leaves && !column.is_dimension && is_number(column))
            .map(|column| column.name.as_str())
            .collect();
        let sentence = "an offer of groups names what is added up in them, and nothing was added";
        let refusal = Refusal::new(ErrorCode::UsageWrong, sentence);
        let refusal = match numbers.as_slice() {
            [] => refusal,
            numbers => refusal.with_help(format!(
                "the numbers are {}: --measures NAME,… names those of which sums leave",
                numbers.join(", ")
            )),
        };
        return Err(refusal
            .with_help("--functions count tells how many rows each group has, and no number"));
    }
    if is_said || !terms.writes_policy() {
        return Ok(());
    }
    let names: Vec<&str> = dataset.names().collect();
    Err(Refusal::new(
        ErrorCode::UsageWrong,
        "an offer names the columns that leave, and nothing was added",
    )
    .with_help(format!(
        "the columns are {}: --columns NAME,… names those that may leave",
        names.join(", ")
    ))
    .with_help("--all-columns offers each of them"))
}

/// The policy that the terms make.
///
/// # Errors
/// `USAGE` for terms that say nothing, or something that the columns do not have.
pub(super) fn policy_text(
    terms: &OfferTermsArgs,
    dataset: &DraftDatasetConfig,
    title: Option<&str>,
    purposes: &[PurposeId],
    today: Date,
) -> Result<OfferPolicyText, Refusal> {
    let until = last_day(terms, today)?;
    let measures = resolve_measures(terms, dataset)?;
    check_row_filter(terms, dataset)?;
    let named = dataset.name.to_string();
    let mut text = format!(
        "# Written by `hansa dataset add`. `hansa policy show {named}` says it in words.\ntitle   = {}\n",
        quote_toml(title.unwrap_or(&named)),
    );
    if !purposes.is_empty() {
        text.push_str(&format!("purpose = {}\n", toml_list(purposes.iter())));
    }
    // Of groups no other columns are seen.
    let is_seen = |column: &&ProposedColumn| {
        let in_groups = || column.is_dimension || measures.contains(&column.name.as_str());
        column.leaves && (terms.group_by.is_empty() || in_groups())
    };
    let leaving: Vec<&ProposedColumn> = dataset.columns.iter().filter(is_seen).collect();
    text.push_str(&format!(
        "columns = {}\n",
        toml_list(leaving.iter().map(|column| &column.name))
    ));
    if let Some(rows) = &terms.rows {
        text.push_str(&format!("rows    = {}\n", quote_toml(rows)));
    }
    text.push_str(&format!(
        "valid   = {{ from = {today}, until = {until} }}\n"
    ));
    let assumptions = push_quotas(&mut text, terms, leaving.len());
    if let Some(least) = terms.at_least {
        let dimensions = leaving.iter().filter(|column| column.is_dimension);
        text.push_str(&format!(
            "\n[aggregate]    # answers are of groups alone\nby        = {}\nfunctions = {}\nmeasures  = {}\nmin_rows  = {least}\n",
            toml_list(dimensions.map(|column| &column.name)),
            toml_list(resolve_functions(terms, &measures)?.iter()),
            toml_list(measures.iter()),
        ));
        if let Some(bucket) = &dataset.bucket {
            text.push_str(&format!("bucket    = {}\n", quote_toml(bucket)));
        }
    }
    Ok(OfferPolicyText { text, assumptions })
}

/// The last day of the contracts.
fn last_day(terms: &OfferTermsArgs, today: Date) -> Result<Date, Refusal> {
    let until = terms.until.as_deref().ok_or_else(|| {
        Refusal::new(
            ErrorCode::UsageWrong,
            "an offer says until which day its contracts last",
        )
        .with_help(format!("--until {}-12-31", today.year()))
    })?;
    let until: Date = until.parse().map_err(|cause: jiff::Error| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{until}` is not a day such as 2027-12-31"),
        )
        .caused_by(cause)
    })?;
    if until < today {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("--until {until} is in the past"),
        ));
    }
    Ok(until)
}

/// The names of the columns that are added up, each a number that may leave and by which nothing is grouped.
fn resolve_measures<'d>(
    terms: &OfferTermsArgs,
    dataset: &'d DraftDatasetConfig,
) -> Result<Vec<&'d str>, Refusal> {
    let mut named: Vec<&str> = Vec::new();
    for word in &terms.measures {
        let is = |column: &&ProposedColumn| column.name == *word || column.from.contains(word);
        let Some(column) = dataset.columns.iter().find(is) else {
            let known: Vec<&str> = dataset.names().collect();
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!("the files have no column `{word}`"),
            )
            .with_help(format!("the columns are {}", known.join(", "))));
        };
        if !column.leaves {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!("`{word}` is added up, which may not leave"),
            )
            .with_help("name it in --columns, too"));
        }
        if column.is_dimension || !is_number(column) {
            let why = match column.is_dimension {
                true => "groups are made by it".to_owned(),
                false => format!("it is of type {}", column.kind),
            };
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!("`{word}` can't be added up: {why}"),
            )
            .with_help("--measures names columns of numbers"));
        }
        if !named.contains(&column.name.as_str()) {
            named.push(&column.name);
        }
    }
    Ok(named)
}

/// The functions whose results leave.
fn resolve_functions<'t>(
    terms: &'t OfferTermsArgs,
    measures: &[&str],
) -> Result<Vec<&'t str>, Refusal> {
    if terms.counts_alone() && !measures.is_empty() {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            "--functions count adds nothing up, so --measures is not allowed",
        ));
    }
    Ok(match (terms.functions.is_empty(), measures.is_empty()) {
        (false, _) => terms.functions.iter().map(String::as_str).collect(),
        (true, true) => vec!["count"],
        (true, false) => vec!["count", "sum", "avg"],
    })
}

/// Refuses a condition that can't be read, or that looks at a column which is not read.
fn check_row_filter(terms: &OfferTermsArgs, dataset: &DraftDatasetConfig) -> Result<(), Refusal> {
    let Some(rows) = &terms.rows else {
        return Ok(());
    };
    let filter = row_filter::parse_row_filter(rows).map_err(|cause| {
        let sentence = format!("--rows {rows}: {}", cause.sentence);
        let refusal = Refusal::new(ErrorCode::UsageWrong, sentence);
        cause.help.iter().cloned().fold(refusal, Refusal::with_help)
    })?;
    let is_read = |name: &str| {
        let mut columns = dataset.columns.iter();
        columns.any(|column| column.leaves && column.name == name)
    };
    let columns = filter.collect_columns();
    match columns.iter().find(|name| !is_read(name.as_str())) {
        None => Ok(()),
        Some(unread) => Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("--rows names the column `{unread}`, which is not read"),
        )
        .with_help("name it in --columns, too; columns that no group shows are not offered")),
    }
}

/// Bytes that a value is taken to need where nobody says how many leave on a day.
const BYTES_OF_VALUE: u64 = 64;

/// Least number of bytes of a day that is assumed: an answer has a head, however few its rows are.
const LEAST_BYTES: u64 = 1_000_000;

/// Writes the quotas of a day, and gives what was assumed for them.
fn push_quotas(text: &mut String, terms: &OfferTermsArgs, columns: usize) -> Vec<String> {
    let mut assumptions = Vec::new();
    if let Some(questions) = terms.questions_per_day {
        text.push_str(&format!("queries_per_day = {questions}\n"));
    }
    if let Some(rows) = terms.rows_per_day {
        text.push_str(&format!("rows_per_day    = {rows}\n"));
    }
    match (&terms.bytes_per_day, terms.rows_per_day) {
        (Some(size), _) => text.push_str(&format!("bytes_per_day   = {}\n", quote_toml(size))),
        (None, Some(rows)) => {
            let values = rows.saturating_mul(u64::try_from(columns).unwrap_or(u64::MAX));
            let most = i64::MAX.unsigned_abs();
            let bytes = values
                .saturating_mul(BYTES_OF_VALUE)
                .clamp(LEAST_BYTES, most);
            text.push_str(&format!(
                "bytes_per_day   = {bytes}    # assumed: {BYTES_OF_VALUE} bytes for each value, at least 1 MB\n"
            ));
            assumptions.push(format!(
                "{bytes} bytes on a day are enough for its {rows} rows; --bytes-per-day says another number"
            ));
        }
        (None, None) => {}
    }
    assumptions
}

/// True if a column holds numbers that can be added up.
fn is_number(column: &ProposedColumn) -> bool {
    matches!(column.kind.as_ref(), "int" | "float") || column.kind.starts_with("decimal")
}

/// A list of texts in TOML.
fn toml_list<T: ToString>(values: impl Iterator<Item = T>) -> String {
    let values: Vec<String> = values.map(|value| quote_toml(&value.to_string())).collect();
    format!("[{}]", values.join(", "))
}

/// A text in TOML.
pub(super) fn quote_toml(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
