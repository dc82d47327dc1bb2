//! Who may sign for a participant, and up to which risk: by mandates that the participant states, checked by both sides
//! and by whoever reads the contract later.

use crate::auditor::{export, findings, verify};
use crate::binary;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::contract::mandate::{DisclosureClass, Mandate};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_proto::envelope::header::ProtectedHeader;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::envelope::{self, assemble_statement};
use hansa_proto::statement;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{CommandOutput, TestParticipant, run};
use hansa_test_support::workflow::{ALL, text};
use std::path::Path;

/// A city whose contracts an officer signs with a key that lies elsewhere, under mandates of the city.
struct MandateFixture {
    lindau: TestParticipant,
    acme: TestParticipant,
    /// The officer's key.
    kid: String,
    /// The negotiation that waits for the officer.
    name: String,
    /// Last, since its folder goes with it.
    league: TestLeague,
}

impl MandateFixture {
    fn new() -> Self {
        let league = TestLeague::new(binary());
        let mut lindau = league.city("lindau");
        let acme = league.firm("acme");
        let made = league
            .hansa(&[
                "--json",
                "key",
                "add",
                "officer.key",
                "--id",
                "lindau.example",
            ])
            .must()
            .json();
        league
            .hansa(&["league", "key", "officer.key.public", "--dir", "league"])
            .must();
        league
            .hansa(&["league", "mandates", "lindau.example", "--dir", "league"])
            .must();
        for alias in ["lindau", "acme"] {
            league.hand_bundle_to(alias);
        }
        lindau.offers_bikes("planning", ALL, "officer");
        lindau.serve();
        acme.knows(&lindau);
        acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
            .must();
        let name = lindau.listed("negotiation").pop().unwrap();
        lindau
            .hansa(&["contract", "export", &name, "--output", "n.draft"])
            .must();
        Self {
            lindau,
            acme,
            kid: text(&made, "key"),
            name,
            league,
        }
    }

    fn path(&self, name: &str) -> String {
        self.league.folder().join(name).display().to_string()
    }

    /// A mandate for a key, up to something, by somebody.
    fn mandate(&self, holder: &str, by: &str, more: &[&str]) -> CommandOutput {
        let signer = self.path(&format!("{by}/keys/signing.key"));
        let args = [
            "key",
            "mandate",
            "--of",
            "lindau.example",
            "--holder",
            holder,
            "--signed-by",
            &signer,
            "--output",
            "mandate",
        ];
        self.league.hansa(&[&args[..], more].concat())
    }

    /// The officer signs, with the mandate or without one.
    fn signs(&self, more: &[&str]) -> CommandOutput {
        let (draft, key) = (
            self.lindau.folder().join("n.draft").display().to_string(),
            self.path("officer.key"),
        );
        let args = [
            "--yes",
            "contract",
            "sign",
            "--offline",
            &draft,
            "--key",
            &key,
        ];
        run(binary(), self.league.folder(), &[&args[..], more].concat())
    }

    fn attach(&self) -> CommandOutput {
        self.lindau
            .hansa(&["contract", "attach", &self.name, "n.draft.signed"])
    }
}

const FAR: [&str; 4] = ["--up-to", "rows", "--longest", "5000"];
const WITH: [&str; 2] = ["--mandate", "mandate"];

#[test]
fn a_signature_is_good_within_its_mandate_alone() {
    let mut w = MandateFixture::new();
    w.signs(&[]).must();
    w.attach().refused("MANDATE_MISSING", 6);

    // What lies beyond it is not even signed, and the sentence says what.
    for (more, word) in [
        (vec!["--up-to", "aggregate", "--longest", "5000"], "upTo"),
        (vec!["--up-to", "rows", "--longest", "100"], "longestDays"),
        (
            [&FAR[..], &["--with", "other.example"]].concat(),
            "counterparties",
        ),
    ] {
        w.mandate(&w.kid, "lindau", &more).must();
        let no = w.signs(&WITH).refused("MANDATE_EXCEEDED", 6);
        assert!(no.err.contains(word), "{}", no.err);
    }
    let other = FileSigner::open(&w.acme.folder().join("keys/signing.key")).unwrap();
    w.mandate(other.kid(), "lindau", &FAR).must();
    w.signs(&WITH).refused("MANDATE_EXCEEDED", 6);
    let own = FileSigner::open(&w.lindau.folder().join("keys/signing.key")).unwrap();
    w.mandate(own.kid(), "lindau", &FAR)
        .refused("MANDATE_EXCEEDED", 6);
    // A mandate by somebody else is none, wherever it is shown.
    w.mandate(&w.kid, "acme", &FAR).must();
    w.signs(&WITH).must();
    w.attach().refused("SIGNER_NOT_PARTY", 6);

    let with = [
        &FAR[..],
        &["--with", "acme.example", "--capacity", "Amtsleitung"],
    ]
    .concat();
    w.mandate(&w.kid, "lindau", &with).must();
    w.signs(&WITH).must();
    w.attach().must();
    w.acme.ask("SELECT count(*) FROM lindau.bikes").must();
    let contract = w.acme.listed("contract").pop().unwrap();
    let report = w
        .acme
        .hansa(&["--json", "contract", "show", &contract])
        .must()
        .json();
    let mandate = &report["signatures"][0]["mandate"];
    assert_eq!(text(mandate, "capacity"), "Amtsleitung", "{report}");
    assert_eq!(text(mandate, "up_to"), "rows");
    // Read again after a restart, and by an auditor.
    w.lindau.stop();
    w.lindau.serve();
    w.acme.knows(&w.lindau);
    w.acme.ask("SELECT count(*) FROM lindau.bikes").must();
    let export_folder = tempfile::tempdir().unwrap();
    export(&w.lindau, export_folder.path(), &[]);
    export(&w.acme, export_folder.path(), &[]);
    let files = ["check", "lindau.example.bundle", "acme.example.bundle"];
    let (report, status) = verify(export_folder.path(), &files);
    assert_eq!(status, 0, "{report:#}");

    forged(&w, &contract);
    let statement = text(mandate, "statement");
    revoked(&w, &contract, &statement, export_folder.path());
}

/// The city has one mandate revoked: nothing more is concluded with it, what was stays good, and an auditor judges by the
/// bundle whether it was revoked when the contract came.
fn revoked(w: &MandateFixture, contract: &str, statement: &str, export_folder: &Path) {
    const COUNT: &str = "SELECT count(*) FROM lindau.bikes";
    let revokes = |more: &[&str]| {
        let args = [
            "--yes",
            "league",
            "mandates",
            "lindau.example",
            "--revoke",
            statement,
            "--dir",
            "league",
        ];
        w.league.hansa(&[&args[..], more].concat())
    };
    revokes(&[]).must();
    revokes(&[]).refused("USAGE", 2);
    w.league.hand_bundle_to("acme");
    w.league.hand_bundle_to("lindau");
    w.lindau.hansa(&["reload"]).must();
    w.acme.ask(COUNT).must();
    w.acme
        .hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    let open = w.lindau.listed("negotiation");
    let name = open.iter().find(|name| **name != w.name).unwrap();
    w.lindau
        .hansa(&["contract", "export", name, "--output", "n.draft"])
        .must();
    w.signs(&WITH).must();
    let attach = ["contract", "attach", name, "n.draft.signed"];
    w.lindau.hansa(&attach).refused("MANDATE_REVOKED", 6);
    // Another mandate of the same key counts.
    w.mandate(&w.kid, "lindau", &FAR).must();
    w.signs(&WITH).must();
    w.lindau.hansa(&attach).must();

    let judged = |more: &[&str]| {
        let files = ["lindau.example.bundle", "acme.example.bundle"];
        verify(export_folder, &[&["check"][..], more, &files[..]].concat())
    };
    let late = w.path("late.json");
    let exported = |file: &str| {
        let args = ["league", "export", "--dir", "league", "--output", file];
        w.league.hansa(&args).must();
    };
    exported(&late);
    let (report, status) = judged(&["--trust", &late]);
    assert_eq!(status, 0, "{report:#}");
    // It was in other hands before the contract was concluded.
    revokes(&["--since", "2026-01-01T00:00:00Z"]).must();
    exported(&late);
    let (report, status) = judged(&["--trust", &late]);
    assert_ne!(status, 0, "{report:#}");
    let broken = findings(&report, "broken");
    assert!(
        broken
            .iter()
            .any(|what| what.starts_with("MANDATE_REVOKED")),
        "{report:#}"
    );
    w.league.hand_bundle_to("lindau");
    w.lindau.hansa(&["reload"]).must();
    let show = ["--json", "contract", "show", contract];
    let report = w.lindau.hansa(&show).must().json();
    assert_eq!(report["signatures"][0]["valid"], false, "{report}");
    assert_ne!(text(&report, "state"), "in force", "{report}");
}

/// Both keys sign, and what the city's signature rests on is missing, of another, over, or goes not so far.
fn forged(w: &MandateFixture, contract: &str) {
    w.acme
        .hansa(&["contract", "export", contract, "--output", "contract.json"])
        .must();
    let bytes = std::fs::read(w.acme.folder().join("contract.json")).unwrap();
    let read = envelope::parse_contract(bytes.trim_ascii_end()).unwrap();
    let payload = hansa_proto::contract::to_bytes(&read.agreement);
    let [provider, consumer] = &read.signatures[..] else {
        panic!("two signatures")
    };
    let good = provider.mandate.as_deref().unwrap().mandate.clone();
    let open = |file: &str| FileSigner::open(&w.league.folder().join(file)).unwrap();
    let officer = open("officer.key");
    let entry = |signer: &FileSigner, kind, role, payload: &[u8], mandate: Option<&[u8]>| {
        let header = ProtectedHeader {
            kind,
            role,
            alg: signer.algorithm().as_str(),
            kid: signer.kid(),
            // The league's word on mandates may be of the same second as the first signature.
            issued_at: provider.issued_at + 60,
            seal: None,
            mandate,
        }
        .to_base64url();
        let signature = signer.sign(&envelope::signing_input(&header, payload));
        (header, signature.unwrap())
    };
    let theirs = entry(
        &open("acme/keys/signing.key"),
        StatementKind::Agreement,
        SignatoryRole::Consumer,
        &payload,
        None,
    );
    assert_eq!(theirs.1.len(), consumer.signature.len());
    let judged = |mandate: Option<&[u8]>| {
        let ours = entry(
            &officer,
            StatementKind::Agreement,
            SignatoryRole::Provider,
            &payload,
            mandate,
        );
        let whole = assemble_statement(&payload, &[ours, theirs.clone()]);
        std::fs::write(w.acme.folder().join("forged.json"), whole).unwrap();
        w.acme.hansa(&["contract", "verify", "forged.json"])
    };
    let stated = |mandate: &Mandate, by: &FileSigner| {
        let payload = statement::to_bytes(mandate);
        assemble_statement(
            &payload,
            &[entry(
                by,
                StatementKind::Mandate,
                SignatoryRole::Provider,
                &payload,
                None,
            )],
        )
    };
    let city = open("lindau/keys/signing.key");
    judged(Some(&stated(&good, &city))).must();
    judged(None).refused("MANDATE_MISSING", 6);
    let past: UtcTimestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    for (mandate, code) in [
        (
            Mandate {
                up_to: DisclosureClass::Aggregate,
                ..good.clone()
            },
            "MANDATE_EXCEEDED",
        ),
        (
            Mandate {
                longest_days: 1,
                ..good.clone()
            },
            "MANDATE_EXCEEDED",
        ),
        (
            Mandate {
                holder: city.kid().to_owned(),
                ..good.clone()
            },
            "MANDATE_EXCEEDED",
        ),
        (
            Mandate {
                participant: "acme.example".parse().unwrap(),
                ..good.clone()
            },
            "MANDATE_EXCEEDED",
        ),
        (
            Mandate {
                not_before: past,
                not_after: past.plus_micros(1),
                ..good.clone()
            },
            "MANDATE_EXPIRED",
        ),
    ] {
        judged(Some(&stated(&mandate, &city))).refused(code, 6);
    }
    // By the officer itself, and by the other side.
    judged(Some(&stated(&good, &officer))).refused("MANDATE_EXCEEDED", 6);
    let acme = open("acme/keys/signing.key");
    judged(Some(&stated(&good, &acme))).refused("SIGNER_NOT_PARTY", 6);
    // Each byte of it.
    let whole = stated(&good, &city);
    for at in (0..whole.len()).step_by(17) {
        let mut bad = whole.clone();
        bad[at] ^= 1;
        let ours = entry(
            &officer,
            StatementKind::Agreement,
            SignatoryRole::Provider,
            &payload,
            Some(&bad),
        );
        let bytes = assemble_statement(&payload, &[ours, theirs.clone()]);
        let bundle = w.acme.folder().join("trust/bundle.json");
        let bundle = hansa_identity::bundle::TrustBundle::open(&bundle).unwrap();
        let at_time = UtcTimestamp::from_micros((provider.issued_at + 1) * 1_000_000).unwrap();
        let judged = envelope::parse_contract(&bytes)
            .and_then(|signed| signed.verify(&bundle.keys(at_time)).map(|_| ()));
        assert!(judged.is_err(), "byte {at}");
    }
}
