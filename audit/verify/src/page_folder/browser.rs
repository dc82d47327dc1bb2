//! Browser of the system, started with a page.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Number of looks at the opener.
const LOOKS: u32 = 50;

/// Pause between two looks at the opener.
const PAUSE: Duration = Duration::from_millis(100);

/// Program that opens a file in the program that the person has chosen for its kind.
#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";

/// Starts the browser with a page; `false` where there is no screen, or no program that starts one.
pub(crate) fn open_page(page: &Path) -> bool {
    if !has_screen() {
        return false;
    }
    // The opener gets one argument, which is an absolute path or one without a leading hyphen.
    let started = Command::new(OPENER)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    started.is_ok_and(has_opened)
}

/// `true` if the opener ends well. Some openers stay until the browser is closed: one that still runs has opened it.
fn has_opened(mut opener: Child) -> bool {
    for _ in 0..LOOKS {
        match opener.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(PAUSE),
            Err(_) => return false,
        }
    }
    true
}

/// `true` if a browser would have a window. Without one, `xdg-open` may start a browser of the terminal, which has no input here.
fn has_screen() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(is_set)
}
