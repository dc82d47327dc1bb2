//! Where the value of each key comes from: the file, the environment, or nowhere, so that the default holds.

use hansa_policy::nearest_word::nearest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// A key that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueOrigin {
    /// Its value as it is written; absent: the default holds.
    pub value: Option<String>,
    /// `hansa.toml:12`, the variable, `default`, or how the value comes about.
    pub from: String,
}

/// What was looked for while a file was read.
#[derive(Debug, Default)]
pub(crate) struct LookupTrace {
    /// Of keys that come several times each stands for itself.
    keys: RefCell<BTreeMap<String, Vec<ValueOrigin>>>,
    variables: RefCell<BTreeSet<String>>,
}

impl LookupTrace {
    /// A key was looked for in the environment first.
    pub(crate) fn variable(&self, path: &str, variable: String, value: Option<&str>) {
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

    /// A default that is computed.
    pub(crate) fn note_default(&self, path: &str, value: String, from: &str) {
        let mut keys = self.keys.borrow_mut();
        if let Some(origin) = keys.get_mut(path).and_then(|all| all.first_mut()) {
            *origin = ValueOrigin {
                value: Some(value),
                from: from.to_owned(),
            };
        }
    }

    /// A key stands in the file. Of keys that come several times, as in `[[peer]]`, each stands for itself.
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

    /// Variables that override nothing, each with the nearest one that would.
    pub(crate) fn strangers(&self, overrides: &BTreeMap<String, String>) -> Vec<Refusal> {
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
                match nearest(variable, names.iter().copied()) {
                    Some(near) => refusal.with_help(format!("did you mean `{near}`?")),
                    None => refusal.with_help("hansa config reference prints every key"),
                }
            })
            .collect()
    }

    /// Every key that was looked for.
    pub(crate) fn into_keys(self) -> Vec<(String, ValueOrigin)> {
        self.keys
            .into_inner()
            .into_iter()
            .flat_map(|(path, all)| all.into_iter().map(move |one| (path.clone(), one)))
            .collect()
    }
}
