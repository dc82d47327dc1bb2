//! Regulation (EU) 2016/679 (GDPR), Article 30: records of processing activities.

use crate::conformance::participant_facts::ParticipantFact as Fact;
use crate::conformance::{ArticleRequirement, ConformancePage, RequirementCoverage};

/// The fields of Article 30(1), and the form of the record.
pub(super) const GDPR_30: ConformancePage = ConformancePage {
    name: "gdpr-30",
    title: "GDPR, Article 30: records of processing activities",
    preface: &[
        "Regulation (EU) 2016/679, Article 30. `hansa audit processing` writes the part of the record that the connector knows: disclosures under contracts, and data received under them. It takes the participant for the controller; where it is a processor, paragraph 2 applies. Processing before publication and after receipt is not in it.",
    ],
    requirements: &[
        ArticleRequirement {
            reference: "30(1)(a)",
            requirement: "Name and contact of the controller, and of joint controllers, representative and data protection officer where there are any.",
            coverage: RequirementCoverage::Partial,
            measure: "`name`, `contact`, `data_protection_officer` and `representative` of `[participant]`. What is not stated is called so, with the key to set. Joint controllers are not configured.",
            commands: &["hansa audit processing --format md"],
            tests: &[
                "e2e::conformance::the_record_of_processing_names_what_is_stated_and_what_is_not",
            ],
            facts: &[Fact::Contact, Fact::DataProtectionOfficer],
        },
        ArticleRequirement {
            reference: "30(1)(b)",
            requirement: "Purposes of the processing.",
            coverage: RequirementCoverage::Met,
            measure: "The purposes that a contract permits, as the DPV or the participant names them; a question for another purpose is refused. The legal basis, where the contract states it.",
            commands: &["hansa audit processing", "hansa contract show 7f3a"],
            tests: &[
                "e2e::incidents::the_log_says_who_is_concerned",
                "e2e::wrong_input::questions::a_question_that_cannot_be_answered_says_why",
            ],
            facts: &[Fact::PersonalContracts, Fact::LegalBases],
        },
        ArticleRequirement {
            reference: "30(1)(c)",
            requirement: "Categories of data subjects and of personal data.",
            coverage: RequirementCoverage::Partial,
            measure: "The columns that are marked personal and that the contract shows, and which of them it replaces; `data_subjects` of a dataset. Of received data the provider's catalogue knows the columns.",
            commands: &[
                "hansa audit processing --format csv",
                "hansa dataset show bike_counts",
            ],
            tests: &[
                "e2e::conformance::the_record_of_processing_names_what_is_stated_and_what_is_not",
                "hansa_catalog::entry_redaction::tests::columns_of_a_contract_are_those_that_it_shows_and_replaces",
            ],
            facts: &[Fact::PersonalDatasets],
        },
        ArticleRequirement {
            reference: "30(1)(d)",
            requirement: "Categories of recipients.",
            coverage: RequirementCoverage::Met,
            measure: "Each contract names its recipient, with the answers and rows that it got; a public view goes to every participant of the league.",
            commands: &["hansa audit recipients bikes", "hansa audit processing"],
            tests: &["e2e::incidents::the_log_says_who_is_concerned"],
            facts: &[Fact::PersonalContracts],
        },
        ArticleRequirement {
            reference: "30(1)(e)",
            requirement: "Transfers to third countries, with the country and the safeguards.",
            coverage: RequirementCoverage::Partial,
            measure: "A clause on the region refuses recipients that show no credential for it, and stands in the record. Where there is none, the record says that the place of the recipient is not stated.",
            commands: &["hansa audit processing", "hansa policy terms"],
            tests: &[
                "e2e::conformance::the_record_of_processing_names_what_is_stated_and_what_is_not",
                "hansa_policy::term::region::tests::a_region_is_shown_by_a_credential_or_refused",
            ],
            facts: &[Fact::RegionClauses],
        },
        ArticleRequirement {
            reference: "30(1)(f)",
            requirement: "Time limits for erasure, where possible.",
            coverage: RequirementCoverage::Met,
            measure: "The deletion that the contract asks of the recipient, and here: how long decisions, texts of questions and old snapshots are kept.",
            commands: &[
                "hansa audit processing",
                "hansa audit erase 019ab2 --ground request",
            ],
            tests: &[
                "hansa_audit_store::report_table::tests::the_record_of_processing_says_what_is_not_stated",
                "e2e::erasure::nobody_can_tell_who_asked_once_that_is_erased",
                "e2e::deletion_statement::what_is_not_stated_in_time_stops_questions_until_it_is",
            ],
            facts: &[Fact::Retention, Fact::DeletionDuties],
        },
        ArticleRequirement {
            reference: "30(1)(g)",
            requirement: "General description of the technical and organisational security measures (Article 32(1)), where possible.",
            coverage: RequirementCoverage::Partial,
            measure: "The clauses of the contract that change or restrict what leaves, and what holds for all. Organisational measures are the participant's.",
            commands: &[
                "hansa audit processing",
                "hansa conformance --article nis2-mim6",
            ],
            tests: &[
                "e2e::conformance::the_record_of_processing_names_what_is_stated_and_what_is_not",
            ],
            facts: &[Fact::Clauses, Fact::Officers],
        },
        ArticleRequirement {
            reference: "30(3) and (4)",
            requirement: "Keep the record in writing, electronic form included, and give it to the supervisory authority on request.",
            coverage: RequirementCoverage::Met,
            measure: "The record is made from the log and the contracts when it is asked for: Markdown, CSV or JSON.",
            commands: &[
                "hansa audit processing --format json",
                "hansa audit processing --output processing.csv",
            ],
            tests: &[
                "e2e::conformance::the_record_of_processing_names_what_is_stated_and_what_is_not",
            ],
            facts: &[Fact::Log],
        },
    ],
    limits: &[
        "Not met: joint controllers (30(1)(a)), columns of received data (30(1)(c)), the country of a recipient without a clause on the region (30(1)(e)), and all processing outside the connector.",
    ],
};
