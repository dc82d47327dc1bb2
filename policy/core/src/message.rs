//! Sentences of contracts, in one message file for each language.
//!
//! The files are in Fluent, one message a line: `id = text with { $argument }`. Arguments are formatted text, also numbers and
//! dates.
//! No Unicode direction marks are added around arguments, since the bytes of the sentences are part of signed contracts.

use crate::term::language::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::OnceLock;

/// Catalog of the sentences of terms.
pub(crate) static TERMS: MessageCatalog = MessageCatalog::new(
    include_str!("../messages/en/terms.ftl"),
    include_str!("../messages/de/terms.ftl"),
    include_str!("../messages/pt/terms.ftl"),
);

/// Sentence of a term in a language, by its id and the variables that are its arguments.
macro_rules! message {
    ($language:expr, $id:literal $(, $name:ident)* $(,)?) => {
        $crate::message::TERMS.text(
            $language,
            $crate::message::MessageId($id),
            &[$((stringify!($name), &$name)),*],
        )
    };
}
pub(crate) use message;

/// Name of a message in the message files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageId(pub &'static str);

/// Messages in every language.
pub struct MessageCatalog {
    files: [&'static str; 3],
    bundles: OnceLock<[FluentBundle<FluentResource>; 3]>,
}

impl MessageCatalog {
    /// Catalog of the messages in the texts of three files.
    #[must_use]
    pub const fn new(en: &'static str, de: &'static str, pt: &'static str) -> Self {
        Self {
            files: [en, de, pt],
            bundles: OnceLock::new(),
        }
    }

    /// Message in a language, with its arguments by name.
    ///
    /// A missing message or argument never stops the product: the result shows the id of the message or the name of the argument
    /// instead.
    /// Tests find both with [`Self::find_faults`].
    #[must_use]
    pub fn text(
        &self,
        language: Language,
        id: MessageId,
        arguments: &[(&'static str, &dyn fmt::Display)],
    ) -> String {
        let [en, de, pt] = self.bundles.get_or_init(|| {
            let [en, de, pt] = self.files;
            [
                build_bundle(Language::En, en),
                build_bundle(Language::De, de),
                build_bundle(Language::Pt, pt),
            ]
        });
        let bundle = language.pick(en, de, pt);
        let Some(pattern) = bundle.get_message(id.0).and_then(|found| found.value()) else {
            return id.0.to_owned();
        };
        let mut given = FluentArgs::with_capacity(arguments.len());
        for (name, value) in arguments {
            given.set(*name, value.to_string());
        }
        let text = bundle.format_pattern(pattern, Some(&given), &mut Vec::new());
        text.into_owned()
    }

    /// Disagreements between the messages and their uses in source files; for tests.
    ///
    /// These are: a message that a language lacks or has twice, an unused or undefined message, an argument that a use lacks or no
    /// language takes, and a line that is not a message.
    #[must_use]
    pub fn find_faults(&self, sources: &[String]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut used = BTreeMap::new();
        for call in sources.iter().flat_map(|text| message_uses(text)) {
            match call {
                Ok((id, arguments)) => {
                    let before = used.insert(id, arguments.clone());
                    if before.is_some_and(|before| before != arguments) {
                        faults.push(format!("{id} is used with different arguments"));
                    }
                }
                Err(call) => faults.push(format!("not understood: {call}")),
            }
        }
        let mut taken: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (language, file) in Language::ALL.into_iter().zip(self.files) {
            if let Err((_, errors)) = FluentResource::try_new(file.to_owned()) {
                faults.extend(errors.iter().map(|error| format!("{language}: {error}")));
            }
            let mut here = BTreeSet::new();
            let lines = file.lines().filter(|line| !line.starts_with('#'));
            for line in lines.filter(|line| !line.is_empty()) {
                let Some((id, text)) = line.split_once(" = ") else {
                    faults.push(format!("{language}: no message: {line}"));
                    continue;
                };
                if !here.insert(id) {
                    faults.push(format!("{language}: {id} is there twice"));
                }
                let arguments = text.split("{ $").skip(1);
                let names = arguments.filter_map(|rest| Some(rest.split_once(" }")?.0));
                taken.entry(id).or_default().extend(names);
            }
            let missing = used.keys().filter(|id| !here.contains(*id));
            faults.extend(missing.map(|id| format!("{language}: {id} is missing")));
            let unused = here.iter().filter(|id| !used.contains_key(*id));
            faults.extend(unused.map(|id| format!("{language}: {id} is not used")));
        }
        for (id, arguments) in used {
            if let Some(taken) = taken.get(id).filter(|taken| **taken != arguments) {
                faults.push(format!("{id} is given {arguments:?} and takes {taken:?}"));
            }
        }
        faults
    }
}

impl fmt::Debug for MessageCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageCatalog").finish_non_exhaustive()
    }
}

fn build_bundle(language: Language, file: &str) -> FluentBundle<FluentResource> {
    let locale = language.tag().parse().into_iter().collect();
    let mut bundle = FluentBundle::new_concurrent(locale);
    bundle.set_use_isolating(false);
    let messages = match FluentResource::try_new(file.to_owned()) {
        Ok(messages) | Err((messages, _)) => messages,
    };
    bundle.add_resource_overriding(messages);
    bundle
}

/// Messages that a source file uses, with the names of their arguments. The text of a use in another form is an error.
fn message_uses(source: &str) -> impl Iterator<Item = Result<(&str, BTreeSet<&str>), &str>> {
    let calls = source
        .split("message!")
        .filter_map(|rest| rest.strip_prefix('('));
    calls.map(|rest| {
        let call = rest.split_once(')').map_or(rest, |(call, _)| call);
        let mut parts = call.split(',').map(str::trim).skip(1);
        let id = parts.next().and_then(|id| id.strip_prefix('"'));
        let id = id.and_then(|id| id.strip_suffix('"')).ok_or(call)?;
        Ok((id, parts.filter(|name| !name.is_empty()).collect()))
    })
}

#[cfg(test)]
mod tests;
