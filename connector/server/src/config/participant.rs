//! `[participant]`: whose connector this is.

use crate::config::reader::ConfigSection;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;

/// `[participant]`
#[derive(Debug, Clone)]
pub(crate) struct ParticipantConfig {
    /// `hansa://<domain>`
    pub(crate) id: ParticipantId,
    /// Name for people.
    pub(crate) name: String,
    /// IANA zone of its civil times and of the days in its policies.
    pub(crate) zone: String,
    /// The language of the pages that its people are shown and sign.
    pub(crate) tongue: Language,
    /// How to reach the people who run it.
    pub(crate) contact: Option<String>,
    /// The alias of its own datasets in SQL.
    pub(crate) alias: SqlIdentifier,
}

/// Reads it.
pub(super) fn read(
    mut section: ConfigSection<'_, '_>,
    faults: &mut Vec<Refusal>,
) -> Option<ParticipantConfig> {
    if !section.present() {
        faults.push(section.problem(
            ErrorCode::ConfigInvalid,
            "the table `participant` is missing".to_owned(),
            1,
            "id",
        ));
        return None;
    }
    let id: Option<ParticipantId> = section.parsed("id", faults);
    let name = section.needed("name", faults);
    let zone = section.text_at("zone", faults);
    let tongue: Option<Language> = section.parsed("language", faults);
    let contact = section.text("contact", faults);
    let alias: Option<SqlIdentifier> = section.parsed("alias", faults);
    if let Some((zone, line)) = &zone
        && jiff::tz::TimeZone::get(zone).is_err()
    {
        faults.push(section.problem(
            ErrorCode::ConfigInvalid,
            format!("`{zone}` is not a time zone such as Europe/Berlin"),
            *line,
            "zone",
        ));
    }
    let line = section.line();
    let alias = alias.or_else(|| id.as_ref().and_then(ParticipantId::default_alias));
    if id.is_none() {
        faults.push(section.problem(
            ErrorCode::ConfigInvalid,
            "`participant.id` is missing or wrong".to_owned(),
            line,
            "id",
        ));
    } else if alias.is_none() {
        faults.push(section.problem(
            ErrorCode::AliasClash,
            "the first label of the domain is no name; set participant.alias".to_owned(),
            line,
            "alias",
        ));
    }
    section.finish(faults);
    Some(ParticipantConfig {
        id: id?,
        name: name?,
        zone: zone.map_or_else(|| "UTC".to_owned(), |(zone, _)| zone),
        tongue: tongue.unwrap_or_default(),
        contact,
        alias: alias?,
    })
}
