//! The template from which terms were filled, on a page.

use super::FirstFormPage;
use hansa_policy::contract::TemplateReference;

impl FirstFormPage {
    pub(super) fn template(&mut self, template: Option<&TemplateReference>) {
        let tongue = self.tongue;
        let name = tongue.pick("template", "Vorlage", "modelo");
        let Some(told) = template else {
            return self.fact(name, tongue.pick("none", "keine", "nenhum"));
        };
        let (title, version, author) = (&told.title, told.version, told.author.domain());
        let told_in = tongue.pick(
            format!("{title}, version {version}, of {author}"),
            format!("{title}, Fassung {version}, von {author}"),
            format!("{title}, versão {version}, de {author}"),
        );
        self.fact(name, &told_in);
        self.fact("", &format!("sha256 {}", told.sha256));
    }
}
