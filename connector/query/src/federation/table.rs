//! Dataset under one contract as a catalogue shows it, and its relations.

use crate::federation::provenance::Provenance;
use crate::federation::time_precision::bucketed_columns;
use crate::federation::time_span::CoveredTimeSpan;
use crate::model::{self, conformance};
use arrow_schema::SchemaRef;
use datafusion::common::TableReference;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::query_view::{self, ViewShape};
use hansa_policy::effect::{CubeDimension, Effect, EffectKind};
use hansa_policy::id::{ClauseId, ContractId, DatasetId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::joins::JoinSite;
use hansa_policy::term::key_transfer::KeyTransferTerm;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One dataset under one contract, as shown by the catalogue of a peer or the own catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteTable {
    /// Local alias of the owner; the own alias for own data.
    pub alias: SqlIdentifier,
    /// Id of the dataset, whose owner answers questions about it.
    pub dataset: DatasetId,
    /// Contract; absent for own data.
    pub contract: Option<ContractId>,
    /// Title of the offer, for people who must choose a contract.
    pub title: Option<String>,
    /// View of the contract: rows, or cells only.
    pub shape: ViewShape,
    /// Model to which the dataset conforms.
    pub model: Option<String>,
    /// Label of the snapshot.
    pub snapshot: String,
    /// Number of rows in the snapshot.
    pub rows: u64,
    /// Size of the snapshot, in bytes.
    pub bytes: u64,
    /// Time zone of the dataset.
    pub zone: String,
    /// Time that the dataset covers, if it is published.
    pub covered: Option<CoveredTimeSpan>,
    /// Columns whose values the contract hides.
    pub masked: BTreeSet<SqlIdentifier>,
    /// Time columns of which rows show buckets alone, with the clause.
    pub bucketed: BTreeMap<SqlIdentifier, (ClauseId, CubeDimension)>,
    /// Reason why the dataset does not belong to its declared model: a name, type or unit of the shown columns differs.
    pub misfit: Option<Refusal>,
    /// Reason why the dataset can't be queried for this purpose, if it is known in advance.
    pub barred: Option<Refusal>,
    /// Estimated distinct counts of columns, if published.
    pub distinct: BTreeMap<String, u64>,
    /// Columns whose values no other participant has, with their key space.
    pub own: BTreeMap<String, String>,
    /// Permitted places for joins with other datasets of the participant.
    pub joins: JoinSite,
    /// Values that may be transferred to others, and the clause that permits it.
    pub travel: Option<(ClauseId, KeyTransferTerm)>,
    /// Provenance to be shown below every answer.
    pub provenance: Provenance,
}

impl RemoteTable {
    /// Creates the table of a catalogue entry under a contract with these effects.
    ///
    /// # Errors
    /// `TERM_COLUMN_UNKNOWN` or `TERM_ILL_TYPED` if the effects do not fit the entry.
    pub fn new(
        alias: SqlIdentifier,
        entry: &Dataset,
        contract: Option<ContractId>,
        effects: &[Effect],
    ) -> Result<Self, Refusal> {
        let shape = query_view::view_shape(entry, effects)?;
        let masked = effects
            .iter()
            .filter_map(|effect| match &effect.kind {
                EffectKind::MaskColumn { column, .. }
                | EffectKind::Pseudonymise { column, .. }
                | EffectKind::Shorten { column, .. }
                | EffectKind::Band { column, .. }
                | EffectKind::CoarsenPlace { cell: column, .. } => Some(column.clone()),
                EffectKind::LookUp(lookup) => Some(lookup.column.clone()),
                _ => None,
            })
            .collect();
        let mut table = Self {
            alias,
            bucketed: bucketed_columns(entry, &shape, effects),
            dataset: entry.id.clone(),
            contract,
            title: None,
            shape,
            model: entry.model.clone(),
            snapshot: entry.version.clone(),
            rows: entry.rows,
            bytes: entry.bytes,
            zone: entry.zone.clone(),
            covered: CoveredTimeSpan::of(entry),
            masked,
            misfit: None,
            barred: None,
            distinct: BTreeMap::new(),
            own: BTreeMap::new(),
            joins: JoinSite::Either,
            travel: None,
            provenance: Provenance::default(),
        };
        table.provenance = Provenance::of_entry(entry, &table.schema(DatasetRelation::Base));
        for column in &entry.columns {
            let name = column.name.to_string();
            // Replaced values of a key may be equal at several participants.
            let treated =
                table.masked.contains(&column.name) || table.bucketed.contains_key(&column.name);
            if let Some(space) = column.own_keys.as_ref().filter(|_| !treated) {
                table.own.insert(name.clone(), space.to_string());
            }
            if column.distinct > 0 {
                table.distinct.insert(name, column.distinct);
            }
        }
        table.misfit = table.unlike_its_model(entry);
        Ok(table)
    }

    /// Time zone in which days of a column begin: that of its buckets, or else that of the dataset.
    pub(super) fn day_zone(&self, column: &str) -> &str {
        let dimension = match &self.shape {
            ViewShape::Cube { cube, .. } => {
                let mut dimensions = cube.dimensions.iter();
                dimensions.find(|dimension| dimension.column.as_str() == column)
            }
            ViewShape::Rows(_) => {
                let mut bucketed = self.bucketed.values().map(|(_, dimension)| dimension);
                bucketed.find(|dimension| dimension.column.as_str() == column)
            }
        };
        dimension.map_or(&self.zone, |dimension| dimension.day_zone(&self.zone))
    }

    /// Difference between the shown columns and the declared model, if there is one.
    fn unlike_its_model(&self, entry: &Dataset) -> Option<Refusal> {
        let name = self.model.as_deref()?;
        let seen = self.schema(DatasetRelation::Base);
        let differences = match model::find_model(name) {
            Some(model) => conformance::visible_differences(
                model,
                entry
                    .columns
                    .iter()
                    .filter(|column| seen.column_with_name(column.name.as_str()).is_some()),
            ),
            None => vec!["this connector does not know that model".to_owned()],
        };
        if differences.is_empty() {
            return None;
        }
        let refusal = Refusal::new(
            ErrorCode::ModelMismatch,
            format!(
                "`{}.{}` does not conform to the model `{name}`: {}",
                self.alias,
                self.dataset.name,
                differences.join("; ")
            ),
        )
        .with_participant(self.dataset.owner.clone());
        Some(match self.contract {
            Some(contract) => refusal.with_contract(contract),
            None => refusal,
        })
    }
}

/// Relation of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DatasetRelation {
    /// Rows of the dataset.
    Rows,
    /// Columns of an aggregate-only dataset, for use in complete blocks only.
    Base,
    /// Cells of an aggregate-only dataset.
    Cells,
}

impl RemoteTable {
    /// Columns of a relation.
    pub(super) fn schema(&self, relation: DatasetRelation) -> SchemaRef {
        match (&self.shape, relation) {
            (ViewShape::Rows(rows), _) => Arc::clone(rows),
            (ViewShape::Cube { cells, .. }, DatasetRelation::Cells) => Arc::clone(cells),
            (ViewShape::Cube { base, .. }, DatasetRelation::Rows | DatasetRelation::Base) => {
                Arc::clone(base)
            }
        }
    }

    /// Name of the relation in a remote query.
    pub(super) fn wire_name(&self, relation: DatasetRelation) -> TableReference {
        match relation {
            DatasetRelation::Cells => TableReference::partial(self.dataset.name.as_str(), "cube"),
            DatasetRelation::Rows | DatasetRelation::Base => {
                TableReference::bare(self.dataset.name.as_str())
            }
        }
    }
}
