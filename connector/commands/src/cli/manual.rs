//! What comes with the package: manual pages and completions, made of the definition of the command line.

use crate::cli::{CommandLine, terminal};
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

/// Prints the completions for a shell.
pub(crate) fn print_completions(shell: Shell) {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "hansa", &mut text);
    terminal::document_out(&String::from_utf8_lossy(&text));
}

/// Writes `hansa.1`, and a page for each command below it, such as `hansa-contract-sign.1`.
///
/// # Errors
/// When the folder can't be written.
pub(crate) fn write_manual_pages(folder: &Path) -> Result<(), Refusal> {
    std::fs::create_dir_all(folder)
        .map_err(|cause| hansa_files::unwritable_file_refusal(folder, &cause))?;
    let mut root = CommandLine::command();
    root.build();
    write_manual_page(&root, folder)
}

fn write_manual_page(command: &Command, folder: &Path) -> Result<(), Refusal> {
    if command.is_hide_set() || command.get_name() == "help" {
        return Ok(());
    }
    let man = clap_mangen::Man::new(command.clone()).manual("Hansa");
    let mut text = Vec::new();
    man.render(&mut text).map_err(|cause| {
        Refusal::new(ErrorCode::Internal, "a manual page can't be written").caused_by(cause)
    })?;
    let file = folder.join(man.get_filename());
    std::fs::write(&file, text)
        .map_err(|cause| hansa_files::unwritable_file_refusal(&file, &cause))?;
    command
        .get_subcommands()
        .try_for_each(|below| write_manual_page(below, folder))
}
