//! Signals, one process a case: a case blocks its signals in every thread there is, which libtest's would not.

#[cfg(target_os = "linux")]
mod batches;
#[cfg(target_os = "linux")]
mod children;
#[cfg(target_os = "linux")]
mod loss;
#[cfg(target_os = "linux")]
mod masks;
#[cfg(target_os = "linux")]
mod numbers;
#[cfg(target_os = "linux")]
mod order;
#[cfg(target_os = "linux")]
mod runner;
#[cfg(target_os = "linux")]
mod spawned;
#[cfg(target_os = "linux")]
mod support;
#[cfg(target_os = "linux")]
mod threads;
#[cfg(target_os = "linux")]
mod waits;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let cases = [
        batches::CASES,
        children::CASES,
        loss::CASES,
        masks::CASES,
        numbers::CASES,
        order::CASES,
        spawned::CASES,
        threads::CASES,
        waits::CASES,
    ];
    runner::main(&cases.concat(), &[support::ROLES, masks::ROLES].concat())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
