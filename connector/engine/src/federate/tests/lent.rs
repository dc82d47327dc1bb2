//! Whose values keys are: of every column that holds the same.

use super::narrow::{to_munster, travel, world};
use super::{World, run};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use policy::id::ClauseId;
use std::sync::Arc;

/// A few places more at one city, with these columns that may travel to anybody.
fn spots(world: &mut World, city: &str, places: &[&str], columns: &[&str]) {
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
            let keys: Vec<_> = outcomes.flat_map(|went| went.errand.keys).collect();
            let of = keys[0].of.iter().map(|lender| lender.column.as_deref());
            assert_eq!(of.collect::<Vec<_>>(), [Some("place"), Some("place")]);
        }
    }
}
