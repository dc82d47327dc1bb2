//! Tests: a filled policy contains its values and no more.

use super::*;
use crate::policy_toml;
use crate::samples;
use hansa_policy::term::Term;

const BASIC: &str = r#"
title = "Counts for {{what}}"
purpose = "{{purposes}}"
columns = "{{columns}}"
rows = "site = {{site}} AND operator = {{consumer}} AND bikes <= {{most}}"
rows_per_day = "{{rows}}"
bytes_per_day = "1 MB"
valid = { from = 2026-01-01, until = "{{until}}" }

[template]
title = "Basic terms"
version = 3

[hole.what]
type = "text"
text = "what it is for"
[hole.purposes]
type = "list"
text = "what it may be used for"
[hole.columns]
type = "list"
text = "which columns are shown"
[hole.site]
type = "text"
text = "which site"
[hole.most]
type = "integer"
text = "above that a count is an error"
[hole.rows]
type = "integer"
least = 1
most = 10000
text = "rows a day"
[hole.until]
type = "date"
text = "the last day"
"#;

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let whole = [
        ("what", "planning"),
        ("purposes", "dpv:ResearchAndDevelopment"),
        ("columns", "site, operator, bikes"),
        ("site", "Hafen"),
        ("most", "5000"),
        ("rows", "1_000"),
        ("until", "2027-12-31"),
    ];
    whole
        .iter()
        .chain(pairs)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn basic() -> PolicyTemplate {
    PolicyTemplate::read(BASIC, "basic.toml").unwrap()
}

#[test]
fn a_filled_template_names_itself_and_its_author() {
    let author = "luebeck.example".parse().unwrap();
    let text = basic().fill(&values(&[]), Some(&author)).unwrap();
    let draft = policy_toml::parse_policy(&text, "filled", &samples::sample_dataset())
        .unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let template = draft.template.unwrap();
    assert_eq!(template.author, author);
    assert_eq!(template.sha256, basic().sha256);
    assert_eq!(template.title, basic().title);
    assert_eq!(i64::from(template.version), basic().version);
    // A value can't name another author.
    let hostile = "x' [template] author = 'munster.example";
    let text = basic()
        .fill(&values(&[("site", hostile)]), Some(&author))
        .unwrap();
    let again = policy_toml::parse_policy(&text, "filled", &samples::sample_dataset());
    assert_eq!(again.unwrap().template, Some(template));
    // Without an author, no template is named, as in a policy written by hand.
    let text = basic().fill(&values(&[]), None).unwrap();
    let draft = policy_toml::parse_policy(&text, "filled", &samples::sample_dataset());
    assert_eq!(draft.unwrap().template, None);
}

#[test]
fn a_filled_template_is_a_policy() {
    let text = basic().fill(&values(&[]), None).unwrap();
    let draft = policy_toml::parse_policy(&text, "filled", &samples::sample_dataset())
        .unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    assert_eq!(draft.title, "Counts for planning");
    let texts: Vec<String> = draft
        .clauses
        .iter()
        .map(|one| one.term.to_english())
        .collect();
    let message = texts.join("\n");
    assert!(message.contains("1,000 rows"), "{message}");
    assert!(
        message.contains("'Hafen'") && message.contains("{{consumer}}"),
        "{message}"
    );
    assert!(
        text.contains("# From the template \"Basic terms\", version 3, sha256"),
        "{text}"
    );
}

#[test]
fn a_value_says_no_more_than_a_value() {
    let hostile = "x' OR '1' = '1";
    let text = basic().fill(&values(&[("site", hostile)]), None).unwrap();
    let draft = policy_toml::parse_policy(&text, "filled", &samples::sample_dataset()).unwrap();
    let rows: Vec<String> = draft
        .clauses
        .iter()
        .filter(|clause| matches!(clause.term, Term::Rows(_)))
        .map(|clause| clause.term.to_english())
        .collect();
    assert_eq!(rows.len(), 1);
    assert!(rows[0].contains("'x'' OR ''1'' = ''1'"), "{rows:?}");
    // A value can't break out of its line, or add a parameter.
    for (name, value) in [
        ("what", "a\"\nrows_per_day = 9"),
        ("what", "{{site}}"),
        ("rows", "0"),
        ("rows", "10001"),
        ("rows", "1e3"),
        ("until", "2027-12-31T00:00:00Z"),
        ("until", "soon"),
        ("columns", "site,,bikes"),
    ] {
        let refusal = basic().fill(&values(&[(name, value)]), None).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::HoleUnfilled, "{name} {value}");
        assert!(refusal.sentence.contains(name), "{refusal}");
    }
}

/// Within quotes, or beside letters, a value would become part of the author's text.
#[test]
fn a_parameter_of_a_filter_is_a_whole_value() {
    let with = |filter: &str| {
        let lines = BASIC.lines().map(|line| {
            if line.starts_with("rows = ") {
                format!("rows = \"\"\"bikes <= {{{{most}}}} AND {filter}\"\"\"")
            } else {
                line.to_owned()
            }
        });
        PolicyTemplate::read(&lines.collect::<Vec<_>>().join("\n"), "t.toml")
    };
    for good in [
        "site = {{site}} AND operator = {{consumer}}",
        "site IN ({{site}}, 'it''s')",
        "site={{site}}",
    ] {
        assert!(with(good).is_ok(), "{good}: {:?}", with(good));
    }
    for bad in [
        "site <> '{{site}}'",
        "site = 'x' || '{{ site }}'",
        "\"{{site}}\" = 'x'",
        "site = {{site}}{{site}}",
        "site = {{site}}'x'",
        "site = a{{site}}",
        "site = 1.{{site}}",
        "operator = '{{consumer}}' AND site = {{site}}",
    ] {
        let refusal = with(bad).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::TemplateInvalid, "{bad}");
        assert!(
            refusal.sentence.contains("a whole value"),
            "{bad}: {refusal}"
        );
    }
}

#[test]
fn every_parameter_is_filled_and_nothing_else() {
    let mut fewer = values(&[("collumns", "site")]);
    fewer.remove("columns");
    fewer.remove("until");
    let refusal = basic().fill(&fewer, None).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::HoleUnfilled);
    assert!(
        refusal
            .sentence
            .contains("the hole `columns` is not filled"),
        "{refusal}"
    );
    let help = refusal.help.join("\n");
    assert!(
        help.contains("`until`") && help.contains("did you mean `columns`"),
        "{help}"
    );
}

#[test]
fn what_is_no_template_is_refused() {
    for (from, to, says) in [
        ("[hole.until]", "[hole.untill]", "not declared"),
        ("version = 3", "version = 0", "template.version"),
        ("type = \"date\"", "type = \"day\"", "`day` is no type"),
        (
            "rows_per_day",
            "rows_per_dya",
            "did you mean `rows_per_day`",
        ),
        (
            "least = 1\n",
            "least = 1\nleats = 1\n",
            "`leats` is not known",
        ),
        ("{{what}}", "planning", "stands nowhere"),
        ("[hole.what]", "[hole.consumer]", "not `consumer`"),
        ("[template]", "[templat]", "[template]"),
    ] {
        assert!(BASIC.contains(from), "{from}");
        let refusal = PolicyTemplate::read(&BASIC.replacen(from, to, 1), "x").unwrap_err();
        assert_eq!(refusal.code, ErrorCode::TemplateInvalid, "{from}");
        let text = format!("{} {}", refusal.sentence, refusal.help.join(" "));
        assert!(text.contains(says), "{from}: {text}");
    }
    let long = format!("{BASIC}\n# {}", "x".repeat(LARGEST));
    assert!(PolicyTemplate::read(&long, "x").is_err());
}
