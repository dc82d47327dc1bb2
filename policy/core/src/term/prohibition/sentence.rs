//! A prohibition in words.

use super::{ProhibitedPart, ProhibitionCondition, ProhibitionTerm};
use crate::message::message;
use crate::term::language::Language;

pub(super) fn said(one: &ProhibitionTerm, tongue: Language) -> String {
    let what = match &one.part {
        None => message!(tongue, "prohibition-all"),
        Some(ProhibitedPart::Rows(filter)) => message!(tongue, "prohibition-rows", filter),
        Some(ProhibitedPart::Columns(list)) => {
            let list = tongue.all_of(list);
            message!(tongue, "prohibition-columns", list)
        }
    };
    let conditions = conditions(&one.condition, tongue);
    if conditions.is_empty() {
        return message!(tongue, "prohibition", what);
    }
    let and = message!(tongue, "prohibition-and");
    let conditions = conditions.join(&format!(" {and} "));
    message!(tongue, "prohibition-if", what, conditions)
}

fn conditions(when: &ProhibitionCondition, tongue: Language) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(list) = &when.purpose {
        let list = tongue.one_of(list);
        all.push(message!(tongue, "prohibition-purpose", list));
    }
    if let Some(from) = when.from {
        all.push(message!(tongue, "prohibition-from", from));
    }
    if let Some(until) = when.until {
        all.push(message!(tongue, "prohibition-until", until));
    }
    if let Some(hours) = &when.hours {
        all.push(message!(tongue, "prohibition-hours", hours));
    }
    if let Some(list) = &when.networks {
        let list = tongue.one_of(list);
        all.push(message!(tongue, "prohibition-networks", list));
    }
    all
}
