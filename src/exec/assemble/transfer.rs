//! What a copy of bytes as they are needs: the places of its ends, and whether their bytes may stay as they are.

use super::Assembler;
use super::required;
use crate::connect::formats::Format;
use crate::connect::formats::compression::Compression;
use crate::connect::place::Place;
use crate::connect::place::S3Place;
use crate::connect::s3::Encryption;
use crate::connect::s3::Location;
use crate::exec::copy::transfer::Packing;
use crate::exec::copy::transfer::Transfer;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::ResolvedActivity;

impl<'a> Assembler<'a> {
    /// Where the files of a data node are. `None`: it has none, as a table.
    pub(super) fn place(&self, node: &Resolved<'a>) -> Result<Option<Place>, String> {
        let path = || required(node, "path");
        Ok(match node.object.object_type.name {
            "file" => Some(Place::File(self.directory.join(path()?))),
            "s3" => Some(Place::S3(Box::new(S3Place {
                settings: self.aws(node.object),
                at: Location::parse(&path()?)
                    .map_err(|error| format!("{}: {error}", node.object.address))?,
                encryption: encryption(node),
                manifest: manifest(node)?,
            }))),
            _ => None,
        })
    }

    /// What a copy is whose bytes stay as they are. `None`: it is one of records, or of one file into another.
    pub(super) fn transfer(
        &self,
        resolved: &ResolvedActivity<'a>,
    ) -> Result<Option<Transfer>, String> {
        if resolved.activity.text("on_row_error") == Some("skip") {
            return Ok(None); // then each record is looked at
        }
        let mut outputs = resolved.outputs.values().flatten();
        let (Some(target), None) = (outputs.next(), outputs.next()) else {
            return Ok(None);
        };
        let Some(output) = self.place(target)? else {
            return Ok(None);
        };
        not_listed(target, &output)?;
        let nodes: Vec<&Resolved<'a>> = resolved.inputs.values().flatten().collect();
        let mut inputs = Vec::new();
        for node in &nodes {
            match self.place(node)? {
                Some(place) => inputs.push(place),
                None => return Ok(None),
            }
        }
        let one_file =
            !output.is_many() && (inputs.len() != 1 || inputs.iter().any(Place::is_many));
        let on_this_machine = |place: &Place| matches!(place, Place::File(_)) && !place.is_many();
        if one_file || inputs.iter().chain([&output]).all(on_this_machine) {
            return Ok(None);
        }
        for (node, input) in nodes.iter().zip(&inputs) {
            if !self.stays(node, input, target, &output)? {
                return Ok(None);
            }
        }
        let mut transfer = Transfer::new(inputs, output);
        if transfer.output.is_many() {
            transfer.packing = self.packing(&nodes, target)?;
            transfer.accumulates = target.boolean("accumulate");
        }
        Ok(Some(transfer))
    }

    /// Whether the bytes of an input may stay as they are, or need only be packed anew.
    fn stays(
        &self,
        node: &Resolved<'a>,
        input: &Place,
        target: &Resolved<'a>,
        output: &Place,
    ) -> Result<bool, String> {
        let (from, to) = (self.format(node)?, self.format(target)?);
        if from.is_some() && to.is_some() && from != to {
            return Ok(false);
        }
        if output.is_many() {
            return Ok(true);
        }
        // What nothing is said of is packed as its name says.
        let from = said(node).unwrap_or_else(|| input.compression());
        let to = said(target).unwrap_or_else(|| output.compression());
        Ok(from == to)
    }

    /// Which files are packed anew below a directory or a prefix.
    fn packing(&self, nodes: &[&Resolved<'a>], target: &Resolved<'a>) -> Result<Packing, String> {
        let packing = Packing {
            inputs: nodes.iter().map(|node| said(node)).collect(),
            output: said(target),
        };
        let columns = |node: &Resolved<'a>| {
            let format = self.format(node)?;
            Ok::<bool, String>(matches!(format, Some(Format::Parquet(_))))
        };
        let mut of_columns = columns(target)?;
        for node in nodes {
            of_columns |= columns(node)?;
        }
        not_packed_twice(target, packing.output, of_columns)?;
        Ok(packing)
    }

    /// How the files that a command leaves for a data node are to be packed, if it says so, or else the name of its one file does.
    pub(super) fn packed(
        &self,
        node: &Resolved<'a>,
        place: &Place,
    ) -> Result<Option<Compression>, String> {
        let named = Some(place.compression()).filter(|named| *named != Compression::None);
        let output = said(node).or(named);
        let of_columns = matches!(self.format(node)?, Some(Format::Parquet(_)));
        not_packed_twice(node, output, of_columns)?;
        Ok(output)
    }
}

/// Refuses to pack files of columns as a whole.
fn not_packed_twice(
    node: &Resolved<'_>,
    output: Option<Compression>,
    of_columns: bool,
) -> Result<(), String> {
    if of_columns && matches!(output, Some(Compression::Gzip | Compression::Zstd)) {
        let says = match said(node) {
            Some(_) => "says `compression`",
            None => "has a path that ends like one of a compressed file",
        };
        return Err(format!(
            "`{}` {says}, and parquet packs its pages itself; set `compression` of the format instead",
            node.object.address
        ));
    }
    Ok(())
}

/// How the files of a data node are packed, if it says so.
fn said(node: &Resolved<'_>) -> Option<Compression> {
    node.text("compression").and_then(Compression::of_name)
}

/// How what is written to a data node is encrypted.
pub(super) fn encryption(node: &Resolved<'_>) -> Encryption {
    match node.text("s3_encryption_type") {
        Some("server_side_encryption") => Encryption::Service,
        _ => Encryption::Bucket,
    }
}

/// The list of the files that a data node means, if it names one.
fn manifest(node: &Resolved<'_>) -> Result<Option<Location>, String> {
    let address = &node.object.address;
    let Some(manifest) = node.text("manifest_file_path") else {
        return Ok(None);
    };
    let at = Location::parse(manifest)
        .map_err(|error| format!("`manifest_file_path` of `{address}`: {error}"))?;
    if at.is_prefix() {
        return Err(format!(
            "`manifest_file_path` of `{address}` is `{at}`, a prefix, and a manifest is one file"
        ));
    }
    let path = required(node, "path")?;
    if !path.ends_with('/') {
        return Err(format!(
            "`{address}` has a `manifest_file_path`, and its `path` is one file: `{path}`. Let the path end in `/`, or leave the manifest out"
        ));
    }
    Ok(Some(at))
}

/// Refuses to write where a manifest says what is there.
pub(super) fn not_listed(node: &Resolved<'_>, place: &Place) -> Result<(), String> {
    match place {
        Place::S3(place) if place.manifest.is_some() => Err(format!(
            "`{}` has a `manifest_file_path`, which says what is read of it, and it would be written. A copy writes a manifest of its own, `_SUCCESS`; leave the attribute out",
            node.object.address
        )),
        _ => Ok(()),
    }
}
