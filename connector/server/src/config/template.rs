//! `[[template]]`: policies with holes that others may clone.

use crate::config::reader::ConfigSection;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use std::path::{Path, PathBuf};

/// `[[template]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateConfig {
    /// By which it is cloned.
    pub(crate) name: SqlIdentifier,
    /// Its file.
    pub(crate) file: PathBuf,
}

/// Reads all of them, each under a name of its own.
pub(super) fn read_all(
    sections: Vec<ConfigSection<'_, '_>>,
    folder: &Path,
    faults: &mut Vec<Refusal>,
) -> Vec<TemplateConfig> {
    let mut templates: Vec<TemplateConfig> = Vec::new();
    for section in sections {
        templates.extend(read(section, &templates, folder, faults));
    }
    templates
}

/// Reads one of them; `before` stand above it.
fn read(
    mut section: ConfigSection<'_, '_>,
    before: &[TemplateConfig],
    folder: &Path,
    faults: &mut Vec<Refusal>,
) -> Option<TemplateConfig> {
    let name = section.needed("name", faults);
    let file = section.needed("file", faults);
    let line = section.line();
    let parsed: Option<SqlIdentifier> = name.as_ref().and_then(|name| name.parse().ok());
    if let (Some(name), None) = (&name, &parsed) {
        faults.push(section.problem(
            hansa_policy::refusal::ErrorCode::ConfigInvalid,
            format!("`{name}` is no name of a-z, 0-9 and _"),
            line,
            "name",
        ));
    }
    if let Some(name) = &parsed
        && before.iter().any(|template| template.name == *name)
    {
        faults.push(section.problem(
            hansa_policy::refusal::ErrorCode::ConfigInvalid,
            format!("there are two templates `{name}`"),
            line,
            "name",
        ));
    }
    section.finish(faults);
    Some(TemplateConfig {
        name: parsed?,
        file: folder.join(file?),
    })
}
