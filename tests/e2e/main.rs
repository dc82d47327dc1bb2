//! Whole participants as processes of the real binary: real TLS, real files, killed without warning.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "tests"
)]

mod attacks;
mod auditor;
mod backup;
mod bicycle_counts;
#[path = "../repo-checks/cannot.rs"]
mod cannot;
mod certificate_seals;
mod clause_comments;
mod clients;
mod clock;
mod command_exit;
mod command_status;
mod concurrent_commands;
mod config_commands;
mod conformance;
mod console;
mod console_ask;
mod console_browser;
mod console_catalog;
mod console_datasets;
mod console_evidence;
mod console_oidc;
mod console_operations;
mod console_policies;
mod console_views;
mod continuation;
mod contract_life;
mod contract_list;
mod contract_renewal;
mod contract_requests;
mod covered_days;
mod crash;
mod damaged_files;
mod data_flow;
mod dataset_kinds;
mod dataset_quality;
mod dataspace_kit;
mod decimals;
mod deletion_statement;
mod demo;
mod doctor;
mod eclipse_connector;
mod ended_offers;
mod erasure;
mod expiry_notices;
mod faults;
mod federation;
mod file_access;
mod first_steps;
mod forked_log;
mod full_disk;
mod geojson_sources;
mod groups;
mod guides;
mod http_interface;
mod http_peer;
mod idle_connections;
mod in_place;
mod incidents;
mod later_withdrawal;
mod league_joining;
mod league_membership;
mod local_days;
mod log_archive;
mod log_tampering;
mod mandates;
mod memory_limits;
mod missing_participants;
mod monitoring;
mod named_contracts;
mod office_files;
mod offline_signing;
mod open_data;
mod overlapping_contracts;
mod participants_in_one_process;
mod partner;
mod permitted_view;
mod portal;
mod prepaid;
mod private_joins;
mod program_replacement;
mod programs_without_connector;
mod provenance;
mod publish;
mod published_lists;
mod quarter;
mod quota;
mod read_only_commands;
mod resources;
mod restrictions;
mod retention;
mod rulebook;
mod running_answers;
mod scenarios;
mod shutdown;
mod signed_page;
mod source_content;
mod sql_allowlist;
mod sql_session;
mod templates;
mod terms;
mod time_stamps;
mod too_many_connections;
mod tpch;
mod traces;
mod two_officers;
mod untrusted_text;
mod withdrawal_load;
mod withheld_groups;
mod witnesses;
mod workers;
mod wrong_input;

use std::path::Path;

/// The binary that cargo built for this run.
fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_hansa"))
}

/// Here lies what the unit tests of these packages can't see: they themselves.
#[test]
fn there_is_no_way_around_keys_and_wire() {
    cannot::attempts("hansa_identity", &["hansa_policy", "hansa_audit_log"]);
    cannot::attempts(
        "hansa_transport",
        &["hansa_proto", "hansa_policy", "hansa_audit_log"],
    );
}
