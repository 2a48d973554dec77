//! Attributes that are blocks, and rules about attributes taken together.

use super::configured;
use super::findings;
use crate::lang::Value;
use crate::lang::print;
use crate::objects::Address;

/// The value of an attribute, as HCL.
fn attribute(text: &str, address: &str, name: &str) -> String {
    let (configuration, findings) = configured(&[(".", text)]);
    assert!(findings.is_empty(), "{findings:#?}");
    let object = &configuration.objects[&Address::new(address)];
    object.get(name).map_or("-".to_owned(), print::value)
}

#[test]
fn blocks_keep_their_order_whether_written_or_made() {
    let text = r#"
        locals {
          more = ["/b", "/c"]
        }
        resource "emr_cluster" "c" {
          bootstrap_action {
            path = "/a"
          }
          dynamic "bootstrap_action" {
            for_each = local.more
            iterator = each_one
            content {
              path = each_one.value
              args = [each_one.key, run.date]
            }
          }
          bootstrap_action {
            path = "/d"
          }
        }
    "#;
    assert_eq!(
        attribute(text, "resource.c", "bootstrap_action"),
        r#"[{ path = "/a" }, { args = tolist(["0", run.date]), path = "/b" }, { args = tolist(["1", run.date]), path = "/c" }, { path = "/d" }]"#
    );
}

#[test]
fn a_block_may_hold_blocks_of_its_own_kind_made_for_an_element_outside() {
    let text = r#"
        resource "emr_cluster" "c" {
          for_each = { x = { env = { A = "1" } } }
          dynamic "configuration" {
            for_each = each.value
            content {
              classification = configuration.key
              dynamic "configuration" {
                for_each = configuration.value
                iterator = inner
                content {
                  classification = "${configuration.key}-${inner.key}"
                  properties     = { (inner.key) = inner.value }
                }
              }
            }
          }
        }
    "#;
    assert_eq!(
        attribute(text, "resource.c[\"x\"]", "configuration"),
        r#"[{ classification = "env", configuration = [{ classification = "env-A", properties = tomap({ A = "1" }) }] }]"#
    );
}

#[test]
fn blocks_that_are_none_are_not_set_and_a_single_one_is_an_object() {
    let text = r#"
        resource "emr_cluster" "c" {
          dynamic "configuration" {
            for_each = []
            content {
              classification = "x"
            }
          }
          http_proxy {
            hostname = "proxy"
            port     = 8080
          }
        }
    "#;
    assert_eq!(attribute(text, "resource.c", "configuration"), "-");
    assert_eq!(
        attribute(text, "resource.c", "http_proxy"),
        r#"{ hostname = "proxy", port = "8080" }"#
    );
}

#[test]
fn each_mistake_in_blocks_is_said_once_however_many_objects_there_are() {
    let text = r#"
        resource "emr_cluster" "c" {
          count = 3
          bootstrap_action {
            pat = "a"
          }
        }
    "#;
    let found = findings(&[(".", text)]);
    let unknown = found.iter().filter(|found| found.contains("no attribute"));
    assert_eq!(unknown.count(), 1, "{found:#?}");
}

#[test]
fn what_cannot_be_evaluated_breaks_no_rule() {
    let text = r#"
        pipeline "p" {
          activity "shell_command" "a" {
            command = var.none
          }
          activity "shell_command" "b" {
            command    = null
            script_uri = "s3://acme/x.sh"
          }
        }
    "#;
    let found = findings(&[(".", text)]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("There is no variable"), "{found:#?}");
}

#[test]
fn what_the_pipeline_says_is_there_too() {
    let text = r#"
        pipeline "p" {
          late_after = "1 hour"
          activity "shell_command" "a" {
            command = "true"
            on_late = [action.stop]
          }
          action "terminate" "stop" {}
        }
    "#;
    assert_eq!(findings(&[(".", text)]), Vec::<String>::new());
    let alone = text.replace("late_after = \"1 hour\"", "");
    let found = findings(&[(".", &alone)]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("here or on the pipeline"), "{found:#?}");
}

#[test]
fn a_secret_may_stand_in_a_block_where_its_attribute_takes_one_and_nowhere_else() {
    let text = |attribute: &str| {
        format!(
            "resource \"ec2\" \"m\" {{\n http_proxy {{\n port = 1\n {attribute} = secret(\"env://X\")\n }}\n}}\n"
        )
    };
    let right = text("password").replace(" port = 1", " port = 1\n hostname = \"h\"");
    let (configuration, found) = configured(&[(".", &right)]);
    assert!(found.is_empty(), "{found:#?}");
    let machine = &configuration.objects[&Address::new("resource.m")];
    let proxy = machine.get("http_proxy").unwrap();
    assert!(proxy.has_secret());
    assert!(matches!(proxy, Value::Object(_)));
    let found = findings(&[(".", &text("hostname"))]);
    assert!(found[0].contains("Secret in the wrong place"), "{found:#?}");
}

#[test]
fn numbers_prices_and_assignments_are_checked() {
    let said = |line: &str| {
        let text = format!("data_node \"dynamodb\" \"d\" {{\n table_name = \"t\"\n {line}\n}}\n");
        findings(&[(".", &text)]).len()
    };
    for (line, mistakes) in [
        ("read_throughput_percent = 0.1", 0),
        ("read_throughput_percent = 1", 0),
        ("read_throughput_percent = \"0.5\"", 0),
        ("read_throughput_percent = 0.09999", 1),
        ("read_throughput_percent = 1.01", 1),
        ("read_throughput_percent = \"half\"", 1),
    ] {
        assert_eq!(said(line), mistakes, "{line}");
    }
    let said =
        |line: &str| findings(&[(".", &format!("resource \"ec2\" \"m\" {{\n {line}\n}}\n"))]).len();
    for (line, mistakes) in [
        ("spot_bid_price = 0.01", 0),
        ("spot_bid_price = \"19.99\"", 0),
        ("spot_bid_price = \"0.${run.day}\"", 0),
        ("spot_bid_price = 0", 1),
        ("spot_bid_price = 20", 1),
        ("spot_bid_price = \"inf\"", 1),
        ("spot_bid_price = \"on_demand_price\"", 1),
    ] {
        assert_eq!(said(line), mistakes, "{line}");
    }
}

#[test]
fn a_calendar_may_be_written_in_the_schedule_that_has_it() {
    let text = r#"
        schedule "s" {
          every = "1 day"
          start = "2026-11-01"
          calendar {
            weekends = ["sunday"]
          }
        }
        pipeline "p" {
          schedule {
            every = "1 day"
            start = "2026-11-01"
            dynamic "calendar" {
              for_each = [["saturday"]]
              iterator = days
              content {
                weekends = days.value
              }
            }
          }
          activity "shell_command" "a" {
            command = "true"
            schedule {
              every = "1 week"
              start = "2026-11-01"
              calendar {
                dates = ["2026-12-25"]
              }
            }
          }
        }
    "#;
    let (configuration, findings) = configured(&[(".", text)]);
    assert!(findings.is_empty(), "{findings:#?}");
    for (schedule, excludes, days) in [
        ("schedule.s", "weekends", r#"["sunday"]"#),
        ("pipeline.p.schedule", "weekends", r#"["saturday"]"#),
        (
            "pipeline.p.activity.a.schedule",
            "dates",
            r#"["2026-12-25"]"#,
        ),
    ] {
        let schedule = &configuration.objects[&Address::new(schedule)];
        let calendar = schedule.reference("calendar").unwrap();
        let expected = format!("{}.calendar", schedule.address);
        assert_eq!(calendar.as_str(), expected);
        let calendar = &configuration.objects[&calendar];
        assert_eq!(calendar.pipeline, schedule.pipeline);
        let days_of_it = calendar.get(excludes).map(print::value);
        assert!(days_of_it.is_some_and(|found| found.contains(days)));
    }
}

#[test]
fn a_schedule_that_is_called_like_the_calendar_of_its_pipelines_schedule_has_to_have_another_name()
{
    let text = r#"
        pipeline "p" {
          schedule {
            every = "1 day"
            start = "2026-11-01"
            calendar {
              weekends = ["sunday"]
            }
          }
          schedule "calendar" {
            every = "1 day"
            start = "2026-11-01"
          }
        }
    "#;
    let found = findings(&[(".", text)]);
    assert!(
        found
            .iter()
            .any(|found| found.contains("called `calendar`"))
    );
}
