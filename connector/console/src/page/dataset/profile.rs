//! Profile of a dataset: counts, extremes and frequent values of its columns.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::dataset::detail::{DatasetLook, DatasetView, dataset_address};
use crate::part::look_form::{LookForm, render_look_form, render_look_record};
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

const SECONDS_A_MINUTE: u64 = 60;
const SECONDS_AN_HOUR: u64 = 3_600;

/// Object of `hansa dataset profile --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ProfileSummary {
    /// Number of rows that repeat another row; none where they were not counted.
    pub duplicates: Option<u64>,
    /// Gaps in time.
    pub gaps: Option<GapSummary>,
    /// Columns in order.
    pub columns: Vec<ColumnSummary>,
}

/// Gaps in a time column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GapSummary {
    /// Name of the column.
    pub column: String,
    /// Usual distance between two instants, in seconds.
    pub usual_seconds: u64,
    /// Number of longer distances.
    pub gaps: u64,
    /// Instant before the longest gap.
    pub longest_from: Option<String>,
    /// Instant behind the longest gap.
    pub longest_to: Option<String>,
}

/// Profile of a column. One about persons has neither values nor a spread.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ColumnSummary {
    /// Name of the column.
    pub name: String,
    /// Number of rows without a value.
    pub missing: u64,
    /// Approximate number of distinct values.
    pub distinct: u64,
    /// Least value.
    pub least: Option<String>,
    /// Greatest value.
    pub most: Option<String>,
    /// Most frequent values.
    pub frequent: Vec<ValueCount>,
    /// Numbers of values in equal parts between the least and the greatest value.
    pub spread: Vec<SpreadCount>,
}

/// Value with the number of its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ValueCount {
    /// Value as text.
    pub value: String,
    /// Number of rows.
    pub rows: u64,
}

/// Part of a spread with the number of its rows.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SpreadCount {
    /// Beginning of the part.
    pub from: f64,
    /// End of the part.
    pub to: f64,
    /// Number of rows.
    pub rows: u64,
}

/// Section with the profile, or with the command that makes one.
pub(super) fn render_profile(frame: &PageFrame<'_>, view: &DatasetView) -> Markup {
    let language = frame.language;
    let dataset = &view.name;
    let look = match view.look() {
        Some(DatasetLook::Profile(record)) => Some(record),
        Some(DatasetLook::Sample(_)) | None => None,
    };
    let closed = view.looks.as_ref().filter(|_| look.is_none());
    html! {
        section aria-labelledby="profile" {
            h2 id="profile" { (message!(language, "profile")) }
            @if let Some(record) = look { (render_look_record(language, record)) }
            @match (&view.report.profile, closed) {
                (Some(_), Some(looks)) => {
                    p { (message!(language, "profile-personal")) }
                    (render_look_form(&LookForm {
                        action: &dataset_address(dataset),
                        key: &looks.profile_key,
                        content: DatasetLook::PROFILE,
                        pseudonym: "",
                        label: message!(language, "profile-show"),
                    }))
                    p.hint { (message!(language, "look-hint")) }
                }
                (Some(profile), None) => {
                    (render_facts(&list_facts(frame, profile)))
                    (render_columns(language, &profile.columns))
                }
                (None, _) => {
                    p { (message!(language, "profile-none")) }
                    pre { code { "hansa dataset profile " (reveal_controls(dataset)) } }
                }
            }
        }
    }
}

fn list_facts(frame: &PageFrame<'_>, profile: &ProfileSummary) -> Vec<Fact> {
    let language = frame.language;
    let duplicates = match profile.duplicates {
        Some(number) => language.format_number(number),
        None => message!(language, "profile-not-counted"),
    };
    let mut facts = vec![Fact::new(
        message!(language, "profile-duplicates"),
        html! { (duplicates) },
    )];
    facts.extend(profile.gaps.as_ref().map(|gaps| {
        let value = render_gaps(frame, gaps);
        Fact::new(message!(language, "profile-gaps"), value)
    }));
    facts
}

fn render_gaps(frame: &PageFrame<'_>, gaps: &GapSummary) -> Markup {
    let language = frame.language;
    let number = language.format_number(gaps.gaps);
    let column = reveal_controls(&gaps.column);
    let usual = describe_exact_duration(language, gaps.usual_seconds);
    html! {
        (message!(language, "profile-gaps-of", number, column, usual))
        @if let (Some(from), Some(to)) = (&gaps.longest_from, &gaps.longest_to) {
            div.plain {
                (message!(language, "profile-longest-gap")) " "
                (render_instant_text(frame, from)) " – " (render_instant_text(frame, to))
            }
        }
    }
}

/// Duration in the largest unit of which it is a whole number.
fn describe_exact_duration(language: Language, seconds: u64) -> String {
    let in_unit = |unit: u64| {
        let is_whole = seconds >= unit && seconds.is_multiple_of(unit);
        is_whole.then(|| language.format_number(seconds.checked_div(unit).unwrap_or_default()))
    };
    if let Some(number) = in_unit(SECONDS_AN_HOUR) {
        message!(language, "duration-hours", number)
    } else if let Some(number) = in_unit(SECONDS_A_MINUTE) {
        message!(language, "duration-minutes", number)
    } else {
        let number = language.format_number(seconds);
        message!(language, "duration-seconds", number)
    }
}

fn render_columns(language: Language, columns: &[ColumnSummary]) -> Markup {
    let rows = columns.iter().map(|column| {
        let text = |text: &Option<String>| {
            html! {
                @if let Some(text) = text { bdi { (reveal_controls(text)) } }
            }
        };
        vec![
            html! { code { (reveal_controls(&column.name)) } },
            html! { (language.format_number(column.missing)) },
            html! { (language.format_number(column.distinct)) },
            text(&column.least),
            text(&column.most),
            render_distribution(language, column),
        ]
    });
    render_table(&DataTable {
        id: "profile-caption",
        caption: message!(language, "profile-caption"),
        columns: vec![
            message!(language, "column-name"),
            message!(language, "profile-missing"),
            message!(language, "profile-distinct"),
            message!(language, "profile-least"),
            message!(language, "profile-most"),
            message!(language, "profile-frequent"),
        ],
        rows: rows.collect(),
    })
}

/// Frequent values, else the spread of numbers.
fn render_distribution(language: Language, column: &ColumnSummary) -> Markup {
    html! {
        @if column.frequent.is_empty() {
            @for part in &column.spread {
                div { (part.from) " – " (part.to) ": " (language.format_number(part.rows)) }
            }
        } @else {
            @for value in &column.frequent {
                div {
                    bdi { (reveal_controls(&value.value)) } ": " (language.format_number(value.rows))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_whole_units() {
        let told = |seconds| describe_exact_duration(Language::En, seconds);
        assert_eq!(told(172_800), "48 h");
        assert_eq!(told(3_600), "1 h");
        assert_eq!(told(5_400), "90 min");
        assert_eq!(told(61), "61 s");
        assert_eq!(told(0), "0 s");
    }
}
