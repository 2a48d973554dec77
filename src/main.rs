//! The `pipeform` command.

/// Loading a configuration makes and drops millions of small trees, which the system's allocator takes a third longer for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    pipeform::cli::main()
}
