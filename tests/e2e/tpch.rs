//! The 22 questions of TPC-H over the real wire: four cities and a firm, each a process of its own.

mod cells;
#[path = "../bench/ratios/tpch/data.rs"]
mod data;
#[path = "../bench/ratios/tpch/pool.rs"]
mod pool;
mod workers;
#[path = "../bench/ratios/tpch/world.rs"]
mod world;

use pool::PooledSession;
use world::TpchFederation;

/// The answers are those of one process, and what participants can compute does not travel.
#[test]
fn all_22_questions_over_the_wire() {
    let federation = TpchFederation::new(0.01, None);
    let pool = PooledSession::new(&federation.files());
    for number in 1..=22 {
        let sql = data::question(number, &world::CITIES);
        let answer = federation.ask(&sql);
        pool::same(number, &answer.rows, &pool.ask(&sql));
        println!("{number:>2}: {} remote queries", answer.remote_queries);
        // Orders with their lines, and all that the fourth city has, are put together where they are.
        let most = match number {
            2 | 4 | 11 | 12 | 16 => 3,
            3 | 10 | 18 | 21 => 4,
            _ => 7,
        };
        assert!(
            answer.remote_queries <= most,
            "{number}: {} remote queries",
            answer.remote_queries
        );
    }
    // What passed for all of them, greetings, contracts and receipts included.
    let all = federation.passed();
    println!("{all} bytes");
    assert!(all < 4_250_000, "{all} bytes");
}
