//! Sentences of the console, from the message files.

use hansa_policy::message::MessageCatalog;

/// Texts of the message files of a language, one after another.
macro_rules! messages_of {
    ($language:literal) => {
        concat!(
            include_str!(concat!("../messages/", $language, "/console.ftl")),
            include_str!(concat!("../messages/", $language, "/contract.ftl")),
            include_str!(concat!("../messages/", $language, "/act.ftl")),
            include_str!(concat!("../messages/", $language, "/ask.ftl")),
            include_str!(concat!("../messages/", $language, "/passkey.ftl")),
            include_str!(concat!("../messages/", $language, "/dataset.ftl")),
            include_str!(concat!("../messages/", $language, "/addition.ftl")),
            include_str!(concat!("../messages/", $language, "/start.ftl")),
            include_str!(concat!("../messages/", $language, "/catalog.ftl")),
            include_str!(concat!("../messages/", $language, "/evidence.ftl")),
            include_str!(concat!("../messages/", $language, "/operation.ftl")),
            include_str!(concat!("../messages/", $language, "/group.ftl")),
            include_str!(concat!("../messages/", $language, "/negotiation.ftl")),
            include_str!(concat!("../messages/", $language, "/operator.ftl")),
            include_str!(concat!("../messages/", $language, "/policy.ftl")),
            include_str!(concat!("../messages/", $language, "/setting.ftl")),
            include_str!(concat!("../messages/", $language, "/verdict.ftl")),
            include_str!(concat!("../messages/", $language, "/code.ftl")),
        )
    };
}

pub(crate) static CONSOLE: MessageCatalog =
    MessageCatalog::new(messages_of!("en"), messages_of!("de"), messages_of!("pt"));

/// Sentence of the console in a language, from its message ID and its arguments.
macro_rules! message {
    ($language:expr, $id:literal $(, $name:ident)* $(,)?) => {
        $crate::message::CONSOLE.text(
            $language,
            hansa_policy::message::MessageId($id),
            &[$((stringify!($name), &$name)),*],
        )
    };
}
pub(crate) use message;

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read_sources(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .flat_map(|path| match path.is_dir() {
                true => read_sources(&path),
                false => vec![std::fs::read_to_string(&path).unwrap()],
            })
            .collect()
    }

    #[test]
    fn every_sentence_is_there_in_every_language() {
        let sources = read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        assert_eq!(CONSOLE.find_faults(&sources), Vec::<String>::new());
    }
}
