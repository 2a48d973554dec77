//! What a stranger can try who writes the configuration of a pull request: `plan --untrusted` and `validate --untrusted` refuse it, tell
//! nothing of this machine, and run nothing.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What must not be told. It is in files outside, in the environment and in the user's home.
const SECRET: &str = "HUSH-HUSH";

/// A directory with a root module in it, and beside that what is none of its business.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        for (path, text) in [
            ("secret.txt", SECRET),
            (
                "secret.pipe.hcl",
                "output \"x\" {\n  value = \"HUSH-HUSH\"\n}\n",
            ),
            ("secret.pipevars", "x = \"HUSH-HUSH\"\n"),
            ("home/secret.txt", SECRET),
            (
                "module/main.pipe.hcl",
                "output \"x\" {\n  value = \"HUSH-HUSH\"\n}\n",
            ),
            ("root/inside.txt", "told"),
            ("root/template.txt", "told ${name}"),
            (
                "root/nested/main.pipe.hcl",
                "output \"x\" {\n  value = file(\"${path.module}/../../secret.txt\")\n}\n",
            ),
            (
                "root/good/main.pipe.hcl",
                "output \"x\" {\n  value = file(\"${path.module}/../inside.txt\")\n}\n",
            ),
        ] {
            place.write(path, text);
        }
        for (target, link) in [
            ("../secret.txt", "link.txt"),
            ("..", "up"),
            ("../home", "elsewhere"),
            ("/etc", "etc"),
            ("../module", "module"),
            ("../../secret.txt", "nested/secret.txt"),
            ("inside.txt", "near.txt"),
        ] {
            symlink(target, place.root().join(link)).unwrap();
        }
        place.trap();
        place
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = std::fs::File::create(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Commands that leave a mark when they are run.
    fn trap(&self) {
        for name in [
            "git", "sh", "bash", "curl", "ssh", "aws", "env", "id", "hostname",
        ] {
            let path = self.directory.path().join("bin").join(name);
            let mark = self.directory.path().join("ran");
            self.write(
                &format!("bin/{name}"),
                &format!("#!/bin/sh\necho {name} >> {}\n", mark.display()),
            );
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        }
    }

    /// Runs a command in the root module, and answers whether it went well and all that it said.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_pipeform"))
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env("PATH", self.directory.path().join("bin"))
            .env("HOME", self.directory.path().join("home"))
            .env("SECRET", SECRET)
            .env("PIPEFORM_VAR_x", SECRET)
            .env("PIPEFORM_DATA_DIR", self.directory.path().join("state"))
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(!said.contains("panicked"), "{said}");
        (output.status.success(), said)
    }

    /// The same with this configuration; nothing may be told or run.
    fn refused(&self, configuration: &str, arguments: &[&str]) -> String {
        self.write("root/main.pipe.hcl", configuration);
        let (well, said) = self.run(arguments);
        assert!(!well, "{configuration}: {said}");
        self.silent(configuration, &said);
        said
    }

    fn silent(&self, what: &str, said: &str) {
        assert!(!said.contains(SECRET), "{what}: {said}");
        let ran = std::fs::read_to_string(self.directory.path().join("ran")).unwrap_or_default();
        assert_eq!(ran, "", "{what} has run something");
    }
}

fn output(value: &str) -> String {
    format!("output \"y\" {{\n  value = {value}\n}}\n")
}

const PLAN: [&str; 2] = ["plan", "--untrusted"];

/// The functions that read, with `PATH` for what they are to read.
const FUNCTIONS: &[&str] = &[
    "file(PATH)",
    "filebase64(PATH)",
    "filebase64sha256(PATH)",
    "filebase64sha512(PATH)",
    "fileexists(PATH)",
    "filemd5(PATH)",
    "fileset(dirname(PATH), \"*\")",
    "filesha1(PATH)",
    "filesha256(PATH)",
    "filesha512(PATH)",
    "templatefile(PATH, {})",
];

#[test]
fn no_function_reads_outside() {
    let place = Place::new();
    let secret = place.directory.path().join("secret.txt");
    let absolute = format!("\"{}\"", secret.display());
    for function in FUNCTIONS {
        for path in [
            "\"../secret.txt\"",
            "\"nested/../../secret.txt\"",
            "\"up/secret.txt\"",
            "\"elsewhere/secret.txt\"",
            "\"up/root/inside.txt\"",
            "\"etc/passwd\"",
            "\"/etc/passwd\"",
            "\"/proc/self/environ\"",
            "\"/nowhere/at/all\"",
            "\"../nowhere\"",
            "\"${path.cwd}/../secret.txt\"",
            &absolute,
        ] {
            let call = function.replace("PATH", path);
            for command in ["plan", "validate"] {
                let said = place.refused(&output(&call), &[command, "--untrusted"]);
                assert!(said.contains("it leads out of"), "{call}: {said}");
                assert!(said.contains("main.pipe.hcl:2"), "{call}: {said}");
            }
        }
    }
    for call in [
        "file(\"link.txt\")",
        "file(\"nested/secret.txt\")",
        "fileset(\".\", \"**\")",
        "fileset(\"nested\", \"*\")",
    ] {
        let said = place.refused(&output(call), &PLAN);
        assert!(said.contains("it leads out of"), "{call}: {said}");
    }
    for call in [
        "pathexpand(\"~/x\")",
        "file(\"~/secret.txt\")",
        "templatefile(\"~/secret.txt\", {})",
    ] {
        let said = place.refused(&output(call), &PLAN);
        assert!(said.contains("home directory"), "{call}: {said}");
    }
}

#[test]
fn every_function_that_reads_is_tried() {
    let place = Place::new();
    let (_, schema) = place.run(&["schema", "--json"]);
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let functions = schema["function_signatures"].as_object().unwrap().iter();
    let reading = functions.filter(|(_, it)| it["reads_files"] == true);
    let reading: BTreeSet<&str> = reading.map(|(name, _)| name.as_str()).collect();
    let tried = FUNCTIONS.iter().map(|call| call.split('(').next().unwrap());
    // These read no file; `pathexpand` is tried by itself, and `abspath` tells no more than `path.cwd`.
    let tried: BTreeSet<&str> = tried.chain(["pathexpand", "abspath"]).collect();
    let missing: Vec<_> = reading.difference(&tried).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_stands_elsewhere_than_in_outputs_is_refused_as_well() {
    let place = Place::new();
    let block = |body: &str| {
        format!("pipeline \"p\" {{\n  activity \"shell_command\" \"a\" {{\n    {body}\n  }}\n}}\n")
    };
    for configuration in [
        "locals {\n  x = file(\"../secret.txt\")\n}\n".to_owned() + &output("local.x"),
        "variable \"x\" {\n  default = \"a\"\n\n  validation {\n    condition     = file(\"../secret.txt\") == var.x\n    error_message = file(\"../secret.txt\")\n  }\n}\n".to_owned(),
        block("command = file(\"../secret.txt\")"),
        block("command = \"${file(\"link.txt\")} ${run.id}\""),
        block("for_each = fileset(\"..\", \"*\")\n    command = each.key"),
        block("command = \"true\"\n    environment = { A = file(\"../secret.txt\") }"),
        block("command = \"true\"\n\n    lifecycle {\n      precondition {\n        condition     = fileexists(\"../secret.txt\")\n        error_message = \"x\"\n      }\n    }"),
        "check \"c\" {\n  assert {\n    condition     = fileexists(\"../secret.txt\")\n    error_message = file(\"../secret.txt\")\n  }\n}\n".to_owned(),
        "calendar \"c\" {\n  holidays = split(\"\\n\", file(\"../secret.txt\"))\n}\n".to_owned(),
        output("try(file(\"inside.txt\"), 1) == \"told\" ? file(\"up/secret.txt\") : \"\""),
        output("[for f in [\"../secret.txt\"] : file(f)]"),
    ] {
        let said = place.refused(&configuration, &PLAN);
        assert!(said.contains("main.pipe.hcl:"), "{configuration}: {said}");
    }
    // What `try` and `can` catch is not told either.
    for value in [
        "try(file(\"../secret.txt\"), \"none\")",
        "can(file(\"../secret.txt\"))",
        "try(fileset(\"..\", \"*\"), [])",
    ] {
        place.write("root/main.pipe.hcl", &output(value));
        let (well, said) = place.run(&PLAN);
        assert!(well, "{said}");
        place.silent(value, &said);
        assert!(!said.contains("secret"), "{said}");
    }
}

#[test]
fn modules_come_from_inside_or_from_the_library() {
    let place = Place::new();
    let module = |source: &str| {
        format!("module \"m\" {{\n  source = \"{source}\"\n}}\n") + &output("module.m.x")
    };
    for (source, why) in [
        ("../module", "it leads out of"),
        ("./module", "it leads out of"),
        ("./up/module", "it leads out of"),
        ("./nested/../../module", "it leads out of"),
        ("./nested", "it leads out of"),
        (
            "git::https://example.com/m.git",
            "With --untrusted modules are taken",
        ),
        (
            "git::ssh://git@example.com/m.git",
            "With --untrusted modules are taken",
        ),
        ("github.com/example/m", "not supported"),
        (
            "git::file:///tmp/m.git",
            "With --untrusted modules are taken",
        ),
        ("https://example.com/m.zip", "Invalid module source"),
        ("/module", "Invalid module source"),
    ] {
        let said = place.refused(&module(source), &PLAN);
        assert!(said.contains(why), "{source}: {said}");
        assert!(said.contains(".pipe.hcl:2"), "{source}: {said}");
    }
    place.write("root/main.pipe.hcl", &module("./good"));
    let (well, said) = place.run(&PLAN);
    assert!(well && said.contains("told"), "{said}");
}

#[test]
fn files_of_the_module_itself_do_not_lead_out() {
    let place = Place::new();
    let uses = "variable \"x\" {}\n".to_owned() + &output("var.x");
    let secret = place.directory.path().join("secret.pipevars");
    for arguments in [
        &["plan", "--untrusted", "--var-file=../secret.pipevars"][..],
        &["plan", "--untrusted", "--var-file=up/secret.pipevars"],
        &[
            "plan",
            "--untrusted",
            &format!("--var-file={}", secret.display()),
        ],
        &["validate", "--untrusted", "--var-file=../secret.pipevars"],
    ] {
        let said = place.refused(&uses, arguments);
        assert!(said.contains("it leads out of"), "{said}");
    }
    for (target, link) in [
        ("../secret.pipe.hcl", "linked.pipe.hcl"),
        ("../secret.pipevars", "pipeform.pipevars"),
        ("../secret.pipevars", "linked.auto.pipevars"),
        ("../secret.txt", "linked.pipe.json"),
        ("../secret.txt", "override.pipe.hcl"),
        ("/dev/zero", "endless.pipe.hcl"),
    ] {
        let path = place.root().join(link);
        symlink(target, &path).unwrap();
        let said = place.refused(&uses, &PLAN);
        assert!(said.contains("it leads out of"), "{link}: {said}");
        assert!(said.contains(link), "{link}: {said}");
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn the_environment_is_not_there() {
    let place = Place::new();
    let said = place.refused(
        &("variable \"x\" {}\n".to_owned() + &output("var.x")),
        &PLAN,
    );
    assert!(said.contains("With --untrusted no variables"), "{said}");
    let secret = "pipeline \"p\" {\n  activity \"shell_command\" \"a\" {\n    command     = \"true\"\n    environment = { A = secret(\"env://SECRET\"), B = secret(\"file://../secret.txt\") }\n  }\n}\n";
    place.write("root/main.pipe.hcl", secret);
    for arguments in [
        &PLAN[..],
        &["plan", "--untrusted", "--json"],
        &["plan", "--untrusted", "--out=plan"],
    ] {
        let (well, said) = place.run(arguments);
        assert!(well, "{said}");
        place.silent(secret, &said);
    }
    let (_, said) = place.run(&["show", "--json", "plan"]);
    place.silent("show", &said);
    assert!(said.contains("\"commit\":null"), "{said}");
}

#[test]
fn state_and_policies_are_not_theirs() {
    let place = Place::new();
    place.write("root/main.pipe.hcl", &output("1"));
    place.write(
        "root/rules/a.rego",
        "package p\n\nwarn contains \"x\" if false\n",
    );
    place.write(
        "rules/a.rego",
        "package p\n\nwarn contains \"x\" if false\n",
    );
    symlink("../rules", place.root().join("linked")).unwrap();
    for directory in [
        "rules",
        "./rules",
        "../root/rules",
        "linked",
        "up/root/rules",
    ] {
        let (well, said) = place.run(&["plan", "--untrusted", "--policy-dir", directory]);
        assert!(!well && said.contains("not trusted"), "{directory}: {said}");
    }
    let (well, said) = place.run(&["plan", "--untrusted", "--policy-dir=../rules"]);
    assert!(well, "{said}");
    symlink("../home", place.root().join(".pipeform")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pipeform"))
        .args(PLAN)
        .current_dir(place.root())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is not read: it leads out of"), "{said}");
}

#[test]
fn a_directory_that_looks_like_a_repository_runs_nothing() {
    let place = Place::new();
    place.write("root/main.pipe.hcl", &output("1"));
    let mark = place.directory.path().join("ran");
    let command = format!("echo fsmonitor >> {}", mark.display());
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .args(arguments)
            .current_dir(place.root())
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q", "--bare", "."]);
    git(&["config", "core.bare", "false"]);
    git(&["config", "core.worktree", "."]);
    git(&["config", "core.fsmonitor", &command]);
    // Also where the configuration is trusted, which is planned with the real git.
    let output = Command::new(env!("CARGO_BIN_EXE_pipeform"))
        .args(["plan", "--out=plan"])
        .current_dir(place.root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!Path::new(&mark).exists());
    let (well, said) = place.run(&["plan", "--untrusted", "--out=plan"]);
    assert!(well, "{said}");
    place.silent("plan --out", &said);
}

#[test]
fn what_is_inside_is_read() {
    let place = Place::new();
    for (value, wanted) in [
        ("file(\"inside.txt\")", "told"),
        ("file(\"near.txt\")", "told"),
        ("file(\"./nested/../inside.txt\")", "told"),
        ("file(\"${path.cwd}/inside.txt\")", "told"),
        (
            "templatefile(\"template.txt\", { name = \"all\" })",
            "told all",
        ),
        ("join(\",\", fileset(\"good\", \"*\"))", "main.pipe.hcl"),
    ] {
        place.write("root/main.pipe.hcl", &output(value));
        let (well, said) = place.run(&PLAN);
        assert!(well && said.contains(wanted), "{value}: {said}");
        place.silent(value, &said);
    }
}
