//! Greeting between two connectors.

use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;

/// Greeting of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerGreeting {
    /// Supported versions of the peer protocol.
    pub versions: BTreeSet<u32>,
    /// Program and version, for people.
    pub program: String,
    /// Sequence number of the newest trust bundle.
    pub bundle_sequence: u64,
    /// Newest trust bundle; absent if the other side has it.
    pub bundle: Option<Bytes>,
    /// Newest signed head of the own log; absent while the log is empty.
    pub head: Option<Bytes>,
    /// Newest known signed heads of other logs, one per log.
    pub gossiped_heads: Vec<Bytes>,
}

/// Most heads of other logs in a greeting.
pub const MOST_GOSSIPED_HEADS: usize = 4096;

/// Most bytes of such a head: text and one signature.
pub const MOST_HEAD_BYTES: usize = 1024;

impl PeerGreeting {
    /// Returns the newest version that both sides support.
    ///
    /// # Errors
    /// `VERSION_UNSUPPORTED`.
    pub fn common_version(&self) -> Result<u32, Refusal> {
        super::VERSIONS
            .into_iter()
            .rev()
            .find(|version| self.versions.contains(version))
            .ok_or_else(|| {
                Refusal::new(
                    ErrorCode::VersionUnsupported,
                    format!(
                        "the other side ({}) speaks versions {:?} of the peer protocol, this one {:?}",
                        self.program,
                        self.versions,
                        super::VERSIONS
                    ),
                )
            })
    }
}

/// Reads a greeting from its wire message.
///
/// # Errors
/// `MESSAGE_MALFORMED`.
pub fn from_wire(message: Option<pb::Greeting>) -> Result<PeerGreeting, Refusal> {
    let pb::Greeting {
        versions,
        program,
        bundle_sequence,
        bundle,
        head,
        gossiped_heads,
    } = field::require_value("greeting", message)?;
    if versions.is_empty() || versions.len() > 64 {
        return Err(field::malformed_message_refusal(format!(
            "the greeting names {} versions instead of 1 to 64",
            versions.len()
        )));
    }
    if gossiped_heads.len() > MOST_GOSSIPED_HEADS
        || gossiped_heads
            .iter()
            .any(|head| head.len() > MOST_HEAD_BYTES)
    {
        return Err(field::malformed_message_refusal(format!(
            "the greeting brings {} heads of other logs; at most {MOST_GOSSIPED_HEADS} are read, of at most {MOST_HEAD_BYTES} bytes",
            gossiped_heads.len()
        )));
    }
    Ok(PeerGreeting {
        versions: versions.into_iter().collect(),
        program: field::read_line("program", program, 100)?,
        bundle_sequence,
        bundle: field::non_empty(bundle),
        head: field::non_empty(head),
        gossiped_heads,
    })
}

/// Writes a greeting as a wire message.
#[must_use]
pub fn to_wire(greeting: &PeerGreeting) -> pb::Greeting {
    let PeerGreeting {
        versions,
        program,
        bundle_sequence,
        bundle,
        head,
        gossiped_heads,
    } = greeting;
    pb::Greeting {
        versions: versions.iter().copied().collect(),
        program: program.clone(),
        bundle_sequence: *bundle_sequence,
        bundle: bundle.clone().unwrap_or_default(),
        head: head.clone().unwrap_or_default(),
        gossiped_heads: gossiped_heads.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{PeerGreeting, from_wire, to_wire};

    fn sample() -> PeerGreeting {
        PeerGreeting {
            versions: [1, 2].into(),
            program: "hansa 0.1.0".to_owned(),
            bundle_sequence: 7,
            bundle: Some("bundle".into()),
            head: None,
            gossiped_heads: vec!["a head".into()],
        }
    }

    #[test]
    fn a_greeting_survives_the_round_trip() {
        assert_eq!(from_wire(Some(to_wire(&sample()))).unwrap(), sample());
        assert_eq!(sample().common_version().unwrap(), 1);
    }

    #[test]
    fn strangers_to_the_protocol_are_reported() {
        let mut newer = sample();
        newer.versions = [9].into();
        let refusal = newer.common_version().unwrap_err();
        assert_eq!(refusal.code.as_str(), "VERSION_UNSUPPORTED");
        let mut escape = sample();
        escape.program = "\u{1b}[2J".to_owned();
        let mut many = sample();
        many.gossiped_heads = vec!["h".into(); super::MOST_GOSSIPED_HEADS + 1];
        let mut long = sample();
        long.gossiped_heads = vec![vec![b'h'; super::MOST_HEAD_BYTES + 1].into()];
        for message in [
            None,
            Some(to_wire(&escape)),
            Some(to_wire(&many)),
            Some(to_wire(&long)),
        ] {
            let refusal = from_wire(message).unwrap_err();
            assert_eq!(refusal.code.as_str(), "MESSAGE_MALFORMED");
        }
    }
}
