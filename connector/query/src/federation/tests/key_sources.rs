//! Sources of keys: every column with equal values, and no participant that sent none.

use super::key_pushdown::{to_munster, travel, world};
use super::names::participant;
use super::{FederationFixture, PlainEngineExecutor, bounds, plan, run, test_runtime, text};
use crate::federation::options::QueryOptions;
use crate::federation::remote_query::{RemoteExecutor, RemoteQuery, RemoteRows};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use async_trait::async_trait;
use futures::TryStreamExt;
use hansa_policy::id::ClauseId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Adds a few places to one city, with these columns that may be transferred to anybody.
fn spots(fixture: &mut FederationFixture, city: &str, places: &[&str], columns: &[&str]) {
    let numbers = (1..).take(places.len());
    let rows = RecordBatch::try_from_iter([
        (
            "place",
            Arc::new(StringArray::from(places.to_vec())) as ArrayRef,
        ),
        ("n", Arc::new(Int64Array::from_iter_values(numbers)) as _),
    ])
    .unwrap();
    fixture.add(city, "spots", rows, None);
    for table in &mut fixture.tables {
        if table.dataset.name.as_str() == "spots" {
            table.rows = 3;
            table.distinct.insert("place".to_owned(), 3);
            table.travel = Some((ClauseId(4), travel(columns, &["anybody"])));
        }
    }
}

/// Values of one column that remain after a join are also values of the other column, so the clause of that table must name it.
#[test]
fn values_that_a_join_made_equal_are_of_both_columns() {
    let equal = "SELECT t.id FROM munster.trips t JOIN zurich.sites s ON s.place = t.place \
                 JOIN zurich.spots p ON p.place = s.place WHERE s.level > 2";
    for (columns, narrowed) in [(["n"], false), (["place"], true)] {
        let mut fixture = world(&["place"], &["anybody"]);
        spots(
            &mut fixture,
            "zurich",
            &["nowhere", "o'hare", "south"],
            &columns,
        );
        fixture.same(equal);
        let sent = to_munster(&fixture);
        assert_eq!(sent.contains("'o''hare'"), narrowed, "{columns:?}: {sent}");
        if narrowed {
            let (_, report) = run(fixture.ask(equal)).unwrap();
            let outcomes = report.outcomes().into_iter();
            let keys: Vec<_> = outcomes.flat_map(|went| went.remote_query.keys).collect();
            let of = keys[0]
                .of
                .iter()
                .map(|key_source| key_source.column.as_deref());
            assert_eq!(of.collect::<Vec<_>>(), [Some("place"), Some("place")]);
        }
    }
}

/// Executor that can't reach the city with spots.
struct UnreachableDatasetExecutor(Arc<PlainEngineExecutor>);

#[async_trait]
impl RemoteExecutor for UnreachableDatasetExecutor {
    async fn fetch(&self, remote_query: RemoteQuery) -> Result<RemoteRows, Refusal> {
        match remote_query.reads[0].dataset.name.as_str() {
            "spots" => Err(Refusal::new(ErrorCode::Withdrawn, "withdrawn")),
            _ => self.0.fetch(remote_query).await,
        }
    }
}

/// If the answer lacks one of two key sources, the keys of the other are sent and attributed to the other alone.
#[test]
fn whoever_is_lacking_has_sent_no_keys() {
    let mut fixture = world(&["place"], &["anybody"]);
    spots(&mut fixture, "ottawa", &["east"], &["place"]);
    let sql = "SELECT t.id FROM munster.trips t JOIN (SELECT place FROM zurich.sites \
               UNION ALL SELECT place FROM ottawa.spots) s ON s.place = t.place";
    fixture.same(sql);
    assert!(to_munster(&fixture).contains("'east'"));
    fixture.sent.lock().clear();
    let (rows, report) = run(async {
        let options = QueryOptions {
            partial: true,
            ..QueryOptions::default()
        };
        let executor = Arc::new(UnreachableDatasetExecutor(fixture.executor()));
        let question = plan(&fixture.home(), sql, &options).unwrap();
        let answer = question
            .run(executor, &test_runtime(), &bounds())
            .await
            .unwrap();
        let rows: Vec<RecordBatch> = answer.batches.try_collect().await.unwrap();
        (rows, answer.report)
    });
    assert!(!text(&rows).is_empty());
    let sent = to_munster(&fixture);
    assert!(
        sent.contains("'o''hare'") && !sent.contains("'east'"),
        "{sent}"
    );
    let missing: Vec<_> = report
        .missing_participants()
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(missing, [participant("ottawa")]);
    let outcomes = report.outcomes();
    let narrowed = outcomes
        .iter()
        .find(|went| !went.remote_query.keys.is_empty());
    let remote_query = &narrowed.unwrap().remote_query;
    let sources: Vec<_> = remote_query
        .keys_sent()
        .map(|keys| keys.alias.as_str())
        .collect();
    assert_eq!(sources, ["zurich"]);
    assert_eq!(remote_query.keys.len(), 2);
}
