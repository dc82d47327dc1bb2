//! Issuers of attributes for tests.

use super::*;

impl TestFederation {
    /// Registers an issuer of sectors.
    pub(crate) fn names_issuer(&mut self, alias: &str) {
        let now = self.now();
        let naming = IssuerRegistration {
            id: participant_id(alias),
            name: alias.to_owned(),
            states: [AttributeKind::Sector].into(),
            key: None,
        };
        self.league.name_issuer(naming, now).unwrap();
    }

    /// Removes an issuer.
    pub(crate) fn drops_issuer(&mut self, alias: &str) {
        let now = self.now();
        self.league
            .drop_issuer(&participant_id(alias), now)
            .unwrap();
    }

    /// Signs a credential that is valid for a day.
    pub(crate) fn sign_credential(&self, subject: &str, by: &str, sector: &str) -> bytes::Bytes {
        let now = self.now();
        let statement = CredentialStatement {
            issuer: participant_id(by),
            subject: participant_id(subject),
            attributes: vec![ParticipantAttribute::Sector(sector.parse().unwrap())],
            issued_at: now,
            until: now.plus_micros(DAY),
        };
        let bytes = crate::league::credential_issuance::issue_credential(&self.league, &statement);
        bytes.unwrap().into()
    }
}
