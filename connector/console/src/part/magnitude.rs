//! Sizes of files and lengths of time, in the unit that a person would choose.

use crate::message::message;
use hansa_policy::term::language::Language;

/// Number of bytes with its unit, such as `71 GB`. A unit is used from ten of it on, so that no fraction is needed.
pub(crate) fn describe_bytes(language: Language, bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let fitting = UNITS
        .into_iter()
        .find(|(size, _)| bytes >= size.saturating_mul(10));
    let (size, unit) = fitting.unwrap_or((1, "B"));
    let number = language.format_number(bytes / size);
    format!("{number} {unit}")
}

/// Length of time in seconds, minutes or hours.
pub(crate) fn describe_duration(language: Language, milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    let number = |number: u64| language.format_number(number);
    match seconds {
        0..120 => {
            let number = number(seconds);
            message!(language, "duration-seconds", number)
        }
        120..7_200 => {
            let number = number(seconds / 60);
            message!(language, "duration-minutes", number)
        }
        _ => {
            let number = number(seconds / 3_600);
            message!(language, "duration-hours", number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_have_the_unit_of_a_person() {
        let bytes = |bytes| describe_bytes(Language::De, bytes);
        assert_eq!(bytes(9_999), "9.999 B");
        assert_eq!(bytes(12_345), "12 kB");
        assert_eq!(bytes(71_000_000_000), "71 GB");
        assert_eq!(bytes(u64::MAX), "18.446.744 TB");
        let time = |milliseconds| describe_duration(Language::En, milliseconds);
        assert_eq!(time(400), "0 s");
        assert_eq!(time(119_999), "119 s");
        assert_eq!(time(120_000), "2 min");
        assert_eq!(time(7_200_000), "2 h");
    }
}
