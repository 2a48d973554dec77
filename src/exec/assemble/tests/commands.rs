//! What becomes of what commands leave: how it is packed where it is put.

use super::assembled;
use super::daily;
use crate::connect::formats::compression::Compression;
use crate::objects::Address;

/// How what a command leaves for a data node of these attributes is packed.
fn packed(node: &str) -> Result<Option<Compression>, String> {
    let objects = daily(
        &format!(
            r#"
  data_node "s3" "out" {{
{node}
  }}

  activity "shell_command" "x" {{
    stage   = true
    output  = data_node.out
    command = "true"
  }}
"#
        ),
        "",
    );
    assembled(&objects, |assembler, interval, of| {
        let activity = Address::new("pipeline.p.activity.x");
        let resolved = assembler.resolver.activity(&activity, interval, of);
        let command = assembler.activity_command(&resolved.unwrap())?;
        let [Some(left)] = command.staging.outputs.as_slice() else {
            panic!("not one output is staged");
        };
        Ok(left.compression)
    })
}

#[test]
fn what_is_left_is_packed_as_its_data_node_or_its_path_says() {
    for (node, wanted) in [
        ("path = \"s3://acme/one.csv.gz\"", Some(Compression::Gzip)),
        ("path = \"s3://acme/one.csv.zst\"", Some(Compression::Zstd)),
        ("path = \"s3://acme/one.csv\"", None),
        ("path = \"s3://acme/all.gz/\"", None),
        (
            "path = \"s3://acme/one\"\ncompression = \"gzip\"",
            Some(Compression::Gzip),
        ),
        (
            "path = \"s3://acme/one.csv.gz\"\ncompression = \"none\"",
            Some(Compression::None),
        ),
    ] {
        assert_eq!(packed(node), Ok(wanted), "{node}");
    }
    let error = packed("path = \"s3://acme/one.gz\"\nformat = \"parquet\"").unwrap_err();
    assert!(error.contains("ends like one of a compressed"), "{error}");
}
