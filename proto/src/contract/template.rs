//! The template from which terms were filled, as contracts and offers name it.
//!
//! A contract or an offer whose terms come from none has `null` in its place.

use crate::template::is_line;
use hansa_audit_log::json::Json;
use hansa_policy::contract::TemplateReference;
use hansa_policy::refusal::Refusal;
use hansa_policy::strict_object::StrictObjectReader;

/// Its members.
#[must_use]
pub(crate) fn to_json(template: &TemplateReference) -> Json {
    Json::object([
        ("author", Json::text(&template.author)),
        ("title", Json::text(&template.title)),
        ("version", Json::count(u64::from(template.version))),
        ("sha256", Json::text(template.sha256)),
    ])
}

/// Takes `template` out of what names one; `null` where there is none.
///
/// # Errors
/// That of the members, for what is in no form or names no template.
pub(crate) fn read(of: &mut StrictObjectReader) -> Result<Option<TemplateReference>, Refusal> {
    let codes = of.codes();
    let Some(mut members) = of.object_or_null("template")? else {
        return Ok(None);
    };
    let template = TemplateReference {
        author: members.parse_text("author")?,
        title: members.text("title")?,
        version: u32::try_from(members.count("version")?).unwrap_or(0),
        sha256: members.parse_text("sha256")?,
    };
    members.finish()?;
    if !is_line(&template.title) || template.version == 0 {
        return Err(codes.wrong("`template` has no title of one line, or no version from 1"));
    }
    Ok(Some(template))
}

#[cfg(test)]
mod tests {
    use super::{read, to_json};
    use hansa_audit_log::json::Json;
    use hansa_policy::contract::TemplateReference;
    use hansa_policy::refusal::ErrorCode;
    use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};

    #[track_caller]
    fn check(change: impl FnOnce(&mut TemplateReference), refused: bool) {
        let mut template = crate::samples::agreement_from_template().template.unwrap();
        change(&mut template);
        check_json(to_json(&template), (!refused).then_some(template));
    }

    #[track_caller]
    fn check_json(json: Json, expect: Option<TemplateReference>) {
        let whole = Json::object([("template", json)]);
        let mut members = StrictObjectReader::of(
            whole,
            "",
            ReaderErrorCodes::of(ErrorCode::ContractMalformed),
        )
        .unwrap();
        match (read(&mut members), expect) {
            (Ok(found), Some(expect)) => assert_eq!(found, Some(expect)),
            (Err(refusal), None) => assert_eq!(refusal.code, ErrorCode::ContractMalformed),
            (found, expect) => panic!("{found:?} instead of {expect:?}"),
        }
    }

    #[test]
    fn a_template_is_named_in_one_line_and_whole() {
        check(|_| {}, false);
        check(|template| template.version = u32::MAX, false);
        check(|template| template.version = 0, true);
        for title in ["", " ", "a\nb", "a\u{202e}b"] {
            check(|template| template.title = title.to_owned(), true);
        }
        let good = to_json(&crate::samples::agreement_from_template().template.unwrap());
        let with = |name: &str, value: Option<Json>| {
            let Json::Object(mut members) = good.clone() else {
                panic!("an object")
            };
            match value {
                Some(value) => members.insert(name.to_owned(), value),
                None => members.remove(name),
            };
            Json::Object(members)
        };
        for name in ["author", "title", "version", "sha256"] {
            check_json(with(name, None), None);
        }
        check_json(with("zone", Some("UTC".into())), None);
        check_json(with("version", Some(Json::Int(1 << 32))), None);
        check_json(with("author", Some("luebeck".into())), None);
    }
}
