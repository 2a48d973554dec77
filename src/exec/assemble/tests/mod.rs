//! Objects as they are configured, and what is made of them for one day.

mod checks;
mod clusters;
mod commands;

use jiff::Timestamp;

use super::*;
use crate::connect::aws::Settings;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::lang::NoFiles;
use crate::lang::SecretSource;
use crate::lang::functions::Call;
use crate::lang::module::Module;
use crate::lang::module::ModuleTree;
use crate::lang::parse_body;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::configuration::Surroundings;
use crate::objects::configuration::configure;
use crate::time::Interval;

/// Objects, and when they are due.
type Configured = (Objects, Timetable);

fn call() -> Call<'static> {
    Call {
        files: &NoFiles,
        now: Timestamp::UNIX_EPOCH,
        random: || [7; 16],
        secrets: None,
    }
}

fn objects(text: &str) -> Configured {
    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId::default(), text, &mut diagnostics);
    let tree = ModuleTree::leaf(Module::decode(".", vec![body], &mut diagnostics));
    let call = call();
    let (configuration, found) = configure(
        &tree,
        Surroundings {
            variables: &BTreeMap::new(),
            call: &call,
            directory: ".",
            working_directory: "/work",
            workspace: "default",
            allow_plaintext: true,
            prior: None,
        },
    );
    diagnostics.extend(found);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let timetable = configuration.timetable();
    (configuration.objects, timetable)
}

/// A daily pipeline `p` with what is in it, and what stands beside it.
fn daily(inside: &str, beside: &str) -> Configured {
    objects(&format!(
        r#"
schedule "daily" {{
  every = "1 day"
  start = "2026-11-01"
}}

pipeline "p" {{
  schedule = schedule.daily
{inside}
}}

{beside}
"#
    ))
}

/// What is made of objects for the day of 24 November 2026.
fn assembled<T>(
    (objects, timetable): &Configured,
    make: impl FnOnce(&Assembler<'_>, Interval, Try) -> T,
) -> T {
    let call = call();
    let secrets = NoSecrets;
    let assembler = Assembler {
        resolver: Resolver::planned(objects, timetable, &call),
        directory: Path::new("/work"),
        inherited: &BTreeMap::new(),
        secrets: &secrets,
        hidden: RefCell::default(),
    };
    let interval = Interval {
        start: "2026-11-24T00:00:00Z".parse().unwrap(),
        end: "2026-11-25T00:00:00Z".parse().unwrap(),
    };
    let of = Try {
        attempt: 1,
        actual_start: interval.end,
    };
    make(&assembler, interval, of)
}

struct NoSecrets;

impl Keeper for NoSecrets {
    fn secret(&self, _: &SecretSource, _: &dyn Fn() -> Settings) -> Result<String, String> {
        Err("no secret is asked for".to_owned())
    }
}
