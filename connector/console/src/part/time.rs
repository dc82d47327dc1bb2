//! Instants in the time zone of the participant, with the zone named.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::text::reveal_controls;
use hansa_audit_log::time::{CivilTime, UtcTimestamp, civil_time};
use hansa_policy::term::language::Language;
use maud::{Markup, html};

const MINUTES_A_DAY: i64 = 1_440;
const MINUTES_A_WEEK: i64 = 7 * MINUTES_A_DAY;

/// Instant of a view as a `time` element. A text that is no instant is shown as it is.
pub(crate) fn render_instant_text(frame: &PageFrame<'_>, text: &str) -> Markup {
    match text.parse() {
        Ok(instant) => render_instant(frame, instant),
        Err(_) => html! { (reveal_controls(text)) },
    }
}

/// Instant as a `time` element.
pub(crate) fn render_instant(frame: &PageFrame<'_>, instant: UtcTimestamp) -> Markup {
    html! {
        time datetime=(instant) { (describe_instant(frame, instant)) }
    }
}

/// Month such as `2026-11` in words. A text of another form is shown as it is.
pub(crate) fn describe_month(language: Language, text: &str) -> String {
    let is_month = |number: &str| {
        number.len() == 2
            && number
                .parse()
                .is_ok_and(|number: u8| (1..=12).contains(&number))
    };
    match text.split_once('-') {
        Some((year, number)) if is_month(number) => {
            let month = month_name(language, number);
            let year = reveal_controls(year).into_owned();
            message!(language, "month-and-year", month, year)
        }
        _ => reveal_controls(text).into_owned(),
    }
}

/// Day, time and place of an instant, such as `27 Nov 2026, 10:42 (Berlin)`.
pub(crate) fn describe_instant(frame: &PageFrame<'_>, instant: UtcTimestamp) -> String {
    let language = frame.language;
    let offset = zone_offset_minutes(instant, frame.zone);
    let place = match offset {
        Some(_) => place_of_zone(frame.zone),
        None => "UTC".to_owned(),
    };
    let local = instant.plus_micros(offset.unwrap_or_default().saturating_mul(60_000_000));
    // `2026-11-27T10:42:00Z`: the form of the standard has each part at a fixed place.
    let written = local.to_string();
    let part = |from: usize, to: usize| written.get(from..to).unwrap_or_default().to_owned();
    let year = part(0, 4);
    let month = month_name(language, &part(5, 7));
    let day = part(8, 10).trim_start_matches('0').to_owned();
    let clock = part(11, 16);
    message!(language, "instant", day, month, year, clock, place)
}

/// Time of day of an instant, such as `10:42`.
pub(crate) fn describe_clock(frame: &PageFrame<'_>, instant: UtcTimestamp) -> String {
    let offset = zone_offset_minutes(instant, frame.zone).unwrap_or_default();
    let local = instant.plus_micros(offset.saturating_mul(60_000_000));
    local.to_string().get(11..16).unwrap_or_default().to_owned()
}

/// Difference between the civil time of a zone and UTC at an instant; none for an unknown zone.
fn zone_offset_minutes(instant: UtcTimestamp, zone: &str) -> Option<i64> {
    let minute_of_week = |civil: CivilTime| {
        i64::from(civil.weekday)
            .saturating_mul(MINUTES_A_DAY)
            .saturating_add(i64::from(civil.minute))
    };
    let local = minute_of_week(civil_time(instant, zone)?);
    let universal = minute_of_week(civil_time(instant, "UTC")?);
    let ahead = local.saturating_sub(universal).rem_euclid(MINUTES_A_WEEK);
    // No zone is more than a day away from UTC: the rest of the circle is behind it.
    Some(if ahead > MINUTES_A_DAY {
        ahead.saturating_sub(MINUTES_A_WEEK)
    } else {
        ahead
    })
}

/// Last part of the name of a zone: `Europe/Berlin` is `Berlin`.
fn place_of_zone(zone: &str) -> String {
    let place = zone.rsplit('/').next().unwrap_or(zone);
    reveal_controls(&place.replace('_', " ")).into_owned()
}

fn month_name(language: Language, number: &str) -> String {
    match number {
        "01" => message!(language, "month-1"),
        "02" => message!(language, "month-2"),
        "03" => message!(language, "month-3"),
        "04" => message!(language, "month-4"),
        "05" => message!(language, "month-5"),
        "06" => message!(language, "month-6"),
        "07" => message!(language, "month-7"),
        "08" => message!(language, "month-8"),
        "09" => message!(language, "month-9"),
        "10" => message!(language, "month-10"),
        "11" => message!(language, "month-11"),
        "12" => message!(language, "month-12"),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(instant: &str, zone: &str, expect: &str) {
        let mut frame = PageFrame::new(Language::En, "/");
        frame.zone = zone;
        assert_eq!(describe_instant(&frame, instant.parse().unwrap()), expect);
    }

    #[test]
    fn instants_are_told_in_the_zone_of_the_participant() {
        let late = "2026-12-31T23:30:00Z";
        check(late, "Europe/Berlin", "1 Jan 2027, 00:30 (Berlin)");
        check(late, "America/New_York", "31 Dec 2026, 18:30 (New York)");
        check(late, "Asia/Kathmandu", "1 Jan 2027, 05:15 (Kathmandu)");
        check(late, "Pacific/Kiritimati", "1 Jan 2027, 13:30 (Kiritimati)");
        check(late, "UTC", "31 Dec 2026, 23:30 (UTC)");
        check(late, "no zone", "31 Dec 2026, 23:30 (UTC)");
        check(
            "2026-07-06T03:05:09.5Z",
            "America/New_York",
            "5 Jul 2026, 23:05 (New York)",
        );
    }

    #[test]
    fn a_text_that_is_no_instant_is_shown() {
        let frame = PageFrame::new(Language::De, "/");
        let shown = render_instant_text(&frame, "<soon>\0").into_string();
        assert_eq!(shown, "&lt;soon&gt;⟨U+0000⟩");
        let shown = render_instant_text(&frame, "2026-05-01T00:00:00Z").into_string();
        assert!(shown.starts_with("<time datetime=\"2026-05-01T00:00:00Z\">1. Mai 2026"));
    }
}
