//! `[participant]`: the participant of this connector.

use crate::config::reader::ConfigSection;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;

/// `[participant]`
#[derive(Debug, Clone)]
pub struct ParticipantConfig {
    /// `hansa://<domain>`
    pub id: ParticipantId,
    /// Name of the participant for people.
    pub name: String,
    /// IANA time zone of civil times and of the days in policies.
    pub zone: String,
    /// Language of the contract pages that own users see and sign.
    pub language: Language,
    /// Contact of the operators.
    pub contact: Option<String>,
    /// Name and contact of the data protection officer (Article 30(1)(a) of Regulation (EU) 2016/679).
    pub data_protection_officer: Option<String>,
    /// Name and contact of the representative in the Union, if any (Article 27 of Regulation (EU) 2016/679).
    pub representative: Option<String>,
    /// Alias of the own datasets in SQL.
    pub alias: SqlIdentifier,
}

/// Reads the section.
pub(super) fn read_participant_config(section: ConfigSection<'_>) -> Option<ParticipantConfig> {
    if !section.is_present() {
        section.report_problem("id", "the table `participant` is missing");
        return None;
    }
    let id: Option<ParticipantId> = section.parse_value("id");
    let name = section.required_text("name");
    let zone = section.value("zone").and_then(|value| {
        let zone = value.text()?;
        if jiff::tz::TimeZone::get(&zone).is_err() {
            let sentence = format!("`{zone}` is not a time zone such as Europe/Berlin");
            value.add_problem(ErrorCode::ConfigInvalid, sentence);
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
        section.report_problem("id", "`participant.id` is missing or wrong");
    } else if alias.is_none() {
        let sentence = "the first label of the domain is no name; set participant.alias";
        section.report_refusal("alias", Refusal::new(ErrorCode::AliasClash, sentence));
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
