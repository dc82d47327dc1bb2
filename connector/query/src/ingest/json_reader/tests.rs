//! Comparison of the reader with a JSON library, except for the digits of numbers.

use super::{JsonReader, JsonValue, is_number};
use crate::ingest::bounded_reader::RowByteAllowance;
use crate::ingest::config::parser::parse_datasets;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use std::path::Path;

/// Single value of a text, or the reason why there is none.
fn read(text: &[u8]) -> Result<JsonValue, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let config = "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"x\"\n[dataset.source]\npath = \"a\"\n";
    let config = parse_datasets(config, "hansa.toml", Path::new(".")).unwrap();
    let allowance = RowByteAllowance::of_features(&config[0].source);
    let open = std::fs::File::open(file.path()).unwrap();
    let mut json = JsonReader::new(open, &allowance);
    let value = json.value().map_err(|error| error.why)?;
    match json.peek_token().map_err(|error| error.why)? {
        None => Ok(value),
        Some(_) => Err("something stands behind it".to_owned()),
    }
}

fn same(ours: &JsonValue, theirs: &Value) -> bool {
    match (ours, theirs) {
        (JsonValue::Null, Value::Null) => true,
        (JsonValue::Bool(one), Value::Bool(other)) => one == other,
        (JsonValue::Text(one), Value::String(other)) => one == other,
        (JsonValue::Number(digits), Value::Number(number)) => {
            // The library's result may differ in the last place.
            let (one, other) = (digits.parse::<f64>().unwrap(), number.as_f64().unwrap());
            one == other || (one - other).abs() <= one.abs() * 1e-15
        }
        (JsonValue::List(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (JsonValue::Object(one), Value::Object(other)) => {
            // The library keeps the last of two members with one name.
            ours.repeated_name().is_some()
                || one.len() == other.len()
                    && one
                        .iter()
                        .all(|(name, value)| other.get(name).is_some_and(|them| same(value, them)))
        }
        _ => false,
    }
}

#[test]
fn json_is_read_as_a_library_reads_it() {
    let seeds = [
        r#"{"a":[1,-2.50,3e+2,{"b":"x\u00e9\ud83d\ude00\n"}],"c":null,"d":true}"#,
        r#"[[],{},"",0,-0.0,1E-7,"\\\"\/",false]"#,
        r#" {"é": "日本", "n" : 12345678901234567890 } "#,
    ];
    let alphabet = b"{}[]\",:\\u0123456789abcdef-+.eE truefalsn\n\x01\xc3\xa9";
    let mut random = StdRng::seed_from_u64(23);
    let (mut good, mut bad) = (0, 0);
    for round in 0..4000 {
        let mut text = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..random.random_range(0..3) {
            let place = random.random_range(0..text.len());
            let byte = alphabet[random.random_range(0..alphabet.len())];
            match random.random_range(0..3) {
                0 => text[place] = byte,
                1 => text.insert(place, byte),
                _ => {
                    text.remove(place);
                }
            }
        }
        let shown = String::from_utf8_lossy(&text);
        match (read(&text), serde_json::from_slice::<Value>(&text)) {
            (Ok(ours), Ok(theirs)) => {
                good += 1;
                assert!(same(&ours, &theirs), "{shown}: {ours:?}");
                let compact = ours.to_compact_text();
                assert_eq!(read(compact.as_bytes()), Ok(ours), "{compact}");
            }
            (Err(_), Err(_)) => bad += 1,
            // The library refuses numbers beyond the floating-point range.
            (Ok(_), Err(error)) if error.to_string().contains("out of range") => {}
            (ours, theirs) => panic!("{shown}: {ours:?}, {theirs:?}"),
        }
    }
    assert!(good > 500 && bad > 500, "{good} {bad}");
}

#[test]
fn digits_stay_and_what_is_no_json_is_said() {
    let text = r#"{"n":12345678901234567.890,"m":1.10,"k":1e400}"#;
    assert_eq!(read(text.as_bytes()).unwrap().to_compact_text(), text);
    for (text, why) in [
        ("{\"n\":NaN}", "JSON has no number `NaN`"),
        ("[-Infinity]", "JSON has no number `-Infinity`"),
        ("[01]", "a number is not written as JSON writes it"),
        ("[1", "the file ends in the middle of a value"),
        ("{\"a\":1", "the file ends in the middle of a value"),
        ("{a:1}", "a name in quotes is expected"),
        (
            "[\"a\nb\"]",
            "a text has a control character or a line break in it",
        ),
        ("[\"\\ud800\"]", "a text has half a character"),
    ] {
        let found = read(text.as_bytes()).unwrap_err();
        assert!(
            found == why || (text.ends_with('1') && found.contains("expected")),
            "{text}: {found}"
        );
    }
    let deep = "[".repeat(100_000);
    assert!(read(deep.as_bytes()).unwrap_err().contains("deep"));
    for (text, is_one) in [
        ("0", true),
        ("-0.5e-3", true),
        ("", false),
        ("-", false),
        ("1.", false),
        (".5", false),
    ] {
        assert_eq!(is_number(text), is_one, "{text}");
    }
    let twice = read(br#"{"a":[{"b":1,"c":2,"b":3}]}"#).unwrap();
    assert_eq!(twice.repeated_name(), Some("b"));
}
