//! Tests: the strict reader refuses input that signed formats forbid; the writer has one canonical form.

use super::{Json, JsonErrorKind, JsonLimits, MAX_INT, parse_json, to_canonical_bytes};
use JsonErrorKind::{
    BadEscape, Control, Duplicate, Ended, LoneSurrogate, NotAnInteger, NotUtf8, OutOfRange,
    TooDeep, TooLarge, Trailing, Unexpected,
};

const SMALL: JsonLimits = JsonLimits {
    bytes: 200,
    depth: 3,
};

#[track_caller]
fn check(input: impl AsRef<[u8]>, expect: &str) {
    let value = parse_json(input.as_ref(), SMALL).expect("accepted");
    assert_eq!(
        String::from_utf8(to_canonical_bytes(&value)).unwrap(),
        expect
    );
}

#[track_caller]
fn refuse(input: impl AsRef<[u8]>, at: usize, what: JsonErrorKind) {
    let fault = parse_json(input.as_ref(), SMALL).expect_err("refused");
    assert_eq!((fault.at, fault.what), (at, what));
}

#[test]
fn one_spelling() {
    check(
        " { \"b\" : [ 1 , -2 , [] , {} ] ,\n\"a\":null} ",
        r#"{"a":null,"b":[1,-2,[],{}]}"#,
    );
    check("9007199254740991", "9007199254740991");
    check("-9007199254740991", "-9007199254740991");
    check("0", "0");
    check(
        r#""\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\/""#,
        r#""€$\u000f\nA'B\"\\\\\"/""#,
    );
    check(r#""\u0000\b\t\f\r\u007f""#, "\"\\u0000\\b\\t\\f\\r\u{7f}\"");
    check(r#""\ud83d\ude02""#, "\"😂\"");
    check("true", "true");
    check("[[[]]]", "[[[]]]");
}

#[test]
fn members_in_utf16_order() {
    // Example of RFC 8785, section 3.2.3: U+1F602 sorts before U+FB33 although its UTF-8 bytes are larger.
    check(
        r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#,
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}",
    );
}

#[test]
fn refused() {
    refuse("", 0, Ended);
    refuse("   ", 3, Ended);
    refuse("nul", 3, Ended);
    refuse("nulL", 3, Unexpected);
    refuse("\u{feff}1", 0, Unexpected);
    refuse("1 1", 2, Trailing);
    refuse("{}\0", 2, Trailing);
    refuse(r#"{"a":1,"a":1}"#, 7, Duplicate);
    refuse(r#"{"a":1,"\u0061":2}"#, 7, Duplicate);
    refuse("[1,]", 3, Unexpected);
    refuse("{\"a\":1,}", 7, Unexpected);
    refuse("{a:1}", 1, Unexpected);
    refuse("'a'", 0, Unexpected);
    refuse("[1", 2, Ended);
    refuse("1.0", 0, NotAnInteger);
    refuse("1e3", 0, NotAnInteger);
    refuse("-0", 0, NotAnInteger);
    refuse("01", 0, NotAnInteger);
    refuse("-", 1, Ended);
    refuse("+1", 0, Unexpected);
    refuse("NaN", 0, Unexpected);
    refuse("9007199254740992", 0, OutOfRange);
    refuse("-9007199254740992", 0, OutOfRange);
    refuse("99999999999999999999999999", 0, OutOfRange);
    refuse(r#""\ud800""#, 1, LoneSurrogate);
    refuse(r#""\ud800x""#, 1, LoneSurrogate);
    refuse(r#""\udc00""#, 1, LoneSurrogate);
    refuse(r#""\ud800\u0041""#, 1, LoneSurrogate);
    refuse(r#""\x""#, 1, BadEscape);
    refuse(r#""\u12g4""#, 1, BadEscape);
    refuse(r#""\u+123""#, 1, BadEscape);
    refuse("\"\\u00é\"", 1, BadEscape);
    refuse("\"a\nb\"", 2, Control);
    refuse("\"a", 2, Ended);
    refuse(b"\"\xff\"", 1, NotUtf8);
    refuse(b"\"\xed\xa0\x80\"", 1, NotUtf8);
    refuse("[[[[]]]]", 3, TooDeep);
    refuse("{\"a\":{\"a\":{\"a\":{}}}}", 15, TooDeep);
    refuse(" ".repeat(201), 200, TooLarge);
}

#[test]
fn deep_nesting_ends_early() {
    let limits = JsonLimits::default();
    let deep = "[".repeat(limits.bytes);
    let fault = parse_json(deep.as_bytes(), limits).expect_err("refused");
    assert_eq!((fault.at, fault.what), (32, TooDeep));
    let just = format!("{}{}", "[".repeat(32), "]".repeat(32));
    assert!(
        parse_json(just.as_bytes(), limits)
            .unwrap()
            .is_within_limits(32)
    );
}

#[test]
fn fits_says_what_the_reader_takes_back() {
    for (value, fits) in [
        (Json::Int(MAX_INT), true),
        (Json::Int(MAX_INT + 1), false),
        (Json::List(vec![Json::Int(-MAX_INT - 1)]), false),
        (Json::List(vec![Json::List(vec![Json::List(vec![])])]), true),
        (
            Json::List(vec![Json::List(vec![Json::List(vec![Json::List(vec![])])])]),
            false,
        ),
    ] {
        assert_eq!(value.is_within_limits(3), fits, "{value:?}");
        assert_eq!(
            parse_json(&to_canonical_bytes(&value), SMALL).is_ok(),
            fits,
            "{value:?}"
        );
    }
}

/// Small generator of pseudo-random numbers, equal in each run.
struct JsonRandom(u64);

impl JsonRandom {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn text(&mut self) -> String {
        const LETTERS: [char; 12] = [
            'a', 'Z', '"', '\\', '\n', '\0', '\u{1f}', '\u{7f}', 'é', '€', '\u{fb33}', '😀',
        ];
        (0..self.roll(4))
            .map(|_| LETTERS[self.roll(12) as usize])
            .collect()
    }

    fn value(&mut self, depth: u64) -> Json {
        match self.roll(if depth == 0 { 4 } else { 6 }) {
            0 => Json::Null,
            1 => Json::Bool(self.roll(2) == 0),
            2 => Json::Int([0, -1, MAX_INT, -MAX_INT, 17][self.roll(5) as usize]),
            3 => Json::Text(self.text()),
            4 => Json::List((0..self.roll(4)).map(|_| self.value(depth - 1)).collect()),
            _ => Json::Object(
                (0..self.roll(4))
                    .map(|_| (self.text(), self.value(depth - 1)))
                    .collect(),
            ),
        }
    }
}

#[test]
fn whatever_is_written_is_read_back_and_whatever_is_read_has_one_spelling() {
    let mut dice = JsonRandom(1);
    let mut refused = 0;
    for _ in 0..5000 {
        let value = dice.value(4);
        let bytes = to_canonical_bytes(&value);
        assert_eq!(
            parse_json(&bytes, JsonLimits::default()).as_ref(),
            Ok(&value)
        );
        // Every single change is refused or has another meaning, unless it only changes the notation.
        let mut changed = bytes.clone();
        let place = dice.roll(bytes.len() as u64) as usize;
        changed[place] = dice.roll(256) as u8;
        match parse_json(&changed, JsonLimits::default()) {
            Ok(read) if changed != bytes => {
                let again = to_canonical_bytes(&read);
                assert!(read != value || again == bytes);
                assert_eq!(parse_json(&again, JsonLimits::default()), Ok(read));
            }
            Ok(_) => {}
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 1000, "{refused}");
}
