//! Each attack of docs/console-attacks.md is tried by tests that exist.

use crate::{house, invariants};

/// Number of attacks in the list.
const ATTACKS: usize = 40;

/// Row of the table: number of the attack, and its tests.
#[derive(Debug, PartialEq, Eq)]
struct AttackRow {
    number: usize,
    tests: Vec<String>,
}

fn read_rows(text: &str) -> Vec<AttackRow> {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let number = cells.next()?.parse().ok()?;
            let tests = cells.nth(2)?.split('`').skip(1).step_by(2);
            Some(AttackRow {
                number,
                tests: tests.map(str::to_owned).collect(),
            })
        })
        .collect()
}

#[test]
fn rows_of_attacks_are_read() {
    let text = "| | attack | tests |\n|---|---|---|\n| 7 | markup, `<b>` | text | `a::tests::one`, `b::two` |\n";
    let row = AttackRow {
        number: 7,
        tests: vec!["a::tests::one".to_owned(), "b::two".to_owned()],
    };
    assert_eq!(read_rows(text), [row]);
}

#[test]
fn each_attack_on_the_console_is_tried() {
    let rows = read_rows(&house::read("docs/console-attacks.md"));
    let numbers: Vec<usize> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=ATTACKS).collect::<Vec<_>>());
    let tests = invariants::tests_by_path();
    let mut wrong = Vec::new();
    for row in rows {
        if row.tests.is_empty() {
            wrong.push(format!("attack {} has no test", row.number));
        }
        let missing = row
            .tests
            .iter()
            .filter(|test| !invariants::is_test(&tests, test));
        wrong.extend(missing.map(|test| format!("attack {}: no test `{test}`", row.number)));
    }
    house::none("an attack of docs/console-attacks.md is not tried", &wrong);
}
