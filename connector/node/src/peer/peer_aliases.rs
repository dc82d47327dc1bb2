//! Aliases of peers. Each stands for one participant, from the configuration or from `hansa peer add`.

use crate::config::ConnectorConfig;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Peer that was added by a command: ID, address and alias.
type AddedPeer = (ParticipantId, String, String);

/// Checks that no configured alias belongs to another participant that was added by a command. Clashes within the configuration are
/// checked when it is read.
///
/// # Errors
/// `ALIAS_CLASH` with the line.
pub fn check_aliases(config: &ConnectorConfig, added: &[AddedPeer]) -> Result<(), Refusal> {
    let place = |line, key: &str| {
        let file = config.file.display().to_string();
        (file, line, Some(key.to_owned()))
    };
    let other = |alias: &SqlIdentifier, id: &ParticipantId| {
        let named = |id: &ParticipantId| config.peers.iter().any(|peer| peer.id == *id);
        let mut others = added.iter();
        let found = others.find(|(known, _, taken)| {
            taken.as_str() == alias.as_str() && known != id && !named(known)
        });
        found.map(|(known, _, _)| known.clone())
    };
    let own = &config.participant;
    let peers = config.peers.iter().map(|peer| {
        let at = place(Some(peer.line), "peer.alias");
        (&peer.alias, &peer.id, at)
    });
    let all = std::iter::once((&own.alias, &own.id, place(None, "participant.alias"))).chain(peers);
    for (alias, id, (file, line, key)) in all {
        if let Some(known) = other(alias, id) {
            let known = known.domain();
            return Err(Refusal::new(
                ErrorCode::AliasClash,
                format!(
                    "`{alias}` would name {}, but here it is the alias of {known}",
                    id.domain()
                ),
            )
            .with_place(file, line, key)
            .with_help(format!(
                "write another `alias` there, or first have {known} added under another one: hansa peer remove {known}"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[track_caller]
    fn checked(more: &str, added: &[(&str, &str)]) -> Option<Refusal> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hansa.toml");
        let text = format!("[participant]\nid = \"acme.example\"\nname = \"Acme\"\n{more}");
        std::fs::write(&file, text).unwrap();
        let config = ConnectorConfig::load(&file, &BTreeMap::new()).unwrap();
        let added: Vec<AddedPeer> = added
            .iter()
            .map(|(id, alias)| (id.parse().unwrap(), "a:1".to_owned(), (*alias).to_owned()))
            .collect();
        check_aliases(&config, &added).err()
    }

    #[test]
    fn an_alias_stands_for_one_participant() {
        let peer = "[[peer]]\nid = \"town.example\"\naddress = \"b:1\"\n";
        let clash = |refusal: Option<Refusal>| {
            let refusal = refusal.unwrap();
            assert_eq!(refusal.code, ErrorCode::AliasClash);
            let location = refusal.location.unwrap();
            (location.line, location.key.unwrap())
        };
        let taken = [("town.test", "town")];
        let at_peer = (Some(4), "peer.alias".to_owned());
        assert_eq!(clash(checked(peer, &taken)), at_peer);
        assert_eq!(checked(&format!("{peer}alias = \"other\"\n"), &taken), None);
        let other = [("town.test", "b"), ("x.test", "other")];
        assert_eq!(checked(peer, &other), None);
        let aliased = format!("{peer}alias = \"b\"\n");
        assert_eq!(clash(checked(&aliased, &other)), at_peer);
        // The participant was added before; the configuration decides its alias.
        assert_eq!(checked(peer, &[("town.example", "town")]), None);
        assert_eq!(checked(peer, &[("town.example", "elsewhere")]), None);
        // The own alias.
        let own = clash(checked("", &[("acme.test", "acme")]));
        assert_eq!(own, (None, "participant.alias".to_owned()));
        // A participant with a configured alias has only that one.
        let both = "[[peer]]\nid = \"town.example\"\naddress = \"b:1\"\n\
                    [[peer]]\nid = \"town.test\"\naddress = \"c:1\"\nalias = \"c\"\n";
        assert_eq!(checked(both, &taken), None);
    }
}
