//! Tables under names that the participant chooses: purposes and tenants.

use crate::config::reader::ConfigSection;
use hansa_policy::id::{ParticipantId, PurposeId};
use hansa_policy::term::purpose::OwnPurpose;
use std::collections::BTreeMap;

/// Reads the own purposes, `[purpose.NAME]`.
pub(super) fn read_purposes(section: ConfigSection<'_>) -> Vec<OwnPurpose> {
    let mut own = Vec::new();
    for (name, inner) in section.named_sections() {
        let parent: Option<PurposeId> = inner.parse_value("parent");
        let text = inner.text("text").unwrap_or_default();
        match (name.parse::<PurposeId>(), parent) {
            (Ok(name), Some(parent)) => own.push(OwnPurpose { name, parent, text }),
            (_, _) => {
                let sentence = format!(
                    "purpose `{name}` needs a plain name and a parent such as dpv:ResearchAndDevelopment"
                );
                inner.report_problem("parent", sentence);
            }
        }
        inner.finish();
    }
    own
}

/// Reads the tenants, `[tenant.NAME]`: the value of a tenant column for each participant.
pub(super) fn read_tenants(section: ConfigSection<'_>) -> BTreeMap<ParticipantId, String> {
    let mut tenants = BTreeMap::new();
    for (name, inner) in section.named_sections() {
        let value = inner.required_text("value");
        match (name.parse::<ParticipantId>(), value) {
            (Ok(id), Some(value)) => {
                // A participant can be written with its scheme or without.
                if tenants.insert(id, value).is_some() {
                    let sentence = format!("`{name}` stands here twice");
                    inner.report_problem("value", sentence);
                }
            }
            (Err(fault), _) => inner.report_problem("value", format!("`{name}`: {fault}")),
            (Ok(_), None) => {}
        }
        inner.finish();
    }
    tenants
}
