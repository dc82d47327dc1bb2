//! A file system of its own for the folder of one participant, which can be full, fail, and lose what was not synced.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The room of the file system.
const ROOM: &str = "192M";

/// A python program that shuts a file system down, so that nothing more reaches the disk (ioctl_xfs_goingdown(2), which ext4
/// takes too).
const SHUT_DOWN: &str = "import fcntl, os, struct, sys\n\
    folder = os.open(sys.argv[1], os.O_RDONLY)\n\
    fcntl.ioctl(folder, 0x8004587D, struct.pack('I', int(sys.argv[2])))\n";

/// The flag by which what was written before is kept.
const AFTER_A_SYNC: &str = "0";

/// The flag by which what was not synced is lost, the journal too.
const AT_ONCE: &str = "2";

/// A mounted file system.
pub(super) struct SmallDisk {
    image: PathBuf,
    folder: PathBuf,
}

impl SmallDisk {
    /// Puts a folder onto a file system of its own; nothing where this machine does not let the test mount one.
    pub(super) fn hold(folder: &Path) -> Option<Self> {
        let image = folder.with_extension("disk");
        let disk = Self {
            image,
            folder: folder.to_path_buf(),
        };
        command("truncate", &["-s", ROOM, &disk.image()]);
        let format = ["-q", "-F", "-m", "0", &disk.image()];
        let is_made = ["mkfs.ext4", "/sbin/mkfs.ext4"].into_iter().any(|program| {
            Command::new(program)
                .args(format)
                .status()
                .is_ok_and(|status| status.success())
        });
        let beside = folder.with_extension("moved");
        std::fs::rename(folder, &beside).unwrap();
        std::fs::create_dir(folder).unwrap();
        if !is_made || !disk.try_mount() {
            std::fs::remove_dir(folder).unwrap();
            std::fs::rename(&beside, folder).unwrap();
            eprintln!(
                "no full disks and no power cuts: this machine lets the test mount no file system"
            );
            return None;
        }
        let from = format!("{}/.", beside.display());
        command("cp", &["-a", &from, &disk.folder()]);
        disk.sync();
        Some(disk)
    }

    /// Takes everything that was written so far to the disk.
    pub(super) fn sync(&self) {
        command("sync", &["-f", &self.folder()]);
    }

    /// Leaves no room for a single block.
    pub(super) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        for block in [vec![1; 1 << 20], vec![1; 1 << 12]] {
            while ballast.write_all(&block).is_ok() {}
        }
    }

    /// Gives back the room.
    pub(super) fn make_room(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    /// Lets every write fail from now on. What was written before is kept.
    pub(super) fn fail(&self) {
        command("python3", &["-c", SHUT_DOWN, &self.folder(), AFTER_A_SYNC]);
    }

    /// Cuts the power. What was not synced is lost.
    ///
    /// Whoever writes must stand still: to a sync that runs meanwhile, the kernel may tell that it succeeded, and a process that
    /// has no power can't act upon that.
    pub(super) fn cut_power(&self) {
        command("python3", &["-c", SHUT_DOWN, &self.folder(), AT_ONCE]);
    }

    /// The file system as the machine finds it at its next start. No process may use it.
    pub(super) fn mount_again(&self) {
        command("umount", &[&self.folder()]);
        assert!(self.try_mount());
    }

    fn try_mount(&self) -> bool {
        Command::new("mount")
            .args(["-o", "loop", &self.image(), &self.folder()])
            .status()
            .is_ok_and(|status| status.success())
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    fn image(&self) -> String {
        self.image.display().to_string()
    }

    fn folder(&self) -> String {
        self.folder.display().to_string()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l", &self.folder()]).status();
    }
}

fn command(program: &str, args: &[&str]) {
    let status = Command::new(program).args(args).status().unwrap();
    assert!(status.success(), "{program} {args:?}");
}
