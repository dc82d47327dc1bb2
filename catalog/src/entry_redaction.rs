//! Redaction of a dataset's entry for one participant: only what its offers and contracts show.

use crate::catalog_listing::CatalogListing;
use crate::dataset::{ColumnType, Dataset, DatasetColumn};
use crate::feed::DatasetFeed;
use hansa_policy::contract::ContractRegistry;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::term::{Clause, Term};
use std::collections::BTreeSet;

impl CatalogListing<'_> {
    /// Entry for this participant.
    ///
    /// It contains the columns that one of the participant's offers, contracts or public views shows or names, and the saved
    /// queries that name no other column. Rows, bytes, time span, area and numbers of distinct values are included only where one
    /// of them shows all data that they were counted over; of a feed, only that it is one. The schema digest stays that of the
    /// complete schema, since contracts pin it.
    #[must_use]
    pub fn entry(&self, registry: &ContractRegistry) -> Dataset {
        let offered = self.offers.iter().map(|offer| offer.clauses.as_slice());
        let agreed = self
            .contracts
            .iter()
            .filter_map(|contract| registry.agreement(*contract))
            .map(|agreement| agreement.clauses.as_slice());
        let grants: Vec<VisibleColumns<'_>> = offered
            .chain(agreed)
            .map(|clauses| VisibleColumns::for_clauses(self.dataset, clauses))
            .collect();
        let mut entry = self.dataset.clone();
        entry
            .columns
            .retain(|column| grants.iter().any(|grant| grant.contains_name(&column.name)));
        if entry.columns.len() < self.dataset.columns.len() {
            entry.whole_schema = Some(self.dataset.schema_digest());
        }
        // INVARIANT: saved-queries-tell-nothing. A statement that names a column which this participant may not know is not shown.
        let hidden = self.dataset.columns.iter();
        let hidden: Vec<&str> = hidden
            .filter(|column| entry.columns.iter().all(|one| one.name != column.name))
            .map(|column| column.name.as_str())
            .collect();
        entry.queries.retain(|query| !query.names_any(&hidden));
        let stays = |name: &SqlIdentifier| entry.columns.iter().any(|column| column.name == *name);
        let unit = entry.unit_column.take().filter(|name| stays(name));
        let grid = entry.grid.take().filter(|grid| {
            let mut columns = grid.dimensions.iter().map(|dimension| &dimension.column);
            columns.all(stays)
        });
        entry.personal = entry.columns.iter().any(|column| column.personal)
            || (entry.personal && entry.columns.len() == self.dataset.columns.len());
        entry.unit_column = unit;
        entry.grid = grid;
        let report = |which: &dyn Fn(&VisibleColumns<'_>) -> bool| grants.iter().any(which);
        if let Some(feed) = &mut entry.feed {
            *feed = DatasetFeed::default();
        }
        if !report(&|grant| grant.all_rows) {
            entry.rows = 0;
        }
        if !report(&|grant| grant.all_rows && grant.shows_plain_values(self.dataset, |_| true)) {
            entry.bytes = 0;
        }
        if !report(&|grant| grant.all_rows && grant.shows_plain_values(self.dataset, is_time)) {
            entry.time_span = None;
        }
        if !report(&|grant| {
            grant.all_rows && grant.shows_plain_values(self.dataset, |c| c.crs.is_some())
        }) {
            entry.area = None;
        }
        for column in &mut entry.columns {
            if !report(&|grant| grant.all_rows && grant.plain.contains(&column.name)) {
                column.distinct = 0;
            }
        }
        entry
    }
}

const fn is_time(column: &DatasetColumn) -> bool {
    matches!(column.kind, ColumnType::Instant | ColumnType::Date)
}

/// Column of a dataset that a policy shows or names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownColumn<'a> {
    /// Column of the dataset.
    pub column: &'a DatasetColumn,
    /// True if the column shows the values of the dataset. False if they are replaced or grouped, or a clause only names the
    /// column.
    pub is_plain: bool,
}

/// Columns that these clauses show or name, in the order of the dataset. They are the categories of data of a contract.
#[must_use]
pub fn shown_columns<'a>(dataset: &'a Dataset, clauses: &[Clause]) -> Vec<ShownColumn<'a>> {
    let shown = VisibleColumns::for_clauses(dataset, clauses);
    let columns = dataset.columns.iter();
    columns
        .filter(|column| shown.contains_name(&column.name))
        .map(|column| ShownColumn {
            column,
            is_plain: shown.plain.contains(&column.name),
        })
        .collect()
}

/// Columns and rows of a dataset that one policy shows.
struct VisibleColumns<'a> {
    /// True if every single row is visible.
    all_rows: bool,
    /// Columns with the values of the dataset.
    plain: BTreeSet<&'a SqlIdentifier>,
    /// Further columns that the clauses name, and that their reader knows anyway.
    named: BTreeSet<SqlIdentifier>,
}

impl<'a> VisibleColumns<'a> {
    fn for_clauses(dataset: &'a Dataset, clauses: &[Clause]) -> Self {
        let mut shown = Self {
            all_rows: true,
            plain: dataset.columns.iter().map(|column| &column.name).collect(),
            named: BTreeSet::new(),
        };
        let aggregate = clauses.iter().any(|clause| {
            matches!(
                clause.term,
                Term::Functions(_) | Term::Dimensions(_) | Term::Measures(_)
            )
        });
        if aggregate {
            shown.all_rows = false;
            shown.plain.clear();
        }
        for clause in clauses {
            shown.apply_term(&clause.term);
        }
        shown
    }

    fn apply_term(&mut self, term: &Term) {
        match term {
            Term::Columns(list) => {
                self.plain.retain(|name| list.contains(name));
                self.named.extend(list.iter().cloned());
            }
            Term::Prohibition(one) if !one.hidden_columns().is_empty() => {
                self.plain
                    .retain(|name| !one.hidden_columns().contains(name));
                self.named.extend(one.hidden_columns().iter().cloned());
            }
            other => {
                self.all_rows &= !other.spec().hides_rows;
                for column in other.replaced_columns() {
                    self.plain.remove(&column);
                }
                self.named.extend(other.columns());
            }
        }
    }

    fn contains_name(&self, column: &SqlIdentifier) -> bool {
        self.plain.contains(column) || self.named.contains(column)
    }

    /// True if each of the selected columns of the dataset shows its own values.
    fn shows_plain_values(
        &self,
        dataset: &Dataset,
        which: impl Fn(&DatasetColumn) -> bool,
    ) -> bool {
        dataset
            .columns
            .iter()
            .filter(|column| which(column))
            .all(|column| self.plain.contains(&column.name))
    }
}

#[cfg(test)]
mod tests;
