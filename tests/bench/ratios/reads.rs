//! Reads of whole tables over mutual TLS, each beside Arrow Flight in C++ where it is installed.

use crate::bare_server::client::BareClient;
use crate::bare_server::flight::CppFlightProcess;
use crate::measure::{self, RoundPlan};
use crate::table::ResultTable;
use crate::wire::WireConsumer;
use crate::world::BenchFederation;
use crate::{readers, wanted};
use hansa_proto::peer::query_request::BufferCompression;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Whole reads of numbers, of texts and of both, beside Arrow Flight in C++: what it is, and its columns.
pub(crate) const READS: [(&str, &str); 3] = [
    ("whole read", "id,site,kind,n,value,extra,note,device,at"),
    ("whole read, numbers", "id,n,value,extra,at"),
    ("whole read, texts", "site,kind,note,device"),
];

/// Reads what is wanted. Their peaks are those of processes that have served nothing larger before.
pub(crate) fn whole(
    (federation, consumer, paths): (
        &BenchFederation,
        &WireConsumer,
        &BTreeMap<&'static str, Vec<PathBuf>>,
    ),
    table: &mut ResultTable,
    (rounds, only, python): (usize, &str, &str),
) {
    let place = "mutual TLS";
    let wanted: Vec<_> = READS
        .into_iter()
        .filter(|(name, _)| wanted(place, name, only))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let Some(flight) = CppFlightProcess::start(federation.folder(), paths, (python, "flight.py"))
    else {
        eprintln!(
            "`{python}` has no pyarrow: whole reads are left out (tests/bench/ratios/anchors/install.sh)"
        );
        return;
    };
    let client = BareClient::connect(federation.folder(), "north", flight.address());
    let provider = federation.provider.pid().unwrap();
    let contract = federation.contract("open");
    for (name, columns) in wanted {
        let sql = format!("SELECT {columns} FROM counts_open");
        let plan = RoundPlan { rounds, calls: 1 };
        let pair = measure::alternately(
            plan,
            Some((provider, flight.pid())),
            || consumer.ask(contract, &sql),
            || client.stream("open", columns),
        );
        table.row(place, name, "Flight in C++", &pair);
        let bytes = pair.governed[0].did.bytes;
        table.note(
            &format!("{name}: share of the digest, which both ends make, in the work of both"),
            2.0 * hashing(bytes) / pair.governed_work(),
        );
        let mut firsts = Vec::new();
        for round in 0..=rounds {
            let first = consumer.first(contract, &sql) / client.first("open", columns);
            if round > 0 {
                firsts.push(first);
            }
        }
        table.note(
            &format!("{name}: time to the first rows beside Flight in C++"),
            measure::median(&mut firsts),
        );
        let raw = bytes as f64;
        for (how, compression) in [
            ("lz4", BufferCompression::Lz4),
            ("zstd", BufferCompression::Zstd),
        ] {
            let did = consumer.ask_for(contract, &sql, Some(compression));
            table.note(
                &format!("{name}, {how}: bytes beside the same without compression"),
                did.bytes as f64 / raw,
            );
        }
    }
    table.note(
        "whole reads: most memory of the provider beside Flight in C++",
        readers::peak(provider) / readers::peak(flight.pid()),
    );
}

/// The provider's peak after reads of a whole table beside that after as many of one with a tenth of its rows, each time of a new
/// process.
pub(crate) fn larger(federation: &mut BenchFederation, table: &mut ResultTable, rounds: usize) {
    let mut peak = |dataset: &str| {
        federation.provider.stop();
        federation.provider.serve();
        let consumer = WireConsumer::connect(federation);
        let sql = format!("SELECT {} FROM counts_{dataset}", READS[0].1);
        for _ in 0..rounds {
            consumer.ask(federation.contract(dataset), &sql);
        }
        readers::peak(federation.provider.pid().unwrap())
    };
    let tenth = peak("tenth");
    table.note(
        "whole reads: most memory of the provider beside that with a tenth of the rows, at most 1.1",
        peak("open") / tenth,
    );
}

/// Seconds that it takes to hash so many bytes, in pieces of a message.
fn hashing(bytes: u64) -> f64 {
    let piece = vec![7; 256 * 1024];
    let mut left = bytes as usize;
    let started = std::time::Instant::now();
    let mut whole = blake3::Hasher::new();
    while left > 0 {
        let some = left.min(piece.len());
        whole.update(&piece[..some]);
        left -= some;
    }
    std::hint::black_box(whole.finalize());
    started.elapsed().as_secs_f64()
}
