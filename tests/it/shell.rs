//! What shells and `man` do with what is made for them: completions are sourced in a real bash, pages formatted by a real groff.

use std::path::Path;
use std::process::Command;

/// What a command prints on both streams; it must succeed.
fn output(command: &mut Command) -> String {
    let result = command.output().unwrap_or_else(|error| {
        panic!("{command:?} cannot be run: {error}; tests/install installs it")
    });
    let text = String::from_utf8_lossy(&[result.stdout, result.stderr].concat()).into_owned();
    assert!(result.status.success(), "{command:?}: {text}");
    text
}

fn pipeform() -> Command {
    Command::new(env!("CARGO_BIN_EXE_pipeform"))
}

/// What bash offers for a line whose last word is not finished.
fn completed(script: &Path, words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (words.last().unwrap(), words[words.len() - 2]);
    let line = format!(
        "source '{}'; COMP_WORDS=({}); COMP_CWORD={}; _pipeform pipeform '{last}' '{before}'; echo \"${{COMPREPLY[@]}}\"",
        script.display(),
        quoted.join(" "),
        words.len() - 1
    );
    let found = output(Command::new("bash").args(["--norc", "-c", &line]));
    found.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_flags() {
    let script = tempfile::NamedTempFile::new().unwrap();
    let text = output(pipeform().args(["completion", "bash"]));
    std::io::Write::write_all(&mut script.as_file(), text.as_bytes()).unwrap();
    for (words, wanted) in [
        (&["pipeform", "va"][..], &["validate"][..]),
        (&["pipeform", "plan", "--det"], &["--detailed-exitcode"]),
        (&["pipeform", "state", "l"], &["list"]),
        (&["pipeform", "completion", "z"], &["zsh"]),
        (&["pipeform", "fmt", "--che"], &["--check"]),
    ] {
        assert_eq!(completed(script.path(), words), wanted, "{words:?}");
    }
    let commands = completed(script.path(), &["pipeform", ""]);
    assert!(commands.contains(&"apply".to_owned()), "{commands:?}");
}

#[test]
fn every_shell_gets_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = output(pipeform().args(["completion", shell]));
        assert!(script.contains("detailed-exitcode"), "{shell}");
    }
}

#[test]
fn man_pages_are_formatted_without_warnings() {
    let directory = tempfile::tempdir().unwrap();
    output(pipeform().args(["man", "--out"]).arg(directory.path()));
    let mut pages: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    pages.sort();
    assert!(pages.len() > 15, "{pages:?}");
    for page in pages {
        let said = output(
            Command::new("groff")
                .args(["-man", "-Tutf8", "-ww", "-z"])
                .arg(&page),
        );
        assert_eq!(said, "", "{}", page.display());
    }
    let page = directory.path().join("pipeform-state-list.1");
    let text = output(
        Command::new("groff")
            .args(["-man", "-Tascii", "-P-cbou"])
            .arg(&page),
    );
    for wanted in [
        "pipeform-state-list - ",
        "EXAMPLES",
        "pipeform state list pipeline.weblogs",
        "EXIT STATUS",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let main = output(pipeform().arg("man"));
    let file = std::fs::read_to_string(directory.path().join("pipeform.1")).unwrap();
    assert_eq!(main, file);
}
