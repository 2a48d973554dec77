//! `activity "spark"`: a program for `spark-submit`, on a cluster or on this machine.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::ExecError;
use super::super::emr;
use super::super::emr::Step;
use super::super::preflight::Need;
use super::command;
use super::scripts::Depot;
use super::settings;
use crate::connect::place::Place;

/// The setting that says where the driver runs.
const DEPLOY_MODE: &str = "spark.submit.deployMode";

/// A program of Spark with everything resolved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spark {
    /// The program.
    pub main_file: Code,
    /// The class whose `main` runs, of a jar.
    pub main_class: Option<String>,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Settings of Spark.
    pub properties: BTreeMap<String, String>,
    /// Modules of Python.
    pub py_files: Vec<Code>,
    /// Further jars.
    pub jars: Vec<Code>,
    /// Further jars, as Maven names them.
    pub packages: Vec<String>,
    /// The queue of the cluster's scheduler.
    pub queue: Option<String>,
    /// Where the driver runs on a cluster: `client` or `cluster`.
    pub deploy_mode: Option<String>,
}

/// A file of code.
#[derive(Clone, Debug, PartialEq)]
pub enum Code {
    /// Whoever runs it can read it there.
    There(String),
    /// It has to be brought to whoever runs it.
    Here(Place),
}

impl Default for Code {
    fn default() -> Self {
        Self::There(String::new())
    }
}

/// The code of a program where it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Brought {
    pub(super) main_file: String,
    pub(super) py_files: Vec<String>,
    pub(super) jars: Vec<String>,
}

impl Spark {
    pub(super) fn needs(&self) -> BTreeSet<Need> {
        self.code()
            .filter_map(|code| match code {
                Code::There(_) => None,
                Code::Here(place) => Some(Need::readable(place)),
            })
            .collect()
    }

    pub(super) fn code(&self) -> impl Iterator<Item = &Code> {
        let further = self.py_files.iter().chain(&self.jars);
        std::iter::once(&self.main_file).chain(further)
    }

    /// All code by the places at which it can be read, in the order of [`Self::code`].
    pub(super) fn brought(&self, places: Vec<String>) -> Brought {
        let mut places = places.into_iter();
        Brought {
            main_file: places.next().unwrap_or_default(),
            py_files: places.by_ref().take(self.py_files.len()).collect(),
            jars: places.collect(),
        }
    }

    /// Its code that is not where it can be read, each with a name of its own.
    pub(super) fn to_bring(&self) -> impl Iterator<Item = (String, &Code)> {
        (1..).zip(self.code()).map(|(number, code)| {
            let name = match code {
                Code::Here(place) => place.name(),
                Code::There(_) => "",
            };
            (format!("{number}/{name}"), code)
        })
    }

    /// The step that runs it on a cluster.
    pub(super) async fn on_cluster(
        &self,
        name: &str,
        depot: &Depot<'_>,
    ) -> Result<Step, ExecError> {
        let mut places = Vec::new();
        for (name, code) in self.to_bring() {
            places.push(match code {
                Code::There(place) => place.clone(),
                Code::Here(file) => depot.put(&name, file).await?,
            });
        }
        let mut words = vec!["spark-submit".to_owned()];
        if let Some(mode) = &self.deploy_mode {
            words.extend(["--deploy-mode".to_owned(), mode.clone()]);
        }
        if let Some(queue) = &self.queue {
            words.extend(["--queue".to_owned(), queue.clone()]);
        }
        let tag = self.hands_over().then(|| emr::tag(&depot.ctx.attempt_id));
        let properties = self.tagged(tag.as_deref());
        words.extend(self.words(&properties, &self.packages, self.brought(places)));
        Ok(Step {
            tag,
            ..command(name, words)
        })
    }

    /// Whether its step only hands it to YARN: what `deploy_mode` says goes before a setting of Spark.
    fn hands_over(&self) -> bool {
        let mode = self.deploy_mode.as_ref();
        let mode = mode.or_else(|| self.properties.get(DEPLOY_MODE));
        mode.is_some_and(|mode| mode == "cluster")
    }

    /// Its settings, with a tag by which YARN knows it.
    fn tagged(&self, tag: Option<&str>) -> BTreeMap<String, String> {
        let mut properties = self.properties.clone();
        if let Some(tag) = tag {
            let tags = properties.entry("spark.yarn.tags".to_owned()).or_default();
            if !tags.is_empty() {
                tags.push(',');
            }
            tags.push_str(tag);
        }
        properties
    }

    /// What `spark-submit` is called with besides where it runs.
    pub(super) fn words(
        &self,
        properties: &BTreeMap<String, String>,
        packages: &[String],
        code: Brought,
    ) -> Vec<String> {
        let pairs = properties.iter();
        let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
        let mut words = settings("--conf", pairs);
        let mut list = |flag: &str, list: &[String]| {
            if !list.is_empty() {
                words.extend([flag.to_owned(), list.join(",")]);
            }
        };
        list("--packages", packages);
        list("--jars", &code.jars);
        list("--py-files", &code.py_files);
        list("--class", self.main_class.as_slice());
        words.push(code.main_file);
        words.extend(self.arguments.iter().cloned());
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spark_submit_is_told_all_of_it() {
        let there = |text: &str| Code::There(text.to_owned());
        let spark = Spark {
            main_file: there("s3://acme/report.jar"),
            main_class: Some("acme.Report".to_owned()),
            arguments: vec!["a b".to_owned(), "--class".to_owned()],
            properties: [("spark.executor.memory".to_owned(), "4g".to_owned())].into(),
            py_files: vec![there("s3://acme/a.zip")],
            jars: vec![there("s3://acme/x.jar"), there("s3://acme/y.jar")],
            packages: vec!["org.acme:z:1.0".to_owned()],
            ..Spark::default()
        };
        let places = spark.to_bring().map(|(_, code)| match code {
            Code::There(place) => place.clone(),
            Code::Here(_) => unreachable!(),
        });
        let brought = spark.brought(places.collect());
        assert_eq!(
            spark
                .words(&spark.properties, &spark.packages, brought)
                .join("|"),
            "--conf|spark.executor.memory=4g|--packages|org.acme:z:1.0|--jars|s3://acme/x.jar,s3://acme/y.jar|\
             --py-files|s3://acme/a.zip|--class|acme.Report|s3://acme/report.jar|a b|--class"
        );
    }

    #[test]
    fn what_is_handed_to_yarn_has_a_tag() {
        let mut spark = Spark::default();
        assert!(!spark.hands_over());
        assert_eq!(spark.tagged(None), BTreeMap::new());
        spark.deploy_mode = Some("cluster".to_owned());
        assert!(spark.hands_over());
        let set = [(DEPLOY_MODE.to_owned(), "cluster".to_owned())];
        spark.properties = set.into();
        spark.deploy_mode = None;
        assert!(spark.hands_over());
        spark.deploy_mode = Some("client".to_owned());
        assert!(!spark.hands_over());
        spark.properties.clear();
        assert_eq!(spark.tagged(Some("x-1"))["spark.yarn.tags"], "x-1");
        let own = [("spark.yarn.tags".to_owned(), "team".to_owned())];
        spark.properties = own.into();
        assert_eq!(spark.tagged(Some("x-1"))["spark.yarn.tags"], "team,x-1");
    }

    #[test]
    fn code_that_is_brought_keeps_its_name() {
        let spark = Spark {
            main_file: Code::Here(Place::File("/repo/report.py".into())),
            py_files: vec![Code::Here(Place::File("/repo/lib/report.py".into()))],
            ..Spark::default()
        };
        let names: Vec<String> = spark.to_bring().map(|(name, _)| name).collect();
        assert_eq!(names, ["1/report.py", "2/report.py"]);
    }
}
