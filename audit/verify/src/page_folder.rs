//! Folder of pages with the result of a check, and the browser that shows it.

use crate::args::VerifyCommand;
use crate::evidence_set::EvidenceSet;
use crate::output::WrittenPages;
use crate::subject_report;
use disclosure::DisclosureList;
use hansa_console::{
    CheckView, ComparisonView, ContractEvidence, FolderFrame, FolderPage, FolderStyle,
    contract_file_name, render_comparison, render_contract_evidence, render_contract_list,
    render_findings, render_language_choice, render_limits, render_recipients, render_verdict_page,
};
use hansa_policy::term::language::Language;
use serde_json::Value;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

mod browser;
mod disclosure;
#[cfg(test)]
mod tests;

/// Name and version of this program, at the foot of each page.
const PROGRAM: &str = concat!("hansa-verify ", env!("CARGO_PKG_VERSION"));

/// Largest number of contracts in the list; each contract has a page of its own.
const MOST_CONTRACTS: usize = 5_000;

/// Folder that is to hold the pages.
#[derive(Debug)]
pub(crate) struct PageFolder {
    /// Folder that the person has named; none for a fresh private one.
    path: Option<PathBuf>,
    /// Language of the first page.
    language: Language,
}

/// Values of all pages, in one language after another.
struct PageValues<'a> {
    case: &'a EvidenceSet,
    check: CheckView,
    comparisons: Vec<ComparisonView>,
    disclosures: DisclosureList<'a>,
}

impl PageFolder {
    /// Folder that the arguments ask for. A named folder must not exist, or be empty.
    pub(crate) fn prepare_folder(command: &VerifyCommand) -> Result<Option<Self>, String> {
        let (path, language) = match command {
            VerifyCommand::Check {
                html: Some(path),
                language,
                ..
            } => (Some(path.clone()), language),
            VerifyCommand::Open { language, .. } => (None, language),
            VerifyCommand::Check { language, .. } => {
                return match language {
                    Some(_) => Err(
                        "--language is the language of the pages: name their folder with --html"
                            .to_owned(),
                    ),
                    None => Ok(None),
                };
            }
            _ => return Ok(None),
        };
        if let Some(path) = path.as_deref() {
            refuse_used_folder(path)?;
        }
        Ok(Some(Self {
            path,
            language: language.unwrap_or_else(language_of_environment),
        }))
    }

    /// Writes the pages, and starts a browser where no folder was named.
    pub(crate) fn write_pages(
        self,
        case: &EvidenceSet,
        check: Value,
        comparisons: Vec<Value>,
    ) -> Result<WrittenPages, String> {
        let values = PageValues {
            case,
            check: read_view(check)?,
            comparisons: comparisons
                .into_iter()
                .map(read_view)
                .collect::<Result<_, _>>()?,
            disclosures: DisclosureList::collect_answers(case),
        };
        let root = match &self.path {
            Some(path) => make_named_folder(path)?,
            None => make_private_folder()?,
        };
        for language in Language::ALL {
            values.write_language(&root, language)?;
        }
        values.write_language_choice(&root, self.language)?;
        let first = root
            .join(self.language.tag())
            .join(FolderPage::Verdict.file_name());
        let opened = self.path.is_none().then(|| browser::open_page(&first));
        Ok(WrittenPages {
            first: first.display().to_string(),
            opened,
        })
    }
}

impl PageValues<'_> {
    fn write_language_choice(&self, root: &Path, language: Language) -> Result<(), String> {
        let style = FolderStyle::new(language, &self.check, PROGRAM);
        let frame = self.build_frame(language, FolderPage::Verdict.file_name(), &style);
        write_page(root, frame.page, &render_language_choice(&frame))
    }

    /// Writes the pages in a language, one after another: no more than one is held in memory.
    fn write_language(&self, root: &Path, language: Language) -> Result<(), String> {
        let folder = make_named_folder(&root.join(language.tag()))?;
        let style = FolderStyle::new(language, &self.check, PROGRAM);
        for page in FolderPage::ALL {
            let frame = self.build_frame(language, page.file_name(), &style);
            let text = match page {
                FolderPage::Verdict => render_verdict_page(&frame),
                FolderPage::Findings => render_findings(&frame),
                FolderPage::Recipients => {
                    render_recipients(&frame, &self.disclosures.build_view(self.case, language))
                }
                FolderPage::Contracts => self.render_contracts(&frame)?,
                FolderPage::Comparison => render_comparison(&frame, &self.comparisons),
                FolderPage::Limits => render_limits(&frame),
            };
            write_page(&folder, page.file_name(), &text)?;
        }
        self.disclosures
            .for_each_month_page(self.case, language, |page| {
                let frame = self.build_frame(language, &page.file, &style);
                write_page(&folder, &page.file, &page.render_page(&frame))
            })?;
        for agreed in self.case.documents.contracts.values() {
            let contract = read_contract(self.case, agreed)?;
            let Some(file) = contract_file_name(&contract.contract) else {
                continue;
            };
            let frame = self.build_frame(language, &file, &style);
            write_page(&folder, &file, &render_contract_evidence(&frame, &contract))?;
        }
        Ok(())
    }

    fn render_contracts(&self, frame: &FolderFrame<'_>) -> Result<String, String> {
        let all = &self.case.documents.contracts;
        let listed = all.values().take(MOST_CONTRACTS).map(|agreed| {
            let contract = read_contract(self.case, agreed)?;
            Ok(ContractEvidence {
                page: String::new(),
                ..contract
            })
        });
        let listed = listed.collect::<Result<Vec<_>, String>>()?;
        let omitted = all.len().saturating_sub(listed.len());
        let omitted = u64::try_from(omitted).unwrap_or(u64::MAX);
        Ok(render_contract_list(frame, &listed, omitted))
    }

    const fn build_frame<'a>(
        &'a self,
        language: Language,
        page: &'a str,
        style: &'a FolderStyle,
    ) -> FolderFrame<'a> {
        FolderFrame {
            language,
            page,
            check: &self.check,
            program: PROGRAM,
            style,
        }
    }
}

fn read_contract(
    case: &EvidenceSet,
    agreed: &hansa_policy::contract::VerifiedContract,
) -> Result<ContractEvidence, String> {
    read_view(subject_report::describe_contract(case, agreed, None).0)
}

/// View of an object that the command prints as JSON.
fn read_view<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("the pages can't be made: {error}"))
}

fn write_page(folder: &Path, file: &str, text: &str) -> Result<(), String> {
    let path = folder.join(file);
    let mut options = OpenOptions::new();
    // A file that somebody else has put there is not written to.
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
        .open(&path)
        .and_then(|mut page| page.write_all(text.as_bytes()))
        .map_err(|error| format!("the page {} can't be written: {error}", path.display()))
}

/// Refuses a path that exists, unless it is an empty folder.
fn refuse_used_folder(path: &Path) -> Result<(), String> {
    let shown = path.display();
    match std::fs::read_dir(path) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(format!(
                "the folder {shown} is not empty, and nothing in it is overwritten: name another one"
            )),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("the folder {shown} can't be used: {error}")),
    }
}

/// Folder at this path, which nobody else can read; an empty one may be there already.
fn make_named_folder(path: &Path) -> Result<PathBuf, String> {
    match private_folder_builder().create(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            refuse_used_folder(path)?;
        }
        made => {
            made.map_err(|error| format!("the folder {} can't be made: {error}", path.display()))?
        }
    }
    Ok(path.to_owned())
}

/// Fresh folder among the temporary files. Making it fails where the name is taken, so that nobody else can have laid it out.
fn make_private_folder() -> Result<PathBuf, String> {
    const TRIES: u32 = 10_000;
    let place = std::env::temp_dir();
    let process = std::process::id();
    for number in 0..TRIES {
        let path = place.join(format!("hansa-verify-{process}-{number}"));
        match private_folder_builder().create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(format!(
                    "no folder can be made in {}: {error}",
                    place.display()
                ));
            }
        }
    }
    Err(format!("no name is free in {}", place.display()))
}

/// Builder of folders that their owner alone can open.
fn private_folder_builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
}

/// Language that the environment names; English where it names none of those of the pages.
fn language_of_environment() -> Language {
    let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
    let set = names
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    set.and_then(|value| value.get(..2)?.parse().ok())
        .unwrap_or_default()
}
