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

mod archive;
mod attacks;
mod attest;
mod auditor;
mod beside;
mod bounded;
#[path = "../repo-checks/cannot.rs"]
mod cannot;
mod clients;
mod clock;
mod conformance;
mod copies;
mod counts;
mod covers;
mod crash;
mod damaged;
mod data_flow;
mod dataspace_kit;
mod decimals;
mod demo;
mod described;
mod disk;
mod doctor;
mod eclipse_connector;
mod elsewhere;
mod ended_offers;
mod ending;
mod ends;
mod erasure;
mod evidence;
mod faults;
mod federation;
mod feed;
mod first_steps;
mod foreign;
mod forked;
mod geojson_sources;
mod groups;
mod guards;
mod guides;
mod http_peer;
mod in_place;
mod joining;
mod judged;
mod kept_apart;
mod kinds;
mod lacking;
mod life;
mod listed;
mod local_days;
mod mandates;
mod monitoring;
mod named;
mod notices;
mod officers;
mod open_data;
mod partner;
mod portal;
mod prepaid;
mod private;
mod provenance;
mod publish;
mod published;
mod quarter;
mod quota;
mod ragged;
mod reading;
mod recall;
mod remarks;
mod renewal;
mod replaced;
mod requests;
mod resources;
mod retention;
mod rulebook;
mod scenarios;
mod sealed;
mod session;
mod shown;
mod side_by_side;
mod signed;
mod source_content;
mod strangers;
mod templates;
mod terms;
mod time_stamps;
mod together;
mod too_many_connections;
mod tpch;
mod traces;
mod trust;
mod view;
mod web;
mod withdrawals;
mod withdrawn_later;
mod withheld;
mod without_connector;
mod witnesses;
mod workers;
mod wrong;

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
