//! `resource "local_spark"`: programs and scripts run by `spark-submit` and `spark-sql` on this machine.
//!
//! The tables of a script are directories of the attempt: its data is brought there, and what it writes is put away from there. So it
//! needs nothing of Spark to reach S3, and a script that fails leaves its outputs as they were.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use super::super::Context;
use super::super::ExecError;
use super::super::archive::STDERR;
use super::super::archive::STDOUT;
use super::super::copy::transfer;
use super::super::copy::transfer::Transfer;
use super::super::preflight::Need;
use super::super::process;
use super::super::process::Ended;
use super::super::process::Invocation;
use super::super::process::Printed;
use super::super::staging::Area;
use super::super::staging::Left;
use super::super::staging::Staging;
use super::Program;
use super::hive::Hive;
use super::hive::Used;
use super::hive::pairs;
use super::scripts::text;
use super::settings;
use super::spark::Code;
use super::spark::Spark;
use super::tables::Dialect;
use crate::connect::ConnectError;
use crate::connect::aws::Settings;
use crate::connect::place::Place;

/// What Java is started with, where further options may come before.
const DRIVER_OPTIONS: &str = "spark.driver.extraJavaOptions";

/// Spark on this machine, with everything resolved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocalSpark {
    /// Where Spark is; `None`: its programs are on PATH.
    pub spark_home: Option<PathBuf>,
    /// `--master`.
    pub master: String,
    /// Further jars, as Maven names them.
    pub packages: Vec<String>,
    /// Settings of Spark.
    pub properties: BTreeMap<String, String>,
    /// Set for the programs, beside PATH, HOME, LANG and TZ.
    pub environment: BTreeMap<String, String>,
    /// PATH, HOME, LANG and TZ of the runner, as far as they are set.
    pub inherited: BTreeMap<String, String>,
    /// Where the programs run: the root module's directory.
    pub working_dir: PathBuf,
    /// How the activity reaches AWS.
    pub aws: Settings,
}

impl LocalSpark {
    /// The programs of Spark that a job needs.
    pub(super) fn needs(&self, program: &Program) -> BTreeSet<Need> {
        let name = match program {
            Program::Hive(_) => "spark-sql",
            _ => "spark-submit",
        };
        let path = self.environment.get("PATH").or(self.inherited.get("PATH"));
        [Need::Program {
            name: self.program(name),
            path: path.cloned().unwrap_or_default(),
        }]
        .into()
    }

    fn program(&self, name: &str) -> String {
        match &self.spark_home {
            Some(home) => home.join("bin").join(name).display().to_string(),
            None => name.to_owned(),
        }
    }

    /// Runs a program.
    pub(super) async fn submit(
        &self,
        spark: &Spark,
        area: &Area,
        ctx: &Context,
    ) -> Result<(), ExecError> {
        let mut places = Vec::new();
        for (name, code) in spark.to_bring() {
            places.push(match code {
                Code::There(place) => place.clone(),
                Code::Here(Place::File(path)) => path.display().to_string(),
                Code::Here(place) => bring(place, &name, area, ctx).await?,
            });
        }
        let mut properties = self.reaching_s3(spark, ctx).await;
        properties.extend(self.properties.clone());
        properties.extend(spark.properties.clone());
        let packages = [self.packages.clone(), spark.packages.clone()].concat();
        let mut words = self.begin("spark-submit");
        words.extend(spark.words(&properties, &packages, spark.brought(places)));
        self.run(words, area, ctx).await
    }

    /// Settings with which a program reaches `s3://…`, which Spark outside of a cluster knows as `s3a://…` only; none if it is told of no
    /// such place. `properties` go before them.
    async fn reaching_s3(&self, spark: &Spark, ctx: &Context) -> BTreeMap<String, String> {
        if !spark.arguments.iter().any(|text| text.contains("s3://")) {
            return BTreeMap::new();
        }
        let session = ctx.aws.session(&self.aws).await;
        s3_properties(session.ok().and_then(|session| session.s3_address()))
    }

    /// Runs a script, with its data as tables.
    pub(super) async fn sql(
        &self,
        hive: &Hive,
        area: &Area,
        ctx: &Context,
    ) -> Result<(), ExecError> {
        let script = text(&hive.script, ctx).await?;
        let used = hive.used(&script)?;
        let staging = staging(hive, &used)?;
        staging.bring(area, ctx).await?;
        let used = used.into_iter().map(|used| {
            let directories = directories(&used, area);
            (used, directories)
        });
        let used: Vec<_> = used.collect();
        let whole = hive.whole(&script, &used, Dialect::Spark, &ctx.attempt_id)?;
        let file = area.write("code/script.sql", &whole.text)?;
        let mut words = self.begin("spark-sql");
        let properties = self.metastore(area);
        let properties = properties.iter();
        words.extend(settings(
            "--conf",
            properties.map(|(name, value)| (name.as_str(), value.as_str())),
        ));
        if !self.packages.is_empty() {
            words.extend(["--packages".to_owned(), self.packages.join(",")]);
        }
        words.extend(["-f".to_owned(), file.display().to_string()]);
        words.extend(settings("--hivevar", pairs(&whole.variables)));
        self.run(words, area, ctx).await?;
        for (used, _) in used.iter().filter(|(used, _)| used.written) {
            only_data(&area.path(&used.variable))?;
        }
        staging.put_away(area, ctx).await
    }

    fn begin(&self, program: &str) -> Vec<String> {
        vec![
            self.program(program),
            "--master".to_owned(),
            self.master.clone(),
        ]
    }

    /// Settings for a script: its tables are in a catalogue of the attempt's own, unless `properties` say otherwise.
    fn metastore(&self, area: &Area) -> BTreeMap<String, String> {
        let at = |name: &str| area.path(name).display().to_string();
        let options = format!("-Dderby.system.home={}", at("derby"));
        let mut properties: BTreeMap<String, String> = [
            ("spark.sql.warehouse.dir", at("warehouse")),
            (
                "spark.hadoop.javax.jdo.option.ConnectionURL",
                format!("jdbc:derby:;databaseName={};create=true", at("metastore")),
            ),
            ("spark.sql.catalogImplementation", "hive".to_owned()),
            (
                "spark.sql.legacy.createHiveTableByDefault",
                "true".to_owned(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        properties.extend(self.properties.clone());
        let own = properties.entry(DRIVER_OPTIONS.to_owned()).or_default();
        if !own.is_empty() {
            own.insert(0, ' ');
        }
        own.insert_str(0, &options);
        properties
    }

    async fn run(&self, words: Vec<String>, area: &Area, ctx: &Context) -> Result<(), ExecError> {
        let program = words.first().cloned().unwrap_or_default();
        let mut environment = self.inherited.clone();
        if let Some(home) = &self.spark_home {
            environment.insert("SPARK_HOME".to_owned(), home.display().to_string());
        }
        environment.extend(self.environment.clone());
        let invocation = Invocation {
            words,
            environment,
            working_dir: self.working_dir.clone(),
        };
        match process::run(&invocation, printed(area, ctx)?, ctx).await? {
            Ended::Success => Ok(()),
            Ended::Failed { how, tail } => {
                let tail = match tail.as_str() {
                    "" => String::new(),
                    tail => format!("; its last lines were:\n{tail}"),
                };
                Err(ExecError::Failed(format!("`{program}` {how}{tail}")))
            }
        }
    }
}

/// What tells Spark how `s3://…` is read and written. `address`: that of S3, if it is not AWS's own.
fn s3_properties(address: Option<String>) -> BTreeMap<String, String> {
    let file_system = "org.apache.hadoop.fs.s3a.S3AFileSystem".to_owned();
    let mut properties = vec![("spark.hadoop.fs.s3.impl", file_system)];
    if let Some(address) = address {
        let by_tls = address.starts_with("https://").to_string();
        properties.extend([
            ("spark.hadoop.fs.s3a.endpoint", address),
            ("spark.hadoop.fs.s3a.path.style.access", "true".to_owned()),
            ("spark.hadoop.fs.s3a.connection.ssl.enabled", by_tls),
        ]);
    }
    let properties = properties.into_iter();
    properties
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Brings code of S3 into the attempt's directory.
async fn bring(place: &Place, name: &str, area: &Area, ctx: &Context) -> Result<String, ExecError> {
    let file = area.path(&format!("code/{name}"));
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)
            .map_err(|error| ConnectError::io("create", directory, error))?;
    }
    let transfer = Transfer::new(vec![place.clone()], Place::File(file.clone()));
    transfer::run(&transfer, ctx).await?;
    Ok(file.display().to_string())
}

/// The data of the tables that a script uses.
fn staging(hive: &Hive, used: &[Used<'_>]) -> Result<Staging, ExecError> {
    let mut staging = Staging {
        inputs: vec![None; hive.inputs.len()],
        outputs: vec![None; hive.outputs.len()],
        linked: true, // Hive replaces files, and writes to none that is there
    };
    for used in used {
        if used.written {
            let place = match used.places {
                [(_, place)] if place.is_many() => place.clone(),
                [(_, place)] => {
                    return Err(ExecError::ForGood(format!(
                        "`${{{}}}` cannot be a table: `{place}` of `{}` is one file, and what is written to a table are many. Let its path end in `/`",
                        used.variable, used.table.address
                    )));
                }
                _ => continue, // it has no files, and the statements for it say so
            };
            let staged = hive.outputs.get(used.number);
            if let Some(output) = staging.outputs.get_mut(used.number) {
                *output = Some(Left {
                    accumulates: staged.is_some_and(|staged| staged.accumulates),
                    ..Left::from(place)
                });
            }
        } else if let Some(input) = staging.inputs.get_mut(used.number) {
            *input = Some(used.places.to_vec());
        }
    }
    Ok(staging)
}

/// Where the files of a table are when they are staged.
fn directories(used: &Used<'_>, area: &Area) -> Vec<(String, String)> {
    let top = area.path(&used.variable);
    let at = |path: &Path| path.join("").display().to_string();
    match used.places {
        [] => Vec::new(),
        [(instance, _)] => vec![(instance.clone(), at(&top))],
        many => many
            .iter()
            .map(|(instance, _)| (instance.clone(), at(&top.join(instance))))
            .collect(),
    }
}

/// Removes what Spark writes besides data: checksums, and its own mark that all is there. An output has one of ours.
fn only_data(directory: &Path) -> Result<(), ConnectError> {
    let failed = |error| ConnectError::io("read", directory, error);
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') {
            only_data(&path)?;
        } else if name.starts_with('.') || name == "_SUCCESS" {
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            removed.map_err(|error| ConnectError::io("remove", &path, error))?;
        }
    }
    Ok(())
}

/// Files for what is printed, if the logs are put away.
fn printed(area: &Area, ctx: &Context) -> Result<Printed, ExecError> {
    if ctx.archive.is_none() {
        return Ok(Printed::default());
    }
    Ok(Printed {
        stdout: Some(area.appended(STDOUT)?),
        stderr: Some(area.appended(STDERR)?),
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn only_data_is_put_away() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::create_dir_all(at("day=1")).unwrap();
        std::fs::create_dir_all(at(".staging/x")).unwrap();
        for name in [
            "part-0.csv",
            ".part-0.csv.crc",
            "_SUCCESS",
            "day=1/part-1",
            "day=1/.part-1.crc",
        ] {
            File::create(at(name)).unwrap();
        }
        only_data(directory.path()).unwrap();
        let left = |name: &str| at(name).exists();
        assert!(left("part-0.csv") && left("day=1/part-1"));
        for gone in [
            ".part-0.csv.crc",
            "_SUCCESS",
            ".staging",
            "day=1/.part-1.crc",
        ] {
            assert!(!left(gone), "{gone}");
        }
    }

    #[test]
    fn spark_reads_s3_as_clusters_do() {
        let plain = s3_properties(None);
        assert_eq!(plain.len(), 1);
        assert!(plain["spark.hadoop.fs.s3.impl"].ends_with("S3AFileSystem"));
        let elsewhere = s3_properties(Some("http://127.0.0.1:8333".to_owned()));
        assert_eq!(
            elsewhere["spark.hadoop.fs.s3a.endpoint"],
            "http://127.0.0.1:8333"
        );
        assert_eq!(elsewhere["spark.hadoop.fs.s3a.path.style.access"], "true");
        assert_eq!(
            elsewhere["spark.hadoop.fs.s3a.connection.ssl.enabled"],
            "false"
        );
    }

    #[test]
    fn what_java_is_started_with_is_kept() {
        let spark = LocalSpark {
            properties: [(DRIVER_OPTIONS.to_owned(), "-Xmx1g".to_owned())].into(),
            spark_home: Some("/opt/spark".into()),
            ..LocalSpark::default()
        };
        let area = Area::new("/staging/1".into());
        let options = spark.metastore(&area).remove(DRIVER_OPTIONS).unwrap();
        assert_eq!(options, "-Dderby.system.home=/staging/1/derby -Xmx1g");
        assert_eq!(spark.program("spark-sql"), "/opt/spark/bin/spark-sql");
    }
}
