//! Regulation (EU) 2023/2854 (Data Act), Articles 33 and 36.

use crate::conformance::participant_facts::ParticipantFact as Fact;
use crate::conformance::{ArticleRequirement, ConformancePage, RequirementCoverage};

/// Article 33: essential requirements on the interoperability of data, of data sharing mechanisms and services, and of common
/// European data spaces.
pub(super) const ARTICLE_33: ConformancePage = ConformancePage {
    name: "data-act-33",
    title: "Data Act, Article 33: interoperability of data and of data sharing",
    preface: &[
        "Regulation (EU) 2023/2854, Article 33. Its requirements bind participants of a data space that offer data or data services to other participants, each for what it controls. Harmonised standards give a presumption of conformity once they are in the Official Journal (paragraph 4); the draft for it is prEN 18235-3.",
    ],
    requirements: &[
        ArticleRequirement {
            reference: "33(1)(a), content and licence",
            requirement: "Describe content, use restrictions and licence so that recipients can find, access and use the data, machine-readable where applicable.",
            coverage: RequirementCoverage::Met,
            measure: "A dataset needs a title and a licence to be published; its entry has types, units, period and area. Use restrictions are the clauses of an offer in ODRL, with a sentence in three languages. Each entry and offer is also JSON.",
            commands: &[
                "hansa catalog show munster.bike_counts",
                "hansa catalog search bicycle counts",
                "hansa policy terms",
            ],
            tests: &[
                "hansa_proto::odrl::tests::every_term_survives_the_round_trip",
                "e2e::provenance::an_answer_names_its_sources_in_every_format",
            ],
            facts: &[Fact::Datasets, Fact::Licences, Fact::Offers],
        },
        ArticleRequirement {
            reference: "33(1)(a), collection, quality, uncertainty",
            requirement: "Describe how the data were collected, how good they are and how uncertain.",
            coverage: RequirementCoverage::Met,
            measure: "`collection_method`, `quality`, `uncertainty` and `kind` of a dataset, and `uncertainty` of a column. They travel with the catalogue entry, to those alone who may see it. They are optional, and the facts name the datasets that lack them.",
            commands: &[
                "hansa dataset show bike_counts",
                "hansa --json catalog show munster.bike_counts",
                "hansa config reference",
            ],
            tests: &[
                "e2e::dataset_quality::a_description_reaches_those_with_an_offer_and_nobody_else",
                "e2e::dataset_kinds::a_forecast_is_never_taken_for_a_measurement",
            ],
            facts: &[
                Fact::CollectionMethods,
                Fact::Quality,
                Fact::Uncertainty,
                Fact::Kinds,
            ],
        },
        ArticleRequirement {
            reference: "33(1)(b)",
            requirement: "Describe structures, formats, vocabularies, classifications and code lists in public and in one consistent way, where they exist.",
            coverage: RequirementCoverage::Partial,
            measure: "Columns have one of six types, UCUM units, a coordinate reference system and a meaning. Purposes come from the DPV, sectors from NACE, regions from NUTS. Shared schemas are models. A dataset that its owner opens to the web is described to everybody, in DCAT-AP with these words. What is not public: an entry that is not opened is shown to members of the league only, and only as far as their offers go.",
            commands: &[
                "hansa model show bicycle_counts",
                "hansa policy terms",
                "hansa catalog list",
            ],
            tests: &[
                "e2e::federation::one_question_over_three_cities_gives_the_pooled_figures",
                "e2e::published_lists::rows_of_a_published_area_with_levels_of_a_published_table",
                "e2e::portal::portals_read_what_is_open_in_their_words",
            ],
            facts: &[Fact::Models, Fact::ColumnMeanings],
        },
        ArticleRequirement {
            reference: "33(1)(c), means of access",
            requirement: "Describe the technical means of access and their terms of use well enough for automatic access: continuous, in bulk or in real time.",
            coverage: RequirementCoverage::Met,
            measure: "One protocol (gRPC and Arrow Flight) with its definition in `proto`; answers as Arrow, Parquet, CSV and JSON; whole datasets with `get`, new rows with `--since` and `--follow`. The terms of use are the contract.",
            commands: &[
                "hansa get munster.bike_counts -o bikes.parquet",
                "hansa explain \"SELECT count(*) FROM munster.bike_counts\"",
                "hansa contract show 7f3a",
            ],
            tests: &[
                "e2e::continuation::deliveries_together_are_the_whole_answer",
                "e2e::continuation::a_question_is_followed_until_its_contract_is_withdrawn",
            ],
            facts: &[Fact::Access],
        },
        ArticleRequirement {
            reference: "33(1)(c), quality of service",
            requirement: "Describe the quality of service of the means of access.",
            coverage: RequirementCoverage::Met,
            measure: "`service_level` of a dataset says it in the catalogue; the term `service` promises availability and response time in a contract, where it is recorded and not enforced. Metrics measure what was delivered.",
            commands: &["hansa dataset show bike_counts", "hansa policy terms"],
            tests: &[
                "e2e::dataset_quality::a_description_reaches_those_with_an_offer_and_nobody_else",
                "e2e::monitoring::metrics_follow_what_happens",
            ],
            facts: &[Fact::ServiceLevels, Fact::Monitoring],
        },
        ArticleRequirement {
            reference: "33(1)(d)",
            requirement: "Provide the means by which tools that execute data sharing agreements automatically can work together, where applicable.",
            coverage: RequirementCoverage::Met,
            measure: "A contract is one canonical JSON payload with both signatures (JWS) and clauses in ODRL 2.2 with a published profile; any program can verify an exported one. Connectors of other makes negotiate and pull data by the Dataspace Protocol 2025-1, and control planes have data given by Data Plane Signaling 1.0-RC3.",
            commands: &[
                "hansa contract export 7f3a --output bikes.contract",
                "hansa contract verify bikes.contract",
                "hansa partner list",
            ],
            tests: &[
                "e2e::partner::a_partner_negotiates_and_pulls_what_its_contract_permits",
                "e2e::data_flow::a_control_plane_has_data_given_under_its_agreements",
                "hansa_proto::contract::tests::an_agreement_survives_the_round_trip",
                "e2e::contract_life::a_contract_is_made_used_and_kept_by_both",
            ],
            facts: &[Fact::Contracts],
        },
    ],
    limits: &[
        "Not met: publication of each entry to everybody (33(1)(b)). Partners of the Dataspace Protocol are known by a token: the Decentralized Claims Protocol is not spoken. Whether a description is true, nobody checks.",
    ],
};

/// Article 36: essential requirements on smart contracts that execute data sharing agreements.
pub(super) const ARTICLE_36: ConformancePage = ConformancePage {
    name: "data-act-36",
    title: "Data Act, Article 36: smart contracts that execute data sharing agreements",
    preface: &[
        "Regulation (EU) 2023/2854, Article 36. It binds the vendor of an application that uses smart contracts, or who deploys them for others. A smart contract is a program that executes an agreement automatically over a sequence of electronic records whose integrity and order are assured (Article 2(39)). A contract of Hansa with the connector that executes it, and the audit log, can be one. The Digital Omnibus of November 2025 proposes to delete the article.",
    ],
    requirements: &[
        ArticleRequirement {
            reference: "36(1)(a)",
            requirement: "Robustness and access control: withstand functional errors and manipulation by third parties.",
            coverage: RequirementCoverage::Met,
            measure: "The vocabulary of terms is closed, and what is not understood refuses. A contract is checked against both signatures wherever it is read. Attacks, crashes and full disks are tests.",
            commands: &[
                "hansa contract verify bikes.contract",
                "hansa doctor",
                "hansa audit verify",
            ],
            tests: &[
                "hansa_policy::decision::tests::an_error_in_any_term_refuses",
                "e2e::attacks::each_attack_comes_to_what_the_list_says",
                "e2e::crash::no_budget_is_exceeded_by_kills",
            ],
            facts: &[Fact::Readiness, Fact::Clauses],
        },
        ArticleRequirement {
            reference: "36(1)(b)",
            requirement: "Safe termination and interruption: a mechanism ends the continued execution, and functions reset or stop it, so that nothing is executed by accident.",
            coverage: RequirementCoverage::Met,
            measure: "Either party withdraws by a signed statement; running answers are cut at once, and no permit stands behind the withdrawal in the log. A restriction, an expulsion, a changed group and the end of the term stop, too. A contract can't be reset to an earlier state; it is amended by a new one.",
            commands: &[
                "hansa contract withdraw 7f3a --reason \"the project is over\"",
                "hansa dataset restrict bike_counts --policy pause.toml",
                "hansa contract list",
            ],
            tests: &[
                "e2e::contract_life::a_withdrawal_cuts_a_running_stream",
                "hansa_node::participant::tests::stop_race::no_permit_stands_behind_a_withdrawal",
                "e2e::clock::a_contract_ends_under_a_running_stream",
            ],
            facts: &[
                Fact::RunningAnswers,
                Fact::EndedContracts,
                Fact::Restrictions,
                Fact::Validity,
            ],
        },
        ArticleRequirement {
            reference: "36(1)(c)",
            requirement: "Data archiving and continuity: when it ends, the transaction data, the logic and the code can be archived, so that past operations on the data can be audited.",
            coverage: RequirementCoverage::Partial,
            measure: "Contracts, receipts and the log stay after the end; an export is judged offline by `hansa-verify`; full files of the log move to an archive; decisions expire by the retention that is configured. The code is not in the archive: keep the package of the version that ran.",
            commands: &[
                "hansa audit export --output evidence.hansa",
                "hansa audit archive --keep 4",
                "hansa backup munster-2026-11-20.hansa",
            ],
            tests: &[
                "e2e::auditor::two_files_say_who_got_what_under_which_contract",
                "e2e::log_archive::an_archived_log_goes_on_and_says_what_is_missing",
                "e2e::backup::a_copy_is_made_while_serving_and_put_back",
            ],
            facts: &[Fact::Log, Fact::Archive, Fact::Retention, Fact::Version],
        },
        ArticleRequirement {
            reference: "36(1)(d)",
            requirement: "Access control: rigorous access control at the layers of governance and of the smart contract.",
            coverage: RequirementCoverage::Met,
            measure: "Governance: the league admits participants and keys; mandates limit who signs; officers are Unix users, and what permits more needs two where that is configured. Contract: a peer is identified at each request, and without a contract in force it gets nothing.",
            commands: &[
                "hansa league list --dir league",
                "hansa peer list",
                "hansa status",
            ],
            tests: &[
                "hansa_transport::peer::tests::authentication::a_member_is_asked_anew_at_every_request",
                "e2e::two_officers::what_lets_out_more_needs_two_persons",
                "e2e::mandates::a_signature_is_good_within_its_mandate_alone",
            ],
            facts: &[Fact::Officers, Fact::SigningKey, Fact::Membership],
        },
        ArticleRequirement {
            reference: "36(1)(e)",
            requirement: "Consistency with the terms of the agreement that it executes.",
            coverage: RequirementCoverage::Met,
            measure: "The clauses that run are the signed ones: the page that people sign is made from them, and its digest is part of what they sign. What is agreed and not executed stands under a heading of its own. `simulate` runs the code that answers.",
            commands: &[
                "hansa contract show 7f3a",
                "hansa simulate --as hansa://firm.example --purpose mobility-research \"SELECT * FROM bike_counts\"",
                "hansa policy diff old.toml new.toml",
            ],
            tests: &[
                "hansa_proto::contract::tests::what_was_shown_is_what_was_signed",
                "e2e::signed_page::the_page_that_both_see_is_the_page_that_both_sign",
                "e2e::terms::what_is_simulated_is_what_is_answered_and_costs_nothing",
            ],
            facts: &[Fact::Clauses, Fact::Contracts],
        },
        ArticleRequirement {
            reference: "36(2) and (3)",
            requirement: "Assess the conformity, issue an EU declaration of conformity, and answer for it.",
            coverage: RequirementCoverage::Outside,
            measure: "The vendor or deployer does this. This page, the tests that it names and an exported log are material for it.",
            commands: &[
                "hansa conformance --article data-act-36",
                "hansa audit export --output evidence.hansa",
            ],
            tests: &["e2e::conformance::each_fact_follows_the_participant"],
            facts: &[Fact::Version],
        },
    ],
    limits: &[
        "Not met: the archive holds no code of the connector (36(1)(c)); there is no declaration of conformity (36(2)). Terms that are recorded and not executed, such as deletion by the recipient, depend on the recipient.",
    ],
};
