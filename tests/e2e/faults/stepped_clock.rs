//! The wall clock of one process, which a test can move while the process runs.

use hansa_test_support::participant::TestParticipant;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A library that stands before the calls of the C library for the time.
pub(super) struct ClockLibrary(PathBuf);

impl ClockLibrary {
    /// Compiles it into this folder.
    pub(super) fn compile(folder: &Path) -> Self {
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/e2e/faults/stepped_clock.c"
        );
        let library = folder.join("stepped_clock.so");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(source)
            .status()
            .unwrap();
        assert!(compiled.success());
        Self(library)
    }
}

/// The clock of the serving processes of one participant.
pub(super) struct SteppedClock(File);

impl SteppedClock {
    /// A clock that is right so far. The next start of the participant goes by it.
    pub(super) fn of(participant: &mut TestParticipant, library: &ClockLibrary) -> Self {
        let name = format!("{}.clock", participant.domain());
        let moved = library.0.with_file_name(name);
        std::fs::write(&moved, [0; 8]).unwrap();
        participant.serves_with("LD_PRELOAD", library.0.as_os_str());
        participant.serves_with("STEPPED_CLOCK", moved.as_os_str());
        Self(OpenOptions::new().write(true).open(moved).unwrap())
    }

    /// Moves it to so many microseconds from the true time. The file is mapped by the process and keeps its length.
    pub(super) fn step_to(&self, micros: i64) {
        self.0.write_all_at(&micros.to_ne_bytes(), 0).unwrap();
    }
}
