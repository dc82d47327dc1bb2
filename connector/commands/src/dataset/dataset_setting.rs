//! `hansa dataset set`: one key of a dataset in the configuration.

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::CommandContext;
use crate::config::config_change::{DescribedChange, apply_change, judge_edit, parse_digest};
use crate::config::config_edit::EditedConfig;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use toml_edit::Value;

/// Kind of the value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueKind {
    Text,
    Flag,
    Number,
}

/// Keys of `[[dataset]]` that hold one plain value. Others are changed with an editor.
const KEYS: [(&str, ValueKind); 16] = [
    ("attribution", ValueKind::Text),
    ("collection_method", ValueKind::Text),
    ("data_subjects", ValueKind::Text),
    ("high_value", ValueKind::Flag),
    ("keep", ValueKind::Text),
    ("kind", ValueKind::Text),
    ("licence", ValueKind::Text),
    ("max_bad_rows", ValueKind::Number),
    ("model", ValueKind::Text),
    ("personal", ValueKind::Flag),
    ("quality", ValueKind::Text),
    ("service_level", ValueKind::Text),
    ("title", ValueKind::Text),
    ("uncertainty", ValueKind::Text),
    ("unit_column", ValueKind::Text),
    ("zone", ValueKind::Text),
];

/// Key of a dataset, with the value that it gets.
#[derive(Debug)]
pub(super) struct DatasetSetting {
    /// Dataset.
    pub(super) dataset: SqlIdentifier,
    /// Key.
    pub(super) key: String,
    /// Value as it was typed; empty: the key is removed.
    pub(super) value: String,
    /// SHA-256 of the configuration that the change is made from, as it was typed.
    pub(super) if_digest: Option<String>,
}

/// Sets a key of a dataset and puts the configuration in force.
pub(super) async fn set_value(
    context: CommandContext<'_>,
    setting: DatasetSetting,
) -> CommandResult {
    let DatasetSetting {
        dataset,
        key,
        value,
        if_digest,
    } = setting;
    let written = read_value(&key, &value)?;
    let named = parse_digest(if_digest.as_deref())?;
    let connector = context.connector;
    let _turn = connector.reloadable.change_lock.lock().await;
    let name = dataset.clone();
    let judged = judge_edit(connector, named, move |file, text| {
        let mut edited = EditedConfig::parse(file, text)?;
        edited.set_dataset_value(name.as_str(), &key, written)?;
        Ok(edited.into_text())
    })
    .await?;
    let described = DescribedChange {
        change: "dataset set",
        next: Some(format!(
            "hansa dataset publish {dataset} puts it into the catalogue"
        )),
        subject: Some(dataset.to_string()),
        meaning: None,
    };
    apply_change(context, described, judged).await
}

/// Value of a key from typed text; none removes the key.
fn read_value(key: &str, text: &str) -> Result<Option<Value>, Refusal> {
    let Some((_, kind)) = KEYS.into_iter().find(|(known, _)| *known == key) else {
        let sentence = format!("`{key}` is no key of a dataset that this command sets");
        let known = KEYS.map(|(known, _)| known).join(", ");
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help(format!("one of {known}"))
            .with_help("others are changed with an editor, then hansa reload"));
    };
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |what: &str| {
        let sentence = format!("`{key}` is {what}, and `{text}` is not");
        Refusal::new(ErrorCode::UsageWrong, sentence)
    };
    Ok(Some(match kind {
        ValueKind::Text => Value::from(text),
        ValueKind::Flag => Value::from(
            text.parse::<bool>()
                .map_err(|cause| wrong("true or false").caused_by(cause))?,
        ),
        ValueKind::Number => {
            let number: f64 = text
                .parse()
                .map_err(|cause: std::num::ParseFloatError| wrong("a number").caused_by(cause))?;
            if !number.is_finite() {
                return Err(wrong("a number"));
            }
            Value::from(number)
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_query::ingest::config::reference::SECTIONS;

    #[test]
    fn each_key_is_one_of_the_reference_and_has_its_kind() {
        let known = SECTIONS
            .iter()
            .find(|section| section.table == "[[dataset]]");
        let known: Vec<&str> = known.unwrap().keys.iter().map(|(key, _)| *key).collect();
        for (key, _) in KEYS {
            assert!(known.contains(&key), "{key}");
        }
        let written = |key: &str, text: &str| {
            let value = read_value(key, text).unwrap();
            value.map(|value| value.to_string())
        };
        assert_eq!(written("title", "a \"b\"").unwrap(), "'a \"b\"'");
        assert_eq!(written("personal", "true").unwrap(), "true");
        assert_eq!(written("max_bad_rows", "0.001").unwrap(), "0.001");
        assert_eq!(written("quality", ""), None);
        for (key, wrong) in [
            ("personal", "yes"),
            ("max_bad_rows", "few"),
            ("max_bad_rows", "inf"),
            ("source", "x"),
            ("prepare", "SELECT 1"),
            ("name", "x"),
        ] {
            let refusal = read_value(key, wrong).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::UsageWrong, "{key}");
        }
    }
}
