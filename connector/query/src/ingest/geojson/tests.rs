//! Rows of GeoJSON documents, and refusals of other documents.

use crate::ingest::field_value::exact_float;
use crate::ingest::tests::read_lines;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Content of a file after reading, as lines.
fn read(content: &str) -> Result<String, Refusal> {
    read_lines("geojson", content).map(|lines| lines.join("\n"))
}

#[track_caller]
fn check(content: &str, lines: &[&str]) {
    assert_eq!(read(content).unwrap(), lines.join("\n"), "{content}");
}

#[track_caller]
fn check_refused(content: &str, part: &str) {
    let refusal = read(content).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SourceUnreadable, "{refusal}");
    assert!(refusal.sentence.contains(part), "{content}: {refusal}");
}

fn feature(coordinates: &str, rest: &str) -> String {
    format!(
        "{{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":{coordinates}}}{rest}}}"
    )
}

fn collection(features: &[String]) -> String {
    format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}",
        features.join(",\n")
    )
}

fn shape(kind: &str) -> String {
    format!(
        "{{\"type\":\"Feature\",\"properties\":{{}},\"geometry\":{{\"type\":\"{kind}\",\"coordinates\":[[[1,2],[3,4],[5,6],[1,2]]]}}}}"
    )
}

#[test]
fn nothing_of_a_point_is_dropped() {
    let properties =
        r#","properties":{"lat":"x","name":"Hafen","lon":1,"lon_2":2,"feature_id":"f"}"#;
    let first = feature("[9.5,47.5,400.25]", &format!(",\"id\":17{properties}"));
    let second = feature("[9.25,47]", ",\"properties\":null,\"id\":\"n/2\"");
    check(
        &collection(&[first.clone(), second.clone()]),
        &[
            "lon,lat,feature_id,height,lat_2,name,lon_3,lon_2,feature_id_2",
            "2: 9.5,47.5,17,400.25,x,Hafen,1,2,f",
            "3: 9.25,47,n/2,,,,,,",
        ],
    );
    // The features on one line each, with record separators, and alone.
    for mark in ["", "\u{1e}"] {
        check(
            &format!("{mark}{first}\n{mark}{second}\n"),
            &[
                "lon,lat,feature_id,height,lat_2,name,lon_3,lon_2,feature_id_2",
                "1: 9.5,47.5,17,400.25,x,Hafen,1,2,f",
                "2: 9.25,47,n/2,,,,,,",
            ],
        );
    }
    check(&second, &["lon,lat,feature_id", "1: 9.25,47,n/2"]);
    // A property keeps its common name.
    let tree = feature("[9,47,3]", ",\"properties\":{\"height\":12.50}");
    check(&tree, &["lon,lat,height_2,height", "1: 9,47,3,12.50"]);
    let tree = feature("[9,47]", ",\"properties\":{\"height\":12.50}");
    check(&tree, &["lon,lat,height", "1: 9,47,12.50"]);
    let other = feature("[9,47]", ",\"properties\":{},\"note\":1");
    check(
        &other,
        &[
            "lon,lat",
            "+ feature with members beside its properties, which are left out",
            "1: 9,47",
        ],
    );
    check(&collection(&[]), &["lon,lat"]);
}

#[test]
fn numbers_keep_their_digits() {
    let properties = r#","properties":{"id":12345678901234567890,"m":12345678901234567.890,"v":[1.10,{"k":1e2}]}"#;
    check(
        &feature("[9,47]", properties),
        &[
            "lon,lat,id,m,v",
            "1: 9,47,12345678901234567890,12345678901234567.890,[1.10,{\"k\":1e2}]",
        ],
    );
    for (digits, number) in [
        ("1.10", Some(1.1)),
        ("-0.0", Some(0.0)),
        ("7.6261346999999997", Some(7.6261347)),
        ("0.1000000000000000055511151231257827", Some(0.1)),
        ("9007199254740993", None),
        ("12345678901234567.89", None),
        ("0.1234567890123456789", None),
        ("1e400", None),
        ("1e3", Some(1000.0)),
    ] {
        assert_eq!(exact_float(digits), number, "{digits}");
    }
}

#[test]
fn what_stands_twice_is_no_row() {
    check(
        &collection(&[
            feature("[9,47]", r#","properties":{"n":1,"n":2}"#),
            feature("[9,47]", r#","properties":{"n":[{"m":1,"m":1}]}"#),
            feature("[9,47]", r#","properties":{"n":3},"id":true"#),
            feature("[9]", r#","properties":{"n":3}"#),
            feature("[9,47,1,2]", r#","properties":{"n":3}"#),
            feature("[9,\"47\"]", r#","properties":{"n":3}"#),
            feature("[400000,5700000]", r#","properties":{"n":3}"#),
            feature("[9,47]", r#","properties":{"n":4}"#),
        ]),
        &[
            "lon,lat,feature_id,n",
            "2! the name `n` stands twice in one object",
            "3! the name `m` stands twice in one object",
            "4! its id is neither a text nor a number",
            "5! its point has 1 coordinates, and 2 or 3 are read",
            "6! its point has 4 coordinates, and 2 or 3 are read",
            "7! a coordinate of its point is no number",
            "8! its coordinates are no longitude and latitude in degrees",
            "9: 9,47,,4",
        ],
    );
    let twice = collection(&[]).replace('}', ",\"features\":[]}");
    check_refused(&twice, "the name `features` stands twice");
}

#[test]
fn a_file_without_points_is_refused_in_one_sentence() {
    let mut features = vec![shape("Polygon"); 70];
    features.extend(vec![shape("MultiPolygon"); 3]);
    check_refused(
        &collection(&features),
        "73 of 73 features are polygons; of geometries points alone are read",
    );
    features.push(shape("LineString"));
    check_refused(
        &collection(&features),
        "1 of 74 features are lines, 73 are polygons;",
    );
    let metres = vec![feature("[400000,5700000]", ",\"properties\":{}"); 2];
    check_refused(
        &collection(&metres),
        "the coordinates of 2 of 2 features are no longitude and latitude",
    );
    check(
        &collection(&[shape("Polygon"), feature("[9,47]", ",\"properties\":{}")]),
        &[
            "lon,lat",
            "2! its geometry is a Polygon, and of geometries points alone are read",
            "3: 9,47",
        ],
    );
}

#[test]
fn other_documents_are_named() {
    for (content, part) in [
        (
            "[{\"site\":\"a\",\"n\":1}]",
            "it is a list of JSON objects, which are rows of a table",
        ),
        ("[]", "an empty list"),
        (
            r#"[{"type":"Feature"}]"#,
            "a list of features without the collection",
        ),
        (
            r#"{"last_updated":1,"ttl":60,"version":"2.3","data":{"stations":[]}}"#,
            "it is a file of GBFS (shared mobility) and no GeoJSON",
        ),
        (
            r#"{"type":"Topology","objects":{},"arcs":[]}"#,
            "it is TopoJSON",
        ),
        (
            r#"{"type":"Point","coordinates":[1,2]}"#,
            "a geometry without a feature",
        ),
        (
            r#"{"type":"FeatureCollection","numberMatched":250,"numberReturned":0,"features":[]}"#,
            "it holds 0 of 250 features: it is one page of several",
        ),
        (
            r#"{"type":"FeatureCollection","features":[],"properties":{"exceededTransferLimit":true}}"#,
            "the service cut it off",
        ),
        (
            r#"{"type":"FeatureCollection"}"#,
            "the collection has no list `features`",
        ),
        (
            r#"{"type":"FeatureCollection","features":null}"#,
            "the collection has no list `features`",
        ),
        (
            r#"{"geometryType":"esriGeometryPoint","features":[{"attributes":{"n":1},"geometry":{"x":1,"y":2}}]}"#,
            "it is Esri JSON",
        ),
        (
            r#"{"site":"a","n":1}"#,
            "it is a JSON object with `site`, `n`",
        ),
        (
            r#"{"help":"","success":true,"result":{}}"#,
            "an answer of a CKAN portal",
        ),
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("a,b\n1,2\n", "it is not GeoJSON, which begins with `{`"),
    ] {
        check_refused(content, part);
    }
    let behind = collection(&[]) + "{}";
    check_refused(&behind, "something stands behind the end of the collection");
    let point = feature("[9,47]", ",\"properties\":{}");
    check_refused(
        &format!("{point}\n{}", collection(&[])),
        "a collection stands behind a feature",
    );
    check_refused(&format!("{point}\n{{\"type\":"), "the file ends");
    for (crs, is_read) in [
        (
            "{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:OGC:1.3:CRS84\"}}",
            true,
        ),
        (
            "{\"type\":\"name\",\"properties\":{\"name\":\"EPSG:4326\"}}",
            true,
        ),
        ("{\"type\":\"EPSG\",\"properties\":{\"code\":4326}}", true),
        ("null", true),
        (
            "{\"type\":\"name\",\"properties\":{\"name\":\"EPSG:25832\"}}",
            false,
        ),
        (
            "{\"type\":\"name\",\"properties\":{\"name\":\"EPSG:43260\"}}",
            false,
        ),
        ("\"CRS84\"", false),
    ] {
        let content =
            collection(std::slice::from_ref(&point)).replacen('{', &format!("{{\"crs\":{crs},"), 1);
        assert_eq!(read(&content).is_ok(), is_read, "{crs}");
    }
}
