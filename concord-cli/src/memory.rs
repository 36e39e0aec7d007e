//! The process's peak memory, where the system tells it.

/// Forgets the peak so far, so that the next [`peak`] is that of what comes now. Without effect outside Linux.
pub(crate) fn reset_peak() {
    #[cfg(target_os = "linux")]
    {
        // 5 resets the high-water mark of the resident set (proc_pid_clear_refs(5)); where that is not allowed the peak
        // of a step is the peak of the run so far.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
    }
}

/// The largest resident set since the last reset, in bytes; `None` where the system does not tell.
pub(crate) fn peak() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes * 1024)
    }
    #[cfg(not(target_os = "linux"))]
    None
}
