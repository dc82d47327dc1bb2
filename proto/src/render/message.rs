//! Sentences of pages, from the message files.

use hansa_policy::message::MessageCatalog;

pub(super) static PAGES: MessageCatalog = MessageCatalog::new(
    include_str!("../../messages/en/page.ftl"),
    include_str!("../../messages/de/page.ftl"),
    include_str!("../../messages/pt/page.ftl"),
);

/// Sentence of a page in a language, from its message ID and its arguments.
macro_rules! message {
    ($language:expr, $id:literal $(, $name:ident)* $(,)?) => {
        $crate::render::message::PAGES.text(
            $language,
            hansa_policy::message::MessageId($id),
            &[$((stringify!($name), &$name)),*],
        )
    };
}
pub(super) use message;

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn sources(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        paths
            .flat_map(|path| match path.is_dir() {
                true => sources(&path),
                false => vec![read(&path)],
            })
            .collect()
    }

    #[test]
    fn every_sentence_of_a_page_is_there_in_every_language() {
        let render = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/render");
        let mut texts = sources(&render);
        texts.push(std::fs::read_to_string(render.with_extension("rs")).unwrap());
        assert_eq!(PAGES.find_faults(&texts), Vec::<String>::new());
    }
}
