//! The files at the ends of a copy of records: opened and unpacked, packed and created, on this machine or in S3.
//!
//! A directory or a prefix is read file by file, and written as one file and its manifest (see `transfer`).

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use tokio::runtime::Handle;

use super::Copy;
use super::Input;
use super::Output;
use super::transfer;
use super::transfer::Files;
use super::transfer::Whole;
use crate::connect::ConnectError;
use crate::connect::files;
use crate::connect::files::FileWriter;
use crate::connect::files::Watched;
use crate::connect::formats::Format;
use crate::connect::formats::compression::Compression;
use crate::connect::formats::compression::Packer;
use crate::connect::formats::compression::unpack;
use crate::connect::place::Place;
use crate::connect::s3;
use crate::exec::Context;

/// A file to read or write.
#[derive(Debug, Clone, PartialEq)]
pub struct FileEnd {
    /// Where it is.
    pub place: Place,
    /// Its format; none: bytes, or csv when records are needed.
    pub format: Option<Format>,
    /// How it is packed.
    pub compression: Compression,
    /// The directory or the prefix that is complete when it is written.
    pub within: Option<Within>,
}

/// A directory or a prefix that one file is written to.
#[derive(Debug, Clone, PartialEq)]
pub struct Within {
    /// Where it is.
    pub place: Place,
    /// Whether what other intervals have put there stays.
    pub accumulates: bool,
}

/// All files below a directory or a prefix.
#[derive(Debug, Clone, PartialEq)]
pub struct FilesEnd {
    /// Where they are.
    pub place: Place,
    /// Their format; none: bytes, or csv when records are needed.
    pub format: Option<Format>,
    /// How they are packed; none: as their names say.
    pub compression: Option<Compression>,
    /// Whether those stay that other intervals have put there, where it is written.
    pub accumulates: bool,
}

impl FilesEnd {
    fn file(&self, place: Place) -> FileEnd {
        FileEnd {
            compression: self.compression.unwrap_or_else(|| place.compression()),
            place,
            format: self.format.clone(),
            within: None,
        }
    }
}

impl FileEnd {
    /// Where it is, as messages say it.
    pub(super) fn path(&self) -> PathBuf {
        match &self.place {
            Place::File(path) => path.clone(),
            Place::S3(place) => PathBuf::from(place.at.to_string()),
        }
    }

    /// Opens it and unpacks it while it is read.
    pub(super) fn open(&self, ctx: &Context) -> Result<Box<dyn BufRead + Send>, ConnectError> {
        match &self.place {
            Place::File(path) => files::open(path, self.compression),
            Place::S3(_) => {
                let input = self.place.open(&ctx.aws, &ctx.cancel)?;
                unpack(input, self.compression)
                    .map_err(|error| ConnectError::io("read", &self.path(), error))
            }
        }
    }

    /// Opens it for who goes to and fro in it. An object is fetched into a temporary file.
    pub(super) fn open_whole(
        &self,
        ctx: &Context,
    ) -> Result<(File, Option<Watched>), ConnectError> {
        match &self.place {
            Place::File(path) => {
                let watched = Watched::open(path)?;
                Ok((watched.file()?, Some(watched)))
            }
            Place::S3(place) => {
                let fetched = Handle::current().block_on(async {
                    let fetch = async {
                        let endpoint = place.endpoint(&ctx.aws).await?;
                        endpoint.fetch(&place.at).await
                    };
                    tokio::select! {
                        file = fetch => file,
                        () = ctx.cancel.cancelled() => Err(ConnectError::Cancelled),
                    }
                });
                Ok((fetched?, None))
            }
        }
    }

    /// Starts it.
    pub(super) fn create(&self, ctx: &Context) -> Result<EndWriter, ConnectError> {
        let within = self.within.clone().map(|within| (within, ctx.clone()));
        Ok(EndWriter {
            begun: self.begin(ctx)?,
            name: self.place.name().to_owned(),
            within,
        })
    }

    fn begin(&self, ctx: &Context) -> Result<Begun, ConnectError> {
        let Place::S3(place) = &self.place else {
            let writer = FileWriter::create(&self.path(), self.compression)?;
            return Ok(Begun::File(writer));
        };
        let endpoint = Handle::current().block_on(place.endpoint(&ctx.aws))?;
        let writer = s3::Writer::create(&endpoint, &place.target(), &ctx.cancel)?;
        let packer = Packer::new(writer, self.compression)
            .map_err(|error| ConnectError::io("write", &self.path(), error))?;
        Ok(Begun::S3(Box::new(packer)))
    }
}

/// A file that is being written. Dropped without a commit, it leaves nothing.
pub(super) struct EndWriter {
    begun: Begun,
    name: String,
    /// What it completes.
    within: Option<(Within, Context)>,
}

enum Begun {
    File(FileWriter),
    S3(Box<Packer<s3::Writer>>),
}

impl EndWriter {
    /// Makes it be there, in place of what was; gives its size in bytes, as it is packed. Until then also the directory or the prefix that it
    /// completes is as it was.
    pub(super) fn commit(self) -> Result<u64, ConnectError> {
        let Some((within, ctx)) = self.within else {
            return self.begun.commit();
        };
        let made = Whole::make(&within.place, &self.name, within.accumulates, &ctx);
        let whole = Handle::current().block_on(made)?;
        let size = self.begun.commit()?;
        Handle::current().block_on(whole.complete(size, &ctx))?;
        Ok(size)
    }
}

impl Begun {
    /// Makes it be there, in place of what was; gives its size in bytes, as it is packed.
    fn commit(self) -> Result<u64, ConnectError> {
        match self {
            Self::File(writer) => {
                let path = writer.target().to_owned();
                writer.commit()?;
                let found = std::fs::metadata(&path);
                Ok(found
                    .map_err(|error| ConnectError::io("read", &path, error))?
                    .len())
            }
            Self::S3(packer) => {
                let writer = packer.finish();
                let writer =
                    writer.map_err(|error| ConnectError::io("write", Path::new("S3"), error))?;
                let size = writer.size();
                writer.commit()?;
                Ok(size)
            }
        }
    }
}

impl Write for EndWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.begun {
            Begun::File(writer) => writer.write(bytes),
            Begun::S3(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A copy whose output is one file or a table, and the files that its inputs are.
pub(super) struct Expanded {
    pub(super) copy: Copy,
    /// For each input what lies below it; none where it is no directory or prefix.
    below: Vec<Option<Files>>,
}

impl Expanded {
    /// How many files the inputs are.
    pub(super) fn count(&self) -> usize {
        (0..self.copy.inputs.len())
            .map(|input| self.count_of(input))
            .sum()
    }

    /// How many files an input is.
    pub(super) fn count_of(&self, input: usize) -> usize {
        match (self.copy.inputs.get(input), self.below.get(input)) {
            (Some(Input::File(_)), _) => 1,
            (_, Some(Some(files))) => files.count(),
            _ => 0,
        }
    }

    /// The files that an input is, in order. Made one after the other, because there may be very many.
    pub(super) fn files(
        &self,
        input: usize,
    ) -> Box<dyn Iterator<Item = Result<FileEnd, ConnectError>> + '_> {
        match (self.copy.inputs.get(input), self.below.get(input)) {
            (Some(Input::File(file)), _) => Box::new(std::iter::once(Ok(file.clone()))),
            (Some(Input::Files(end)), Some(Some(files))) => match files.places() {
                Ok(places) => Box::new(places.map(move |place| place.map(|place| end.file(place)))),
                Err(error) => Box::new(std::iter::once(Err(error))),
            },
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The files that all inputs are.
    pub(super) fn all_files(&self) -> impl Iterator<Item = Result<FileEnd, ConnectError>> {
        (0..self.copy.inputs.len()).flat_map(move |input| self.files(input))
    }
}

/// Looks which files the inputs of a copy are, and which one its output is.
pub(super) fn expanded(copy: &Copy, ctx: &Context) -> Result<Expanded, ConnectError> {
    refuse_one_place(copy)?;
    let mut copy = copy.clone();
    let mut below = Vec::new();
    for input in &copy.inputs {
        below.push(match input {
            Input::Files(end) => Some(files_of(end, output_of(&copy.output), ctx)?),
            Input::File(_) | Input::Query { .. } => None,
        });
    }
    if let Output::Files(end) = &copy.output {
        let name = name(end, &copy.inputs, ctx);
        copy.output = Output::File(FileEnd {
            within: Some(Within {
                place: end.place.clone(),
                accumulates: end.accumulates,
            }),
            ..end.file(end.place.below(&name))
        });
    }
    Ok(Expanded { copy, below })
}

/// Looks which files an input is. None that a manifest lists may lie in the output.
fn files_of(end: &FilesEnd, output: Option<&Place>, ctx: &Context) -> Result<Files, ConnectError> {
    let files = Handle::current().block_on(transfer::files(&end.place, ctx))?;
    if let (true, Some(output)) = (end.place.is_listed(), output) {
        for file in files.places()? {
            transfer::listed_apart(&file?, output)?;
        }
    }
    Ok(files)
}

/// Refuses to write what is read, or into a directory or a prefix that is.
fn refuse_one_place(copy: &Copy) -> Result<(), ConnectError> {
    let Some(output) = output_of(&copy.output) else {
        return Ok(());
    };
    let inputs = copy.inputs.iter().filter_map(|input| match input {
        Input::Files(end) => Some(end.place.clone()),
        Input::File(end) => Some(end.place.clone()),
        Input::Query { .. } => None,
    });
    transfer::apart(&inputs.collect::<Vec<_>>(), output)
}

/// Where the files of an output are. `None`: it is a table.
fn output_of(output: &Output) -> Option<&Place> {
    match output {
        Output::File(end) => Some(&end.place),
        Output::Files(end) => Some(&end.place),
        Output::Table(_) => None,
    }
}

/// The name of the one file that records are written to below a directory or a prefix. Where each interval adds one, each has its own.
fn name(end: &FilesEnd, inputs: &[Input], ctx: &Context) -> String {
    let of_inputs = || {
        inputs.iter().find_map(|input| match input {
            Input::File(file) => file.format.as_ref(),
            Input::Files(files) => files.format.as_ref(),
            Input::Query { .. } => None,
        })
    };
    let format = match end.format.as_ref().or_else(of_inputs) {
        Some(Format::JsonLines(_)) => ".jsonl",
        Some(Format::Parquet(_)) => ".parquet",
        Some(Format::Regex(_)) => ".txt",
        Some(Format::Delimited(format)) if format.separator == b"\t" => ".tsv",
        Some(Format::Delimited(_)) | None => ".csv",
    };
    let packed = end.compression.map_or("", Compression::ending);
    let interval = ctx.writer_in_interval().rsplit_once('@');
    let part = match interval.filter(|_| end.accumulates) {
        Some((_, interval)) => interval.replace(':', "-"),
        None => "00000".to_owned(),
    };
    format!("part-{part}{format}{packed}")
}
