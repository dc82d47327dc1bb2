//! What can be asked from here: every dataset of every participant, own ones included, that a contract lets us name.

use crate::federate::question::planning;
use crate::federate::question::{Question, Wish};
use crate::federate::source::Relation;
use crate::limits::SqlLimits;
use crate::plan::names::no_table;
use catalog::dataset::Dataset;
use catalog::view::{self, Shape};
use evidence::time::Time;
use policy::effect::Effect;
use policy::id::{ContractId, DatasetId, Name, ParticipantId};
use policy::refusal::{Code, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One dataset under one contract, as a peer's catalogue (or the own one) shows it.
#[derive(Debug, Clone)]
pub struct RemoteTable {
    /// The alias of its owner here; the own alias for own data.
    pub alias: Name,
    /// Which dataset; its owner answers for it.
    pub dataset: DatasetId,
    /// The contract; absent for own data.
    pub contract: Option<ContractId>,
    /// What the contract shows of it: rows, or cells only.
    pub shape: Shape,
    /// The model that it conforms to.
    pub model: Option<String>,
    /// The label of its snapshot.
    pub snapshot: String,
    /// Rows of the snapshot.
    pub rows: u64,
    /// Bytes of the snapshot.
    pub bytes: u64,
    /// First and last instant of its time column.
    pub time_span: Option<(Time, Time)>,
    /// Why it can't be asked for this purpose, where that is known beforehand.
    pub barred: Option<Refusal>,
}

impl RemoteTable {
    /// The table that a contract with these effects makes of a catalogue entry.
    ///
    /// # Errors
    /// When the effects do not fit the entry: `TERM_COLUMN_UNKNOWN`, `TERM_ILL_TYPED`.
    pub fn new(
        alias: Name,
        entry: &Dataset,
        contract: Option<ContractId>,
        effects: &[Effect],
    ) -> Result<Self, Refusal> {
        Ok(Self {
            alias,
            dataset: entry.id.clone(),
            contract,
            shape: view::shape(entry, effects)?,
            model: entry.model.clone(),
            snapshot: entry.version.clone(),
            rows: entry.rows,
            bytes: entry.bytes,
            time_span: entry.time_span,
            barred: None,
        })
    }
}

/// The tables of one question.
#[derive(Debug, Clone, Default)]
pub struct Home {
    tables: Vec<Arc<RemoteTable>>,
}

impl Home {
    /// A home with these tables. The same dataset may stand under several contracts.
    #[must_use]
    pub fn new(tables: Vec<RemoteTable>) -> Self {
        Self {
            tables: tables.into_iter().map(Arc::new).collect(),
        }
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
        wish: &Wish,
        limits: &SqlLimits,
        now: Time,
    ) -> Result<Question, Refusal> {
        planning::plan(self, sql, wish, limits, now)
    }

    /// The names that can be written after FROM, for completion and help.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut all = BTreeSet::new();
        for table in &self.tables {
            all.insert(format!("{}.{}", table.alias, table.dataset.name));
            if matches!(table.shape, Shape::Cube { .. }) {
                all.insert(format!("{}.{}.cube", table.alias, table.dataset.name));
            }
            if let Some(model) = &table.model {
                all.insert(format!("model.{model}"));
            }
        }
        all.into_iter().collect()
    }

    /// What a written path means.
    pub(super) fn resolve(&self, path: &[&str], wish: &Wish) -> Result<Meaning, Refusal> {
        match path {
            ["model", model] => self.model(model, wish),
            [alias, dataset] => self.dataset(alias, dataset, Relation::Rows, wish),
            [alias, dataset, "cube"] => self.dataset(alias, dataset, Relation::Cells, wish),
            _ => Err(no_table(&path.join("."))),
        }
    }

    fn dataset(
        &self,
        alias: &str,
        dataset: &str,
        relation: Relation,
        wish: &Wish,
    ) -> Result<Meaning, Refusal> {
        let candidates: Vec<_> = self
            .tables
            .iter()
            .filter(|table| table.alias.as_str() == alias && table.dataset.name.as_str() == dataset)
            .filter(|table| relation == Relation::Rows || matches!(table.shape, Shape::Cube { .. }))
            .cloned()
            .collect();
        let table = one_contract(candidates, wish)?
            .ok_or_else(|| no_table(&format!("{alias}.{dataset}")))?;
        if let Some(refusal) = &table.barred {
            return Err(refusal.clone());
        }
        let relation = match (&table.shape, relation) {
            (Shape::Rows(_), _) => Relation::Rows,
            (Shape::Cube { .. }, Relation::Cells) => Relation::Cells,
            (Shape::Cube { .. }, Relation::Rows | Relation::Base) => Relation::Base,
        };
        Ok(Meaning::One(table, relation))
    }

    fn model(&self, model: &str, wish: &Wish) -> Result<Meaning, Refusal> {
        let mut datasets: BTreeMap<DatasetId, Vec<Arc<RemoteTable>>> = BTreeMap::new();
        for table in &self.tables {
            if table.model.as_deref() == Some(model) {
                datasets
                    .entry(table.dataset.clone())
                    .or_default()
                    .push(Arc::clone(table));
            }
        }
        let mut open = Vec::new();
        let mut barred = Vec::new();
        for candidates in datasets.into_values() {
            let Some(table) = one_contract(candidates, wish)? else {
                continue;
            };
            match (&table.barred, wish.partial) {
                (None, _) => open.push(table),
                (Some(refusal), false) => return Err(refusal.clone()),
                (Some(refusal), true) => {
                    barred.push((table.dataset.owner.clone(), refusal.clone()));
                }
            }
        }
        if !open.is_empty() {
            return Ok(Meaning::Model(open, barred));
        }
        Err(barred.into_iter().next().map_or_else(
            || no_table(&format!("model.{model}")),
            |(_, refusal)| refusal,
        ))
    }
}

/// What a name stands for.
pub(super) enum Meaning {
    /// One relation of one dataset.
    One(Arc<RemoteTable>, Relation),
    /// A model: the datasets that conform to it, and who is left out.
    Model(Vec<Arc<RemoteTable>>, Vec<(ParticipantId, Refusal)>),
}

fn one_contract(
    candidates: Vec<Arc<RemoteTable>>,
    wish: &Wish,
) -> Result<Option<Arc<RemoteTable>>, Refusal> {
    let named: Vec<_> = candidates
        .iter()
        .filter(|table| {
            table
                .contract
                .is_some_and(|contract| wish.contracts.contains(&contract))
        })
        .cloned()
        .collect();
    let fitting = if named.is_empty() { candidates } else { named };
    let open: Vec<_> = fitting
        .iter()
        .filter(|table| table.barred.is_none())
        .cloned()
        .collect();
    let choice = if open.is_empty() { fitting } else { open };
    let mut choice = choice.into_iter();
    let Some(first) = choice.next() else {
        return Ok(None);
    };
    let rest: Vec<_> = choice.collect();
    if rest.is_empty() || first.barred.is_some() {
        return Ok(Some(first));
    }
    let list = std::iter::once(&first)
        .chain(&rest)
        .filter_map(|table| table.contract.map(|contract| contract.short()))
        .collect::<Vec<_>>()
        .join(", ");
    Err(Refusal::new(
        Code::ContractAmbiguous,
        format!(
            "several contracts in force let you ask `{}.{}`: {list}",
            first.alias, first.dataset.name
        ),
    )
    .with_help("name one with --contract"))
}
