//! JSON objects as rows.

use crate::ingest::schema_inference::draft_config::{DraftConfigOptions, create_draft_entry};
use crate::ingest::tests::read_lines;
use hansa_policy::refusal::{ErrorCode, Refusal};

fn read(content: &str) -> Result<Vec<String>, Refusal> {
    read_lines("json", content)
}

#[test]
fn a_list_of_objects_or_an_object_a_line_are_rows() {
    let rows = [
        "{\"site\":\"a\",\"n\":12345678901234567890}",
        "{\"n\":1.50,\"at\":{\"x\":[1, 2]},\"ok\":true}",
        "{\"site\":\"b\",\"site\":\"c\"}",
        "7",
        "{\"site\":null}",
    ];
    let expected = [
        "site,n,at,ok",
        "1: a,12345678901234567890,,",
        "2: ,1.50,{\"x\":[1,2]},true",
        "3! the name `site` stands twice in one object",
        "4! it is no JSON object",
        "5: ,,,",
    ];
    assert_eq!(read(&format!("[{}]", rows.join(",\n"))).unwrap(), expected);
    assert_eq!(read(&rows.join("\n")).unwrap(), expected);
    assert_eq!(read("[]").unwrap(), [""]);
    for (content, part) in [
        ("", "the file is empty"),
        ("[{}] {}", "something stands behind the end of the list"),
        ("[{\"n\":1}", "`,` is expected"),
        ("[{\"type\":\"Feature\"}]", "it is GeoJSON"),
        (
            "{\"type\":\"FeatureCollection\",\"features\":[]}",
            "it is GeoJSON",
        ),
    ] {
        let refusal = read(content).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::SourceUnreadable, "{refusal}");
        assert!(refusal.sentence.contains(part), "{content}: {refusal}");
    }
}

#[test]
fn rows_are_told_from_documents() {
    let point = "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[9,47]},\"properties\":{}}";
    for (name, content, kind) in [
        ("a.json", "[{\"site\":\"a\",\"n\":1}]", Some("json")),
        (
            "a.jsonl",
            "{\"site\":\"a\",\"n\":1}\n{\"site\":\"b\",\"n\":2}\n",
            Some("json"),
        ),
        ("a.json", point, Some("geojson")),
        ("a.ndjson", &format!("{point}\n{point}\n"), Some("geojson")),
        // A single object is a document, whose rows can't be located.
        ("a.json", "{\"result\":{\"records\":[]}}", None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), content).unwrap();
        let about = DraftConfigOptions::default();
        let draft = create_draft_entry(&[name.to_owned()], &folder.path().into(), &about);
        match (draft, kind) {
            (Ok(draft), Some(kind)) => {
                let line = format!("kind      = \"{kind}\"");
                assert!(draft.text.contains(&line), "{content}\n{}", draft.text);
            }
            (Err(refusal), None) => assert_eq!(refusal.code, ErrorCode::SourceUnreadable),
            (found, _) => panic!("{content}: {found:?}"),
        }
    }
}
