//! Output of `hansa explain` as pages of the documentation.
//!
//! With `HANSA_WRITE_DOCS=1` the pages are written instead of compared.

use super::tpch::{data, world};
use super::{CITIES, FederationFixture, table};
use crate::federation::query_catalog::QueryCatalog;
use crate::model;
use hansa_catalog::query_view::ViewShape;
use std::path::Path;

/// Question of the demonstration, over its three publishers.
const DEMO: &str = "SELECT participant, town, CASE WHEN local_date < '2020-03-16' THEN 'before' ELSE 'after' END AS week, \
                    avg(value) AS no2, count(value) AS n \
                    FROM model.air_quality_observed \
                    WHERE pollutant = 'NO2' AND local_date >= '2020-03-09' AND local_date < '2020-03-23' \
                    GROUP BY participant, town, CASE WHEN local_date < '2020-03-16' THEN 'before' ELSE 'after' END \
                    ORDER BY participant, town";

#[test]
fn explained_questions_stay_as_they_are() {
    let five = data::question(5, &CITIES);
    let five = (&*five, world(0.04).home());
    let mut air = FederationFixture::empty();
    let schema = model::find_model("air_quality_observed").unwrap().schema();
    for city in ["munster", "uk", "zurich"] {
        let shape = ViewShape::Rows(schema.clone());
        let table = table(city, "air_quality", shape, Some("air_quality_observed"));
        air.tables.push(table);
    }
    let mut page = String::from(
        "# What `hansa explain` says\n\n\
         Written by `HANSA_WRITE_DOCS=1 cargo heavy explained_questions`, and compared with what it says today by every test run.\n",
    );
    let demo = ("The question of the demonstration", (DEMO, air.home()));
    let tpch = (
        "Question 5 of TPC-H, orders and their lines with three cities, the rest with a fourth",
        five,
    );
    for (title, (sql, catalog)) in [demo, tpch] {
        page.push_str(&format!(
            "\n## {title}\n\n```sql\n{}\n```\n\n```text\n{}```\n",
            sql.trim_end(),
            explained(&catalog, sql)
        ));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/explain.md");
    if std::env::var_os("HANSA_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/explain.md is not what is said today");
}

fn explained(catalog: &QueryCatalog, sql: &str) -> String {
    let question = super::plan(catalog, sql, &super::QueryOptions::default()).unwrap();
    question.explain().to_string()
}
