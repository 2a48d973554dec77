//! What is looked at before data counts as there: as which role, and where data has a manifest.

use super::assembled;
use super::daily;
use crate::connect::aws::AssumeRole;
use crate::connect::aws::Settings;
use crate::connect::s3::Location;
use crate::engine::InstanceKey;
use crate::exec::Check;
use crate::exec::exists::Exists;
use crate::exec::looking::Thing;
use crate::exec::s3_key_exists::S3KeyExists;
use crate::objects::Address;

/// What is looked at for the data node `in` of a daily pipeline.
fn checks(pipeline: &str) -> Vec<Check> {
    let reader = r#"
  activity "shell_command" "x" {
    input   = data_node.in
    command = "true"
  }
"#;
    let objects = daily(&format!("{pipeline}{reader}"), "");
    let object = Address::new("pipeline.p.data_node.in");
    let checks = assembled(&objects, |assembler, interval, of| {
        let key = InstanceKey { object, interval };
        assembler.checks(&key, of).unwrap()
    });
    checks.into_iter().map(|(_, check)| check).collect()
}

#[test]
fn a_role_of_the_pipeline_may_be_a_formula() {
    let found = checks(
        r#"
  role = "arn:aws:iam::111122223333:role/look-${run.day}"

  data_node "s3" "in" {
    path = "s3://acme/${run.date}"

    precondition "exists" {}
  }
"#,
    );
    let aws = Settings {
        assume_role: vec![AssumeRole {
            role_arn: "arn:aws:iam::111122223333:role/look-24".to_owned(),
            ..AssumeRole::default()
        }],
        ..Settings::default()
    };
    let object = Location::parse("s3://acme/2026-11-24").unwrap();
    let wanted = Check::Exists(Exists::Aws(Thing::Key(S3KeyExists { aws, object })));
    assert_eq!(found, [wanted]);
}

#[test]
fn data_with_a_manifest_is_there_when_its_manifest_is() {
    let found = checks(
        r#"
  data_node "s3" "in" {
    path               = "s3://acme/orders/"
    manifest_file_path = "s3://acme/lists/${run.date}.json"

    precondition "exists" {}
  }
"#,
    );
    let [Check::Exists(Exists::Aws(Thing::Key(wanted)))] = found.as_slice() else {
        panic!("no object is looked at");
    };
    let place = wanted.object.to_string();
    assert_eq!(place, "s3://acme/lists/2026-11-24.json");
}
