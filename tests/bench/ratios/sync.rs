//! What one durable record costs at least on this disk.

use crate::measure::median;
use crate::world::BenchFederation;
use std::io::Write as _;
use std::time::Instant;

/// The median time of appending 512 bytes and waiting until they are on disk, in milliseconds.
pub(crate) fn p50_ms(federation: &BenchFederation) -> f64 {
    let path = federation.folder().join("sync");
    let mut file = std::fs::File::create(&path).expect("a file can be made");
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            let started = Instant::now();
            file.write_all(&[0; 512]).expect("there is room");
            file.sync_data().expect("it can be made durable");
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    median(&mut times)
}
