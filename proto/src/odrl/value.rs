//! Values that stand in policies as text: decimal numbers and boxes.

use policy::term::Bounds;

/// A box of four decimal texts, if they make one.
pub(crate) fn bounds_of(west: &str, south: &str, east: &str, north: &str) -> Option<Bounds> {
    let degrees = |text: &str, most: f64| -> Option<f64> {
        let value: f64 = is_decimal(text).then(|| text.parse().ok())??;
        (-most..=most).contains(&value).then_some(value)
    };
    let fits = degrees(west, 180.0)? <= degrees(east, 180.0)?
        && degrees(south, 90.0)? <= degrees(north, 90.0)?;
    fits.then(|| Bounds {
        west: west.to_owned(),
        south: south.to_owned(),
        east: east.to_owned(),
        north: north.to_owned(),
    })
}

/// Whether the text is a decimal number: digits, perhaps a sign before and a fraction behind.
pub(crate) fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    text.len() <= 40
        && match unsigned.split_once('.') {
            Some((whole, fraction)) => digits(whole) && digits(fraction),
            None => digits(unsigned),
        }
}

/// Whether the text is the name of a time zone that is known here, in its one spelling.
pub(crate) fn is_zone(text: &str) -> bool {
    jiff::tz::TimeZone::get(text).is_ok_and(|zone| zone.iana_name() == Some(text))
}
