//! Internal errors at the interfaces of a process: the cause goes into the trace, and the caller gets a number for finding it.
//!
//! Causes are texts of libraries with values, paths and addresses. They never leave the machine.
//!
//! The number is the identity of the request, which the caller knows already, or is random. A counter would disclose the frequency
//! of errors.

use hansa_audit_log::digest::Digest;
use hansa_policy::id::RequestId;
use hansa_policy::refusal::Refusal;
use hansa_proto::peer::refusal;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use tonic::Status;

/// Writes the cause of a refusal into the trace. An `INTERNAL` without a number is traced as an error, and its number is returned;
/// other causes are traced at debug level.
#[must_use]
pub fn trace_refusal(refusal: &Refusal, request: Option<RequestId>) -> Option<String> {
    let cause = refusal.cause_chain();
    if !refusal.lacks_number() {
        if let Some(cause) = cause {
            tracing::debug!(%refusal, cause, "refusal.caused");
        }
        return None;
    }
    let number = request.map_or_else(random_hex_digits, |request| request.to_string());
    let cause = cause.unwrap_or_else(|| "not known".to_owned());
    tracing::error!(number, %refusal, cause, "internal.failed");
    Some(number)
}

/// Refusal for the caller: an `INTERNAL` gets the number under which the trace holds its cause.
#[must_use]
pub fn with_trace_number(refusal: Refusal) -> Refusal {
    match trace_refusal(&refusal, None) {
        Some(number) => refusal.with_number(&number),
        None => refusal,
    }
}

/// Status that ends an answer or a partial answer, as [`refusal::cut_answer_status`].
pub(crate) fn cut_answer_status(refusal: Refusal) -> Status {
    refusal::cut_answer_status(&with_trace_number(refusal))
}

/// Eight random hexadecimal digits. They need not be secret, only meaningless, so the random keys of a hash map are enough.
fn random_hex_digits() -> String {
    let random = RandomState::new().build_hasher().finish();
    let digits = Digest::of(&random.to_le_bytes()).to_string();
    digits.chars().take(8).collect()
}

#[cfg(test)]
pub(crate) mod testing {
    //! Captured trace of a thread, for tests.

    use parking_lot::Mutex;
    use std::io::Write;
    use std::sync::Arc;
    use tracing::subscriber::DefaultGuard;

    /// Captured trace of this thread, while the value exists.
    pub(crate) struct KeptTrace {
        text: Arc<Mutex<Vec<u8>>>,
        _guard: DefaultGuard,
    }

    struct KeptTraceWriter(Arc<Mutex<Vec<u8>>>);

    impl Write for KeptTraceWriter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl KeptTrace {
        pub(crate) fn begin() -> Self {
            let text = Arc::<Mutex<Vec<u8>>>::default();
            let to = Arc::clone(&text);
            let kept = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(move || KeptTraceWriter(Arc::clone(&to)))
                .finish();
            Self {
                text,
                _guard: tracing::subscriber::set_default(kept),
            }
        }

        /// Lines that contain this text.
        pub(crate) fn lines(&self, with: &str) -> Vec<String> {
            let text = String::from_utf8_lossy(&self.text.lock()).into_owned();
            let lines = text.lines().filter(|line| line.contains(with));
            lines.map(ToOwned::to_owned).collect()
        }
    }

    /// Number in the first line of help.
    pub(crate) fn trace_number(help: &[String]) -> String {
        let mut parts = help.first().unwrap().split('`');
        assert_eq!(parts.next(), Some("number "), "{help:?}");
        parts.next().unwrap().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{KeptTrace, trace_number};
    use super::{cut_answer_status, trace_refusal, with_trace_number};
    use hansa_policy::id::RequestId;
    use hansa_policy::refusal::{ErrorCode, Refusal};
    use hansa_proto::peer::refusal::from_wire;

    const SECRET: &str = "row 7 of /srv/secret.parquet";

    fn failure() -> Refusal {
        let below = Refusal::new(ErrorCode::StateBroken, "the page can't be read")
            .caused_by(std::io::Error::other(SECRET));
        Refusal::new(ErrorCode::Internal, "it went wrong").caused_by(below)
    }

    #[test]
    fn the_number_that_is_reported_finds_the_cause_in_the_trace() {
        let trace = KeptTrace::begin();
        let status = cut_answer_status(failure());
        let refusal = from_wire(&status, &"hansa://munster.example".parse().unwrap());
        let number = trace_number(&refusal.help);
        assert_eq!(number.len(), 8, "{number}");
        let lines = trace.lines(&number);
        let [line] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        assert!(line.contains("ERROR"), "{line}");
        assert!(line.contains("the page can't be read"), "{line}");
        assert!(line.contains(SECRET), "{line}");
        // The other side gets the number, and no part of the cause.
        let details = String::from_utf8_lossy(status.details()).into_owned();
        assert!(!details.contains("secret") && !status.message().contains("secret"));
        assert!(!details.contains("can't be read"));
    }

    #[test]
    fn a_number_is_given_once_and_by_the_machine_that_failed() {
        let trace = KeptTrace::begin();
        let first = with_trace_number(failure());
        assert_eq!(first.help.len(), 1);
        assert_eq!(with_trace_number(first.clone()).help, first.help);
        assert_eq!(trace.lines("ERROR").len(), 1);
        assert_ne!(with_trace_number(failure()).help, first.help);
    }

    #[test]
    fn the_number_of_a_request_is_its_id() {
        let trace = KeptTrace::begin();
        let request = RequestId([0x7f; 16]);
        let number = trace_refusal(&failure(), Some(request)).unwrap();
        assert_eq!(number, request.to_string());
        assert_eq!(trace.lines(&number).len(), 1);
    }

    #[test]
    fn what_is_no_failure_inside_stays_as_it_is() {
        let trace = KeptTrace::begin();
        let refusal = Refusal::new(ErrorCode::PurposeNotCovered, "not for `advertising`")
            .caused_by(std::io::Error::other(SECRET));
        assert_eq!(with_trace_number(refusal.clone()), refusal);
        assert!(trace.lines("ERROR").is_empty());
    }
}
