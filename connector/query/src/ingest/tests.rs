//! Sources are read according to their configuration.

use crate::ingest::config::parser::parse_datasets;
use crate::ingest::date_time::{DateTimeFormat, find_zone, local_day, resolve_instant};
use crate::ingest::field_value::{RawField, SourceFileEvent, parse_float, parse_int};
use crate::ingest::source_files::SourceFile;
use crate::ingest::source_roots::SourceRoots;
use crate::ingest::{read_source_file, source_files};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

pub(super) const START: &str = "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"CC0-1.0\"\n[dataset.source]\nkind = \"text\"\npath = \"a.csv\"\n";

pub(super) fn problems(text: &str) -> Vec<Refusal> {
    parse_datasets(text, "hansa.toml", Path::new(".")).unwrap_err()
}

/// Events of a file of this kind, one on each line: header, rows, unreadable rows and counts.
pub(super) fn read_lines(kind: &str, content: impl AsRef<[u8]>) -> Result<Vec<String>, Refusal> {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("a.{kind}");
    let path = folder.path().join(&name);
    std::fs::write(&path, content).unwrap();
    let text = START
        .replace("\"text\"", &format!("\"{kind}\""))
        .replace("a.csv", &name);
    let config = parse_datasets(&text, "hansa.toml", folder.path())
        .unwrap()
        .remove(0);
    let file = SourceFile::new(path, name, SourceRoots::of(folder.path()));
    let mut lines = Vec::new();
    read_source_file(&file, &config.source, &mut |event| {
        lines.push(match event {
            SourceFileEvent::Header(names) => names.join(","),
            SourceFileEvent::Row { line, fields } => {
                let fields: Vec<String> = fields.iter().map(RawField::display_text).collect();
                format!("{line}: {}", fields.join(","))
            }
            SourceFileEvent::Broken { line, why } => format!("{line}! {why}"),
            SourceFileEvent::Counted(what) => format!("+ {what}"),
        });
        Ok(())
    })?;
    Ok(lines)
}

#[track_caller]
pub(super) fn check_problem(text: &str, code: ErrorCode, line: u64, key: &str, part: &str) {
    let found = problems(text);
    let fits = |refusal: &&Refusal| {
        let location = refusal.location.as_ref().unwrap();
        let message = format!("{} {}", refusal.sentence, refusal.help.join(" "));
        refusal.code == code
            && location.line == Some(line)
            && location.key.as_deref().unwrap_or_default() == key
            && message.contains(part)
    };
    assert!(found.iter().any(|refusal| fits(&refusal)), "{found:#?}");
}

#[test]
fn a_statement_for_the_catalogue_is_one_line_of_bounded_length() {
    let invalid = ErrorCode::ConfigInvalid;
    let stating =
        |key: &str, text: &str| START.replace("licence", &format!("{key} = \"{text}\"\nlicence"));
    for key in [
        "quality",
        "uncertainty",
        "collection_method",
        "service_level",
        "data_subjects",
    ] {
        let longest = "x".repeat(1_000);
        let parsed = parse_datasets(&stating(key, &longest), "hansa.toml", Path::new(".")).unwrap();
        let [config] = parsed.as_slice() else {
            panic!("{parsed:?}");
        };
        let mut stated = config.description.statements().to_vec();
        stated.push(("data_subjects", config.data_subjects.as_deref()));
        for (name, text) in stated {
            assert_eq!(text, (name == key).then_some(longest.as_str()), "{name}");
        }
        for (text, part) in [
            (format!("{longest}x"), "1001 bytes"),
            ("two\\nlines".to_owned(), "one line"),
            ("a\\u202eb".to_owned(), "one line"),
            (" ".to_owned(), "is empty"),
        ] {
            check_problem(&stating(key, &text), invalid, 4, key, part);
        }
    }
}

#[test]
fn saved_queries_have_a_bound_together() {
    let sql = format!("SELECT 1 AS a FROM d -- {}", "x".repeat(16_000));
    let queries = |count: usize| {
        let queries = (0..count)
            .map(|number| format!("[dataset.query.q{number}]\ntitle = \"Q\"\nsql = \"{sql}\"\n"));
        format!("{START}{}", queries.collect::<String>())
    };
    assert!(parse_datasets(&queries(8), "hansa.toml", Path::new(".")).is_ok());
    let found = problems(&queries(9));
    assert!(
        found
            .iter()
            .any(|refusal| refusal.code == ErrorCode::ConfigInvalid
                && refusal.sentence.contains("131072 bytes together")),
        "{found:#?}"
    );
}

#[test]
fn every_problem_of_a_configuration_is_reported_with_its_line_and_key() {
    let unknown = ErrorCode::ConfigUnknownKey;
    let invalid = ErrorCode::ConfigInvalid;
    check_problem(
        &format!("{START}delimeter = \";\"\n"),
        unknown,
        8,
        "delimeter",
        "did you mean `delimiter`?",
    );
    check_problem(
        &START.replace("licence", "license"),
        unknown,
        4,
        "license",
        "did you mean `licence`?",
    );
    check_problem(
        &START.replace("licence = \"CC0-1.0\"\n", ""),
        invalid,
        1,
        "licence",
        "`dataset.licence` is missing",
    );
    check_problem(
        &START.replace("\"text\"", "\"xls\""),
        invalid,
        6,
        "kind",
        "text, parquet, arrow, geojson",
    );
    let column = |rest: &str| format!("{START}[[dataset.column]]\nname = \"c\"\n{rest}\n");
    check_problem(
        &column("type = \"number\""),
        invalid,
        10,
        "type",
        "text, int, float",
    );
    check_problem(
        &column("type = \"int\"\nunit = \"µg/m³\""),
        invalid,
        11,
        "unit",
        "not UCUM",
    );
    check_problem(
        &column("type = \"date\"\nformat = \"%Q\""),
        invalid,
        11,
        "format",
        "%Q",
    );
    check_problem(
        &column("type = \"instant\"\nzone = \"Berlin\""),
        invalid,
        11,
        "zone",
        "IANA",
    );
    check_problem(
        &column("type = \"float\"\nunit = \"1\"\nfactor = { value = 2.0, from = \"x\" }"),
        invalid,
        12,
        "source",
        "source",
    );
    check_problem(&column("of = \"b\""), invalid, 8, "of", "no instant column");
    check_problem(
        &format!("{START}[dataset.unpivot]\nmatch = '(a'\n"),
        invalid,
        9,
        "match",
        "regular expression",
    );
    check_problem(
        &format!("{}[dataset.grid]\ndimensions = [\"x\"]\n", column("")),
        invalid,
        1,
        "dimensions",
        "no column `x`",
    );
    check_problem("[[dataset]\n", invalid, 1, "", "");
    let many = problems(&format!(
        "{START}a = 1\nb = 2\n[[dataset.column]]\nnome = \"x\"\n"
    ));
    assert_eq!(many.len(), 4, "{many:#?}");
}

/// Events of a text file: names, then line number and fields, with `!` for an unreadable row.
pub(super) fn events(bytes: &[u8], keys: &str) -> Result<Vec<String>, Refusal> {
    events_of("a.csv", bytes, "text", keys)
}

/// Refusal of a file.
#[track_caller]
pub(super) fn refusal_of(name: &str, bytes: &[u8], kind: &str, keys: &str) -> Refusal {
    events_of(name, bytes, kind, keys).unwrap_err()
}

/// Rows of a file of any kind.
pub(super) fn events_of(
    name: &str,
    bytes: &[u8],
    kind: &str,
    keys: &str,
) -> Result<Vec<String>, Refusal> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    let start = START
        .replace("a.csv", name)
        .replace("\"text\"", &format!("\"{kind}\""));
    let config = parse_datasets(&format!("{start}{keys}"), "hansa.toml", folder.path())
        .unwrap()
        .remove(0);
    let file = source_files::list_files(&config.source, &folder.path().into())
        .unwrap()
        .remove(0);
    let mut found = Vec::new();
    read_source_file(&file, &config.source, &mut |event| {
        found.push(match event {
            SourceFileEvent::Header(names) => names.join(" & "),
            SourceFileEvent::Row { line, fields } => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(super::field_value::RawField::display_text)
                    .collect();
                format!("{line}: {}", fields.join(" & "))
            }
            SourceFileEvent::Broken { line, .. } => format!("{line}!"),
            SourceFileEvent::Counted(what) => what.to_owned(),
        });
        Ok(())
    })?;
    Ok(found)
}

#[track_caller]
pub(super) fn check_text(bytes: &[u8], keys: &str, expect: &[&str]) {
    assert_eq!(events(bytes, keys).unwrap(), expect);
}

#[test]
fn text_is_read_as_it_is_written() {
    check_text(b"a,b\n1,2\n", "", &["a & b", "2: 1 & 2"]);
    // CRLF, a blank line, a quoted last field, no line feed at the end.
    check_text(
        b"a,b\r\n1,\"x\"\r\n\r\n3,4",
        "",
        &["a & b", "2: 1 & x", "4: 3 & 4"],
    );
    // A byte order mark; a line break inside quotation marks shifts the following line numbers.
    check_text(
        "\u{feff}a,b\n\"1\n1\",2\n3,4\n".as_bytes(),
        "",
        &["a & b", "2: 1\n1 & 2", "4: 3 & 4"],
    );
    check_text(
        b"a;b\n\xb5;\xfc\n",
        "delimiter = \";\"\nencoding = \"latin-1\"",
        &["a & b", "2: µ & ü"],
    );
    check_text(
        b"a,b\n-,NA\n0,x\n",
        "nulls = [\"-\", \"NA\"]",
        &["a & b", "2:  & ", "3: 0 & x"],
    );
    check_text(
        b"a,b\n1\n1,2,3\n1,2\n",
        "",
        &["a & b", "2!", "3!", "4: 1 & 2"],
    );
    check_text(
        b",s,s\nt,NO,NO\n,ppb,\n1,2,3\n",
        "header_rows = 3",
        &["t & s|NO|ppb & s|NO|", "4: 1 & 2 & 3"],
    );
}

#[test]
fn bytes_of_another_encoding_end_the_reading() {
    let refusal = events(b"a,b\n1,2\n1,\xb5\n", "").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SourceUnreadable);
    assert!(refusal.sentence.contains("not UTF-8"), "{refusal:#?}");
}

#[test]
fn numbers_are_numbers_and_nothing_else() {
    let ints = [
        "1",
        "+7",
        " -3 ",
        "1.0",
        "1e3",
        "",
        "0x1",
        "9223372036854775808",
        "１",
    ];
    let read: Vec<Option<i64>> = ints.iter().map(|text| parse_int(text)).collect();
    assert_eq!(
        read,
        [
            Some(1),
            Some(7),
            Some(-3),
            None,
            None,
            None,
            None,
            None,
            None
        ]
    );
    let floats = ["1.5", "-0.2e1", "1,5", "NaN", "inf", "1e999", "1_0"];
    let read: Vec<Option<f64>> = floats.iter().map(|text| parse_float(text, '.')).collect();
    assert_eq!(read, [Some(1.5), Some(-2.0), None, None, None, None, None]);
    assert_eq!(
        (parse_float("1,5", ','), parse_float("1.5", ',')),
        (Some(1.5), None)
    );
}

#[track_caller]
fn check_time(format: &str, text: &str, expect: Option<&str>) {
    let civil = DateTimeFormat::parse(format).unwrap().read(text);
    let shown = civil.map(|civil| {
        let micros = civil.micros - i64::from(civil.offset.unwrap_or(0)) * 1_000_000;
        hansa_audit_log::time::UtcTimestamp::from_micros(micros)
            .unwrap()
            .to_string()
    });
    assert_eq!(shown.as_deref(), expect, "{text}");
}

#[test]
fn times_are_read_in_the_declared_spelling_alone() {
    check_time("%Y-%m-%d", "2020-02-29", Some("2020-02-29T00:00:00Z"));
    check_time("%Y-%m-%d", "2019-02-29", None);
    check_time("%Y-%m-%d", "2020-2-9x", None);
    check_time(
        "%d.%m.%Y %H:%M:%S",
        "31.12.1969 24:00:00",
        Some("1970-01-01T00:00:00Z"),
    );
    check_time("%Y %m %d %H", "2020 12 31 24", Some("2021-01-01T00:00:00Z"));
    check_time("%Y %m %d %H", "2020 12 31 25", None);
    check_time("%Y-%m-%d %H:%M", "2020-12-31 24:01", None);
    check_time(
        "%a %d %b %Y",
        "Fri 01 Jan 2010",
        Some("2010-01-01T00:00:00Z"),
    );
    check_time(
        "%Y-%m-%dT%H:%M:%S%f%z",
        "2020-01-01T00:00:00.25+01:00",
        Some("2019-12-31T23:00:00.25Z"),
    );
    check_time(
        "%Y-%m-%dT%H:%M:%S%z",
        "2020-01-01T00:00:00Z",
        Some("2020-01-01T00:00:00Z"),
    );
    check_time("%Y%m%d", "20230103", Some("2023-01-03T00:00:00Z"));
    check_time(
        "%Y%m%d",
        "2023010",
        Some("2023-01-00T00:00:00Z").filter(|_| false),
    );
    check_time("%Y-%m-%d", "0001-01-01", Some("0001-01-01T00:00:00Z"));
}

#[test]
fn epoch_days_agree_with_the_calendar_over_centuries() {
    let format = DateTimeFormat::parse("%Y-%m-%d").unwrap();
    let mut date = jiff::civil::date(1599, 12, 28);
    let first = jiff::civil::date(1970, 1, 1);
    while date < jiff::civil::date(2402, 3, 2) {
        let day = format.read(&date.to_string()).unwrap().day();
        let expect = date.since((jiff::Unit::Day, first)).unwrap().get_days();
        assert_eq!(day, expect, "{date}");
        date = date.saturating_add(jiff::Span::new().days(13));
    }
}

#[test]
fn a_local_day_is_the_day_of_the_zone() {
    use crate::ingest::config::{AmbiguousTimeRule, MissingTimeRule};
    let berlin = find_zone("Europe/Berlin").unwrap();
    let midnight = DateTimeFormat::parse("%Y-%m-%d")
        .unwrap()
        .read("2020-07-01")
        .unwrap();
    let (micros, _) = resolve_instant(
        midnight,
        &berlin,
        AmbiguousTimeRule::Refuse,
        MissingTimeRule::Refuse,
    )
    .unwrap();
    assert_eq!(local_day(micros, &berlin), Some(midnight.day()));
    assert_eq!(local_day(micros - 1, &berlin), Some(midnight.day() - 1));
    assert_eq!(
        local_day(micros, &find_zone("UTC").unwrap()),
        Some(midnight.day() - 1)
    );
}

#[test]
fn characters_survive_the_edges_of_pieces() {
    // Three-byte characters at every offset relative to the 64 KiB blocks in which a file is decoded.
    for shift in 1..4 {
        let mut text = "x".repeat(shift) + "\n";
        let row = "€".repeat(50) + "\n";
        while text.len() < 200_000 {
            text.push_str(&row);
        }
        let found = events(text.as_bytes(), "").unwrap();
        let rows = &found[1..];
        assert!(rows.len() > 1_300);
        let euros = "€".repeat(50);
        assert!(
            rows.iter()
                .all(|row| row.split_once(": ").unwrap().1 == euros),
            "{shift}"
        );
    }
}

#[test]
fn no_bytes_do_more_than_refuse() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    let mut random = StdRng::seed_from_u64(7);
    let alphabet = b"a1,;\"\n\r\\ -.{}[]:\xc3\xa9\xff\x00e+";
    let mut broken = 0;
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..600 {
        let length = random.random_range(0..80);
        let bytes: Vec<u8> = (0..length)
            .map(|_| alphabet[random.random_range(0..alphabet.len())])
            .collect();
        for kind in ["text", "geojson", "json", "parquet", "arrow"] {
            std::fs::write(folder.path().join("a.csv"), &bytes).unwrap();
            let encoding = if random.random() { "utf-8" } else { "latin-1" };
            let text = START.replace(
                "\"text\"",
                &format!("\"{kind}\"\nencoding = \"{encoding}\""),
            );
            let config = parse_datasets(&text, "hansa.toml", folder.path())
                .unwrap()
                .remove(0);
            let mut header = None;
            let file = source_files::list_files(&config.source, &config.folder)
                .unwrap()
                .remove(0);
            let read = read_source_file(&file, &config.source, &mut |event| {
                match event {
                    SourceFileEvent::Header(names) => header = Some(names.len()),
                    SourceFileEvent::Row { fields, .. } => assert_eq!(Some(fields.len()), header),
                    SourceFileEvent::Broken { .. } => broken += 1,
                    SourceFileEvent::Counted(_) => {}
                }
                Ok(())
            });
            if let Err(refusal) = read {
                assert!(
                    matches!(
                        refusal.code,
                        ErrorCode::SourceUnreadable | ErrorCode::SourceKindUnknown
                    ),
                    "{refusal:#?}"
                );
            }
        }
    }
    assert!(broken > 20, "{broken}");
}

#[test]
fn every_spelling_refuses_what_it_is_not() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    let mut random = StdRng::seed_from_u64(11);
    let formats: Vec<DateTimeFormat> = [
        "%Y-%m-%d %H:%M:%S%f%z",
        "%d.%m.%Y",
        "%Y%m%d",
        "%a %d %b %Y %H:%M",
        "%Y %m %d %H",
    ]
    .iter()
    .map(|format| DateTimeFormat::parse(format).unwrap())
    .collect();
    let alphabet: Vec<char> = "0123456789-:. +ZJanFriTé".chars().collect();
    for _ in 0..20_000 {
        let length = random.random_range(0..26);
        let text: String = (0..length)
            .map(|_| alphabet[random.random_range(0..alphabet.len())])
            .collect();
        for format in &formats {
            if let Some(civil) = format.read(&text) {
                assert!(civil.micros.abs() < 400_000_000_000_000_000, "{text}");
            }
        }
    }
}

#[test]
fn what_is_no_feature_is_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let source = START
        .replace("\"text\"", "\"geojson\"")
        .replace("a.csv", "a.geojson");
    let read_as = |feature: &str| {
        let content = format!("{{\"type\":\"FeatureCollection\",\"features\":[{feature}]}}");
        std::fs::write(folder.path().join("a.geojson"), content).unwrap();
        let config = parse_datasets(&source, "hansa.toml", folder.path())
            .unwrap()
            .remove(0);
        let file = source_files::list_files(&config.source, &folder.path().into())
            .unwrap()
            .remove(0);
        let mut found = Vec::new();
        read_source_file(&file, &config.source, &mut |event| {
            match event {
                SourceFileEvent::Broken { why, .. } => found.push(why.to_owned()),
                SourceFileEvent::Row { fields, .. } => {
                    let shown: Vec<String> = fields
                        .iter()
                        .map(super::field_value::RawField::display_text)
                        .collect();
                    found.push(shown.join(" & "));
                }
                SourceFileEvent::Header(_) | SourceFileEvent::Counted(_) => {}
            }
            Ok(())
        })
        .unwrap();
        found.join("; ")
    };
    let point = "\"geometry\":{\"type\":\"Point\",\"coordinates\":[9.5,47.5]}";
    let of = |properties: &str| {
        read_as(&format!(
            "{{\"type\":\"Feature\",{point},\"properties\":{properties}}}"
        ))
    };
    for (properties, expected) in [
        (
            "{\"n\":9223372036854775807}",
            "9.5 & 47.5 & 9223372036854775807",
        ),
        ("{\"n\":1.5}", "9.5 & 47.5 & 1.5"),
        ("null", "9.5 & 47.5"),
    ] {
        assert_eq!(of(properties), expected);
    }
    for (properties, expected) in [
        (
            "{\"n\":9223372036854775808}",
            "9.5 & 47.5 & 9223372036854775808",
        ),
        (
            "{\"n\":[{\"m\":18446744073709551616}]}",
            "9.5 & 47.5 & [{\"m\":18446744073709551616}]",
        ),
        ("[1]", "its properties are no JSON object"),
        ("\"n\"", "its properties are no JSON object"),
    ] {
        assert_eq!(of(properties), expected, "{properties}");
    }
    assert_eq!(read_as("7"), "it is no JSON object, as a feature is");
    for other in ["\"type\":\"Point\"", "\"name\":\"n\""] {
        let feature = format!("{{{other},{point},\"properties\":{{}}}}");
        assert_eq!(read_as(&feature), "its type is not Feature");
    }
}

#[test]
fn years_of_two_digits_are_read_where_it_is_declared() {
    check_time("%d.%m.%y", "01.02.24", Some("2024-02-01T00:00:00Z"));
    check_time("%d.%m.%y", "01.02.69", Some("1969-02-01T00:00:00Z"));
    check_time("%d.%m.%y", "01.02.2024", None);
}
