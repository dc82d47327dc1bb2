//! The template from which terms were filled, on a page.

use super::FirstFormPage;
use crate::render::message::message;
use hansa_policy::contract::TemplateReference;

impl FirstFormPage {
    pub(super) fn template(&mut self, template: Option<&TemplateReference>) {
        let tongue = self.tongue;
        let name = message!(tongue, "first-template");
        let Some(told) = template else {
            return self.fact(name, message!(tongue, "first-template-none"));
        };
        let (title, version, author) = (&told.title, told.version, told.author.domain());
        let told_in = message!(tongue, "first-template-title", title, version, author);
        self.fact(name, &told_in);
        self.fact("", format!("sha256 {}", told.sha256));
    }
}
