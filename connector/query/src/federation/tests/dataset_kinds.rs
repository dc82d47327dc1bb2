//! Dataset kinds: a model includes values of its own kind. A dataset of another kind is included on request, and never left out
//! silently.

use super::{FederationFixture, bounds, participant, plan, run, test_runtime, text};
use crate::federation::options::QueryOptions;
use arrow_array::RecordBatch;
use futures::TryStreamExt;
use hansa_catalog::dataset::DatasetKind::{self, Estimated, Forecast, Measured};
use hansa_policy::refusal::ErrorCode;

const COUNT: &str = "SELECT participant, count(*) AS n FROM model.trips GROUP BY participant";

/// Ottawa declares forecasts, Zürich declares measurements, Münster declares no kind.
fn world() -> FederationFixture {
    let mut fixture = FederationFixture::new();
    for table in &mut fixture.tables {
        table.provenance.kind = match table.alias.as_str() {
            "ottawa" => Some(DatasetKind::Forecast),
            "zurich" => Some(DatasetKind::Measured),
            _ => None,
        };
    }
    fixture
}

fn taking(kinds: &[DatasetKind]) -> QueryOptions {
    QueryOptions {
        kinds: kinds.iter().copied().collect(),
        ..QueryOptions::default()
    }
}

fn lines(
    fixture: &FederationFixture,
    sql: &str,
    options: &QueryOptions,
) -> (Vec<String>, Vec<String>) {
    let question = plan(&fixture.home(), sql, options).unwrap();
    run(async {
        let answer = question
            .run(fixture.executor(), &test_runtime(), &bounds())
            .await;
        let answer = answer.unwrap();
        let rows: Vec<RecordBatch> = answer.batches.try_collect().await.unwrap();
        let mut lines = text(&rows);
        lines.sort();
        let missing = answer.report.missing_participants();
        let missing = missing.iter().map(|(who, _)| who.domain().to_owned());
        (lines, missing.collect())
    })
}

#[test]
fn a_model_refuses_another_kind_than_its_own_unless_it_is_asked_for_it() {
    let fixture = world();
    let refusal = plan(&fixture.home(), COUNT, &QueryOptions::default()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::KindMismatch, "{refusal:#?}");
    assert_eq!(refusal.participant, Some(participant("ottawa")));
    let text = "`ottawa.trips` is forecast, and `model.trips` holds measured values unless it is asked for others";
    assert_eq!(refusal.sentence, text);
    assert!(
        refusal.help.join(" ").contains("--kind measured,forecast"),
        "{refusal:#?}"
    );

    let all = lines(&FederationFixture::new(), COUNT, &QueryOptions::default());
    let (both, missing) = lines(&fixture, COUNT, &taking(&[Measured, Forecast]));
    assert_eq!((&both, missing.len()), (&all.0, 0));
    assert_eq!(both.len(), 3, "{both:?}");

    // A dataset without a declared kind counts as the model's kind.
    let refusal = plan(&fixture.home(), COUNT, &taking(&[Forecast])).unwrap_err();
    let said = [
        "`munster.trips` does not say of what kind it is, which counts as measured, and the question takes forecast alone",
        "`zurich.trips` is measured, and the question takes forecast alone",
    ];
    assert!(said.contains(&refusal.sentence.as_str()), "{refusal:#?}");
    let refusal = plan(&fixture.home(), COUNT, &taking(&[Measured, Estimated])).unwrap_err();
    assert!(
        refusal
            .sentence
            .ends_with("takes measured and estimated alone"),
        "{refusal:#?}"
    );
}

#[test]
fn who_is_of_another_kind_is_left_out_by_name_or_reported() {
    let fixture = world();
    let left = ["munster.example", "zurich.example"];
    let without = "SELECT participant, count(*) AS n FROM model.trips \
                   WHERE NOT (participant = 'ottawa.example' AND dataset = 'trips') GROUP BY participant";
    let (rows, missing) = lines(&fixture, without, &QueryOptions::default());
    assert!(
        left.iter().zip(&rows).all(|(who, row)| row.contains(who)),
        "{rows:?}"
    );
    assert_eq!((rows.len(), missing.len()), (2, 0));
    // The statement from the help text is accepted as it is.
    let refusal = plan(&fixture.home(), COUNT, &QueryOptions::default()).unwrap_err();
    let said = refusal
        .help
        .iter()
        .find_map(|help| help.strip_prefix("or leave it out by name: "));
    assert!(without.contains(said.unwrap()), "{refusal:#?}");

    let partial = QueryOptions {
        partial: true,
        ..QueryOptions::default()
    };
    let (rows, missing) = lines(&fixture, COUNT, &partial);
    assert_eq!(
        (rows.len(), missing),
        (2, vec!["ottawa.example".to_owned()])
    );
    // A question for the dataset by its own name is not affected.
    let (rows, _) = lines(
        &fixture,
        "SELECT count(*) AS n FROM ottawa.trips",
        &QueryOptions::default(),
    );
    assert_eq!(rows.len(), 1);
}
