//! Provenance of a dataset, which accompanies its rows: title, kind, licence, attribution and units.

use arrow_schema::Schema;
use hansa_catalog::dataset::{Dataset, DatasetKind};
use std::collections::BTreeMap;

/// Statements of an owner about a dataset, which accompany every answer that reads the dataset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// Title for people, as in the catalogue.
    pub title: String,
    /// Origin of the values, if the owner declares it.
    pub kind: Option<DatasetKind>,
    /// Licence, as an SPDX or national identifier.
    pub licence: String,
    /// Attribution texts, from the catalogue and from each attribution duty of the contract. Each text occurs once.
    pub attribution: Vec<String>,
    /// Units of the shown columns, in UCUM notation.
    pub units: BTreeMap<String, String>,
}

impl Provenance {
    /// Provenance from a catalogue entry, limited to the columns of `shown`.
    #[must_use]
    pub fn of_entry(entry: &Dataset, shown: &Schema) -> Self {
        let units = entry.columns.iter().filter_map(|column| {
            let unit = column.unit.clone()?;
            let name = column.name.to_string();
            shown.column_with_name(&name).map(|_| (name, unit))
        });
        Self {
            title: entry.title.clone(),
            kind: entry.kind,
            licence: entry.licence.clone(),
            attribution: entry.attribution.iter().cloned().collect(),
            units: units.collect(),
        }
    }

    /// Adds the attribution that a contract requires, unless it is present.
    pub fn attribute(&mut self, text: &str) {
        if !self.attribution.iter().any(|known| known == text) {
            self.attribution.push(text.to_owned());
        }
    }
}
