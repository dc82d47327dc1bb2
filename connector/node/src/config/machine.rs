//! Resources of the machine for this process: its cores, and its memory within the limit of its control group.

use std::path::{Path, PathBuf};

/// Cores and memory for this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MachineResources {
    /// Number of cores within the CPU affinity and the quota of the process.
    pub(crate) cores: usize,
    /// Bytes of memory.
    pub(crate) memory: u64,
}

impl MachineResources {
    /// Reads the resources of this process. On a system that does not report its memory, a small machine is assumed.
    pub(crate) fn read() -> Self {
        let text = |path: &Path| std::fs::read_to_string(path).ok();
        let installed = text(Path::new("/proc/meminfo")).and_then(|text| parse_total_memory(&text));
        let groups = text(Path::new("/proc/self/cgroup")).unwrap_or_default();
        let limits = limit_files(&groups).into_iter();
        let allowed = limits
            .filter_map(|path| parse_memory_limit(&text(&path)?))
            .min();
        Self {
            cores: hansa_query::runtime::count_cores(),
            memory: installed
                .into_iter()
                .chain(allowed)
                .min()
                .unwrap_or(SMALL_MACHINE),
        }
    }
}

const SMALL_MACHINE: u64 = 2 << 30;

/// `MemTotal` of proc_meminfo(5), in bytes.
fn parse_total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Files with the memory limits of a control group and its ancestors (cgroups(7), `/proc/self/cgroup`).
fn limit_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':');
        let (_, Some(controllers), Some(group)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let (root, name) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let group = Path::new(group.trim_start_matches('/'));
        files.extend(
            group
                .ancestors()
                .map(|one| Path::new(root).join(one).join(name)),
        );
    }
    files
}

/// Memory limit in bytes; `None` without a limit.
fn parse_memory_limit(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::config::machine::{
        MachineResources, limit_files, parse_memory_limit, parse_total_memory,
    };
    use std::path::Path;

    #[test]
    fn the_memory_of_a_machine_is_read() {
        assert_eq!(
            parse_total_memory("MemTotal:       16384 kB\nMemFree: 1 kB\n"),
            Some(16 << 20)
        );
        assert_eq!(parse_total_memory("MemFree: 1 kB\n"), None);
        assert_eq!(parse_total_memory("MemTotal: many kB\n"), None);
        let machine = MachineResources::read();
        assert!(
            machine.cores >= 1 && machine.memory >= 64 << 20,
            "{machine:?}"
        );
    }

    #[test]
    fn the_limits_of_all_groups_around_a_process_count() {
        let files = limit_files("0::/system.slice/hansa.service\n");
        let root = Path::new("/sys/fs/cgroup");
        let wanted = [
            root.join("system.slice/hansa.service/memory.max"),
            root.join("system.slice/memory.max"),
            root.join("memory.max"),
        ];
        assert_eq!(files, wanted);
        let first = limit_files("3:cpuset:/\n4:memory:/a\n0::/\n");
        let wanted = [
            root.join("memory/a/memory.limit_in_bytes"),
            root.join("memory/memory.limit_in_bytes"),
            root.join("memory.max"),
        ];
        assert_eq!(first, wanted);
        assert!(limit_files("nothing\n").is_empty());
        assert_eq!(
            (parse_memory_limit("max\n"), parse_memory_limit("1024\n")),
            (None, Some(1024))
        );
    }
}
