//! The one writer of everything that goes to stdout and stderr: what others wrote commands no terminal and hides nothing.
//!
//! Text for people never holds what a terminal would obey, wherever it goes, since `less` and `grep` pass it on. JSON holds
//! it as JSON's own escapes, so that values are exact. Documents and rows for programs are exact in a file and in a pipe,
//! and neutral on a terminal.

use hansa_node::process::thread_shutdown;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::{printable_json, printable_lines};
use serde_json::Value;
use std::borrow::Cow;
use std::io::{BufRead as _, ErrorKind, IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// What kept the first line of a result from being written.
static LOST: OnceLock<std::io::Error> = OnceLock::new();

/// A text for people on stdout.
pub fn line_out(text: &str) {
    write_line(&printable_lines(text));
}

/// An object on stdout, in one line.
pub fn object_out(object: &Value) {
    write_line(&printable_json(&object.to_string()));
}

/// A document on stdout: exact, but on a terminal.
pub(crate) fn document_out(text: &str) {
    match is_terminal() {
        true => line_out(text),
        false => write_line(text),
    }
}

/// A text for people on stderr.
pub fn line_err(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable_lines(text));
}

/// An object on stderr, in one line.
pub(crate) fn object_err(object: &Value) {
    let text = object.to_string();
    let _ = writeln!(std::io::stderr().lock(), "{}", printable_json(&text));
}

/// A question to a person, behind which the answer is typed.
pub(crate) fn print_question(question: &str) {
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "{} ", printable_lines(question));
    let _ = err.flush();
}

/// A line; a closed pipe ends quietly, as with other tools. Whether all were written, [`check_output_complete`] says at the end.
fn write_line(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        drop(LOST.set(error));
    }
}

/// Whether stdout took every line of the result: one that lacks its end must not pass for a whole one.
///
/// # Errors
/// `DISK_FULL`, or `INTERNAL` for what else kept a line from being written.
pub fn check_output_complete() -> Result<(), Refusal> {
    let Some(error) = LOST.get() else {
        return Ok(());
    };
    let code = match hansa_files::is_full(error) {
        true => ErrorCode::DiskFull,
        false => ErrorCode::Internal,
    };
    let sentence = format!("the result is not whole: stdout can't be written: {error}");
    Err(Refusal::new(code, sentence)
        .with_help("the command was carried out; only its output is lost"))
}

/// Whether stdout is a terminal.
pub(crate) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether a person can be asked something, and answer.
pub(crate) fn is_conversation() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Has something done when standard input has ended, or can't be read. What comes before that is not looked at.
///
/// # Errors
/// `INTERNAL` when there is no thread that could wait for it.
pub fn at_end_of_input(ended: impl FnOnce() + Send + 'static) -> Result<(), Refusal> {
    spawn_input_reader(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        ended();
    })
}

/// Has something done at each line of standard input, as long as it can be read. The text of a line is not kept.
///
/// # Errors
/// `INTERNAL` when there is no thread that could wait for it.
pub fn at_each_line_of_input(entered: impl Fn() + Send + 'static) -> Result<(), Refusal> {
    spawn_input_reader(move || {
        let mut input = std::io::stdin().lock();
        while input.skip_until(b'\n').is_ok_and(|read| read > 0) {
            entered();
        }
    })
}

fn spawn_input_reader(read: impl FnOnce() + Send + 'static) -> Result<(), Refusal> {
    let thread = std::thread::Builder::new()
        .name("hansa-stdin".to_owned())
        .spawn(read);
    let thread = thread.map_err(|cause| {
        Refusal::new(ErrorCode::Internal, "standard input can't be waited for").caused_by(cause)
    })?;
    thread_shutdown::leave_thread(thread);
    Ok(())
}

/// Whether progress and colour make sense: a terminal on stderr and no `NO_COLOR`.
pub(crate) fn is_lively() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Whether the reader of stdout has gone.
#[derive(Debug, Clone, Default)]
pub(crate) struct PipeClosedFlag(Arc<AtomicBool>);

impl PipeClosedFlag {
    /// Whether it has.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Stdout that notes when its reader has gone, as `head` does when it has seen enough.
pub(crate) struct PipeWriter(PipeClosedFlag);

impl PipeWriter {
    /// One that notes it there.
    pub(crate) const fn new(gone: PipeClosedFlag) -> Self {
        Self(gone)
    }

    fn note_broken_pipe<T>(&self, done: std::io::Result<T>) -> std::io::Result<T> {
        if let Err(fault) = &done
            && fault.kind() == ErrorKind::BrokenPipe
        {
            self.0.0.store(true, Ordering::Relaxed);
        }
        done
    }
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.note_broken_pipe(std::io::stdout().write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.note_broken_pipe(std::io::stdout().flush())
    }
}

/// How bytes of text that go to a terminal are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TerminalTextKind {
    /// As they are: it is no terminal.
    Exact,
    /// Lines of text.
    Lines,
    /// JSON.
    Json,
}

impl TerminalTextKind {
    fn printable_text(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Exact => Cow::Borrowed(text),
            Self::Lines => printable_lines(text),
            Self::Json => printable_json(text),
        }
    }
}

/// Text on its way to a terminal, piece by piece; a character may be cut by the end of a piece.
#[derive(Debug)]
pub struct EscapingWriter<W> {
    to: W,
    kind: TerminalTextKind,
    /// The first bytes of a character whose rest is to come.
    begun: Vec<u8>,
}

impl<W: Write> EscapingWriter<W> {
    /// One that writes to `to`.
    pub(crate) const fn new(to: W, kind: TerminalTextKind) -> Self {
        Self {
            to,
            kind,
            begun: Vec::new(),
        }
    }
}

impl<W: Write> Write for EscapingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.kind == TerminalTextKind::Exact {
            return self.to.write(bytes);
        }
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        for chunk in all.utf8_chunks() {
            let shown = self.kind.printable_text(chunk.valid());
            self.to.write_all(shown.as_bytes())?;
            let is_last = all.ends_with(chunk.invalid());
            match chunk.invalid() {
                [] => {}
                rest if is_last && is_begun(rest) => self.begun = rest.to_vec(),
                _ => self.to.write_all("\u{fffd}".as_bytes())?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

/// Whether these bytes may be the beginning of a character, for which more are to come.
fn is_begun(bytes: &[u8]) -> bool {
    let length = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return false,
    };
    bytes.len() < length
}

/// Where the trace goes: stderr, neutral.
pub(crate) fn trace_writer() -> EscapingWriter<std::io::Stderr> {
    EscapingWriter::new(std::io::stderr(), TerminalTextKind::Lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: TerminalTextKind, bytes: &[u8], piece: usize) -> String {
        let mut writer = EscapingWriter::new(Vec::new(), kind);
        for part in bytes.chunks(piece) {
            writer.write_all(part).unwrap();
        }
        String::from_utf8(writer.to).unwrap()
    }

    #[test]
    fn however_it_is_cut_the_same_is_written() {
        let text = "a\u{1b}[2Jb,Räder 🚲 \u{202e}x\u{9b}\u{e0041}\n\u{61c}東京\n";
        let lines = "a\\u{1b}[2Jb,Räder 🚲 \\u{202e}x\\u{9b}\\u{e0041}\n\\u{61c}東京\n";
        let json = "a\\u001b[2Jb,Räder 🚲 \\u202ex\\u009b\\udb40\\udc41\n\\u061c東京\n";
        for piece in 1..text.len() {
            assert_eq!(
                written(TerminalTextKind::Lines, text.as_bytes(), piece),
                lines,
                "{piece}"
            );
            assert_eq!(
                written(TerminalTextKind::Json, text.as_bytes(), piece),
                json,
                "{piece}"
            );
            assert_eq!(
                written(TerminalTextKind::Exact, text.as_bytes(), piece),
                text,
                "{piece}"
            );
        }
        // What is no text is told as such, and hides nothing behind it.
        for piece in 1..6 {
            let broken = written(TerminalTextKind::Lines, b"a\xe2\x1b[2J\xffb", piece);
            assert_eq!(broken, "a\u{fffd}\\u{1b}[2J\u{fffd}b", "{piece}");
        }
    }
}
