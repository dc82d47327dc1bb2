//! The template from which terms were filled, on a page.

use super::FirstFormPage;
use crate::render::message::message;
use hansa_policy::contract::TemplateReference;

impl FirstFormPage {
    pub(super) fn template(&mut self, template: Option<&TemplateReference>) {
        let language = self.language;
        let name = message!(language, "first-template");
        let Some(reference) = template else {
            return self.fact(name, message!(language, "first-template-none"));
        };
        let (title, version, author) = (
            &reference.title,
            reference.version,
            reference.author.domain(),
        );
        let named_in = message!(language, "first-template-title", title, version, author);
        self.fact(name, &named_in);
        self.fact("", format!("sha256 {}", reference.sha256));
    }
}
