//! Threads of tests that may wait for ever.

use std::thread::JoinHandle;

/// Leaves a thread to the end of the process. A handle that is dropped lets go of its thread, and where that ends in this
/// moment some C libraries fall.
pub fn leave<T>(thread: JoinHandle<T>) {
    std::mem::forget(thread);
}
