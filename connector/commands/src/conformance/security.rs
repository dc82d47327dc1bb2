//! Directive (EU) 2022/2555 (NIS2), Articles 21 and 23, and MIM6 of OASC (Securing Data).

use crate::conformance::participant_facts::ParticipantFact as Fact;
use crate::conformance::{ArticleRequirement, ConformancePage, RequirementCoverage};

/// Measures of Article 21(2), the reports of Article 23, and the requirements of MIM6.
pub(super) const NIS2_MIM6: ConformancePage = ConformancePage {
    name: "nis2-mim6",
    title: "NIS2, Articles 21 and 23, and MIM6: security",
    preface: &[
        "Directive (EU) 2022/2555 binds essential and important entities through national law; the connector is one of their systems. MIM6 (Securing Data) of Open & Agile Smart Cities has six requirements, R1 to R6, which follow controls of ISO/IEC 27001:2022.",
    ],
    requirements: &[
        ArticleRequirement {
            reference: "21(2)(a)",
            requirement: "Policies on risk analysis and on the security of information systems.",
            coverage: RequirementCoverage::Outside,
            measure: "The entity writes them. SECURITY.md says what the connector never gives up and what it does not protect; docs/invariants.md names the test of each promise.",
            commands: &["hansa check"],
            tests: &["e2e::attacks::each_attack_comes_to_what_the_list_says"],
            facts: &[Fact::Contact],
        },
        ArticleRequirement {
            reference: "21(2)(b)",
            requirement: "Incident handling.",
            coverage: RequirementCoverage::Partial,
            measure: "The log says what left under a key or a contract, and which answers used a damaged or withdrawn snapshot; partners notice a forked log, and a signed statement closes it. People decide and act.",
            commands: &[
                "hansa audit breach --contract 7f3a --from 2026-12-01 --to 2026-12-08",
                "hansa audit affected bikes@2026-05-01.1",
                "hansa audit heads",
            ],
            tests: &[
                "e2e::incidents::the_log_says_who_is_concerned",
                "e2e::forked_log::a_copied_folder_is_an_incident_that_its_participant_closes",
            ],
            facts: &[Fact::Incidents, Fact::DamagedSnapshots, Fact::Notices],
        },
        ArticleRequirement {
            reference: "21(2)(c)",
            requirement: "Business continuity: backups, recovery, crisis management.",
            coverage: RequirementCoverage::Partial,
            measure: "Consistent copies while it runs, a rehearsal of each, and restore; a full disk and a crash lose no record. Copies and rehearsals stand in a journal beside the log, not in the log.",
            commands: &[
                "hansa backup munster-2026-11-20.hansa",
                "hansa --config munster restore munster-2026-11-20.hansa --check",
                "hansa backup list",
                "hansa --config munster restore munster-2026-11-20.hansa",
                "hansa audit archive --keep 4",
            ],
            tests: &[
                "e2e::backup::a_copy_is_made_while_serving_and_put_back",
                "e2e::crash::what_was_open_is_closed_as_cut",
                "e2e::full_disk::a_withdrawal_holds_on_a_full_disk",
            ],
            facts: &[Fact::Log, Fact::Archive],
        },
        ArticleRequirement {
            reference: "21(2)(d)",
            requirement: "Security of the supply chain.",
            coverage: RequirementCoverage::Partial,
            measure: "Dependencies are pinned; licences and sources are checked with each change (`deny.toml`). Partners are members of a league whose signed bundle names their keys, and can be expelled.",
            commands: &["hansa league list --dir league", "hansa peer list"],
            tests: &["e2e::league_membership::an_expelled_one_is_cut_and_refused"],
            facts: &[Fact::Membership, Fact::Version],
        },
        ArticleRequirement {
            reference: "21(2)(e)",
            requirement: "Security in acquisition, development and maintenance, with the handling and disclosure of vulnerabilities.",
            coverage: RequirementCoverage::Partial,
            measure: "SECURITY.md says how to report; inputs are fuzzed; no unsafe code. The operator installs updates.",
            commands: &["hansa doctor"],
            tests: &["e2e::sql_allowlist::the_guard_of_sql_bears_everything"],
            facts: &[Fact::Version],
        },
        ArticleRequirement {
            reference: "21(2)(f)",
            requirement: "Procedures that assess whether the measures work.",
            coverage: RequirementCoverage::Partial,
            measure: "The log is verified, snapshots are read to their last byte, receipts of both sides are compared, and an auditor judges an export without trust in the operator.",
            commands: &[
                "hansa audit verify",
                "hansa doctor",
                "hansa audit reconcile munster",
            ],
            tests: &[
                "e2e::auditor::two_files_say_who_got_what_under_which_contract",
                "e2e::damaged_files::a_changed_byte_of_rows_is_never_answered_from",
            ],
            facts: &[Fact::Readiness, Fact::Receipts],
        },
        ArticleRequirement {
            reference: "21(2)(g)",
            requirement: "Basic cyber hygiene and training.",
            coverage: RequirementCoverage::Outside,
            measure: "The entity trains its people. `check` finds settings that are unwise, and `status` says what ends soon.",
            commands: &["hansa check", "hansa status --check"],
            tests: &["e2e::untrusted_text::own_texts_that_are_not_shown_as_they_are_are_reported"],
            facts: &[Fact::Validity],
        },
        ArticleRequirement {
            reference: "21(2)(h), MIM6 R5",
            requirement: "Rules for cryptography and keys, with encryption where appropriate; data that were transmitted have not been altered.",
            coverage: RequirementCoverage::Met,
            measure: "TLS 1.3 on both sides with a preference for hybrid post-quantum key exchange; Ed25519 or P-256 signatures; digests of rows and messages; keys that replace each other without loss of the past. Snapshots on disk are not encrypted by the connector.",
            commands: &[
                "hansa rekey --output munster.example.request",
                "hansa key list",
                "hansa doctor munster",
            ],
            tests: &[
                "e2e::league_membership::certificates_are_renewed_under_a_running_stream",
                "e2e::offline_signing::stolen_key::what_a_stolen_key_concluded_is_void",
                "e2e::contract_life::algorithms::each_side_signs_in_its_own_way",
            ],
            facts: &[Fact::SigningKey, Fact::Validity],
        },
        ArticleRequirement {
            reference: "21(2)(i), MIM6 R1 and R4",
            requirement: "Rules for access control, and for assets; access rights are given, reviewed, changed and taken away.",
            coverage: RequirementCoverage::Partial,
            measure: "Rights are contracts: signed, dated, listed, amended and withdrawn; groups end a right in mid-stream. Officers are Unix users. Physical access, staff and the inventory of assets are the entity's.",
            commands: &[
                "hansa contract list",
                "hansa audit recipients bikes",
                "hansa group list",
            ],
            tests: &[
                "hansa_policy::contract::tests::somebody_elses_contract_looks_like_none",
                "e2e::groups::who_leaves_a_group_is_cut_in_mid_stream",
                "e2e::two_officers::what_lets_out_more_needs_two_persons",
            ],
            facts: &[Fact::Contracts, Fact::Officers],
        },
        ArticleRequirement {
            reference: "21(2)(j), MIM6 R3 and R6",
            requirement: "Multi-factor or continuous authentication, where appropriate, and secured communication; authentication information is managed, and data come from a verified source.",
            coverage: RequirementCoverage::Partial,
            measure: "Machines: certificates on both sides, and each request is checked again against the newest bundle. Files of keys can be read by their user alone. People log in to the operating system, where a second factor belongs; a second officer is a second person.",
            commands: &["hansa doctor munster", "hansa key list"],
            tests: &[
                "hansa_transport::peer::tests::authentication::a_member_is_asked_anew_at_every_request",
                "e2e::wrong_input::expired_certificate::that_of_a_peer_who_calls_gets_an_alert_and_nothing_else",
                "e2e::in_place::database::a_database_is_believed_by_its_certificate_alone",
            ],
            facts: &[Fact::Officers, Fact::Membership],
        },
        ArticleRequirement {
            reference: "MIM6 R2",
            requirement: "The whole life of identities is managed.",
            coverage: RequirementCoverage::Met,
            measure: "A league admits, renews and expels; keys have a history; credentials and mandates are revoked; certificates are short and replaced without a restart.",
            commands: &[
                "hansa league admit munster/munster.example.request --dir league",
                "hansa league expel acme.example --dir league",
                "hansa credential list",
            ],
            tests: &[
                "e2e::league_membership::a_fourth_joins_while_three_run",
                "e2e::league_membership::an_expelled_one_is_cut_and_refused",
                "e2e::league_membership::an_issuer_that_is_dropped_ends_what_it_has_stated",
            ],
            facts: &[Fact::Membership, Fact::Validity],
        },
        ArticleRequirement {
            reference: "23",
            requirement: "Report a significant incident: early warning within 24 hours, notification within 72 hours, final report within a month.",
            coverage: RequirementCoverage::Outside,
            measure: "The entity reports to its CSIRT or authority. The tables of `audit breach`, `recipients` and `affected` say who is concerned and what left; recipients are told by signed messages.",
            commands: &[
                "hansa audit breach --contract 7f3a --from 2026-12-01 --to 2026-12-08",
                "hansa audit recipients bikes",
            ],
            tests: &["e2e::incidents::the_log_says_who_is_concerned"],
            facts: &[Fact::Contact, Fact::Incidents],
        },
    ],
    limits: &[
        "Not done by the connector: risk analysis, training, physical security, a second factor at the login, reports to authorities, encryption of the disk, and a record of backups.",
    ],
};
