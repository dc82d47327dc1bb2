//! Whose values keys are: of every column that holds the same, and of nobody who brought none.

use super::key_pushdown::{to_munster, travel, world};
use super::names::participant;
use super::{FederationFixture, PlainEngineExecutor, bounds, plan, room, run, text};
use crate::federation::options::QueryOptions;
use crate::federation::remote_query::{RemoteExecutor, RemoteQuery, RemoteRows};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use async_trait::async_trait;
use futures::TryStreamExt;
use hansa_policy::id::ClauseId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// A few places more at one city, with these columns that may travel to anybody.
fn spots(world: &mut FederationFixture, city: &str, places: &[&str], columns: &[&str]) {
    let numbers = (1..).take(places.len());
    let rows = RecordBatch::try_from_iter([
        (
            "place",
            Arc::new(StringArray::from(places.to_vec())) as ArrayRef,
        ),
        ("n", Arc::new(Int64Array::from_iter_values(numbers)) as _),
    ])
    .unwrap();
    world.add(city, "spots", rows, None);
    for table in &mut world.tables {
        if table.dataset.name.as_str() == "spots" {
            table.rows = 3;
            table.distinct.insert("place".to_owned(), 3);
            table.travel = Some((ClauseId(4), travel(columns, &["anybody"])));
        }
    }
}

/// What a join has left over one column are values of the other column, too: that table's clause must name it.
#[test]
fn values_that_a_join_made_equal_are_of_both_columns() {
    let equal = "SELECT t.id FROM munster.trips t JOIN zurich.sites s ON s.place = t.place \
                 JOIN zurich.spots p ON p.place = s.place WHERE s.level > 2";
    for (columns, narrowed) in [(["n"], false), (["place"], true)] {
        let mut world = world(&["place"], &["anybody"]);
        spots(
            &mut world,
            "zurich",
            &["nowhere", "o'hare", "south"],
            &columns,
        );
        world.same(equal);
        let sent = to_munster(&world);
        assert_eq!(sent.contains("'o''hare'"), narrowed, "{columns:?}: {sent}");
        if narrowed {
            let (_, report) = run(world.ask(equal)).unwrap();
            let outcomes = report.outcomes().into_iter();
            let keys: Vec<_> = outcomes.flat_map(|went| went.remote_query.keys).collect();
            let of = keys[0].of.iter().map(|lender| lender.column.as_deref());
            assert_eq!(of.collect::<Vec<_>>(), [Some("place"), Some("place")]);
        }
    }
}

/// Does not get to the city that has spots.
struct UnreachableDatasetExecutor(Arc<PlainEngineExecutor>);

#[async_trait]
impl RemoteExecutor for UnreachableDatasetExecutor {
    async fn fetch(&self, errand: RemoteQuery) -> Result<RemoteRows, Refusal> {
        match errand.reads[0].dataset.name.as_str() {
            "spots" => Err(Refusal::new(ErrorCode::Withdrawn, "withdrawn")),
            _ => self.0.fetch(errand).await,
        }
    }
}

/// Where the answer may lack one of two who give keys, those of the other are sent, and as nobody else's.
#[test]
fn whoever_is_lacking_has_lent_nothing() {
    let mut world = world(&["place"], &["anybody"]);
    spots(&mut world, "ottawa", &["east"], &["place"]);
    let sql = "SELECT t.id FROM munster.trips t JOIN (SELECT place FROM zurich.sites \
               UNION ALL SELECT place FROM ottawa.spots) s ON s.place = t.place";
    world.same(sql);
    assert!(to_munster(&world).contains("'east'"));
    world.sent.lock().clear();
    let (rows, report) = run(async {
        let wish = QueryOptions {
            partial: true,
            ..QueryOptions::default()
        };
        let courier = Arc::new(UnreachableDatasetExecutor(world.executor()));
        let question = plan(&world.home(), sql, &wish).unwrap();
        let answer = question.run(courier, &room(), &bounds()).await.unwrap();
        let rows: Vec<RecordBatch> = answer.batches.try_collect().await.unwrap();
        (rows, answer.report)
    });
    assert!(!text(&rows).is_empty());
    let sent = to_munster(&world);
    assert!(
        sent.contains("'o''hare'") && !sent.contains("'east'"),
        "{sent}"
    );
    let missing: Vec<_> = report.missing().into_iter().map(|(id, _)| id).collect();
    assert_eq!(missing, [participant("ottawa")]);
    let outcomes = report.outcomes();
    let narrowed = outcomes
        .iter()
        .find(|went| !went.remote_query.keys.is_empty());
    let errand = &narrowed.unwrap().remote_query;
    let lent: Vec<_> = errand.keys_sent().map(|keys| keys.alias.as_str()).collect();
    assert_eq!(lent, ["zurich"]);
    assert_eq!(errand.keys.len(), 2);
}
