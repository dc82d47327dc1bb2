//! Participants that refuse, disconnect, or send unexpected data.

use super::{FederationFixture, bounds, plan, rows, run, test_runtime, text};
use crate::federation::federated_answer::ParticipantReport;
use crate::federation::options::{FederatedQueryLimits, QueryOptions};
use crate::federation::remote_query::{
    RemoteExecutor, RemoteQuery, RemoteQueryStatus, RemoteRows, TransferMetrics,
};
use crate::limits::QueryResourceLimits;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Fault of the executor for the remote queries of Ottawa.
#[derive(Clone)]
pub(super) enum InjectedFault {
    Refuses(ErrorCode),
    /// Connection failure for this number of attempts, then an answer.
    Vanishes(u32),
    /// Shutdown at the first attempt.
    Moves,
    CutsAfterRows,
    Sends(RecordBatch),
    Endless,
    Never,
    /// End of the stream without a row.
    Nothing,
    /// Panic after the rows.
    Falls,
}

struct FaultyExecutor {
    plain: Arc<super::PlainEngineExecutor>,
    fault: InjectedFault,
}

#[async_trait]
impl RemoteExecutor for FaultyExecutor {
    async fn fetch(&self, remote_query: RemoteQuery) -> Result<RemoteRows, Refusal> {
        let (schema, rows) = self.plain.rows(&remote_query).await;
        let answer = |rows: Vec<Result<RecordBatch, Refusal>>| RemoteRows {
            schema: Arc::clone(&schema),
            batches: futures::stream::iter(rows).boxed(),
            travelled: Arc::new(TransferMetrics {
                read: BTreeMap::from([(
                    remote_query.reads[0].dataset.clone(),
                    "2026-11-21.9".to_owned(),
                )])
                .into(),
                ..TransferMetrics::default()
            }),
        };
        let honest = || Ok(answer(rows.iter().cloned().map(Ok).collect()));
        if remote_query.participant.domain() != "ottawa.example" {
            return honest();
        }
        match &self.fault {
            InjectedFault::Refuses(code) => Err(Refusal::new(*code, "no column `w` in `trips`")),
            InjectedFault::Vanishes(times) if remote_query.attempt < *times => {
                Err(Refusal::new(ErrorCode::PeerUnreachable, "no answer"))
            }
            InjectedFault::Moves if remote_query.attempt == 0 => {
                Err(Refusal::new(ErrorCode::Moved, "being stopped"))
            }
            InjectedFault::Vanishes(_) | InjectedFault::Moves => honest(),
            InjectedFault::CutsAfterRows => {
                let mut rows: Vec<_> = rows.into_iter().map(Ok).collect();
                rows.push(Err(Refusal::new(
                    ErrorCode::StreamCut,
                    "the stream was cut",
                )));
                Ok(answer(rows))
            }
            InjectedFault::Sends(other) => Ok(RemoteRows {
                schema: other.schema(),
                batches: futures::stream::iter([Ok(other.clone())]).boxed(),
                travelled: Arc::default(),
            }),
            InjectedFault::Endless => {
                let batch = rows[0].clone();
                Ok(RemoteRows {
                    schema,
                    batches: futures::stream::repeat_with(move || Ok(batch.clone())).boxed(),
                    travelled: Arc::default(),
                })
            }
            InjectedFault::Never => futures::future::pending().await,
            InjectedFault::Nothing => Ok(answer(Vec::new())),
            InjectedFault::Falls => {
                let rows = futures::stream::iter(rows.into_iter().map(Ok));
                let end = futures::stream::poll_fn(|_| panic!("falls, as it is meant to"));
                Ok(RemoteRows {
                    schema,
                    batches: rows.chain(end).boxed(),
                    travelled: Arc::default(),
                })
            }
        }
    }
}

pub(super) fn ask(
    sql: &str,
    fault: InjectedFault,
    partial: bool,
    limits: &FederatedQueryLimits,
) -> Result<(Vec<RecordBatch>, ParticipantReport), Refusal> {
    let fixture = FederationFixture::new();
    run(async {
        let options = QueryOptions {
            partial,
            ..QueryOptions::default()
        };
        let question = plan(&fixture.home(), sql, &options)?;
        let executor = FaultyExecutor {
            plain: fixture.executor(),
            fault,
        };
        let answer = question
            .run(Arc::new(executor), &test_runtime(), limits)
            .await?;
        Ok((answer.batches.try_collect().await?, answer.report))
    })
}

const COUNT: &str = "SELECT participant, count(*) FROM model.trips GROUP BY participant";

#[test]
fn a_refusal_fails_the_question() {
    let refusal = ask(
        COUNT,
        InjectedFault::Refuses(ErrorCode::ColumnUnknown),
        false,
        &bounds(),
    )
    .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ColumnUnknown);
    assert_eq!(refusal.sentence, "no column `w` in `ottawa.trips`");
    assert_eq!(refusal.participant.unwrap().domain(), "ottawa.example");
    assert_eq!(refusal.contract, Some(super::contract("ottawa")));
}

#[test]
fn partial_leaves_it_out_and_says_so() {
    let (rows, report) = ask(
        COUNT,
        InjectedFault::Refuses(ErrorCode::Withdrawn),
        true,
        &bounds(),
    )
    .unwrap();
    let mut lines = text(&rows);
    lines.sort();
    assert_eq!(lines, ["munster.example|120", "zurich.example|200"]);
    let missing = report.missing_participants();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].0.domain(), "ottawa.example");
    assert_eq!(missing[0].1.code, ErrorCode::Withdrawn);
    // A question without any remaining participant has no answer.
    let alone = ask(
        "SELECT id FROM ottawa.trips",
        InjectedFault::Refuses(ErrorCode::Withdrawn),
        true,
        &bounds(),
    );
    assert_eq!(alone.unwrap_err().code, ErrorCode::Withdrawn);
}

#[test]
fn sent_again_before_the_first_row_only() {
    let (rows, report) = ask(COUNT, InjectedFault::Vanishes(1), false, &bounds()).unwrap();
    assert_eq!(text(&rows).len(), 3);
    assert!(
        report
            .outcomes()
            .iter()
            .all(|outcome| outcome.status == RemoteQueryStatus::Answered)
    );
    let (rows, _) = ask(COUNT, InjectedFault::Moves, false, &bounds()).unwrap();
    assert_eq!(text(&rows).len(), 3);
    let gone = ask(COUNT, InjectedFault::Vanishes(2), false, &bounds()).unwrap_err();
    assert_eq!(gone.code, ErrorCode::PeerUnreachable);
    for partial in [false, true] {
        let cut = ask(
            "SELECT id FROM model.trips",
            InjectedFault::CutsAfterRows,
            partial,
            &bounds(),
        );
        let cut = cut.unwrap_err();
        assert_eq!(cut.code, ErrorCode::StreamCut);
        assert_eq!(cut.participant.unwrap().domain(), "ottawa.example");
    }
}

#[test]
fn what_comes_back_is_checked() {
    let ids = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
    let cases: [(&str, RecordBatch, ErrorCode); 5] = [
        // Another type.
        (
            "SELECT id FROM ottawa.trips",
            RecordBatch::try_from_iter([(
                "c0",
                Arc::new(StringArray::from(vec!["x"])) as ArrayRef,
            )])
            .unwrap(),
            ErrorCode::PeerDataInvalid,
        ),
        // Another name, and so possibly another order.
        (
            "SELECT id FROM ottawa.trips",
            RecordBatch::try_from_iter([("id", ids(vec![1]))]).unwrap(),
            ErrorCode::PeerDataInvalid,
        ),
        // More columns.
        (
            "SELECT id FROM ottawa.trips",
            rows(0, 3),
            ErrorCode::PeerDataInvalid,
        ),
        // More rows than the text allows.
        (
            "SELECT id FROM ottawa.trips LIMIT 2",
            RecordBatch::try_from_iter([("c0", ids(vec![1, 2, 3]))]).unwrap(),
            ErrorCode::PeerDataInvalid,
        ),
        // NULL in a column that is not nullable.
        (
            "SELECT id FROM ottawa.trips",
            RecordBatch::try_from_iter([(
                "c0",
                Arc::new(Int64Array::from(vec![Some(1), None])) as ArrayRef,
            )])
            .unwrap(),
            ErrorCode::PeerDataInvalid,
        ),
    ];
    for (sql, batch, code) in cases {
        let refusal = ask(sql, InjectedFault::Sends(batch), false, &bounds()).unwrap_err();
        assert_eq!(refusal.code, code, "{sql}: {refusal}");
        assert_eq!(refusal.participant.unwrap().domain(), "ottawa.example");
    }
}

#[test]
fn a_fallen_question_is_not_a_complete_one() {
    for sql in ["SELECT id FROM model.trips", COUNT] {
        let refusal = ask(sql, InjectedFault::Falls, false, &bounds()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::Internal, "{sql}: {refusal}");
    }
}

#[test]
fn an_aggregate_without_keys_has_its_row() {
    for sql in [
        "SELECT sum(id) FROM ottawa.trips",
        "SELECT count(*) FROM model.trips",
        "SELECT participant, max(x) FROM model.trips GROUP BY participant",
    ] {
        let refusal = ask(sql, InjectedFault::Nothing, false, &bounds()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::PeerDataInvalid, "{sql}: {refusal}");
        assert_eq!(refusal.participant.unwrap().domain(), "ottawa.example");
    }
    // A query for rows or for groups may return no row.
    for sql in [
        "SELECT id FROM model.trips",
        "SELECT place, sum(n) FROM ottawa.trips GROUP BY place",
    ] {
        assert!(
            ask(sql, InjectedFault::Nothing, false, &bounds()).is_ok(),
            "{sql}"
        );
    }
}

#[test]
fn endless_rows_meet_a_limit() {
    let limits = FederatedQueryLimits {
        remote_query_rows: 10_000,
        ..bounds()
    };
    let refusal = ask(
        "SELECT sum(id + x) OVER () FROM ottawa.trips",
        InjectedFault::Endless,
        false,
        &limits,
    );
    assert_eq!(refusal.unwrap_err().code, ErrorCode::ResourceLimit);
    let limits = FederatedQueryLimits {
        remote_query_rows: 1_000_000,
        ..bounds()
    };
    // A LIMIT above reads only the rows it needs.
    let (rows, report) = ask(
        "SELECT id, row_number() OVER () FROM ottawa.trips LIMIT 5",
        InjectedFault::Endless,
        false,
        &limits,
    )
    .unwrap();
    assert_eq!(text(&rows).len(), 5);
    assert_eq!(report.outcomes()[0].status, RemoteQueryStatus::Enough);
    let mut small = bounds();
    small.limits.memory = 200_000;
    small.limits.spill = 1_000_000;
    let sorted = ask(
        "SELECT id, place FROM ottawa.trips ORDER BY x",
        InjectedFault::Endless,
        false,
        &small,
    );
    assert_eq!(sorted.unwrap_err().code, ErrorCode::ResourceLimit);
}

#[test]
fn the_time_is_limited() {
    let limits = FederatedQueryLimits {
        limits: QueryResourceLimits {
            time: Duration::from_millis(50),
            ..bounds().limits
        },
        ..bounds()
    };
    let refusal = ask(COUNT, InjectedFault::Never, false, &limits).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ResourceLimit);
}

#[test]
fn the_footer_tells_rows_and_snapshot() {
    let (_, report) = ask(
        "SELECT id FROM model.trips",
        InjectedFault::Vanishes(0),
        false,
        &bounds(),
    )
    .unwrap();
    let counts: Vec<_> = report
        .outcomes()
        .iter()
        .map(|outcome| {
            (
                outcome.remote_query.alias.to_string(),
                outcome.rows,
                outcome.remote_query.reads[0].snapshot.clone(),
            )
        })
        .collect();
    assert_eq!(
        counts,
        [
            ("munster".to_owned(), 120, "2026-11-21.9".to_owned()),
            ("ottawa".to_owned(), 75, "2026-11-21.9".to_owned()),
            ("zurich".to_owned(), 200, "2026-11-21.9".to_owned()),
        ]
    );
}

#[test]
fn errors_tell_no_values() {
    let fixture = FederationFixture::new();
    let refusal = run(fixture.ask(
        "SELECT m.id / (o.n - o.n) FROM munster.trips m JOIN ottawa.trips o ON m.place = o.place",
    ))
    .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::EvaluationFailed);
    let refusal = run(fixture.ask("SELECT CAST(m.place || o.place AS BIGINT) FROM munster.trips m JOIN ottawa.trips o ON m.place = o.place"))
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::EvaluationFailed);
    assert!(!refusal.to_string().contains("north"), "{refusal}");
}

/// Dropping the answer ends the remote queries, including endless ones.
#[test]
fn dropping_ends_the_remote_queries() {
    struct PendingExecutor(tokio::sync::mpsc::Sender<()>);
    #[async_trait]
    impl RemoteExecutor for PendingExecutor {
        async fn fetch(&self, remote_query: RemoteQuery) -> Result<RemoteRows, Refusal> {
            let alive = self.0.clone();
            let batch = RecordBatch::new_empty(Arc::clone(&remote_query.schema));
            let ids = Arc::new(Int64Array::from(vec![1])) as ArrayRef;
            let first = RecordBatch::try_new(batch.schema(), vec![ids]).unwrap();
            let rest = futures::stream::once(async move {
                let _alive = alive;
                futures::future::pending().await
            });
            Ok(RemoteRows {
                schema: batch.schema(),
                batches: futures::stream::iter([Ok(first)]).chain(rest).boxed(),
                travelled: Arc::default(),
            })
        }
    }
    run(async {
        let (alive, mut ended) = tokio::sync::mpsc::channel(1);
        let question = FederationFixture::new()
            .plan("SELECT id FROM model.trips")
            .unwrap();
        let answer = question
            .run(Arc::new(PendingExecutor(alive)), &test_runtime(), &bounds())
            .await
            .unwrap();
        let report = answer.report.clone();
        let mut batches = answer.batches;
        assert!(batches.next().await.unwrap().is_ok());
        drop(batches);
        // The channel has no sender, so this returns when the last stream is dropped.
        assert!(ended.recv().await.is_none());
        assert!(
            report
                .outcomes()
                .iter()
                .all(|outcome| outcome.status == RemoteQueryStatus::Enough)
        );
    });
}
