//! What can be asked from here: every dataset of every participant, own ones included, that a contract lets us name.

mod dataset_kind;
pub mod named_contract;
pub(super) mod resolved_table;

use self::named_contract::{UnusableContract, chosen};
use self::resolved_table::{ModelMember, ResolvedTable};
use crate::federation::federated_query::planning;
use crate::federation::federated_query::{FederatedQuery, QueryOptions};
use crate::federation::provenance::Provenance;
use crate::federation::table_source::DatasetRelation;
use crate::federation::time_precision::bucketed;
use crate::federation::time_span::CoveredTimeSpan;
use crate::limits::SqlStatementLimits;
use crate::model::{self, conformance};
use crate::sql::resolver::no_table;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::query_view::{self, ViewShape};
use hansa_policy::effect::{CubeDimension, Effect, EffectKind};
use hansa_policy::id::{ClauseId, ContractId, DatasetId, ParticipantId, SqlIdentifier};
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

/// What a question may need and can't be had: no name of it is known here, or none of its contracts can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnavailableTable {
    /// Whose.
    pub participant: ParticipantId,
    /// The owner's alias here, where it has one.
    pub alias: Option<SqlIdentifier>,
    /// Which dataset; absent: whatever that participant has.
    pub dataset: Option<SqlIdentifier>,
    /// The model that it is of; absent: nobody knows, so any.
    pub model: Option<String>,
    /// Why it can't be had.
    pub why: Refusal,
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
            bucketed: bucketed(entry, &shape, effects),
            dataset: entry.id.clone(),
            contract,
            title: None,
            shape,
            model: entry.model.clone(),
            snapshot: entry.version.clone(),
            rows: entry.rows,
            bytes: entry.bytes,
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

/// The tables of one question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryCatalog {
    tables: Vec<Arc<RemoteTable>>,
    unavailable: Vec<UnavailableTable>,
    unusable: Vec<UnusableContract>,
}

impl QueryCatalog {
    /// A home with these tables. The same dataset may stand under several contracts.
    #[must_use]
    pub fn new(tables: Vec<RemoteTable>) -> Self {
        Self {
            tables: tables.into_iter().map(Arc::new).collect(),
            unavailable: Vec::new(),
            unusable: Vec::new(),
        }
    }

    /// The same, knowing what it lacks: a question that needs it fails with the reason, or says so.
    #[must_use]
    pub fn that_lacks(mut self, lacking: Vec<UnavailableTable>) -> Self {
        self.unavailable.extend(lacking);
        self
    }

    /// The same, knowing which of the contracts that a question names give no table here, and why.
    #[must_use]
    pub fn with_unusable(mut self, unusable: Vec<UnusableContract>) -> Self {
        self.unusable.extend(unusable);
        self
    }

    /// Plans a question: everything that will travel is decided here, and nothing has travelled yet.
    ///
    /// Waits for a thread of its own; `now` is what `now()` means in the question.
    ///
    /// # Errors
    /// A refusal when the text is no query, names what does not exist, or needs what a contract does not give.
    pub fn plan(
        &self,
        sql: &str,
        wish: &QueryOptions,
        limits: &SqlStatementLimits,
        now: UtcTimestamp,
    ) -> Result<FederatedQuery, Refusal> {
        planning::plan(self, sql, wish, limits, now)
    }

    /// How many tables and lacks it holds.
    pub(super) const fn size(&self) -> usize {
        self.tables
            .len()
            .saturating_add(self.unavailable.len())
            .saturating_add(self.unusable.len())
    }

    /// The names that can be written after FROM, for completion and help.
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

    /// What a written path means.
    pub(super) fn resolve(
        &self,
        path: &[&str],
        wish: &QueryOptions,
    ) -> Result<ResolvedTable, Refusal> {
        match path {
            ["model", model] => self.model(model, wish),
            [alias, dataset] => self.dataset(alias, dataset, DatasetRelation::Rows, wish),
            [alias, dataset, "cube"] => self.dataset(alias, dataset, DatasetRelation::Cells, wish),
            _ => Err(no_table(&path.join("."))),
        }
    }

    fn dataset(
        &self,
        alias: &str,
        dataset: &str,
        relation: DatasetRelation,
        wish: &QueryOptions,
    ) -> Result<ResolvedTable, Refusal> {
        let candidates: Vec<_> = self
            .tables
            .iter()
            .filter(|table| table.alias.as_str() == alias && table.dataset.name.as_str() == dataset)
            .filter(|table| {
                relation == DatasetRelation::Rows
                    || matches!(table.shape, ViewShape::Cube { .. })
                    || named_contract::is_named(table, wish)
            })
            .cloned()
            .collect();
        let table = chosen(candidates, wish)?.ok_or_else(|| self.nothing(alias, dataset))?;
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

    /// Why there is no such dataset here.
    fn nothing(&self, alias: &str, dataset: &str) -> Refusal {
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

    fn model(&self, name: &str, wish: &QueryOptions) -> Result<ResolvedTable, Refusal> {
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
            let Some(table) = chosen(candidates, wish)? else {
                continue;
            };
            parts.push(ModelMember {
                participant: table.dataset.owner.clone(),
                dataset: Some(table.dataset.name.clone()),
                why: (table.misfit.clone())
                    .or_else(|| table.barred.clone())
                    .or_else(|| dataset_kind::kind_mismatch(name, &table, wish)),
                table: Some(table),
            });
        }
        let Some(model) = model::model(name) else {
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
