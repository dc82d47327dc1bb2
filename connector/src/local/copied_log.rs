//! `hansa audit verify FILE`: a copied log or an exported bundle; needs no configuration.

use crate::cli::show::Show;
use crate::cli::terminal::{line_err, line_out};
use crate::desk::audit::verify::{report_json, report_text};
use evidence::note::{self, SignedHead};
use keep::audit::offline;
use policy::refusal::{Code, Refusal};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Checks it, also against the newest head that the file `head` holds.
///
/// # Errors
/// `EVIDENCE_BROKEN` and what else the evidence is refused for.
pub(crate) fn verify(file: &Path, head: Option<&Path>, show: Show) -> Result<u8, Refusal> {
    let newest = head.map(newest).transpose()?;
    let report = offline::verify(file, newest.as_ref())?;
    show.result(&report_json(&report), &report_text(&report));
    match report.refusal() {
        Some(refusal) => Err(refusal),
        None => Ok(0),
    }
}

/// `hansa audit reconcile --files A B`: as `hansa-verify` does it, with its exit status.
pub(crate) fn reconcile(files: &[PathBuf], show: Show) -> u8 {
    let mut arguments = vec![OsString::from("hansa-verify"), "reconcile".into()];
    if show.json {
        arguments.push("--json".into());
    }
    arguments.extend(files.iter().map(OsString::from));
    let told = auditor::run(arguments);
    if !told.out.is_empty() {
        line_out(told.out.trim_end());
    }
    if !told.err.is_empty() {
        line_err(told.err.trim_end());
    }
    told.status
}

/// The last head in a file of heads. A file without one is refused: nothing would be compared, and nobody would know.
fn newest(file: &Path) -> Result<SignedHead, Refusal> {
    let bytes = crate::local::read(file)?;
    // In a log an empty line follows each head; a head that was noted alone has none.
    let text = format!("{}\n\n", String::from_utf8_lossy(&bytes).trim());
    let heads = note::read_all(&text).unwrap_or_default();
    heads.into_iter().next_back().ok_or_else(|| {
        let shown = file.display().to_string();
        Refusal::new(
            Code::EvidenceIncomplete,
            format!("`{shown}` holds no signed head"),
        )
        .with_place(shown, None, None)
    })
}
