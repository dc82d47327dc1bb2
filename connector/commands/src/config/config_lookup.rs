//! Where the configuration is.

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The configuration file: `--config`, `HANSA_CONFIG`, `./hansa.toml`, the XDG folder, `/etc/hansa/hansa.toml`.
///
/// # Errors
/// `CONFIG_MISSING` with the places that were looked at.
pub(crate) fn config_file(named: Option<&PathBuf>) -> Result<PathBuf, Refusal> {
    let variable = std::env::var_os("HANSA_CONFIG").map(PathBuf::from);
    if let Some(file) = named.cloned().or(variable) {
        let inside = file.join("hansa.toml");
        return Ok(if file.is_dir() { inside } else { file });
    }
    let mut places = vec![PathBuf::from("hansa.toml")];
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let xdg = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| home.map(|home| home.join(".config")));
    places.extend(xdg.map(|folder| folder.join("hansa/hansa.toml")));
    places.push(PathBuf::from("/etc/hansa/hansa.toml"));
    if let Some(found) = places.iter().find(|place| place.is_file()) {
        return Ok(found.clone());
    }
    let looked: Vec<String> = places
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    Err(Refusal::new(
        ErrorCode::ConfigMissing,
        format!("no configuration was found in {}", looked.join(", ")),
    ))
}

/// The variables of the environment that override keys.
pub(crate) fn environment_overrides() -> BTreeMap<String, String> {
    std::env::vars()
        .filter(|(name, _)| name.starts_with("HANSA__"))
        .collect()
}
