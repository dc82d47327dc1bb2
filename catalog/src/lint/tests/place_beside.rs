//! Tests of columns that disclose a place besides a clause on it.

use super::*;
use crate::dataset::ColumnType;
use crate::fixture::sample_column;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::value::area::BoundingBox;

fn area() -> Term {
    let degrees = |text: &str| text.to_owned();
    Term::Area {
        lon: sql_name("lon"),
        lat: sql_name("lat"),
        bounds: BoundingBox {
            west: degrees("7"),
            south: degrees("51"),
            east: degrees("8"),
            north: degrees("52"),
        },
    }
}

fn cells() -> Term {
    Term::PlaceCells(PlaceCellsTerm {
        lon: sql_name("lon"),
        lat: sql_name("lat"),
        cell: sql_name("cell"),
        size: "h3:7".parse().unwrap(),
    })
}

fn with(added: &'static str) -> impl Fn(&mut Dataset) {
    move |dataset| dataset.columns.push(sample_column(added, ColumnType::Text))
}

#[test]
fn another_column_that_tells_the_place_is_told() {
    for added in [
        "wkt",
        "geom",
        "the_geom",
        "geometrie",
        "geojson",
        "address",
        "strasse",
        "plz",
        "postcode",
        "h3",
        "from_node",
        "start_lon",
        "geo_shape",
    ] {
        case_on(with(added), vec![area()], &["W PLACE_BESIDE #c1"]);
        case_on(with(added), vec![cells()], &["W PLACE_BESIDE #c1"]);
        // Without a clause on places there is no finding.
        case_on(with(added), vec![rows("bikes > 1")], &[]);
        // A hidden or masked column discloses nothing.
        case_on(with(added), vec![area(), mask(added, MaskValue::Null)], &[]);
        let listed = Term::Columns(sql_names(&["lon", "lat", "bikes"]));
        case_on(with(added), vec![area(), listed], &[]);
    }
    for added in ["name", "platform", "category", "latest", "along", "stripe"] {
        case_on(with(added), vec![area()], &[]);
    }
}
