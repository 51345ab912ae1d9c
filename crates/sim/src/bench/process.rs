//! What a process has cost so far: processor time and memory, as `/proc` tells.
//!
//! **Invariant:** nothing of the process is touched.
//!
//! Deliberately absent: systems without `/proc`; there the figures are missing, and the table says so.

use std::fs::read_to_string;

/// The kernel's clock tick, fixed in its interface to programs.
const TICKS_PER_S: f64 = 100.0;

/// The processor seconds that a process has used, in user mode and in the kernel.
#[must_use]
pub fn cpu_s(id: u32) -> Option<f64> {
    let stat = read_to_string(format!("/proc/{id}/stat")).ok()?;
    // After the name, which stands in parentheses and may hold spaces: state is field 3, utime 14, stime 15.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_S)
}

/// The memory that a process holds now, in MiB.
#[must_use]
pub fn memory_mib(id: u32) -> Option<f64> {
    field_mib(id, "VmRSS:")
}

/// The most memory that a process has ever held, in MiB.
#[must_use]
pub fn memory_mib_max(id: u32) -> Option<f64> {
    field_mib(id, "VmHWM:")
}

fn field_mib(id: u32, name: &str) -> Option<f64> {
    let status = read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}
