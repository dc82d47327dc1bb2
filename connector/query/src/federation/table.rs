//! A dataset under one contract, as a catalogue shows it, and its relations.

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

/// One dataset under one contract, as a peer's catalogue (or the own one) shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteTable {
    /// The alias of its owner here; the own alias for own data.
    pub alias: SqlIdentifier,
    /// Which dataset; its owner answers for it.
    pub dataset: DatasetId,
    /// The contract; absent for own data.
    pub contract: Option<ContractId>,
    /// The title of the offer that it was made on, where people have to choose.
    pub title: Option<String>,
    /// What the contract shows of it: rows, or cells only.
    pub shape: ViewShape,
    /// The model that it conforms to.
    pub model: Option<String>,
    /// The label of its snapshot.
    pub snapshot: String,
    /// Rows of the snapshot.
    pub rows: u64,
    /// Bytes of the snapshot.
    pub bytes: u64,
    /// The time zone of the dataset.
    pub zone: String,
    /// The time that it covers, where that is told.
    pub covered: Option<CoveredTimeSpan>,
    /// The columns whose values the contract does not show, though they are there.
    pub masked: BTreeSet<SqlIdentifier>,
    /// The columns of time of which rows show the bucket alone, with the clause.
    pub bucketed: BTreeMap<SqlIdentifier, (ClauseId, CubeDimension)>,
    /// Why it does not count to its model, whatever it says of itself: a name, type or unit of what is shown differs.
    pub misfit: Option<Refusal>,
    /// Why it can't be asked for this purpose, where that is known beforehand.
    pub barred: Option<Refusal>,
    /// About how many different values columns have, where that is told.
    pub distinct: BTreeMap<String, u64>,
    /// The columns whose values no other participant has, with the space of keys that they are of.
    pub own: BTreeMap<String, String>,
    /// Where it can be put together with others of its participant.
    pub joins: JoinSite,
    /// Which of its values may be sent to others, and the clause that says so.
    pub travel: Option<(ClauseId, KeyTransferTerm)>,
    /// What is to be said of it below every answer.
    pub provenance: Provenance,
}

impl RemoteTable {
    /// The table that a contract with these effects makes of a catalogue entry.
    ///
    /// # Errors
    /// When the effects do not fit the entry: `TERM_COLUMN_UNKNOWN`, `TERM_ILL_TYPED`.
    pub fn new(
        alias: SqlIdentifier,
        entry: &Dataset,
        contract: Option<ContractId>,
        effects: &[Effect],
    ) -> Result<Self, Refusal> {
        let shape = query_view::shape(entry, effects)?;
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
            // What stands in the place of a key may be the same with everybody.
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

    /// The zone in which days of a column begin: that of its buckets, else that of the dataset.
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

    /// Why it is not what its model says, as far as it is shown.
    fn unlike_its_model(&self, entry: &Dataset) -> Option<Refusal> {
        let name = self.model.as_deref()?;
        let seen = self.schema(DatasetRelation::Base);
        let differences = match model::model(name) {
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

/// Which relation of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DatasetRelation {
    /// Its rows.
    Rows,
    /// The columns of an aggregate-only dataset, to be used in whole blocks only.
    Base,
    /// The cells of an aggregate-only dataset.
    Cells,
}

impl RemoteTable {
    /// The columns of a relation.
    pub(super) fn schema(&self, relation: DatasetRelation) -> SchemaRef {
        match (&self.shape, relation) {
            (ViewShape::Rows(rows), _) => Arc::clone(rows),
            (ViewShape::Cube { cells, .. }, DatasetRelation::Cells) => Arc::clone(cells),
            (ViewShape::Cube { base, .. }, DatasetRelation::Rows | DatasetRelation::Base) => {
                Arc::clone(base)
            }
        }
    }

    /// Its name on the wire.
    pub(super) fn wire_name(&self, relation: DatasetRelation) -> TableReference {
        match relation {
            DatasetRelation::Cells => TableReference::partial(self.dataset.name.as_str(), "cube"),
            DatasetRelation::Rows | DatasetRelation::Base => {
                TableReference::bare(self.dataset.name.as_str())
            }
        }
    }
}
