//! File of a policy template.

use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::template::PolicyTemplate;
use std::path::Path;

/// Reads and checks a template file. Returns the template and its text.
///
/// # Errors
/// `FILE_MISSING` or `TEMPLATE_INVALID`.
pub fn read_template(file: &Path) -> Result<(PolicyTemplate, String), Refusal> {
    let shown = file.display().to_string();
    let text =
        String::from_utf8(crate::process::named_file::read_named_file(file)?).map_err(|cause| {
            Refusal::new(ErrorCode::TemplateInvalid, "the file is not in UTF-8")
                .with_place(&shown, None, None)
                .caused_by(cause)
        })?;
    Ok((PolicyTemplate::read(&text, &shown)?, text))
}
