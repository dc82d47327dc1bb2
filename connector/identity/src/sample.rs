//! A league and its participants in a temporary folder, for the tests of this room.

use crate::identity::request::Applicant;
use crate::identity::{self, Files, Identity};
use crate::keys::Algorithm;
use crate::league::{Founding, League};
use hansa_audit_log::time::Time;
use hansa_policy::id::ParticipantId;
use std::path::PathBuf;

pub(crate) fn time(text: &str) -> Time {
    text.parse().unwrap()
}

pub(crate) const DAY: i64 = 24 * 3600 * 1_000_000;

/// The instant at which every sample starts.
pub(crate) fn start() -> Time {
    time("2026-06-01T12:00:00Z")
}

pub(crate) struct Sample {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) league: League,
}

impl Sample {
    pub(crate) fn new() -> Self {
        Self::of(Algorithm::Es256)
    }

    pub(crate) fn of(algorithm: Algorithm) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let founding = Founding {
            name: "Test league".to_owned(),
            algorithm,
            demo: true,
        };
        let league = League::init(&dir.path().join("league"), &founding, start()).unwrap();
        Self { dir, league }
    }

    pub(crate) fn folder(&self, id: &str) -> PathBuf {
        self.dir.path().join(id)
    }

    pub(crate) fn files(&self, id: &str) -> Files {
        Files::within(&self.folder(id))
    }

    pub(crate) fn applicant(id: &str) -> Applicant {
        Applicant {
            id: id.parse().unwrap(),
            name: format!("City of {id}"),
            address: Some(format!("hansa.{id}:7443")),
        }
    }

    /// Keys and request of a new participant.
    pub(crate) fn apply(&self, id: &str) -> Vec<u8> {
        identity::init(&self.files(id), &Self::applicant(id), Algorithm::EdDsa).unwrap()
    }

    /// The whole way: keys, request, admission, join.
    pub(crate) fn admit(&mut self, id: &str, now: Time) -> Identity {
        let request = self.apply(id);
        let admitted = self.league.admit(&request, 7, now).unwrap();
        let own: ParticipantId = id.parse().unwrap();
        identity::join(&self.files(id), &own, &admitted.join.to_bytes(), now).unwrap();
        identity::load(&self.files(id), &own, 0, now).unwrap()
    }
}
