//! Looking, before anything runs, whether what the work of a definition needs is there.
//!
//! The work of each activity is put together for its next interval just as a runner would, and asked what it needs. Nothing is
//! changed, and no secret is read: where one is needed, it is looked whether there is one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Options;
use crate::engine::InstanceKey;
use crate::exec::AwsSettings;
use crate::exec::Work;
use crate::exec::assemble::ActionCall;
use crate::exec::assemble::Assembler;
use crate::exec::preflight::Found;
use crate::exec::preflight::Need;
use crate::exec::preflight::Standpoint;
use crate::exec::preflight::look;
use crate::exec::secrets::Keeper;
use crate::lang::NoFiles;
use crate::lang::SecretSource;
use crate::lang::functions::Call;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::resolve::Resolver;
use crate::objects::resolve::Try;
use crate::objects::settings;
use crate::objects::support;
use crate::objects::unguarded_readers;

/// Something that is needed, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The objects that need it, in the order of their addresses. There is at least one.
    pub objects: BTreeSet<Address>,
    /// Whether it is there.
    pub found: Found,
}

/// Looks for all that a definition needs. What cannot be put together is said by the checks of a plan already.
pub async fn preflight(
    (objects, timetable): (&Objects, &Timetable),
    options: &Options,
    now: Timestamp,
) -> Vec<Looked> {
    let mut wanted: BTreeMap<Need, BTreeSet<Address>> = BTreeMap::new();
    let mut looked: Vec<Looked> = Vec::new();
    for (object, needs) in needs((objects, timetable), options, now) {
        match needs {
            Ok(needs) => {
                for need in needs {
                    wanted.entry(need).or_default().insert(object.clone());
                }
            }
            Err(reason) => looked.push(Looked {
                objects: [object].into(),
                found: Found::Missing {
                    summary: "Work cannot be put together",
                    detail: format!("For its next interval: {reason}."),
                },
            }),
        }
    }
    let aws = options.sessions();
    let from = Standpoint {
        directory: &options.directory,
        variables: &options.variables,
        aws: &aws,
    };
    let answers = look(wanted.keys().cloned().collect(), from).await;
    for (need, found) in answers {
        let Some(objects) = wanted.remove(&need) else {
            continue;
        };
        let is_missing = matches!(found, Found::Missing { .. });
        // What several lack for one reason is said once.
        match looked.iter_mut().find(|it| is_missing && it.found == found) {
            Some(same) => same.objects.extend(objects),
            None => looked.push(Looked { objects, found }),
        }
    }
    looked
}

/// What each object needs; else why that cannot be said.
fn needs(
    (objects, timetable): (&Objects, &Timetable),
    options: &Options,
    now: Timestamp,
) -> Vec<(Address, Result<BTreeSet<Need>, String>)> {
    let call = Call {
        files: &NoFiles,
        now,
        random: || uuid::Uuid::new_v4().into_bytes(),
        secrets: None,
    };
    let sources = Placeholder::default();
    let assembler = Assembler {
        resolver: Resolver::planned(objects, timetable, &call),
        directory: &options.directory,
        inherited: &options.environment,
        secrets: &sources,
        hidden: RefCell::default(),
    };
    let of = Try {
        attempt: 1,
        actual_start: now,
    };
    let mut found = Vec::new();
    let mut add = |owner: &Address, needs: Result<BTreeSet<Need>, String>| {
        let secrets = sources.taken();
        let needs = needs.map(|mut needs| {
            let secrets = secrets.into_iter();
            needs.extend(secrets.map(|(source, settings)| Need::Secret(source, settings)));
            needs
        });
        found.push((owner.clone(), needs));
    };
    for object in objects.values() {
        let key = InstanceKey {
            object: object.address.clone(),
            interval: timetable.next_interval(&object.address, now),
        };
        let owner = &object.address;
        let has_instances = matches!(object.kind(), Kind::Activity | Kind::DataNode);
        if !has_instances && object.kind() != Kind::Resource
            || support::cannot_run(objects, object).is_some()
        {
            continue;
        }
        if object.kind() == Kind::Activity {
            let work = assembler.activity(&key, of);
            add(owner, work.map(|assigned| assigned.needs()));
        }
        if must_be_there(objects, timetable, object) {
            let data = assembler.data(&key, of).ok().flatten();
            add(owner, Ok(data.into_iter().collect()));
        }
        if has_instances {
            let checks = assembler.checks(&key, of);
            let needs = checks.map(|checks| {
                let checks = checks.iter();
                checks.flat_map(|(_, check)| check.needs()).collect()
            });
            add(owner, needs);
        }
        for action in actions(objects, object) {
            // The engine itself gives an instance up, and needs nothing for it.
            let runs = objects
                .get(&action)
                .filter(|action| action.object_type.name != "terminate");
            if runs.is_some_and(|action| support::cannot_run(objects, action).is_none()) {
                let work = assembler.action(&outcome(&action, now), &key, of);
                add(&action, work.map(|work: Work| work.needs()));
            }
        }
    }
    found
}

/// Whether an object is data at one place that is read, and that nothing brings. Data of an interval may come with the interval: the
/// plan warns of it.
fn must_be_there(objects: &Objects, timetable: &Timetable, object: &Object) -> bool {
    let path = object.get("path");
    path.is_some_and(|path| !path.has_deferred())
        && !unguarded_readers(objects, timetable, object).is_empty()
}

/// The actions of an object, of its own or of its pipeline; those of a resource are its own.
fn actions(objects: &Objects, object: &Object) -> BTreeSet<Address> {
    ["on_fail", "on_success", "on_late"]
        .into_iter()
        .flat_map(
            |attribute| match settings::inherited(objects, object, attribute) {
                Some(_) if object.get(attribute).is_some() => object.references(attribute),
                Some(_) if object.kind() == Kind::Resource => Vec::new(),
                Some(_) => object
                    .pipeline
                    .as_ref()
                    .and_then(|pipeline| objects.get(pipeline))
                    .map(|pipeline| pipeline.references(attribute))
                    .unwrap_or_default(),
                None => Vec::new(),
            },
        )
        .map(|(_, address)| address)
        .collect()
}

/// An action that is called for by an instance that has failed.
fn outcome(action: &Address, now: Timestamp) -> ActionCall {
    ActionCall {
        action: action.clone(),
        delivery: String::new(),
        status: "FAILED",
        error: Some("…".to_owned()),
        at: now,
    }
}

/// Remembers which secrets are asked for, and gives none away.
#[derive(Default)]
struct Placeholder {
    asked: RefCell<Vec<(SecretSource, AwsSettings)>>,
}

impl Placeholder {
    fn taken(&self) -> Vec<(SecretSource, AwsSettings)> {
        self.asked.take()
    }
}

impl Keeper for Placeholder {
    fn secret(
        &self,
        source: &SecretSource,
        settings: &dyn Fn() -> AwsSettings,
    ) -> Result<String, String> {
        self.asked.borrow_mut().push((source.clone(), settings()));
        Ok("secret".to_owned())
    }
}
