//! A model holds values of its own kind: a dataset of another one is taken where the question says so, and is never left out unseen.

use super::{FederationFixture, bounds, participant, plan, room, run, text};
use crate::federation::options::QueryOptions;
use arrow_array::RecordBatch;
use futures::TryStreamExt;
use hansa_catalog::dataset::DatasetKind::{self, Estimated, Forecast, Measured};
use hansa_policy::refusal::ErrorCode;

const COUNT: &str = "SELECT participant, count(*) AS n FROM model.trips GROUP BY participant";

/// Ottawa forecasts, Zürich says that it measures, Münster says nothing.
fn world() -> FederationFixture {
    let mut world = FederationFixture::new();
    for table in &mut world.tables {
        table.provenance.kind = match table.alias.as_str() {
            "ottawa" => Some(DatasetKind::Forecast),
            "zurich" => Some(DatasetKind::Measured),
            _ => None,
        };
    }
    world
}

fn taking(kinds: &[DatasetKind]) -> QueryOptions {
    QueryOptions {
        kinds: kinds.iter().copied().collect(),
        ..QueryOptions::default()
    }
}

fn lines(world: &FederationFixture, sql: &str, wish: &QueryOptions) -> (Vec<String>, Vec<String>) {
    let question = plan(&world.home(), sql, wish).unwrap();
    run(async {
        let answer = question.run(world.executor(), &room(), &bounds()).await;
        let answer = answer.unwrap();
        let rows: Vec<RecordBatch> = answer.batches.try_collect().await.unwrap();
        let mut lines = text(&rows);
        lines.sort();
        let missing = answer.report.missing();
        let missing = missing.iter().map(|(who, _)| who.domain().to_owned());
        (lines, missing.collect())
    })
}

#[test]
fn a_model_refuses_another_kind_than_its_own_unless_it_is_asked_for_it() {
    let world = world();
    let refusal = plan(&world.home(), COUNT, &QueryOptions::default()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::KindMismatch, "{refusal:#?}");
    assert_eq!(refusal.participant, Some(participant("ottawa")));
    let said = "`ottawa.trips` is forecast, and `model.trips` holds measured values unless it is asked for others";
    assert_eq!(refusal.sentence, said);
    assert!(
        refusal.help.join(" ").contains("--kind measured,forecast"),
        "{refusal:#?}"
    );

    let all = lines(&FederationFixture::new(), COUNT, &QueryOptions::default());
    let (both, missing) = lines(&world, COUNT, &taking(&[Measured, Forecast]));
    assert_eq!((&both, missing.len()), (&all.0, 0));
    assert_eq!(both.len(), 3, "{both:?}");

    // Who says nothing counts as what the model holds.
    let refusal = plan(&world.home(), COUNT, &taking(&[Forecast])).unwrap_err();
    let said = [
        "`munster.trips` does not say of what kind it is, which counts as measured, and the question takes forecast alone",
        "`zurich.trips` is measured, and the question takes forecast alone",
    ];
    assert!(said.contains(&refusal.sentence.as_str()), "{refusal:#?}");
    let refusal = plan(&world.home(), COUNT, &taking(&[Measured, Estimated])).unwrap_err();
    assert!(
        refusal
            .sentence
            .ends_with("takes measured and estimated alone"),
        "{refusal:#?}"
    );
}

#[test]
fn who_is_of_another_kind_is_left_out_by_name_or_told() {
    let world = world();
    let left = ["munster.example", "zurich.example"];
    let without = "SELECT participant, count(*) AS n FROM model.trips \
                   WHERE NOT (participant = 'ottawa.example' AND dataset = 'trips') GROUP BY participant";
    let (rows, missing) = lines(&world, without, &QueryOptions::default());
    assert!(
        left.iter().zip(&rows).all(|(who, row)| row.contains(who)),
        "{rows:?}"
    );
    assert_eq!((rows.len(), missing.len()), (2, 0));
    // What the help says passes as it stands.
    let refusal = plan(&world.home(), COUNT, &QueryOptions::default()).unwrap_err();
    let said = refusal
        .help
        .iter()
        .find_map(|help| help.strip_prefix("or leave it out by name: "));
    assert!(without.contains(said.unwrap()), "{refusal:#?}");

    let partial = QueryOptions {
        partial: true,
        ..QueryOptions::default()
    };
    let (rows, missing) = lines(&world, COUNT, &partial);
    assert_eq!(
        (rows.len(), missing),
        (2, vec!["ottawa.example".to_owned()])
    );
    // By its own name it is asked as ever.
    let (rows, _) = lines(
        &world,
        "SELECT count(*) AS n FROM ottawa.trips",
        &QueryOptions::default(),
    );
    assert_eq!(rows.len(), 1);
}
