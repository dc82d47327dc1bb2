//! `[participant]`: whose connector this is.

use crate::config::reader::Section;
use hansa_policy::id::{Name, ParticipantId};
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::term::tongue::Tongue;

/// `[participant]`
#[derive(Debug, Clone)]
pub(crate) struct Participant {
    /// `hansa://<domain>`
    pub(crate) id: ParticipantId,
    /// Name for people.
    pub(crate) name: String,
    /// IANA zone of its civil times and of the days in its policies.
    pub(crate) zone: String,
    /// The language of the pages that its people are shown and sign.
    pub(crate) tongue: Tongue,
    /// How to reach the people who run it.
    pub(crate) contact: Option<String>,
    /// The alias of its own datasets in SQL.
    pub(crate) alias: Name,
}

/// Reads it.
pub(super) fn read(mut section: Section<'_, '_>, faults: &mut Vec<Refusal>) -> Option<Participant> {
    if !section.present() {
        faults.push(section.problem(
            Code::ConfigInvalid,
            "the table `participant` is missing".to_owned(),
            1,
            "id",
        ));
        return None;
    }
    let id: Option<ParticipantId> = section.parsed("id", faults);
    let name = section.needed("name", faults);
    let zone = section.text_at("zone", faults);
    let tongue: Option<Tongue> = section.parsed("language", faults);
    let contact = section.text("contact", faults);
    let alias: Option<Name> = section.parsed("alias", faults);
    if let Some((zone, line)) = &zone
        && jiff::tz::TimeZone::get(zone).is_err()
    {
        faults.push(section.problem(
            Code::ConfigInvalid,
            format!("`{zone}` is not a time zone such as Europe/Berlin"),
            *line,
            "zone",
        ));
    }
    let line = section.line();
    let alias = alias.or_else(|| id.as_ref().and_then(ParticipantId::default_alias));
    if id.is_none() {
        faults.push(section.problem(
            Code::ConfigInvalid,
            "`participant.id` is missing or wrong".to_owned(),
            line,
            "id",
        ));
    } else if alias.is_none() {
        faults.push(section.problem(
            Code::AliasClash,
            "the first label of the domain is no name; set participant.alias".to_owned(),
            line,
            "alias",
        ));
    }
    section.finish(faults);
    Some(Participant {
        id: id?,
        name: name?,
        zone: zone.map_or_else(|| "UTC".to_owned(), |(zone, _)| zone),
        tongue: tongue.unwrap_or_default(),
        contact,
        alias: alias?,
    })
}
