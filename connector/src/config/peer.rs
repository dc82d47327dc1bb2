//! `[[peer]]`: a participant that this one talks to.

use crate::config::reader::Section;
use policy::id::{Name, ParticipantId};
use policy::refusal::{Code, Refusal};

/// `[[peer]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Its identity.
    pub(crate) id: ParticipantId,
    /// `host:port`
    pub(crate) address: String,
    /// Its alias here.
    pub(crate) alias: Name,
}

/// Reads one of them.
pub(super) fn read(mut section: Section<'_, '_>, faults: &mut Vec<Refusal>) -> Option<Peer> {
    let id: Option<ParticipantId> = section.parsed("id", faults);
    let address = section.needed("address", faults);
    let alias: Option<Name> = section.parsed("alias", faults);
    let line = section.line();
    let alias = alias.or_else(|| id.as_ref().and_then(ParticipantId::default_alias));
    if id.is_none() || alias.is_none() {
        faults.push(
            section.problem(
                Code::ConfigInvalid,
                "a peer needs an id, and an alias where its domain does not begin with a name"
                    .to_owned(),
                line,
                "id",
            ),
        );
    }
    section.finish(faults);
    Some(Peer {
        id: id?,
        address: address?,
        alias: alias?,
    })
}
