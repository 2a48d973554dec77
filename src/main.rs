//! The `pipeform` command.

fn main() -> std::process::ExitCode {
    pipeform::cli::main()
}
