//! Origin of each key's value: the file, the environment, or the default.

use hansa_policy::nearest_word::find_nearest_word;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Value of a key and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueOrigin {
    /// Value as written; absent: the default is effective.
    pub value: Option<String>,
    /// Origin: `hansa.toml:12`, the name of the variable, `default`, or how the default is computed.
    pub from: String,
}

/// Trace of the keys that were looked up while a file was read.
#[derive(Debug, Default)]
pub(crate) struct LookupTrace {
    /// Values by key. A key of an array of tables has one value per table.
    keys: RefCell<BTreeMap<String, Vec<ValueOrigin>>>,
    variables: RefCell<BTreeSet<String>>,
}

impl LookupTrace {
    /// Notes the lookup of a key in the environment, which comes before the file.
    pub(crate) fn note_variable(&self, path: &str, variable: String, value: Option<&str>) {
        let from = match value {
            Some(_) => variable.clone(),
            None => "default".to_owned(),
        };
        let value = value.map(str::to_owned);
        let mut keys = self.keys.borrow_mut();
        let there = keys.entry(path.to_owned()).or_default();
        match there.first_mut() {
            Some(first) if value.is_some() => *first = ValueOrigin { value, from },
            Some(_) => {}
            None => there.push(ValueOrigin { value, from }),
        }
        self.variables.borrow_mut().insert(variable);
    }

    /// Notes a computed default.
    pub(crate) fn note_default(&self, path: &str, value: String, from: &str) {
        let mut keys = self.keys.borrow_mut();
        if let Some(origin) = keys.get_mut(path).and_then(|all| all.first_mut()) {
            *origin = ValueOrigin {
                value: Some(value),
                from: from.to_owned(),
            };
        }
    }

    /// Notes a key in the file. A key of an array of tables such as `[[peer]]` is noted once per table.
    pub(crate) fn in_file(&self, path: &str, place: String, value: &str) {
        let value = Some(value.to_owned());
        let origin = ValueOrigin { value, from: place };
        let mut keys = self.keys.borrow_mut();
        let there = keys.entry(path.to_owned()).or_default();
        match there.last_mut() {
            Some(last) if last.value.is_none() => *last = origin,
            _ => there.push(origin),
        }
    }

    /// Returns a refusal for each variable that overrides no key, with the nearest key that exists.
    pub(crate) fn unknown_variable_refusals(
        &self,
        overrides: &BTreeMap<String, String>,
    ) -> Vec<Refusal> {
        let known = self.variables.borrow();
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        overrides
            .keys()
            .filter(|variable| !names.contains(&variable.as_str()))
            .map(|variable| {
                let refusal = Refusal::new(
                    ErrorCode::ConfigUnknownKey,
                    format!("the variable `{variable}` of the environment overrides no key"),
                );
                match find_nearest_word(variable, names.iter().copied()) {
                    Some(near) => refusal.with_help(format!("did you mean `{near}`?")),
                    None => refusal.with_help("hansa config reference prints every key"),
                }
            })
            .collect()
    }

    /// Returns every key that was looked up.
    pub(crate) fn into_keys(self) -> Vec<(String, ValueOrigin)> {
        self.keys
            .into_inner()
            .into_iter()
            .flat_map(|(path, all)| all.into_iter().map(move |one| (path.clone(), one)))
            .collect()
    }
}
