//! GeoJSON from its file to an answer.

use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::ALL;

const LINES: &str = r#"{"type":"Feature","id":7,"geometry":{"type":"Point","coordinates":[9.68,47.54,400.5]},"properties":{"lat":"north","n":1}}
{"type":"Feature","id":"b","geometry":{"type":"Point","coordinates":[9.69,47.55]},"properties":{"n":9007199254740993}}
"#;

#[test]
fn features_line_by_line_are_points_with_all_that_they_say() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.city("acme");
    lindau.write("data/points.geojsonl", LINES);
    let add = |file: &str| {
        let args = [
            "--yes",
            "dataset",
            "add",
            file,
            "--title",
            "P",
            "--licence",
            "CC-BY-4.0",
        ];
        lindau.hansa(&args)
    };
    add("data/points.geojsonl").must();
    lindau.publishes();
    // Polygons are refused once, however many there are.
    let polygon = r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[1,2],[3,4],[5,6],[1,2]]]},"properties":{}}"#;
    lindau.write("data/areas.geojsonl", &format!("{polygon}\n").repeat(73));
    let refused = add("data/areas.geojsonl").refused("SOURCE_UNREADABLE", 6);
    assert_eq!(
        refused.err.matches("polygons").count(),
        1,
        "{}",
        refused.err
    );
    assert!(
        refused.err.contains("73 of 73 features are polygons"),
        "{}",
        refused.err
    );
    lindau.offers("points", "all", ALL, "\"league\"", "auto");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.points");
    let sql = "SELECT lon, lat, feature_id, height, lat_2, n FROM lindau.points ORDER BY lon";
    let rows = acme.ask(sql).must().rows();
    let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    assert_eq!(
        rows,
        [
            r#"{"lon":9.68,"lat":47.54,"feature_id":"7","height":400.5,"lat_2":"north","n":1}"#,
            r#"{"lon":9.69,"lat":47.55,"feature_id":"b","height":null,"lat_2":null,"n":9007199254740993}"#,
        ]
    );
}
