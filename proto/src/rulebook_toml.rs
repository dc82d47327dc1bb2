//! File in which a league's operator writes a rulebook before signing it.
//!
//! ```
//! use hansa_proto::rulebook_toml;
//!
//! let text = r#"
//! title = "Rulebook of the lake league"
//! text  = "rulebook.md"
//! from  = 2027-01-01
//!
//! [offers]
//! purposes_required = true
//! longest_days      = 730
//! "#;
//! let file = rulebook_toml::parse_rulebook(text, "rulebook.toml").unwrap();
//! assert_eq!(file.offers.longest_days, Some(730));
//! assert_eq!(file.from.to_string(), "2027-01-01T00:00:00Z");
//! ```

use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::PurposeId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::rulebook::{OfferRuleKind, OfferRules};
use hansa_toml_reader::{ProblemStyle, TomlReader, TomlTable};
use std::str::FromStr;

/// Most values of a rule that is a list.
pub const MOST: usize = 64;

/// Content of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulebookFile {
    /// Title for people.
    pub title: String,
    /// Path of the document for people, as written.
    pub text: String,
    /// First instant of the rules: the beginning of the day in UTC.
    pub from: UtcTimestamp,
    /// Rules that are checked.
    pub offers: OfferRules,
}

/// Reads the file. `file` is its name for messages.
///
/// # Errors
/// Every problem in the order of the file: `CONFIG_UNKNOWN_KEY` for an unknown rule, `CONFIG_INVALID` for a wrong value.
pub fn parse_rulebook(text: &str, file: &str) -> Result<RulebookFile, Vec<Refusal>> {
    let reader = TomlReader::new(file, text, ProblemStyle::CONFIG);
    let parsed = reader.parse()?;
    let root = reader.root(&parsed);
    let title = read_line(&root, "title");
    let document = read_line(&root, "text");
    let from = read_day(&root, "from");
    let section = root.section("offers");
    let offers = read_rules(&section);
    section.finish();
    root.finish();
    match (title, document, from, reader.is_clean()) {
        (Some(title), Some(text), Some(from), true) => Ok(RulebookFile {
            title,
            text,
            from,
            offers,
        }),
        _ => Err(reader.take_problems()),
    }
}

fn read_rules(section: &TomlTable<'_>) -> OfferRules {
    let key = OfferRuleKind::as_str;
    let flag = |kind| section.flag(key(kind)).unwrap_or(false);
    let days = |kind| section.integer::<u32>(key(kind), 1);
    OfferRules {
        purposes_required: flag(OfferRuleKind::PurposesRequired),
        purposes: read_list::<PurposeId>(section, key(OfferRuleKind::Purposes)),
        longest_days: days(OfferRuleKind::LongestDays),
        least_rows: section.integer::<u32>(key(OfferRuleKind::LeastRows), 2),
        licences: read_list::<String>(section, key(OfferRuleKind::Licences)),
        attribution_required: flag(OfferRuleKind::AttributionRequired),
        no_public_views: section.flag(key(OfferRuleKind::PublicViews)) == Some(false),
        delete_after_most_days: days(OfferRuleKind::DeleteAfterMostDays),
    }
}

/// Required text in one line.
fn read_line(table: &TomlTable<'_>, key: &str) -> Option<String> {
    let value = table.required_value(key)?;
    let text = value.text()?;
    let safe = hansa_policy::safe_text::SingleLineText::parse(key, &text);
    match safe {
        Ok(line) => Some(line.to_string()),
        Err(refusal) => {
            value.add_problem(ErrorCode::ConfigInvalid, refusal.sentence);
            None
        }
    }
}

/// Required day, as its first instant in UTC.
fn read_day(table: &TomlTable<'_>, key: &str) -> Option<UtcTimestamp> {
    let value = table.required_value(key)?;
    let written = value.node.as_datetime().map(ToString::to_string);
    let found = written
        .filter(|written| written.len() == 10)
        .and_then(|written| format!("{written}T00:00:00Z").parse().ok());
    if found.is_none() {
        value.ill_typed("a day such as 2027-01-01");
    }
    found
}

/// Values of a rule that is a list, unique and in order.
fn read_list<T: FromStr<Err: std::fmt::Display> + Ord>(table: &TomlTable<'_>, key: &str) -> Vec<T> {
    let Some(texts) = table.texts(key) else {
        return Vec::new();
    };
    if texts.is_empty() || texts.len() > MOST {
        table.add_problem(key, format!("`{key}` has 1 to {MOST} values"));
    }
    let mut values = Vec::new();
    for text in texts {
        match text.parse() {
            Ok(value) if !text.trim().is_empty() => values.push(value),
            Ok(_) => table.add_problem(key, format!("`{key}` has an empty value")),
            Err(fault) => table.add_problem(key, format!("`{text}`: {fault}")),
        }
    }
    values.sort();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
title = "Rulebook"
text  = "rulebook.md"
from  = 2027-01-01

[offers]
purposes_required      = true
purposes               = ["dpv:ResearchAndDevelopment", "traffic-planning"]
longest_days           = 730
least_rows             = 10
licences               = ["proprietary", "CC-BY-4.0"]
attribution_required   = true
public_views           = false
delete_after_most_days = 90
"#;

    #[test]
    fn every_rule_is_read() {
        let file = parse_rulebook(WHOLE, "rulebook.toml").unwrap();
        assert_eq!(file.title, "Rulebook");
        assert_eq!(file.text, "rulebook.md");
        assert_eq!(
            file.offers.demanding_rules().len(),
            OfferRuleKind::ALL.len()
        );
        assert_eq!(file.offers.licences, ["CC-BY-4.0", "proprietary"]);
        assert_eq!(file.offers.least_rows, Some(10));
        assert!(file.offers.no_public_views);
    }

    #[test]
    fn a_rulebook_may_have_no_rules() {
        let text = "title = \"R\"\ntext = \"r.md\"\nfrom = 2027-01-01\n";
        let file = parse_rulebook(text, "rulebook.toml").unwrap();
        assert_eq!(file.offers, OfferRules::default());
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (from, to, code, line) in [
            ("least_rows ", "least_row ", "CONFIG_UNKNOWN_KEY", 10),
            ("title = ", "caption = ", "CONFIG_INVALID", 1),
            ("2027-01-01", "\"2027-01-01\"", "CONFIG_INVALID", 4),
            ("2027-01-01", "2027-01-01T12:00:00Z", "CONFIG_INVALID", 4),
            ("= 730", "= 0", "CONFIG_INVALID", 9),
            ("= 730", "= \"24 months\"", "CONFIG_INVALID", 9),
            ("= 10\n", "= 1\n", "CONFIG_INVALID", 10),
            ("\"proprietary\"", "\"\"", "CONFIG_INVALID", 11),
            ("= false", "= 0", "CONFIG_INVALID", 13),
            ("\"traffic-planning\"", "\"a b\"", "CONFIG_INVALID", 8),
            (
                "[offers]",
                "[questions]\nmost = 1\n[offers]",
                "CONFIG_UNKNOWN_KEY",
                6,
            ),
        ] {
            let text = WHOLE.replacen(from, to, 1);
            assert_ne!(text, WHOLE, "{from}");
            let problems = parse_rulebook(&text, "rulebook.toml").unwrap_err();
            let told = |problem: &Refusal| {
                let place = problem.location.as_ref().and_then(|place| place.line);
                problem.code.as_str() == code && place == Some(line)
            };
            assert!(problems.iter().any(told), "{to}: {problems:?}");
        }
    }
}
