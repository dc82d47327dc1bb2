//! `[[template]]`: policies with holes that others may clone.

use crate::config::reader::Section;
use policy::id::Name;
use policy::refusal::Refusal;
use std::path::{Path, PathBuf};

/// `[[template]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    /// By which it is cloned.
    pub(crate) name: Name,
    /// Its file.
    pub(crate) file: PathBuf,
}

/// Reads one of them.
pub(super) fn read(
    mut section: Section<'_, '_>,
    folder: &Path,
    faults: &mut Vec<Refusal>,
) -> Option<Template> {
    let name = section.needed("name", faults);
    let file = section.needed("file", faults);
    let line = section.line();
    let parsed = name.as_ref().and_then(|name| name.parse().ok());
    if let (Some(name), None) = (&name, &parsed) {
        faults.push(section.problem(
            policy::refusal::Code::ConfigInvalid,
            format!("`{name}` is no name of a-z, 0-9 and _"),
            line,
            "name",
        ));
    }
    section.finish(faults);
    Some(Template {
        name: parsed?,
        file: folder.join(file?),
    })
}
