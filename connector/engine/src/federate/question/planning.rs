//! Text to a question: names, whole blocks, the stock rules, then the split.

use super::{Question, Wish};
use crate::fault;
use crate::federate::cells;
use crate::federate::errand::Errand;
use crate::federate::exec::Leaves;
use crate::federate::home::{Home, Meaning};
use crate::federate::peersql::Writer;
use crate::federate::source::{ErrandSource, ModelSource, RemoteSource};
use crate::federate::split::{Desk, split};
use crate::limits::{Limits, SqlLimits};
use crate::plan::names::Tables;
use crate::plan::{planned, stack};
use crate::session;
use crate::session::apart;
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{LogicalPlan, TableSource};
use evidence::time::Time;
use policy::id::ParticipantId;
use policy::refusal::{Code, Refusal};
use std::collections::BTreeSet;
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
        Arc::new(Leaves::default()),
    ));
    let writer = Arc::new(Writer::new(Arc::clone(&state), *limits, now));
    let names = Arc::new(Names {
        home,
        wish: wish.clone(),
        writer: Arc::clone(&writer),
        left_out: Mutex::default(),
        refused: Mutex::default(),
    });
    let tables: Arc<dyn Tables> = Arc::<Names>::clone(&names);
    let planned = planned(sql, tables, limits, now);
    let refused = names
        .refused
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let planned = match (planned, refused) {
        (Err(refusal), Some(why)) if refusal.code == Code::DatasetUnknown => return Err(why),
        (planned, _) => planned?,
    };
    let mut desk = Desk {
        writer,
        wish: wish.clone(),
        errands: Vec::new(),
    };
    let plan = cells::lift(planned.plan, &mut desk)
        .and_then(apart::marked)
        .and_then(|plan| state.optimizer().optimize(plan, &*state, |_, _| {}))
        .and_then(apart::unmarked)
        .and_then(|plan| split(plan, &mut desk))
        .and_then(|plan| settle(plan, &mut desk))
        .map_err(|error| fault::planning(&error))?;
    let left_out = names
        .left_out
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    Ok(Question {
        plan,
        errands: desk.errands,
        left_out,
        wish,
        explain: planned.explain,
    })
}

/// The names of one question.
struct Names {
    home: Home,
    wish: Wish,
    writer: Arc<Writer>,
    left_out: Mutex<Vec<(ParticipantId, Refusal)>>,
    /// Why a name that exists can't be asked.
    refused: Mutex<Option<Refusal>>,
}

impl Names {
    fn found(&self, path: &[&str]) -> Result<Arc<dyn TableSource>, Refusal> {
        match self.home.resolve(path, &self.wish)? {
            Meaning::One(table, relation) => Ok(Arc::new(RemoteSource {
                table,
                relation,
                writer: Arc::clone(&self.writer),
            })),
            Meaning::Model(tables, barred) => {
                let mut all = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
                for entry in barred {
                    if !all.contains(&entry) {
                        all.push(entry);
                    }
                }
                let model = ModelSource::new(&path.join("."), &tables, &self.writer)
                    .map_err(|error| fault::planning(&error))?;
                Ok(Arc::new(model))
            }
        }
    }
}

impl Tables for Names {
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>> {
        let found = self.found(path);
        match found {
            Ok(source) => Some(source),
            Err(refusal) => {
                if refusal.code != Code::DatasetUnknown {
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
            scan.source = Arc::new(ErrandSource { errand: copy });
            Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
        })?
        .data;
    desk.errands.append(&mut copies);
    desk.errands.retain(|errand| used.contains(&errand.number));
    Ok(plan)
}
