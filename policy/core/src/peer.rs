//! Identification of a caller: from the credentials of a connection to a participant in the current roster.

use crate::id::{ContractId, ParticipantId};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Certificate of a peer, as verified by the transport. Evidence of an outside fact: it comes through a door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    identity: ParticipantId,
    certificate: Digest,
    issuer_key: Digest,
    not_after: UtcTimestamp,
    address: Option<IpAddr>,
}

impl PeerCertificate {
    /// DOOR: called in one place only, where the TLS handshake has verified the chain.
    ///
    /// `certificate` is the SHA-256 of the leaf in DER, `issuer_key` that of the issuer's SPKI.
    #[must_use]
    pub const fn attest(
        identity: ParticipantId,
        certificate: Digest,
        issuer_key: Digest,
        not_after: UtcTimestamp,
    ) -> Self {
        Self {
            identity,
            certificate,
            issuer_key,
            not_after,
            address: None,
        }
    }

    /// Adds the address from which the connection comes.
    #[must_use]
    pub const fn from_address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    /// Identity in the certificate. Membership is checked separately, at every request.
    #[must_use]
    pub const fn identity(&self) -> &ParticipantId {
        &self.identity
    }
}

/// Participant whose connection, certificate and membership in the current trust bundle were checked at this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedPeer {
    id: ParticipantId,
    certificate: Option<Digest>,
    address: Option<IpAddr>,
    program: Option<ProgramAccess>,
}

/// Access of a program that asks for a participant without a connector. Its receipts are not countersigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramAccess {
    /// Certificate of the participant.
    Certificate,
    /// Access token that the provider made for one contract.
    AccessToken {
        /// Identifier of the token.
        id: String,
        /// Contract of the token.
        contract: ContractId,
    },
}

/// Valid access token of this provider, as presented by a program. Evidence of an outside fact: it comes through a door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedToken {
    id: String,
    contract: ContractId,
    consumer: ParticipantId,
    address: Option<IpAddr>,
}

impl PresentedToken {
    /// DOOR: called in one place only, where the secret was compared with its digest.
    ///
    /// `consumer` is the consumer of the contract.
    #[must_use]
    pub const fn attest(id: String, contract: ContractId, consumer: ParticipantId) -> Self {
        Self {
            id,
            contract,
            consumer,
            address: None,
        }
    }

    /// Adds the address from which the request comes.
    #[must_use]
    pub const fn from_address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }
}

impl VerifiedPeer {
    /// Identity of the participant.
    #[must_use]
    pub const fn id(&self) -> &ParticipantId {
        &self.id
    }

    /// SHA-256 of the leaf certificate, where the caller presented one.
    #[must_use]
    pub const fn certificate(&self) -> Option<Digest> {
        self.certificate
    }

    /// Access of a program, where a program asks and not a connector.
    #[must_use]
    pub const fn program(&self) -> Option<&ProgramAccess> {
        self.program.as_ref()
    }

    /// True if the caller presents an access token for this contract.
    #[must_use]
    pub fn presents_token_of(&self, id: ContractId) -> bool {
        matches!(
            &self.program,
            Some(ProgramAccess::AccessToken { contract, .. }) if *contract == id
        )
    }

    /// Address from which the connection comes, where known.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

/// Members in the current trust bundle, with the facts that identification needs.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    members: BTreeMap<ParticipantId, MembershipStatus>,
}

/// Status of one member in the trust bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipStatus {
    /// SHA-256 of the SPKI of each authority that may issue certificates for this identity.
    pub issuers: Vec<Digest>,
    /// SHA-256 of revoked leaf certificates.
    pub denied: Vec<Digest>,
}

impl Roster {
    /// Roster of these members.
    #[must_use]
    pub const fn new(members: BTreeMap<ParticipantId, MembershipStatus>) -> Self {
        Self { members }
    }

    /// Identifies a peer by its certificate: the identity is a member, the issuer may certify it, and the certificate is neither
    /// revoked nor expired. Called at every request. One of the three constructors of [`VerifiedPeer`].
    ///
    /// # Errors
    /// [`UnrecognisedPeerError`], which contains no further detail for the caller.
    pub fn recognise(
        &self,
        presented: &PeerCertificate,
        now: UtcTimestamp,
    ) -> Result<VerifiedPeer, UnrecognisedPeerError> {
        let status = self
            .members
            .get(&presented.identity)
            .ok_or(UnrecognisedPeerError::NotInBundle)?;
        if !status.issuers.contains(&presented.issuer_key) {
            return Err(UnrecognisedPeerError::IssuerMayNotSpeak);
        }
        if status.denied.contains(&presented.certificate) {
            return Err(UnrecognisedPeerError::Denied);
        }
        if now >= presented.not_after {
            return Err(UnrecognisedPeerError::CertificateExpired);
        }
        Ok(VerifiedPeer {
            id: presented.identity.clone(),
            certificate: Some(presented.certificate),
            address: presented.address,
            program: None,
        })
    }

    /// Identifies a program that presents the certificate of a participant.
    ///
    /// # Errors
    /// As [`Roster::recognise`].
    pub fn recognise_program(
        &self,
        presented: &PeerCertificate,
        now: UtcTimestamp,
    ) -> Result<VerifiedPeer, UnrecognisedPeerError> {
        let mut peer = self.recognise(presented, now)?;
        peer.program = Some(ProgramAccess::Certificate);
        Ok(peer)
    }

    /// Identifies a program by its access token: the consumer of the token's contract is still a member. The second constructor of
    /// [`VerifiedPeer`].
    ///
    /// # Errors
    /// [`UnrecognisedPeerError::NotInBundle`].
    pub fn recognise_token(
        &self,
        presented: PresentedToken,
    ) -> Result<VerifiedPeer, UnrecognisedPeerError> {
        if !self.members.contains_key(&presented.consumer) {
            return Err(UnrecognisedPeerError::NotInBundle);
        }
        Ok(VerifiedPeer {
            id: presented.consumer,
            certificate: None,
            address: presented.address,
            program: Some(ProgramAccess::AccessToken {
                id: presented.id,
                contract: presented.contract,
            }),
        })
    }

    /// Identifies a partner by the token of a transfer: the configuration names the partner, and it is not a member of the league.
    /// The third constructor of [`VerifiedPeer`].
    ///
    /// # Errors
    /// [`UnrecognisedPeerError::NoPartner`].
    pub fn recognise_partner(
        &self,
        presented: PresentedToken,
        partners: &BTreeSet<ParticipantId>,
    ) -> Result<VerifiedPeer, UnrecognisedPeerError> {
        let consumer = &presented.consumer;
        if !partners.contains(consumer) || self.members.contains_key(consumer) {
            return Err(UnrecognisedPeerError::NoPartner);
        }
        Ok(VerifiedPeer {
            id: presented.consumer,
            certificate: None,
            address: presented.address,
            program: Some(ProgramAccess::AccessToken {
                id: presented.id,
                contract: presented.contract,
            }),
        })
    }

    /// Identities of the members.
    pub fn members(&self) -> impl Iterator<Item = &ParticipantId> {
        self.members.keys()
    }
}

/// Reason why a caller is not identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnrecognisedPeerError {
    /// The identity is not in the current trust bundle.
    #[error("the identity is not in the current trust bundle")]
    NotInBundle,
    /// The issuer may not certify this identity.
    #[error("the certificate's issuer may not speak for this identity")]
    IssuerMayNotSpeak,
    /// The certificate is revoked.
    #[error("the certificate is on the bundle's deny list")]
    Denied,
    /// The certificate has expired.
    #[error("the certificate has expired")]
    CertificateExpired,
    /// The configuration names no such partner, or the partner has become a member.
    #[error("it is no partner that the configuration names")]
    NoPartner,
}
