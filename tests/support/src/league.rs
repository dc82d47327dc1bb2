//! A league in a temporary folder, made with the documented commands alone.

use crate::participant::{CommandOutput, TestParticipant, run};
use std::path::{Path, PathBuf};

/// A league and the folder in which its participants live.
#[derive(Debug)]
pub struct TestLeague {
    binary: PathBuf,
    folder: tempfile::TempDir,
}

impl TestLeague {
    /// `hansa league init`.
    ///
    /// # Panics
    /// When the command fails: a test can't go on without a league.
    #[must_use]
    pub fn new(binary: &Path) -> Self {
        #[expect(clippy::expect_used, reason = "a test can't go on without its folder")]
        let folder = tempfile::tempdir().expect("a temporary folder");
        let league = Self {
            binary: binary.to_path_buf(),
            folder,
        };
        league
            .hansa(&[
                "league",
                "init",
                "league",
                "--name",
                "test league",
                "--demo",
            ])
            .must();
        league
    }

    /// The folder of everything.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command in the league's folder.
    #[must_use]
    pub fn hansa(&self, args: &[&str]) -> CommandOutput {
        run(&self.binary, self.folder(), args)
    }

    /// The city `lindau`, which serves a long table to everybody in the league, and the firm `acme`, which knows it.
    ///
    /// # Panics
    /// When one of the commands fails.
    #[must_use]
    #[track_caller]
    pub fn long_table(&self, rows: u32, terms: &str) -> (TestParticipant, TestParticipant) {
        self.two(|lindau| lindau.offers_long(rows, terms))
    }

    /// The city `lindau`, which serves the two rows of `bikes` to everybody in the league, and the firm `acme`, which knows it.
    ///
    /// # Panics
    /// When one of the commands fails.
    #[must_use]
    #[track_caller]
    pub fn bikes(
        &self,
        policy: &str,
        terms: &str,
        sign: &str,
    ) -> (TestParticipant, TestParticipant) {
        self.two(|lindau| lindau.offers_bikes(policy, terms, sign))
    }

    /// The same two, with a contract that permits everything for the usual purpose.
    ///
    /// # Panics
    /// When one of the commands fails.
    #[must_use]
    #[track_caller]
    pub fn bikes_under_contract(&self) -> (TestParticipant, TestParticipant) {
        let (lindau, acme) = self.bikes("all", crate::workflow::ALL, "auto");
        let _ = acme.contract("lindau.bikes");
        (lindau, acme)
    }

    #[track_caller]
    fn two(&self, offer: impl FnOnce(&TestParticipant)) -> (TestParticipant, TestParticipant) {
        let mut lindau = self.city("lindau");
        let acme = self.firm("acme");
        self.hand_bundle_to("lindau");
        offer(&lindau);
        lindau.serve();
        acme.knows(&lindau);
        (lindau, acme)
    }

    /// `init`, `admit` and `join` of a participant that others can reach on a port of its own choice.
    ///
    /// # Panics
    /// When one of the commands fails.
    #[must_use]
    pub fn city(&self, alias: &str) -> TestParticipant {
        self.participant(alias, Some("127.0.0.1:0"), &[])
    }

    /// The same with more arguments of `hansa init`.
    ///
    /// # Panics
    /// When one of the commands fails.
    #[must_use]
    pub fn city_with(&self, alias: &str, more: &[&str]) -> TestParticipant {
        self.participant(alias, Some("127.0.0.1:0"), more)
    }

    /// The same for a participant without an inbound port.
    ///
    /// # Panics
    /// When one of the commands fails.
    #[must_use]
    pub fn firm(&self, alias: &str) -> TestParticipant {
        self.participant(alias, None, &[])
    }

    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    fn participant(&self, alias: &str, listen: Option<&str>, more: &[&str]) -> TestParticipant {
        let id = format!("{alias}.example");
        let name = format!("Test {alias}");
        let mut args = vec!["init", alias, "--id", &id, "--name", &name];
        if let Some(listen) = listen {
            args.extend(["--listen", listen]);
        }
        args.extend(more);
        self.hansa(&args).must();
        // Several participants share the machine of a test.
        let file = self.folder().join(alias).join("hansa.toml");
        let text = std::fs::read_to_string(&file).expect("it was made just now");
        let more = std::env::var("HANSA_TEST_LIMITS").unwrap_or_default();
        let bounded = format!("[limits]\n{MEMORY}\n{more}\n#");
        std::fs::write(&file, text.replacen("[limits]", &bounded, 1)).expect("it can be written");
        self.admit(alias);
        TestParticipant::new(&self.binary, self.folder().join(alias), &id)
    }

    /// `league admit` and `join`, also for a renewal.
    ///
    /// # Panics
    /// When one of the commands fails.
    pub fn admit(&self, alias: &str) {
        // A week: where the clock is moved further, certificates are over and the bundle is not.
        self.admit_by(alias, &format!("{alias}.example.request"), &["--days", "7"]);
    }

    /// `league admit` for so many days and `join`, while the participant serves.
    ///
    /// # Panics
    /// When one of the commands fails.
    pub fn renew(&self, alias: &str, days: u16) {
        let request = format!("{alias}.example.request");
        self.admit_by(alias, &request, &["--days", &days.to_string()]);
    }

    /// `league admit` for ninety days of a clock that was moved, from this request, and `join`.
    ///
    /// # Panics
    /// When one of the commands fails.
    pub fn renew_at(&self, alias: &str, request: &str, offset: &str) {
        self.admit_by(alias, request, &["--days", "90", "--offset", offset]);
    }

    /// `league admit` of a request in the participant's folder, and `join`.
    fn admit_by(&self, alias: &str, request: &str, more: &[&str]) {
        let request = format!("{alias}/{request}");
        let join = format!("{alias}/{alias}.example.join");
        let args = [
            "league", "admit", &request, "--dir", "league", "--output", &join,
        ];
        self.hansa(&[&args[..], more].concat()).must();
        let config = format!("{alias}/hansa.toml");
        self.hansa(&["--yes", "--config", &config, "join", &join])
            .must();
    }

    /// `league export` by a clock that was moved, into a participant's trust folder.
    ///
    /// # Panics
    /// When the command fails.
    pub fn hand_bundle_at(&self, alias: &str, offset: &str) {
        let bundle = format!("{alias}/trust/bundle.json");
        self.hansa(&[
            "league", "export", "--dir", "league", "--output", &bundle, "--offset", offset,
        ])
        .must();
    }

    /// `league issuer`, by a clock that was moved: what is stated counts from then on.
    ///
    /// # Panics
    /// When the command fails.
    pub fn names_issuer(&self, alias: &str, states: &[&str], offset: &str) {
        let id = format!("{alias}.example");
        let mut args = vec![
            "league", "issuer", &id, "--dir", "league", "--offset", offset,
        ];
        args.extend(states.iter().flat_map(|kind| ["--states", kind]));
        self.hansa(&args).must();
    }

    /// `league issuer --drop`.
    ///
    /// # Panics
    /// When the command fails.
    pub fn drops_issuer(&self, alias: &str) {
        let id = format!("{alias}.example");
        let args = [
            "--yes", "league", "issuer", &id, "--drop", "--dir", "league",
        ];
        self.hansa(&args).must();
    }

    /// `league attest`: a credential of a participant by an issuer, beside the participant's other files.
    ///
    /// # Panics
    /// When the command fails.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test can't go on without its files")]
    pub fn attests(&self, subject: &str, by: &str, more: &[&str]) -> Vec<u8> {
        let (id, issuer) = (format!("{subject}.example"), format!("{by}.example"));
        let file = format!("{subject}/{by}.credential");
        let args = [
            "league", "attest", &id, "--by", &issuer, "--dir", "league", "--output", &file,
        ];
        self.hansa(&[&args[..], more].concat()).must();
        std::fs::read(self.folder().join(&file)).expect("the credential is there")
    }

    /// `league export` into a participant's trust folder.
    ///
    /// # Panics
    /// When the command fails.
    pub fn hand_bundle_to(&self, alias: &str) {
        let bundle = format!("{alias}/trust/bundle.json");
        self.hansa(&["league", "export", "--dir", "league", "--output", &bundle])
            .must();
    }
}

/// The memory of a participant's questions. `HANSA_TEST_LIMITS` adds other lines of `[limits]`, such as `cores = 8`.
const MEMORY: &str = "memory     = \"512 MB\"\nmemory_of_all = \"2048 MB\"";
