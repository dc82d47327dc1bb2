//! `[[template]]`: policies with parameters that peers may use.

use crate::config::reader::ConfigSection;
use hansa_policy::id::SqlIdentifier;
use std::path::{Path, PathBuf};

/// `[[template]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateConfig {
    /// Name of the template.
    pub(crate) name: SqlIdentifier,
    /// Path of the template file.
    pub file: PathBuf,
}

/// Reads all templates. Each name must be unique.
pub(super) fn read_all(sections: Vec<ConfigSection<'_>>, folder: &Path) -> Vec<TemplateConfig> {
    let mut templates: Vec<TemplateConfig> = Vec::new();
    for section in sections {
        templates.extend(read_template_config(section, &templates, folder));
    }
    templates
}

/// Reads one template. `before` holds the templates above it in the file.
fn read_template_config(
    section: ConfigSection<'_>,
    before: &[TemplateConfig],
    folder: &Path,
) -> Option<TemplateConfig> {
    let name = section.required_text("name");
    let file = section.required_text("file");
    let parsed: Option<SqlIdentifier> = name.as_ref().and_then(|name| name.parse().ok());
    if let (Some(name), None) = (&name, &parsed) {
        section.report_problem("name", format!("`{name}` is no name of a-z, 0-9 and _"));
    }
    if let Some(name) = &parsed
        && before.iter().any(|template| template.name == *name)
    {
        section.report_problem("name", format!("there are two templates `{name}`"));
    }
    section.finish();
    Some(TemplateConfig {
        name: parsed?,
        file: folder.join(file?),
    })
}
