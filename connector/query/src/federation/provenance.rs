//! What is to be said of a dataset wherever its rows go: title, kind, licence, how its source wants to be named, units.

use arrow_schema::Schema;
use hansa_catalog::dataset::{Dataset, DatasetKind};
use std::collections::BTreeMap;

/// Statements of an owner about a dataset that travel with every answer that read it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// Title for people, as the catalogue shows it.
    pub title: String,
    /// How its values came about, where the owner says so.
    pub kind: Option<DatasetKind>,
    /// Licence, as an SPDX or national identifier.
    pub licence: String,
    /// How the source wants to be named: by the catalogue, and by each attribution duty of the contract. Each text once.
    pub attribution: Vec<String>,
    /// Unit of each column that is shown and has one, in UCUM notation.
    pub units: BTreeMap<String, String>,
}

impl Provenance {
    /// Statements of a catalogue entry, about the columns of `shown` alone.
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

    /// Adds the attribution that a contract asks for, unless it is there.
    pub fn attribute(&mut self, text: &str) {
        if !self.attribution.iter().any(|known| known == text) {
            self.attribution.push(text.to_owned());
        }
    }
}
