//! Test of the complete transition table of transfers.

use super::*;
use hansa_policy::negotiation::PartyRole;

#[test]
fn only_these_messages_lead_to_another_state() {
    use PartyRole::{Consumer, Provider};
    use TransferMessageKind::{Completion, Request, Start, Suspension, Termination};
    use TransferState::{Completed, Requested, Started, Suspended, Terminated};
    let table = [
        (None, Request, Consumer, Requested),
        (Some(Requested), Start, Provider, Started),
        (Some(Started), Suspension, Consumer, Suspended),
        (Some(Started), Suspension, Provider, Suspended),
        (Some(Started), Completion, Consumer, Completed),
        (Some(Started), Completion, Provider, Completed),
        (Some(Suspended), Start, Consumer, Started),
        (Some(Suspended), Start, Provider, Started),
        (Some(Requested), Termination, Consumer, Terminated),
        (Some(Requested), Termination, Provider, Terminated),
        (Some(Started), Termination, Consumer, Terminated),
        (Some(Started), Termination, Provider, Terminated),
        (Some(Suspended), Termination, Consumer, Terminated),
        (Some(Suspended), Termination, Provider, Terminated),
    ];
    let roles = [Consumer, Provider];
    let suspenders = [None, Some(Consumer), Some(Provider)];
    let mut states = vec![None];
    states.extend(TransferState::ALL.map(Some));
    let mut checked = 0;
    for from in states {
        for kind in [Request, Start, Suspension, Completion, Termination] {
            for by in roles {
                for suspended_by in suspenders {
                    let row = table
                        .iter()
                        .find(|row| (row.0, row.1, row.2) == (from, kind, by));
                    let resumes = from == Some(Suspended) && kind == Start;
                    let is_other = suspended_by.is_some_and(|role| role != by);
                    let expected = row.map(|row| row.3).filter(|_| !(resumes && is_other));
                    let found = TransferState::next(from, kind, by, suspended_by);
                    assert_eq!(found, expected, "{from:?} {kind:?} {by:?} {suspended_by:?}");
                    checked += 1;
                }
            }
        }
    }
    assert_eq!(checked, 6 * 5 * 2 * 3);
}

#[test]
fn an_ended_transfer_stays_ended() {
    for state in [TransferState::Completed, TransferState::Terminated] {
        for kind in [
            TransferMessageKind::Request,
            TransferMessageKind::Termination,
        ] {
            let next = TransferState::next(Some(state), kind, PartyRole::Consumer, None);
            assert_eq!(next, None);
        }
    }
}

#[test]
fn names_of_states() {
    for state in TransferState::ALL {
        assert_eq!(TransferState::of_name(state.name()), Some(state));
    }
    assert_eq!(TransferState::of_name("requested"), None);
}
