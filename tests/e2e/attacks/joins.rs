//! Attacks on a contract that permits joins over one key with one partner, and shows the key to nobody (J).

use crate::attacks::world::SqlAttackFederation;
use crate::attacks::{AttackCase, AttackVerdict};

pub(crate) const ATTACKS: [AttackCase<SqlAttackFederation>; 2] = [
    AttackCase {
        number: 31,
        setup: "J",
        name: "joins by other keys and with other sets, or takes the key along",
        expected: "JOIN_KEY_NOT_ALLOWED, JOIN_PARTNER_NOT_ALLOWED, KEY_MUST_STAY",
        does: joins,
        lacks: "",
    },
    AttackCase {
        number: 32,
        setup: "J",
        name: "learns keys by values of its own, by a semi-join, by order and group",
        expected: "KEY_MUST_STAY or JOIN_KEY_NOT_ALLOWED",
        does: keys,
        lacks: "",
    },
];

type JoinAttackCase = (&'static str, &'static [&'static str]);

const KEY: &[&str] = &["JOIN_KEY_NOT_ALLOWED"];
const PARTNER: &[&str] = &["JOIN_PARTNER_NOT_ALLOWED"];
const NEITHER: &[&str] = &["JOIN_PARTNER_NOT_ALLOWED", "JOIN_KEY_NOT_ALLOWED"];
const STAY: &[&str] = &["KEY_MUST_STAY"];
const EITHER: &[&str] = &["KEY_MUST_STAY", "JOIN_KEY_NOT_ALLOWED"];

fn asked(federation: &SqlAttackFederation, cases: &[JoinAttackCase]) -> AttackVerdict {
    let contracts = ["trips_j", "operators", "others"].map(|name| federation.contract(name));
    let good = federation.attacker.ask(
        &contracts[..2],
        "SELECT title, count(*) FROM trips_j t JOIN operators o ON t.operator = o.operator GROUP BY title ORDER BY title",
    );
    if good.rows != ["Nord,20", "West,20"] {
        return Err(format!(
            "the permitted join: {:?} {}",
            good.rows,
            good.message()
        ));
    }
    let mut met = std::collections::BTreeSet::new();
    for (sql, codes) in cases {
        let named = if sql.contains("others") {
            &contracts[..]
        } else {
            &contracts[..2]
        };
        let answer = federation.attacker.ask(named, sql);
        if !codes.contains(&answer.code()) {
            return Err(format!("{sql}: {:?} {}", answer.rows, answer.message()));
        }
        met.insert(answer.code());
    }
    Ok(format!("{} statements: {met:?}", cases.len()))
}

fn joins(federation: &mut SqlAttackFederation) -> AttackVerdict {
    asked(
        federation,
        &[
            (
                "SELECT count(*) FROM trips_j t JOIN operators o ON t.district = o.title",
                KEY,
            ),
            (
                "SELECT count(*) FROM trips_j t JOIN operators o ON t.operator = o.operator AND t.district = o.title",
                KEY,
            ),
            (
                "SELECT count(*) FROM trips_j t JOIN operators o ON t.operator >= o.operator",
                EITHER,
            ),
            ("SELECT count(*) FROM trips_j t CROSS JOIN operators o", KEY),
            (
                "SELECT count(*) FROM trips_j t, operators o WHERE t.district = o.title",
                KEY,
            ),
            (
                "SELECT count(*) FROM (SELECT district AS operator FROM trips_j) t JOIN operators o ON t.operator = o.operator",
                KEY,
            ),
            (
                "SELECT count(*) FROM trips_j t JOIN others o ON t.operator = o.operator",
                PARTNER,
            ),
            (
                "SELECT count(*) FROM trips_j t JOIN operators p ON t.operator = p.operator JOIN others o ON p.operator = o.operator",
                PARTNER,
            ),
            (
                "SELECT count(*) FROM trips_j WHERE fare > (SELECT count(*) FROM others)",
                NEITHER,
            ),
            ("SELECT operator FROM trips_j", STAY),
            ("SELECT * FROM trips_j", STAY),
            (
                "SELECT t.operator FROM trips_j t JOIN operators o ON t.operator = o.operator",
                STAY,
            ),
            ("SELECT upper(operator) FROM trips_j", STAY),
        ],
    )
}

fn keys(federation: &mut SqlAttackFederation) -> AttackVerdict {
    asked(
        federation,
        &[
            ("SELECT count(*) FROM trips_j WHERE operator = 'op1'", STAY),
            (
                "SELECT count(*) FROM trips_j WHERE operator IN ('op1', 'op2')",
                STAY,
            ),
            (
                "SELECT count(*) FROM trips_j WHERE operator LIKE 'op%'",
                STAY,
            ),
            (
                "SELECT count(*) FROM trips_j WHERE operator IN (SELECT operator FROM operators)",
                EITHER,
            ),
            (
                "SELECT count(*) FROM trips_j t WHERE EXISTS (SELECT 1 FROM operators o WHERE o.operator = t.operator)",
                EITHER,
            ),
            (
                "SELECT operator FROM operators WHERE operator IN (SELECT operator FROM trips_j)",
                EITHER,
            ),
            (
                "SELECT operator FROM operators INTERSECT SELECT operator FROM trips_j",
                EITHER,
            ),
            // The partner's column holds the same values.
            (
                "SELECT DISTINCT o.operator FROM trips_j t JOIN operators o ON t.operator = o.operator",
                STAY,
            ),
            (
                "SELECT count(*) FROM trips_j t JOIN operators o ON t.operator = o.operator WHERE o.operator = 'op1'",
                STAY,
            ),
            (
                "SELECT count(*) FROM trips_j t LEFT SEMI JOIN operators o ON t.operator = o.operator",
                &[
                    "KEY_MUST_STAY",
                    "JOIN_KEY_NOT_ALLOWED",
                    "CONSTRUCT_NOT_ALLOWED",
                ],
            ),
            (
                "SELECT operator FROM operators EXCEPT SELECT operator FROM trips_j",
                EITHER,
            ),
            (
                "SELECT operator, count(*) FROM trips_j GROUP BY operator",
                STAY,
            ),
            ("SELECT count(DISTINCT operator) FROM trips_j", STAY),
            ("SELECT trip_id FROM trips_j ORDER BY operator", STAY),
            ("SELECT min(operator) FROM trips_j", STAY),
            (
                "SELECT trip_id, rank() OVER (ORDER BY operator) FROM trips_j",
                STAY,
            ),
            (
                "SELECT count(*) FROM trips_j t JOIN (SELECT 'op1' AS k) AS v ON t.operator = v.k",
                EITHER,
            ),
            (
                "SELECT v.k, count(*) FROM trips_j t JOIN (VALUES ('op1'), ('op2')) AS v(k) ON t.operator = v.k GROUP BY v.k",
                EITHER,
            ),
            (
                "SELECT count(*) FROM trips_j t JOIN (SELECT 'op' || CAST(fare % 3 AS VARCHAR) AS k FROM trips_j) AS v ON t.operator = v.k",
                EITHER,
            ),
        ],
    )
}
