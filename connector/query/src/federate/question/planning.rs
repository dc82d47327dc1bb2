//! Text to a question: names, whole blocks, the stock rules, then the split.

use super::lacks::{Placed, Unasked, lacks};
use super::{Question, Wish};
use crate::fault;
use crate::federate::cells;
use crate::federate::desk::Desk;
use crate::federate::eager::lessened;
use crate::federate::errand::Errand;
use crate::federate::exec::Leaves;
use crate::federate::home::meaning::{Meaning, Part};
use crate::federate::home::{Home, RemoteTable};
use crate::federate::narrow::narrowed;
use crate::federate::order::ordered;
use crate::federate::peersql::Writer;
use crate::federate::source::{ErrandSource, ModelSource, RemoteSource};
use crate::federate::split::split;
use crate::federate::uses::probe;
use crate::limits::{Limits, SqlLimits};
use crate::model::Model;
use crate::plan::functions::exact;
use crate::plan::names::Tables;
use crate::plan::steady;
use crate::plan::{Planned, planned, stack};
use crate::session;
use crate::session::apart;
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::Transformed;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, TableSource};
use datafusion::optimizer::Optimizer;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use hansa_audit_log::time::Time;
use hansa_policy::id::{ContractId, Name};
use hansa_policy::refusal::{Code, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Text to a question.
pub(in crate::federate) fn plan(
    home: &Home,
    sql: &str,
    wish: &Wish,
    limits: &SqlLimits,
    now: Time,
) -> Result<Question, Refusal> {
    let (home, sql, wish, limits) = (home.clone(), sql.to_owned(), wish.clone(), *limits);
    stack::wait(limits.planning, move || {
        plan_here(home, &sql, wish, &limits, now)
    })
}

fn plan_here(
    home: Home,
    sql: &str,
    wish: Wish,
    limits: &SqlLimits,
    now: Time,
) -> Result<Question, Refusal> {
    let state = Arc::new(session::fresh(
        &Limits::default(),
        Arc::default(),
        Arc::new(Leaves),
    ));
    let writer = Arc::new(Writer::new(Arc::clone(&state), *limits, now));
    home.check_named(&wish)?;
    let probed = Arc::new(Names::new(&home, &wish, &writer, None));
    let mut planned = probed.read(sql, limits, now)?;
    let mut bound = probed.bound();
    let parts = probed.parts();
    let mut left_out = Vec::new();
    if !parts.is_empty() {
        let lacks = lacks(&planned.plan, &parts, &state)?;
        left_out = lacks.told(&parts, wish.partial)?;
        let chosen = Arc::new(Names::new(
            &home,
            &wish,
            &writer,
            Some(lacks.unasked(&parts)),
        ));
        planned = chosen.read(sql, limits, now)?;
        bound = chosen.bound();
    }
    home.check_bound(&wish, &bound, &left_out)?;
    // By what was asked: what participants do of it and what is done here makes no difference.
    let stays = !planned.explain && steady::is_steady(&planned.plan);
    let goes_on = stays && steady::is_additive(&planned.plan);
    let mut desk = Desk::new(writer, wish.clone());
    let plan = cells::lift(planned.plan, &mut desk)
        .and_then(exact::guarded)
        .and_then(apart::marked)
        .and_then(|plan| state.optimizer().optimize(plan, &*state, |_, _| {}))
        .and_then(apart::unmarked)
        .and_then(exact::written)
        .and_then(|plan| nearest(plan, &desk, &state))
        .and_then(|plan| split(plan, &mut desk))
        .and_then(|plan| settle(plan, &mut desk))
        .map_err(|error| fault::planning(&error))?;
    let mut errands = desk.errands;
    let narrowings = if wish.settled {
        Vec::new()
    } else {
        narrowed(&plan, &mut errands)
    };
    Ok(Question {
        plan: Arc::new(plan),
        errands,
        left_out,
        narrowings: narrowings.into(),
        writer: desk.writer,
        ready: Arc::default(),
        wish,
        goes_on,
        stays,
        explain: planned.explain,
    })
}

/// The plan with what one participant has put together first, and less of what is joined here.
fn nearest(
    plan: LogicalPlan,
    desk: &Desk,
    state: &SessionState,
) -> Result<LogicalPlan, DataFusionError> {
    let ordered = ordered(plan, desk)?;
    let less = lessened(ordered.data, desk)?;
    if !ordered.transformed && !less.transformed {
        return Ok(less.data);
    }
    // Columns that other joins no longer need.
    let narrow = Optimizer::with_rules(vec![Arc::new(OptimizeProjections::new())]);
    apart::marked(less.data)
        .and_then(|plan| narrow.optimize(plan, state, |_, _| {}))
        .and_then(apart::unmarked)
}

/// The names of one question.
struct Names {
    home: Home,
    wish: Wish,
    writer: Arc<Writer>,
    /// Of models: what is not asked. Absent: that is not decided yet, and every part stands as a probe.
    unasked: Option<BTreeMap<Unasked, Refusal>>,
    parts: Mutex<Vec<Placed>>,
    /// The contracts under which its names can be asked.
    bound: Mutex<BTreeSet<ContractId>>,
    /// Why a name that exists can't be asked.
    refused: Mutex<Option<Refusal>>,
}

impl Names {
    fn new(
        home: &Home,
        wish: &Wish,
        writer: &Arc<Writer>,
        unasked: Option<BTreeMap<Unasked, Refusal>>,
    ) -> Self {
        Self {
            home: home.clone(),
            wish: wish.clone(),
            writer: Arc::clone(writer),
            unasked,
            parts: Mutex::default(),
            bound: Mutex::default(),
            refused: Mutex::default(),
        }
    }

    fn read(
        self: &Arc<Self>,
        sql: &str,
        limits: &SqlLimits,
        now: Time,
    ) -> Result<Planned, Refusal> {
        let tables: Arc<dyn Tables> = Arc::<Self>::clone(self);
        let planned = planned(sql, tables, limits, now);
        let refused = self
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let planned = match (planned, refused) {
            (Err(refusal), Some(why)) if refusal.code == Code::DatasetUnknown => Err(why),
            (planned, _) => planned,
        };
        planned.map_err(|refusal| match refusal.code {
            Code::ContractAmbiguous => self.home.unmentioned(sql, &self.wish).unwrap_or(refusal),
            _ => refusal,
        })
    }

    /// The parts of models that stand in the plan as probes, by their numbers.
    fn parts(&self) -> Vec<Placed> {
        self.parts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The contracts under which the names that were read can be asked.
    fn bound(&self) -> BTreeSet<ContractId> {
        let bound = self.bound.lock();
        bound.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn binds<'t>(&self, tables: impl IntoIterator<Item = &'t Arc<RemoteTable>>) {
        let contracts = tables.into_iter().filter_map(|table| table.contract);
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        bound.extend(contracts);
    }

    fn found(&self, path: &[&str]) -> Result<Arc<dyn TableSource>, Refusal> {
        let source = match self.home.resolve(path, &self.wish)? {
            Meaning::One(table, relation) => {
                self.binds([&table]);
                return Ok(Arc::new(RemoteSource {
                    table,
                    relation,
                    writer: Arc::clone(&self.writer),
                }));
            }
            Meaning::Model(model, parts) => match &self.unasked {
                None => self.probes(model, parts),
                Some(unasked) => {
                    let tables: Vec<_> = parts
                        .into_iter()
                        .filter(|part| !unasked.contains_key(&(model.name, part.key())))
                        .filter_map(|part| part.table)
                        .collect();
                    self.binds(&tables);
                    ModelSource::new(model, &tables, &self.writer)
                }
            },
        };
        let source = source.map_err(|error| fault::planning(&error))?;
        Ok(Arc::new(source))
    }

    fn probes(
        &self,
        model: &'static Model,
        parts: Vec<Part>,
    ) -> Result<ModelSource, DataFusionError> {
        let mut all = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let columns = model.schema();
        let mut branches = Vec::new();
        for part in parts {
            let dataset = part.dataset.as_ref().map(Name::as_str);
            branches.push(probe(
                all.len(),
                &columns,
                part.participant.domain(),
                dataset,
            )?);
            all.push(Placed { model, part });
        }
        ModelSource::union(branches, model)
    }
}

impl Tables for Names {
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>> {
        let found = self.found(path);
        match found {
            Ok(source) => Some(source),
            Err(refusal) => {
                // What a participant said of a name is told; that there is no such name, where it is missed.
                if refusal.code != Code::DatasetUnknown || refusal.participant.is_some() {
                    self.refused
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .get_or_insert(refusal);
                }
                None
            }
        }
    }
}

/// Each errand stands exactly once in the plan: those that no rule left a use for are forgotten, and one that stands twice
/// is asked twice.
fn settle(plan: LogicalPlan, desk: &mut Desk) -> Result<LogicalPlan, DataFusionError> {
    let mut used = BTreeSet::new();
    let mut next = desk.errands.len();
    let mut copies = Vec::new();
    let plan = plan
        .transform_down_with_subqueries(|node| {
            let LogicalPlan::TableScan(mut scan) = node else {
                return Ok(Transformed::no(node));
            };
            let Some(source) = scan.source.downcast_ref::<ErrandSource>() else {
                return Err(fault::carry(Refusal::new(
                    Code::Internal,
                    "a table of the question belongs to nobody",
                )));
            };
            if used.insert(source.errand.number) {
                return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
            }
            let copy = Arc::new(Errand {
                number: next,
                ..Errand::clone(&source.errand)
            });
            used.insert(next);
            next = next.saturating_add(1);
            copies.push(Arc::clone(&copy));
            let query = Arc::clone(&source.query);
            scan.source = Arc::new(ErrandSource {
                errand: copy,
                query,
            });
            Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
        })?
        .data;
    desk.errands.append(&mut copies);
    desk.errands.retain(|errand| used.contains(&errand.number));
    Ok(plan)
}
