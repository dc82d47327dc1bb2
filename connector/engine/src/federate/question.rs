//! One question: planned, then asked of all participants at once, then answered.

use crate::fault;
use crate::federate::cells;
use crate::federate::errand::{Courier, Errand, Outcome, Status};
use crate::federate::exec::Leaves;
use crate::federate::explain::Explanation;
use crate::federate::feed::{Checked, Ledger, checked, told};
use crate::federate::home::{Home, Meaning};
use crate::federate::peersql::Writer;
use crate::federate::source::{ErrandSource, ModelSource, RemoteSource};
use crate::federate::split::{Desk, split};
use crate::limits::{Limits, Room, SqlLimits};
use crate::plan::names::Tables;
use crate::plan::{planned, stack};
use crate::session;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::Transformed;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, TableSource};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use evidence::time::Time;
use futures::StreamExt;
use futures::future::{join_all, try_join_all};
use futures::stream::BoxStream;
use policy::id::{ContractId, ParticipantId, PurposeId};
use policy::refusal::{Code, Refusal};
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

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
    pub(super) plan: LogicalPlan,
    pub(super) errands: Vec<Arc<Errand>>,
    pub(super) left_out: Vec<(ParticipantId, Refusal)>,
    wish: Wish,
    explain: bool,
}

/// What a question may use here, and each of its errands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The whole question.
    pub limits: Limits,
    /// The most rows that one errand may bring.
    pub errand_rows: u64,
    /// The most bytes that one errand may bring.
    pub errand_bytes: u64,
    /// How often an errand is sent again that failed on the way before its first row.
    pub retries: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            limits: Limits {
                partitions: 2,
                ..Limits::default()
            },
            errand_rows: 1_000_000_000,
            errand_bytes: 64 << 30,
            retries: 1,
        }
    }
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
    let planned = planned(sql, Arc::clone(&names) as Arc<dyn Tables>, limits, now);
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
        .and_then(|plan| state.optimizer().optimize(plan, &*state, |_, _| {}))
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

impl Tables for Names {
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>> {
        let found = match self.home.resolve(path, &self.wish) {
            Ok(Meaning::One(table, relation)) => Ok(Arc::new(RemoteSource {
                table,
                relation,
                writer: Arc::clone(&self.writer),
            }) as Arc<dyn TableSource>),
            Ok(Meaning::Model(tables, barred)) => {
                let mut all = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
                for entry in barred {
                    if !all.contains(&entry) {
                        all.push(entry);
                    }
                }
                ModelSource::new(&path.join("."), &tables, &self.writer)
                    .map(|model| Arc::new(model) as Arc<dyn TableSource>)
                    .map_err(|error| fault::planning(&error))
            }
            Err(refusal) => Err(refusal),
        };
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

impl Question {
    /// What will travel, in order.
    #[must_use]
    pub fn errands(&self) -> &[Arc<Errand>] {
        &self.errands
    }

    /// Whether the text asks for the explanation alone (`EXPLAIN SELECT …`); [`Question::run`] then asks nobody.
    #[must_use]
    pub const fn explains(&self) -> bool {
        self.explain
    }

    /// Asks all participants at once and answers from what they bring, on the threads of `room`.
    ///
    /// Returns when each has begun to answer; until then an errand that failed on the way is sent again.
    ///
    /// # Errors
    /// The refusal of the first participant that fails, unless the answer may lack it.
    pub async fn run(
        self,
        courier: Arc<dyn Courier>,
        room: &Room,
        bounds: &Bounds,
    ) -> Result<Answer, Refusal> {
        let ledger = Ledger::new(&self.errands);
        let report = Report {
            ledger: ledger.clone(),
            left_out: self.left_out.clone(),
        };
        if self.explain {
            return explained(&self.explain(), report);
        }
        let limits = bounds.limits;
        let mut time: Alarm = Box::pin(tokio::time::sleep(limits.time));
        let begun = tokio::select! {
            biased;
            begun = self.begin(&*courier, bounds, &ledger) => begun?,
            () = &mut time => return Err(late(&limits)),
        };
        let (environment, _) = room.environment(&limits)?;
        let state = session::fresh(&limits, environment, Arc::new(Leaves::new(begun)));
        let plan = self.plan;
        let (physical, state) = stack::run(limits.time, move || {
            let physical = state.query_planner().create_physical_plan(&plan, &state);
            let physical =
                futures::executor::block_on(physical).map_err(|error| fault::planning(&error))?;
            Ok((physical, state))
        })
        .await?;
        let schema = physical.schema();
        let (send, receive) = mpsc::channel(2);
        let task = room.handle().spawn(async move {
            if let Err(refusal) = drive(physical, &state, &send).await {
                let _ = send.send(Err(refusal)).await;
            }
        });
        let running = Running {
            rows: Some(receive),
            task,
            time,
            limits,
            sent: 0,
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
        bounds: &Bounds,
        ledger: &Ledger,
    ) -> Result<Vec<(usize, Checked)>, Refusal> {
        let errands = self
            .errands
            .iter()
            .map(|errand| begin_one(errand, courier, bounds, ledger));
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
    bounds: &Bounds,
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
            first_rows(checked(errand, rows, bounds, ledger)?).await
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
                if !on_the_way || attempt >= bounds.retries {
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

async fn drive(
    physical: Arc<dyn ExecutionPlan>,
    state: &SessionState,
    send: &mpsc::Sender<Result<RecordBatch, Refusal>>,
) -> Result<(), Refusal> {
    let mut rows =
        execute_stream(physical, state.task_ctx()).map_err(|error| fault::running(&error))?;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| fault::running(&error))?;
        if send.send(Ok(batch)).await.is_err() {
            break;
        }
    }
    Ok(())
}

type Alarm = Pin<Box<tokio::time::Sleep>>;

struct Running {
    rows: Option<mpsc::Receiver<Result<RecordBatch, Refusal>>>,
    task: tokio::task::JoinHandle<()>,
    time: Alarm,
    limits: Limits,
    sent: u64,
}

impl Running {
    async fn next(&mut self) -> Option<Result<RecordBatch, Refusal>> {
        let rows = self.rows.as_mut()?;
        let item = tokio::select! {
            biased;
            () = &mut self.time => Some(Err(late(&self.limits))),
            item = rows.recv() => item,
        };
        let item = match item {
            Some(Ok(batch)) => Some(self.within(batch)),
            other => other,
        };
        if !matches!(item, Some(Ok(_))) {
            self.rows = None;
            self.task.abort();
        }
        item
    }

    fn within(&mut self, batch: RecordBatch) -> Result<RecordBatch, Refusal> {
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        self.sent = self.sent.saturating_add(rows);
        if self.sent <= self.limits.rows {
            return Ok(batch);
        }
        Err(Refusal::new(
            Code::ResultTooLarge,
            format!("the answer has more than {} rows", self.limits.rows),
        )
        .with_help("add a filter or a LIMIT"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn late(limits: &Limits) -> Refusal {
    Refusal::new(
        Code::ResourceLimit,
        format!(
            "the question took longer than {} seconds",
            limits.time.as_secs()
        ),
    )
}

fn explained(explanation: &Explanation, report: Report) -> Result<Answer, Refusal> {
    let text = explanation.to_string();
    let lines: ArrayRef = Arc::new(StringArray::from_iter_values(text.lines()));
    let schema = Arc::new(Schema::new(vec![Field::new("plan", DataType::Utf8, false)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![lines])
        .map_err(|_| Refusal::new(Code::Internal, "the plan can't be shown"))?;
    Ok(Answer {
        schema,
        batches: futures::stream::iter([Ok(batch)]).boxed(),
        report,
    })
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
