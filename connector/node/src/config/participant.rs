//! `[participant]`: whose connector this is.

use crate::config::reader::ConfigSection;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;

/// `[participant]`
#[derive(Debug, Clone)]
pub struct ParticipantConfig {
    /// `hansa://<domain>`
    pub id: ParticipantId,
    /// Name for people.
    pub name: String,
    /// IANA zone of its civil times and of the days in its policies.
    pub zone: String,
    /// The language of the pages that its people are shown and sign.
    pub(crate) language: Language,
    /// How to reach the people who run it.
    pub contact: Option<String>,
    /// Name and contact of its data protection officer (Article 30(1)(a) of Regulation (EU) 2016/679).
    pub data_protection_officer: Option<String>,
    /// Name and contact of its representative in the Union (Article 27 of the same), where it has one.
    pub representative: Option<String>,
    /// The alias of its own datasets in SQL.
    pub alias: SqlIdentifier,
}

/// Reads it.
pub(super) fn read(section: ConfigSection<'_>) -> Option<ParticipantConfig> {
    if !section.is_present() {
        section.wrong("id", "the table `participant` is missing");
        return None;
    }
    let id: Option<ParticipantId> = section.parse_value("id");
    let name = section.required_text("name");
    let zone = section.value("zone").and_then(|value| {
        let zone = value.text()?;
        if jiff::tz::TimeZone::get(&zone).is_err() {
            let sentence = format!("`{zone}` is not a time zone such as Europe/Berlin");
            value.problem(ErrorCode::ConfigInvalid, sentence);
        }
        Some(zone)
    });
    let language: Option<Language> = section.parse_value("language");
    let contact = section.text("contact");
    let data_protection_officer = section.text("data_protection_officer");
    let representative = section.text("representative");
    let alias: Option<SqlIdentifier> = section.parse_value("alias");
    let alias = alias.or_else(|| id.as_ref().and_then(ParticipantId::default_alias));
    if id.is_none() {
        section.wrong("id", "`participant.id` is missing or wrong");
    } else if alias.is_none() {
        let sentence = "the first label of the domain is no name; set participant.alias";
        section.refuse("alias", Refusal::new(ErrorCode::AliasClash, sentence));
    }
    section.finish();
    Some(ParticipantConfig {
        id: id?,
        name: name?,
        zone: zone.unwrap_or_else(|| "UTC".to_owned()),
        language: language.unwrap_or_default(),
        contact,
        data_protection_officer,
        representative,
        alias: alias?,
    })
}
