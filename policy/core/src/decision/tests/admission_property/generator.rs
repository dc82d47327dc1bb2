//! Random clauses, restrictions and circumstances.

use super::*;

/// Number of kinds of clauses.
pub(super) const KINDS: u8 = 18;

pub(super) fn random_clauses(random: &mut SeededRandom) -> ClauseModel {
    let mut clauses = ClauseModel {
        terms: Vec::new(),
        says: Vec::new(),
    };
    let mut kinds: Vec<u8> = (0..KINDS).collect();
    for _ in 0..within(random, 1, 5) {
        let at = random.draw_below(kinds.len());
        one(kinds.swap_remove(at), &mut clauses, random);
    }
    clauses
}

pub(super) fn one(kind: u8, clauses: &mut ClauseModel, random: &mut SeededRandom) {
    let minute = |random: &mut SeededRandom| within(random, 0, 7 * DAY);
    match kind {
        0 => {
            let from = minute(random);
            clauses.add(Term::NotBefore(at(from)), move |circumstances| {
                when(circumstances.now < from, ErrorCode::NotYetValid)
            });
        }
        1 => {
            let until = minute(random);
            clauses.add(Term::NotAfter(at(until)), move |circumstances| {
                when(circumstances.now >= until, ErrorCode::Expired)
            });
        }
        2 => {
            let days = few(random, 1, 6);
            let since = random.choose_item(&[WindowStart::Activation, WindowStart::FirstUse]);
            clauses.add(
                Term::Lasts(RelativeWindowTerm { days, since }),
                move |circumstances| {
                    let over = |from: TestMinute| circumstances.now >= from + i64::from(days) * DAY;
                    let refuses = match since {
                        WindowStart::Activation => circumstances.activated.is_none_or(over),
                        WindowStart::FirstUse => circumstances.first_use.is_some_and(over),
                    };
                    when(refuses, ErrorCode::Expired)
                },
            );
        }
        3 => {
            let (from, to) = (within(random, 0, 12), within(random, 12, 24));
            let text = format!("Mo-Fr {from:02}:00-{to:02}:00 UTC");
            clauses.add(Term::Hours(text.parse().unwrap()), move |circumstances| {
                let (day, hour) = (circumstances.now / DAY, circumstances.now % DAY / 60);
                when(
                    day > 4 || hour < from || hour >= to,
                    ErrorCode::OutsideHours,
                )
            });
        }
        4 => {
            let list =
                random.choose_item(&[&["dpv:Research"][..], &["dpv:Academic", "dpv:Marketing"]]);
            clauses.add(Term::Purpose(parse_purposes(list)), move |circumstances| {
                match circumstances.purpose {
                    None => Some(ErrorCode::PurposeMissing),
                    Some(asked) => {
                        let covered = list.iter().any(|wide| below(wide, asked));
                        when(!covered, ErrorCode::PurposeNotCovered)
                    }
                }
            });
        }
        5 => {
            let not = random.choose_item(&PURPOSES[1..]);
            clauses.add(
                Term::PurposeNot(parse_purposes(&[not])),
                move |circumstances| match circumstances.purpose {
                    None => Some(ErrorCode::PurposeMissing),
                    Some(asked) => {
                        let touches = below(not, asked) || below(asked, not);
                        when(touches, ErrorCode::PurposeNotCovered)
                    }
                },
            );
        }
        6 => {
            let sector = random.choose_item(&["nace:H49", "nace:O84"]);
            clauses.add(
                Term::Sector(vec![sector.parse().unwrap()]),
                move |circumstances| {
                    let holds = circumstances
                        .sector
                        .is_some_and(|held| held.starts_with(sector));
                    when(!holds, ErrorCode::SectorNotAttested)
                },
            );
        }
        7 => clauses.add(Term::Region("DE".parse().unwrap()), |circumstances| {
            let inside = circumstances
                .region
                .is_some_and(|held| held.starts_with("DE"));
            when(!inside, ErrorCode::PlaceNotAllowed)
        }),
        8 => clauses.add(
            Term::Networks(vec!["10.20.0.0/16".parse().unwrap()]),
            |circumstances| {
                let inside = circumstances
                    .address
                    .is_some_and(|address| address.starts_with("10.20."));
                when(!inside, ErrorCode::PlaceNotAllowed)
            },
        ),
        9 => {
            let most = few(random, 1, 4);
            clauses.add(Term::Concurrent(most), move |circumstances| {
                when(
                    circumstances.running >= u64::from(most),
                    ErrorCode::TooManyStreams,
                )
            });
        }
        10 => {
            let most = few(random, 0, 4);
            clauses.add(Term::Receipts(most), move |circumstances| {
                when(
                    circumstances.outstanding > u64::from(most),
                    ErrorCode::ReceiptOverdue,
                )
            });
        }
        11 => {
            clauses.terms.push(Term::DeleteAfter { days: 30 });
            clauses.add(Term::Attest { days: 30 }, |circumstances| {
                when(circumstances.owed > 0, ErrorCode::AttestationOverdue)
            });
        }
        12 => {
            let most = count(random, 1, 5);
            clauses.add(Term::Queries(quota(most)), move |circumstances| {
                when(circumstances.spent >= most, ErrorCode::QuotaQueries)
            });
        }
        13 if !clauses.list_columns() => {
            let list = random.choose_item(&[&["site"][..], &["site", "bikes"]]);
            clauses.add(Term::Columns(parse_names(list)), move |circumstances| {
                when(
                    !list.contains(&circumstances.column),
                    ErrorCode::ColumnUnknown,
                )
            });
        }
        13 => {}
        15 => {
            let not = random.choose_item(&PURPOSES[1..]);
            let (from, until) = (within(random, 0, 4 * DAY), within(random, 4 * DAY, 7 * DAY));
            let by_network = odds(random, 50);
            let networks = by_network.then(|| vec!["10.20.0.0/16".parse().unwrap()]);
            let one = ProhibitionTerm {
                action: ProhibitedAction::Use,
                part: None,
                condition: ProhibitionCondition {
                    purpose: Some(parse_purposes(&[not])),
                    from: Some(at(from)),
                    until: Some(at(until)),
                    hours: None,
                    networks,
                },
            };
            clauses.add(Term::from(one), move |circumstances| {
                let purpose = circumstances
                    .purpose
                    .is_none_or(|asked| below(not, asked) || below(asked, not));
                let there = circumstances
                    .address
                    .is_none_or(|address| address.starts_with("10.20."));
                let now = (from..until).contains(&circumstances.now);
                let holds = purpose && now && (there || !by_network);
                holds.then_some(ErrorCode::Prohibited)
            });
        }
        16 => {
            let one = ProhibitionTerm {
                action: ProhibitedAction::Query,
                part: Some(ProhibitedPart::Columns(parse_names(&["site"]))),
                condition: ProhibitionCondition::ALWAYS,
            };
            clauses.add(Term::from(one), |circumstances| {
                when(circumstances.column == "site", ErrorCode::ColumnUnknown)
            });
        }
        // For a program, the missing clause refuses.
        17 => clauses.terms.push(Term::OneSidedReceipts),
        _ => {
            if !clauses.list_columns() {
                clauses
                    .terms
                    .push(Term::Columns(parse_names(&["site", "bikes"])));
            }
            clauses
                .terms
                .push(Term::Version(SchemaCompatibility::Compatible));
        }
    }
}

/// Random number in a range, without its end.
pub(super) fn within(random: &mut SeededRandom, from: i64, to: i64) -> i64 {
    from + i64::try_from(random.draw_below(usize::try_from(to - from).unwrap())).unwrap()
}

pub(super) fn odds(random: &mut SeededRandom, of_hundred: usize) -> bool {
    random.draw_below(100) < of_hundred
}

pub(super) fn count(random: &mut SeededRandom, from: i64, to: i64) -> u64 {
    u64::try_from(within(random, from, to)).unwrap()
}

pub(super) fn few(random: &mut SeededRandom, from: i64, to: i64) -> u32 {
    u32::try_from(within(random, from, to)).unwrap()
}

pub(super) fn random_circumstances(random: &mut SeededRandom) -> TestCircumstances {
    let some =
        |random: &mut SeededRandom| odds(random, 80).then(|| within(random, -7 * DAY, 7 * DAY));
    TestCircumstances {
        now: within(random, 0, 7 * DAY),
        purpose: odds(random, 90).then(|| random.choose_item(&PURPOSES)),
        address: random.choose_item(&[
            None,
            Some("10.20.3.4"),
            Some("10.21.0.1"),
            Some("10.20.255.255"),
        ]),
        running: count(random, 0, 4),
        outstanding: count(random, 0, 5),
        owed: random.choose_item(&[0, 0, 0, 2]),
        activated: some(random),
        first_use: some(random),
        sector: random.choose_item(&[
            None,
            Some("nace:H49.31"),
            Some("nace:O84"),
            Some("nace:A01"),
        ]),
        region: random.choose_item(&[None, Some("DE"), Some("DEA33"), Some("EU")]),
        spent: count(random, 0, 5),
        schema_changed: odds(random, 15),
        extends: odds(random, 50),
        column: random.choose_item(&["site", "site", "bikes"]),
        program: random.choose_item(&[
            None,
            None,
            None,
            None,
            Some(ProgramAccess::Certificate),
            Some(token("bikes")),
            Some(token("air")),
        ]),
    }
}

/// Provider's restriction, in a third of the cases: clauses of the kinds that a restriction may have.
pub(super) fn random_restriction(random: &mut SeededRandom) -> ClauseModel {
    let mut clauses = ClauseModel {
        terms: Vec::new(),
        says: Vec::new(),
    };
    let mut kinds = vec![3, 4, 5, 8, 12, 15, 16];
    for _ in 0..random.choose_item(&[0, 0, 1, 2]) {
        let at = random.draw_below(kinds.len());
        one(kinds.swap_remove(at), &mut clauses, random);
    }
    clauses
}

/// Access token for the contract on a dataset.
fn token(dataset: &str) -> ProgramAccess {
    ProgramAccess::AccessToken {
        id: "0123456789ab".to_owned(),
        contract: contract_id(dataset),
    }
}
