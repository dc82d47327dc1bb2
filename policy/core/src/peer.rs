//! Who is calling: from what a connection presented to a participant that the current roster knows.

use crate::id::{ContractId, ParticipantId};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What the transport says of the other end of a connection. Evidence of an outside fact: it comes through a door.
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
    /// `certificate` is the SHA-256 of the leaf in DER, `issuer_key` that of its issuer's SPKI.
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

    /// From which address the connection comes.
    #[must_use]
    pub const fn from_address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    /// Whom its certificate names. Whether that is a peer is another question, asked at every request.
    #[must_use]
    pub const fn identity(&self) -> &ParticipantId {
        &self.identity
    }
}

/// A participant whose connection, certificate and standing in the current trust bundle were checked at this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedPeer {
    id: ParticipantId,
    certificate: Option<Digest>,
    address: Option<IpAddr>,
    program: Option<ProgramAccess>,
}

/// How a program asks for a participant that has no connector in between: nobody countersigns its receipts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramAccess {
    /// By the certificate of the participant.
    Certificate,
    /// By an access token that the provider has made for one contract.
    AccessToken {
        /// Its id.
        id: String,
        /// The contract.
        contract: ContractId,
    },
}

/// An access token of ours that somebody presented and that counts. Evidence of an outside fact: it comes through a door.
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
    /// `consumer` is the one of the contract.
    #[must_use]
    pub const fn attest(id: String, contract: ContractId, consumer: ParticipantId) -> Self {
        Self {
            id,
            contract,
            consumer,
            address: None,
        }
    }

    /// From which address it comes.
    #[must_use]
    pub const fn from_address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }
}

impl VerifiedPeer {
    /// Who it is.
    #[must_use]
    pub const fn id(&self) -> &ParticipantId {
        &self.id
    }

    /// SHA-256 of its leaf certificate, where it presented one.
    #[must_use]
    pub const fn certificate(&self) -> Option<Digest> {
        self.certificate
    }

    /// How it asks, where a program asks for it and no connector.
    #[must_use]
    pub const fn program(&self) -> Option<&ProgramAccess> {
        self.program.as_ref()
    }

    /// Whether it presents a token that was made for that contract.
    #[must_use]
    pub fn presents_token_of(&self, id: ContractId) -> bool {
        matches!(
            &self.program,
            Some(ProgramAccess::AccessToken { contract, .. }) if *contract == id
        )
    }

    /// The address from which its connection comes, where it is known.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

/// The participants of the current trust bundle, as far as recognising a caller needs them.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    members: BTreeMap<ParticipantId, MembershipStatus>,
}

/// What the bundle says of one participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipStatus {
    /// SHA-256 of the SPKI of each anchor that may issue for this identity.
    pub issuers: Vec<Digest>,
    /// SHA-256 of leaf certificates that the bundle denies.
    pub denied: Vec<Digest>,
}

impl Roster {
    /// A roster of these members.
    #[must_use]
    pub const fn new(members: BTreeMap<ParticipantId, MembershipStatus>) -> Self {
        Self { members }
    }

    /// One of the three makers of [`VerifiedPeer`]: checks, at every request, that the identity is still a member, that its issuer may
    /// still speak for it, and that its certificate is neither denied nor expired.
    ///
    /// # Errors
    /// [`UnrecognisedPeerError`], which tells the caller nothing beyond itself.
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

    /// A program that presents the certificate of a participant.
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

    /// The second maker of [`VerifiedPeer`], for a program that presents an access token: the consumer of its contract is still a member.
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

    /// The third maker of [`VerifiedPeer`], for a partner that presents the token of a transfer: it is no participant of the league, and the
    /// configuration names it.
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

    /// The members.
    pub fn members(&self) -> impl Iterator<Item = &ParticipantId> {
        self.members.keys()
    }
}

/// Why a caller is not a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnrecognisedPeerError {
    /// The identity is not in the current trust bundle.
    #[error("the identity is not in the current trust bundle")]
    NotInBundle,
    /// The issuer is not listed for this identity.
    #[error("the certificate's issuer may not speak for this identity")]
    IssuerMayNotSpeak,
    /// The certificate is denied.
    #[error("the certificate is on the bundle's deny list")]
    Denied,
    /// The certificate is over.
    #[error("the certificate has expired")]
    CertificateExpired,
    /// The configuration names no such partner, or it is a participant by now.
    #[error("it is no partner that the configuration names")]
    NoPartner,
}
