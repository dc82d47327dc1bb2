//! League and participants in a temporary folder, for the tests of this package.

use crate::keys::SignatureAlgorithm;
use crate::league::{LeagueAuthority, LeagueSettings};
use crate::participant_identity::admission_request::Applicant;
use crate::participant_identity::{self, IdentityFiles, ParticipantIdentity};
use crate::signature::FileSigner;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;
use std::path::PathBuf;

pub(crate) fn parse_time(text: &str) -> UtcTimestamp {
    text.parse().unwrap()
}

pub(crate) const DAY: i64 = 24 * 3600 * 1_000_000;

/// Instant at which every sample starts.
pub(crate) fn start_time() -> UtcTimestamp {
    parse_time("2026-06-01T12:00:00Z")
}

pub(crate) struct LeagueFixture {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) league: LeagueAuthority,
}

impl LeagueFixture {
    pub(crate) fn new() -> Self {
        Self::with_algorithm(SignatureAlgorithm::Es256)
    }

    pub(crate) fn with_algorithm(algorithm: SignatureAlgorithm) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let founding = LeagueSettings {
            name: "Test league".to_owned(),
            algorithm,
            demo: true,
        };
        let league =
            LeagueAuthority::init(&dir.path().join("league"), &founding, start_time()).unwrap();
        Self { dir, league }
    }

    pub(crate) fn folder(&self, id: &str) -> PathBuf {
        self.dir.path().join(id)
    }

    /// Signer of the league, for content that the league itself would never sign.
    pub(crate) fn signer(&self) -> FileSigner {
        FileSigner::open(&self.folder("league").join("league.pem")).unwrap()
    }

    pub(crate) fn files(&self, id: &str) -> IdentityFiles {
        IdentityFiles::in_folder(&self.folder(id))
    }

    pub(crate) fn applicant(id: &str) -> Applicant {
        Applicant {
            id: id.parse().unwrap(),
            name: format!("City of {id}"),
            address: Some(format!("hansa.{id}:7443")),
        }
    }

    /// Keys and request of a new participant.
    pub(crate) fn request_admission(&self, id: &str) -> Vec<u8> {
        participant_identity::create_identity(
            &self.files(id),
            &Self::applicant(id),
            SignatureAlgorithm::EdDsa,
        )
        .unwrap()
    }

    /// Complete admission: keys, request, admission, join.
    pub(crate) fn admit(&mut self, id: &str, now: UtcTimestamp) -> ParticipantIdentity {
        let request = self.request_admission(id);
        let admitted = self.league.admit(&request, 7, now).unwrap();
        let own: ParticipantId = id.parse().unwrap();
        participant_identity::install_join_file(
            &self.files(id),
            &own,
            &admitted.join.to_bytes(),
            now,
        )
        .unwrap();
        participant_identity::load_identity(&self.files(id), &own, 0, now).unwrap()
    }
}
