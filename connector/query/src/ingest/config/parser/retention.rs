//! Key `keep`: the time for which a replaced snapshot stays on disk. It does not affect the published rows, so it is not part of
//! the recipe.

use hansa_policy::id::SqlIdentifier;
use hansa_toml_reader::{ProblemStyle, TomlReader};
use std::collections::BTreeMap;
use std::str::FromStr;

/// Period such as `90d` or `1y`, in microseconds. A year has 365 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetentionPeriod(pub i64);

impl FromStr for RetentionPeriod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let end = text.find(|c: char| !c.is_ascii_digit());
        let (number, unit) = text.split_at(end.unwrap_or(text.len()));
        let seconds: Option<i64> = match unit.trim() {
            "s" => Some(1),
            "m" => Some(60),
            "h" => Some(3600),
            "d" => Some(86_400),
            "y" => Some(365 * 86_400),
            _ => None,
        };
        let number: Option<i64> = number.parse().ok();
        number
            .zip(seconds)
            .and_then(|(number, seconds)| number.checked_mul(seconds)?.checked_mul(1_000_000))
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a time such as 90d"))
    }
}

/// Retention periods of the datasets in a configuration. A dataset without the key keeps no replaced snapshots.
#[must_use]
pub fn parse_retention(text: &str) -> BTreeMap<SqlIdentifier, RetentionPeriod> {
    let reader = TomlReader::new("", text, ProblemStyle::CONFIG);
    let Ok(parsed) = reader.parse() else {
        return BTreeMap::new();
    };
    let tables = reader.root(&parsed).tables("dataset");
    let kept = tables
        .iter()
        .filter_map(|table| Some((table.parse_text("name")?, table.parse_text("keep")?)));
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::{RetentionPeriod, parse_retention};

    #[test]
    fn times() {
        let day = 86_400_000_000;
        for (text, days) in [("90d", 90), ("1y", 365), ("48h", 2), ("0s", 0)] {
            assert_eq!(text.parse(), Ok(RetentionPeriod(days * day)), "{text}");
        }
        for wrong in ["", "90", "d", "-1d", "90 days", "1.5d", "99999999999999y"] {
            assert!(wrong.parse::<RetentionPeriod>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn of_each_dataset() {
        let text = "[[dataset]]\nname = \"a\"\nkeep = \"30d\"\n[[dataset]]\nname = \"b\"\n";
        let found = parse_retention(text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[&"a".parse().unwrap()],
            RetentionPeriod(30 * 86_400_000_000)
        );
        assert!(parse_retention("dataset = 3").is_empty() && parse_retention("[[").is_empty());
    }
}
