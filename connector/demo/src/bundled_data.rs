//! Published data and policies of the demo, embedded in the binary, so that the demo needs no other files.

use crate::tour_people::TourPerson;
use hansa_policy::refusal::{ErrorCode, Refusal};
use include_dir::{Dir, DirEntry, include_dir};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

static DATA: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/cities");

/// Writes a city's files into its folder and adds its datasets, offers and purposes to its configuration. Returns the bytes of its
/// data.
///
/// # Errors
/// If the folder can't be written.
pub(super) fn unpack_city_data(city: &str, folder: &Path) -> Result<u64, Refusal> {
    let Some(dir) = DATA.get_dir(city) else {
        return Ok(0);
    };
    let mut bytes = 0;
    unpack_dir(dir, city, folder, &mut bytes)?;
    let config = folder.join("hansa.toml");
    let mut text =
        String::from_utf8_lossy(&hansa_node::process::named_file::read_named_file(&config)?)
            .into_owned();
    for file in ["hansa-datasets.toml", "hansa-offers.toml"] {
        if let Some(part) = dir.get_file(format!("{city}/{file}")) {
            text.push('\n');
            text.push_str(part.contents_utf8().unwrap_or_default());
        }
    }
    hansa_node::process::named_file::write_named_file(&config, text.as_bytes())?;
    Ok(bytes)
}

fn unpack_dir(dir: &Dir<'_>, city: &str, folder: &Path, bytes: &mut u64) -> Result<(), Refusal> {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(inner) => unpack_dir(inner, city, folder, bytes)?,
            DirEntry::File(file) => {
                let path = file.path().strip_prefix(city).unwrap_or(file.path());
                if path.starts_with("data") {
                    let size = u64::try_from(file.contents().len()).unwrap_or(u64::MAX);
                    *bytes = bytes.saturating_add(size);
                }
                hansa_node::process::named_file::write_named_file(
                    &folder.join(path),
                    file.contents(),
                )?;
            }
        }
    }
    Ok(())
}

/// Configures a console, and the Unix user who runs the demo as its one person.
///
/// # Errors
/// If the configuration can't be written.
pub(super) fn add_console(folder: &Path, person: &TourPerson) -> Result<(), Refusal> {
    let user = std::fs::metadata(folder)
        .map(|folder| folder.uid())
        .map_err(|fault| {
            let sentence = format!("`{}` can't be read: {fault}", folder.display());
            Refusal::new(ErrorCode::FileMissing, sentence)
        })?;
    let config = folder.join("hansa.toml");
    let mut text =
        String::from_utf8_lossy(&hansa_node::process::named_file::read_named_file(&config)?)
            .into_owned();
    let roles: Vec<String> = person
        .roles
        .iter()
        .map(|role| format!("\"{role}\""))
        .collect();
    text.push_str(&format!(
        "\n[console]\nlisten = \"127.0.0.1:0\"\n\n[person.visitor]\nname  = \"{}\"\nroles = [{}]\nunix  = \"{user}\"\n",
        person.name,
        roles.join(", ")
    ));
    hansa_node::process::named_file::write_named_file(&config, text.as_bytes())
}

/// Configures a consumer to request uncompressed rows.
///
/// # Errors
/// If the configuration can't be written.
pub(super) fn plain_rows(folder: &Path) -> Result<(), Refusal> {
    let config = folder.join("hansa.toml");
    let text = String::from_utf8_lossy(&hansa_node::process::named_file::read_named_file(&config)?)
        .into_owned();
    let text = text.replace("[ask]\n", "[ask]\ncompress = \"none\"\n");
    hansa_node::process::named_file::write_named_file(&config, text.as_bytes())
}
