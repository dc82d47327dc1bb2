//! Sizes and durations with units.

use std::time::Duration;

/// Reads a size such as `512 MB` or `512 MiB`, in bytes.
pub fn parse_bytes(text: &str) -> Option<u64> {
    parse_measure(text, &['_'], |unit| match unit {
        "" | "B" => Some(1),
        "kB" | "KB" => Some(1_000),
        "MB" => Some(1_000_000),
        "GB" => Some(1_000_000_000),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    })
}

/// Reads a duration such as `90s`, `5m`, `2h`, `90d`, `10y`. A year has 365 days.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let seconds = parse_measure(text, &[], |unit| match unit {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        "y" => Some(365 * 86_400),
        _ => None,
    });
    seconds.map(Duration::from_secs)
}

/// Reads a signed duration such as `+8d` or `-90m`, in microseconds, of at most ten years.
pub fn parse_shift(text: &str) -> Option<i64> {
    let text = text.trim();
    let (back, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let seconds = i64::try_from(parse_duration(rest)?.as_secs()).ok()?;
    let micros = (seconds <= 10 * 365 * 86_400).then(|| seconds.saturating_mul(1_000_000))?;
    Some(if back { micros.wrapping_neg() } else { micros })
}

/// Reads a whole number with a unit and multiplies it by `factor`. Characters of `grouping` may stand between the digits.
fn parse_measure(text: &str, grouping: &[char], factor: fn(&str) -> Option<u64>) -> Option<u64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && !grouping.contains(&c))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let number: u64 = number.replace(grouping, "").parse().ok()?;
    number.checked_mul(factor(unit.trim())?)
}
