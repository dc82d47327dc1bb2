//! Catalog entry of a dataset on the wire: canonical JSON `dataset/1`.

use crate::canonical_document::{self, CanonicalDocument};
use crate::strict_json;
use hansa_audit_log::json::JsonLimits;
use hansa_catalog::dataset::{Dataset, DatasetDescription};
use hansa_catalog::saved_query::SavedQuery;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;

#[cfg(test)]
mod tests;

impl CanonicalDocument for Dataset {
    const FORM: &'static str = "dataset/1";
    const MALFORMED: ErrorCode = ErrorCode::PeerDataInvalid;

    /// Most of the size comes from saved queries.
    const LIMITS: JsonLimits = JsonLimits {
        bytes: 512 * 1024,
        depth: 8,
    };

    fn check_rules(&self) -> Result<(), String> {
        check_columns(self)?;
        check_lines(self)?;
        check_queries(&self.queries)?;
        if self.time_span.is_some_and(|(first, last)| first > last) {
            return Err("`timeSpan` is not first and last instant".to_owned());
        }
        if self.whole_schema == Some(self.shown_digest()) {
            return Err("`wholeSchema` names the columns that are shown".to_owned());
        }
        Ok(())
    }
}

/// Writes the entry as canonical JSON.
#[must_use]
pub fn to_bytes(dataset: &Dataset) -> Vec<u8> {
    canonical_document::to_bytes(dataset)
}

/// Reads an entry. Its text may have any Unicode normalization, because it is not signed.
///
/// # Errors
/// `PEER_DATA_INVALID` if the bytes are not in the canonical form.
pub fn from_bytes(bytes: &[u8]) -> Result<Dataset, Refusal> {
    canonical_document::from_json(&strict_json::parse_canonical(
        bytes,
        Dataset::LIMITS,
        Dataset::MALFORMED,
    )?)
}

fn check_columns(dataset: &Dataset) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for column in &dataset.columns {
        let (name, distinct) = (&column.name, column.distinct);
        if !names.insert(name) {
            return Err(format!("the column `{name}` stands twice"));
        }
        // Numbers of distinct values are rounded to powers of two and limited by the number of rows.
        let likely = distinct.is_power_of_two() && distinct <= dataset.rows.next_power_of_two();
        if distinct > 0 && !(likely && dataset.rows > 0) {
            return Err(format!(
                "`distinct` of `{name}` is no power of two, or more than its rows can have"
            ));
        }
    }
    let dimensions = dataset.grid.iter().flat_map(|grid| &grid.dimensions);
    let mut named = dimensions
        .map(|dimension| &dimension.column)
        .chain(&dataset.unit_column);
    match named.find(|name| !names.contains(name)) {
        Some(name) => Err(format!("the entry has no column `{name}`, but names it")),
        None => Ok(()),
    }
}

/// Checks that statements are non-empty lines of limited length.
fn check_lines(dataset: &Dataset) -> Result<(), String> {
    let own = dataset.description.statements().map(|(_, text)| text);
    let columns = dataset.columns.iter();
    let columns = columns.map(|column| column.uncertainty.as_deref());
    let queries = dataset.queries.iter().flat_map(|query| {
        let parameters = query.parameters.iter();
        let parameters = parameters.map(|parameter| parameter.description.as_deref());
        [Some(query.title.as_str()), query.description.as_deref()]
            .into_iter()
            .chain(parameters)
    });
    for line in own.into_iter().chain(columns).chain(queries).flatten() {
        let length = 1..=DatasetDescription::LONGEST;
        if !length.contains(&line.len()) || line.chars().any(char::is_control) {
            let most = DatasetDescription::LONGEST;
            return Err(format!("a statement is no line of 1 to {most} bytes"));
        }
    }
    Ok(())
}

fn check_queries(queries: &[SavedQuery]) -> Result<(), String> {
    let (count, most) = (queries.len(), SavedQuery::MOST);
    if count > most {
        return Err(format!(
            "the dataset has {count} saved queries; at most {most} are read"
        ));
    }
    let too_large = |query: &&SavedQuery| {
        query.sql.len() > SavedQuery::LONGEST
            || query.parameters.len() > SavedQuery::MOST_PARAMETERS
    };
    let size: usize = queries.iter().map(SavedQuery::size).sum();
    if size > SavedQuery::LONGEST_TOGETHER {
        return Err(format!("the saved queries have {size} bytes together"));
    }
    match queries.iter().find(too_large) {
        Some(query) => Err(format!(
            "the saved query `{}` is larger than what is read",
            query.name
        )),
        None => Ok(()),
    }
}
