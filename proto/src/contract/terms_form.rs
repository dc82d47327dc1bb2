//! Members that contracts, offers and restrictions have in common: dates, legal text, own purposes, template.

use crate::template::is_line;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::{LegalText, TemplateReference};
use hansa_policy::term::purpose::OwnPurpose;
use serde::{Deserialize, Serialize};

/// Instants between which terms are in force.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ValidityForm {
    /// First instant in force.
    pub(crate) not_before: UtcTimestamp,
    /// First instant no longer in force.
    pub(crate) not_after: UtcTimestamp,
}

/// Legal text. Jurisdiction and annexes have their slots; this version writes and reads them empty.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LegalTextForm {
    text_ref: String,
    text_sha256: Digest,
    language: String,
    jurisdiction: (),
    annexes: [(); 0],
}

impl From<LegalText> for LegalTextForm {
    fn from(legal: LegalText) -> Self {
        Self {
            text_ref: legal.text_ref,
            text_sha256: legal.text,
            language: legal.language,
            jurisdiction: (),
            annexes: [],
        }
    }
}

impl From<LegalTextForm> for LegalText {
    fn from(form: LegalTextForm) -> Self {
        Self {
            text_ref: form.text_ref,
            text: form.text_sha256,
            language: form.language,
        }
    }
}

/// Checks that no own purpose of a list stands in it twice.
///
/// # Errors
/// The fault, as a sentence.
pub(crate) fn check_own_purposes(own: &[OwnPurpose]) -> Result<(), String> {
    for (index, purpose) in own.iter().enumerate() {
        let mut earlier = own.iter().take(index);
        if earlier.any(|other| other.name == purpose.name) {
            return Err(format!("the own purpose `{}` stands twice", purpose.name));
        }
    }
    Ok(())
}

/// Checks title and version of the template from which terms were filled; terms that come from none have `null` in its place.
///
/// # Errors
/// The fault, as a sentence.
pub(crate) fn check_template(template: Option<&TemplateReference>) -> Result<(), String> {
    match template {
        Some(template) if !is_line(&template.title) || template.version == 0 => {
            Err("`template` has no title of one line, or no version from 1".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check_template;
    use hansa_audit_log::json::Json;
    use hansa_audit_log::json::serialized::{from_json, to_json};
    use hansa_policy::contract::TemplateReference;

    fn template() -> TemplateReference {
        crate::samples::agreement_from_template().template.unwrap()
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut TemplateReference), refused: bool) {
        let mut changed = template();
        change(&mut changed);
        assert_eq!(from_json(&to_json(&changed)), Ok(changed.clone()));
        assert_eq!(check_template(Some(&changed)).is_err(), refused);
    }

    #[test]
    fn a_template_is_named_in_one_line_and_whole() {
        check(|_| {}, false);
        check(|template| template.version = u32::MAX, false);
        check(|template| template.version = 0, true);
        for title in ["", " ", "a\nb", "a\u{202e}b"] {
            check(|template| template.title = title.to_owned(), true);
        }
        let Json::Object(good) = to_json(&template()) else {
            panic!("an object")
        };
        let refuse = |name: &str, value: Option<Json>| {
            let mut members = good.clone();
            match value {
                Some(value) => members.insert(name.to_owned(), value),
                None => members.remove(name),
            };
            let read = from_json::<TemplateReference>(&Json::Object(members));
            let fault = read.unwrap_err();
            assert!(fault.contains(&format!("`{name}`")), "{fault}");
        };
        for name in ["author", "title", "version", "sha256"] {
            refuse(name, None);
        }
        refuse("zone", Some("UTC".into()));
        refuse("version", Some(Json::Int(1 << 32)));
        refuse("author", Some("luebeck".into()));
        refuse("author", Some("luebeck.example".into()));
    }
}
