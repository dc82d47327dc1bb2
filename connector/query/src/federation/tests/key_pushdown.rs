//! Key pushdown: keys of one participant reduce the rows fetched from another. Keys are transferred only if a contract permits it.

use super::{FederationFixture, bounds, plan, run, test_runtime, text};
use crate::federation::federated_answer::ParticipantReport;
use crate::federation::options::QueryOptions;
use crate::federation::remote_query::{RemoteExecutor, RemoteQuery, RemoteQueryStatus, RemoteRows};
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use async_trait::async_trait;
use futures::TryStreamExt;
use hansa_policy::id::{ClauseId, ContractId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::joins::JoinSite;
use hansa_policy::term::key_transfer::{KeyRecipients, KeyTransferTerm};
use std::sync::Arc;

const PLACES: &str = "SELECT t.id, s.level FROM munster.trips t JOIN zurich.sites s ON s.place = t.place WHERE s.level > 2";

/// Fixture in which `sites` is small and `trips` is large according to the catalogues. `sites` permits the transfer of these
/// columns to these participants.
pub(super) fn world(columns: &[&str], to: &[&str]) -> FederationFixture {
    let mut fixture = FederationFixture::new();
    for table in &mut fixture.tables {
        let small = table.dataset.name.as_str() == "sites";
        table.rows = if small { 4 } else { 1_000_000 };
        for column in ["id", "place", "level", "n"] {
            let count = if small { 4 } else { 100_000 };
            table.distinct.insert(column.to_owned(), count);
        }
        if small && !columns.is_empty() {
            table.travel = Some((ClauseId(9), travel(columns, to)));
        }
    }
    fixture
}

pub(super) fn travel(columns: &[&str], to: &[&str]) -> KeyTransferTerm {
    KeyTransferTerm {
        columns: columns.iter().map(|name| name.parse().unwrap()).collect(),
        to: match to {
            ["anybody"] => KeyRecipients::Anybody,
            list => KeyRecipients::These(list.iter().map(|id| id.parse().unwrap()).collect()),
        },
    }
}

pub(super) fn to_munster(fixture: &FederationFixture) -> String {
    let texts = fixture.texts();
    let mut texts = texts.iter().filter(|text| text.starts_with("munster: "));
    texts.next().cloned().unwrap_or_default()
}

/// Values are sent only to the participants and only from the columns that the clause names.
#[test]
fn keys_travel_as_the_clause_says() {
    let silent = "munster: SELECT id AS c0, place AS c1 FROM trips";
    for (columns, to) in [
        (&[][..], &[][..]),
        (&["level"], &["anybody"]),
        (&["place"], &["ottawa.example"]),
    ] {
        let fixture = world(columns, to);
        fixture.same(PLACES);
        assert_eq!(to_munster(&fixture), silent, "{columns:?} to {to:?}");
    }
    for to in [["anybody"], ["munster.example"]] {
        let fixture = world(&["place"], &to);
        fixture.same(PLACES);
        let sent = to_munster(&fixture);
        assert!(sent.starts_with(silent) && sent.contains("WHERE"), "{sent}");
        assert!(
            sent.contains("'o''hare'") && sent.contains("'nowhere'"),
            "{sent}"
        );
        assert!(!sent.contains("north"), "{sent}");
    }
}

/// The explanation and the report name the transferred keys, with the clause.
#[test]
fn it_is_reported_whose_values_went_where() {
    let fixture = world(&["place"], &["munster.example"]);
    let text = fixture.plan(PLACES).unwrap().explain().to_string();
    let line = "waits for values of zurich.sites.place (contract";
    assert!(
        text.contains(line) && text.contains("clause #c9)"),
        "{text}"
    );
    let (_, report) = run(fixture.ask(PLACES)).unwrap();
    let keys = keys(&report);
    assert_eq!(keys[0].values, Some(2));
    assert_eq!(keys[0].of[0].clause, Some(ClauseId(9)));
    assert!(
        keys[0]
            .to_string()
            .starts_with("asked for rows that fit 2 values of zurich.sites.place")
    );
}

fn keys(report: &ParticipantReport) -> Vec<crate::federation::remote_query::PushdownKeys> {
    let outcomes = report.outcomes().into_iter();
    outcomes.flat_map(|went| went.remote_query.keys).collect()
}

/// Rows of the own participant are not disclosed, and a table that affects which keys remain must permit the transfer, too.
#[test]
fn every_table_behind_the_keys_must_let_them_travel() {
    let sql = "SELECT t.id FROM munster.trips t JOIN zurich.sites s ON s.place = t.place \
               JOIN zurich.empty e ON e.n = s.level";
    for (lets, narrowed) in [(false, false), (true, true)] {
        let mut fixture = world(&["place"], &["anybody"]);
        let few = Int64Array::from(vec![1, 3]);
        let few = RecordBatch::try_from_iter([("n", Arc::new(few) as ArrayRef)]).unwrap();
        fixture.add("zurich", "empty", few, None);
        for table in &mut fixture.tables {
            if table.dataset.name.as_str() == "empty" {
                table.rows = 2;
                // The named column does not exist in this table; only the permitted receivers count.
                table.travel = lets.then(|| (ClauseId(3), travel(&["n"], &["anybody"])));
            }
        }
        fixture.same(sql);
        assert_eq!(
            to_munster(&fixture).contains("WHERE"),
            narrowed,
            "{:?}",
            fixture.texts()
        );
    }
    let mut own = world(&["place"], &["anybody"]);
    for table in own
        .tables
        .iter_mut()
        .filter(|one| one.dataset.name.as_str() == "sites")
    {
        table.contract = None::<ContractId>;
    }
    own.same(PLACES);
    assert!(!to_munster(&own).contains("WHERE"));
}

/// Values return to their owner without a clause, and a local remote query discloses nothing.
#[test]
fn what_came_from_somebody_is_no_news_to_him() {
    let sql = PLACES.replace("munster.trips", "zurich.trips");
    let mut fixture = world(&[], &[]);
    for table in &mut fixture.tables {
        // The tables are not joined at the participant, so both are queried.
        table.joins = JoinSite::Consumer;
    }
    fixture.same(&sql);
    assert!(
        fixture
            .texts()
            .iter()
            .any(|text| text.contains("'nowhere'"))
    );
    for table in fixture
        .tables
        .iter_mut()
        .filter(|one| one.alias.as_str() == "munster")
    {
        table.contract = None;
    }
    fixture.same(PLACES);
    assert!(to_munster(&fixture).contains("'nowhere'"));
}

#[test]
fn where_nothing_fits_nobody_is_asked_for_it() {
    let fixture = world(&["place"], &["anybody"]);
    let none = PLACES.replace("> 2", "> 200");
    fixture.same(&none);
    assert_eq!(to_munster(&fixture), "");
    let (rows, report) = run(fixture.ask(&none)).unwrap();
    assert!(text(&rows).is_empty());
    assert!(report.missing_participants().is_empty());
    let outcomes = report.outcomes();
    let munster = outcomes
        .iter()
        .find(|went| !went.remote_query.keys.is_empty());
    assert_eq!(
        munster.map(|went| &went.status),
        Some(&RemoteQueryStatus::NotAsked)
    );
}

/// If there are too many keys, none is sent, and no buffered row is lost.
#[test]
fn too_many_keys_are_not_sent() {
    for count in [20_480, 20_481, 70_000] {
        let mut fixture = world(&["level"], &["anybody"]);
        let level = Int64Array::from_iter_values(0..count);
        let many = RecordBatch::try_from_iter([("level", Arc::new(level) as ArrayRef)]).unwrap();
        fixture.data.insert(
            ("zurich.example".to_owned(), "sites".to_owned()),
            many.clone(),
        );
        for table in fixture
            .tables
            .iter_mut()
            .filter(|one| one.dataset.name.as_str() == "sites")
        {
            table.shape = hansa_catalog::query_view::ViewShape::Rows(many.schema());
        }
        let sql = "SELECT t.id, s.level FROM munster.trips t JOIN zurich.sites s ON s.level = t.n";
        fixture.same(sql);
        let sent = count <= 20_480;
        assert_eq!(to_munster(&fixture).contains("WHERE"), sent, "{count}");
        let (_, report) = run(fixture.ask(sql)).unwrap();
        let count = usize::try_from(count).unwrap();
        assert_eq!(keys(&report)[0].values, sent.then_some(count));
    }
}

/// A question with fixed texts uses no keys.
#[test]
fn a_settled_question_has_no_keys() {
    let fixture = world(&["place"], &["anybody"]);
    let options = QueryOptions {
        settled: true,
        ..QueryOptions::default()
    };
    assert!(fixture.plan(PLACES).unwrap().waits_for_keys());
    assert!(
        !plan(&fixture.home(), PLACES, &options)
            .unwrap()
            .waits_for_keys()
    );
}

/// Executor that fails for the key source.
struct FailingKeySourceExecutor(Arc<super::PlainEngineExecutor>, bool);

#[async_trait]
impl RemoteExecutor for FailingKeySourceExecutor {
    async fn fetch(&self, remote_query: RemoteQuery) -> Result<RemoteRows, Refusal> {
        if remote_query.reads[0].dataset.name.as_str() != "sites" {
            return self.0.fetch(remote_query).await;
        }
        let gone = || Refusal::new(ErrorCode::Withdrawn, "withdrawn");
        if !self.1 {
            return Err(gone());
        }
        let rows = self.0.fetch(remote_query).await?;
        let batches: Vec<_> = rows.batches.try_collect().await?;
        let batches = batches.into_iter().map(Ok).chain([Err(gone())]);
        Ok(RemoteRows {
            batches: Box::pin(futures::stream::iter(batches)),
            ..rows
        })
    }
}

/// If the key source fails, the question fails or reports the missing participant. Keys of an interrupted source are not used.
#[test]
fn keys_that_do_not_come_are_reported() {
    let fixture = world(&["place"], &["anybody"]);
    let ask = |partial, cut| {
        fixture.sent.lock().clear();
        run(async {
            let options = QueryOptions {
                partial,
                ..QueryOptions::default()
            };
            let executor = Arc::new(FailingKeySourceExecutor(fixture.executor(), cut));
            let question = plan(&fixture.home(), PLACES, &options).unwrap();
            let answer = question.run(executor, &test_runtime(), &bounds()).await?;
            let rows: Vec<RecordBatch> = answer.batches.try_collect().await?;
            Ok((text(&rows), answer.report))
        })
    };
    // Rows received before the interruption are not used either.
    for cut in [false, true] {
        let refusal: Refusal = ask(false, cut).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::Withdrawn, "{cut}");
        assert_eq!(to_munster(&fixture), "");
        // A question without any remaining participant has no answer.
        assert_eq!(ask(true, cut).unwrap_err().code, ErrorCode::Withdrawn);
        assert_eq!(to_munster(&fixture), "");
    }
}

/// Rows that an outer join preserves are not reduced by keys.
#[test]
fn rows_that_are_kept_anyway_are_all_asked_for() {
    let fixture = world(&["place"], &["anybody"]);
    let few = "(SELECT * FROM zurich.sites WHERE level > 2) s";
    for (sql, narrowed) in [
        (
            format!(
                "SELECT t.id, s.level FROM munster.trips t LEFT JOIN {few} ON s.place = t.place"
            ),
            false,
        ),
        (
            format!(
                "SELECT t.id, s.level FROM {few} RIGHT JOIN munster.trips t ON s.place = t.place"
            ),
            false,
        ),
        (
            format!(
                "SELECT t.id, s.level FROM {few} FULL JOIN munster.trips t ON s.place = t.place"
            ),
            false,
        ),
        (
            format!(
                "SELECT t.id FROM munster.trips t WHERE NOT EXISTS (SELECT 1 FROM {few} WHERE s.place = t.place)"
            ),
            false,
        ),
        (
            format!(
                "SELECT t.id, s.level FROM {few} LEFT JOIN munster.trips t ON s.place = t.place"
            ),
            true,
        ),
        (
            format!(
                "SELECT t.id FROM munster.trips t WHERE EXISTS (SELECT 1 FROM {few} WHERE s.place = t.place)"
            ),
            true,
        ),
    ] {
        fixture.same(&sql);
        let sent = to_munster(&fixture);
        assert_eq!(sent.contains("'o''hare'"), narrowed, "{sql}: {sent}");
    }
}

/// Executor that sends one row at a time.
struct RowByRowExecutor(Arc<super::PlainEngineExecutor>);

#[async_trait]
impl RemoteExecutor for RowByRowExecutor {
    async fn fetch(&self, remote_query: RemoteQuery) -> Result<RemoteRows, Refusal> {
        let rows = self.0.fetch(remote_query).await?;
        let batches: Vec<RecordBatch> = rows.batches.try_collect().await?;
        let one = |batch: &RecordBatch| {
            let batch = batch.clone();
            (0..batch.num_rows())
                .map(move |row| Ok(batch.slice(row, 1)))
                .collect::<Vec<_>>()
        };
        let all: Vec<_> = batches.iter().flat_map(one).collect();
        Ok(RemoteRows {
            batches: Box::pin(futures::stream::iter(all)),
            ..rows
        })
    }
}

/// All rows that were buffered for their keys are in the answer.
#[test]
fn what_was_held_for_its_keys_is_given_back_whole() {
    let fixture = world(&["place"], &["anybody"]);
    let sql = PLACES.replace("> 2", "> 0");
    let rows = run(async {
        let question = plan(&fixture.home(), &sql, &QueryOptions::default()).unwrap();
        let executor = Arc::new(RowByRowExecutor(fixture.executor()));
        let answer = question
            .run(executor, &test_runtime(), &bounds())
            .await
            .unwrap();
        let rows: Vec<RecordBatch> = answer.batches.try_collect().await.unwrap();
        rows
    });
    let mut pooled = text(&run(fixture.pooled(&sql)).unwrap());
    let mut came = text(&rows);
    assert!(to_munster(&fixture).contains("'south'"));
    pooled.sort();
    came.sort();
    assert_eq!(came, pooled);
}
