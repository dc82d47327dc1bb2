//! Sizes and times as people write them.

use std::time::Duration;

/// A size such as `512 MB` or `512 MiB`, in bytes.
pub fn bytes(text: &str) -> Option<u64> {
    measure(text, &['_'], |unit| match unit {
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

/// A time such as `90s`, `5m`, `2h`, `90d`, `10y`; a year has 365 days.
pub fn seconds(text: &str) -> Option<Duration> {
    let seconds = measure(text, &[], |unit| match unit {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        "y" => Some(365 * 86_400),
        _ => None,
    });
    seconds.map(Duration::from_secs)
}

/// A time that goes either way, such as `+8d` or `-90m`, in microseconds; ten years at most.
pub fn shift(text: &str) -> Option<i64> {
    let text = text.trim();
    let (back, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let seconds = i64::try_from(seconds(rest)?.as_secs()).ok()?;
    let micros = (seconds <= 10 * 365 * 86_400).then(|| seconds.saturating_mul(1_000_000))?;
    Some(if back { micros.wrapping_neg() } else { micros })
}

/// A whole number times what its unit stands for; `grouping` may stand between the digits.
fn measure(text: &str, grouping: &[char], factor: fn(&str) -> Option<u64>) -> Option<u64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && !grouping.contains(&c))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let number: u64 = number.replace(grouping, "").parse().ok()?;
    number.checked_mul(factor(unit.trim())?)
}
