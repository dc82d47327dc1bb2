//! Names of participants, datasets and contracts, made from short words.

use policy::id::{ContractId, DatasetId, ParticipantId};

pub(super) fn participant(city: &str) -> ParticipantId {
    format!("hansa://{city}.example").parse().unwrap()
}

pub(super) fn dataset(city: &str, name: &str) -> DatasetId {
    DatasetId {
        owner: participant(city),
        name: name.parse().unwrap(),
    }
}

pub(super) fn contract(text: &str) -> ContractId {
    ContractId(evidence::digest::Digest::of(text.as_bytes()))
}
