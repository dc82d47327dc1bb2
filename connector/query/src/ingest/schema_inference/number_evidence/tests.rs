//! Numbers are converted if their file shows one notation, and stay text if it shows none or two.

use super::{FileNotation, KeptReason, NumberEvidence, NumberReading};
use crate::ingest::number_notation::ThousandsMark;

fn evidence(texts: &[&str]) -> NumberEvidence {
    let mut evidence = NumberEvidence::default();
    for text in texts {
        evidence.observe(text);
    }
    evidence
}

/// Readings of the columns of one file.
fn readings(columns: &[&[&str]]) -> (FileNotation, Vec<NumberReading>) {
    let columns: Vec<NumberEvidence> = columns.iter().map(|texts| evidence(texts)).collect();
    let notation = FileNotation::decide(columns.iter());
    let read = columns.iter().map(|column| notation.read(column));
    (notation, read.collect())
}

#[test]
fn a_file_that_shows_both_marks_says_what_groups_of_three_are() {
    let (notation, read) = readings(&[
        &["100.000", "2.500", "310"],
        &["1.234,5", "987,25", "12.345,75"],
    ]);
    assert_eq!(
        (notation.decimal, notation.thousands),
        (',', Some(ThousandsMark::Point))
    );
    assert_eq!(read, [NumberReading::Whole, NumberReading::Fractional]);
    let (notation, read) = readings(&[&["100,000", "2,500", "310"], &["1,234.5", "987.25"]]);
    assert_eq!(
        (notation.decimal, notation.thousands),
        ('.', Some(ThousandsMark::Comma))
    );
    assert_eq!(read, [NumberReading::Whole, NumberReading::Fractional]);
    // Several groups are thousands.
    let (notation, read) = readings(&[&["1.234.567", "2.500"]]);
    assert_eq!(
        (notation.decimal, notation.thousands),
        (',', Some(ThousandsMark::Point))
    );
    assert_eq!(read, [NumberReading::Whole]);
}

#[test]
fn what_fits_two_readings_stays_text() {
    let point = NumberReading::Kept(KeptReason::FitsTwoReadings('.'));
    let comma = NumberReading::Kept(KeptReason::FitsTwoReadings(','));
    for (columns, expected) in [
        (&[&["100.000", "2.500", "310"][..]][..], &[point][..]),
        (&[&["100,000", "310"]], &[comma]),
        // Another column shows only one mark.
        (
            &[&["100.000", "310"], &["12.5"]],
            &[point, NumberReading::Fractional],
        ),
        (
            &[&["100.000", "310"], &["12,5"]],
            &[point, NumberReading::Fractional],
        ),
    ] {
        assert_eq!(readings(columns).1, expected, "{columns:?}");
    }
}

#[test]
fn two_notations_in_one_file_are_not_mixed() {
    let (notation, read) = readings(&[&["12,5", "7,25"], &["12.5", "7.25"]]);
    assert_eq!((notation.decimal, notation.thousands), ('.', None));
    let other = NumberReading::Kept(KeptReason::OtherNotation);
    assert_eq!(read, [other, NumberReading::Fractional]);
    assert_eq!(readings(&[&["12,5", "7.25"]]).1, [other]);
    // Grouped numbers beside a four-digit number without a separator.
    assert_eq!(readings(&[&["1.234.567", "5678"]]).1, [other]);
}

#[test]
fn blanks_and_apostrophes_between_thousands() {
    for (texts, mark) in [
        (["1 000", "25 000", "7"], ThousandsMark::Blank),
        (["1\u{a0}000", "2\u{202f}500", "7"], ThousandsMark::Blank),
        (["1'000", "2\u{2019}500", "7"], ThousandsMark::Apostrophe),
    ] {
        let (notation, read) = readings(&[&texts]);
        assert_eq!(notation.thousands, Some(mark), "{texts:?}");
        assert_eq!(read, [NumberReading::Whole], "{texts:?}");
    }
    let key = NumberReading::Kept(KeptReason::FitsKey);
    assert_eq!(readings(&[&["123 456", "789 012"]]).1, [key]);
    assert_eq!(readings(&[&["030 123"]]).1, [NumberReading::Text]);
}

#[test]
fn a_text_that_is_not_what_its_number_is_written_as_stays_text() {
    for (texts, reason) in [
        (&["10001", "01067"][..], KeptReason::LeadingZero),
        (&["5", "+5"], KeptReason::Plus),
        (&["1e5", "2e7"], KeptReason::Exponent),
        (&["1E-05", "2E-07"], KeptReason::Exponent),
        (&["1.9", "1.10", "1.11"], KeptReason::TrailingZero),
        (&["1.1", "1.10"], KeptReason::TrailingZero),
        (
            &["123456789012345678901234567890123456789", "1"],
            KeptReason::TooLong,
        ),
        (
            &["90071992547409931E-05", "90071992547409.93"],
            KeptReason::TooLong,
        ),
    ] {
        let kept = NumberReading::Kept(reason);
        assert_eq!(readings(&[texts]).1, [kept], "{texts:?}");
    }
    for (texts, kind) in [
        (&["12345678901234567890", "1"][..], "decimal(20,0)"),
        (&["90071992547409.93"], "decimal(16,2)"),
        (&["9007199254740993", "1.5"], "decimal(17,1)"),
        (&["12345678901234567.89", "-0.10"], "decimal(19,2)"),
    ] {
        let exact = NumberReading::Decimal(kind.parse().unwrap());
        assert_eq!(readings(&[texts]).1, [exact], "{texts:?}");
    }
    for texts in [
        &["7.50", "3.25", "8"][..],
        &["36.0", "36.25"],
        &["0.5", "1e-05"],
        &["52.51234567890123"],
        &[".5", "0.25"],
    ] {
        assert_eq!(
            readings(&[texts]).1,
            [NumberReading::Fractional],
            "{texts:?}"
        );
    }
    assert_eq!(
        readings(&[&["-7", "9007199254740993"]]).1,
        [NumberReading::Whole]
    );
    for text in [
        "", "a", "1.2.3", "1-2", "--1", "1e", "0x1", "1,2,3", "1..000", "１",
    ] {
        assert_eq!(readings(&[&[text]]).1, [NumberReading::Text], "{text}");
    }
}
