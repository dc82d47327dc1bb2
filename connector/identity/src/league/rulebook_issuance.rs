//! Rulebooks of a league, and their acceptances. All versions stay in the folder of the league.

use super::LeagueAuthority;
use crate::rulebook::{RulebookContent, RulebookDraft, SignedRulebook};
use hansa_audit_log::time::UtcTimestamp;
use hansa_files::FileVisibility;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::PathBuf;

/// Folder of the rulebooks within the league's folder.
const RULEBOOKS: &str = "rulebooks";

/// Largest file of a rulebook or of an acceptance, bytes.
const LARGEST: u64 = 1024 * 1024;

impl LeagueAuthority {
    /// Signs the next version of the rulebook.
    ///
    /// # Errors
    /// `USAGE` when the newest version has equal content; `RULEBOOK_INVALID` when members would refuse it.
    pub fn issue_rulebook(
        &mut self,
        draft: RulebookDraft,
        now: UtcTimestamp,
    ) -> Result<SignedRulebook, Refusal> {
        let before = self.rulebooks()?.pop();
        if before
            .as_ref()
            .is_some_and(|before| before.content().draft == draft)
        {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                "the newest version of the rulebook says the same, and nothing was signed",
            ));
        }
        let own = self.bundle.content();
        let content = RulebookContent {
            league: own.league.clone(),
            key: own.key.clone(),
            version: before
                .map_or(0, |before| before.version())
                .saturating_add(1),
            issued_at: now,
            draft,
        };
        let rulebook = SignedRulebook::seal(&content, &self.signer, &self.bundle)?;
        hansa_files::create_folder(&self.folder.join(RULEBOOKS))?;
        hansa_files::create_file(
            &self.rulebook_file(content.version),
            &rulebook.to_bytes(),
            FileVisibility::Everybody,
        )?;
        Ok(rulebook)
    }

    /// All versions of the rulebook, the newest last.
    ///
    /// # Errors
    /// When a version can't be read, or belongs to another league.
    pub fn rulebooks(&self) -> Result<Vec<SignedRulebook>, Refusal> {
        let mut found = Vec::new();
        loop {
            let version = u64::try_from(found.len())
                .unwrap_or(u64::MAX)
                .saturating_add(1);
            let file = self.rulebook_file(version);
            if !file.exists() {
                return Ok(found);
            }
            let in_file =
                |refusal: Refusal| refusal.with_place(file.display().to_string(), None, None);
            let bytes = hansa_files::read_file(&file, LARGEST)?;
            let rulebook = SignedRulebook::read(&bytes, &self.bundle).map_err(in_file)?;
            if rulebook.version() != version {
                return Err(in_file(Refusal::new(
                    ErrorCode::RulebookInvalid,
                    "the file holds another version of the rulebook than its name says",
                )));
            }
            found.push(rulebook);
        }
    }

    /// Stores the acceptance of a version by a participant. The caller has checked its signature.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`.
    pub fn keep_acceptance(
        &self,
        version: u64,
        participant: &ParticipantId,
        bytes: &[u8],
    ) -> Result<(), Refusal> {
        let file = self.acceptance_file(version, participant);
        if let Some(folder) = file.parent() {
            hansa_files::create_folder(folder)?;
        }
        hansa_files::replace_file(&file, bytes, FileVisibility::Everybody)
    }

    /// Acceptance of a version by a participant, if it is stored here.
    ///
    /// # Errors
    /// When the acceptance can't be read.
    pub fn acceptance(
        &self,
        version: u64,
        participant: &ParticipantId,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let file = self.acceptance_file(version, participant);
        match file.exists() {
            true => hansa_files::read_file(&file, LARGEST).map(Some),
            false => Ok(None),
        }
    }

    fn rulebook_file(&self, version: u64) -> PathBuf {
        self.folder.join(RULEBOOKS).join(format!("{version}.json"))
    }

    fn acceptance_file(&self, version: u64, participant: &ParticipantId) -> PathBuf {
        let accepted = self.folder.join(RULEBOOKS).join(format!("{version}"));
        accepted.join(format!("{}.json", participant.domain()))
    }
}
