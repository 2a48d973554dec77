//! What work needs of the world outside, and whether it is there: looked at before anything runs, and never changed.
//!
//! Each type of work says what it needs where it says what it does; here is what can be needed, and how it is looked for.

mod aws;
mod programs;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::Access;
use rustix::fs::access;

pub(super) use programs::programs;

use super::Assignment;
use super::AwsSettings;
use super::Cancel;
use super::Check;
use super::Held;
use super::Sessions;
use super::Work;
use super::dynamodb_table_exists::DynamoDbTableExists;
use super::exists;
use super::exists::Exists;
use super::looking::Thing;
use super::secrets::Fetched;
use super::secrets::Keeper as _;
use super::secrets::SecretReader;
use super::secrets::Variables;
use super::shell_command::interpreter;
use crate::connect::aws::Settings;
use crate::connect::place::Place;
use crate::connect::s3::Location;
use crate::lang::SecretSource;

/// Something outside that work needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A program, on a `PATH` or by its own path.
    Program {
        /// What the command calls it.
        name: String,
        /// The directories it is looked for in, as in `PATH`.
        path: String,
    },
    /// A directory to work in.
    Directory(PathBuf),
    /// A file, or a directory, that can be made or written anew.
    Writable(PathBuf),
    /// A database in a file.
    Database(PathBuf),
    /// A secret, and how AWS is reached for it.
    Secret(SecretSource, AwsSettings),
    /// Credentials for AWS.
    Credentials(Settings),
    /// EMR, which may be asked for clusters.
    Emr(Settings),
    /// A bucket, and a place in it that may be listed.
    Bucket(Settings, Location),
    /// A file that is read as it is when the work begins: a script.
    File(PathBuf),
    /// The same of a script that may say itself what runs it.
    Script {
        /// The script.
        file: PathBuf,
        /// The directories that this is looked for in, as in `PATH`.
        path: String,
    },
    /// The same in S3.
    Object(Settings, Location),
    /// A topic that messages go to.
    Topic(Settings, String),
    /// Something that a precondition looks for. It may come yet, but it must be possible to ask for it.
    Thing(Thing),
    /// A file or a directory that is read, and that nothing brings.
    Data(PathBuf),
    /// The same in S3.
    DataInS3(Thing),
    /// A table of a database that is read, and that nothing brings.
    Rows {
        /// `jdbc:sqlite:PATH` or `sqlite:PATH`.
        connection: String,
        /// Its name.
        table: String,
    },
    /// A table of `DynamoDB` that is read, and that nothing brings.
    TableRead(DynamoDbTableExists),
    /// A table of `DynamoDB` that is written, and that nothing makes.
    TableWritten(DynamoDbTableExists),
    /// A script or a jar in S3 that a cluster reads, with what its machines may do.
    OnCluster(Settings, Location),
}

impl Need {
    /// What is needed to write to a place.
    pub fn writable(place: &Place) -> Self {
        match place {
            Place::File(path) => Self::Writable(path.clone()),
            Place::S3(place) => Self::Bucket(place.settings.clone(), place.at.clone()),
        }
    }

    /// What is needed to read from a place what comes there in time; `None`: nothing that can be looked for now.
    pub fn reachable(place: &Place) -> Option<Self> {
        matches!(place, Place::S3(_)).then(|| Self::writable(place))
    }

    /// What is needed to read the list of the files of a place, if somebody has named one. It may come yet.
    pub fn listing(place: &Place) -> Option<Self> {
        match place {
            Place::S3(place) => {
                let manifest = place.manifest.clone()?;
                Some(Self::Bucket(place.settings.clone(), manifest))
            }
            Place::File(_) => None,
        }
    }

    /// What a cluster needs to read what is at a place. `None`: that is not in S3, or all accounts read it there.
    pub fn on_cluster(settings: &Settings, place: &str) -> Option<Self> {
        if !place.starts_with("s3://") {
            return None;
        }
        let at = Location::parse(place).ok()?;
        let bucket = at.bucket.as_str();
        let is_of_aws = bucket.ends_with("elasticmapreduce") || bucket.starts_with("dynamodb-");
        (!is_of_aws).then(|| Self::OnCluster(settings.clone(), at))
    }

    /// What is needed to read what must be at a place already.
    pub fn readable(place: &Place) -> Self {
        match place {
            Place::File(path) => Self::File(path.clone()),
            Place::S3(place) => Self::Object(place.settings.clone(), place.at.clone()),
        }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    There,
    /// It is not there, or not for us. Work that needs it fails.
    Missing {
        /// Terse, without names.
        summary: &'static str,
        /// What was looked for, what was found, and what to do.
        detail: String,
    },
    /// It does not look as if it was there, but that is not certain.
    Doubtful {
        /// Terse, without names.
        summary: &'static str,
        /// What was looked for, what was found, and what to do.
        detail: String,
    },
}

impl Work {
    /// What it needs.
    pub fn needs(&self) -> BTreeSet<Need> {
        match self {
            Self::Copy(copy) => copy.needs(),
            Self::Transfer(transfer) => transfer.needs(),
            // Nobody is called to see whether they answer.
            Self::Nothing | Self::Webhook(_) => BTreeSet::new(),
            Self::Job(job) => job.needs(),
            Self::Sns(sns) => [Need::Topic(sns.settings(), sns.topic.clone())].into(),
            Self::Sql(sql) => sql.needs(),
            Self::Shell(command) => command.needs(),
        }
    }
}

impl Assignment {
    /// What it needs.
    pub fn needs(&self) -> BTreeSet<Need> {
        let mut needs = self.work.needs();
        needs.extend(
            self.archive
                .iter()
                .map(|archive| Need::writable(&archive.0)),
        );
        needs
    }
}

impl Check {
    /// What it needs to be asked.
    pub fn needs(&self) -> BTreeSet<Need> {
        match self {
            Self::Exists(Exists::Aws(thing)) => [Need::Thing(thing.clone())].into(),
            Self::Exists(_) => BTreeSet::new(),
            Self::Shell(command) => command.needs(),
        }
    }
}

/// The file that a connection string names.
pub(super) fn database(connection: &str) -> Option<Need> {
    let path = crate::connect::sqlite::path_of(connection)?;
    Some(Need::Database(PathBuf::from(path)))
}

/// From where it is looked.
#[derive(Clone, Copy, Debug)]
pub struct Standpoint<'a> {
    /// Where relative paths begin: the root module's directory.
    pub directory: &'a Path,
    /// The environment that secrets are read from.
    pub variables: &'a Variables,
    /// How AWS is reached.
    pub aws: &'a Sessions,
}

/// Looks for all that is needed.
pub async fn look(needs: BTreeSet<Need>, from: Standpoint<'_>) -> BTreeMap<Need, Found> {
    let mut found = BTreeMap::new();
    let mut unusable = aws::Unusable::default();
    for need in needs {
        let answer = match &need {
            Need::Program { name, path } => program(name, path),
            Need::Directory(directory) => self::directory(directory),
            Need::Writable(path) => writable(path),
            Need::Database(path) => database_file(path),
            Need::Secret(source, settings) => secret(source, settings, from).await,
            Need::File(path) => file(path),
            Need::Script { file, path } => script(file, path),
            Need::Credentials(settings) => {
                aws::credentials(settings, from.aws, &mut unusable).await
            }
            Need::Emr(settings) => aws::clusters(settings, from.aws).await,
            Need::Bucket(settings, at) => {
                aws::bucket((settings, at), from.aws, &mut unusable).await
            }
            Need::Object(settings, at) => match unusable.at(settings, at) {
                Some(found) => found,
                None => aws::object((settings, at), from.aws).await,
            },
            Need::Topic(settings, topic) => aws::topic((settings, topic), from.aws).await,
            Need::Thing(thing) => match unusable.of(thing) {
                Some(found) => found,
                None => aws::thing(thing, from.aws).await,
            },
            Need::Data(path) => data(path),
            Need::DataInS3(thing) => match unusable.of(thing) {
                Some(found) => found,
                None => aws::data(thing, from.aws).await,
            },
            Need::Rows { connection, table } => rows(connection, table),
            Need::TableRead(table) => match aws::missing_table(table, from.aws).await {
                Some(reason) => unbrought(&reason),
                None => Found::There,
            },
            Need::TableWritten(table) => match aws::missing_table(table, from.aws).await {
                Some(reason) => unmade(&reason),
                None => Found::There,
            },
            Need::OnCluster(settings, at) => match unusable.at(settings, at) {
                Some(found) => found,
                None => aws::on_cluster((settings, at), from.aws).await,
            },
        };
        found.insert(need, answer);
    }
    found
}

/// Commands are read and not run, so that what they call may come from somewhere that nobody sees here.
fn program(name: &str, path: &str) -> Found {
    called(name, path, &format!("A command calls `{name}`"))
}

/// A program and the directories that it is looked for in; `who`: who calls it, as the beginning of a sentence.
fn called(name: &str, path: &str, who: &str) -> Found {
    if name.contains('/') {
        return match std::fs::metadata(name) {
            Ok(found) if executable(&found) => Found::There,
            Ok(_) => Found::Doubtful {
                summary: "Program cannot be run",
                detail: format!(
                    "{who}, which is no file that may be executed. `chmod +x` makes it one."
                ),
            },
            Err(error) => Found::Doubtful {
                summary: "Program not found",
                detail: format!("{who}: {error}."),
            },
        };
    }
    let on_path = path.split(':').any(|directory| {
        let place = Path::new(directory).join(name);
        std::fs::metadata(place).is_ok_and(|it| executable(&it))
    });
    if on_path {
        return Found::There;
    }
    Found::Doubtful {
        summary: "Program not found",
        detail: format!(
            "{who}, which is in none of the directories of PATH here. Install it where `pipeform run` runs, or set PATH in `environment`."
        ),
    }
}

fn executable(file: &std::fs::Metadata) -> bool {
    file.is_file() && file.permissions().mode() & 0o111 != 0
}

fn directory(directory: &Path) -> Found {
    let detail = match std::fs::metadata(directory) {
        Ok(found) if found.is_dir() => return Found::There,
        Ok(_) => format!("`{}` is no directory.", directory.display()),
        Err(error) => format!("`{}`: {error}.", directory.display()),
    };
    Found::Missing {
        summary: "Working directory not there",
        detail: format!("A command is to run in {detail} Make it, or set `working_dir`."),
    }
}

async fn secret(source: &SecretSource, settings: &AwsSettings, from: Standpoint<'_>) -> Found {
    let ask = |fetched: &Fetched| {
        let reader = SecretReader::new(from.directory, from.variables, fetched);
        let answer = reader.secret(source, &|| settings.clone());
        (answer, reader.wanted())
    };
    let mut fetched = Fetched::default();
    let (mut answer, wanted) = ask(&fetched);
    if !wanted.is_empty() {
        fetched.add(wanted, from.aws).await;
        (answer, _) = ask(&fetched);
    }
    match answer {
        Ok(_) => Found::There,
        Err(reason) => Found::Missing {
            summary: "Secret not there",
            detail: format!("As it is here, {reason}."),
        },
    }
}

fn file(path: &Path) -> Found {
    let detail = match std::fs::metadata(path) {
        Ok(found) if found.is_file() => match access(path, Access::READ_OK) {
            Ok(()) => return Found::There,
            Err(error) => format!("`{}` may not be read: {error}.", path.display()),
        },
        Ok(_) => format!("`{}` is no file.", path.display()),
        Err(error) => format!("`{}`: {error}.", path.display()),
    };
    Found::Missing {
        summary: "Script not there",
        detail,
    }
}

/// A script, and the program that its first line says runs it.
fn script(script: &Path, path: &str) -> Found {
    let found = file(script);
    // What cannot be read is said with the file.
    let line = interpreter(script).ok().flatten();
    match line.as_deref().and_then(program_of) {
        Some(name) if found == Found::There => {
            let script = script.display();
            let who = format!("The first line of `{script}` says that it is run by `{name}`");
            called(name, path, &who)
        }
        _ => found,
    }
}

/// The program that the first line of a script names by its whole path, or by `env`, which looks on `PATH` for it.
fn program_of(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let program = words.next().filter(|word| word.starts_with('/'))?;
    if !program.ends_with("/env") {
        return Some(program);
    }
    let name = words.find(|word| *word != "-S" && !word.contains('='));
    name.filter(|name| !name.starts_with('-')).or(Some(program))
}

/// Somebody may bring it before it is read, so that it is a doubt.
fn data(path: &Path) -> Found {
    match std::fs::metadata(path) {
        Ok(_) => Found::There,
        Err(error) => unbrought(&format!("`{}`: {error}", path.display())),
    }
}

/// What there is to say of data that is not there.
fn unbrought(reason: &str) -> Found {
    Found::Doubtful {
        summary: "Data not there",
        detail: format!(
            "It is read, no activity writes it, and no precondition waits for it: {reason}."
        ),
    }
}

/// What there is to say of a table that is not there, and that who writes it does not make.
fn unmade(reason: &str) -> Found {
    Found::Doubtful {
        summary: "Table not there",
        detail: format!(
            "It is written, who writes it does not make it, and no precondition waits for it: {reason}."
        ),
    }
}

/// Whether a database has a table. What is wrong with the database itself is said where that is looked at.
fn rows(connection: &str, table: &str) -> Found {
    let at_once = Cancel::new();
    at_once.cancel(); // whoever has the database now is not waited for
    match exists::table(connection, table, &at_once) {
        Held::NotYet(reason) => unbrought(&reason),
        Held::Held | Held::Error(_) => Found::There,
    }
}

/// SQLite makes a database that is not there, and no directory for it.
fn database_file(path: &Path) -> Found {
    if let Some(parent) = path.parent()
        && !parent.as_os_str().is_empty()
        && !parent.is_dir()
    {
        // Other work may make it before.
        return Found::Doubtful {
            summary: "Directory of a database not there",
            detail: format!(
                "For the database `{}` there is no directory `{}`. Make it.",
                path.display(),
                parent.display()
            ),
        };
    }
    let mut begin = Vec::new();
    // What may not be read is said below.
    if path.is_file()
        && let Ok(file) = File::open(path)
    {
        drop(file.take(16).read_to_end(&mut begin));
    }
    if !begin.is_empty() && begin != b"SQLite format 3\0" {
        return Found::Missing {
            summary: "Database cannot be used",
            detail: format!(
                "`{}` is a file, and no database of SQLite. Check the `connection_string`.",
                path.display()
            ),
        };
    }
    writable(path)
}

/// Directories that are missing are made when something is written.
fn writable(path: &Path) -> Found {
    let missing = |reason: String| Found::Missing {
        summary: "Place cannot be written",
        detail: format!("`{}` is to be written, and {reason}", path.display()),
    };
    let mut place = path;
    loop {
        match std::fs::metadata(place) {
            Ok(found) => {
                let is_parent = place != path;
                if is_parent && !found.is_dir() {
                    return missing(format!(
                        "`{}` is a file, where a directory is needed.",
                        place.display()
                    ));
                }
                if access(place, Access::WRITE_OK).is_err() {
                    return missing(format!(
                        "the user that pipeform runs as may not write to `{}`. Check its owner and its mode.",
                        place.display()
                    ));
                }
                return Found::There;
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                match place.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => place = parent,
                    _ => return Found::There,
                }
            }
            Err(error) => return missing(format!("`{}`: {error}.", place.display())),
        }
    }
}

#[cfg(test)]
mod tests;
