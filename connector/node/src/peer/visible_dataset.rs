//! Dataset of a peer, as its catalog shows it here.

use crate::peer::peer_connections::KnownPeer;
use hansa_catalog::dataset::Dataset;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;

/// Dataset of a peer, as its catalog shows it here.
#[derive(Debug, Clone)]
pub struct VisibleDataset {
    /// Peer with the dataset.
    pub peer: KnownPeer,
    /// Catalog entry.
    pub dataset: Dataset,
    /// Offers of the dataset.
    pub offers: Vec<hansa_catalog::offer::Offer>,
    /// Public views in force, with their ID and content.
    pub views: Vec<(ContractId, Agreement)>,
    /// Reasons why shown public views are unusable.
    pub(crate) unusable: Vec<Refusal>,
}
