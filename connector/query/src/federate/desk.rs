//! Where errands are written down.

use crate::federate::branch::Branch;
use crate::federate::errand::{Errand, Reading};
use crate::federate::estimate;
use crate::federate::home::RemoteTable;
use crate::federate::peersql::{Text, Writer};
use crate::federate::question::Wish;
use crate::federate::select::{Body, Select, Source, places};
use crate::federate::source::{ErrandSource, Relation};
use crate::federate::span::{AskedTime, CoveredTime};
use crate::plan::functions::state::State;
use datafusion::common::{DataFusionError, TableReference};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use hansa_catalog::view::Shape;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Where errands are written down.
pub(super) struct Desk {
    /// The writer of texts.
    pub(super) writer: Arc<Writer>,
    /// What the asker wished.
    pub(super) wish: Wish,
    /// All errands so far.
    pub(super) errands: Vec<Arc<Errand>>,
    /// What is known of parts of the plan: they are asked about again and again.
    parts: RefCell<HashMap<LogicalPlan, Option<Vec<Branch>>>>,
}

impl Desk {
    /// An empty desk.
    pub(super) fn new(writer: Arc<Writer>, wish: Wish) -> Self {
        Self {
            writer,
            wish,
            errands: Vec::new(),
            parts: RefCell::default(),
        }
    }

    /// What was found out about a part.
    pub(super) fn known(&self, part: &LogicalPlan) -> Option<Option<Vec<Branch>>> {
        self.parts.borrow().get(part).cloned()
    }

    /// Remembers it.
    pub(super) fn learn(&self, part: &LogicalPlan, found: Option<Vec<Branch>>) {
        self.parts.borrow_mut().insert(part.clone(), found);
    }

    /// Writes an errand down; the plan reads what it will bring.
    pub(super) fn errand(
        &mut self,
        query: &Select,
        text: Text,
        relies: &BTreeSet<String>,
    ) -> Result<LogicalPlan, DataFusionError> {
        let tables = query.tables();
        let Some((first, _)) = tables.first() else {
            return Err(DataFusionError::Plan(
                "an errand without a table".to_owned(),
            ));
        };
        let single = matches!(&query.body, Body::Groups { keys, .. } if keys.is_empty());
        let at_most = if single {
            Some(1)
        } else {
            query.limit.and_then(|limit| u64::try_from(limit).ok())
        };
        let Expected {
            rows,
            read,
            guessed,
        } = expected(query, first);
        // 0: the participant does not tell how many rows it has.
        let most_rows = match (at_most, rows) {
            (Some(limit), 0) => limit,
            (Some(limit), rows) => limit.min(rows),
            (None, rows) => rows,
        };
        let number = self.errands.len();
        let errand = Arc::new(Errand {
            number,
            participant: first.dataset.owner.clone(),
            alias: first.alias.clone(),
            reads: tables
                .iter()
                .map(|(table, relation)| reading(query, table, *relation))
                .collect(),
            purpose: self.wish.purpose.clone(),
            sql: text.sql,
            most_bytes: estimate::brought(text.schema.fields(), most_rows, read),
            schema: text.schema,
            states: states(&query.body),
            at_most,
            at_least: u64::from(single),
            most_rows,
            guessed,
            relies: relies.clone(),
            keys: Vec::new(),
            attempt: 0,
        });
        self.errands.push(Arc::clone(&errand));
        let name = TableReference::partial("hansa", format!("errand_{number}"));
        let query = Arc::new(query.clone());
        LogicalPlanBuilder::scan(name, Arc::new(ErrandSource { errand, query }), None)?.build()
    }
}

/// What a query is expected to bring.
struct Expected {
    /// So many rows.
    rows: u64,
    /// Made of so many.
    read: u64,
    /// Whether that is a guess: of one relation there are no more than it has.
    guessed: bool,
}

fn expected(query: &Select, first: &RemoteTable) -> Expected {
    if let [item] = query.from.as_slice()
        && matches!(item.source, Source::Table(..))
    {
        return Expected {
            rows: first.rows,
            read: first.rows,
            guessed: false,
        };
    }
    Expected {
        rows: estimate::whole(estimate::select(query)),
        read: estimate::whole(estimate::read(query)),
        guessed: true,
    }
}

/// Which columns of a query are states.
fn states(body: &Body) -> BTreeMap<usize, State> {
    let Body::Groups { keys, partials } = body else {
        return BTreeMap::new();
    };
    let all = (keys.len()..).zip(partials);
    let states = all.filter_map(|(at, partial)| match partial {
        Expr::AggregateFunction(call) => Some((at, State::named(call.func.name())?)),
        _ => None,
    });
    states.collect()
}

fn reading(query: &Select, table: &RemoteTable, relation: Relation) -> Reading {
    let mut spans = Vec::new();
    asked(query, table, relation, &mut spans);
    Reading {
        dataset: table.dataset.clone(),
        contract: table.contract,
        snapshot: table.snapshot.clone(),
        covered: table.covered.clone(),
        asked: AskedTime::together(&spans),
        cells_alone: matches!(table.shape, Shape::Cube { .. }),
        provenance: table.provenance.clone(),
    }
}

/// The times that conditions leave of a table, for each place where it is read.
fn asked(query: &Select, table: &RemoteTable, relation: Relation, spans: &mut Vec<AskedTime>) {
    for (at, item) in query.from.iter().enumerate() {
        match &item.source {
            Source::Table(other, kind) if other.dataset == table.dataset && *kind == relation => {
                let own = |expr: &&Expr| query.from.len() == 1 || places(expr).iter().eq([&at]);
                let all = query.conjuncts.iter().chain(&item.on);
                let all: Vec<Expr> = all.filter(own).cloned().collect();
                let columns = table.covered.as_ref().map(CoveredTime::columns);
                spans.push(AskedTime::of(&all, columns));
            }
            Source::Table(..) => {}
            Source::Inner(inner) => asked(&inner.select, table, relation, spans),
        }
    }
}
