//! What takes more than one question: another grid, another city, another snapshot.

use crate::attacks::AttackVerdict;
use crate::attacks::world::SqlAttackFederation;
use hansa_policy::contract::Agreement;
use hansa_policy::id::ClauseId;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::time::TimeBucketWidth;
use hansa_proto::peer::message::MessageContent;
use hansa_test_support::workflow::PURPOSE;

/// Proposes the contract on `ga` with quarter-hours, to the provider itself; the own connector would not send it.
pub(super) fn shifted(federation: &SqlAttackFederation) -> AttackVerdict {
    let mut agreement = federation.agreement("cells_a");
    for clause in &mut agreement.clauses {
        if let Term::TimeBucket { bucket, .. } = &mut clause.term {
            *bucket = TimeBucketWidth::QuarterHour;
        }
    }
    agreement.uid = "urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77".to_owned();
    let done = federation.attacker.send_message(MessageContent::Request {
        negotiation: "n-shifted".to_owned(),
        dataset: agreement.dataset.id.clone(),
        offer: None,
        payload: hansa_proto::contract::to_bytes(&agreement).into(),
    });
    match done {
        Err(refusal) if refusal.code == ErrorCode::GridConflict => {}
        other => return Err(format!("proposed: {other:?}")),
    }
    // The provider itself can't offer it either, in the words of a policy.
    federation.lindau.write(
        "policies/shifted.toml",
        "title = \"shifted\"\naggregate = { by = [\"district\", \"started_at\"], functions = [\"sum\"], measures = [\"fare\"], bucket = \"quarter-hour\", min_contributors = 10 }\nvalid = { from = 2026-01-01, until = 2029-12-31 }\n",
    );
    let output = federation.lindau.hansa(&[
        "policy",
        "check",
        "policies/shifted.toml",
        "--dataset",
        "cells_a",
    ]);
    match output.status != Some(0) && output.err.contains("GRID_CONFLICT") {
        true => Ok("GRID_CONFLICT, proposed and offered".to_owned()),
        false => Err(format!("{output:?}")),
    }
}

/// Proposes contracts beside the one on `ga` whose groups, or rows, could be taken from its groups; the own connector would not
/// send them.
pub(super) fn beside(federation: &SqlAttackFederation) -> AttackVerdict {
    type Change = fn(&mut Agreement);
    let changes: [(&str, Change); 5] = [
        ("a day in the place of an hour", |a| {
            for clause in &mut a.clauses {
                if let Term::TimeBucket { bucket, .. } = &mut clause.term {
                    *bucket = TimeBucketWidth::Day;
                }
            }
        }),
        ("districts alone", |a| {
            a.clauses
                .retain(|clause| !matches!(clause.term, Term::TimeBucket { .. }));
            by(a, &["district"]);
        }),
        ("hours alone, which cut through", |a| by(a, &["started_at"])),
        ("longer trips alone", |a| {
            let filter = hansa_policy::row_filter::parse_row_filter("duration_s > 60").unwrap();
            also(a, Term::Rows(filter));
        }),
        ("rows of longer trips", |a| {
            a.clauses.retain(|clause| {
                !clause.term.limits_to_aggregates()
                    && !matches!(clause.term, Term::TimeBucket { .. })
            });
            let filter = hansa_policy::row_filter::parse_row_filter("duration_s > 60").unwrap();
            let shown = ["device_id", "district", "started_at", "duration_s", "fare"];
            let shown = shown.map(|name| name.parse().unwrap());
            also(a, Term::Columns(shown.to_vec()));
            also(a, Term::Rows(filter));
        }),
    ];
    for (number, (what, change)) in (1_u8..).zip(changes) {
        let mut agreement = federation.agreement("cells_a");
        agreement.uid = format!("urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2c{number:02x}");
        change(&mut agreement);
        let done = federation.attacker.send_message(MessageContent::Request {
            negotiation: format!("n-beside-{number}"),
            dataset: agreement.dataset.id.clone(),
            offer: None,
            payload: hansa_proto::contract::to_bytes(&agreement).into(),
        });
        match done {
            Err(refusal) if refusal.code == ErrorCode::CombinedDisclosure => {}
            other => return Err(format!("{what}: {other:?}")),
        }
    }
    Ok("5 proposals: COMBINED_DISCLOSURE".to_owned())
}

fn by(agreement: &mut Agreement, dimensions: &[&str]) {
    for clause in &mut agreement.clauses {
        if let Term::Dimensions(list) = &mut clause.term {
            *list = dimensions
                .iter()
                .map(|name| name.parse().unwrap())
                .collect();
        }
    }
}

fn also(agreement: &mut Agreement, term: Term) {
    let numbers = agreement.clauses.iter().map(|clause| clause.id.0);
    let next = numbers.max().unwrap_or_default() + 1;
    agreement.clauses.push(Clause {
        id: ClauseId(next),
        term,
    });
}

/// Asks one question of two cities: in one of them the cell has enough devices, in the other three.
pub(super) fn split(federation: &SqlAttackFederation) -> AttackVerdict {
    let part = |city: &str| {
        format!(
            "SELECT sum(duration_s) AS s, count(*) AS n FROM {city} WHERE district = 'B' AND started_at < TIMESTAMP '2026-05-04 11:00:00Z'"
        )
    };
    let both = format!(
        "{} UNION ALL {}",
        part("lindau.cells_a"),
        part("speyer.cells_a")
    );
    let sql = format!("SELECT sum(s) AS s, sum(n) AS n FROM ({both}) AS parts");
    let done = federation
        .acme
        .hansa(&["--json", "sql", &sql, "--purpose", PURPOSE]);
    if done.status != Some(0) {
        return Err(done.err);
    }
    // Speyer has twelve devices of a minute each and a bit; Lindau's three are not there.
    let row = &done.lines()[0];
    match (row["s"].as_i64(), row["n"].as_i64()) {
        (Some(786), Some(12)) => Ok("only the other city's cell".to_owned()),
        found => Err(format!("{found:?} instead of 786 of 12")),
    }
}
