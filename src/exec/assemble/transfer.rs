//! What a copy of bytes as they are needs: the places of its ends, and whether their bytes may stay as they are.

use super::Assembler;
use super::required;
use crate::connect::formats::compression::Compression;
use crate::connect::place::Place;
use crate::connect::place::S3Place;
use crate::connect::s3::Encryption;
use crate::connect::s3::Location;
use crate::exec::copy::transfer::Transfer;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::ResolvedActivity;

impl<'a> Assembler<'a> {
    /// Where the files of a data node are. `None`: it has none, as a table.
    pub(super) fn place(&self, node: &Resolved<'a>) -> Result<Option<Place>, String> {
        let path = || required(node, "path");
        Ok(match node.object.object_type.name {
            "file" => Some(Place::File(self.directory.join(path()?))),
            "s3" => Some(Place::S3(S3Place {
                settings: self.aws(node.object),
                at: Location::parse(&path()?)
                    .map_err(|error| format!("{}: {error}", node.object.address))?,
                encryption: match node.text("s3_encryption_type") {
                    Some("server_side_encryption") => Encryption::Service,
                    _ => Encryption::Bucket,
                },
            })),
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
        Ok(Some(Transfer { inputs, output }))
    }

    /// Whether the bytes of an input may stay as they are.
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
        let said = |node: &Resolved<'a>| node.text("compression").and_then(Compression::of_name);
        // What nothing is said of is packed as its name says; the names of many stay as they are.
        let (from, to) = (said(node), said(target));
        let packed = |place: &Place| (!place.is_many()).then(|| place.compression());
        let from = from.or_else(|| packed(input));
        let to = to.or_else(|| packed(output));
        Ok(from.is_none() || to.is_none() || from == to)
    }
}
