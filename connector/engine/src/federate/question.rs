//! One question: planned, then asked of all participants at once, then answered.

use crate::federate::errand::{Courier, Errand, Outcome, Status};
use crate::federate::exec::{Leaves, Waiting};
use crate::federate::feed::{Checked, Ledger, checked, told};
use crate::federate::home::{Home, Meaning};
use crate::federate::names::Names;
use crate::federate::peersql::Writer;
use crate::federate::session::{Ample, session};
use crate::federate::source::{ErrandSource, ModelSource, RemoteSource};
use crate::federate::split::{Desk, split};
use crate::federate::{cells, mend};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DataFusionError, TableReference};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, TableSource};
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::planner::SqlToRel;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;
use futures::future::{join_all, try_join_all};
use futures::stream::BoxStream;
use policy::id::{ContractId, ParticipantId, PurposeId};
use policy::refusal::{Code, Refusal};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

/// How somebody wants to ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// The declared purpose; it holds for the whole question.
    pub purpose: Option<PurposeId>,
    /// The contracts to use where several fit.
    pub contracts: Vec<ContractId>,
    /// Accept an answer that lacks participants.
    pub partial: bool,
}

/// A planned question: what will travel is decided.
pub struct Question {
    pub(super) state: Arc<SessionState>,
    pub(super) plan: LogicalPlan,
    pub(super) errands: Vec<Arc<Errand>>,
    pub(super) left_out: Vec<(ParticipantId, Refusal)>,
    wish: Wish,
    ample: Ample,
}

/// The answer, as it comes.
pub struct Answer {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows. An error ends them, and all rows before it are void.
    pub batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
    /// What can be said of the participants, at any time and at the end.
    pub report: Report,
}

/// How the participants of a question did.
#[derive(Debug, Clone)]
pub struct Report {
    ledger: Ledger,
    left_out: Vec<(ParticipantId, Refusal)>,
}

impl Report {
    /// One for each errand, in order.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.ledger.read()
    }

    /// Whom the answer lacks, and why: it was asked for with `--partial`.
    #[must_use]
    pub fn missing(&self) -> Vec<(ParticipantId, Refusal)> {
        let failed = self
            .ledger
            .read()
            .into_iter()
            .filter_map(|outcome| match outcome.status {
                Status::Failed(refusal) => Some((outcome.errand.participant, refusal)),
                Status::Running | Status::Answered | Status::Enough => None,
            });
        self.left_out.iter().cloned().chain(failed).collect()
    }
}

/// Text to a question.
pub(super) fn plan(
    home: &Home,
    sql: &str,
    wish: &Wish,
    ample: &Ample,
) -> Result<Question, Refusal> {
    let state = session(ample)?;
    let statement = parse(sql)?;
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("plan".to_owned())
            .stack_size(64 << 20)
            .spawn_scoped(scope, || {
                plan_statement(home, statement, wish, ample, state)
            })
            .map_err(|_| Refusal::new(Code::ResourceLimit, "no thread is left to plan with"))?
            .join()
            .map_err(|_| Refusal::new(Code::Internal, "planning failed"))?
    })
}

fn parse(sql: &str) -> Result<Statement, Refusal> {
    let mut statements = DFParser::parse_sql(sql).map_err(|error| mend::planning(&error))?;
    let statement = statements
        .pop_front()
        .ok_or_else(|| Refusal::new(Code::SqlSyntax, "there is no statement"))?;
    if !statements.is_empty() {
        return Err(Refusal::new(
            Code::OneStatementOnly,
            "exactly one statement is accepted",
        ));
    }
    match &statement {
        Statement::Statement(inner) if matches!(**inner, ast::Statement::Query(_)) => Ok(statement),
        _ => Err(Refusal::new(
            Code::StatementNotAllowed,
            "only queries are accepted",
        )),
    }
}

fn plan_statement(
    home: &Home,
    statement: Statement,
    wish: &Wish,
    ample: &Ample,
    state: Arc<SessionState>,
) -> Result<Question, Refusal> {
    let writer = Arc::new(Writer::new(Arc::clone(&state)));
    let left_out = RefCell::new(Vec::new());
    let mut desk = Desk {
        writer: Arc::clone(&writer),
        wish: wish.clone(),
        errands: Vec::new(),
    };
    let planned = (|| {
        let names = Names {
            state: &state,
            find: |name: &TableReference| -> Result<Arc<dyn TableSource>, DataFusionError> {
                Ok(match home.resolve(name, wish)? {
                    Meaning::One(table, relation) => Arc::new(RemoteSource {
                        table,
                        relation,
                        writer: Arc::clone(&writer),
                    }),
                    Meaning::Model(tables, barred) => {
                        let mut all = left_out.borrow_mut();
                        for entry in barred {
                            if !all.contains(&entry) {
                                all.push(entry);
                            }
                        }
                        Arc::new(ModelSource::new(name.table(), &tables, &writer)?)
                    }
                })
            },
        };
        let plan = SqlToRel::new(&names).statement_to_plan(statement)?;
        let plan = state
            .analyzer()
            .execute_and_check(plan, state.config_options(), |_, _| {})?;
        let plan = cells::lift(plan, &mut desk)?;
        let plan = state.optimizer().optimize(plan, &*state, |_, _| {})?;
        let plan = split(plan, &mut desk)?;
        settle(plan, &mut desk)
    })()
    .map_err(|error: DataFusionError| mend::planning(&error))?;
    Ok(Question {
        state,
        plan: planned,
        errands: desk.errands,
        left_out: left_out.into_inner(),
        wish: wish.clone(),
        ample: ample.clone(),
    })
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
                return Err(mend::carry(Refusal::new(
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

impl Question {
    /// What will travel, in order.
    #[must_use]
    pub fn errands(&self) -> &[Arc<Errand>] {
        &self.errands
    }

    /// Asks all participants at once and answers from what they bring.
    ///
    /// Returns when each has begun to answer; until then an errand that failed on the way is sent again.
    ///
    /// # Errors
    /// The refusal of the first participant that fails, unless the answer may lack it.
    pub async fn run(self, courier: Arc<dyn Courier>) -> Result<Answer, Refusal> {
        let ledger = Ledger::new(&self.errands);
        let report = Report {
            ledger: ledger.clone(),
            left_out: self.left_out.clone(),
        };
        let mut time: Alarm = Box::pin(tokio::time::sleep(self.ample.time));
        let begun = tokio::select! {
            biased;
            begun = self.begin(&*courier, &ledger) => begun?,
            () = &mut time => return Err(late(&self.ample)),
        };
        let waiting = Waiting::new(begun);
        let planner =
            DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Leaves(waiting))]);
        let physical = planner
            .create_physical_plan(&self.plan, &*self.state)
            .await
            .map_err(|error| mend::planning(&error))?;
        let rows = execute_stream(physical, self.state.task_ctx())
            .map_err(|error| mend::running(&error))?;
        let schema = rows.schema();
        let running = Running {
            rows: Some(rows),
            time,
            ample: self.ample,
        };
        let batches = futures::stream::unfold(running, |mut running| async move {
            let item = running.next().await?;
            Some((item, running))
        })
        .boxed();
        Ok(Answer {
            schema,
            batches,
            report,
        })
    }

    async fn begin(
        &self,
        courier: &dyn Courier,
        ledger: &Ledger,
    ) -> Result<Vec<(usize, Checked)>, Refusal> {
        let errands = self
            .errands
            .iter()
            .map(|errand| begin_one(errand, courier, &self.ample, ledger));
        if !self.wish.partial {
            return try_join_all(errands).await;
        }
        let mut begun = Vec::new();
        let mut first = None;
        let results = join_all(errands).await;
        let all = results.len();
        let mut failed = 0_usize;
        for (errand, result) in self.errands.iter().zip(results) {
            begun.push(result.unwrap_or_else(|refusal| {
                first.get_or_insert(refusal);
                failed = failed.saturating_add(1);
                (errand.number, futures::stream::empty().boxed())
            }));
        }
        match first {
            Some(refusal) if failed == all => Err(refusal),
            _ => Ok(begun),
        }
    }
}

/// Sends one errand until its first row is here, or its end.
async fn begin_one(
    errand: &Arc<Errand>,
    courier: &dyn Courier,
    ample: &Ample,
    ledger: &Ledger,
) -> Result<(usize, Checked), Refusal> {
    let mut attempt = 0;
    loop {
        ledger.change(errand.number, |outcome| {
            outcome.status = Status::Running;
            outcome.rows = 0;
            outcome.bytes = 0;
        });
        let sent = Errand {
            attempt,
            ..Errand::clone(errand)
        };
        let result = async {
            let rows = courier.fetch(sent).await?;
            first_rows(checked(errand, rows, ample, ledger)?).await
        }
        .await;
        match result {
            Ok(rows) => return Ok((errand.number, rows)),
            Err(refusal) => {
                let refusal = told(refusal, errand);
                ledger.change(errand.number, |outcome| {
                    outcome.status = Status::Failed(refusal.clone());
                });
                let on_the_way = matches!(refusal.code, Code::PeerUnreachable | Code::StreamCut);
                if !on_the_way || attempt >= ample.retries {
                    return Err(refusal);
                }
                attempt = attempt.saturating_add(1);
            }
        }
    }
}

async fn first_rows(mut rows: Checked) -> Result<Checked, Refusal> {
    loop {
        match rows.next().await {
            None => return Ok(futures::stream::empty().boxed()),
            Some(Err(refusal)) => return Err(refusal),
            Some(Ok(batch)) if batch.num_rows() == 0 => {}
            Some(Ok(batch)) => {
                let first = futures::stream::once(async move { Ok(batch) });
                return Ok(first.chain(rows).boxed());
            }
        }
    }
}

type Alarm = Pin<Box<tokio::time::Sleep>>;

struct Running {
    rows: Option<SendableRecordBatchStream>,
    time: Alarm,
    ample: Ample,
}

impl Running {
    async fn next(&mut self) -> Option<Result<RecordBatch, Refusal>> {
        let rows = self.rows.as_mut()?;
        let item = tokio::select! {
            biased;
            () = &mut self.time => Some(Err(late(&self.ample))),
            item = rows.next() => item.map(|item| item.map_err(|error| mend::running(&error))),
        };
        if !matches!(item, Some(Ok(_))) {
            self.rows = None;
        }
        item
    }
}

fn late(ample: &Ample) -> Refusal {
    Refusal::new(
        Code::ResourceLimit,
        format!(
            "the question took longer than {} seconds",
            ample.time.as_secs()
        ),
    )
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question")
            .field("errands", &self.errands)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
