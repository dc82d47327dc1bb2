//! A prohibition in words.

use super::{ProhibitedPart, ProhibitionCondition, ProhibitionTerm};
use crate::message::message;
use crate::term::language::Language;

pub(super) fn sentence(one: &ProhibitionTerm, language: Language) -> String {
    let what = match &one.part {
        None => message!(language, "prohibition-all"),
        Some(ProhibitedPart::Rows(filter)) => message!(language, "prohibition-rows", filter),
        Some(ProhibitedPart::Columns(list)) => {
            let list = language.all_of(list);
            message!(language, "prohibition-columns", list)
        }
    };
    let conditions = conditions(&one.condition, language);
    if conditions.is_empty() {
        return message!(language, "prohibition", what);
    }
    let and = message!(language, "prohibition-and");
    let conditions = conditions.join(&format!(" {and} "));
    message!(language, "prohibition-if", what, conditions)
}

fn conditions(when: &ProhibitionCondition, language: Language) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(list) = &when.purpose {
        let list = language.one_of(list);
        all.push(message!(language, "prohibition-purpose", list));
    }
    if let Some(from) = when.from {
        all.push(message!(language, "prohibition-from", from));
    }
    if let Some(until) = when.until {
        all.push(message!(language, "prohibition-until", until));
    }
    if let Some(hours) = &when.hours {
        all.push(message!(language, "prohibition-hours", hours));
    }
    if let Some(list) = &when.networks {
        let list = language.one_of(list);
        all.push(message!(language, "prohibition-networks", list));
    }
    all
}
