//! Columns that stay text although their values look like numbers or dates: the doubt, and the settings that would convert them.

use super::number_evidence::KeptReason;

/// Doubt about the values of a column. The column stays text, so no information is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnDoubt {
    /// Numbers.
    Numbers(KeptReason),
    /// Numbers, except for this number of other texts.
    MostlyNumbers(u64),
    /// Dates that two formats read.
    DayOrMonth(&'static str, &'static str),
    /// Dates with two-digit years in this format.
    ShortYear(&'static str),
    /// Texts of a typed file that all read as dates or times in this format, or in ISO 8601 if absent.
    TypedText(WrittenMoment, Option<&'static str>),
}

/// Precision of dates and times in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenMoment {
    /// Date.
    Date,
    /// Date and time of day.
    Instant,
}

impl ColumnDoubt {
    /// Checks that several readings are possible, so that a person must decide.
    #[must_use]
    pub const fn is_question(self) -> bool {
        matches!(
            self,
            Self::DayOrMonth(..)
                | Self::ShortYear(_)
                | Self::TypedText(..)
                | Self::Numbers(KeptReason::FitsTwoReadings(_) | KeptReason::OtherNotation)
        )
    }

    /// Doubt, as the end of a sentence about the column.
    #[must_use]
    pub fn sentence(self) -> String {
        let text = match self {
            Self::Numbers(KeptReason::FitsTwoReadings('.')) => {
                "its values fit two readings: 1.000 is a thousand or one"
            }
            Self::Numbers(KeptReason::FitsTwoReadings(_)) => {
                "its values fit two readings: 1,000 is a thousand or one"
            }
            Self::Numbers(KeptReason::FitsKey) => {
                "groups of digits that all have one length may be keys"
            }
            Self::Numbers(KeptReason::OtherNotation) => {
                "its numbers are written in several ways, or in another way than those of other columns"
            }
            Self::Numbers(KeptReason::LeadingZero) => {
                "numbers that begin with 0 may be keys, and would lose the 0"
            }
            Self::Numbers(KeptReason::Plus) => {
                "numbers that begin with + may be keys, and would lose the sign"
            }
            Self::Numbers(KeptReason::Exponent) => {
                "1e5 is a number or a key, and as a number it would be written otherwise"
            }
            Self::Numbers(KeptReason::TrailingZero) => {
                "1.10 beside 1.2 is a number or a key, and as a number it would be 1.1"
            }
            Self::Numbers(KeptReason::TooLong) => "a number of this type would lose digits",
            Self::MostlyNumbers(others) => {
                return format!("all but {others} of its values are numbers");
            }
            Self::DayOrMonth(..) => "every value fits day before month and month before day",
            Self::ShortYear(_) => "years of two digits have no century",
            Self::TypedText(WrittenMoment::Date, _) => {
                "the file says that it is text, and every value reads as a date"
            }
            Self::TypedText(WrittenMoment::Instant, _) => {
                "the file says that it is text, and every value reads as a time"
            }
        };
        text.to_owned()
    }

    /// Settings of `[[dataset.column]]` that would convert the values, one alternative on each line.
    #[must_use]
    pub fn settings(self) -> Vec<String> {
        match self {
            Self::Numbers(KeptReason::FitsTwoReadings('.')) => vec![
                "a thousand: type = \"float\", decimal = \",\", thousands = \".\"".to_owned(),
                "one: type = \"float\", decimal = \".\"".to_owned(),
            ],
            Self::Numbers(KeptReason::FitsTwoReadings(_)) => vec![
                "a thousand: type = \"float\", decimal = \".\", thousands = \",\"".to_owned(),
                "one: type = \"float\", decimal = \",\"".to_owned(),
            ],
            Self::Numbers(KeptReason::FitsKey) => {
                vec!["as numbers: type = \"int\", thousands = \" \"".to_owned()]
            }
            Self::Numbers(KeptReason::OtherNotation) => vec![
                "as numbers: type = \"float\" with the decimal and thousands that they have"
                    .to_owned(),
            ],
            Self::Numbers(KeptReason::LeadingZero | KeptReason::Plus) => {
                vec!["as numbers: type = \"int\", leading_zeros = \"drop\"".to_owned()]
            }
            Self::Numbers(KeptReason::Exponent | KeptReason::TrailingZero) => {
                vec!["as numbers: type = \"float\"".to_owned()]
            }
            Self::Numbers(KeptReason::TooLong) => Vec::new(),
            Self::MostlyNumbers(_) => vec![
                "as numbers: its type, and nulls = [\"…\"] in [dataset.source] with the words for no value"
                    .to_owned(),
            ],
            Self::DayOrMonth(first, second) => [first, second]
                .into_iter()
                .map(setting_of)
                .collect(),
            Self::ShortYear(format) | Self::TypedText(_, Some(format)) => vec![setting_of(format)],
            Self::TypedText(WrittenMoment::Date, None) => vec!["type = \"date\"".to_owned()],
            Self::TypedText(WrittenMoment::Instant, None) => vec!["type = \"instant\"".to_owned()],
        }
    }
}

/// Setting that reads dates or times in this format.
fn setting_of(format: &str) -> String {
    let kind = if format.contains("%H") {
        "instant"
    } else {
        "date"
    };
    format!("type = \"{kind}\", format = \"{format}\"")
}
