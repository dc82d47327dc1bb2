//! File of a new dataset: the page that asks for it, and its way from the browser to the folder of staged files.

use crate::cli::connector_command::ConnectorCommand;
use crate::console::page_visit::{html_response, redirect};
use crate::console::person_visit::{PermittedPerson, PersonVisit};
use crate::dataset::arguments::DatasetCommand;
use hansa_console::{ADDITION_ADDRESS, StagedRow, StagingView, UploadFault, render_staging};
use hansa_node::config::person::Role;
use hansa_node::console::act::{ActProof, issue_form_key, record_act, use_form_key};
use hansa_node::console::form_key::FormSubject;
use hansa_node::console::pending_act::DescribedAct;
use hansa_node::dataset::staged_file::{
    FILES, HOURS_KEPT, StagedDraft, StagedFile, digest_person, open_staging,
};
use hansa_node::process::run_to_completion;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleResponse;
use hansa_transport::console::file_upload::FileUpload;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Words of the act in the record.
const STAGE: &str = "dataset stage";

/// Roles that send files.
pub(super) const SENDERS: &[Role] = &[Role::Officer];

/// Page on which a new dataset begins.
pub(super) async fn show_staging(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(SENDERS, STAGE).await?;
    show_files(visit, &permitted, None).await
}

/// Takes a file of the person. Session and roles are checked before the first byte of the body is read, and the key of the form
/// before the first byte of the file.
pub(super) async fn receive_file(
    visit: &PersonVisit<'_>,
    upload: &mut FileUpload,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(SENDERS, STAGE).await?;
    let received = match take_file(visit, upload).await {
        Ok(draft) => keep_file(visit, draft).await,
        Err(refusal) => Err(refusal),
    };
    match received {
        Ok(file) => Ok(redirect(&format!("{ADDITION_ADDRESS}/{}", file.id))),
        Err(refusal) => match find_fault(refusal.code) {
            Some(fault) => {
                let refused = RefusedFile { fault, refusal };
                show_files(visit, &permitted, Some(refused)).await
            }
            None => Err(refusal),
        },
    }
}

/// Takes the file to its end. A sender that goes away ends this, and nothing of the file stays.
async fn take_file(
    visit: &PersonVisit<'_>,
    upload: &mut FileUpload,
) -> Result<StagedDraft, Refusal> {
    let limit = visit.connector.config().console.upload;
    // The form around the file has some bytes, too; the file itself is counted as it comes.
    let stated = upload.length().min(limit);
    if upload.length() > limit.saturating_add(FORM) {
        let sentence = format!("the file is larger than {limit} bytes");
        return Err(Refusal::new(ErrorCode::UploadTooLarge, sentence));
    }
    let head = upload.read_head().await?;
    let key = head.fields.get("key").map_or("", String::as_str);
    use_form_key(visit.connector, form_subject(visit), key)?;
    let person = digest_person(&visit.person.person.key);
    let mut staging = open_staging(visit.connector, person, stated).await?;
    while let Some(bytes) = upload.read_bytes().await? {
        staging.take_bytes(bytes).await?;
    }
    staging.finish(&head.file_name).await
}

/// Most bytes around the file in a form whose file has the largest size.
const FORM: u64 = 16 * 1024;

/// Keeps a file that has come whole, after its record: also where the browser goes away meanwhile.
async fn keep_file(visit: &PersonVisit<'_>, draft: StagedDraft) -> Result<StagedFile, Refusal> {
    let act = DescribedAct {
        act: STAGE.to_owned(),
        subject: draft.file.id.clone(),
        shown: draft.file.sha256.to_string(),
        fields: BTreeMap::new(),
        words: None,
    };
    let (connector, person) = (Arc::clone(visit.connector), visit.person.clone());
    run_to_completion::to_the_end(async move {
        record_act(&connector, &person, &act, ActProof::Session).await?;
        draft.keep().await
    })
    .await
}

/// File that was refused.
struct RefusedFile {
    fault: UploadFault,
    refusal: Refusal,
}

/// Fault of a file for the page; none where the page can't help.
const fn find_fault(code: ErrorCode) -> Option<UploadFault> {
    Some(match code {
        ErrorCode::UploadTooLarge => UploadFault::TooLarge,
        ErrorCode::UploadIncomplete => UploadFault::Incomplete,
        ErrorCode::UploadLimit => UploadFault::TooMany,
        ErrorCode::SourceKindUnknown => UploadFault::WrongKind,
        ErrorCode::SourceUnreadable => UploadFault::Unreadable,
        ErrorCode::DiskFull => UploadFault::NoRoom,
        ErrorCode::FormStale => UploadFault::StaleForm,
        _ => return None,
    })
}

async fn show_files(
    visit: &PersonVisit<'_>,
    permitted: &PermittedPerson<'_>,
    refused: Option<RefusedFile>,
) -> Result<ConsoleResponse, Refusal> {
    let files: Vec<StagedRow> = read_files(permitted).await?;
    let status = if refused.is_some() { 422 } else { 200 };
    let view = StagingView {
        key: issue_form_key(visit.connector, form_subject(visit)),
        limit: visit.connector.config().console.upload,
        most: u64::try_from(FILES).unwrap_or(u64::MAX),
        hours: u64::from(HOURS_KEPT),
        files,
        fault: refused.as_ref().map(|refused| refused.fault),
        refusal: refused.map(|refused| {
            let Refusal { code, sentence, .. } = refused.refusal;
            format!("{code}: {sentence}")
        }),
    };
    let facts = visit.frame_facts("hansa dataset stage FILE\nhansa dataset staged".to_owned());
    Ok(html_response(
        status,
        render_staging(&facts.to_frame(), &view),
    ))
}

/// Files of the person that wait.
///
/// # Errors
/// The refusal of the command.
pub(super) async fn read_files(permitted: &PermittedPerson<'_>) -> Result<Vec<StagedRow>, Refusal> {
    let command = ConnectorCommand::Dataset(DatasetCommand::Staged);
    permitted.read_rows(command).await
}

fn form_subject<'a>(visit: &'a PersonVisit<'_>) -> FormSubject<'a> {
    FormSubject {
        session: visit.session(),
        act: STAGE,
        subject: "",
        shown: "",
    }
}
