//! `[[peer]]`: a participant with which this one exchanges messages and questions.

use crate::config::participant::ParticipantConfig;
use crate::config::reader::ConfigSection;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// `[[peer]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerConfig {
    /// Participant ID of the peer.
    pub id: ParticipantId,
    /// `host:port`
    pub(crate) address: String,
    /// Local alias of the peer.
    pub(crate) alias: SqlIdentifier,
    /// Line of its table in the file.
    pub(crate) line: u64,
}

/// Reads all peers. Each participant and each alias must be unique, and different from `own`.
pub(super) fn read_all(
    sections: Vec<ConfigSection<'_>>,
    own: Option<&ParticipantConfig>,
) -> Vec<PeerConfig> {
    let mut peers: Vec<PeerConfig> = Vec::new();
    for section in sections {
        if let Some(peer) = read_peer_config(&section) {
            if let Some(refusal) = find_clash(&peer, own, &peers) {
                section.report_refusal("alias", refusal);
            }
            peers.push(peer);
        }
        section.finish();
    }
    peers
}

/// Finds a field of `peer` that equals a field of `own` or of an earlier peer.
fn find_clash(
    peer: &PeerConfig,
    own: Option<&ParticipantConfig>,
    before: &[PeerConfig],
) -> Option<Refusal> {
    let domain = peer.id.domain();
    let invalid = |sentence| Some(Refusal::new(ErrorCode::ConfigInvalid, sentence));
    if own.is_some_and(|own| own.id == peer.id) {
        return invalid(format!("`{domain}` is this participant itself"));
    }
    let own = own.map(|own| (&own.id, &own.alias));
    let before = before.iter().map(|peer| (&peer.id, &peer.alias));
    let mut known = own.into_iter().chain(before);
    if known.clone().any(|(id, _)| *id == peer.id) {
        return invalid(format!("there are two peers `{domain}`"));
    }
    let alias = &peer.alias;
    let (id, _) = known.find(|(_, known)| *known == alias)?;
    let other = id.domain();
    let sentence = format!("`{alias}` would stand for {domain} as well as for {other}");
    let refusal = Refusal::new(ErrorCode::AliasClash, sentence);
    Some(refusal.with_help("choose another `alias` for one of them"))
}

fn read_peer_config(section: &ConfigSection<'_>) -> Option<PeerConfig> {
    let id: Option<ParticipantId> = section.parse_value("id");
    let address = section.required_text("address");
    let alias: Option<SqlIdentifier> = section.parse_value("alias");
    let alias = alias.or_else(|| id.as_ref().and_then(ParticipantId::default_alias));
    if id.is_none() || alias.is_none() {
        section.report_problem(
            "id",
            "a peer needs an id, and an alias where its domain does not begin with a label that can be an alias",
        );
    }
    Some(PeerConfig {
        id: id?,
        address: address?,
        alias: alias?,
        line: section.line(),
    })
}
