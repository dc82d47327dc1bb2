//! prEN 18235-3, Trusted data transactions, Part 3: Interoperability requirements (CEN/CLC/JTC 25, public enquiry 2026).

use crate::conformance::participant_facts::ParticipantFact as Fact;
use crate::conformance::{ArticleRequirement, ConformancePage, RequirementCoverage};

/// The four subjects of its scope, with the fields for each dataset.
pub(super) const PREN_18235_3: ConformancePage = ConformancePage {
    name: "pren-18235-3",
    title: "prEN 18235-3: interoperability requirements for trusted data transactions",
    preface: &[
        "prEN 18235-3 is a draft of CEN/CLC/JTC 25, in public enquiry from June to August 2026. Its scope has four subjects, those of Article 33(1)(a) to (d) of Regulation (EU) 2023/2854. The rows follow that scope, which is public; the clauses of the draft are not reproduced and may change.",
    ],
    requirements: &[
        ArticleRequirement {
            reference: "scope, 1",
            requirement: "Content, use restrictions, licences, collection methodology, quality and uncertainty of a dataset, in machine-readable form.",
            coverage: RequirementCoverage::Met,
            measure: "`title`, `licence`, `attribution`, `kind`, `collection_method`, `quality` and `uncertainty` of `[[dataset]]`, `uncertainty` of a column, and the clauses of offers.",
            commands: &[
                "hansa --json dataset show bike_counts",
                "hansa --json catalog show munster.bike_counts",
                "hansa config reference",
            ],
            tests: &[
                "e2e::dataset_quality::a_description_reaches_those_with_an_offer_and_nobody_else",
                "hansa_proto::dataset::tests::statements_and_saved_queries_are_lines_within_bounds",
            ],
            facts: &[
                Fact::Licences,
                Fact::CollectionMethods,
                Fact::Quality,
                Fact::Uncertainty,
                Fact::Kinds,
            ],
        },
        ArticleRequirement {
            reference: "scope, 2",
            requirement: "Data structures, formats, vocabularies, classification schemes, taxonomies and code lists, described in public and consistently.",
            coverage: RequirementCoverage::Partial,
            measure: "Models give several participants one schema, checked at publication; units are UCUM, purposes DPV, sectors NACE, regions NUTS; published lists are named by digest. What its owner opens to the web is described to everybody in DCAT-AP, whose official SHACL shapes it passes; other entries are not public.",
            commands: &["hansa model show bicycle_counts", "hansa policy terms"],
            tests: &[
                "e2e::federation::one_question_over_three_cities_gives_the_pooled_figures",
                "e2e::portal::portals_read_what_is_open_in_their_words",
                "e2e::portal::official_shapes_pass_and_a_harvester_reads_it",
            ],
            facts: &[Fact::Models, Fact::ColumnMeanings],
        },
        ArticleRequirement {
            reference: "scope, 3",
            requirement: "Technical means of access, their terms of use and their quality of service, so that parties access and transmit data automatically.",
            coverage: RequirementCoverage::Met,
            measure: "One protocol with its definition, four formats, bulk and continuous delivery; `service_level` of a dataset; the term `service` of a contract; metrics.",
            commands: &[
                "hansa get munster.bike_counts -o bikes.parquet",
                "hansa dataset show bike_counts",
            ],
            tests: &[
                "e2e::continuation::what_came_since_and_nothing_else",
                "e2e::monitoring::metrics_follow_what_happens",
            ],
            facts: &[Fact::Access, Fact::ServiceLevels, Fact::Monitoring],
        },
        ArticleRequirement {
            reference: "scope, 4",
            requirement: "Means by which tools that execute data sharing contracts automatically work together, where applicable.",
            coverage: RequirementCoverage::Met,
            measure: "Contracts in ODRL 2.2 with both signatures, which other programs can verify; the Dataspace Protocol 2025-1 and Data Plane Signaling 1.0-RC3 with connectors of other makes.",
            commands: &[
                "hansa contract export 7f3a --output bikes.contract",
                "hansa contract verify bikes.contract",
                "hansa partner list",
            ],
            tests: &[
                "e2e::partner::a_partner_negotiates_and_pulls_what_its_contract_permits",
                "e2e::data_flow::a_control_plane_has_data_given_under_its_agreements",
                "hansa_proto::odrl::tests::every_term_survives_the_round_trip",
                "e2e::contract_life::a_contract_is_made_used_and_kept_by_both",
            ],
            facts: &[Fact::Contracts, Fact::Clauses],
        },
    ],
    limits: &[
        "Not met: public descriptions of entries that their owner has not opened (2). Whoever needs the wording buys the draft from a national standards body.",
    ],
};
