//! `[[peer]]`: a participant that this one talks to.

use crate::config::participant::ParticipantConfig;
use crate::config::reader::ConfigSection;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// `[[peer]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PeerConfig {
    /// Its identity.
    pub(crate) id: ParticipantId,
    /// `host:port`
    pub(crate) address: String,
    /// Its alias here.
    pub(crate) alias: SqlIdentifier,
    /// The line of its table.
    pub(crate) line: u64,
}

/// Reads all of them: each participant once, each under an alias of its own, which is not that of `own`.
pub(super) fn read_all(
    sections: Vec<ConfigSection<'_, '_>>,
    own: Option<&ParticipantConfig>,
    faults: &mut Vec<Refusal>,
) -> Vec<PeerConfig> {
    let mut peers: Vec<PeerConfig> = Vec::new();
    for section in sections {
        let place = section.place_of("alias");
        let Some(peer) = read(section, faults) else {
            continue;
        };
        let known = || {
            let own = own.map(|own| (&own.id, &own.alias));
            let peers = peers.iter().map(|peer| (&peer.id, &peer.alias));
            own.into_iter().chain(peers)
        };
        let domain = peer.id.domain();
        let fault = if own.is_some_and(|own| own.id == peer.id) {
            Some(Refusal::new(
                ErrorCode::ConfigInvalid,
                format!("`{domain}` is this participant itself"),
            ))
        } else if known().any(|(id, _)| *id == peer.id) {
            Some(Refusal::new(
                ErrorCode::ConfigInvalid,
                format!("there are two peers `{domain}`"),
            ))
        } else {
            known()
                .find(|(_, alias)| **alias == peer.alias)
                .map(|(id, alias)| {
                    let sentence = format!(
                        "`{alias}` would stand for {domain} as well as for {}",
                        id.domain()
                    );
                    Refusal::new(ErrorCode::AliasClash, sentence)
                        .with_help("choose another `alias` for one of them")
                })
        };
        faults.extend(fault.map(|fault| fault.with_place(place.0, place.1, place.2)));
        peers.push(peer);
    }
    peers
}

fn read(mut section: ConfigSection<'_, '_>, faults: &mut Vec<Refusal>) -> Option<PeerConfig> {
    let id: Option<ParticipantId> = section.parsed("id", faults);
    let address = section.needed("address", faults);
    let alias: Option<SqlIdentifier> = section.parsed("alias", faults);
    let line = section.line();
    let alias = alias.or_else(|| id.as_ref().and_then(ParticipantId::default_alias));
    if id.is_none() || alias.is_none() {
        faults.push(
            section.problem(
                ErrorCode::ConfigInvalid,
                "a peer needs an id, and an alias where its domain does not begin with a name"
                    .to_owned(),
                line,
                "id",
            ),
        );
    }
    section.finish(faults);
    Some(PeerConfig {
        id: id?,
        address: address?,
        alias: alias?,
        line,
    })
}
