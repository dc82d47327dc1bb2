//! Tests of parsing, printing and binding row filters.

use super::*;

#[track_caller]
fn reads(text: &str, canonical: &str) {
    let filter = parse_row_filter(text).unwrap();
    assert_eq!(filter.to_string(), canonical);
    assert_eq!(
        parse_row_filter(canonical).unwrap(),
        filter,
        "the canonical text means the same"
    );
}

#[track_caller]
fn refuses(text: &str, code: ErrorCode, sentence: &str) {
    let refusal = parse_row_filter(text).unwrap_err();
    assert_eq!((refusal.code, refusal.sentence.as_str()), (code, sentence));
}

#[test]
fn canonical_text() {
    reads("a=1", "a = 1");
    reads("district in('A' ,'B')", "district IN ('A', 'B')");
    reads("a != 1", "a <> 1");
    reads("a between -3 and 4", "a BETWEEN -3 AND 4");
    reads("a not between 0.5 and 1.50", "a NOT BETWEEN 0.5 AND 1.50");
    reads("a is not null and b is null", "a IS NOT NULL AND b IS NULL");
    reads("not a = 1", "NOT (a = 1)");
    reads("not (a = 1 or b = 2)", "NOT (a = 1 OR b = 2)");
    reads("a=1 or b=2 and c=3", "a = 1 OR (b = 2 AND c = 3)");
    reads(
        "(a=1 or b=2) and (c=3 and (d=4))",
        "(a = 1 OR b = 2) AND c = 3 AND d = 4",
    );
    reads("((a=1))", "a = 1");
    reads("name = 'it''s'", "name = 'it''s'");
    reads("name = 'Lübeck – süd'", "name = 'Lübeck – süd'");
    reads("operator = {{consumer}}", "operator = {{consumer}}");
    reads("open = true", "open = TRUE");
    reads("a NOT IN (1, 2)", "a NOT IN (1, 2)");
}

#[test]
fn refusals_name_the_place() {
    refuses(
        "",
        ErrorCode::TermIllTyped,
        "row filter, character 1: a condition is missing",
    );
    refuses(
        "a = ",
        ErrorCode::TermIllTyped,
        "row filter, character 5: a literal is missing or can't be read",
    );
    refuses(
        "a = 'x",
        ErrorCode::TermIllTyped,
        "row filter, character 5: a text is not closed",
    );
    refuses(
        "lower(a) = 'x'",
        ErrorCode::TermUnknown,
        "row filter, character 1: the function `lower` is not part of the grammar",
    );
    refuses(
        "a = b",
        ErrorCode::TermUnknown,
        "row filter, character 5: `b` in place of a literal is not part of the grammar",
    );
    refuses(
        "a + 1 = 2",
        ErrorCode::TermIllTyped,
        "row filter, character 3: `+` is not understood",
    );
    refuses(
        "a LIKE 'x'",
        ErrorCode::TermUnknown,
        "row filter, character 3: `LIKE` is not part of the grammar",
    );
    refuses(
        "a = 1; drop",
        ErrorCode::TermIllTyped,
        "row filter, character 6: `;` is not understood",
    );
    refuses(
        "a = 1 b = 2",
        ErrorCode::TermUnknown,
        "row filter, character 7: `b` is not part of the grammar",
    );
    refuses(
        "a = 01.5",
        ErrorCode::TermIllTyped,
        "row filter, character 5: a literal is missing or can't be read",
    );
    refuses(
        "a = 1e3",
        ErrorCode::TermIllTyped,
        "row filter, character 5: a literal is missing or can't be read",
    );
    refuses(
        "a IN ()",
        ErrorCode::TermIllTyped,
        "row filter, character 7: a literal is missing or can't be read",
    );
    refuses(
        "ä = 'ö' AND",
        ErrorCode::TermIllTyped,
        "row filter, character 1: `ä` is not understood",
    );
    refuses(
        "a = 'ö' AND",
        ErrorCode::TermIllTyped,
        "row filter, character 12: a condition is missing",
    );
    refuses(
        "a = 99999999999999999999",
        ErrorCode::TermIllTyped,
        "row filter, character 5: a literal is missing or can't be read",
    );
    refuses(
        "Name = 1",
        ErrorCode::TermIllTyped,
        "row filter, character 1: `Name` is no column: a name starts with a lower-case letter and holds up to 63 of a-z, 0-9 and _",
    );
}

#[test]
fn nesting_is_bounded() {
    let deep = |n: usize| format!("{}a = 1{}", "(".repeat(n), ")".repeat(n));
    assert!(parse_row_filter(&deep(DEEPEST)).is_ok());
    assert_eq!(
        parse_row_filter(&deep(5_000)).unwrap_err().code,
        ErrorCode::TermIllTyped
    );
    assert_eq!(
        parse_row_filter(&format!("{}a = 1", "NOT ".repeat(4_000)))
            .unwrap_err()
            .code,
        ErrorCode::TermIllTyped
    );
    let long = vec!["1"; MOST_LITERALS + 1].join(",");
    assert_eq!(
        parse_row_filter(&format!("a IN ({long})"))
            .unwrap_err()
            .code,
        ErrorCode::TermIllTyped
    );
}

#[test]
fn columns_and_consumer() {
    let filter = parse_row_filter("a = 1 AND (b IN (2, {{consumer}}) OR c IS NULL)").unwrap();
    let names: Vec<String> = filter
        .collect_columns()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(filter.names_consumer());
    let bound = filter.bind_consumer("x");
    assert!(!bound.names_consumer());
    assert_eq!(bound.to_string(), "a = 1 AND (b IN (2, 'x') OR c IS NULL)");
}

#[test]
fn what_the_reader_can_not_make_is_refused() {
    let name: SqlIdentifier = "a".parse().unwrap();
    let decimal = |text: &str| PolicyLiteral::Decimal(text.to_owned()).check();
    assert!(RowFilter::And(vec![]).check().is_err());
    assert!(
        RowFilter::In {
            column: name,
            negated: false,
            list: vec![]
        }
        .check()
        .is_err()
    );
    assert!(decimal("0.5").is_ok() && decimal("-12.50").is_ok());
    for bad in ["1", "1.", ".5", "1e3", "NaN", "00.1", "+1.0", "1.0 OR 1=1"] {
        assert!(decimal(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_text_of_every_filter_reads_back() {
    let mut random = crate::fixture::random_terms::SeededRandom(17);
    for _ in 0..5_000 {
        let filter = random.filter(4);
        let text = filter.to_string();
        let back = parse_row_filter(&text).unwrap_or_else(|refusal| panic!("{refusal}: {text}"));
        assert_eq!(back, filter, "{text}");
        assert_eq!(back.to_string(), text);
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    let mut random = crate::fixture::random_terms::SeededRandom(19);
    let bits = [
        "a",
        "b1",
        "NOT",
        "not",
        "(",
        ")",
        "AND",
        "OR",
        "IN",
        "BETWEEN",
        "IS",
        "NULL",
        "'",
        "''",
        "'x'",
        "1",
        "-",
        "0.5",
        "1.",
        ",",
        "=",
        "<>",
        "<",
        "{{consumer}}",
        "{{",
        "ü",
        "\0",
        ";",
        "--",
        "/*",
        "true",
        " ",
        "\n",
        "99999999999999999999",
    ];
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        // A valid filter with a few words changed, removed or added.
        let text = random.filter(2).to_string();
        let mut words: Vec<&str> = text.split(' ').collect();
        for _ in 0..random.draw_below(3) {
            let place = random.draw_below(words.len());
            match random.draw_below(3) {
                0 => words.insert(place, random.choose_item(&bits)),
                1 if words.len() > 1 => {
                    words.remove(place);
                }
                _ => words[place] = random.choose_item(&bits),
            }
        }
        let text = words.join(" ");
        match parse_row_filter(&text) {
            Ok(filter) => {
                read += 1;
                assert_eq!(
                    parse_row_filter(&filter.to_string()).as_ref(),
                    Ok(&filter),
                    "{text}"
                );
            }
            Err(refusal) => {
                refused += 1;
                assert!(!refusal.sentence.is_empty(), "{text}");
            }
        }
    }
    assert!(
        read > 5_000 && refused > 5_000,
        "{read} read, {refused} refused"
    );
}
