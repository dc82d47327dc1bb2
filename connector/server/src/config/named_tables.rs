//! The tables that stand under names of the participant's choice: purposes and tenants.

use crate::config::reader::ConfigSection;
use hansa_policy::id::{ParticipantId, PurposeId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::purpose::OwnPurpose;
use std::collections::BTreeMap;

/// The own purposes, `[purpose.NAME]`.
pub(super) fn purposes(
    mut section: ConfigSection<'_, '_>,
    faults: &mut Vec<Refusal>,
) -> Vec<OwnPurpose> {
    let mut own = Vec::new();
    for (name, mut inner) in section.named(faults) {
        let line = inner.line();
        let parent: Option<PurposeId> = inner.parsed("parent", faults);
        let text = inner.text("text", faults).unwrap_or_default();
        match (name.parse::<PurposeId>(), parent) {
            (Ok(name), Some(parent)) => own.push(OwnPurpose { name, parent, text }),
            (_, _) => faults.push(inner.problem(
                ErrorCode::ConfigInvalid,
                format!("purpose `{name}` needs a plain name and a parent such as dpv:ResearchAndDevelopment"),
                line,
                "parent",
            )),
        }
        inner.finish(faults);
    }
    own
}

/// Which value of a tenant column a participant stands for, `[tenant.NAME]`.
pub(super) fn tenants(
    mut section: ConfigSection<'_, '_>,
    faults: &mut Vec<Refusal>,
) -> BTreeMap<ParticipantId, String> {
    let mut tenants = BTreeMap::new();
    for (name, mut inner) in section.named(faults) {
        let line = inner.line();
        let value = inner.needed("value", faults);
        match (name.parse::<ParticipantId>(), value) {
            (Ok(id), Some(value)) => {
                // It may be written with its scheme and without.
                if tenants.insert(id, value).is_some() {
                    let sentence = format!("`{name}` stands here twice");
                    faults.push(inner.problem(ErrorCode::ConfigInvalid, sentence, line, "value"));
                }
            }
            (Err(fault), _) => faults.push(inner.problem(
                ErrorCode::ConfigInvalid,
                format!("`{name}`: {fault}"),
                line,
                "value",
            )),
            (Ok(_), None) => {}
        }
        inner.finish(faults);
    }
    tenants
}
