//! Catalog of a question: every dataset of every participant, including own ones, that a contract permits to name.

mod contract_check;
mod dataset_kind;
pub mod named_contract;
pub(super) mod resolved_table;

use self::named_contract::{UnusableContract, choose_table};
use self::resolved_table::{ModelMember, ResolvedTable};
use crate::federation::options::QueryOptions;
use crate::federation::table::{DatasetRelation, RemoteTable};
use crate::model;
use crate::sql::resolver::no_table;
use arrow_schema::SchemaRef;
use hansa_catalog::query_view::ViewShape;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, SqlIdentifier};
use hansa_policy::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The owner under whose name the tables of a model stand together: `model.NAME`.
pub(crate) const MODEL_OWNER: &str = "model";

/// What a question may need and can't be had: no name of it is known here, or none of its contracts can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnavailableTable {
    /// Owner of the table.
    pub participant: ParticipantId,
    /// Local alias of the owner, if it has one.
    pub alias: Option<SqlIdentifier>,
    /// Name of the dataset; absent if it stands for all datasets of the participant.
    pub dataset: Option<SqlIdentifier>,
    /// Model of the dataset; absent if unknown, so that it may be any.
    pub model: Option<String>,
    /// Reason of the unavailability.
    pub why: Refusal,
}

/// Relation that a question may name as `owner.name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogRelation {
    /// Alias of a participant, or `model`.
    pub owner: String,
    /// Name of a dataset or model.
    pub name: String,
    /// Columns of the relation.
    pub columns: SchemaRef,
}

/// Tables of one question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryCatalog {
    tables: Vec<Arc<RemoteTable>>,
    unavailable: Vec<UnavailableTable>,
    unusable: Vec<UnusableContract>,
}

impl QueryCatalog {
    /// Creates a catalog of these tables. A dataset may occur under several contracts.
    #[must_use]
    pub fn new(tables: Vec<RemoteTable>) -> Self {
        Self {
            tables: tables.into_iter().map(Arc::new).collect(),
            unavailable: Vec::new(),
            unusable: Vec::new(),
        }
    }

    /// Adds unavailable tables. A question that needs one fails with its reason, or reports it.
    #[must_use]
    pub fn that_lacks(mut self, lacking: Vec<UnavailableTable>) -> Self {
        self.unavailable.extend(lacking);
        self
    }

    /// Adds the named contracts that give no table, with their reasons.
    #[must_use]
    pub fn with_unusable(mut self, unusable: Vec<UnusableContract>) -> Self {
        self.unusable.extend(unusable);
        self
    }

    /// Checks that a table is under this contract.
    #[must_use]
    pub fn has_contract(&self, contract: ContractId) -> bool {
        let mut contracts = self.tables.iter().map(|table| table.contract);
        contracts.any(|held| held == Some(contract))
    }

    /// Checks that no table is unavailable.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.unavailable.is_empty() && self.unusable.is_empty()
    }

    /// Number of tables and unavailable tables.
    pub(super) const fn size(&self) -> usize {
        self.tables
            .len()
            .saturating_add(self.unavailable.len())
            .saturating_add(self.unusable.len())
    }

    /// Names that can follow FROM, for completion and help.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut all = BTreeSet::new();
        for table in &self.tables {
            all.insert(format!("{}.{}", table.alias, table.dataset.name));
            if matches!(table.shape, ViewShape::Cube { .. }) {
                all.insert(format!("{}.{}.cube", table.alias, table.dataset.name));
            }
            if let Some(model) = &table.model {
                all.insert(format!("model.{model}"));
            }
        }
        all.into_iter().collect()
    }

    /// Relations that can follow FROM as two-part names under these options, with their columns: datasets under usable contracts,
    /// and models with at least one such dataset.
    #[must_use]
    pub fn relations(&self, options: &QueryOptions) -> Vec<CatalogRelation> {
        let mut found: BTreeMap<(String, String), SchemaRef> = BTreeMap::new();
        for table in self.tables.iter().filter(|table| table.barred.is_none()) {
            let (alias, name) = (table.alias.as_str(), table.dataset.name.as_str());
            // A dataset under several contracts, of which one must be named, is not shown to a program as a table.
            if self.resolve_table(&[alias, name], options).is_ok() {
                found.insert(
                    (alias.to_owned(), name.to_owned()),
                    table.schema(DatasetRelation::Base),
                );
            }
            let model = table.model.as_deref().and_then(model::find_model);
            if let Some(model) = model.filter(|_| table.misfit.is_none()) {
                found.insert(
                    (MODEL_OWNER.to_owned(), model.name.to_owned()),
                    model.schema(),
                );
            }
        }
        let found = found.into_iter();
        found
            .map(|((owner, name), columns)| CatalogRelation {
                owner,
                name,
                columns,
            })
            .collect()
    }

    /// Resolves a written path to a table or model.
    pub(super) fn resolve_table(
        &self,
        path: &[&str],
        options: &QueryOptions,
    ) -> Result<ResolvedTable, Refusal> {
        match path {
            [MODEL_OWNER, model] => self.resolve_model(model, options),
            [alias, dataset] => {
                self.resolve_dataset(alias, dataset, DatasetRelation::Rows, options)
            }
            [alias, dataset, "cube"] => {
                self.resolve_dataset(alias, dataset, DatasetRelation::Cells, options)
            }
            _ => Err(no_table(&path.join("."))),
        }
    }

    fn resolve_dataset(
        &self,
        alias: &str,
        dataset: &str,
        relation: DatasetRelation,
        options: &QueryOptions,
    ) -> Result<ResolvedTable, Refusal> {
        let candidates: Vec<_> = self
            .tables
            .iter()
            .filter(|table| table.alias.as_str() == alias && table.dataset.name.as_str() == dataset)
            .filter(|table| {
                relation == DatasetRelation::Rows
                    || matches!(table.shape, ViewShape::Cube { .. })
                    || named_contract::is_named(table, options)
            })
            .cloned()
            .collect();
        let table = choose_table(candidates, options)?
            .ok_or_else(|| self.unknown_dataset_refusal(alias, dataset))?;
        if let Some(refusal) = &table.barred {
            return Err(refusal.clone());
        }
        let relation = match (&table.shape, relation) {
            (ViewShape::Rows(_), DatasetRelation::Cells) => {
                return Err(named_contract::without_cells(&table));
            }
            (ViewShape::Rows(_), _) => DatasetRelation::Rows,
            (ViewShape::Cube { .. }, DatasetRelation::Cells) => DatasetRelation::Cells,
            (ViewShape::Cube { .. }, DatasetRelation::Rows | DatasetRelation::Base) => {
                DatasetRelation::Base
            }
        };
        Ok(ResolvedTable::One(table, relation))
    }

    /// Refusal for a dataset that does not exist here.
    fn unknown_dataset_refusal(&self, alias: &str, dataset: &str) -> Refusal {
        self.unavailable
            .iter()
            .find(|lacking| {
                lacking.alias.as_ref().is_some_and(|known| known.as_str() == alias)
                    && lacking
                        .dataset
                        .as_ref()
                        .is_none_or(|known| known.as_str() == dataset)
            })
            .map_or_else(
                || no_table(&format!("{alias}.{dataset}")),
                |lacking| match lacking.dataset {
                    Some(_) => lacking.why.clone(),
                    None => lacking.why.clone().with_help(format!(
                        "what `{alias}` has can't be named until its catalogue is fetched; with --partial, a question \
                         over a model goes without it"
                    )),
                },
            )
    }

    fn resolve_model(&self, name: &str, options: &QueryOptions) -> Result<ResolvedTable, Refusal> {
        let mut datasets: BTreeMap<DatasetId, Vec<Arc<RemoteTable>>> = BTreeMap::new();
        for table in &self.tables {
            if table.model.as_deref() == Some(name) {
                datasets
                    .entry(table.dataset.clone())
                    .or_default()
                    .push(Arc::clone(table));
            }
        }
        let mut parts = Vec::new();
        for candidates in datasets.into_values() {
            let Some(table) = choose_table(candidates, options)? else {
                continue;
            };
            parts.push(ModelMember {
                participant: table.dataset.owner.clone(),
                dataset: Some(table.dataset.name.clone()),
                why: (table.misfit.clone())
                    .or_else(|| table.barred.clone())
                    .or_else(|| dataset_kind::kind_mismatch(name, &table, options)),
                table: Some(table),
            });
        }
        let Some(model) = model::find_model(name) else {
            let misfit = parts.into_iter().find_map(|part| part.why);
            return Err(misfit.unwrap_or_else(|| no_table(&format!("model.{name}"))));
        };
        for lacking in &self.unavailable {
            let of_it = lacking.model.as_deref().is_none_or(|model| model == name);
            let had = parts.iter().any(|part| {
                part.participant == lacking.participant && part.dataset == lacking.dataset
            });
            if of_it && !had {
                parts.push(ModelMember {
                    participant: lacking.participant.clone(),
                    dataset: lacking.dataset.clone(),
                    table: None,
                    why: Some(lacking.why.clone()),
                });
            }
        }
        if parts.is_empty() {
            return Err(no_table(&format!("model.{name}")));
        }
        Ok(ResolvedTable::Model(model, parts))
    }
}
