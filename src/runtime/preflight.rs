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
use crate::lang::Value;
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
use crate::objects::unguarded_writers;

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
            let data = assembler.data(&key, of).ok();
            add(owner, Ok(data.into_iter().collect()));
        }
        if must_be_made(objects, timetable, object) {
            let table = assembler.written_table(&key, of).ok().flatten();
            add(owner, Ok(table.into_iter().collect()));
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

/// Whether an object is data at one place that is read, and that nothing brings.
fn must_be_there(objects: &Objects, timetable: &Timetable, object: &Object) -> bool {
    is_at_one_place(objects, object) && !unguarded_readers(objects, timetable, object).is_empty()
}

/// Whether an object is a table that is written to, and that nothing makes: Hive takes one of `DynamoDB` as it is.
fn must_be_made(objects: &Objects, timetable: &Timetable, object: &Object) -> bool {
    let writers = unguarded_writers(objects, timetable, object);
    object.object_type.name == "dynamodb"
        && is_at_one_place(objects, object)
        && !writers.is_empty()
        && writers
            .iter()
            .all(|writer| ["hive", "hive_copy"].contains(&writer.object_type.name))
}

/// Whether an object is data that is the same for all intervals, and that can be looked for now. Data of an interval may come with the
/// interval: the plan warns of it. What a query reads only the database knows, and where a database is may be nobody's business.
fn is_at_one_place(objects: &Objects, object: &Object) -> bool {
    if object.kind() != Kind::DataNode {
        return false;
    }
    let is_known = |object: &Object, attribute: &str| {
        let value = object.get(attribute);
        value.is_some_and(|value| !value.has_deferred())
    };
    match object.object_type.name {
        "sql" => {
            let database = object.reference("database");
            let database = database.and_then(|database| objects.get(&database));
            object.get("select_query").is_none()
                && is_known(object, "table")
                && database.is_some_and(|database| {
                    let hidden =
                        matches!(database.get("connection_string"), Some(Value::Sensitive(_)));
                    is_known(database, "connection_string") && !hidden
                })
        }
        "dynamodb" => is_known(object, "table_name"),
        _ => is_known(object, "path"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostics;
    use crate::diag::FileId;
    use crate::lang::module::Module;
    use crate::lang::module::ModuleTree;
    use crate::lang::parse_body;
    use crate::objects::configuration::Surroundings;
    use crate::objects::configuration::configure;

    fn configured(text: &str) -> (Objects, Timetable) {
        let mut diagnostics = Diagnostics::new();
        let body = parse_body(FileId::default(), text, &mut diagnostics);
        let tree = ModuleTree::leaf(Module::decode(".", vec![body], &mut diagnostics));
        let call = Call {
            files: &NoFiles,
            now: Timestamp::UNIX_EPOCH,
            random: || [7; 16],
            secrets: None,
        };
        let surroundings = Surroundings {
            variables: &BTreeMap::new(),
            call: &call,
            directory: ".",
            working_directory: "/work",
            workspace: "default",
            allow_plaintext: true,
            prior: None,
        };
        let (configuration, found) = configure(&tree, surroundings);
        diagnostics.extend(found);
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        let timetable = configuration.timetable();
        (configuration.objects, timetable)
    }

    const TABLES: &str = r#"
database "jdbc" "shop" {
  connection_string = "jdbc:sqlite:shop.db"
}

database "jdbc" "hidden" {
  connection_string = secret("env://SHOP")
}

resource "emr_cluster" "big" {
  release_label = "emr-7.5.0"
}

schedule "daily" {
  every = "1 day"
  start = "2026-11-01"
}

pipeline "p" {
  schedule = schedule.daily
  runs_on  = resource.big

  data_node "sql" "orders" {
    database = database.shop
    table    = "orders"
  }

  data_node "sql" "queried" {
    database     = database.shop
    table        = "orders"
    select_query = "SELECT 1"
  }

  data_node "sql" "hidden" {
    database = database.hidden
    table    = "orders"
  }

  data_node "sql" "of_day" {
    database = database.shop
    table    = "orders_${run.day}"
  }

  data_node "sql" "waits" {
    database = database.shop
    table    = "orders"

    precondition "exists" {}
  }

  data_node "dynamodb" "users" {
    table_name = "users"

    format "dynamodb_export" {}
  }

  data_node "dynamodb" "restored" {
    table_name = "restored"

    format "dynamodb_export" {}
  }

  data_node "dynamodb" "made" {
    table_name = "made"
  }

  data_node "s3" "kept" {
    path = "s3://acme/users/${run.date}/"

    format "dynamodb_export" {}
  }

  activity "hive_copy" "backup" {
    input  = data_node.users
    output = data_node.kept
  }

  activity "hive_copy" "restore" {
    input  = data_node.kept
    output = data_node.restored
  }
}

pipeline "q" {
  schedule = schedule.daily

  activity "shell_command" "read" {
    input   = [pipeline.p.data_node.orders, pipeline.p.data_node.queried, pipeline.p.data_node.hidden, pipeline.p.data_node.of_day, pipeline.p.data_node.waits]
    output  = pipeline.p.data_node.made
    command = "true"
  }
}
"#;

    #[test]
    fn tables_are_looked_for_that_nothing_makes_and_that_nothing_waits_for() {
        let (objects, timetable) = configured(TABLES);
        let which = |looked_for: fn(&Objects, &Timetable, &Object) -> bool| {
            let found = objects.values();
            let found = found.filter(|object| looked_for(&objects, &timetable, object));
            let names = found.map(|object| object.address.name());
            names.collect::<Vec<_>>()
        };
        assert_eq!(which(must_be_there), ["orders", "users"]);
        assert_eq!(which(must_be_made), ["restored"]);
    }
}
